//! What any [`Store`] must do. A store of one's own runs [`check`] in its tests.

use smokeprobe_core::{Measured, Round, RoundResult, Rtt, SeriesId, Slot, Step, UnknownReason, WallTime};

use crate::memory::MemoryStore;
use crate::store::{Appended, Consolidation, Frame, Query, Store, StoreError};

/// Rounds of a series that a store must keep one by one.
pub const ROWS: usize = 60;
const PINGS: u32 = 5;
const START: i64 = 1_700_000_100;

/// Runs the whole suite on stores that `fresh` makes, each empty.
///
/// # Panics
///
/// With a sentence, when the store does not keep the contract of [`Store`].
pub fn check<S: Store>(fresh: impl Fn() -> S) {
    one_round_is_one_row(&fresh());
    closed_rows_never_change(&fresh());
    what_is_unknown_is_not_lost(&fresh());
    answers_are_bounded(&fresh());
    catalog_is_complete(&fresh());
    random_rounds_read_back_as_from_the_model(&fresh());
}

fn one_round_is_one_row(store: &dyn Store) {
    let id = series("Check.One");
    append(store, &measured(&id, 0, &[10.25, 11.125, 12.0, 40.0], 1));
    let frame = finest(store, &id, 0, 0);
    assert_eq!((frame.rows(), frame.start, frame.step, frame.pings), (1, START, 300, PINGS), "one round is one row");
    assert_eq!(frame.end_of(0), START, "a row is called by the end of its slot");
    assert_eq!(frame.loss, [1.0], "a loss is a count of pings");
    assert_eq!(frame.median, [0.012], "the median is the upper one, bit for bit");
    let samples: Vec<f64> = frame.samples.iter().map(|column| column[0]).collect();
    assert_eq!(samples[..4], [0.010_25, 0.011_125, 0.012, 0.04], "answers are in ascending order, bit for bit");
    assert!(samples[4].is_nan() && samples.len() == 5, "what is lost is unknown");
    store.sync().expect("sync succeeds");
    assert_eq!(text(&finest(store, &id, 0, 0)), text(&frame), "syncing changes no answer");
}

fn closed_rows_never_change(store: &dyn Store) {
    let id = series("Check.Closed");
    for turn in [0, 1, 4] {
        append(store, &measured(&id, turn, &[1.0, 2.0, 3.0, 4.0, 5.0], 0));
    }
    let other = |turn| measured(&id, turn, &[], PINGS);
    let answer = |turn| store.append(&other(turn)).expect("a round that is kept already is no error");
    assert_eq!(answer(4), Appended::Duplicate, "the last slot again");
    assert_eq!(answer(1), Appended::TooOld, "a slot before the last");
    assert_eq!(answer(2), Appended::TooOld, "a slot that was left out");
    assert_eq!(losses(&finest(store, &id, 0, 4)), "0 0 NaN NaN 0", "slots that were left out are unknown rows");
}

fn what_is_unknown_is_not_lost(store: &dyn Store) {
    let id = series("Check.Unknown");
    append(store, &measured(&id, 0, &[], PINGS));
    append(store, &unknown(&id, 1));
    // Two of the samples were never taken.
    append(store, &measured(&id, 2, &[7.0, 8.0], 1));
    let frame = finest(store, &id, 0, 2);
    assert_eq!(losses(&frame), "5 NaN 1", "all lost, not measured, stopped after three samples");
    assert!(frame.median[0].is_nan() && frame.median[1].is_nan(), "without an answer there is no median");
    assert_eq!(frame.median[2..], [0.008], "samples never taken do not move the median");
}

fn answers_are_bounded(store: &dyn Store) {
    let id = series("Check.Bounds");
    for turn in 0..ROWS as i64 {
        append(store, &measured(&id, turn, &[1.0 + turn as f64], 4));
    }
    let last = START + 300 * (ROWS as i64 - 1);
    for max_points in [1, 2, 3, 7, 59, 60, usize::MAX] {
        for (from, to) in [(START - 300, last), (0, i64::MAX), (i64::MIN, i64::MAX), (last - 900, last + 900)] {
            for consolidation in [Consolidation::Average, Consolidation::Min, Consolidation::Max] {
                let query = Query { series: id.clone(), from, to, consolidation, max_points };
                let frame = store.query(&query).expect("any range can be asked for");
                assert!(frame.rows() <= max_points, "{} points of {max_points}", frame.rows());
                assert_eq!(frame.consolidation, consolidation, "the frame says how its rows were made");
                let columns = [&frame.median, &frame.uptime].into_iter().chain(&frame.samples);
                assert!(columns.into_iter().all(|column| column.len() == frame.rows()), "columns are equally long");
                let known = frame.median.iter().filter(|median| !median.is_nan());
                let within = |median: &f64| (0.001..=0.001 * (1 + ROWS) as f64).contains(median);
                assert!(known.clone().all(within), "consolidated values lie between those measured");
            }
        }
    }
    let backwards = Query { from: last, to: START, ..finest_query(&id, 0, 0) };
    assert_eq!(store.query(&backwards).expect("a reversed range is no error").rows(), 0, "and has no rows");
    let later = Query { from: last + 86_400, to: last + 90_000, ..finest_query(&id, 0, 0) };
    let later = store.query(&later).expect("the future is no error");
    assert!(later.loss.iter().all(|loss| loss.is_nan()), "nothing is known of it");
    let absent = Query { series: series("Check.Absent"), ..finest_query(&id, 0, 0) };
    assert!(matches!(store.query(&absent), Err(StoreError::NoSuchSeries(_))), "a series that is not kept");
}

