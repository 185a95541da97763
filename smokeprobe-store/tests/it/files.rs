//! Files that are damaged, of another layout, or in the hands of another process.

use std::path::Path;
use std::sync::Arc;

use smokeprobe_core::sim::ManualClock;
use smokeprobe_core::{SeriesId, WallTime};
use smokeprobe_store::rrd::IncidentKind;
use smokeprobe_store::{Appended, Archive, Consolidation, Frame, RrdStore, RrdStoreConfig, Store, StoreError};

use crate::common::{measured, open, query, rrdtool, series, slot, small_archives, step, unknown};

const START: i64 = 1_700_002_800;

/// Rounds of two losses of 20, every ping an RTT of its own.
fn fill(store: &RrdStore, series: &SeriesId, rounds: i64) -> Vec<f64> {
    let millis: Vec<f64> = (1..=18).map(f64::from).collect();
    for round in 0..rounds {
        store.append(&measured(series, slot(START + 300 * round, 300), 20, &millis)).unwrap();
    }
    store.sync().unwrap();
    millis
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

fn shown(column: &[f64]) -> String {
    column.iter().map(|value| format!("{value:.4}")).collect::<Vec<_>>().join(" ")
}

/// The rows of the last `back` seconds before `to`.
fn frame(store: &RrdStore, series: &SeriesId, back: i64, to: i64) -> Frame {
    store.query(&query(series, to - back, to)).unwrap()
}

#[test]
fn file_cut_off_at_any_byte_is_damaged_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let series = series("A");
    let store = open(folder.path());
    store.append(&measured(&series, slot(START, 300), 3, &[1.0])).unwrap();
    store.sync().unwrap();
    let path = store.path_of(&series);
    let whole = std::fs::read(&path).unwrap();
    // Every byte of the header's beginning, then every seventh.
    for len in (0..600).chain((600..whole.len()).step_by(7)).chain([whole.len() - 1]) {
        std::fs::write(&path, &whole[..len]).unwrap();
        match store.query(&query(&series, START - 300, START)) {
            Err(StoreError::Damaged { reason, .. }) => assert!(!reason.is_empty()),
            other => panic!("cut to {len} bytes: {other:?}"),
        }
        assert!(store.catalog().unwrap().is_empty(), "cut to {len} bytes");
    }
}

#[test]
fn forged_headers_are_damaged_and_take_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let series = series("A");
    let store = open(folder.path());
    store.append(&measured(&series, slot(START, 300), 3, &[1.0])).unwrap();
    store.sync().unwrap();
    let path = store.path_of(&series);
    let whole = std::fs::read(&path).unwrap();
    let live = 128 + 120 * 6 + 120 * 7;
    let rra_ptr = live + 16 + 112 * 6 + 80 * 6 * 7;
    let huge = u64::MAX.to_le_bytes();
    let forged: [(usize, &[u8], &str); 12] = [
        (0, b"PNG", "not an RRD file"),
        (4, b"0009", "version"),
        (16, &8.642_135E130_f64.to_be_bytes(), "architecture"),
        (24, &huge, "data sources"),
        (32, &huge, "archives"),
        (40, &[0; 8], "step"),
        (128 + 20, b"COUNTER", "COUNTER"),
        (128 + 120 * 6, b"HWPREDICT", "HWPREDICT"),
        (128 + 120 * 6 + 24, &huge, "rows"),
        (128 + 120 * 6 + 40, &f64::NAN.to_le_bytes(), "unknown steps"),
        (live, &huge, "updated"),
        (rra_ptr, &[60, 0], "row"),
    ];
    for (at, bytes, word) in forged {
        let mut file = whole.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        std::fs::write(&path, &file).unwrap();
        match store.query(&query(&series, START - 300, START)) {
            Err(StoreError::Damaged { reason, .. }) => assert!(reason.contains(word), "{reason} lacks {word}"),
            other => panic!("{word}: {other:?}"),
        }
    }
}

