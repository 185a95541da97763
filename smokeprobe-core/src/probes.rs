//! The built-in probes, one protocol a file. Each is made of a struct of options with a `Default`.

pub mod dns;
pub mod http;
pub mod icmp;
pub mod tcp;

use std::net::IpAddr;
use std::time::Duration;

use crate::net::resolve::AddressFamily;

/// What the connecting probes (TCP, DNS, HTTP) have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConnectOptions {
    /// Which address family to use. `Any` with a source address: that of the source.
    pub family: AddressFamily,
    /// How long to wait for one sample.
    pub timeout: Duration,
    /// From the start of one sample to the start of the next, at least. A sample that takes longer delays the next.
    pub interval: Duration,
    /// The local address to send from.
    pub source: Option<IpAddr>,
    /// The network interface to send through (`SO_BINDTODEVICE`).
    pub interface: Option<String>,
    /// The type-of-service byte (IPv4) or traffic class (IPv6).
    pub tos: u8,
}

impl ConnectOptions {
    /// The family to look names up for: that of the source address, where only that says.
    pub(crate) fn family(&self) -> AddressFamily {
        match (self.family, self.source) {
            (AddressFamily::Any, Some(IpAddr::V4(_))) => AddressFamily::V4,
            (AddressFamily::Any, Some(IpAddr::V6(_))) => AddressFamily::V6,
            (family, _) => family,
        }
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            family: AddressFamily::Any,
            timeout: Duration::from_secs(5),
            interval: Duration::from_secs(1),
            source: None,
            interface: None,
            tos: 0,
        }
    }
}
