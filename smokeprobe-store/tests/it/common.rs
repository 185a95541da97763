//! What the tests of the store share.

use std::path::Path;
use std::process::Command;

use smokeprobe_core::{Measured, Round, RoundResult, Rtt, SeriesId, Slot, Step, UnknownReason, WallTime};
use smokeprobe_store::{Archive, Consolidation, Query, RrdStore, RrdStoreConfig};

/// The archives of SmokePing's Debian package, with fewer rows.
pub(crate) fn small_archives() -> Vec<Archive> {
    let archive = |consolidation, steps, rows| Archive { consolidation, xff: 0.5, steps, rows };
    vec![
        archive(Consolidation::Average, 1, 60),
        archive(Consolidation::Average, 4, 40),
        archive(Consolidation::Min, 4, 40),
        archive(Consolidation::Max, 4, 40),
        archive(Consolidation::Average, 12, 20),
        archive(Consolidation::Max, 12, 20),
        archive(Consolidation::Min, 12, 20),
    ]
}

pub(crate) fn series(name: &str) -> SeriesId {
    name.parse().unwrap()
}

/// A round with answers after these milliseconds and the rest lost.
pub(crate) fn measured(series: &SeriesId, slot: Slot, pings: u32, millis: &[f64]) -> Round {
    let rtts = millis.iter().map(|ms| Rtt::from_nanos((ms * 1e6) as u64));
    let measured = Measured::from_samples(rtts, pings - millis.len() as u32);
    Round {
        series: series.clone(),
        slot,
        pings,
        started: WallTime::from_unix_secs(slot.start()),
        result: RoundResult::Measured(measured),
    }
}

pub(crate) fn unknown(series: &SeriesId, slot: Slot, pings: u32) -> Round {
    Round {
        series: series.clone(),
        slot,
        pings,
        started: WallTime::from_unix_secs(slot.start()),
        result: RoundResult::Unknown(UnknownReason::NotResolved),
    }
}

pub(crate) fn step(secs: u32) -> Step {
    Step::from_secs(secs).unwrap()
}

pub(crate) fn slot(end: i64, secs: u32) -> Slot {
    Slot::ending_at(end, step(secs))
}

pub(crate) fn open(datadir: &Path) -> RrdStore {
    RrdStore::open(RrdStoreConfig::new(datadir, small_archives())).unwrap()
}

pub(crate) fn query(series: &SeriesId, from: i64, to: i64) -> Query {
    Query { series: series.clone(), from, to, consolidation: Consolidation::Average, max_points: 10_000 }
}

/// Runs `rrdtool` and returns what it prints.
pub(crate) fn rrdtool(arguments: &[&str]) -> String {
    let output = Command::new("rrdtool")
        .args(arguments)
        .env("TZ", "UTC")
        .env("LC_ALL", "C")
        .output()
        .expect("this test needs rrdtool: apt-get install rrdtool");
    assert!(output.status.success(), "rrdtool {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The rows that `rrdtool fetch` prints: the end of each, and its values.
pub(crate) fn rrdtool_fetch(path: &Path, cf: &str, resolution: i64, from: i64, to: i64) -> Vec<(i64, Vec<f64>)> {
    let (from, to, resolution) = (from.to_string(), to.to_string(), resolution.to_string());
    let text = rrdtool(&["fetch", path.to_str().unwrap(), cf, "-r", &resolution, "-s", &from, "-e", &to]);
    text.lines()
        .filter_map(|line| {
            let (time, values) = line.split_once(':')?;
            let values = values.split_whitespace().map(|value| value.trim_start_matches('-').parse().unwrap());
            Some((time.trim().parse().ok()?, values.collect()))
        })
        .collect()
}
