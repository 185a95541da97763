//! Figures about events.

use std::collections::BTreeMap;

use smokeprobe_core::Step;

use crate::event::{AlertName, Event, What};
use crate::season::WEEK;

/// An alert that is raised again within so many rounds of being cleared flaps: half an hour of SmokePing's usual step.
pub const FLAP_ROUNDS: i64 = 6;

/// What a replay comes to.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Summary {
    /// How many slots were replayed, those that could not be measured too.
    pub rounds: u64,
    /// Of all alerts together.
    pub total: Figures,
    /// Of each alert that was raised, by name.
    pub alerts: BTreeMap<AlertName, Figures>,
}

/// Figures about the events of one alert, or of several.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Figures {
    /// How often it was raised.
    pub firings: u64,
    /// The longest time that it was raised, in seconds: from the round that raised it to the one that cleared it, or to
    /// the last round. `None` when it never was.
    pub longest: Option<i64>,
    /// How often it was raised again within [`FLAP_ROUNDS`] rounds of being cleared.
    pub flaps: u64,
    /// How many events somebody was told of.
    pub notifications: u64,
    /// The same a week.
    pub notifications_a_week: f64,
}

/// Counts while the rounds go by.
#[derive(Debug)]
pub(super) struct Tally {
    step: Step,
    rounds: u64,
    alerts: BTreeMap<AlertName, Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    figures: Figures,
    raised: bool,
    /// Where it was cleared, in rounds since any fixed one.
    cleared: Option<i64>,
}

impl Tally {
    pub(super) const fn new(step: Step) -> Self {
        Self { step, rounds: 0, alerts: BTreeMap::new() }
    }

    /// So many rounds went by.
    pub(super) const fn rounds(&mut self, count: u64) {
        self.rounds += count;
    }

    /// An event, at its place in rounds.
    pub(super) fn event(&mut self, at: i64, event: &Event) {
        let counted = self.alerts.entry(event.alert.clone()).or_default();
        let flaps = counted.cleared.is_some_and(|cleared| at.saturating_sub(cleared) <= FLAP_ROUNDS);
        // A raise that is told later is the same one.
        let fires = event.what == What::Raised && !counted.raised;
        counted.note(at, event.what);
        let figures = &mut counted.figures;
        figures.firings += u64::from(fires);
        figures.flaps += u64::from(fires && flaps);
        figures.notifications += u64::from(event.is_told());
        if event.what == What::Cleared {
            figures.longest = figures.longest.max(Some(event.time.saturating_sub(event.since)));
        }
    }

    /// An event before the time that is asked for: it is not counted.
    pub(super) fn before(&mut self, at: i64, event: &Event) {
        self.alerts.entry(event.alert.clone()).or_default().note(at, event.what);
    }

    /// The figures, given the time of the last round and what is raised since when after it.
    pub(super) fn summary<'a>(&self, last: Option<i64>, standing: impl Iterator<Item = (&'a str, i64)>) -> Summary {
        let mut alerts: BTreeMap<AlertName, Figures> =
            self.alerts.iter().map(|(name, counted)| (name.clone(), counted.figures)).collect();
        for (name, since) in standing {
            if let (Some(figures), Some(last)) = (alerts.get_mut(name), last.filter(|_| self.rounds > 0)) {
                figures.longest = figures.longest.max(Some(last.saturating_sub(since)));
            }
        }
        // What was raised and cleared before the time that is asked for says nothing of it.
        alerts.retain(|_, figures| figures.longest.is_some() || figures.notifications > 0);
        let mut total = Figures::default();
        for figures in alerts.values_mut() {
            figures.notifications_a_week = self.a_week(figures.notifications);
            total.firings += figures.firings;
            total.longest = total.longest.max(figures.longest);
            total.flaps += figures.flaps;
            total.notifications += figures.notifications;
        }
        total.notifications_a_week = self.a_week(total.notifications);
        Summary { rounds: self.rounds, total, alerts }
    }

    fn a_week(&self, count: u64) -> f64 {
        let seconds = self.rounds as f64 * f64::from(self.step.as_secs());
        if seconds > 0.0 { count as f64 * WEEK as f64 / seconds } else { 0.0 }
    }
}

impl Counted {
    const fn note(&mut self, at: i64, what: What) {
        match what {
            What::Raised => self.raised = true,
            What::Cleared => {
                self.raised = false;
                self.cleared = Some(at);
            }
            What::Active => {}
        }
    }
}
