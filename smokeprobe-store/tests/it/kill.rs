//! A real process, killed while it appends.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use smokeprobe_core::{Measured, Round, RoundResult, Rtt, WallTime};
use smokeprobe_store::{Appended, RrdStore, RrdStoreConfig, Store};

use crate::common::{query, series, slot, small_archives};

const KILLS: u64 = 250;
const NAMES: [&str; 3] = ["A.B", "A.C~slave", "D"];
const START: i64 = 1_700_000_100;
const FOLDER: &str = "SMOKEPROBE_TEST_FOLDER";

fn config(datadir: &Path) -> RrdStoreConfig {
    // Small bounds, so that files are written and the journal begun anew many times.
    RrdStoreConfig { pending_bytes: 100_000, journal_bytes: 150_000, ..RrdStoreConfig::new(datadir, small_archives()) }
}

/// Round `number` of all; the series take turns.
fn round(number: i64) -> Round {
    let turn = number / NAMES.len() as i64;
    let rtts = (0..20 - number as u64 % 3).map(|ping| Rtt::from_nanos(1_000_000 + number as u64 * 1_000 + ping));
    Round {
        series: series(NAMES[(number % NAMES.len() as i64) as usize]),
        slot: slot(START + 300 * turn, 300),
        pings: 20,
        started: WallTime::EPOCH,
        result: RoundResult::Measured(Measured::from_samples(rtts, number as u32 % 3)),
    }
}

/// The first round that is not kept.
fn next(store: &RrdStore) -> i64 {
    let last = |name: &str| store.catalog().unwrap().into_iter().find(|meta| meta.series == series(name));
    let turn = last(NAMES[0]).map_or(0, |meta| (meta.last.unwrap() - START) / 300 + 1);
    // Of the present turn, those that come later may be there or not.
    (turn - 1).max(0) * NAMES.len() as i64
}

/// A folder without a disk below it: a kill leaves what is in memory, and syncing would only take time.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

#[test]
#[ignore = "the process that the next test kills"]
fn appending_process() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let store = RrdStore::open(config(Path::new(&folder))).unwrap();
    let mut output = std::io::stdout();
    for number in next(&store).. {
        store.append(&round(number)).unwrap();
        if number % 11 == 0 {
            store.sync().unwrap();
        }
        // Written at once: the harness does not capture it.
        if writeln!(output, "appended {number}").and_then(|()| output.flush()).is_err() {
            return;
        }
    }
}

#[test]
fn killed_process_leaves_every_appended_round_and_no_torn_row() {
    let folder = in_memory();
    let mut completed = -1;
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "kill::appending_process", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let numbers = lines.by_ref().filter_map(|line| line.strip_prefix("appended ")?.parse::<i64>().ok());
        // Some are killed while they open and replay, most while they append.
        let lives = (kill * 7919 % 37) as usize;
        let mut seen = numbers.take(lives).last();
        child.kill().unwrap();
        child.wait().unwrap();
        seen = lines.filter_map(|line| line.strip_prefix("appended ")?.parse().ok()).last().or(seen);
        completed = completed.max(seen.unwrap_or(-1));

        let store = RrdStore::open(config(folder.path())).unwrap();
        assert!(store.incidents().is_empty(), "kill {kill}: {:?}", store.incidents());
        for (number, name) in (0..=completed).rev().zip(0..30).map(|(number, _)| (number, NAMES[number as usize % 3])) {
            let round = round(number);
            let frame = store.query(&query(&series(name), round.slot.start(), round.slot.end())).unwrap();
            let measured = round.measured().unwrap();
            assert_eq!(frame.loss, [f64::from(measured.lost())], "kill {kill}, round {number}");
            let median = measured.median().unwrap().as_secs_f64();
            assert_eq!(frame.median, [median], "kill {kill}, round {number}");
        }
    }
    assert!(completed > 500, "only {completed} rounds in {KILLS} lives");

    // What was killed so often is, to the last byte, what was never killed.
    let store = RrdStore::open(config(folder.path())).unwrap();
    for number in next(&store)..completed + 9 {
        store.append(&round(number)).unwrap();
    }
    drop(store);
    let quiet = in_memory();
    let reference = RrdStore::open(config(quiet.path())).unwrap();
    for number in 0..completed + 9 {
        assert_eq!(reference.append(&round(number)).unwrap(), Appended::Stored);
    }
    reference.sync().unwrap();
    let store = RrdStore::open(config(folder.path())).unwrap();
    for name in NAMES {
        let read = |store: &RrdStore| std::fs::read(store.path_of(&series(name))).unwrap();
        assert!(read(&store) == read(&reference), "{name} differs from a file that was never killed");
    }
}
