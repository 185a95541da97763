//! The store as its users see it.

mod common;
mod contract;
mod files;
mod forged;
mod kill;
#[cfg(feature = "librrd")]
mod librrd;
mod rrdtool;
