//! What survives a restart, and the seam behind which it is kept.
//!
//! The engine and the outbox say what changed; a [`StateStore`] keeps each [`Change`] whole or not at all.

#[cfg(feature = "test-util")]
pub mod conformance;
#[cfg(feature = "test-util")]
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use smokeprobe_core::{SeriesId, TargetPath, WallTime};
use thiserror::Error;

use crate::event::{AlertName, Event, RecipientId};
use crate::outbox::{Attempt, Message, MessageId};
#[cfg(any(feature = "sqlite", feature = "test-util"))]
use crate::rule::Measurement;
use crate::rule::Observation;
use crate::silence::Silence;

#[cfg(feature = "test-util")]
pub use memory::MemoryState;
#[cfg(feature = "sqlite")]
pub use sqlite::{HistoryReader, SetAside, SqliteState};

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
    pub meaning: Arc<str>,
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
    /// Who was told that it is raised: they are told that it is cleared, whoever is named by then.
    #[cfg_attr(feature = "serde", serde(default = "nobody"))]
    pub to: Arc<[RecipientId]>,
    /// Its alert has an edge trigger; for when that is gone.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub edgetrigger: bool,
}

#[cfg(feature = "serde")]
fn nobody() -> Arc<[RecipientId]> {
    Arc::from([])
}

#[cfg(feature = "serde")]
const fn yes() -> bool {
    true
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

/// How much of its rate limit a recipient has used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Whose.
    pub recipient: RecipientId,
    /// When it has all of it again.
    pub until: WallTime,
}

/// What is kept whole or not at all.
///
/// No series is in both `series` and `forgotten`, and the same holds of silences and of messages: see
/// [`extend`](Self::extend).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    /// Series that changed, as they are now. An alert is in a series once.
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
    /// Rate limits that were used.
    pub paces: Vec<Pace>,
}

/// Everything that was kept, but for the history.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Saved {
    /// The series, in their order.
    pub series: Vec<SeriesState>,
    /// The silences, in the order of their ids.
    pub silences: Vec<Silence>,
    /// The messages that are not delivered, dead letters too, oldest first.
    pub messages: Vec<Message>,
    /// The highest number that any message ever had.
    pub last_message: Option<MessageId>,
    /// The rate limits, in the order of the recipients.
    pub paces: Vec<Pace>,
}

/// Asks for a part of the history, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryQuery {
    /// Only of this target and everything below it.
    pub below: Option<TargetPath>,
    /// Only of this target itself: found by an index, however much happened elsewhere meanwhile.
    pub target: Option<TargetPath>,
    /// Only of this alert.
    pub alert: Option<AlertName>,
    /// Only at or after this, Unix seconds.
    pub from: Option<i64>,
    /// Only before this, Unix seconds.
    pub to: Option<i64>,
    /// Of events, without those of alerts that only go on: such are said every round of an alert without edge trigger.
    pub changes: bool,
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

    /// Keeps a change, all of it or, with an error, nothing. When this returns, it survives a crash and a power cut.
    ///
    /// The same change may be committed again, and so may one that grew of it by [`Change::extend`], when it is not
    /// known whether it was kept: the state is the same, only the history may tell things twice.
    fn commit(&mut self, change: &Change) -> Result<(), StateError>;

    /// Events, newest first: by their time, and of one time by when they were kept.
    fn events(&self, query: &HistoryQuery) -> Result<Vec<PastEvent>, StateError>;

    /// Attempts at delivery, newest first, as events are. Of the query's target and alert: attempts at messages that
    /// tell of such an alert of such a target.
    fn attempts(&self, query: &HistoryQuery) -> Result<Vec<PastAttempt>, StateError>;

    /// Forgets the history before a time, and what is older than the newest 200,000 events or attempts. State and
    /// messages stay.
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
    /// The file was written by a newer version.
    #[error(
        "{path} was written by a newer smokeprobe (layout {found}, known here up to {known}): run that one, or move the file away",
        path = path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The layout that it has.
        found: i64,
        /// The newest layout that this version knows.
        known: i64,
    },
}

