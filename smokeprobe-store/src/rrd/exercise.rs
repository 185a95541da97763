//! Bytes of any kind taken for a file, and for a journal: for fuzzing.

use std::path::Path;
use std::sync::Arc;

use smokeprobe_core::{Measured, Round, RoundResult, Rtt, SeriesId, Slot, Step, WallTime};

use crate::rrd::disk::sim::SimDisk;
use crate::rrd::layout::{Archive, Layout, head_len};
use crate::rrd::{RrdStore, RrdStoreConfig};
use crate::store::{Consolidation, Query, Store};

/// Files beyond this are none that a fuzzer needs; a store reads and converts larger ones.
const MOST_BYTES: u64 = 1 << 20;

/// Takes `bytes` for an RRD file, in memory: queries it, appends to it, and queries it again. Whatever they are, nothing
/// panics, and a store has the round that was appended.
///
/// # Panics
///
/// When the store does not have the round.
pub fn exercise_file(bytes: &[u8]) {
    // A forged layout may promise far more rows than there are bytes, which is refused; one that keeps its promise is
    // read whole when it is converted.
    if bytes.len() as u64 > MOST_BYTES {
        return;
    }
    let _ = head_len(bytes);
    let _ = Layout::parse(bytes, bytes.len() as u64);
    let disk = SimDisk::default();
    let folder = Path::new("/data");
    disk.put(&folder.join("A.rrd"), bytes.to_vec());
    append_and_query(disk, folder);
}

/// Takes `bytes` for a segment of the journal beside a file that is whole.
///
/// # Panics
///
/// When the store does not have a round that is appended afterwards.
pub fn exercise_journal(bytes: &[u8]) {
    let disk = SimDisk::default();
    let folder = Path::new("/data");
    append_and_query(disk.clone(), folder);
    disk.put(&folder.join(".smokeprobe/journal.0000000000000009"), bytes.to_vec());
    append_and_query(disk, folder);
}

fn append_and_query(disk: SimDisk, folder: &Path) {
    let archive = |consolidation, steps, rows| Archive { consolidation, xff: 0.5, steps, rows };
    let archives = vec![archive(Consolidation::Average, 1, 20), archive(Consolidation::Max, 3, 10)];
    let Ok(store) = RrdStore::open_on(Arc::new(disk), RrdStoreConfig::new(folder, archives)) else {
        return;
    };
    // The name is a valid one.
    let Ok(series) = "A".parse::<SeriesId>() else {
        return;
    };
    let query = |from, to, consolidation, max_points| {
        let query = Query { series: series.clone(), from, to, consolidation, max_points };
        store.query(&query)
    };
    let ranges = [(0, i64::MAX), (i64::MIN, 0), (999_990_000, 1_000_000_300)];
    let ask = || {
        for (from, to) in ranges {
            let _ = query(from, to, Consolidation::Average, 1000);
            let _ = query(from, to, Consolidation::Min, 3);
        }
        let _ = store.catalog();
    };
    ask();
    let slot = Slot::ending_at(1_000_000_200, Step::DEFAULT);
    let measured = Measured::from_samples([Rtt::from_nanos(1_000)], 2);
    let result = RoundResult::Measured(measured);
    let round = Round { series: series.clone(), slot, pings: 3, started: WallTime::EPOCH, result };
    let appended = store.append(&round);
    ask();
    let _ = store.sync();
    if matches!(appended, Ok(crate::Appended::Stored)) {
        let frame = query(slot.start(), slot.end(), Consolidation::Average, 10);
        assert!(frame.is_ok_and(|frame| frame.loss == [2.0]), "a round that was appended is there");
    }
}
