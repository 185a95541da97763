//! A crash between any two steps loses no message, and repeats at most one a recipient.
//!
//! A small driver does what the service does, in the order that [`Outbox`] asks for, against another side that
//! remembers what it took. It is cut at each of its steps in turn, and started again with what was kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use proptest::prelude::*;
use smokeprobe_alerts::{
    Change, Delivered, DeliveryError, Event, HistoryQuery, MemoryState, Message, MessageId, Outbox, RecipientId,
    SeriesState, SqliteState, StateStore, Terms, What,
};
use smokeprobe_core::WallTime;

use crate::lab::{DAY, at, event, folder_in_memory, secs};

const NAMES: [&str; 3] = ["mail", "hook", "prog"];

/// What happens in a run, but for cuts.
#[derive(Debug, Clone)]
struct Script {
    events: Vec<Told>,
    /// Which tries the other side refuses, counted over all recipients and restarts.
    refused: Vec<bool>,
    group: u64,
    rate: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Told {
    series: u8,
    raised: bool,
    /// Bits of [`NAMES`].
    to: u8,
    /// Seconds since the one before.
    after: u64,
}

impl Script {
    fn event(&self, number: usize) -> Option<(WallTime, Event)> {
        let told = self.events.get(number)?;
        let time: u64 = self.events[..=number].iter().map(|told| told.after).sum();
        let what = if told.raised { What::Raised } else { What::Cleared };
        let to: Vec<&str> =
            NAMES.iter().enumerate().filter(|(bit, _)| told.to >> bit & 1 == 1).map(|(_, name)| *name).collect();
        // The time of its round tells it from others.
        Some((at(time), Event { time: number as i64, ..event(&format!("A.T{}", told.series), what, &to) }))
    }

    fn plan(&self) -> BTreeMap<RecipientId, Terms> {
        NAMES
            .iter()
            .map(|name| {
                let group = if *name == "prog" { 0 } else { self.group };
                (RecipientId::new(name), Terms { group: secs(group), rate: self.rate, max_age: DAY })
            })
            .collect()
    }
}

/// The other side.
#[derive(Debug, Default)]
struct World {
    tries: usize,
    took: Vec<Message>,
}

impl World {
    fn offered(&mut self, script: &Script, message: &Message) -> Result<Delivered, DeliveryError> {
        self.tries += 1;
        if script.refused.get(self.tries - 1).copied().unwrap_or(false) {
            return Err(DeliveryError::transient("try again"));
        }
        self.took.push(message.clone());
        Ok(Delivered::default())
    }
}

struct Cut;

/// Lets so many steps pass, then none.
struct Power {
    left: usize,
    passed: usize,
}

impl Power {
    fn lasting(steps: usize) -> Self {
        Self { left: steps, passed: 0 }
    }

