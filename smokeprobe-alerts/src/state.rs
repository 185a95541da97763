//! What survives a restart, and the seam behind which it is kept.
//!
//! The engine and the outbox say what changed; a [`StateStore`] keeps each [`Change`] whole or not at all.

#[cfg(feature = "test-util")]
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::path::PathBuf;
use std::sync::Arc;

use smokeprobe_core::{SeriesId, WallTime};
use thiserror::Error;

use crate::event::{AlertName, Event};
use crate::outbox::{Attempt, Message, MessageId};
use crate::rule::Observation;
use crate::silence::Silence;

/// What the engine remembers of a series.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SeriesState {
    /// Which series.
    pub series: SeriesId,
    /// Unix seconds of the end of the last slot that was judged.
    pub last: Option<i64>,
    /// Its newest round that was measured, and not suspect, lost every ping: what depends on it raises silently.
    #[cfg_attr(feature = "serde", serde(default))]
    pub down: bool,
    /// The newest rounds, oldest first: as many as the longest window of its rules.
    pub window: Vec<Observation>,
    /// Its alerts.
    pub alerts: Vec<AlertState>,
}

/// What the engine remembers of an alert of a series.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AlertState {
    /// Which alert.
    pub alert: AlertName,
    /// [`Alert::meaning`](crate::Alert::meaning) when it was written: another one means another rule.
    pub meaning: String,
    /// When somebody was last told of it, as [`Standing::since`]; whether it is raised or not.
    #[cfg_attr(feature = "serde", serde(default))]
    pub told: Option<i64>,
    /// How it stands, when it is raised.
    pub standing: Option<Standing>,
}

/// A raised alert.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Standing {
    /// Unix seconds of the end of the slot of the round that raised it.
    pub since: i64,
    /// Why, with the rule's figures.
    pub reason: String,
    /// When somebody was last told that it is raised, as `since`. `None`: it was raised silently.
    pub told: Option<i64>,
    /// Who knows of it.
    pub acknowledged: Option<Acknowledgement>,
}

/// Somebody has taken notice: no reminders until it is cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Acknowledgement {
    /// Unix seconds.
    pub time: i64,
    /// Who.
    pub author: String,
    /// What they said.
    pub comment: String,
}

/// What is kept whole or not at all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    /// Series that changed, as they are now.
    pub series: Vec<SeriesState>,
    /// Series that are watched no more.
    pub forgotten: Vec<SeriesId>,
    /// Silences that were set.
    pub silences: Vec<Silence>,
    /// Ids of silences that were taken back, or are over.
    pub unsilenced: Vec<Arc<str>>,
    /// Events for the history.
    pub events: Vec<Event>,
    /// Messages that are new or changed, dead letters too.
    pub messages: Vec<Message>,
    /// Messages that are delivered, or were given up and seen.
    pub finished: Vec<MessageId>,
    /// Attempts at delivery, for the history.
    pub attempts: Vec<Attempt>,
}

/// Everything that was kept, but for the history.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Saved {
    /// The series.
    pub series: Vec<SeriesState>,
    /// The silences.
    pub silences: Vec<Silence>,
    /// The messages that are not delivered, dead letters too, oldest first.
    pub messages: Vec<Message>,
}

/// Asks for a part of the history, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryQuery {
    /// Only of this target and everything below it.
    pub below: Option<smokeprobe_core::TargetPath>,
    /// Only of this alert.
    pub alert: Option<AlertName>,
    /// Only at or after this, Unix seconds.
    pub from: Option<i64>,
    /// Only before this, Unix seconds.
    pub to: Option<i64>,
    /// At most this many.
    pub limit: usize,
}

/// An event of the history.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PastEvent {
    /// Counts up.
    pub id: u64,
    /// The event.
    pub event: Event,
}

/// An attempt of the history.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PastAttempt {
    /// Counts up.
    pub id: u64,
    /// The attempt.
    pub attempt: Attempt,
}

/// Keeps state and history. Synchronous: one thread writes.
pub trait StateStore: Send {
    /// Everything that was kept.
    fn load(&mut self) -> Result<Saved, StateError>;

    /// Keeps a change. When this returns, it survives a crash and a power cut.
    fn commit(&mut self, change: &Change) -> Result<(), StateError>;

    /// Events, newest first.
    fn events(&self, query: &HistoryQuery) -> Result<Vec<PastEvent>, StateError>;

    /// Attempts at delivery, newest first. Of the query's target and alert: attempts at messages with such an event.
    fn attempts(&self, query: &HistoryQuery) -> Result<Vec<PastAttempt>, StateError>;

    /// Forgets the history before a time.
    fn prune(&mut self, before: WallTime) -> Result<(), StateError>;
}

/// Why state could not be kept or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// The file cannot be read or written; trying again may help.
    #[error("cannot {action} {path}: {reason}", path = path.display())]
    Io {
        /// What was tried, such as "write".
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system or the database said.
        reason: String,
    },
    /// The file is not a state, or is damaged.
    #[error("{path} is damaged: {reason}", path = path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Change {
    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl HistoryQuery {
    /// The newest `limit` of everything.
    pub fn newest(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }
}
