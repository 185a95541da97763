//! Rounds in the store.

use smokeprobe_alerts::Observation;
use smokeprobe_core::{SeriesId, Step};
use smokeprobe_store::{Consolidation, Frame, Query, SeriesMeta, Store, StoreError};

use super::HindsightError;
use crate::alerting::past;

/// Stored rounds of a series, oldest first, by the end of their slots in Unix seconds.
#[derive(Debug, PartialEq)]
pub struct Stored {
    /// Of the rows, which need not be the configuration's.
    pub step: Step,
    /// Rounds before the time asked for, for the windows of the rules.
    pub before: Vec<(i64, Observation)>,
    /// Rounds of the time asked for.
    pub rounds: Vec<(i64, Observation)>,
    /// The rounds of single slots that are kept, where these do not reach back to the time asked for.
    pub kept: Option<i64>,
    /// The rows that were read, for the seasons of a year are thousands of hours.
    pub medians: past::Medians,
}

/// Reads the rounds that end after `from` and not after `to`, and as many before as `window`, all together no more than
/// `most`: then the newest of them. Only the finest archive has rounds; coarser ones have means of several, which rules
/// are not for.
///
/// # Errors
///
/// When nothing is stored of the series, or it cannot be read.
pub fn read(
    store: &dyn Store,
    series: &SeriesId,
    (from, to): (i64, i64),
    window: usize,
    most: usize,
) -> Result<Stored, HindsightError> {
    let meta = store.meta(series)?.ok_or_else(|| HindsightError::NotStored(series.clone()))?;
    let last = meta.last.ok_or_else(|| HindsightError::NotStored(series.clone()))?;
    let (seconds, rows) = finest(&meta)?;
    let oldest = last - seconds * (rows - 1);
    let to = to.min(last);
    let span = |rounds: usize| seconds.saturating_mul(i64::try_from(rounds).unwrap_or(i64::MAX));
    let start = from.max(oldest - seconds).max(to.saturating_sub(span(most.saturating_sub(window).max(1))));
    let read_from = start.saturating_sub(span(window)).max(oldest - seconds);
    let mut known: Vec<(i64, Observation)> = Vec::new();
    let mut medians = past::Medians::default();
    if start < to {
        let frame = query(store, series, read_from, to, usize::MAX)?;
        if i64::from(frame.step) != seconds {
            return Err(HindsightError::Changed(series.clone()));
        }
        let ends = (0..frame.rows()).filter(|&row| (read_from + 1..=to).contains(&frame.end_of(row)));
        known = ends.map(|row| (frame.end_of(row), past::observation(&frame, row))).collect();
        medians = past::Medians::new(read_from, &frame);
    }
    let first = known.iter().position(|(_, round)| *round != Observation::Unknown);
    match first {
        // Rows from before the first round that ever was are as empty as those of rounds that could not be measured.
        Some(skip @ 1..) if !known_before(store, series, oldest - seconds, read_from)? => drop(known.drain(..skip)),
        None if !known_before(store, series, oldest - seconds, read_from)? => known.clear(),
        _ => {}
    }
    let rounds = known.split_off(known.partition_point(|(end, _)| *end <= start));
    let kept = (from.saturating_add(seconds) < oldest).then_some(rows);
    Ok(Stored { step: meta.step, before: known, rounds, kept, medians })
}

/// Seconds a row and rows of the archive of single rounds.
fn finest(meta: &SeriesMeta) -> Result<(i64, i64), HindsightError> {
    let step = meta.step.as_secs();
    let rows = meta.archives.iter().filter(|(seconds, _)| *seconds == step).map(|(_, rows)| *rows).max();
    rows.map(|rows| (step.into(), rows.into())).ok_or_else(|| HindsightError::OnlyMeans(meta.series.clone()))
}

