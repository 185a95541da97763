//! What the benches share: histories, processes and what they cost, captured packets, quantiles, a little HTTP, rrdtool.

pub mod history;
pub mod http;
pub mod pcap;
pub mod process;
pub mod rrdtool;
pub mod sample;
pub mod usage;
