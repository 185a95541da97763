//! A replay says what was said live, and its figures are right.

use proptest::prelude::*;
use smokeprobe_core::Slot;

use super::*;
use crate::alert::Alert;
use crate::engine::tests::{BAD, GOOD, STEP, at, by_rule, id, loss, lost, nodata, plan, silence, slot, watched, words};
use crate::rule::{AlertRule, Held, History, Measurement, Verdict};
use crate::season::{HOUR, WEEK};
use crate::state::{Change, Saved};

/// Nothing is known of the past.
fn nothing(order: &SeasonOrder) -> Season {
    Season { hour: order.hour, ..Season::default() }
}

/// Raises when the median is above that of the season.
struct Baseline;

impl AlertRule for Baseline {
    fn window(&self) -> usize {
        1
    }

    fn weeks(&self) -> u32 {
        3
    }

    fn judge(&self, history: &History<'_>, _: Held) -> Verdict {
        match (history.season(), history.rounds().last()) {
            (Some(season), Some(Observation::Measured(Measurement { median: Some(median), .. }))) => {
                if *median > season.median {
                    Verdict::Raise(format!("above {}", season.median))
                } else {
                    Verdict::Clear
                }
            }
            _ => Verdict::Hold,
        }
    }
}

fn alerts() -> Vec<Alert> {
    vec![
        loss("edge", ">60%"),
        loss("remind", ">60%,*2*,>60%").again(2).rank(2),
        loss("every", ">40%").every_round(),
        loss("repeat", ">20%").every_round().again(3).rank(3),
        loss("old", ">0%,*5*,>0%,*5*,>0%").legacy().rank(1),
        loss("start", "==S,>60%").legacy().every_round().rank(4),
        nodata("silent", 3),
        nodata("still", 4).every_round(),
        by_rule("baseline", "baseline", std::sync::Arc::new(Baseline)),
    ]
}

/// The season that the past of these tests has: it moves with the hour.
fn season(order: &SeasonOrder) -> Season {
    let medians: Vec<Vec<f64>> = order.hours().map(|(from, _)| vec![(from / HOUR % 5) as f64 / 10.0]).collect();
    Season::from_medians(order.hour, &medians)
}

/// A live engine beside its state.
struct Live {
    engine: Engine,
    saved: Saved,
}

impl Live {
    fn new() -> Self {
        let mut engine = Engine::default();
        engine.follow(at(0), plan(vec![watched("A", alerts())]));
        Self { engine, saved: Saved::default() }
    }

    fn round(&mut self, slot: Slot, observation: Observation, restarts: bool) -> Vec<Event> {
        if restarts {
            self.engine = Engine::restore(&self.saved);
            self.engine.follow(at(slot.start()), plan(vec![watched("A", alerts())]));
        }
        while let Some(order) = self.engine.season_wanted(&id("A"), slot) {
            self.engine.handle_season(&id("A"), season(&order));
        }
        self.engine.handle_round(at(slot.end() - 2), &id("A"), slot, observation);
        self.events()
    }

    fn events(&mut self) -> Vec<Event> {
        let mut change = Change::default();
        self.engine.take_changes(&mut change);
        if let Some(series) = change.series.pop() {
            self.saved.series = vec![series];
        }
        std::iter::from_fn(|| self.engine.poll_event()).collect()
    }
}

