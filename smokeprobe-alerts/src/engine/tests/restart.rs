//! A restart at any point changes nothing that is said.

use proptest::prelude::*;

use super::*;
use crate::state::{Acknowledgement, Change, Saved};

/// What may happen.
#[derive(Debug, Clone)]
enum Happens {
    /// A round, so many slots after the newest one of any series.
    Round {
        gateway: bool,
        skipped: i64,
        observation: Observation,
    },
    /// Nothing for so many seconds, and a time-out.
    Wait(i64),
    /// A silence for so many seconds.
    Silence(i64),
    Unsilence,
    Acknowledge(usize),
    Reload,
}

fn observation() -> impl Strategy<Value = Observation> {
    let measured = (0.0..=100.0, proptest::option::of(0.0..1.0), any::<bool>(), 0..10);
    let measured = measured.prop_map(|(loss, median, suspect, dice)| {
        let loss = if dice < 5 { 100.0 } else { loss };
        Observation::Measured(Measurement {
            loss,
            median,
            deviation: median.map(|rtt: f64| rtt / 7.0),
            suspect: suspect && dice == 9,
        })
    });
    prop_oneof![2 => Just(Observation::Unknown), 3 => Just(GOOD), 6 => measured]
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        12 => (any::<bool>(), prop_oneof![8 => Just(0), 2 => 1..4i64, 1 => 0..40i64], observation())
            .prop_map(|(gateway, skipped, observation)| Happens::Round { gateway, skipped, observation }),
        2 => (0..4 * STEP).prop_map(Happens::Wait),
        1 => (1..6 * STEP).prop_map(Happens::Silence),
        1 => Just(Happens::Unsilence),
        1 => (0..ALERTS).prop_map(Happens::Acknowledge),
        1 => Just(Happens::Reload),
    ]
}

const ALERTS: usize = 7;

fn alerts() -> [Alert; ALERTS] {
    [
        loss("edge", ">60%"),
        loss("remind", ">60%,*2*,>60%").again(2).rank(2),
        loss("every", ">40%").every_round(),
        loss("repeat", ">20%").every_round().again(3).rank(3),
        loss("old", ">0%,*5*,>0%,*5*,>0%").legacy().rank(1),
        loss("start", "==S,>60%").legacy().every_round().rank(4),
        nodata("silent", 3),
    ]
}

fn everything() -> AlertPlan {
    let behind = Watched { depends: Some(id("G")), ..watched("A", alerts().into()) };
    plan(vec![behind, watched("G", vec![loss("gateway", ">90%")])])
}

/// Keeps changes as a store does, through text.
fn keep(saved: &mut Saved, change: &Change) {
    for series in &change.series {
        let text = serde_json::to_string(series).unwrap();
        let read: crate::state::SeriesState = serde_json::from_str(&text).unwrap();
        assert_eq!(&read, series, "{text}");
        saved.series.retain(|known| known.series != series.series);
        saved.series.push(read);
    }
    saved.series.retain(|known| !change.forgotten.contains(&known.series));
    for silence in &change.silences {
        let text = serde_json::to_string(silence).unwrap();
        saved.silences.retain(|known| known.id != silence.id);
        saved.silences.push(serde_json::from_str(&text).unwrap());
    }
    saved.silences.retain(|known| !change.unsilenced.contains(&known.id));
}

struct Run {
    engine: Engine,
    saved: Saved,
    now: i64,
    slot: i64,
}

impl Run {
    fn new() -> Self {
        let mut engine = Engine::default();
        engine.follow(WallTime::EPOCH, everything());
        let mut run = Self { engine, saved: Saved::default(), now: 0, slot: 1 };
        // When a series was first watched is not kept: a time-out before its first round would move with a restart.
        run.step(&Happens::Round { gateway: false, skipped: 0, observation: GOOD });
        run.step(&Happens::Round { gateway: true, skipped: 0, observation: GOOD });
        run
    }

    /// Lets something happen, and keeps it.
    fn step(&mut self, happens: &Happens) -> Vec<Event> {
        match happens {
            Happens::Round { gateway, skipped, observation } => {
                self.slot += skipped + i64::from(!gateway);
                self.now = self.now.max(self.slot * STEP + 7);
                self.engine.handle_round(
                    at(self.now),
                    &id(if *gateway { "G" } else { "A" }),
                    slot(self.slot),
                    *observation,
                );
            }
            Happens::Wait(seconds) => {
                self.now += seconds;
                self.slot = self.slot.max(self.now / STEP - 2);
                self.engine.handle_timeout(at(self.now));
            }
            Happens::Silence(seconds) => {
                self.engine.silence(silence(&format!("s{}", self.now), self.now, Some(self.now + seconds)));
            }
            Happens::Unsilence => {
                // One that is over may be dropped already, or not yet.
                let now = at(self.now);
                let mut left = self.engine.silences(now).filter(|(silence, _)| !silence.is_over(now));
                let first = left.next().map(|(silence, _)| silence.id.clone());
                drop(left);
                if let Some(id) = first {
                    self.engine.unsilence(&id).unwrap();
                }
            }
            Happens::Acknowledge(number) => {
                let acknowledgement = Acknowledgement { time: self.now, author: "t".into(), comment: String::new() };
                // Most are not raised.
                let _ = self.engine.acknowledge(&id("A"), &alerts()[*number].name, acknowledgement);
            }
            Happens::Reload => self.engine.follow(at(self.now), everything()),
        }
        let mut change = Change::default();
        self.engine.take_changes(&mut change);
        keep(&mut self.saved, &change);
        std::iter::from_fn(|| self.engine.poll_event()).collect()
    }

    fn restart(&mut self) {
        self.engine = Engine::restore(&self.saved);
        self.engine.follow(at(self.now), everything());
    }
}

proptest! {
    // Each case is some hundred states through text.
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn restarts_change_nothing_that_is_said(
        steps in proptest::collection::vec((happens(), any::<bool>()), 1..80),
    ) {
        let (mut whole, mut cut) = (Run::new(), Run::new());
        for (number, (happens, restarts)) in steps.iter().enumerate() {
            prop_assert_eq!(whole.step(happens), cut.step(happens), "step {} {:?}", number, happens);
            if *restarts {
                cut.restart();
                // Nothing was said by it.
                prop_assert_eq!(cut.engine.poll_event(), None);
            }
            prop_assert_eq!(whole.engine.timers.next(), cut.engine.timers.next(), "step {}", number);
        }
        let standing = |run: &Run| -> Vec<String> {
            run.engine.standing().map(|(series, alert, standing)| format!("{series} {alert} {standing:?}")).collect()
        };
        prop_assert_eq!(standing(&whole), standing(&cut));
        prop_assert_eq!(whole.engine.series[0].state(), cut.engine.series[0].state());
    }
}
