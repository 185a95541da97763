//! TCP connect time.

use super::ConnectOptions;

/// How to connect.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TcpOptions {
    /// What the connecting probes have in common.
    pub connect: ConnectOptions,
    /// The port to connect to.
    pub port: u16,
    /// Demand that the connection is accepted. Otherwise a reset is an answer too: the host is there.
    pub require_accept: bool,
}

impl Default for TcpOptions {
    fn default() -> Self {
        Self { connect: ConnectOptions::default(), port: 80, require_accept: false }
    }
}
