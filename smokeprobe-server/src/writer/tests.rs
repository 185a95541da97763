use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use smokeprobe_core::sim::{ManualClock, ScriptedProbe};
use smokeprobe_core::{Host, Measured, Offset, Rtt, SeriesId, Slot, Step, WallTime};
use smokeprobe_store::{Appended, Frame, Query, SeriesMeta, Store, StoreError};

use super::*;
use crate::live::Counters;

/// A store that fails as told.
#[derive(Debug, Default)]
struct Faulty(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    kept: Vec<(SeriesId, i64)>,
    made: BTreeSet<SeriesId>,
    syncs: usize,
    attempts: usize,
    full: bool,
    nearly_full: Option<u64>,
    forbidden: BTreeSet<SeriesId>,
    damaged: BTreeSet<SeriesId>,
}

impl Faulty {
    fn with(&self, change: impl FnOnce(&mut Inside)) {
        change(&mut self.0.lock().unwrap());
    }

    fn kept(&self) -> BTreeMap<String, Vec<i64>> {
        let mut kept = BTreeMap::<String, Vec<i64>>::new();
        for (series, slot) in &self.0.lock().unwrap().kept {
            kept.entry(series.to_string()).or_default().push(*slot);
        }
        kept
    }
}

impl Store for Faulty {
    fn append(&self, round: &Round) -> Result<Appended, StoreError> {
        let mut inside = self.0.lock().unwrap();
        inside.attempts += 1;
        if inside.full || inside.forbidden.contains(&round.series) {
            let kind = if inside.full { io::ErrorKind::StorageFull } else { io::ErrorKind::PermissionDenied };
            return Err(StoreError::Io { action: "write", path: "x.rrd".into(), source: kind.into() });
        }
        if inside.damaged.contains(&round.series) {
            return Err(StoreError::Damaged { path: "x.rrd".into(), reason: "too short".to_owned() });
        }
        inside.made.insert(round.series.clone());
        inside.kept.push((round.series.clone(), round.slot.index()));
        Ok(Appended::Stored)
    }

    fn query(&self, query: &Query) -> Result<Frame, StoreError> {
        Err(StoreError::NoSuchSeries(query.series.clone()))
    }

    fn catalog(&self) -> Result<Vec<SeriesMeta>, StoreError> {
        Ok(Vec::new())
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.with(|inside| inside.syncs += 1);
        Ok(())
    }
}

impl Keep for Faulty {
    fn size(&self, series: &SeriesId) -> Option<u64> {
        self.0.lock().unwrap().made.contains(series).then_some(6_400_000)
    }

    fn nearly_full(&self) -> Option<u64> {
        self.0.lock().unwrap().nearly_full
    }
}

/// A tray without a lock.
struct Plain(Backlog);

impl Tray for Plain {
    fn pop(&mut self) -> Option<Round> {
        self.0.pop()
    }

    fn put_back(&mut self, round: Round) {
        self.0.put_back(round);
    }

    fn series(&self) -> usize {
        self.0.series()
    }
}

const ALL: Allowance = Allowance { rounds: usize::MAX, spread: false };

fn round(series: &str, minute: i64) -> Round {
    let started = WallTime::from_unix_secs(minute * 60);
    Round {
        series: series.parse().unwrap(),
        slot: Slot::containing(started, Step::from_secs(60).unwrap()),
        pings: 20,
        started,
        result: RoundResult::Measured(Measured::from_samples((0..20).map(Rtt::from_nanos), 0)),
    }
}

fn spec(series: &str) -> SeriesSpec {
    SeriesSpec {
        series: series.parse().unwrap(),
        host: Host::from("192.0.2.1"),
        probe: ScriptedProbe::new([]),
        step: Step::from_secs(60).unwrap(),
        pings: 20,
        offset: Offset::Spread,
        last: None,
    }
}

fn tray(rounds: impl IntoIterator<Item = Round>) -> Plain {
    let mut backlog = Backlog::new(1 << 24);
    for round in rounds {
        assert_eq!(backlog.push(round), 0);
    }
    Plain(backlog)
}

