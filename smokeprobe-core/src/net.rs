//! The network as the probes see it: names, and sockets with kernel time stamps.

pub(crate) mod budget;
pub(crate) mod connect;
pub(crate) mod control;
pub(crate) mod datagram;
pub(crate) mod driver;
mod filter;
mod privilege;
pub mod resolve;
pub(crate) mod socket;
pub(crate) mod sys;
pub(crate) mod tls;
mod warmup;
