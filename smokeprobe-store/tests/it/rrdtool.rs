//! Our files and theirs: `rrdtool` reads what we write, and we continue what SmokePing has written.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use smokeprobe_store::{Appended, Consolidation, Query, Store};

use crate::common::{measured, open, query, rrdtool, rrdtool_fetch, series, slot, small_archives, step, unknown};

const START: i64 = 1_700_000_100;

/// The arguments that SmokePing gives to `rrdtool create`.
fn smokeping_create(path: &std::path::Path, start: i64, secs: u32, pings: u32) {
    let (start, secs, beat) = (start.to_string(), secs.to_string(), secs * 2);
    let path = path.to_str().unwrap().to_owned();
    let mut arguments = vec!["create".to_owned(), path, "--start".into(), start, "--step".into(), secs];
    arguments.push(format!("DS:uptime:GAUGE:{beat}:0:U"));
    arguments.push(format!("DS:loss:GAUGE:{beat}:0:{pings}"));
    arguments.push(format!("DS:median:GAUGE:{beat}:0:U"));
    arguments.extend((1..=pings).map(|ping| format!("DS:ping{ping}:GAUGE:{beat}:0:U")));
    arguments.extend(small_archives().iter().map(|archive| {
        let cf = match archive.consolidation {
            Consolidation::Average => "AVERAGE",
            Consolidation::Min => "MIN",
            Consolidation::Max => "MAX",
        };
        format!("RRA:{cf}:{}:{}:{}", archive.xff, archive.steps, archive.rows)
    }));
    rrdtool(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
}

/// Without the file's name and the places at which the rings begin, which RRDtool draws by lot.
fn info(path: &std::path::Path) -> String {
    let text = rrdtool(&["info", path.to_str().unwrap()]);
    let kept = |line: &&str| !line.starts_with("filename") && !line.contains(".cur_row");
    text.replace("-nan", "NaN").lines().filter(kept).collect::<Vec<_>>().join("\n")
}

#[test]
fn info_of_a_prepared_file_agrees_with_one_that_smokeping_creates() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let series = series("Storage.BeijingS3~slave.example");
    assert!(store.prepare(&series, step(300), 20).unwrap());
    assert!(!store.prepare(&series, step(300), 20).unwrap());
    let ours = folder.path().join("Storage/BeijingS3~slave.example.rrd");
    assert_eq!(store.path_of(&series), ours);
    let start: i64 = rrdtool(&["last", ours.to_str().unwrap()]).trim().parse().unwrap();
    let theirs = folder.path().join("theirs.rrd");
    smokeping_create(&theirs, start, 300, 20);
    assert_eq!(info(&ours), info(&theirs));
}

#[test]
fn one_round_is_one_row_bit_for_bit_and_rrdtool_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let series = series("A.B");
    let millis = [10.123_457, 11.0, 12.5, 13.25];
    assert_eq!(store.append(&measured(&series, slot(START, 300), 5, &millis)).unwrap(), Appended::Stored);
    assert_eq!(store.append(&measured(&series, slot(START + 300, 300), 5, &[1.0; 5])).unwrap(), Appended::Stored);
    assert_eq!(store.append(&measured(&series, slot(START + 300, 300), 5, &[])).unwrap(), Appended::Duplicate);
    assert_eq!(store.append(&measured(&series, slot(START, 300), 5, &[])).unwrap(), Appended::TooOld);
    // Two slots without a round, one that could not be measured, and one all lost.
    assert_eq!(store.append(&unknown(&series, slot(START + 1200, 300), 5)).unwrap(), Appended::Stored);
    assert_eq!(store.append(&measured(&series, slot(START + 1500, 300), 5, &[])).unwrap(), Appended::Stored);
    let before = store.query(&query(&series, START - 300, START + 1500)).unwrap();
    store.sync().unwrap();
    let frame = store.query(&query(&series, START - 300, START + 1500)).unwrap();
    let text = |frame: &smokeprobe_store::Frame| format!("{frame:?}");
    assert_eq!(text(&before), text(&frame), "a query sees the same before and after the rows are in their file");
    assert_eq!((frame.start, frame.step, frame.pings, frame.rows()), (START, 300, 5, 6));
    let shown = |column: &[f64]| column.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(shown(&frame.loss), "1 0 NaN NaN NaN 5");
    assert_eq!(shown(&frame.median), "0.0125 0.001 NaN NaN NaN NaN");
    assert_eq!(shown(&frame.samples[0]), "0.010123457 0.001 NaN NaN NaN NaN");
    assert_eq!(shown(&frame.samples[4]), "NaN 0.001 NaN NaN NaN NaN");

    let rows = rrdtool_fetch(&store.path_of(&series), "AVERAGE", 300, START - 300, START + 1499);
    let times: Vec<i64> = rows.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [START, START + 300, START + 600, START + 900, START + 1200, START + 1500]);
    let losses: Vec<f64> = rows.iter().map(|(_, values)| values[1]).collect();
    assert_eq!(shown(&losses), "1 0 NaN NaN NaN 5");
    assert!((rows[0].1[3] - 0.010_123_457).abs() < 1e-12);
}

