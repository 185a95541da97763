//! Kills and power cuts at every call that changes the disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use smokeprobe_core::{Measured, Round, RoundResult, Rtt, SeriesId, Slot, Step, WallTime};

use crate::rrd::disk::sim::SimDisk;
use crate::rrd::layout::{Archive, Layout, f64_at};
use crate::rrd::live::Live;
use crate::rrd::{RrdStore, RrdStoreConfig};
use crate::store::{Appended, Consolidation, Store};

const DATADIR: &str = "/data";
const SERIES: [&str; 2] = ["A.B", "C"];
const ROUNDS: i64 = 22;

/// Small rings that go round, and a header of several pages: 3 + 40 sources × 4 archives.
fn config() -> RrdStoreConfig {
    let archive = |consolidation, steps, rows| Archive { consolidation, xff: 0.5, steps, rows };
    let archives = vec![
        archive(Consolidation::Average, 1, 8),
        archive(Consolidation::Average, 2, 5),
        archive(Consolidation::Max, 3, 3),
        archive(Consolidation::Min, 3, 3),
    ];
    RrdStoreConfig { pending_bytes: 60_000, journal_bytes: 40_000, ..RrdStoreConfig::new(DATADIR, archives) }
}

fn round(number: i64) -> Round {
    let series = SERIES[(number % 2) as usize].parse().unwrap();
    // Slots are skipped now and then; each series has every other round.
    let end = 1_000_000_020 + 20 * (number / 2 + number / 9);
    let rtts = (0..30 + number as u64 % 9).map(|ping| Rtt::from_nanos(1_000 * (ping + 1) + number as u64));
    let measured = Measured::from_samples(rtts, 2);
    Round {
        series,
        slot: Slot::ending_at(end, Step::from_secs(20).unwrap()),
        pings: 40,
        started: WallTime::EPOCH,
        result: RoundResult::Measured(measured),
    }
}

/// Everything that a file says, as bits.
type Contents = (i64, Vec<u32>, Vec<(u64, u64)>, Vec<u64>);

fn contents(disk: &SimDisk, path: &Path) -> Option<Contents> {
    let bytes = disk.read(path)?;
    let layout = Layout::parse(&bytes, bytes.len() as u64).ok()?;
    let live = Live::parse(&layout, &bytes[layout.live_at()..]).ok()?;
    let bits = |value: f64| if value.is_nan() { u64::MAX } else { value.to_bits() };
    let rows = bytes[layout.rows_at[0] as usize..].chunks_exact(8).map(|b| bits(f64_at(b, 0))).collect();
    let cdp = live.cdp.iter().map(|cdp| (bits(cdp.value), cdp.unknown)).collect();
    Some((live.updated.secs, live.cur_row, cdp, rows))
}

/// What each file says after each number of its rounds, when nothing goes wrong.
fn expected() -> BTreeMap<SeriesId, Vec<Option<Contents>>> {
    let disk = SimDisk::default();
    let store = RrdStore::open_on(Arc::new(disk.clone()), config()).unwrap();
    let mut all: BTreeMap<SeriesId, Vec<Option<Contents>>> = BTreeMap::new();
    for name in SERIES {
        all.insert(name.parse().unwrap(), vec![None]);
    }
    for number in 0..ROUNDS {
        let round = round(number);
        assert_eq!(store.append(&round).unwrap(), Appended::Stored);
        store.sync().unwrap();
        let contents = contents(&disk, &store.path_of(&round.series));
        assert!(contents.is_some());
        all.get_mut(&round.series).unwrap().push(contents);
    }
    all
}

/// How many rounds of each series were appended, and how many of these were synced.
#[derive(Debug, Clone, Default)]
struct Progress(BTreeMap<SeriesId, (usize, usize)>);

