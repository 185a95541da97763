//! The store as its users see it.

mod common;
mod contract;
mod files;
mod kill;
mod rrdtool;