fn at(secs: u64) -> MonoTime {
    MonoTime::ORIGIN + Duration::from_secs(secs)
}

#[test]
fn nothing_is_lost_or_out_of_order_when_a_full_disk_has_room_again() {
    let (store, counters, mut desk) = (Faulty::default(), Counters::default(), Desk::default());
    let names = |minute| ["A", "B", "C"].map(|name| round(name, minute));
    let mut tray = tray((0..5).flat_map(names));
    store.with(|inside| inside.full = true);
    desk.look(at(1), &mut tray, &store, &counters, ALL);
    assert_eq!(desk.blocked(), Some("cannot write x.rrd: no storage space"));
    assert_eq!(tray.0.len(), 15);
    for late in (5..8).flat_map(names) {
        tray.0.push(late);
    }
    store.with(|inside| inside.full = false);
    desk.look(at(2), &mut tray, &store, &counters, ALL);
    let all: Vec<i64> = (0..8).collect();
    assert_eq!(store.kept(), ["A", "B", "C"].map(|name| (name.to_owned(), all.clone())).into());
    assert_eq!(desk.blocked(), None);
    assert_eq!(counters.rounds_stored.load(Ordering::Relaxed), 24);
}

#[test]
fn disk_that_is_nearly_full_is_told_of_before_rounds_wait() {
    let (store, counters, mut desk) = (Faulty::default(), Counters::default(), Desk::default());
    let mut tray = tray((0..3).map(|minute| round("A", minute)));
    let one = Allowance { rounds: 1, spread: false };
    for (second, free) in [(1, None), (2, Some(5_000_000)), (3, None)] {
        store.with(|inside| inside.nearly_full = free);
        desk.look(at(second), &mut tray, &store, &counters, one);
        assert_eq!((desk.nearly_full(), desk.blocked()), (free, None));
    }
}

#[test]
fn trouble_of_some_series_does_not_stop_the_others() {
    let (store, counters, mut desk) = (Faulty::default(), Counters::default(), Desk::default());
    // More than are needed to take the disk for the reason.
    let forbidden: Vec<String> = (0..40).map(|number| format!("Locked.T{number}")).collect();
    store.with(|inside| {
        inside.forbidden = forbidden.iter().map(|name| name.parse().unwrap()).collect();
        inside.damaged.insert("Damaged".parse().unwrap());
    });
    let locked = forbidden.iter().flat_map(|name| (0..3).map(|minute| round(name, minute)).collect::<Vec<_>>());
    let mut tray = tray(locked.chain((0..3).flat_map(|minute| ["Damaged", "Fine"].map(|name| round(name, minute)))));
    for second in 1..5 {
        desk.look(at(second), &mut tray, &store, &counters, ALL);
    }
    assert_eq!(store.kept(), [("Fine".to_owned(), vec![0, 1, 2])].into());
    assert_eq!(counters.rounds_refused.load(Ordering::Relaxed), 3);
    assert_eq!(tray.0.len(), 120);
    store.with(|inside| inside.forbidden.clear());
    assert_eq!(desk.blocked(), Some("cannot write x.rrd: permission denied"));
    desk.look(at(9), &mut tray, &store, &counters, ALL);
    assert_eq!(desk.blocked(), None);
    assert_eq!(store.kept()["Locked.T39"], [0, 1, 2]);
    assert_eq!(tray.0.len(), 0);
}

#[test]
fn full_disk_is_not_tried_for_every_series() {
    let (store, counters, mut desk) = (Faulty::default(), Counters::default(), Desk::default());
    let mut tray = tray((0..10_000).map(|number| round(&format!("S{number}"), 0)));
    store.with(|inside| inside.full = true);
    desk.look(at(1), &mut tray, &store, &counters, ALL);
    store.with(|inside| assert_eq!(inside.attempts, 16));
}

