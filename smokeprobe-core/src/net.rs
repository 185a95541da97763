//! The network as the probes see it: names, and sockets with kernel time stamps.

pub(crate) mod connect;
pub mod resolve;
mod tcp_info;
