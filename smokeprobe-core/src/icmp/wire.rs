//! ICMP messages as bytes: RFC 792 for IPv4, RFC 4443 for IPv6. Pure, and safe on whatever the network sends.

use std::net::IpAddr;

use thiserror::Error;

use crate::round::LossReason;

/// Bytes before the data of an echo message (RFC 792 page 14, RFC 4443 section 4.1).
pub const HEADER: usize = 8;

/// The longest IPv4 header: its length field counts up to 15 words (RFC 791 section 3.1).
pub const LONGEST_IPV4_HEADER: usize = 60;

/// ICMP for IPv4, or ICMPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// RFC 792.
    V4,
    /// RFC 4443.
    V6,
}

impl Family {
    /// The family of an address.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// The type of an echo request.
    pub const fn request(self) -> u8 {
        match self {
            Self::V4 => 8,
            Self::V6 => 128,
        }
    }

    /// The type of an echo reply.
    pub const fn reply(self) -> u8 {
        match self {
            Self::V4 => 0,
            Self::V6 => 129,
        }
    }
}

/// What a socket puts before the ICMP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// The IPv4 header: raw IPv4 sockets.
    Ipv4Header,
    /// Nothing: all others.
    Bare,
}

/// An echo message, request or reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo<'a> {
    /// The identifier.
    pub ident: u16,
    /// The sequence number.
    pub seq: u16,
    /// What comes after the header; may be cut short in a quoted packet.
    pub data: &'a [u8],
}

/// Why a packet is not the message that was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Ends before its header does, or before the length that it states.
    #[error("truncated")]
    Truncated,
    /// Not the protocol or version that the socket is for, or a later fragment.
    #[error("not an ICMP packet")]
    NotIcmp,
    /// The checksum is wrong.
    #[error("wrong checksum")]
    Checksum,
    /// ICMP, but another type or code.
    #[error("not an echo message of the wanted type")]
    NotEcho,
}

/// Writes an echo request in place of what `packet` held: header, then `data` bytes filled by `fill`.
///
/// For IPv4 the checksum is set. For IPv6 it is left zero: it covers addresses that only the kernel knows, and the
/// kernel always fills it in (RFC 3542 section 3.1). On datagram sockets the kernel also replaces the identifier.
pub fn write_request(
    packet: &mut Vec<u8>,
    family: Family,
    ident: u16,
    seq: u16,
    data: usize,
    fill: impl FnOnce(&mut [u8]),
) {
    packet.clear();
    packet.extend_from_slice(&[family.request(), 0, 0, 0]);
    packet.extend_from_slice(&ident.to_be_bytes());
    packet.extend_from_slice(&seq.to_be_bytes());
    packet.resize(HEADER + data, 0);
    fill(&mut packet[HEADER..]);
    if family == Family::V4 {
        let sum = checksum(packet);
        packet[2..4].copy_from_slice(&sum.to_be_bytes());
    }
}

/// Reads an echo reply from what a socket delivered.
///
/// # Errors
///
/// When it is anything else, or damaged. The checksum is looked at for IPv4 only; raw ICMPv6 sockets have the kernel
/// drop what is damaged (RFC 3542 section 3.1).
pub fn parse_reply(family: Family, framing: Framing, packet: &[u8]) -> Result<Echo<'_>, Malformed> {
    let message = match framing {
        Framing::Ipv4Header => ipv4_payload(packet)?,
        Framing::Bare => packet,
    };
    let echo = parse_echo(message, family.reply())?;
    if family == Family::V4 && checksum(message) != 0 {
        return Err(Malformed::Checksum);
    }
    Ok(echo)
}

/// Reads the echo request that an ICMP error quotes, from its ICMP header on. Routers may quote as little as eight
/// bytes (RFC 792), so the data may be short or missing, and the checksum says nothing.
///
/// # Errors
///
/// When what is quoted is no echo request.
pub fn parse_quoted(family: Family, quoted: &[u8]) -> Result<Echo<'_>, Malformed> {
    parse_echo(quoted, family.request())
}

/// What an ICMP error of this type and code says about a packet's fate. `None`: nothing that loses a packet, such as a
/// redirect.
pub const fn loss_reason(family: Family, kind: u8, code: u8) -> Option<LossReason> {
    match (family, kind, code) {
        (Family::V4, 3, 4) | (Family::V6, 2, _) => Some(LossReason::TooBig),
        (Family::V4, 3, code) | (Family::V6, 1, code) => Some(LossReason::Unreachable { code }),
        (Family::V4, 11, _) | (Family::V6, 3, _) => Some(LossReason::TtlExceeded),
        _ => None,
    }
}

