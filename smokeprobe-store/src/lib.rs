//! Keeping rounds of latency measurements, and asking for them back.

#![warn(missing_docs)]

#[cfg(feature = "test-util")]
pub mod conformance;
mod memory;
pub mod rrd;
mod store;

pub use memory::MemoryStore;
pub use rrd::{Archive, RrdStore, RrdStoreConfig};
pub use store::{Appended, Consolidation, Frame, Query, SeriesMeta, Store, StoreError};
