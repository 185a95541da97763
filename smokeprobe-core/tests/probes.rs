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

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use probes::{dns_server, http_server, tls};
use tokio::net::TcpSocket;

/// Longer than any answer takes, however busy the machine is. Shorter than a round of the conformance suite may be.
const ANSWERED: Duration = Duration::from_secs(25);
/// How long the tests wait for an answer that does not come.
const SILENT: Duration = Duration::from_millis(200);

/// A port of TCP on loopback that nobody listens on, as long as the socket is kept: it is bound, so that no test that
/// runs beside gets it.
fn closed_port() -> (TcpSocket, u16) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}
