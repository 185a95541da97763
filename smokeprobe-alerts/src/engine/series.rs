//! What the engine knows of one series.

use std::sync::Arc;

use smokeprobe_core::SeriesId;

use crate::alert::{Alert, Watched};
use crate::engine::window::Window;
use crate::event::RecipientId;
use crate::rule::Observation;
use crate::season::{HOUR, Season, SeasonOrder};
use crate::state::{AlertState, SeriesState, Standing};

/// A series with its window and its alerts.
#[derive(Debug)]
pub(super) struct Series {
    /// What is watched; its list of alerts is empty, they are in `alerts`.
    pub(super) watched: Watched,
    /// In the order in which they are judged.
    pub(super) alerts: Vec<Judged>,
    /// The longest window of its rules.
    pub(super) longest: usize,
    /// For how many weeks its rules want seasons, each number once.
    pub(super) weeks: Vec<u32>,
    /// What was answered for them, at the same places.
    pub(super) seasons: Vec<Option<Season>>,
    /// The series that it depends on, by its place.
    pub(super) depends: Option<usize>,
    /// The series that depend on it.
    pub(super) dependents: Vec<usize>,
    pub(super) window: Window,
    /// Unix seconds of the end of the last slot that was judged.
    pub(super) last: Option<i64>,
    /// The end of the slot in which it was first watched: no round is missed before that.
    pub(super) since: i64,
    /// Its newest round that was measured, and not suspect, lost every ping.
    pub(super) down: bool,
    /// It changed since the last time that changes were taken.
    pub(super) dirty: bool,
}

/// An alert of a series, and how it stands.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) alert: Arc<Alert>,
    pub(super) recipients: Arc<[RecipientId]>,
    /// When somebody was last told of it, raised or not.
    pub(super) told: Option<i64>,
    /// In a box, as most alerts are not raised.
    pub(super) standing: Option<Box<Standing>>,
}

impl Series {
    /// One that was never measured.
    pub(super) fn new(mut watched: Watched, since: i64) -> Self {
        let mut alerts: Vec<Judged> = Vec::with_capacity(watched.alerts.len());
        for (alert, recipients) in std::mem::take(&mut watched.alerts) {
            // State is kept by name: an alert that is named twice is one alert.
            if alerts.iter().all(|known| known.alert.name != alert.name) {
                alerts.push(Judged { alert, recipients, told: None, standing: None });
            }
        }
        // Those without a priority first, as in the program; the sort is stable.
        alerts.sort_by_key(|judged| judged.alert.priority.unwrap_or(0));
        let mut weeks: Vec<u32> = alerts.iter().map(|judged| judged.alert.rule.weeks()).filter(|&n| n > 0).collect();
        weeks.sort_unstable();
        weeks.dedup();
        Self {
            longest: alerts.iter().map(|judged| judged.alert.rule.window()).max().unwrap_or(0),
            seasons: vec![None; weeks.len()],
            weeks,
            watched,
            alerts,
            depends: None,
            dependents: Vec::new(),
            window: Window::new(),
            last: None,
            since,
            down: false,
            dirty: false,
        }
    }

    /// The step in seconds.
    pub(super) fn step(&self) -> i64 {
        i64::from(self.watched.step.as_secs())
    }

    /// The end of the first slot that is not judged yet.
    pub(super) fn next_end(&self) -> i64 {
        let step = self.step();
        (self.last.unwrap_or(self.since).div_euclid(step) + 1).saturating_mul(step)
    }

    /// When that slot counts as one without a round, if none comes: a round may end after its slot, so one step is waited.
    pub(super) fn due(&self) -> i64 {
        self.next_end().saturating_add(self.step())
    }

    /// Notes whether the series is down, for those that depend on it.
    pub(super) fn note(&mut self, observation: &Observation) {
        if let Observation::Measured(round) = observation
            && !round.suspect
        {
            self.down = round.loss >= 100.0;
        }
    }

    /// The first season that its rules want for the slot that ends at `end`, and which is not known.
    pub(super) fn season_wanted(&self, end: i64) -> Option<SeasonOrder> {
        let hour = hour_of(end);
        let unknown = |season: &Option<Season>| season.as_ref().is_none_or(|season| season.hour != hour);
        let at = self.seasons.iter().position(unknown)?;
        Some(SeasonOrder { series: self.watched.series.clone(), hour, weeks: self.weeks[at] })
    }

    /// Takes the answer to the order that [`season_wanted`](Self::season_wanted) gives.
    pub(super) fn take_season(&mut self, season: Season) {
        let unknown = |known: &&mut Option<Season>| known.as_ref().is_none_or(|known| known.hour != season.hour);
        if let Some(place) = self.seasons.iter_mut().find(unknown) {
            *place = Some(season);
        }
    }

    /// What survives a restart.
    pub(super) fn state(&self) -> SeriesState {
        SeriesState {
            series: self.watched.series.clone(),
            last: self.last,
            down: self.down,
            window: self.window.rounds().to_vec(),
            alerts: self.alerts.iter().map(Judged::state).collect(),
        }
    }

    /// Its identity.
    pub(super) const fn id(&self) -> &SeriesId {
        &self.watched.series
    }
}

impl Judged {
    fn state(&self) -> AlertState {
        AlertState {
            alert: self.alert.name.clone(),
            meaning: self.alert.meaning.clone(),
            told: self.told,
            standing: self.standing.as_deref().cloned(),
        }
    }
}

/// The start of the hour of a row: seasons are made of the rows in `(hour, hour + HOUR]`.
pub(super) const fn hour_of(end: i64) -> i64 {
    end.saturating_sub(1).div_euclid(HOUR).saturating_mul(HOUR)
}
