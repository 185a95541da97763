//! Rounds in the store.

use anyhow::{Context as _, bail};
use smokeprobe_alerts::Observation;
use smokeprobe_core::{SeriesId, Step};
use smokeprobe_store::{Consolidation, Frame, Query, SeriesMeta, Store};

use crate::alerting::past;

/// Stored rounds of a series, oldest first, by the end of their slots in Unix seconds.
#[derive(Debug, PartialEq)]
pub(super) struct Stored {
    /// Of the rows, which need not be the configuration's.
    pub(super) step: Step,
    /// Rounds before the time asked for, for the windows of the rules.
    pub(super) before: Vec<(i64, Observation)>,
    /// Rounds of the time asked for.
    pub(super) rounds: Vec<(i64, Observation)>,
    /// What a person should know of the answer.
    pub(super) notes: Vec<String>,
    /// The rows that were read, for the seasons of a year are thousands of hours.
    pub(super) medians: past::Medians,
}

/// Reads the rounds that end after `from` and not after `to`, and as many before as `window`. Only the finest archive
/// has rounds; coarser ones have means of several, which rules are not for.
pub(super) fn read(store: &dyn Store, series: &SeriesId, from: i64, to: i64, window: usize) -> anyhow::Result<Stored> {
    let catalog = store.catalog()?;
    let Some(meta) = catalog.into_iter().find(|meta| meta.series == *series) else {
        bail!("nothing is stored of {series}");
    };
    let Some(last) = meta.last else {
        bail!("nothing is stored of {series} yet");
    };
    let (seconds, rows) = finest(&meta)?;
    let oldest = last - seconds * (rows - 1);
    let to = to.min(last);
    let start = from.max(oldest - seconds);
    let mut notes = Vec::new();
    let lead = seconds * i64::try_from(window).unwrap_or(i64::MAX / seconds / 4);
    let read_from = start.saturating_sub(lead).max(oldest - seconds);
    let mut known: Vec<(i64, Observation)> = Vec::new();
    let mut medians = past::Medians::default();
    if start < to {
        let frame = query(store, series, read_from, to, usize::MAX)?;
        if i64::from(frame.step) != seconds {
            bail!("the rows of {series} changed while they were read; try again");
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
    match rounds.first() {
        None => notes.push(format!("nothing is stored of {series} between these times")),
        Some((first, _)) if from + seconds < oldest => notes.push(format!(
            "single rounds of {series} are kept for {rows} rounds of {seconds} s only: the replay begins {}",
            super::print::date(first - seconds)
        )),
        Some(_) => {}
    }
    let step = u32::try_from(seconds).ok().and_then(Step::from_secs).context("the file has no step")?;
    Ok(Stored { step, before: known, rounds, notes, medians })
}

/// Seconds a row and rows of the archive of single rounds.
fn finest(meta: &SeriesMeta) -> anyhow::Result<(i64, i64)> {
    let step = meta.step.as_secs();
    let rows = meta.archives.iter().filter(|(seconds, _)| *seconds == step).map(|(_, rows)| *rows).max();
    match rows {
        Some(rows) => Ok((step.into(), rows.into())),
        None => bail!("the file of {} has no archive of single rounds, only means of several", meta.series),
    }
}

/// Whether anything is known of the time before: by the archive of single rounds, which begins at `begin`, or by the
/// one that reaches furthest, whose newest row may end too late to say.
fn known_before(store: &dyn Store, series: &SeriesId, begin: i64, time: i64) -> anyhow::Result<bool> {
    for from in [begin, 0] {
        let frame = query(store, series, from, time, usize::MAX)?;
        if (0..frame.rows()).any(|row| frame.end_of(row) <= time && !frame.loss[row].is_nan()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn query(store: &dyn Store, series: &SeriesId, from: i64, to: i64, max_points: usize) -> anyhow::Result<Frame> {
    let query = Query { series: series.clone(), from, to, consolidation: Consolidation::Average, max_points };
    Ok(store.query(&query)?)
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
        let read = read(&store, &series(), START + 1000, START + 2000, 2).unwrap();
        assert_eq!((ends(&read.before), ends(&read.rounds)), (vec![2, 3], vec![4, 5, 6]));
        assert_eq!(read.rounds[0].1, Observation::Unknown);
        assert_eq!((read.step, read.notes.len()), (Step::DEFAULT, 0));
    }

    #[test]
    fn time_before_single_rounds_is_left_out_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), &[Some(0); 40]);
        let read = read(&store, &series(), START, START + 99_000, 5).unwrap();
        assert_eq!(ends(&read.rounds), (31..=40).collect::<Vec<_>>());
        assert!(read.before.is_empty());
        assert!(read.notes[0].contains("10 rounds of 300 s only"), "{:?}", read.notes);
    }

    #[test]
    fn rows_before_the_first_round_are_no_rounds_and_an_outage_is() {
        let folder = tempfile::tempdir().unwrap();
        let few = store(&folder.path().join("few"), &[Some(0), None, Some(0)]);
        let all = read(&few, &series(), START - 90_000, START + 9000, 5).unwrap();
        assert_eq!((all.before.len(), ends(&all.rounds)), (0, vec![1, 2, 3]));
        let outage = [vec![Some(0); 3], vec![None; 23], vec![Some(0)]].concat();
        let outage = store(&folder.path().join("outage"), &outage);
        let all = read(&outage, &series(), START - 90_000, START + 90_000, 5).unwrap();
        assert_eq!(ends(&all.rounds), (18..=27).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_not_stored_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), &[Some(0); 3]);
        let error = read(&store, &"A.C".parse().unwrap(), START, START + 900, 1).unwrap_err();
        assert_eq!(error.to_string(), "nothing is stored of A.C");
        let later = read(&store, &series(), START + 9000, START + 19_000, 1).unwrap();
        assert!(later.rounds.is_empty());
        assert!(later.notes[0].contains("between these times"), "{:?}", later.notes);
    }
}
