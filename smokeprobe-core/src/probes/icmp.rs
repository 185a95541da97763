//! ICMP echo.

use std::net::IpAddr;
use std::time::Duration;

use crate::net::resolve::AddressFamily;

/// How to ping.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IcmpOptions {
    /// Which address family to use.
    pub family: AddressFamily,
    /// Bytes of data after the ICMP header, as fping counts them.
    pub payload: u16,
    /// From one ping of a round to the next (fping's `-p`, SmokePing's `hostinterval`).
    pub interval: Duration,
    /// From one packet to the next, whatever its target (fping's `-i`, SmokePing's `mininterval`).
    pub gap: Duration,
    /// How long to wait for an answer. `None`: as long as `interval`, but 1 to 2 seconds.
    pub timeout: Option<Duration>,
    /// The type-of-service byte (IPv4) or traffic class (IPv6).
    pub tos: u8,
    /// The local address to send from.
    pub source: Option<IpAddr>,
    /// The network interface to send through (`SO_BINDTODEVICE`).
    pub interface: Option<String>,
    /// The mark for the kernel's routing rules (`SO_MARK`).
    pub mark: Option<u32>,
    /// Send one more ping at the start of a round and leave it out (SmokePing's `blazemode`).
    pub discard_first: bool,
}

impl Default for IcmpOptions {
    fn default() -> Self {
        Self {
            family: AddressFamily::Any,
            payload: 56,
            interval: Duration::from_secs(1),
            gap: Duration::from_millis(10),
            timeout: None,
            tos: 0,
            source: None,
            interface: None,
            mark: None,
            discard_first: false,
        }
    }
}
