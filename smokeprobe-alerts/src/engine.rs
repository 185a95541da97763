//! The engine: rounds in, events out. Sans-IO.

use smokeprobe_core::{SeriesId, Slot, WallTime};

use crate::alert::AlertPlan;
use crate::event::Event;
use crate::rule::Observation;
use crate::season::{Season, SeasonOrder};
use crate::silence::Silence;
use crate::state::{Acknowledgement, Change, Saved, Standing};

/// Judges rounds and remembers what stands.
#[derive(Debug, Default)]
pub struct Engine {}

/// A request that cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// There is no such alert, or it is not raised.
    #[error("alert {alert} of {series} is not raised")]
    NotRaised {
        /// Whose.
        series: SeriesId,
        /// Which.
        alert: String,
    },
    /// There is no such silence.
    #[error("there is no silence {0}")]
    NoSuchSilence(String),
}

impl Engine {
    /// The engine as it was kept; nothing is judged before [`follow`](Self::follow).
    pub fn restore(_saved: &Saved) -> Self {
        Self {}
    }

    /// From now on this is watched. Series and alerts that are unchanged keep their state; those that are gone are
    /// forgotten.
    pub fn follow(&mut self, _now: WallTime, _plan: AlertPlan) {}

    /// What must be known of the past before the round of `slot` is judged: to be answered by
    /// [`handle_season`](Self::handle_season) first.
    pub fn season_wanted(&self, _series: &SeriesId, _slot: Slot) -> Option<SeasonOrder> {
        None
    }

    /// The answer to [`season_wanted`](Self::season_wanted).
    pub fn handle_season(&mut self, _series: &SeriesId, _season: Season) {}

    /// A round ended at `now`. Slots since the last one count as rounds that could not be measured; a slot that was
    /// judged is not judged again.
    pub fn handle_round(&mut self, _now: WallTime, _series: &SeriesId, _slot: Slot, _observation: Observation) {}

    /// It is `now`: slots whose rounds should have ended long ago count as rounds that could not be measured.
    pub fn handle_timeout(&mut self, _now: WallTime) {}

    /// When to come back, if ever.
    pub fn poll_timeout(&self) -> Option<WallTime> {
        None
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// Somebody has taken notice of a raised alert.
    pub fn acknowledge(
        &mut self,
        series: &SeriesId,
        alert: &str,
        _acknowledgement: Acknowledgement,
    ) -> Result<(), EngineError> {
        Err(EngineError::NotRaised { series: series.clone(), alert: alert.to_owned() })
    }

    /// Sets a silence.
    pub fn silence(&mut self, _silence: Silence) {}

    /// Takes a silence back.
    pub fn unsilence(&mut self, id: &str) -> Result<(), EngineError> {
        Err(EngineError::NoSuchSilence(id.to_owned()))
    }

    /// Silences that people set, and maintenance windows, with whether each holds at `now`.
    pub fn silences(&self, _now: WallTime) -> impl Iterator<Item = (&Silence, bool)> {
        std::iter::empty()
    }

    /// What is raised.
    pub fn standing(&self) -> impl Iterator<Item = (&SeriesId, &str, &Standing)> {
        std::iter::empty()
    }

    /// What changed since the last call.
    pub fn take_changes(&mut self, _change: &mut Change) {}
}
