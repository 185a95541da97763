//! The backend through librrd, beside our own.

use smokeprobe_store::{Appended, Frame, LibrrdStore, RrdStoreConfig, Store};

use crate::common::{measured, open, query, series, slot, small_archives, unknown};

const START: i64 = 1_700_002_800;

#[test]
fn librrd_keeps_the_same_rows_to_the_last_bit_but_one() {
    let folder = tempfile::tempdir().unwrap();
    let ours = open(&folder.path().join("ours"));
    let theirs = LibrrdStore::open(RrdStoreConfig::new(folder.path().join("theirs"), small_archives())).unwrap();
    let id = series("A.B");
    let mut end = START;
    for round in 0..200_u32 {
        end += if round % 31 == 30 { 1200 } else { 300 };
        let millis = [f64::from(round % 7) + 0.123, f64::from(round % 11) + 8.0, 20.0 + f64::from(round % 3)];
        let round = match round % 13 {
            12 => unknown(&id, slot(end, 300), 3),
            answers => measured(&id, slot(end, 300), 3, &millis[..(answers % 4) as usize]),
        };
        for store in [&ours as &dyn Store, &theirs] {
            assert_eq!(store.append(&round).unwrap(), Appended::Stored);
            assert_eq!(store.append(&round).unwrap(), Appended::Duplicate);
        }
    }
    theirs.sync().unwrap();
    for max_points in [1000, 40, 15] {
        let query = smokeprobe_store::Query { max_points, ..query(&id, end - 300 * 55, end) };
        let (ours, theirs) = (ours.query(&query).unwrap(), theirs.query(&query).unwrap());
        assert_eq!((ours.start, ours.step, ours.rows()), (theirs.start, theirs.step, theirs.rows()));
        let values = |frame: &Frame| {
            let columns = [&frame.loss, &frame.median, &frame.uptime].into_iter().chain(&frame.samples);
            columns.flatten().copied().collect::<Vec<f64>>()
        };
        for (ours, theirs) in values(&ours).into_iter().zip(values(&theirs)) {
            let same = (ours.is_nan() && theirs.is_nan()) || (ours - theirs).abs() <= 1e-14 * ours.abs();
            assert!(same, "{ours} and {theirs}");
        }
    }
    assert_eq!(theirs.catalog().unwrap(), ours.catalog().unwrap());
}
