//! RRD files of any bytes: reading one, asking for its rows, updating it and appending a round to it end in an answer or
//! an error. A file that is damaged is set aside, and the round is kept all the same.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use smokeprobe_core::{Measured, Round, RoundResult, Rtt, SeriesId, Slot, Step, WallTime};
use smokeprobe_store::rrd::{Layout, update_file};
use smokeprobe_store::{Archive, Consolidation, Query, RrdStore, RrdStoreConfig, Store};

/// When the seeds end.
const NOW: i64 = 1_700_000_100;

/// In memory where the system has a place for that.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let top = if memory.is_dir() { memory } else { std::env::temp_dir() };
    top.join(format!("smokeprobe-fuzz-rrd-{}", std::process::id()))
});

fuzz_target!(|data: &[u8]| {
    let _ = Layout::parse(data, data.len() as u64);
    // What comes after the head is rows, any of which is as good as another.
    if data.len() > 64 * 1024 {
        return;
    }
    let _ = std::fs::remove_dir_all(&*FOLDER);
    std::fs::create_dir_all(&*FOLDER).unwrap();
    let path = FOLDER.join("T.rrd");
    std::fs::write(&path, data).unwrap();

    let archive = Archive { consolidation: Consolidation::Average, xff: 0.5, steps: 1, rows: 10 };
    let config = RrdStoreConfig::new(FOLDER.clone(), vec![archive]);
    let series = SeriesId::local("T".parse().unwrap());
    let reader = RrdStore::read_only(FOLDER.clone());
    let _ = reader.catalog();
    for (from, to) in [(NOW - 3600, NOW), (0, i64::MAX), (i64::MIN, 0), (NOW, NOW)] {
        for max_points in [1, 7, 10_000] {
            let query = Query { series: series.clone(), from, to, consolidation: Consolidation::Max, max_points };
            if let Ok(frame) = reader.query(&query) {
                assert!(frame.loss.len() <= max_points);
                assert!(frame.median.len() == frame.loss.len() && frame.uptime.len() == frame.loss.len());
            }
        }
    }
    let _ = update_file(&path, NOW + 60, &[1.0; 6]);

    let store = RrdStore::open(config).unwrap();
    let step = Step::from_secs(60).unwrap();
    let round = Round {
        series: series.clone(),
        slot: Slot::ending_at(NOW + 600, step),
        pings: 3,
        started: WallTime::from_unix_secs(NOW + 540),
        result: RoundResult::Measured(Measured::from_samples([Rtt::from_nanos(5_000_000)], 2)),
    };
    let appended = store.append(&round);
    let _ = store.sync();
    // An error must not come from the file's bytes: those are set aside.
    if let Err(error) = appended {
        panic!("the round was lost: {error}");
    }
});