fn observation() -> impl Strategy<Value = Observation> {
    let median = proptest::option::of(0.0..1.0);
    let measured = (prop_oneof![Just(0.0), Just(100.0), 0.0..=100.0], median, proptest::bool::weighted(0.1));
    prop_oneof![
        1 => Just(Observation::Unknown),
        5 => measured.prop_map(|(loss, median, suspect)| {
            Observation::Measured(Measurement { loss, median, deviation: None, suspect })
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Live a gap is seen by the next round or, when `waits`, by a time-out. In the replay its rows are missing or, when
    /// `explicit`, there and unknown.
    #[test]
    fn live_engine_and_replay_say_the_same(
        rounds in proptest::collection::vec(
            (prop_oneof![9 => Just(0), 1 => 1..8i64], observation(), proptest::bool::weighted(0.2), any::<bool>()), 1..120,
        ),
        explicit: bool,
        first in 0..2000i64,
    ) {
        let mut live = Live::new();
        let mut replay = Replay::new(watched("A", alerts()));
        let (mut said_live, mut said_replayed) = (Vec::new(), Vec::new());
        let mut number = first;
        for (at_line, (skipped, observation, restarts, waits)) in rounds.into_iter().enumerate() {
            let skipped = if at_line == 0 { 0 } else { skipped };
            for missed in number + 1..=number + skipped {
                if waits {
                    live.engine.handle_timeout(at((missed + 1) * STEP));
                    said_live.extend(live.events());
                }
                if explicit {
                    said_replayed.extend(replay.round(missed * STEP, Observation::Unknown, &mut season));
                }
            }
            number += skipped + 1;
            said_live.extend(live.round(slot(number), observation, restarts));
            said_replayed.extend(replay.round(number * STEP, observation, &mut season));
        }
        prop_assert_eq!(said_live, said_replayed);
        let standing = |engine: &Engine| -> Vec<String> {
            engine.standing().map(|(_, alert, standing)| format!("{alert} {standing:?}")).collect()
        };
        prop_assert_eq!(standing(&live.engine), standing(&replay.engine));
    }
}

fn said(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| format!("{} {}", event.time / STEP, words(event))).collect()
}

#[test]
fn missing_row_was_not_measured_and_an_old_one_is_ignored() {
    let mut replay = Replay::new(watched("A", vec![nodata("silent", 2)]));
    assert_eq!(replay.round(STEP, GOOD, &mut nothing), []);
    assert_eq!(said(&replay.round(4 * STEP, GOOD, &mut nothing)), ["3 silent raised", "4 silent cleared"]);
    assert_eq!(replay.round(4 * STEP, BAD, &mut nothing), []);
    assert_eq!(replay.summary().rounds, 4);
}

#[test]
fn lines_are_consecutive_rounds_whatever_their_times() {
    let mut replay = Replay::new(watched("A", vec![loss("twice", ">60%,>60%"), nodata("silent", 1)]));
    let mut said = Vec::new();
    for (time, round) in [(1000, BAD), (99_999, BAD), (7, BAD), (7, GOOD), (8, GOOD)] {
        let events = replay.next(time, round, &mut nothing);
        said.extend(events.iter().map(|event| format!("{} {}", event.time, words(event))));
    }
    assert_eq!(said, ["99999 twice raised", "7 twice cleared"]);
    assert_eq!(replay.summary().rounds, 5);
}

#[test]
fn times_beyond_all_reason_are_only_numbers() {
    let all = || Replay::new(watched("A", alerts()));
    let (mut lines, mut rows) = (all(), all());
    for time in [i64::MIN, 0, i64::MAX, i64::MIN, -1, 300] {
        for round in [BAD, GOOD, Observation::Unknown] {
            lines.next(time, round, &mut season);
            rows.round(time, round, &mut season);
        }
    }
    assert_eq!(lines.summary().rounds, 18);
    // The first round raised it, and the next one, of the same time, cleared it.
    assert_eq!(lines.summary().alerts["edge"].longest, Some(0));
    assert!(rows.summary().rounds > 1);
}

#[test]
fn warm_up_fills_windows_and_is_not_reported() {
    let mut replay = Replay::new(watched("A", vec![loss("down", ">60%"), loss("twice", ">60%,>60%")]));
    replay.warm_up(STEP, GOOD, &mut nothing);
    replay.warm_up(2 * STEP, BAD, &mut nothing);
    assert_eq!(replay.standing().map(|(alert, _)| alert.to_owned()).collect::<Vec<_>>(), ["down"]);
    assert_eq!(replay.summary(), Summary::default());
    assert_eq!(said(&replay.round(3 * STEP, BAD, &mut nothing)), ["3 twice raised"]);
    assert_eq!(said(&replay.round(4 * STEP, GOOD, &mut nothing)), ["4 down cleared", "4 twice cleared"]);
    let summary = replay.summary();
    assert_eq!((summary.rounds, summary.total.firings, summary.total.longest), (2, 1, Some(2 * STEP)));
}

#[test]
fn figures_are_of_each_alert_and_of_all() {
    let week = WEEK / STEP;
    let mut replay =
        Replay::new(watched("A", vec![loss("down", ">60%"), loss("lossy", ">10%"), loss("never", ">99%")]));
    for number in 1..=2 * week {
        let round = match number {
            10 | 11 | 15 | 100 => BAD,
            200 => lost(20.0),
            number if number > 2 * week - 3 => BAD,
            _ => GOOD,
        };
        replay.round(number * STEP, round, &mut nothing);
    }
    let summary = replay.summary();
    assert_eq!(summary.rounds, 2 * week.unsigned_abs());
    assert_eq!(summary.alerts.keys().map(|name| &**name).collect::<Vec<_>>(), ["down", "lossy"]);
    let down = summary.alerts["down"];
    // Cleared in round 12 and raised again in 15, a flap; in 16 and 100, none. The last one is not over.
    assert_eq!((down.firings, down.flaps, down.longest, down.notifications), (4, 1, Some(2 * STEP), 7));
    assert!((down.notifications_a_week - 3.5).abs() < 1e-9);
    let total = summary.total;
    assert_eq!((total.firings, total.flaps, total.longest, total.notifications), (9, 2, Some(2 * STEP), 16));
    assert!((total.notifications_a_week - 8.0).abs() < 1e-9);
}

#[test]
fn answer_for_another_hour_is_not_asked_for_again() {
    let mut replay = Replay::new(watched("A", vec![by_rule("baseline", "baseline", std::sync::Arc::new(Baseline))]));
    let mut asked = 0;
    let events = replay.round(STEP, GOOD, &mut |_| {
        asked += 1;
        Season { hour: -1, ..Season::default() }
    });
    assert_eq!((asked, events), (1, Vec::new()));
}

#[test]
fn nothing_is_kept_for_a_store() {
    let mut replay = Replay::new(watched("A", vec![loss("every", ">10%").every_round()]));
    replay.engine.silence(silence("x", 0, Some(1)));
    for number in 1..100 {
        replay.round(number * STEP, BAD, &mut nothing);
    }
    let mut change = Change::default();
    replay.engine.take_changes(&mut change);
    assert_eq!((change.series.len(), change.events.len()), (0, 0));
}
