//! The store: rounds in, frames out.

use std::io;
use std::path::PathBuf;

use smokeprobe_core::{Round, SeriesId, Step};
use thiserror::Error;

/// Keeps rounds and answers questions about them.
///
/// Synchronous: appends come from one writer thread, queries from many.
pub trait Store: Send + Sync {
    /// Keeps a round as the row of its slot. Slots that were left out since the last one become unknown rows.
    fn append(&self, round: &Round) -> Result<Appended, StoreError>;

    /// The rows of a series in a range, from the finest archive that covers it within `max_points`.
    fn query(&self, query: &Query) -> Result<Frame, StoreError>;

    /// Every series that is kept, with its extent, ordered by id.
    fn catalog(&self) -> Result<Vec<SeriesMeta>, StoreError>;

    /// What the catalog has of one series; `None` if it is not kept. Worth overriding where that reads less.
    fn meta(&self, series: &SeriesId) -> Result<Option<SeriesMeta>, StoreError> {
        Ok(self.catalog()?.into_iter().find(|meta| meta.series == *series))
    }

    /// Bytes that are free where rounds are kept. `None` where nobody can say.
    fn free_bytes(&self) -> Option<u64> {
        None
    }

    /// Returns once everything appended so far survives a power cut.
    fn sync(&self) -> Result<(), StoreError>;
}

/// What became of an appended round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is kept.
    Stored,
    /// Its slot is the last one kept, whose row stays as it is.
    Duplicate,
    /// Its slot lies before the last one kept: rows that are closed never change.
    TooOld,
}

/// A question about one series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Which series.
    pub series: SeriesId,
    /// Unix seconds; rows that end after this time are wanted.
    pub from: i64,
    /// Unix seconds; rows that start before this time are wanted.
    pub to: i64,
    /// How rows of a coarser archive were made from finer ones.
    pub consolidation: Consolidation,
    /// At most this many rows, by taking a coarser archive or consolidating rows read. At least one.
    pub max_points: usize,
}

/// How many fine rows become a coarse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Consolidation {
    /// The mean of the known ones.
    #[default]
    Average,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// Rows of one series at one resolution. Unknown values are NaN. Every column has [`rows`](Self::rows) values.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Unix seconds of the end of the first row. Row `i` covers the `step` seconds that end at `start + i × step`.
    pub start: i64,
    /// Seconds a row.
    pub step: u32,
    /// How the rows were made, where `step` is coarser than the series'.
    pub consolidation: Consolidation,
    /// How many pings a round has: the unit of `loss`.
    pub pings: u32,
    /// Lost pings, 0 to `pings`; fractions come from consolidation.
    pub loss: Vec<f64>,
    /// Median RTT in seconds.
    pub median: Vec<f64>,
    /// Seconds since a dynamic host last changed its address.
    pub uptime: Vec<f64>,
    /// `samples[i]` is the column `ping<i+1>`: the RTTs of a row in ascending order, in seconds, the lost ones left
    /// unknown in equal number at both ends.
    pub samples: Vec<Vec<f64>>,
}

impl Frame {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.loss.len()
    }

    /// Unix seconds of the end of row `row`.
    pub fn end_of(&self, row: usize) -> i64 {
        self.start + row as i64 * i64::from(self.step)
    }

    /// The population standard deviation of the answers of row `row` in seconds; `None` without answers.
    ///
    /// Summed in ascending order, so that a stored round has the number that it had live. SmokePing counts lost pings as
    /// answers after no time; here they do not count.
    pub fn deviation(&self, row: usize) -> Option<f64> {
        smokeprobe_core::deviation(self.answers(row))
    }

    /// The lowest and the highest answer of row `row` in seconds; `None` without answers.
    pub fn extremes(&self, row: usize) -> Option<(f64, f64)> {
        self.answers(row).fold(None, |extremes, rtt| {
            let (low, high) = extremes.unwrap_or((rtt, rtt));
            Some((rtt.min(low), rtt.max(high)))
        })
    }

    fn answers(&self, row: usize) -> impl Iterator<Item = f64> + Clone {
        self.samples.iter().filter_map(move |column| column.get(row)).copied().filter(|rtt| rtt.is_finite())
    }
}

/// What is known of a series without reading its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesMeta {
    /// Which series.
    pub series: SeriesId,
    /// Its step.
    pub step: Step,
    /// Pings a round.
    pub pings: u32,
    /// Unix seconds of the end of the last row, if there is one.
    pub last: Option<i64>,
    /// `(seconds a row, rows)` of each archive.
    pub archives: Vec<(u32, u32)>,
}

/// Why a store could not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such series.
    #[error("no data of {0}")]
    NoSuchSeries(SeriesId),
    /// A file could not be read or written.
    #[error("cannot {action} {path}", path = path.display())]
    Io {
        /// What was tried, such as "write".
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file is not what its name says, or is damaged.
    #[error("{path} is damaged: {reason}", path = path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A place cannot be used for a store, or not in this way.
    #[error("cannot use {path}: {reason}", path = path.display())]
    Unusable {
        /// Which place.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// A round does not fit the series, such as another number of pings.
    #[error("round does not fit {series}: {reason}")]
    Mismatch {
        /// Which series.
        series: SeriesId,
        /// What does not fit.
        reason: String,
    },
}

impl StoreError {
    /// Whether trying again later may succeed: the disk is full, read-only, or not permitted.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Io { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_of_a_row_is_that_of_its_answers_alone() {
        let lost = f64::NAN;
        let frame = Frame {
            start: 600,
            step: 300,
            consolidation: Consolidation::Average,
            pings: 4,
            loss: vec![1.0, 4.0, 3.0],
            median: vec![0.003, lost, 0.002],
            uptime: vec![lost; 3],
            samples: vec![vec![0.001, lost, lost], vec![0.003, lost, 0.002], vec![0.005, lost, lost], vec![lost; 3]],
        };
        let deviation = frame.deviation(0).unwrap();
        assert!((deviation - (8e-6_f64 / 3.0).sqrt()).abs() < 1e-15, "{deviation}");
        assert_eq!((frame.deviation(1), frame.deviation(2)), (None, Some(0.0)));
        let extremes = [0, 1, 2].map(|row| frame.extremes(row));
        assert_eq!(extremes, [Some((0.001, 0.005)), None, Some((0.002, 0.002))]);
    }
}
