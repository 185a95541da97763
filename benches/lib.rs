//! What the benches share: the processor time that a child process took, captured packets, and quantiles.

pub mod pcap;
pub mod sample;
pub mod usage;
