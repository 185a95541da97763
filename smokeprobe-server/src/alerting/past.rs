//! The stored past, as rules see it.

use smokeprobe_alerts::{HOUR, Measurement, Observation, Season, SeasonOrder};
use smokeprobe_core::SeriesId;
use smokeprobe_store::{Consolidation, Frame, Store, StoreError};

use crate::rows;
use crate::sentence::sentence;
use crate::timespec::Range;

/// What the same hour of the week was like. Rounds without an answer do not count.
///
/// Hours that only a coarser archive still has are taken from its rows, where these are no longer than the hour: each
/// is one round then, and steadier than a round. What cannot be read is not known, and the log says so.
pub fn season(store: &dyn Store, order: &SeasonOrder) -> Season {
    let mut weeks = Vec::new();
    for (from, to) in order.hours() {
        match medians(store, &order.series, from, to) {
            Ok(medians) => weeks.push(medians),
            Err(error) => {
                tracing::warn!(series = %order.series, "cannot read the weeks before: {}", sentence(&error));
                break;
            }
        }
    }
    Season::from_medians(order.hour, &weeks)
}

/// The medians of the rounds of an hour: of those that end after `from` and not after `to`. NaN where there is none.
fn medians(store: &dyn Store, series: &SeriesId, from: i64, to: i64) -> Result<Vec<f64>, StoreError> {
    let frame = rows::read(store, series, Range { from, to }, Consolidation::Average, HOUR as u32)?;
    let Some(frame) = frame.filter(|frame| i64::from(frame.step) <= HOUR) else { return Ok(Vec::new()) };
    // A store answers with rows that touch the hour; one that ends after it belongs to the next.
    let inside = (0..frame.rows()).filter(|&row| (from + 1..=to).contains(&frame.end_of(row)));
    Ok(inside.map(|row| frame.median[row]).collect())
}

/// The medians of rows that were read for another reason: the seasons of a year are thousands of hours.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Medians {
    /// Rows that end at this time (Unix seconds) or before were not read. `None`: none were.
    after: Option<i64>,
    /// The end of each row, ascending, and its median in seconds or NaN.
    rows: Vec<(i64, f64)>,
}

impl Medians {
    /// Those of a frame that has every round that ended after `after`, as single rows.
    pub fn new(after: i64, frame: &Frame) -> Self {
        let rows = (0..frame.rows()).map(|row| (frame.end_of(row), frame.median[row]));
        Self { after: Some(after), rows: rows.collect() }
    }

    /// As [`season`], with only those hours read that lie before. Rounds after the frame's last are not known.
    ///
    /// # Errors
    ///
    /// When an hour cannot be read.
    pub fn season(&self, store: &dyn Store, order: &SeasonOrder) -> Result<Season, StoreError> {
        let at = |time: i64| self.rows.partition_point(|(end, _)| *end <= time);
        let mut weeks = Vec::new();
        for (from, to) in order.hours() {
            weeks.push(if self.after.is_some_and(|after| from >= after) {
                self.rows[at(from)..at(to)].iter().map(|(_, median)| *median).collect()
            } else {
                medians(store, &order.series, from, to)?
            });
        }
        Ok(Season::from_medians(order.hour, &weeks))
    }
}

/// A row of a series' finest archive, as its round was seen live. That it was suspect is not stored.
pub fn observation(frame: &Frame, row: usize) -> Observation {
    let (loss, median) = (frame.loss[row], frame.median[row]);
    if loss.is_nan() {
        return Observation::Unknown;
    }
    Observation::Measured(Measurement {
        // In this order, as it is computed live.
        loss: loss * 100.0 / f64::from(frame.pings.max(1)),
        median: (!median.is_nan()).then_some(median),
        deviation: frame.deviation(row),
        suspect: false,
    })
}

#[cfg(test)]
mod tests {
    use smokeprobe_alerts::WEEK;
    use smokeprobe_core::{Measured, Round, RoundResult, Rtt, Slot, Step, UnknownReason, WallTime};
    use smokeprobe_store::{Archive, Query, RrdStore, RrdStoreConfig};

    use super::*;

    const HOUR_START: i64 = 1_795_348_800 / HOUR * HOUR;

    fn series() -> SeriesId {
        "A.B".parse().unwrap()
    }

    /// A store whose finest archive has `rows` rounds, and the means of each hour for long.
    fn store(folder: &std::path::Path, rows: u32) -> RrdStore {
        let archive = |steps, rows| Archive { consolidation: Consolidation::Average, xff: 0.5, steps, rows };
        RrdStore::open(RrdStoreConfig::new(folder, vec![archive(1, rows), archive(12, 2000), archive(144, 2000)]))
            .unwrap()
    }