/// Appends from where `progress` says until the disk dies; syncs now and then.
fn run(disk: &SimDisk, progress: &mut Progress) -> bool {
    let Ok(store) = RrdStore::open_on(Arc::new(disk.clone()), config()) else {
        return false;
    };
    let mut done = true;
    for number in 0..ROUNDS {
        let round = round(number);
        let (appended, _) = progress.0.entry(round.series.clone()).or_default();
        if number / 2 < *appended as i64 {
            continue;
        }
        match store.append(&round) {
            Ok(Appended::Stored) => *appended += 1,
            Ok(other) => panic!("round {number} is {other:?}"),
            Err(_) => {
                done = false;
                break;
            }
        }
        if number % 5 == 4 {
            if store.sync().is_err() {
                done = false;
                break;
            }
            for (appended, synced) in progress.0.values_mut() {
                *synced = *appended;
            }
        }
    }
    // A process that is killed does not tidy up.
    std::mem::forget(store);
    done
}

/// Opens what is left, and finds for each series how many rounds it has: between `least` and `most` of them.
fn check(disk: &SimDisk, all: &BTreeMap<SeriesId, Vec<Option<Contents>>>, bounds: &Progress, what: &str) -> Progress {
    let store = RrdStore::open_on(Arc::new(disk.clone()), config()).unwrap();
    let mut found = Progress::default();
    for (series, expected) in all {
        let (most, least) = bounds.0.get(series).copied().unwrap_or_default();
        let there = contents(disk, &store.path_of(series));
        let fresh = there.as_ref().is_none_or(|there| there.0 < expected[1].as_ref().unwrap().0);
        let count = (least..=(most + 1).min(expected.len() - 1))
            .find(|&count| there == expected[count] || (count == 0 && fresh))
            .unwrap_or_else(|| {
                let known = expected.iter().position(|known| *known == there);
                panic!("{what}: {series} has {known:?} rounds, not {least} to {most}; {:?}", store.incidents())
            });
        found.0.insert(series.clone(), (count, count));
    }
    std::mem::forget(store);
    found
}

/// Runs to the end from what was found, and checks that nothing is missing.
fn finish(disk: &SimDisk, all: &BTreeMap<SeriesId, Vec<Option<Contents>>>, mut progress: Progress, what: &str) {
    assert!(run(disk, &mut progress), "{what}");
    let store = RrdStore::open_on(Arc::new(disk.clone()), config()).unwrap();
    for (series, expected) in all {
        assert_eq!(&contents(disk, &store.path_of(series)), expected.last().unwrap(), "{what}: {series} at the end");
    }
}

#[test]
fn kill_at_any_call_keeps_every_appended_round_and_tears_none() {
    let all = expected();
    for call in 1.. {
        let disk = SimDisk::default();
        disk.die_after(call, call * 7919);
        let mut progress = Progress::default();
        let done = run(&disk, &mut progress);
        let what = format!("killed at call {call}");
        for (appended, synced) in progress.0.values_mut() {
            *synced = *appended;
        }
        let after = disk.after_kill();
        // The next start is killed as well, once.
        after.die_after(1 + call % 23, call);
        let opened = RrdStore::open_on(Arc::new(after.clone()), config());
        std::mem::forget(opened);
        let after = after.after_kill();
        let found = check(&after, &all, &progress, &what);
        finish(&after, &all, found, &what);
        if done {
            assert!(call > 100, "only {call} calls changed the disk");
            break;
        }
    }
}

#[test]
fn power_cut_at_any_call_keeps_every_synced_round_and_tears_none() {
    let all = expected();
    for call in 1.. {
        let mut done = true;
        for seed in 0..2 {
            let disk = SimDisk::default();
            disk.die_after(call, (call * 2 + seed) * 104_729);
            let mut progress = Progress::default();
            done &= run(&disk, &mut progress);
            let what = format!("power cut at call {call}, seed {seed}");
            let mut after = disk.after_power_cut();
            if seed % 2 == 1 {
                // The power fails again while the journal is replayed.
                after.die_after(1 + (call + seed) % 17, call + seed);
                let opened = RrdStore::open_on(Arc::new(after.clone()), config());
                std::mem::forget(opened);
                after = after.after_power_cut();
            }
            let found = check(&after, &all, &progress, &what);
            finish(&after, &all, found, &what);
        }
        if done {
            break;
        }
    }
}