fn catalog_is_complete(store: &dyn Store) {
    assert!(store.catalog().expect("an empty store has a catalog").is_empty(), "a fresh store is empty");
    let names = ["B.C", "A", "B.C~slave.example", "B.A.D", "A-b_1"];
    for (turn, name) in names.into_iter().enumerate() {
        append(store, &measured(&series(name), turn as i64, &[1.0], 4));
    }
    let catalog = store.catalog().expect("a catalog");
    let mut ids: Vec<SeriesId> = names.into_iter().map(series).collect();
    ids.sort();
    assert_eq!(catalog.iter().map(|meta| meta.series.clone()).collect::<Vec<_>>(), ids, "ordered by id");
    for meta in &catalog {
        assert_eq!(store.meta(&meta.series).expect("a series has its own entry").as_ref(), Some(meta));
    }
    assert_eq!(store.meta(&series("B.A")).expect("a section is no error"), None, "nothing is kept of a section");
    let meta = catalog.iter().find(|meta| meta.series == series("B.A.D")).expect("it was appended");
    assert_eq!((meta.step, meta.pings, meta.last), (step(), PINGS, Some(START + 900)), "{meta:?}");
    assert_eq!(meta.archives.first().map(|archive| archive.0), Some(300), "the finest archive has a row a step");
}

fn random_rounds_read_back_as_from_the_model(store: &dyn Store) {
    let model = MemoryStore::new(ROWS);
    let mut seed = 0x5EED_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let ids = [series("Model.A"), series("Model.B~far"), series("Model.B")];
    let mut turn = 0;
    for _ in 0..400 {
        let id = &ids[random(3) as usize];
        // Mostly onward, sometimes far, sometimes back.
        turn += match random(20) {
            0 => 40,
            1 => -3,
            _ => random(2) as i64,
        };
        let round = if random(9) == 0 {
            unknown(id, turn)
        } else {
            let answers = random(u64::from(PINGS) + 1) as usize;
            let millis: Vec<f64> = (0..answers).map(|_| random(1 << 20) as f64 / 977.0).collect();
            let lost = random(u64::from(PINGS) + 1 - answers as u64) as u32;
            measured(id, turn, &millis, lost)
        };
        let appended = store.append(&round).expect("append succeeds");
        assert_eq!(appended, model.append(&round).expect("the model has no errors"), "{round:?}");
        if random(25) == 0 {
            store.sync().expect("sync succeeds");
        }
        let asked = finest_query(id, turn - random(70) as i64, turn - random(30) as i64);
        match (store.query(&asked), model.query(&asked)) {
            (Ok(ours), Ok(model)) => same_rows(&ours, &model),
            (Err(StoreError::NoSuchSeries(_)), Err(StoreError::NoSuchSeries(_))) => {}
            (ours, model) => panic!("{asked:?}: {ours:?}, and the model {model:?}"),
        }
    }
}

/// Every row of the model is there, and what else is there is unknown.
fn same_rows(frame: &Frame, model: &Frame) {
    if frame.rows() > 0 && frame.step != model.step {
        // A range that only a coarser archive reaches.
        return;
    }
    let row_at = |frame: &Frame, end: i64| (0..frame.rows()).find(|&row| frame.end_of(row) == end);
    let values = |frame: &Frame, row: usize| {
        let columns = [&frame.loss, &frame.median, &frame.uptime].into_iter().chain(&frame.samples);
        columns.map(|column| column[row]).map(|v| if v.is_nan() { None } else { Some(v.to_bits()) }).collect::<Vec<_>>()
    };
    for row in 0..model.rows() {
        let end = model.end_of(row);
        match row_at(frame, end) {
            Some(place) => assert_eq!(values(frame, place), values(model, row), "row {end}"),
            None => assert!(values(model, row).iter().all(Option::is_none), "row {end} is missing"),
        }
    }
    for row in 0..frame.rows() {
        let known = values(frame, row).iter().any(Option::is_some);
        assert!(!known || row_at(model, frame.end_of(row)).is_some(), "row {} is too much", frame.end_of(row));
    }
}

fn append(store: &dyn Store, round: &Round) {
    assert_eq!(store.append(round).expect("append succeeds"), Appended::Stored, "{round:?}");
}

fn finest_query(id: &SeriesId, from_turn: i64, to_turn: i64) -> Query {
    let end = |turn: i64| START + 300 * turn;
    let consolidation = Consolidation::Average;
    Query { series: id.clone(), from: end(from_turn) - 300, to: end(to_turn), consolidation, max_points: 1_000 }
}

fn finest(store: &dyn Store, id: &SeriesId, from_turn: i64, to_turn: i64) -> Frame {
    store.query(&finest_query(id, from_turn, to_turn)).expect("query succeeds")
}

fn text(frame: &Frame) -> String {
    format!("{frame:?}")
}

fn losses(frame: &Frame) -> String {
    frame.loss.iter().map(f64::to_string).collect::<Vec<_>>().join(" ")
}

fn series(name: &str) -> SeriesId {
    name.parse().expect("a valid name")
}

fn step() -> Step {
    Step::DEFAULT
}

fn round(id: &SeriesId, turn: i64, result: RoundResult) -> Round {
    let slot = Slot::ending_at(START + 300 * turn, step());
    let started = WallTime::from_unix_secs(slot.start());
    Round { series: id.clone(), slot, pings: PINGS, started, result }
}

fn measured(id: &SeriesId, turn: i64, millis: &[f64], lost: u32) -> Round {
    let rtts = millis.iter().map(|ms| Rtt::from_nanos((ms * 1e6) as u64));
    round(id, turn, RoundResult::Measured(Measured::from_samples(rtts, lost)))
}

fn unknown(id: &SeriesId, turn: i64) -> Round {
    round(id, turn, RoundResult::Unknown(UnknownReason::NotResolved))
}
