//! Ten thousand kills of a process that appends rounds, with a look at every file after each.
//!
//! `cargo bench -p smokeprobe-benches --bench store_kill [-- KILLS]`. Nothing is timed: the figure is how many kills
//! left a torn, shifted or missing row. It takes some minutes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use smokeprobe_core::{Measured, Round, RoundResult, Rtt, Slot, Step, WallTime};
use smokeprobe_store::{Archive, Consolidation, Query, RrdStore, RrdStoreConfig, Store};

const NAMES: [&str; 5] = ["A.B", "A.C", "A.D~slave", "E", "F"];
const START: i64 = 1_700_000_100;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "--child") {
        return append_until_killed(Path::new(&arguments[place + 1]));
    }
    let kills = arguments[1..].iter().find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    // In memory: a kill leaves what is in memory, and syncing a disk would only take time.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
    let (mut completed, mut bad) = (-1, 0);
    for kill in 1..=kills {
        let mut child = Command::new(std::env::current_exe().expect("the path of this program"))
            .args(["--child".as_ref(), folder.path().as_os_str()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("a second process");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let number = |line: String| line.parse::<i64>().ok();
        let seen = lines.by_ref().map_while(number).take((kill * 7_919 % 61) as usize).last();
        child.kill().expect("our own child");
        child.wait().expect("our own child");
        completed = completed.max(lines.filter_map(number).last().or(seen).unwrap_or(-1));
        bad += i64::from(!whole(folder.path(), completed));
        if kill % 1_000 == 0 {
            println!("{kill} kills, {} rounds, {bad} times something was wrong", completed + 1);
        }
    }
    println!("{kills} kills, {} rounds appended: {bad} left a torn, shifted or missing row", completed + 1);
    assert_eq!(bad, 0);
}

fn append_until_killed(datadir: &Path) {
    let store = open(datadir);
    let last = store.catalog().expect("a readable folder").into_iter().filter_map(|meta| meta.last).min();
    let turn = last.map_or(0, |last| (last - START) / 300);
    let mut output = std::io::stdout();
    for number in turn.max(0) * NAMES.len() as i64.. {
        store.append(&round(number)).expect("room");
        if number % 13 == 0 {
            store.sync().expect("room");
        }
        if writeln!(output, "{number}").and_then(|()| output.flush()).is_err() {
            return;
        }
    }
}

/// Whether every row of the finest archive, and every mean of four of them, is what was appended.
fn whole(datadir: &Path, completed: i64) -> bool {
    let store = open(datadir);
    let names = NAMES.len() as i64;
    (0..names.min(completed + 1)).all(|place| {
        let last_turn = (completed - place) / names;
        let end = START + 300 * last_turn;
        let query = |rows: i64| Query {
            series: NAMES[place as usize].parse().expect("a valid name"),
            from: (end - rows * 300).max(START - 300),
            to: end,
            consolidation: Consolidation::Average,
            max_points: 1_000,
        };
        let loss = |turn: i64| (turn * names + place) % 3;
        // A hundred rows back is further than the finest archive reaches.
        let (Ok(fine), Ok(coarse)) = (store.query(&query(40)), store.query(&query(100))) else {
            return false;
        };
        let turn_of = |end: i64| (end - START) / 300;
        let fine_is_whole = (0..fine.rows())
            .all(|row| fine.loss[row].to_bits() == (loss(turn_of(fine.end_of(row))) as f64).to_bits())
            && fine.end_of(fine.rows() - 1) == end;
        let coarse_is_whole = (last_turn < 100 || coarse.step == 1200)
            && (coarse.step == 300
                || (0..coarse.rows()).all(|row| {
                    let last = turn_of(coarse.end_of(row));
                    let sum: i64 = (last - 3..=last).map(loss).sum();
                    last < 3 || (coarse.loss[row] - sum as f64 / 4.0).abs() < 1e-12
                }));
        fine_is_whole && coarse_is_whole && store.incidents().is_empty()
    })
}

fn open(datadir: &Path) -> RrdStore {
    let archive = |consolidation, steps, rows| Archive { consolidation, xff: 0.5, steps, rows };
    let archives = vec![
        archive(Consolidation::Average, 1, 60),
        archive(Consolidation::Average, 4, 40),
        archive(Consolidation::Min, 4, 40),
        archive(Consolidation::Max, 4, 40),
        archive(Consolidation::Average, 12, 20),
        archive(Consolidation::Max, 12, 20),
        archive(Consolidation::Min, 12, 20),
    ];
    let config = RrdStoreConfig::new(datadir, archives);
    RrdStore::open(RrdStoreConfig { pending_bytes: 100_000, journal_bytes: 150_000, ..config }).expect("a store")
}

/// Round `number` of all; the series take turns.
fn round(number: i64) -> Round {
    let names = NAMES.len() as i64;
    let rtts = (0..18).map(|ping| Rtt::from_nanos(1_000_000 + number as u64 * 1_000 + ping));
    Round {
        series: NAMES[(number % names) as usize].parse().expect("a valid name"),
        slot: Slot::ending_at(START + 300 * (number / names), Step::DEFAULT),
        pings: 20,
        started: WallTime::EPOCH,
        result: RoundResult::Measured(Measured::from_samples(rtts, number as u32 % 3)),
    }
}