    fn round(end: i64, rtts_ms: &[u64], lost: u32) -> Round {
        let slot = Slot::ending_at(end, Step::DEFAULT);
        let rtts = rtts_ms.iter().map(|ms| Rtt::from_nanos(ms * 1_000_000));
        let result = RoundResult::Measured(Measured::from_samples(rtts, lost));
        Round { series: series(), slot, pings: 3, started: WallTime::from_unix_secs(slot.start()), result }
    }

    /// Five weeks, in which the hour is at 20 ms + its week's number but for one round, and other hours at 500 ms.
    fn fill(store: &RrdStore) {
        let mut end = HOUR_START - 5 * WEEK + 300;
        while end <= HOUR_START {
            let into = (end - HOUR_START).rem_euclid(WEEK);
            let week = (HOUR_START - end + HOUR).div_euclid(WEEK) as u64;
            let median = if (1..=HOUR).contains(&into) { 20 + week } else { 500 };
            let rtts: &[u64] = if into == 600 { &[] } else { &[median, median, median] };
            store.append(&round(end, rtts, 3 - rtts.len() as u32)).unwrap();
            end += 300;
        }
        store.sync().unwrap();
    }

    #[test]
    fn season_is_of_the_same_hours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), 20_000);
        fill(&store);
        let order = SeasonOrder { series: series(), hour: HOUR_START, weeks: 4 };
        let season = season(&store, &order);
        assert_eq!((season.hour, season.weeks, season.rounds), (HOUR_START, 4, 44));
        // 11 rounds each of 21, 22, 23 and 24 ms: one of twelve lost everything.
        assert!((season.median - 0.0225).abs() < 1e-12, "{season:?}");
        assert!((season.deviation - 0.001).abs() < 1e-12, "{season:?}");
    }

    #[test]
    fn season_counts_the_weeks_that_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), 20_000);
        fill(&store);
        let order = SeasonOrder { series: series(), hour: HOUR_START + 3 * WEEK, weeks: 4 };
        assert_eq!(season(&store, &order).weeks, 1, "the week before last has the hour, the others are to come");
        let order = SeasonOrder { series: series(), hour: HOUR_START + 50 * WEEK, weeks: 4 };
        assert_eq!(season(&store, &order), Season { hour: order.hour, ..Season::default() });
        let nobody = SeasonOrder { series: "A.C".parse().unwrap(), ..order };
        assert_eq!(season(&store, &nobody), Season { hour: nobody.hour, ..Season::default() });
    }

    #[test]
    fn season_of_rows_that_were_read_is_that_of_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), 20_000);
        fill(&store);
        // Of the first weeks nothing was read, and of the third only the end of the hour.
        let from = HOUR_START - 3 * WEEK + 900;
        let (to, consolidation) = (HOUR_START, Consolidation::Average);
        let frame = store.query(&Query { series: series(), from, to, consolidation, max_points: 99_999 }).unwrap();
        let read = Medians::new(from, &frame);
        for hour in (-3..4).map(|hours| HOUR_START + hours * HOUR) {
            let order = SeasonOrder { series: series(), hour, weeks: 4 };
            assert_eq!(read.season(&store, &order).unwrap(), season(&store, &order));
            assert_eq!(Medians::default().season(&store, &order).unwrap(), season(&store, &order));
        }
    }

    #[test]
    fn season_that_only_hourly_rows_remember_is_taken_from_them() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), 1008);
        fill(&store);
        let order = SeasonOrder { series: series(), hour: HOUR_START, weeks: 4 };
        let season = season(&store, &order);
        assert_eq!((season.weeks, season.rounds), (4, 4));
        assert!((season.median - 0.0225).abs() < 1e-9, "{season:?}");
    }

    #[test]
    fn stored_round_is_observed_as_it_was_live() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), 100);
        let mut rounds = vec![
            round(HOUR_START + 300, &[20, 21, 25], 0),
            round(HOUR_START + 600, &[20, 33], 1),
            round(HOUR_START + 900, &[7], 2),
            round(HOUR_START + 1200, &[], 3),
        ];
        let unknown = RoundResult::Unknown(UnknownReason::Missed);
        rounds.push(Round { result: unknown, ..round(HOUR_START + 1500, &[], 0) });
        for round in &rounds {
            store.append(round).unwrap();
        }
        let query = Query {
            series: series(),
            from: HOUR_START,
            to: HOUR_START + 1500,
            consolidation: Consolidation::Average,
            max_points: 100,
        };
        let frame = store.query(&query).unwrap();
        let stored: Vec<Observation> = (0..frame.rows()).map(|row| observation(&frame, row)).collect();
        let live: Vec<Observation> = rounds.iter().map(Observation::from).collect();
        assert_eq!(stored, live);
    }
}
