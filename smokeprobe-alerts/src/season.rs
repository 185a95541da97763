//! The same hour of the week in the past: what a baseline compares with.

use smokeprobe_core::SeriesId;

/// How long the hour of the week is, in seconds, over which a season is taken.
pub const HOUR: i64 = 3600;

/// Seconds in a week.
pub const WEEK: i64 = 7 * 24 * HOUR;

/// Asks for the season of a series at an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeasonOrder {
    /// Of which series.
    pub series: SeriesId,
    /// Unix seconds of the start of the hour, a multiple of [`HOUR`].
    pub hour: i64,
    /// How many weeks to look back.
    pub weeks: u32,
}

impl SeasonOrder {
    /// The hours to read, newest first, as Unix seconds `(from, to]` of the rows' ends.
    pub fn hours(&self) -> impl Iterator<Item = (i64, i64)> {
        let hour = self.hour;
        (1..=i64::from(self.weeks)).map(move |week| (hour - week * WEEK, hour - week * WEEK + HOUR))
    }
}

/// The medians of the rounds of one hour of the week, over some weeks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Season {
    /// Unix seconds of the start of the hour that it is for.
    pub hour: i64,
    /// How many of the weeks have at least one measured round with an answer in that hour.
    pub weeks: u32,
    /// How many such rounds there are.
    pub rounds: usize,
    /// The median of their medians, in seconds.
    pub median: f64,
    /// The median absolute deviation from it, in seconds.
    pub deviation: f64,
}