#[test]
fn damaged_file_is_set_aside_reported_and_replaced_and_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (bad, good) = (series("S.Bad"), series("S.Good"));
    std::fs::create_dir(folder.path().join("S")).unwrap();
    std::fs::write(folder.path().join("S/Bad.rrd"), b"RRD\x000003\0 and no more").unwrap();
    let store = open(folder.path());
    for series in [&bad, &good] {
        assert_eq!(store.append(&measured(series, slot(START, 300), 3, &[1.0])).unwrap(), Appended::Stored);
    }
    store.sync().unwrap();
    for series in [&bad, &good] {
        assert_eq!(shown(&frame(&store, series, 300, START).loss), "2.0000");
    }
    let incidents = store.incidents();
    assert_eq!(incidents.len(), 1, "{incidents:?}");
    assert_eq!((incidents[0].kind, &incidents[0].path), (IncidentKind::SetAside, &store.path_of(&bad)));
    let names = names(&folder.path().join("S"));
    assert!(names.len() == 3 && names[1].starts_with("Bad.rrd.damaged-20"), "{names:?}");
    let ids: Vec<SeriesId> = store.catalog().unwrap().into_iter().map(|meta| meta.series).collect();
    assert_eq!(ids, [bad, good], "what is set aside is no series");
}

#[test]
fn rrd_file_of_something_else_is_kept_beside_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Load.rrd");
    rrdtool(&[
        "create",
        path.to_str().unwrap(),
        "--start",
        "1000000000",
        "DS:load:GAUGE:600:0:U",
        "RRA:AVERAGE:0.5:1:10",
    ]);
    let store = open(folder.path());
    assert!(store.catalog().unwrap().is_empty(), "it is no series");
    let round = measured(&series("Load"), slot(START, 300), 3, &[1.0]);
    assert_eq!(store.append(&round).unwrap(), Appended::Stored);
    assert_eq!(shown(&frame(&store, &series("Load"), 300, START).loss), "2.0000");
    assert!(names(folder.path())[1].starts_with("Load.rrd.bak-20"));
}

#[test]
fn other_pings_keep_the_share_of_loss_and_the_quantiles() {
    let folder = tempfile::tempdir().unwrap();
    // 2023-11-14, all day.
    let clock = Arc::new(ManualClock::new(WallTime::from_unix_secs(START)));
    let store =
        RrdStore::open(RrdStoreConfig { clock, ..RrdStoreConfig::new(folder.path(), small_archives()) }).unwrap();
    let series = series("A");
    fill(&store, &series, 40);
    let end = START + 300 * 40;
    store.append(&measured(&series, slot(end, 300), 10, &[2.0; 10])).unwrap();
    let frame = frame(&store, &series, 600, end);
    assert_eq!((frame.pings, shown(&frame.loss)), (10, "1.0000 0.0000".to_owned()));
    assert_eq!(shown(&frame.median), "0.0100 0.0020");
    // Nine answers where there were 18: the least and the greatest stay, and one of ten is lost.
    let row: Vec<f64> = frame.samples.iter().map(|column| column[0]).collect();
    assert_eq!(shown(&row), "0.0010 0.0031 0.0052 0.0074 0.0095 0.0116 0.0138 0.0159 0.0180 NaN");
    assert_eq!(store.incidents()[0].kind, IncidentKind::Converted);
    // And once more on the same day.
    store.append(&measured(&series, slot(end + 300, 300), 20, &[2.0; 20])).unwrap();
    let kept = names(folder.path());
    assert_eq!(kept.len(), 3, "{kept:?}");
    assert!(kept[2].ends_with("-2023-11-14-2"), "{kept:?}");
    rrdtool(&["info", folder.path().join(&kept[1]).to_str().unwrap()]);
}

