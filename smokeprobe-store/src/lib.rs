//! Keeping rounds of latency measurements, and asking for them back.

#![warn(missing_docs)]

mod store;

pub use store::{Appended, Consolidation, Frame, Query, SeriesMeta, Store, StoreError};