#[test]
fn file_that_smokeping_left_is_continued_and_smokeping_continues_ours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Old.rrd");
    smokeping_create(&path, START - 4000, 300, 3);
    let name = path.to_str().unwrap();
    for second in (START - 3900..START).step_by(300) {
        rrdtool(&["update", name, &format!("{}:U:0:2e-2:1e-2:2e-2:3e-2", second + 17)]);
    }
    let store = open(folder.path());
    let series = series("Old");
    // SmokePing was here 17 s into the slot of the first round.
    let first = START + 300;
    assert_eq!(rrdtool(&["last", name]).trim().parse::<i64>().unwrap(), START - 283);
    assert_eq!(store.append(&measured(&series, slot(START, 300), 3, &[5.0, 6.0])).unwrap(), Appended::Stored);
    store.append(&measured(&series, slot(first, 300), 3, &[5.0, 6.0, 7.0])).unwrap();
    store.sync().unwrap();
    let frame = store.query(&query(&series, START - 900, first)).unwrap();
    let shown = |column: &[f64]| column.iter().map(|v| format!("{v:.4}")).collect::<Vec<_>>().join(" ");
    assert_eq!(shown(&frame.loss), "0.0000 0.0000 1.0000 0.0000");
    assert_eq!(shown(&frame.median), "0.0200 0.0200 0.0060 0.0060");
    // And SmokePing again.
    rrdtool(&["update", name, &format!("{}:U:0:4e-2:4e-2:4e-2:4e-2", first + 300)]);
    let frame = store.query(&query(&series, first, first + 300)).unwrap();
    assert_eq!(shown(&frame.median), "0.0400");
    assert!(store.incidents().is_empty(), "{:?}", store.incidents());
}

#[test]
fn rows_and_their_times_are_those_of_rrdtool_fetch_in_every_range_and_resolution() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let series = series("A");
    let mut end = START;
    for round in 0..300_u32 {
        end += if round % 37 == 0 { 1500 } else { 300 };
        let millis = [f64::from(round % 7), f64::from(round % 11) + 8.0, 20.0 + f64::from(round % 3)];
        store.append(&measured(&series, slot(end, 300), 3, &millis[..(round % 4) as usize])).unwrap();
    }
    store.sync().unwrap();
    let path = store.path_of(&series);
    let mut runner = TestRunner::new(Config { cases: 120, failure_persistence: None, ..Config::default() });
    let cf = prop_oneof![Just(Consolidation::Average), Just(Consolidation::Min), Just(Consolidation::Max)];
    runner
        .run(&(0..120_000_i64, 1..90_000_i64, cf), |(back, length, consolidation)| {
            let (from, to) = (end - back, end - back + length);
            let query = Query { series: series.clone(), from, to, consolidation, max_points: 10_000 };
            let frame = store.query(&query).unwrap();
            // The finest archive has means only, which are all consolidations of one step.
            let cf = match consolidation {
                _ if frame.step == 300 => "AVERAGE",
                Consolidation::Average => "AVERAGE",
                Consolidation::Min => "MIN",
                Consolidation::Max => "MAX",
            };
            let theirs = rrdtool_fetch(&path, cf, i64::from(frame.step), from, to);
            let mut compared = 0;
            for row in 0..frame.rows() {
                let (time, values) = theirs.iter().find(|(time, _)| *time == frame.end_of(row)).unwrap();
                prop_assert!(*time > from && *time - i64::from(frame.step) < to);
                let ours = [frame.uptime[row], frame.loss[row], frame.median[row]];
                let ours = ours.into_iter().chain(frame.samples.iter().map(|column| column[row]));
                for (ours, theirs) in ours.zip(values) {
                    // They print ten digits.
                    let same = (ours.is_nan() && theirs.is_nan()) || (ours - theirs).abs() <= theirs.abs() * 1e-9;
                    prop_assert!(same, "{ours} {theirs} at {time}");
                    compared += 1;
                }
            }
            // What is left out has nothing to say.
            for (time, values) in theirs {
                let in_range = time > from && time - i64::from(frame.step) < to;
                let ours = (0..frame.rows()).any(|row| frame.end_of(row) == time);
                prop_assert!(!in_range || ours || values.iter().all(|value| value.is_nan()), "{time} is missing");
            }
            prop_assert!(compared > 0 || from >= end || frame.rows() == 0);
            Ok(())
        })
        .unwrap();
}

#[test]
fn absurd_ranges_cost_no_more_than_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let series = series("A");
    for round in 0..30 {
        store.append(&measured(&series, slot(START + 300 * round, 300), 3, &[1.0])).unwrap();
    }
    for (from, to) in [(i64::MIN, i64::MAX), (0, 31_000_000_000), (i64::MAX - 1, i64::MAX), (i64::MIN, i64::MIN + 1)] {
        for max_points in [1, 2, 7, usize::MAX] {
            let frame = store.query(&Query { max_points, ..query(&series, from, to) }).unwrap();
            assert!(frame.rows() <= max_points.min(60), "{from} {to} {max_points}");
        }
    }
    assert_eq!(store.query(&query(&series, START + 9000, START)).unwrap().rows(), 0);
    assert!(store.query(&query(&crate::common::series("None"), 0, 1)).is_err());
}

#[test]
fn young_series_is_seen_at_every_resolution_before_a_coarse_row_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let series = series("A");
    // Two rounds: the row of four steps that they belong to is not complete.
    let begun = (START / 1200 + 1) * 1200;
    let last = begun + 600;
    for end in [begun + 300, last] {
        store.append(&measured(&series, slot(end, 300), 3, &[1.0])).unwrap();
    }
    let frame = store.query(&Query { max_points: 20, ..query(&series, last - 40 * 300, last) }).unwrap();
    assert!(frame.rows() <= 20);
    assert!(frame.median.last().is_some_and(|median| (median - 0.001).abs() < 1e-12), "{:?}", frame.median);
}
