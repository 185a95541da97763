//! Addresses of proxies: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// One address, or all that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    length: u8,
}

impl Network {
    /// Whether `address` is one of it. An IPv4 address written as an IPv6 one is the IPv4 address.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => same(own.to_bits().into(), other.to_bits().into(), 32, self.length),
            (IpAddr::V6(own), IpAddr::V6(other)) => same(own.to_bits(), other.to_bits(), 128, self.length),
            _ => false,
        }
    }
}

/// Whether the first `length` of `width` bits are the same.
fn same(own: u128, other: u128, width: u8, length: u8) -> bool {
    length == 0 || (own ^ other) >> (width - length) == 0
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address; write 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32");
        let (address, length) = match text.split_once('/') {
            None => (text, None),
            Some((address, length)) => (address, Some(length.parse::<u8>().map_err(|_| wrong())?)),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        if address.to_canonical() != address {
            return Err(format!("write {} for {address}", address.to_canonical()));
        }
        let width = if address.is_ipv4() { 32 } else { 128 };
        let network = Self { address, length: length.unwrap_or(width) };
        if network.length > width {
            return Err(wrong());
        }
        let beyond = match address {
            IpAddr::V4(address) => u128::from(address.to_bits()) & low(width - network.length),
            IpAddr::V6(address) => address.to_bits() & low(width - network.length),
        };
        if beyond != 0 {
            return Err(format!(
                "{text} has bits beyond its length; for one address leave the /{} out",
                network.length
            ));
        }
        Ok(network)
    }
}

/// That many bits.
fn low(bits: u8) -> u128 {
    if bits == 128 { u128::MAX } else { (1 << bits) - 1 }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = if self.address.is_ipv4() { 32 } else { 128 };
        if self.length == whole { self.address.fmt(f) } else { write!(f, "{}/{}", self.address, self.length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn network_has_the_addresses_that_begin_alike() {
        assert!(has("192.0.2.7", "192.0.2.7") && has("192.0.2.7", "::ffff:192.0.2.7"));
        assert!(!has("192.0.2.7", "192.0.2.8"));
        assert!(has("10.0.0.0/8", "10.255.0.1") && !has("10.0.0.0/8", "11.0.0.1"));
        assert!(has("192.0.2.128/25", "192.0.2.255") && !has("192.0.2.128/25", "192.0.2.127"));
        assert!(has("0.0.0.0/0", "203.0.113.1") && !has("0.0.0.0/0", "2001:db8::1"));
        assert!(has("2001:db8::/32", "2001:db8:7::1") && !has("2001:db8::/32", "2001:db9::1"));
        assert!(has("::/0", "2001:db8::1") && !has("::/0", "192.0.2.1"));
        assert!(has("::1", "::1") && !has("::1", "127.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_said() {
        for text in ["", "localhost", "192.0.2", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/-1", "192.0.2.0/x"] {
            assert!(text.parse::<Network>().unwrap_err().contains("is no address"), "{text}");
        }
        assert!("192.0.2.7/24".parse::<Network>().unwrap_err().contains("beyond its length"));
        assert!("::ffff:192.0.2.7".parse::<Network>().unwrap_err().contains("write 192.0.2.7"));
        for text in ["192.0.2.7", "10.0.0.0/8", "::/0", "0.0.0.0/0"] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
    }
}