#[test]
fn changed_step_and_archives_keep_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let series = series("A");
    let store = open(folder.path());
    fill(&store, &series, 55);
    let last = START + 300 * 54;
    let before = frame(&store, &series, 300 * 50, last);
    drop(store);
    // More rows, and a coarse archive of another length: rows of the same step are taken over bit for bit.
    let mut archives = small_archives();
    archives[0].rows = 100;
    archives[4].steps = 6;
    let store = RrdStore::open(RrdStoreConfig::new(folder.path(), archives.clone())).unwrap();
    store.append(&measured(&series, slot(last + 300, 300), 20, &[5.0; 20])).unwrap();
    assert_eq!(format!("{:?}", frame(&store, &series, 300 * 50, last)), format!("{before:?}"));
    let coarse = smokeprobe_store::Query { max_points: 9, ..query(&series, last - 300 * 50, last) };
    let coarse = store.query(&coarse).unwrap();
    assert_eq!(coarse.step, 1800);
    assert!(coarse.loss.iter().all(|&loss| (loss - 2.0).abs() < 1e-12), "{:?}", coarse.loss);
    // A step of a minute instead of five: what is known of five minutes is all that is known of each.
    let now = last + 300;
    assert!(store.prepare(&series, step(60), 20).unwrap());
    store.append(&measured(&series, slot(now + 60, 60), 20, &[7.0; 20])).unwrap();
    let fine = store.query(&query(&series, now - 600, now + 60)).unwrap();
    assert_eq!(fine.step, 60);
    assert_eq!(shown(&fine.median), "0.0100 0.0100 0.0100 0.0100 0.0100 0.0050 0.0050 0.0050 0.0050 0.0050 0.0070");
    // And back to five.
    store.append(&measured(&series, slot(now + 600, 300), 20, &[1.0; 20])).unwrap();
    let back = store.query(&query(&series, now - 600, now + 600)).unwrap();
    assert_eq!((back.step, shown(&back.median)), (300, "0.0100 0.0050 NaN 0.0010".to_owned()));
    // rrdtool agrees that it is a file.
    store.sync().unwrap();
    rrdtool(&["info", store.path_of(&series).to_str().unwrap()]);
}

#[test]
fn coarse_row_in_progress_survives_a_conversion() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, converted) = (series("Kept"), series("Converted"));
    let archives = |rows| {
        let archive = |steps, rows| Archive { consolidation: Consolidation::Average, xff: 0.5, steps, rows };
        vec![archive(1, rows), archive(12, 10)]
    };
    let open = |rows| RrdStore::open(RrdStoreConfig::new(folder.path(), archives(rows))).unwrap();
    let append = |store: &RrdStore, series: &SeriesId, round: i64| {
        store.append(&measured(series, slot(START + 300 * round, 300), 3, &[round as f64 + 1.0; 2])).unwrap();
    };
    // The second store converts half way through a row of twelve steps; the first has its archives from the start.
    let store = open(50);
    (0..18).for_each(|round| append(&store, &converted, round));
    drop(store);
    let store = open(60);
    (0..18).for_each(|round| append(&store, &kept, round));
    (18..30).for_each(|round| [&kept, &converted].into_iter().for_each(|series| append(&store, series, round)));
    let coarse = |series| {
        let query = smokeprobe_store::Query { max_points: 4, ..query(series, START, START + 300 * 30) };
        let frame = store.query(&query).unwrap();
        assert_eq!(frame.step, 3600);
        frame.median
    };
    assert_eq!(coarse(&kept), coarse(&converted));
}

#[test]
fn second_store_in_the_same_folder_is_refused_and_reading_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let series = series("A");
    fill(&first, &series, 2);
    let config = || RrdStoreConfig::new(folder.path(), small_archives());
    match RrdStore::open(config()) {
        Err(StoreError::Unusable { reason, .. }) => assert!(reason.contains("another process"), "{reason}"),
        other => panic!("{other:?}"),
    }
    let reader = RrdStore::read_only(folder.path());
    assert_eq!(reader.query(&query(&series, START - 300, START + 300)).unwrap().rows(), 2);
    assert!(reader.append(&unknown(&series, slot(START + 600, 300), 20)).is_err());
    reader.sync().unwrap();
    drop(first);
    open(folder.path());
}

