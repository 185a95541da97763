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

impl Season {
    /// The season of the hour that starts at `hour`, from the medians (in seconds) of its rounds, week by week. Weeks
    /// without one do not count.
    ///
    /// Both figures are plain medians, the mean of the two in the middle of an even number; the deviation is the median
    /// of the distances from the median, without the factor of 1.4826 that would make it a standard deviation of
    /// normally distributed medians.
    pub fn from_medians(hour: i64, weeks: &[Vec<f64>]) -> Self {
        let mut medians: Vec<f64> = weeks.iter().flatten().copied().filter(|median| median.is_finite()).collect();
        let rounds = medians.len();
        let measured = |week: &&Vec<f64>| week.iter().any(|median| median.is_finite());
        let weeks = weeks.iter().filter(measured).count() as u32;
        let Some(median) = middle(&mut medians) else {
            return Self { hour, ..Self::default() };
        };
        for distance in &mut medians {
            *distance = (*distance - median).abs();
        }
        Self { hour, weeks, rounds, median, deviation: middle(&mut medians).unwrap_or_default() }
    }
}

/// The median of some numbers, which end up in another order.
fn middle(numbers: &mut [f64]) -> Option<f64> {
    let at = numbers.len() / 2;
    if numbers.is_empty() {
        return None;
    }
    let even = numbers.len().is_multiple_of(2);
    let (below, upper, _) = numbers.select_nth_unstable_by(at, f64::total_cmp);
    let upper = *upper;
    if !even {
        return Some(upper);
    }
    // What is left of the upper middle is not above it, so the lower middle is the largest of that.
    below.iter().copied().max_by(f64::total_cmp).map(|lower| f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn season_is_the_median_and_how_far_half_of_the_rounds_are_from_it() {
        let weeks = [vec![0.010, 0.011], vec![], vec![0.030, f64::NAN], vec![0.012, 0.010, 0.500]];
        let season = Season::from_medians(7200, &weeks);
        // 10 10 11 12 30 500: median 11.5, distances 1.5 1.5 0.5 0.5 18.5 488.5.
        assert_eq!((season.hour, season.weeks, season.rounds), (7200, 3, 6));
        assert!((season.median - 0.0115).abs() < 1e-12, "{season:?}");
        assert!((season.deviation - 0.0015).abs() < 1e-12, "{season:?}");
    }

    #[test]
    fn season_of_nothing_has_no_rounds() {
        assert_eq!(Season::from_medians(0, &[vec![], vec![]]), Season::default());
        let one = Season::from_medians(0, &[vec![0.02]]);
        assert_eq!((one.rounds, one.median, one.deviation), (1, 0.02, 0.0));
    }

    #[test]
    fn hours_are_those_of_the_weeks_before() {
        let order = SeasonOrder { series: "A".parse().unwrap(), hour: 10 * WEEK + HOUR, weeks: 2 };
        let hours: Vec<(i64, i64)> = order.hours().collect();
        assert_eq!(hours, [(9 * WEEK + HOUR, 9 * WEEK + 2 * HOUR), (8 * WEEK + HOUR, 8 * WEEK + 2 * HOUR)]);
    }
}
