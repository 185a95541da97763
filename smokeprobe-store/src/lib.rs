//! Keeping rounds of latency measurements, and asking for them back.

#![warn(missing_docs)]

#[cfg(feature = "test-util")]
pub mod conformance;
#[cfg(feature = "librrd")]
mod librrd;
mod memory;
pub mod rrd;
mod store;

#[cfg(feature = "librrd")]
pub use librrd::LibrrdStore;
pub use memory::MemoryStore;
pub use rrd::{Archive, RrdStore, RrdStoreConfig};
pub use store::{Appended, Consolidation, Frame, Query, SeriesMeta, Store, StoreError};
