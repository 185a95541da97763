//! The probes and the resolver against real peers on loopback.

mod probes {
    pub(crate) mod dns_server;
    pub(crate) mod http_server;
    pub(crate) mod tls;

    mod dns;
    mod http;
    mod namespace;
    mod resolve;
    mod tcp;
}

use probes::{dns_server, http_server, tls};