/// Whether anything is known of the time before: by the archive of single rounds, which begins at `begin`, or by the
/// one that reaches furthest, whose newest row may end too late to say.
fn known_before(store: &dyn Store, series: &SeriesId, begin: i64, time: i64) -> Result<bool, StoreError> {
    for from in [begin, 0] {
        let frame = query(store, series, from, time, usize::MAX)?;
        if (0..frame.rows()).any(|row| frame.end_of(row) <= time && !frame.loss[row].is_nan()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn query(store: &dyn Store, series: &SeriesId, from: i64, to: i64, max_points: usize) -> Result<Frame, StoreError> {
    let query = Query { series: series.clone(), from, to, consolidation: Consolidation::Average, max_points };
    store.query(&query)
}

#[cfg(test)]
mod tests {
    use smokeprobe_core::{Measured, Round, RoundResult, Rtt, Slot, UnknownReason, WallTime};
    use smokeprobe_store::{Archive, RrdStore, RrdStoreConfig};

    use super::*;

    const START: i64 = 1_795_348_800;

    fn series() -> SeriesId {
        "A.B".parse().unwrap()
    }

    /// `rounds` with a loss of 0 to 2 each, or unmeasured, from `START` on; single rounds are kept for 10 of them.
    fn store(folder: &std::path::Path, rounds: &[Option<u32>]) -> RrdStore {
        let archive = |steps, rows| Archive { consolidation: Consolidation::Average, xff: 0.5, steps, rows };
        let store = RrdStore::open(RrdStoreConfig::new(folder, vec![archive(1, 10), archive(3, 100)])).unwrap();
        for (at, lost) in rounds.iter().enumerate() {
            let slot = Slot::ending_at(START + 300 * (at as i64 + 1), Step::DEFAULT);
            let result = match lost {
                None => RoundResult::Unknown(UnknownReason::Missed),
                Some(lost) => {
                    RoundResult::Measured(Measured::from_samples(vec![Rtt::from_nanos(7); 3 - *lost as usize], *lost))
                }
            };
            let started = WallTime::from_unix_secs(slot.start());
            store.append(&Round { series: series(), slot, pings: 3, started, result }).unwrap();
        }
        store
    }

    fn ends(rounds: &[(i64, Observation)]) -> Vec<i64> {
        rounds.iter().map(|(end, _)| (end - START) / 300).collect()
    }

    #[test]
    fn rounds_of_the_time_come_with_those_that_fill_the_windows() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), &[Some(0), Some(1), Some(2), None, Some(0), Some(1), Some(1), Some(0)]);
        let read = read(&store, &series(), (START + 1000, START + 2000), 2, usize::MAX).unwrap();
        assert_eq!((ends(&read.before), ends(&read.rounds)), (vec![2, 3], vec![4, 5, 6]));
        assert_eq!(read.rounds[0].1, Observation::Unknown);
        assert_eq!((read.step, read.kept), (Step::DEFAULT, None));
    }

    #[test]
    fn time_before_single_rounds_is_left_out_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), &[Some(0); 40]);
        let read = read(&store, &series(), (START, START + 99_000), 5, usize::MAX).unwrap();
        assert_eq!(ends(&read.rounds), (31..=40).collect::<Vec<_>>());
        assert!(read.before.is_empty());
        assert_eq!(read.kept, Some(10));
    }

    #[test]
    fn rows_before_the_first_round_are_no_rounds_and_an_outage_is() {
        let folder = tempfile::tempdir().unwrap();
        let few = store(&folder.path().join("few"), &[Some(0), None, Some(0)]);
        let all = read(&few, &series(), (START - 90_000, START + 9000), 5, usize::MAX).unwrap();
        assert_eq!((all.before.len(), ends(&all.rounds)), (0, vec![1, 2, 3]));
        let outage = [vec![Some(0); 3], vec![None; 23], vec![Some(0)]].concat();
        let outage = store(&folder.path().join("outage"), &outage);
        let all = read(&outage, &series(), (START - 90_000, START + 90_000), 5, usize::MAX).unwrap();
        assert_eq!(ends(&all.rounds), (18..=27).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_not_stored_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), &[Some(0); 3]);
        let error = read(&store, &"A.C".parse().unwrap(), (START, START + 900), 1, usize::MAX).unwrap_err();
        assert_eq!(error.to_string(), "nothing is stored of A.C");
        let later = read(&store, &series(), (START + 9000, START + 19_000), 1, usize::MAX).unwrap();
        assert!(later.rounds.is_empty());
    }

    #[test]
    fn more_rounds_than_are_wanted_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), &[Some(0); 10]);
        let read = read(&store, &series(), (START, START + 3000), 2, 5).unwrap();
        assert_eq!((ends(&read.before), ends(&read.rounds)), (vec![6, 7], vec![8, 9, 10]));
    }
}