#[test]
fn files_are_made_at_a_bounded_rate_and_known_ones_need_not_wait() {
    let (store, counters, mut desk) = (Faulty::default(), Counters::default(), Desk::default());
    store.with(|inside| inside.made = (0..50).map(|number| format!("Old{number}").parse().unwrap()).collect());
    let new = (0..50).map(|number| round(&format!("New{number}"), 0));
    let mut tray = tray(new.chain((0..50).map(|number| round(&format!("Old{number}"), 0))));
    let made = |store: &Faulty| store.kept().keys().filter(|name| name.starts_with("New")).count();
    let allowance = Allowance { rounds: usize::MAX, spread: true };
    desk.look(at(1), &mut tray, &store, &counters, allowance);
    assert_eq!((made(&store), store.kept().len()), (10, 60));
    desk.look(at(2), &mut tray, &store, &counters, allowance);
    assert_eq!(made(&store), 20);
    for second in 3..6 {
        desk.look(at(second), &mut tray, &store, &counters, allowance);
    }
    assert_eq!(store.kept().len(), 100);
}

#[test]
fn writing_is_spread_and_synced_once_a_second() {
    let (store, counters, mut desk) = (Faulty::default(), Counters::default(), Desk::default());
    let mut tray = tray((0..100).map(|number| round(&format!("S{number}"), 0)));
    let allowance = Allowance { rounds: 30, spread: false };
    let mut kept = Vec::new();
    for tenth in 0..5 {
        let now = at(1) + Duration::from_millis(100 * tenth);
        desk.look(now, &mut tray, &store, &counters, allowance);
        kept.push(store.kept().len());
    }
    assert_eq!(kept, [30, 60, 90, 100, 100]);
    store.with(|inside| assert_eq!(inside.syncs, 1));
    assert!(desk.is_unsynced());
    desk.look(at(2), &mut tray, &store, &counters, allowance);
    store.with(|inside| assert_eq!(inside.syncs, 2));
    assert!(!desk.is_unsynced());
}

#[test]
fn stopping_stores_and_syncs_what_waits() {
    let (store, clock) = (Arc::new(Faulty::default()), ManualClock::new(WallTime::EPOCH));
    let live = Arc::new(Live::new(Arc::new(crate::run::tests::empty_plan())));
    let specs: Vec<_> = (0..500).map(|number| spec(&format!("S{number}"))).collect();
    let keep: Arc<dyn Keep> = Arc::<Faulty>::clone(&store);
    let (writer, mut sink) = Writer::start(keep, Arc::clone(&live), Arc::new(clock.clone()), &specs).unwrap();
    for spec in &specs {
        sink.accept(&round(&spec.series.to_string(), 7)).unwrap();
    }
    assert_eq!(writer.stop(&clock, Duration::from_secs(60)), 0);
    assert_eq!(store.kept().len(), 500);
    store.with(|inside| assert!(inside.syncs >= 1));
    assert_eq!(live.writer.load().queued, 0);
}

#[test]
fn stopping_with_a_full_disk_says_what_is_lost() {
    let (store, clock) = (Arc::new(Faulty::default()), ManualClock::new(WallTime::EPOCH));
    store.with(|inside| inside.full = true);
    let live = Arc::new(Live::new(Arc::new(crate::run::tests::empty_plan())));
    let keep: Arc<dyn Keep> = Arc::<Faulty>::clone(&store);
    let (writer, mut sink) = Writer::start(keep, live, Arc::new(clock.clone()), &[spec("A")]).unwrap();
    sink.accept(&round("A", 7)).unwrap();
    assert_eq!(writer.stop(&clock, Duration::from_secs(60)), 1);
}

#[test]
fn an_hour_of_rounds_may_wait() {
    let specs: Vec<_> = (0..1000).map(|number| spec(&format!("S{number}"))).collect();
    let (rate, bound) = load(&specs);
    assert!((rate - 200.0).abs() < 1e-9);
    let mut backlog = Backlog::new(bound);
    let dropped: usize = (0..60)
        .flat_map(|minute| specs.iter().map(move |spec| round(&spec.series.to_string(), minute)))
        .map(|round| backlog.push(round))
        .sum();
    assert_eq!(dropped, 0);
}
