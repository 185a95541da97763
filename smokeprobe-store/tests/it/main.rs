//! The store as its users see it.

mod common;
mod contract;
mod kill;
mod rrdtool;