impl Change {
    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The highest number of a message in it.
    #[cfg(any(feature = "sqlite", feature = "test-util"))]
    fn last_message(&self) -> Option<MessageId> {
        let waiting = self.messages.iter().map(|message| message.id);
        waiting.chain(self.finished.iter().copied()).max()
    }

    /// Adds what changed later. What was to be kept before and is changed by it is left out.
    ///
    /// History that could not be kept for long is bounded: of more than 20,000 events or attempts the oldest go.
    pub fn extend(&mut self, later: Self) {
        replace(&mut self.series, &mut self.forgotten, later.series, later.forgotten, |state| &state.series);
        replace(&mut self.silences, &mut self.unsilenced, later.silences, later.unsilenced, |silence| &silence.id);
        replace(&mut self.messages, &mut self.finished, later.messages, later.finished, |message| &message.id);
        replace(&mut self.paces, &mut Vec::new(), later.paces, Vec::new(), |pace| &pace.recipient);
        append(&mut self.events, later.events);
        append(&mut self.attempts, later.attempts);
    }
}

/// At most this much of each kind of history is kept: some hundred megabytes.
#[cfg(any(feature = "sqlite", feature = "test-util"))]
const HISTORY_KEPT: u32 = 200_000;

/// At most this much of each kind of history waits to be kept.
const HISTORY_WAITING: usize = 20_000;

/// Puts `later` things and those that are `later_gone` over those that are there and `gone`.
fn replace<T, K: Clone + Ord>(
    there: &mut Vec<T>,
    gone: &mut Vec<K>,
    later: Vec<T>,
    later_gone: Vec<K>,
    key: impl Fn(&T) -> &K,
) {
    if later.is_empty() && later_gone.is_empty() {
        return;
    }
    if !there.is_empty() || !gone.is_empty() {
        let came: BTreeSet<&K> = later.iter().map(&key).collect();
        let went: BTreeSet<&K> = later_gone.iter().collect();
        there.retain(|thing| !came.contains(key(thing)) && !went.contains(key(thing)));
        gone.retain(|thing| !came.contains(thing) && !went.contains(thing));
    }
    there.extend(later);
    gone.extend(later_gone);
}

fn append<T>(there: &mut Vec<T>, later: Vec<T>) {
    there.extend(later);
    there.drain(..there.len().saturating_sub(HISTORY_WAITING));
}

impl SeriesState {
    /// The same as it can be kept: a figure that is no number, which no round of ours has, is one that is not known.
    #[cfg(any(feature = "sqlite", feature = "test-util"))]
    fn without_nan(&self) -> Self {
        let finite = |figure: Option<f64>| figure.filter(|figure| figure.is_finite());
        let kept = |observation: &Observation| match observation {
            Observation::Measured(measured) if !measured.loss.is_finite() => Observation::Unknown,
            Observation::Measured(measured) => Observation::Measured(Measurement {
                median: finite(measured.median),
                deviation: finite(measured.deviation),
                ..*measured
            }),
            other => *other,
        };
        Self { window: self.window.iter().map(kept).collect(), ..self.clone() }
    }
}

impl HistoryQuery {
    /// The newest `limit` of everything.
    pub fn newest(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }
}

/// `(series, alert, what)` of an entry of [`Attempt::told`]. The name of an alert may have blanks.
#[cfg(any(feature = "sqlite", feature = "test-util"))]
fn told_parts(told: &str) -> Option<(&str, &str, &str)> {
    let (series, rest) = told.split_once(' ')?;
    let (alert, what) = rest.rsplit_once(' ')?;
    Some((series, alert, what))
}

/// Whether a query asks for this target.
#[cfg(feature = "test-util")]
fn is_of(target: &str, query: &HistoryQuery) -> bool {
    let below = |top: &TargetPath| {
        target.strip_prefix(top.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    query.below.as_ref().is_none_or(below) && query.target.as_ref().is_none_or(|wanted| wanted.as_str() == target)
}
