//! DNS queries.

mod exchange;
mod message;

use std::borrow::Cow;
use std::net::SocketAddr;

use async_trait::async_trait;

pub use message::{Judgement, Query};

use self::exchange::{Tls, over_tcp, over_udp};
use super::ConnectOptions;
use crate::net::budget::Budget;
use crate::net::datagram;
use crate::net::tls::{self, Trust};
use crate::probe::{OneShot, Pace, Paced, Probe, ProbeDescriptor, ProbeError, RoundCx};
use crate::round::Outcome;
use crate::target::Host;

/// What to ask, and which answers count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DnsOptions {
    /// What the connecting probes have in common.
    pub connect: ConnectOptions,
    /// The server to ask, an address or a name. `None`: the round's host.
    pub server: Option<String>,
    /// The name to ask for. `None`: the round's host.
    pub lookup: Option<String>,
    /// The record type to ask for, by name: `A`, `AAAA`, `PTR`, `TXT`, `TYPE65`, …
    pub record_type: String,
    /// How to carry the query.
    pub transport: DnsTransport,
    /// The server's port. `None`: 53, or 853 for TLS.
    pub port: Option<u16>,
    /// Which answers count.
    pub demands: DnsDemands,
}

/// What carries a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DnsTransport {
    /// One datagram each way (RFC 1035, 4.2.1). Never sent again: a lost datagram is a lost sample.
    #[default]
    Udp,
    /// One connection a query (RFC 7766).
    Tcp,
    /// One TLS connection a query (RFC 7858). A server given by name has to show a certificate for it (the strict
    /// profile); of one given by address any certificate is taken (the opportunistic profile), since few have one for
    /// their address.
    Tls,
}

/// Which answers count; others lose the sample. Without demands every answer to the question counts, also a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct DnsDemands {
    /// Ask without recursion, and demand the `aa` flag.
    pub authoritative: bool,
    /// Demand the response code NOERROR.
    pub no_error: bool,
    /// Demand the response code NXDOMAIN.
    pub nx_domain: bool,
    /// Demand at least this many answer records.
    pub answers: u16,
    /// Demand that this text occurs in one of the answer records, printed as in a zone file.
    pub text: Option<String>,
}

impl Default for DnsOptions {
    fn default() -> Self {
        Self {
            connect: ConnectOptions::default(),
            server: None,
            lookup: None,
            record_type: "A".to_owned(),
            transport: DnsTransport::Udp,
            port: None,
            demands: DnsDemands::default(),
        }
    }
}

/// Measures the time from a query to its answer: one query a sample, never sent again. Over UDP by the kernel's stamps
/// where it gives them. A query over TCP or TLS has a connection of its own, whose setup counts.
#[derive(Debug)]
pub struct DnsProbe(Paced<Ask>);

impl DnsProbe {
    /// A probe that asks as `options` say.
    ///
    /// # Errors
    ///
    /// When the record type, or the name to ask for, is none.
    pub fn new(options: DnsOptions) -> Result<Self, ProbeError> {
        let lookup = options.lookup.as_deref().unwrap_or(".");
        Query::new(0, lookup, &options.record_type, true).map_err(ProbeError::Other)?;
        if options.transport == DnsTransport::Udp {
            datagram::keep_stamps_on();
        }
        Ok(Self(Paced(Ask { about: ProbeDescriptor::new("DNS", "DNS requests"), options })))
    }

    /// The same probe under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.0.about.name = name.into();
        self
    }
}

#[async_trait]
impl Probe for DnsProbe {
    fn descriptor(&self) -> &ProbeDescriptor {
        self.0.descriptor()
    }

    async fn measure(&self, round: &mut RoundCx<'_>) -> Result<(), ProbeError> {
        self.0.measure(round).await
    }
}

#[derive(Debug)]
struct Ask {
    about: ProbeDescriptor,
    options: DnsOptions,
}

/// Whom a round asks, and for what.
#[derive(Debug)]
struct Asked {
    peer: SocketAddr,
    lookup: String,
    tls: Option<Tls>,
}

#[async_trait]
impl OneShot for Ask {
    type Target = Asked;

    fn descriptor(&self) -> &ProbeDescriptor {
        &self.about
    }

    fn pace(&self) -> Pace {
        // Waiting for a turn to shake hands does not count, so the budget of each sample sees to its time-out.
        Pace { interval: self.options.connect.interval, timeout: None }
    }

    async fn prepare(&self, round: &mut RoundCx<'_>) -> Result<Asked, ProbeError> {
        let options = &self.options;
        let server = options.server.as_deref().map_or_else(|| round.host().clone(), Host::from);
        let address = round.address_of(&server, options.connect.family()).await?;
        let (default_port, tls) = match (options.transport, &server) {
            (DnsTransport::Udp | DnsTransport::Tcp, _) => (53, None),
            (DnsTransport::Tls, Host::Name(name)) => (853, Some((Trust::Verified, name.to_string()))),
            (DnsTransport::Tls, Host::Address(address)) => (853, Some((Trust::Anyone, address.to_string()))),
        };
        let tls = match tls {
            None => None,
            Some((trust, name)) => {
                let name = tls::server_name(&name).map_err(ProbeError::Other)?;
                Some(Tls { config: tls::config(trust, &[b"dot"])?, name })
            }
        };
        let peer = SocketAddr::new(address, options.port.unwrap_or(default_port));
        let lookup = options.lookup.clone().unwrap_or_else(|| round.host().to_string());
        Ok(Asked { peer, lookup, tls })
    }

    async fn sample(&self, round: &RoundCx<'_>, asked: &mut Asked) -> Result<Outcome, ProbeError> {
        let options = &self.options;
        // Whoever wants to forge an answer has to guess the id and the port (RFC 5452).
        let mut id = [0; 2];
        getrandom::fill(&mut id).map_err(|error| ProbeError::Other(format!("cannot draw a random number: {error}")))?;
        let recursion = !options.demands.authoritative;
        let query = Query::new(u16::from_ne_bytes(id), &asked.lookup, &options.record_type, recursion)
            .map_err(ProbeError::Other)?;
        let mut budget = Budget::new(round.clock().as_ref(), options.connect.timeout, round.recorder());
        let recorder = round.recorder();
        match options.transport {
            DnsTransport::Udp => over_udp(asked.peer, &query, options, &mut budget, recorder).await,
            DnsTransport::Tcp | DnsTransport::Tls => {
                over_tcp(asked.peer, &query, options, asked.tls.as_ref(), &mut budget, recorder).await
            }
        }
    }
}