/// The Internet checksum (RFC 1071): over a message whose checksum field is zero, what to put there; over a whole
/// message, zero when it is undamaged.
pub fn checksum(message: &[u8]) -> u16 {
    // The sum of one's complement does not depend on the byte order of its words (RFC 1071 section 2 B), so add whole
    // machine words and fold at the end. 65,535 bytes of four-byte words cannot overflow 64 bits.
    let (words, rest) = message.as_chunks::<4>();
    let mut sum: u64 = words.iter().map(|word| u64::from(u32::from_ne_bytes(*word))).sum();
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    sum += u64::from(u32::from_ne_bytes(last));
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::from_be(sum as u16)
}

fn parse_echo(message: &[u8], kind: u8) -> Result<Echo<'_>, Malformed> {
    let (header, data) = message.split_first_chunk::<HEADER>().ok_or(Malformed::Truncated)?;
    if header[0] != kind || header[1] != 0 {
        return Err(Malformed::NotEcho);
    }
    let ident = u16::from_be_bytes([header[4], header[5]]);
    let seq = u16::from_be_bytes([header[6], header[7]]);
    Ok(Echo { ident, seq, data })
}

/// What follows the header of an unfragmented IPv4 packet that carries ICMP.
fn ipv4_payload(packet: &[u8]) -> Result<&[u8], Malformed> {
    let first = *packet.first().ok_or(Malformed::Truncated)?;
    if first >> 4 != 4 {
        return Err(Malformed::NotIcmp);
    }
    let header = usize::from(first & 0xf) * 4;
    if header < 20 || packet.len() < header {
        return Err(Malformed::Truncated);
    }
    let total = usize::from(u16::from_be_bytes([packet[2], packet[3]]));
    let fragment = u16::from_be_bytes([packet[6], packet[7]]) & 0x1fff;
    if packet[9] != 1 || fragment != 0 {
        return Err(Malformed::NotIcmp);
    }
    if total < header || packet.len() < total {
        return Err(Malformed::Truncated);
    }
    Ok(&packet[header..total])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(data: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        write_request(&mut packet, Family::V4, 0x1234, 7, data.len(), |place| place.copy_from_slice(data));
        packet
    }

    /// What a host does to a request: turn the type, and mend the checksum.
    fn answered(mut packet: Vec<u8>) -> Vec<u8> {
        packet[..4].copy_from_slice(&[0; 4]);
        let sum = checksum(&packet);
        packet[2..4].copy_from_slice(&sum.to_be_bytes());
        packet
    }

    #[test]
    fn reply_reads_back_what_the_request_carried() {
        for data in [&b""[..], b"a", b"ab", b"abc", &[0xff; 1001]] {
            let reply = answered(request(data));
            let echo = parse_reply(Family::V4, Framing::Bare, &reply).unwrap();
            assert_eq!((echo.ident, echo.seq, echo.data), (0x1234, 7, data));
        }
    }

    #[test]
    fn checksum_is_that_of_the_example_in_rfc_1071() {
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    }

    #[test]
    fn requests_of_others_on_the_loopback_are_no_replies() {
        assert_eq!(parse_reply(Family::V4, Framing::Bare, &request(b"x")), Err(Malformed::NotEcho));
    }

    #[test]
    fn damage_anywhere_is_noticed() {
        let reply = answered(request(b"0123456789abcdef"));
        for place in 0..reply.len() {
            let mut damaged = reply.clone();
            damaged[place] ^= 0x10;
            assert!(parse_reply(Family::V4, Framing::Bare, &damaged).is_err(), "byte {place}");
        }
    }

    #[test]
    fn ipv4_header_is_taken_at_its_word_but_not_beyond_the_packet() {
        let reply = answered(request(b"abc"));
        let mut packet = vec![0x46, 0, 0, 0, 0, 0, 0x40, 0, 64, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0];
        packet.extend_from_slice(&reply);
        packet[3] = packet.len() as u8;
        packet.extend_from_slice(b"padding of a short frame");
        assert_eq!(parse_reply(Family::V4, Framing::Ipv4Header, &packet).unwrap().data, b"abc");
        packet[3] = 255;
        assert_eq!(parse_reply(Family::V4, Framing::Ipv4Header, &packet), Err(Malformed::Truncated));
    }
}
