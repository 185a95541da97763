//! What alerts of one series would have said over rounds of the past.

mod summary;
#[cfg(test)]
mod tests;

use smokeprobe_core::{SeriesId, Slot, Step, WallTime};

use crate::alert::{AlertPlan, Watched};
use crate::engine::Engine;
use crate::event::Event;
use crate::rule::Observation;
use crate::season::{Season, SeasonOrder};
use crate::state::Standing;
use summary::Tally;

pub use summary::{FLAP_ROUNDS, Figures, Summary};

/// The alerts of one series over its stored rounds: the live [`Engine`], with the time of the rounds.
///
/// There are no silences and no other series in a replay, so that only priorities and `again` keep an event from being
/// told. An event that would not have been told says so in [`Event::silent`].
///
/// ```
/// use std::sync::Arc;
/// use smokeprobe_alerts::{Alert, Kind, Measurement, Observation, Replay, Season, Semantics, Watched, What};
/// # use smokeprobe_core::{SeriesId, Step};
///
/// let rule = Arc::new(smokeprobe_alerts::parse(Kind::Loss, ">60%")?);
/// # let alert = Alert {
/// #     name: "hostdown".into(), rule, meaning: "loss >60%".into(), semantics: Semantics::Documented,
/// #     edgetrigger: true, priority: None, again: None, pattern: ">60%".into(), comment: String::new(),
/// #     mail_template: None,
/// # };
/// # let watched = Watched {
/// #     series: SeriesId::local("A.B".parse()?), step: Step::DEFAULT, host: String::new(), title: String::new(),
/// #     url: None, labels: Arc::default(), depends: None, alerts: vec![(Arc::new(alert), Arc::from([]))],
/// # };
/// let mut replay = Replay::new(watched);
/// for (time, loss) in [(300, 0.0), (600, 100.0), (900, 100.0), (1200, 0.0)] {
///     let round = Observation::Measured(Measurement { loss, ..Measurement::default() });
///     for event in replay.round(time, round, &mut |order| Season { hour: order.hour, ..Season::default() }) {
///         assert_eq!(event.time, if event.what == What::Raised { 600 } else { 1200 });
///     }
/// }
/// assert_eq!(replay.summary().total.longest, Some(600));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Replay {
    engine: Engine,
    series: SeriesId,
    step: Step,
    /// The end of the newest slot.
    last: Option<i64>,
    /// How many rounds [`next`](Self::next) was given.
    lines: i64,
    tally: Tally,
}

/// Times are taken to be at most so far from the epoch, 35 million years.
const FURTHEST: i64 = 1 << 50;

/// Answers what must be known of the past: with a season of the hour that is asked for, without rounds when nothing is
/// known.
pub type Past<'a> = &'a mut dyn FnMut(&SeasonOrder) -> Season;

impl Replay {
    /// A replay of a series that was never measured.
    pub fn new(watched: Watched) -> Self {
        let (series, step) = (watched.series.clone(), watched.step);
        let mut engine = Engine::default();
        engine.follow(WallTime::EPOCH, AlertPlan { watched: vec![watched], maintenance: Vec::new() });
        Self { engine, series, step, last: None, lines: 0, tally: Tally::new(step) }
    }

    /// The stored round whose slot ends at `time` (Unix seconds), and what is said of it. Rounds come oldest first; one
    /// of a slot that was there already is ignored. Slots that are left out count as rounds that could not be measured,
    /// as live; a row that is not known is the same, [`Observation::Unknown`].
    pub fn round(&mut self, time: i64, observation: Observation, past: Past<'_>) -> Vec<Event> {
        let rounds = self.advance(time, observation, past);
        let events = self.events();
        self.tally.rounds(rounds);
        for event in &events {
            self.tally.event(self.place(event), event);
        }
        events
    }

    /// The same for a round before the time that is asked for: it fills the windows, and what is said of it is not
    /// reported and not counted. What it raises stands.
    pub fn warm_up(&mut self, time: i64, observation: Observation, past: Past<'_>) {
        self.advance(time, observation, past);
        for event in self.events() {
            self.tally.before(self.place(&event), &event);
        }
    }

    /// The next round of a list in which each line is the round after the one before, whatever their times: none is
    /// ignored, and nothing is put between. Events carry `time` as it is.
    pub fn next(&mut self, time: i64, observation: Observation, past: Past<'_>) -> Vec<Event> {
        self.learn(self.slot(time), past);
        self.engine.handle_next(time, observation);
        let events = self.events();
        self.last = Some(time);
        self.lines += 1;
        self.tally.rounds(1);
        for event in &events {
            self.tally.event(self.lines, event);
        }
        events
    }

    /// What is raised after the rounds so far.
    pub fn standing(&self) -> impl Iterator<Item = (&str, &Standing)> {
        self.engine.standing().map(|(_, alert, standing)| (alert, standing))
    }

    /// The figures of what was said so far.
    pub fn summary(&self) -> Summary {
        let standing = self.engine.standing().map(|(_, alert, standing)| (alert, standing.since));
        self.tally.summary(self.last, standing)
    }

    /// Hands the round to the engine; how many slots that were.
    fn advance(&mut self, time: i64, observation: Observation, past: Past<'_>) -> u64 {
        let slot = self.slot(time);
        let end = slot.end();
        if self.last.is_some_and(|last| end <= last) {
            return 0;
        }
        self.learn(slot, past);
        self.engine.handle_round(WallTime::from_unix_secs(end), &self.series, slot, observation);
        let before = self.last.replace(end).unwrap_or(slot.start());
        (end - before).unsigned_abs() / u64::from(self.step.as_secs())
    }

    /// The number of the event's slot since the Unix epoch.
    fn place(&self, event: &Event) -> i64 {
        self.slot(event.time).index()
    }

    fn slot(&self, end: i64) -> Slot {
        Slot::ending_at(end.clamp(-FURTHEST, FURTHEST), self.step)
    }

    fn learn(&mut self, slot: Slot, past: Past<'_>) {
        // A season of another hour is no answer, and asking again would not end.
        while let Some(order) = self.engine.season_wanted(&self.series, slot) {
            let season = past(&order);
            let answered = season.hour == order.hour;
            self.engine.handle_season(&self.series, season);
            if !answered {
                break;
            }
        }
    }

    fn events(&mut self) -> Vec<Event> {
        self.engine.drop_changes();
        std::iter::from_fn(|| self.engine.poll_event()).collect()
    }
}
