//! The network as the probes see it: names, and sockets with kernel time stamps.

pub mod resolve;
