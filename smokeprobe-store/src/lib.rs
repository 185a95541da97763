//! Keeping rounds of latency measurements, and asking for them back.

#![warn(missing_docs)]

pub mod rrd;
mod store;

pub use rrd::{Archive, RrdStore, RrdStoreConfig};
pub use store::{Appended, Consolidation, Frame, Query, SeriesMeta, Store, StoreError};