    fn step(&mut self) -> Result<(), Cut> {
        self.left = self.left.checked_sub(1).ok_or(Cut)?;
        self.passed += 1;
        Ok(())
    }
}

/// Starts with what was kept, and runs until everything is told, or to the cut.
fn run(
    script: &Script,
    store: &mut dyn StateStore,
    world: &mut World,
    now: &mut WallTime,
    power: &mut Power,
) -> Result<(), Cut> {
    let saved = store.load().unwrap();
    // The engine's place in its rounds is kept with what came of them, in one change.
    let mut number = saved.series.first().and_then(|state| state.last).unwrap_or(0) as usize;
    let mut outbox = Outbox::restore(&saved);
    outbox.follow(*now, script.plan());
    let mut under_way: Vec<Message> = Vec::new();
    loop {
        let mut change = Change::default();
        while let Some((_, event)) = script.event(number).filter(|(time, _)| time <= now) {
            power.step()?;
            outbox.handle_event(*now, &event);
            number += 1;
            change.events.push(event);
            let (series, last) = ("A".parse().unwrap(), Some(number as i64));
            change.series = vec![SeriesState { series, last, down: false, window: Vec::new(), alerts: Vec::new() }];
        }
        while let Some(message) = outbox.poll_send(*now) {
            assert!(under_way.iter().all(|other| other.recipient != message.recipient), "two at a time");
            under_way.push(message);
        }
        outbox.take_changes(&mut change);
        power.step()?;
        store.commit(&change).unwrap();
        power.step()?;
        // All are under way together; their results come one by one, the last sent first. Sometimes one takes so long
        // that something else happens before.
        let slow = number % 2 == 1 && script.event(number).is_some();
        if let Some(message) = under_way.pop_if(|_| !slow) {
            power.step()?;
            let result = world.offered(script, &message);
            power.step()?;
            outbox.handle_result(*now, message.id, result);
        } else {
            let next = script.event(number).map(|(time, _)| time);
            let Some(next) = next.into_iter().chain(outbox.poll_timeout()).min() else { return Ok(()) };
            *now = next.max(*now);
        }
    }
}

/// Runs a script to its end with cuts after so many steps each, `down` seconds of darkness after each, and checks what
/// came of it. Returns how many steps the last run took.
fn check<S: StateStore>(script: &Script, mut store: S, again: impl Fn(S) -> S, cuts: &[usize], down: u64) -> usize {
    let (mut world, mut now) = (World::default(), at(0));
    let mut happened = 0;
    for cut in cuts {
        happened += usize::from(run(script, &mut store, &mut world, &mut now, &mut Power::lasting(*cut)).is_err());
        store = again(store);
        now = now + secs(down);
    }
    let mut power = Power::lasting(100_000);
    assert!(run(script, &mut store, &mut world, &mut now, &mut power).is_ok(), "{script:?} never ends");

    let mut seen: BTreeMap<(&RecipientId, MessageId), &Message> = BTreeMap::new();
    let mut repeated: BTreeMap<&RecipientId, usize> = BTreeMap::new();
    let mut told: BTreeMap<(&RecipientId, i64), MessageId> = BTreeMap::new();
    let mut order: BTreeMap<(&RecipientId, String), Vec<i64>> = BTreeMap::new();
    for message in &world.took {
        if let Some(before) = seen.insert((&message.recipient, message.id), message) {
            *repeated.entry(&message.recipient).or_default() += 1;
            assert_eq!(before.events, message.events, "the same message says the same: {script:?} {cuts:?}");
            continue;
        }
        for event in &message.events {
            let first = told.insert((&message.recipient, event.time), message.id);
            assert_eq!(first, None, "an event is in one message only: {script:?} {cuts:?}");
            order.entry((&message.recipient, event.series.to_string())).or_default().push(event.time);
        }
    }
    let wanted: BTreeSet<(RecipientId, i64)> = (0..script.events.len())
        .filter_map(|number| script.event(number))
        .flat_map(|(_, event)| {
            let told = event.recipients.iter().map(|recipient| (recipient.clone(), event.time));
            told.collect::<Vec<_>>()
        })
        .collect();
    let told: BTreeSet<(RecipientId, i64)> = told.keys().map(|(name, time)| ((*name).clone(), *time)).collect();
    assert_eq!(told, wanted, "everybody is told everything: {script:?} {cuts:?}");
    assert!(repeated.values().all(|times| *times <= happened), "{repeated:?} repeated: {script:?} {cuts:?}");
    assert!(order.values().all(|times| times.is_sorted()), "{order:?}: {script:?} {cuts:?}");
    assert_eq!(store.load().unwrap().messages, [], "{script:?} {cuts:?}");
    let history = store.events(&HistoryQuery::newest(1_000)).unwrap();
    assert_eq!(history.len(), script.events.len(), "each event is in the history once: {script:?} {cuts:?}");
    power.passed
}

fn same<S>(store: S) -> S {
    store
}

/// Every script of two events to up to two recipients, with every place of the first failure, cut at every step.
#[test]
fn every_small_run_survives_a_cut_at_every_step() {
    let mut choices = Vec::new();
    for (series, raised) in [(0, true), (0, false), (1, true)] {
        for to in 1..4 {
            choices.extend([0, 3].map(|after| Told { series, raised, to, after }));
        }
    }
    let mut runs = 0;
    for first in &choices {
        for second in &choices {
            for (group, failing) in [(0, 0), (0, 1), (2, 0), (2, 1), (5, 2)] {
                let refused = (0..3).map(|number| number == failing).collect();
                let script = Script { events: vec![*first, *second], refused, group, rate: None };
                let steps = check(&script, MemoryState::default(), same, &[], 0);
                for cut in 0..steps {
                    check(&script, MemoryState::default(), same, &[cut], 1);
                }
                runs += steps;
            }
        }
    }
    assert!(runs > 20_000, "{runs} runs");
}

/// The same with two cuts, at every pair of steps, of some scripts.
#[test]
fn runs_survive_a_second_cut_at_every_step() {
    let told = |series, raised, to, after| Told { series, raised, to, after };
    let events = vec![told(0, true, 3, 0), told(1, true, 5, 1), told(0, false, 7, 1), told(1, false, 5, 9)];
    for (group, rate) in [(0, None), (2, Some(6)), (30, None)] {
        let script = Script { events: events.clone(), refused: vec![false, true, true], group, rate };
        let steps = check(&script, MemoryState::default(), same, &[], 0);
        for first in 0..steps {
            for second in 0..steps {
                check(&script, MemoryState::default(), same, &[first, second], 0);
            }
        }
    }
}

fn script(events: usize) -> impl Strategy<Value = Script> {
    let told = (0_u8..4, any::<bool>(), 1_u8..8, prop::sample::select(vec![0_u64, 0, 1, 4, 40]));
    let told = told.prop_map(|(series, raised, to, after)| Told { series, raised, to, after });
    (
        prop::collection::vec(told, 1..events),
        prop::collection::vec(prop::bool::weighted(0.3), 0..30),
        prop::sample::select(vec![0_u64, 3, 30]),
        prop::option::of(1_u32..20),
    )
        .prop_map(|(events, refused, group, rate)| Script { events, refused, group, rate })
}

/// The files of a state as a kill leaves them, opened again.
fn killed(folder: PathBuf) -> impl Fn(SqliteState) -> SqliteState {
    let number = std::cell::Cell::new(0);
    move |state| {
        let name = |number| folder.join(format!("{number}.sqlite"));
        let (old, new) = (name(number.get()), name(number.get() + 1));
        number.set(number.get() + 1);
        for suffix in ["", "-wal"] {
            let with = |path: &PathBuf| PathBuf::from(format!("{}{suffix}", path.display()));
            std::fs::copy(with(&old), with(&new)).unwrap();
        }
        drop(state);
        let (state, set_aside) = SqliteState::open(new, at(0)).unwrap();
        assert_eq!(set_aside, None);
        state
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn random_runs_survive_a_cut_at_every_step(script in script(14), second in 0_usize..200, down in 0_u64..2_000) {
        let steps = check(&script, MemoryState::default(), same, &[], 0);
        for cut in 0..steps {
            check(&script, MemoryState::default(), same, &[cut], down);
            check(&script, MemoryState::default(), same, &[cut, second], down);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn random_runs_survive_with_their_state_in_a_file(script in script(5), second in 0_usize..20) {
        let steps = check(&script, MemoryState::default(), same, &[], 0);
        for cut in 0..steps {
            let folder = folder_in_memory();
            let (state, _) = SqliteState::open(folder.path().join("0.sqlite"), at(0)).unwrap();
            check(&script, state, killed(folder.path().to_owned()), &[cut, second], 1);
        }
    }
}
