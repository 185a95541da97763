//! The probes and the resolver against real peers on loopback.

mod probes {
    pub(crate) mod dns_server;
    pub(crate) mod tls;

    mod dns;
    mod resolve;
    mod tcp;
}

use probes::{dns_server, tls};
