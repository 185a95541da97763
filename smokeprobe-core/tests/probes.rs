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

use probes::{dns_server, http_server, tls};
use tokio::net::TcpSocket;

/// A port of TCP on loopback that nobody listens on, as long as the socket is kept: it is bound, so that no test that
/// runs beside gets it.
fn closed_port() -> (TcpSocket, u16) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}
