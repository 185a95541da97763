//! ICMP echo.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use async_trait::async_trait;

pub use crate::icmp::Counters;
pub use crate::net::driver::Pinger;
pub use crate::net::socket::SocketKind;

use crate::icmp::pinger::{Group, Request};
use crate::icmp::wire::Family;
use crate::net::driver::DriveError;
use crate::net::resolve::AddressFamily;
use crate::net::socket::{OpenError, Variant};
use crate::probe::{Probe, ProbeDescriptor, ProbeError, RoundCx};

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

impl IcmpOptions {
    /// The time-out of a sample. An answer that takes longer than the interval would otherwise be missed by fast
    /// pinging, and waiting longer than two seconds tells nobody more.
    pub fn effective_timeout(&self) -> Duration {
        self.timeout.unwrap_or_else(|| self.interval.clamp(Duration::from_secs(1), Duration::from_secs(2)))
    }

    fn variant(&self, family: Family) -> Variant {
        let Self { tos, source, interface, mark, .. } = self;
        Variant { family, tos: *tos, source: *source, interface: interface.clone(), mark: *mark }
    }
}

/// Pings targets with ICMP echo requests.
///
/// All rounds of one probe keep [`IcmpOptions::gap`] between their packets, as those of one fping process do. Use one
/// [`Pinger`] for all probes: it has one socket for all that are sent in the same way, and one thread.
#[derive(Debug, Clone)]
pub struct IcmpProbe {
    descriptor: ProbeDescriptor,
    options: IcmpOptions,
    pinger: Pinger,
    group: Group,
}

impl IcmpProbe {
    /// A probe with these options. Opens nothing yet.
    pub fn new(pinger: &Pinger, options: IcmpOptions) -> Self {
        let family = if options.family == AddressFamily::V6 { "IPv6-ICMP" } else { "ICMP" };
        let samples = format!("{family} Echo Pings ({} Bytes)", options.payload);
        let group = Group { id: pinger.number(), gap: options.gap };
        Self { descriptor: ProbeDescriptor::new("FPing", samples), options, pinger: pinger.clone(), group }
    }

    /// The same probe under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        self.descriptor.name = name.into();
        self
    }

    /// The same probe, its packets keeping their gap from those of `other` too: two sets of options of one section.
    #[must_use]
    pub fn in_group_of(mut self, other: &Self) -> Self {
        self.group = other.group;
        self
    }

    /// Opens the sockets now, to use privileges before they are dropped, or to learn early that there are none. Returns
    /// the kinds of those that opened. Without a call they open with the first round that needs them.
    ///
    /// # Errors
    ///
    /// When a socket that is sure to be needed does not open: of either family when one is asked for, else IPv4's.
    pub fn open(&self) -> Result<Vec<SocketKind>, ProbeError> {
        let open = |family| self.pinger.open(&self.options.variant(family)).map(|(_, kind)| kind).map_err(system);
        let source = self.options.source.map(Family::of);
        match (self.options.family, source) {
            (AddressFamily::V4, _) | (AddressFamily::Any, Some(Family::V4)) => Ok(vec![open(Family::V4)?]),
            (AddressFamily::V6, _) | (AddressFamily::Any, Some(Family::V6)) => Ok(vec![open(Family::V6)?]),
            (AddressFamily::Any, None) => Ok(std::iter::once(open(Family::V4)?).chain(open(Family::V6).ok()).collect()),
        }
    }
}

#[async_trait]
impl Probe for IcmpProbe {
    fn descriptor(&self) -> &ProbeDescriptor {
        &self.descriptor
    }

    async fn measure(&self, round: &mut RoundCx<'_>) -> Result<(), ProbeError> {
        let target = answering_as(round.address(self.options.family).await?);
        let options = &self.options;
        let (socket, _) = self.pinger.open(&options.variant(Family::of(target))).map_err(system)?;
        let request = Request {
            socket,
            target,
            count: round.pings(),
            discard_first: options.discard_first,
            data: options.payload,
            interval: options.interval,
            timeout: options.effective_timeout(),
            group: self.group,
            recorder: round.recorder().clone(),
        };
        self.pinger.measure(request).await.map_err(|error| match error {
            DriveError::Open(error) => system(error),
            other => ProbeError::Other(other.to_string()),
        })
    }
}

/// The address that answers to pings of `address`: the unspecified ones stand for the loopback's, and an IPv4 address in
/// IPv6 clothing is pinged as what it is.
fn answering_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

fn system(error: OpenError) -> ProbeError {
    let OpenError { action, source } = error;
    let source = io::Error::new(source.kind(), source);
    ProbeError::System { action: action.into(), source }
}
