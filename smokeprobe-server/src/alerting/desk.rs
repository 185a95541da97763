//! The way in for people: what the web may ask of the alerts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use smokeprobe_alerts::{Acknowledgement, Event, HistoryReader, MessageId, Silence, StateError};
use smokeprobe_core::{Clock, SeriesId, WallTime};
use tokio::sync::{broadcast, oneshot};

use super::board::{Board, View};
use super::clerk::Clerk;
use super::inbox::Inbox;
use super::trial::{Tested, Trial};
use crate::sentence::sentence;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long one real delivery may take, for those who wait for it.
const DELIVERY: Duration = Duration::from_secs(120);

/// Asks the thread of the alerts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AlertDesk {
    inbox: Arc<Inbox>,
    board: Arc<Board>,
    clock: Arc<dyn Clock>,
}

/// Why the alerts did not do what they were asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Too many ask, or the disk is slow; or the server stops.
    Busy,
    /// There is no such thing.
    NotFound(String),
    /// What was asked for cannot be.
    Wrong(String),
    /// The state file cannot be read.
    State(String),
}

/// It is done. The warning says what keeps it from being written to the state file, when something does.
pub type Done = Option<String>;

impl AlertDesk {
    pub(super) fn new(inbox: Arc<Inbox>, board: Arc<Board>, clock: Arc<dyn Clock>) -> Self {
        Self { inbox, board, clock }
    }

    /// How the alerts are.
    pub fn view(&self) -> Arc<View> {
        self.board.view()
    }

    /// Rounds that were dropped before they were judged.
    pub fn rounds_dropped(&self) -> u64 {
        self.board.rounds_dropped()
    }

    /// Every event from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.board.subscribe()
    }

    /// Somebody has taken notice of a raised alert.
    pub async fn acknowledge(
        &self,
        series: SeriesId,
        alert: String,
        author: String,
        comment: String,
    ) -> Result<Done, Refusal> {
        let acknowledgement = Acknowledgement { time: self.clock.wall().unix_secs(), author, comment };
        self.change(move |clerk, _| clerk.acknowledge(&series, &alert, acknowledgement)).await.map(|((), done)| done)
    }

    /// Sets a silence; its id is made. Returns the id.
    pub async fn silence(&self, silence: Silence) -> Result<(Arc<str>, Done), Refusal> {
        self.change(move |clerk, now| clerk.silence(now, silence)).await
    }

    /// Takes a silence back.
    pub async fn unsilence(&self, id: String) -> Result<Done, Refusal> {
        self.change(move |clerk, _| clerk.unsilence(&id)).await.map(|((), done)| done)
    }

    /// Tries a message again that was given up.
    pub async fn retry(&self, id: MessageId) -> Result<Done, Refusal> {
        self.change(move |clerk, now| clerk.retry(now, id)).await.map(|((), done)| done)
    }

    /// Forgets a message that was given up.
    pub async fn dismiss(&self, id: MessageId) -> Result<Done, Refusal> {
        self.change(move |clerk, _| clerk.dismiss(id)).await.map(|((), done)| done)
    }

    /// What reads the history: it waits for the disk, so not on a thread of the runtime. The alerts' own thread is not
    /// asked, as anybody may ask much.
    ///
    /// # Errors
    ///
    /// While there is no state, or when there is none.
    pub fn history(&self) -> Result<HistoryReader, Refusal> {
        match self.board.history() {
            Some(reader) => Ok(reader.clone()),
            None => Err(self.board.view().state.trouble.clone().map_or(Refusal::Busy, Refusal::State)),
        }
    }

    /// Sends one real message, and says what came of it at each recipient.
    pub async fn test(&self, trial: Trial) -> Result<Vec<Tested>, Refusal> {
        let now = self.clock.wall();
        self.ask(DELIVERY, move |clerk, answer| clerk.test(now, &trial, answer)).await
    }

    /// Has something changed, and waits until that is written.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Clerk, WallTime) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<(T, Done), Refusal> {
        let clock = Arc::clone(&self.clock);
        self.ask(PATIENCE, move |clerk, answer| match change(clerk, clock.wall()) {
            Ok(outcome) => {
                clerk.has_changed();
                clerk.reply(Box::new(move |done| drop(answer.send(Ok((outcome, done))))));
            }
            Err(refusal) => drop(answer.send(Err(refusal))),
        })
        .await
    }

    async fn ask<T: Send + 'static>(
        &self,
        patience: Duration,
        ask: impl FnOnce(&mut Clerk, oneshot::Sender<Result<T, Refusal>>) + Send + 'static,
    ) -> Result<T, Refusal> {
        let (answer, answered) = oneshot::channel();
        let order = move |clerk: &mut Clerk, _| {
            // Whoever was told that we are busy may ask again: it must not be done twice, nor for nobody.
            if !answer.is_closed() {
                ask(clerk, answer);
            }
        };
        if !self.inbox.order(Box::new(order)) {
            return Err(Refusal::Busy);
        }
        match tokio::time::timeout(patience, answered).await {
            Ok(Ok(outcome)) => outcome,
            _ => Err(Refusal::Busy),
        }
    }
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Self {
        Self::State(sentence(&error))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the alerts are busy; try again in some seconds"),
            Self::NotFound(why) | Self::Wrong(why) => f.write_str(why),
            Self::State(why) => write!(f, "the history of the alerts cannot be read: {why}"),
        }
    }
}
