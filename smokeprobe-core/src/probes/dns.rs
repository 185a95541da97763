//! DNS queries.

use super::ConnectOptions;

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
    /// One TLS connection a query (RFC 7858).
    Tls,
}

/// Which answers count; others lose the sample.
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
