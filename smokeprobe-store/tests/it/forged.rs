//! A short fuzz run of its own: bytes of a whole file and a whole journal with a few of them changed.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use smokeprobe_store::Store;
use smokeprobe_store::rrd::{exercise_file, exercise_journal};

use crate::common::{measured, open, series, slot};

const START: i64 = 1_000_000_200;

/// A file and the journal of its last rounds.
fn seeds() -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for round in 0..3 {
        store.append(&measured(&series("A"), slot(START - 3000 + 300 * round, 300), 3, &[1.0])).unwrap();
    }
    store.sync().unwrap();
    let journal = folder.path().join(".smokeprobe/journal.0000000000000001");
    (std::fs::read(store.path_of(&series("A"))).unwrap(), std::fs::read(journal).unwrap())
}

fn forged(seed: &[u8], changes: &[(prop::sample::Index, u8)], len: prop::sample::Index) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for (at, byte) in changes {
        // Headers are more interesting than rows.
        let at = at.index(bytes.len().min(4096));
        bytes[at] = *byte;
    }
    if len.index(4) == 0 {
        bytes.truncate(len.index(bytes.len()));
    }
    bytes
}

#[test]
fn forged_files_and_journals_never_panic_and_never_keep_a_round_out() {
    let (file, journal) = seeds();
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    let change = (any::<prop::sample::Index>(), prop_oneof![Just(0), Just(255), Just(1), any::<u8>()]);
    let inputs = (prop::collection::vec(change, 0..6), any::<prop::sample::Index>());
    runner
        .run(&inputs, |(changes, len)| {
            exercise_file(&forged(&file, &changes, len));
            exercise_journal(&forged(&journal, &changes, len));
            Ok(())
        })
        .unwrap();
}