#[test]
fn rounds_of_a_file_that_cannot_be_written_fail_and_nothing_is_lost_when_it_can_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (one, two) = (series("S.One"), series("Two"));
    fill(&store, &one, 1);
    fill(&store, &two, 1);
    // A folder in the way of the file: also root cannot write to that.
    let path = store.path_of(&one);
    let aside = folder.path().join("aside");
    std::fs::rename(&path, &aside).unwrap();
    std::fs::create_dir(&path).unwrap();
    for series in [&one, &two] {
        let round = measured(series, slot(START + 300, 300), 20, &[1.0; 20]);
        assert_eq!(store.append(&round).unwrap(), Appended::Stored, "the journal has it");
    }
    let error = store.sync().unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("One.rrd"), "{error}");
    assert_eq!(shown(&frame(&store, &two, 600, START + 300).loss), "2.0000 0.0000", "others go on");
    // Memory is bounded: appends fail in the end.
    let mut next = 2;
    let error = loop {
        let round = measured(&one, slot(START + 300 * next, 300), 20, &[1.0; 20]);
        match store.append(&round) {
            Ok(appended) => assert_eq!(appended, Appended::Stored),
            Err(error) => break error,
        }
        next += 1;
        assert!(next < 100_000, "memory is not bounded");
    };
    assert!(error.is_transient(), "{error}");
    std::fs::remove_dir(&path).unwrap();
    std::fs::rename(&aside, &path).unwrap();
    store.sync().unwrap();
    let last = START + 300 * (next - 1);
    assert_eq!(shown(&frame(&store, &one, 900, last).loss), "0.0000 0.0000 0.0000");
    assert!(store.incidents().is_empty(), "{:?}", store.incidents());
}

#[test]
fn file_that_another_program_changes_meanwhile_loses_no_round() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let names = ["Updated", "Removed", "Damaged", "Older"];
    let all: Vec<SeriesId> = names.into_iter().map(series).collect();
    for series in &all {
        fill(&store, series, 2);
    }
    let older = std::fs::read(store.path_of(&all[3])).unwrap();
    let next = |store: &RrdStore, round: i64| {
        for series in &all {
            let round = measured(series, slot(START + 300 * round, 300), 20, &[3.0; 20]);
            assert_eq!(store.append(&round).unwrap(), Appended::Stored);
        }
    };
    next(&store, 2);
    store.sync().unwrap();
    next(&store, 4);
    // Before the round of the fifth slot is in its file, SmokePing writes to one, and others come to harm.
    let path = |n: usize| store.path_of(&all[n]);
    let update = format!("{}:U:0:9e-3{}", START + 300 * 3 + 60, ":9e-3".repeat(20));
    rrdtool(&["update", path(0).to_str().unwrap(), &update]);
    std::fs::remove_file(path(1)).unwrap();
    std::fs::write(path(2), b"RRD\x000003\0").unwrap();
    std::fs::write(path(3), older).unwrap();
    store.sync().unwrap();
    let last = START + 300 * 4;
    let medians = |n: usize| shown(&frame(&store, &all[n], 300 * 3, last).median);
    assert_eq!(medians(0), "0.0030 0.0090 0.0030");
    assert_eq!(medians(1), "NaN NaN 0.0030");
    assert_eq!(medians(2), "NaN NaN 0.0030");
    assert_eq!(medians(3), "NaN NaN 0.0030");
    let kinds: Vec<IncidentKind> = store.incidents().iter().map(|incident| incident.kind).collect();
    assert_eq!(kinds, [IncidentKind::SetAside]);
}

#[test]
fn rounds_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let series = series("A");
    let too_many = smokeprobe_core::Round { pings: 3, ..measured(&series, slot(START, 300), 20, &[1.0; 20]) };
    assert!(matches!(store.append(&too_many), Err(StoreError::Mismatch { .. })));
    assert!(matches!(store.append(&unknown(&series, slot(START, 300), 0)), Err(StoreError::Mismatch { .. })));
    assert!(matches!(store.append(&unknown(&series, slot(START, 300), 1 << 20)), Err(StoreError::Mismatch { .. })));
    assert!(names(folder.path()).is_empty());
    let none = RrdStoreConfig::new(folder.path().join("none"), Vec::new());
    assert!(matches!(RrdStore::open(none), Err(StoreError::Unusable { .. })));
}

#[test]
fn other_files_and_links_in_circles_are_no_series() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, &series("S.A~far.example"), 1);
    for name in ["notes.txt", "S/odd.name.rrd", "S/bad name.rrd", "S/A~.rrd", "__sortercache.rrd.tmp"] {
        std::fs::write(folder.path().join(name), b"RRD\0").unwrap();
    }
    std::os::unix::fs::symlink(folder.path(), folder.path().join("S/again")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join("S/A~far.example.rrd"), elsewhere.path().join("B.rrd")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("Linked")).unwrap();
    let ids: Vec<String> = store.catalog().unwrap().into_iter().map(|meta| meta.series.to_string()).collect();
    assert_eq!(ids, ["Linked.B", "S.A~far.example"]);
}
