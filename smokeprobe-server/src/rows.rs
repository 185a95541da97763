//! Rows of a series, read for pictures and answers.

pub mod written;

use smokeprobe_core::SeriesId;
use smokeprobe_store::{Consolidation, Frame, Query, Store, StoreError};

use crate::timespec::Range;

/// The rows of a series, at most `most`; `None` while it has none at all.
///
/// # Errors
///
/// When they cannot be read.
pub fn read(
    store: &dyn Store,
    series: &SeriesId,
    range: Range,
    consolidation: Consolidation,
    most: u32,
) -> Result<Option<Frame>, StoreError> {
    let query = Query {
        series: series.clone(),
        from: range.from,
        to: range.to,
        consolidation,
        max_points: most.max(1) as usize,
    };
    match store.query(&query) {
        Ok(frame) => Ok(Some(frame)),
        Err(StoreError::NoSuchSeries(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
