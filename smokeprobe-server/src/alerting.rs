//! The alerting service: rounds in, messages out.
//!
//! One thread owns the engine, the outbox and the state file. The engine of measuring, the web and the deliveries put
//! what they have into its inbox and never wait for it:
//!
//! 1. A round is judged once, in order. The inbox holds [`ROUNDS`] of them; when it is full the oldest go, are counted,
//!    and the log says so once. Their slots then count as rounds that could not be measured, which raise and clear
//!    nothing.
//! 2. What has events or messages is written to the state file before a message leaves, so that a crash repeats at most
//!    one message to each recipient and loses none. Windows alone are written every ten seconds, since rounds that were
//!    not written are read again from the store; a suspect round, which the store does not know as one, is written at
//!    once. The disk's time is spent sparingly: after each commit there is a pause
//!    of ten times its length, a second at most.
//! 3. A state that cannot be written, as on a full disk, does not keep alerts from being told: they stay in memory, are
//!    told, and written once that works again. A crash in between may repeat them. Log, `/readyz` and metrics say so.
//! 4. At the start, rounds that the store has and the state has not are judged first, oldest first; live rounds wait for
//!    them in the inbox. Without a state file nothing is read back: history is not news. A state file that is damaged
//!    is set aside, and the rounds of each series' longest window are judged again: what stands after them is told once,
//!    even if it was told before, because a repeat is better than silence.
//! 5. Messages are delivered on a runtime of their own, one at a time to each recipient, so that a recipient that hangs
//!    delays neither measuring nor another recipient.
//! 6. At the end everything is written, deliveries under way get a moment, and those that are not done by then are
//!    repeated at the next start.

mod board;
mod catch_up;
mod clerk;
pub mod compose;
mod courier;
mod desk;
pub mod hindsight;
mod inbox;
mod ledger;
pub(crate) mod marks;
mod orders;
pub mod past;
mod picture;
#[cfg(test)]
mod tests;
pub mod trial;
pub mod ways;

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use std::{fmt, io, thread};

use smokeprobe_alerts::{AlertPlan, HistoryReader, Notifier, RecipientId, SqliteState, StateError, StateStore, Terms};
use smokeprobe_core::{Clock, Round, RoundSink, SinkError, WallTime};
use smokeprobe_store::Store;

pub use board::{Board, Counts, Listed, Standing, StateView, View};
pub use desk::{AlertDesk, Done, Refusal};
pub use inbox::ROUNDS;
pub use picture::Pictures;

use clerk::Clerk;
use inbox::{Inbox, Seen};

/// The file of the state, in the folder of the data.
pub const STATE_FILE: &str = "smokeprobe-alerts.sqlite";

/// What is watched, and how those are reached who are told.
#[derive(Clone, Default)]
pub struct Arrangement {
    /// What is watched.
    pub plan: AlertPlan,
    /// Everybody who may be told, and how they want it.
    pub terms: BTreeMap<RecipientId, Terms>,
    /// How they are reached.
    pub notifiers: BTreeMap<RecipientId, Arc<dyn Notifier>>,
}

/// By hand, as a notifier need not have `Debug`.
impl fmt::Debug for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let watched = self.plan.watched.len();
        f.debug_struct("Arrangement").field("watched", &watched).field("terms", &self.terms).finish_non_exhaustive()
    }
}

/// A state that was opened.
pub struct Opened {
    /// The state.
    pub state: Box<dyn StateStore>,
    /// Reads its history beside the thread that writes, where that is kept.
    pub history: Option<HistoryReader>,
    /// What became of the one before, when it was damaged: a sentence.
    pub set_aside: Option<String>,
}

/// By hand, as a state need not have `Debug`.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("set_aside", &self.set_aside).finish_non_exhaustive()
    }
}

/// Opens the state in `file`. One that is damaged is set aside first.
pub fn open_state(file: &Path, now: WallTime) -> Result<Opened, StateError> {
    let (state, set_aside) = SqliteState::open(file, now)?;
    let history = Some(state.history());
    Ok(Opened { state: Box::new(state), history, set_aside: set_aside.map(|file| file.to_string()) })
}

/// The service, while it runs.
#[derive(Debug)]
pub struct Alerting {
    inbox: Arc<Inbox>,
    board: Arc<Board>,
    clock: Arc<dyn Clock>,
    done: mpsc::Receiver<()>,
}

/// The engine's way to the alerts.
#[derive(Debug)]
pub struct AlertSink {
    inbox: Arc<Inbox>,
    board: Arc<Board>,
    /// Rounds are being dropped, and the log has it.
    dropping: bool,
}

impl Alerting {
    /// Starts the thread. `open` is called on it, so that a large state keeps nobody waiting.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(
        arrangement: Arrangement,
        open: impl FnOnce() -> Result<Opened, StateError> + Send + 'static,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        board: Arc<Board>,
    ) -> io::Result<(Self, AlertSink)> {
        let inbox = Arc::new(Inbox::default());
        let (report, done) = mpsc::channel();
        let of_thread = (Arc::clone(&inbox), Arc::clone(&board), Arc::clone(&clock));
        thread::Builder::new().name("alerts".to_owned()).spawn(move || {
            let (inbox, board, clock) = of_thread;
            let shown = Arc::clone(&board);
            let work = AssertUnwindSafe(|| Clerk::new(arrangement, open(), store, clock, inbox, board).run());
            if panic::catch_unwind(work).is_err() {
                // Only by a bug of ours. Measuring goes on, and whoever looks is told.
                tracing::error!("the alerts hit a fault and stand still: restart the server, and please report it");
                shown.has_failed();
            }
            // Whoever stopped us may have stopped waiting.
            let _ = report.send(());
        })?;
        let sink = AlertSink { inbox: Arc::clone(&inbox), board: Arc::clone(&board), dropping: false };
        Ok((Self { inbox, board, clock, done }, sink))
    }

    /// The way in for people.
    pub fn desk(&self) -> AlertDesk {
        AlertDesk::new(Arc::clone(&self.inbox), Arc::clone(&self.board), Arc::clone(&self.clock))
    }

    /// From now on this is watched. State of what is unchanged stays.
    pub fn follow(&self, arrangement: Arrangement) {
        self.inbox.order_of_ours(Box::new(move |clerk, now| clerk.follow(now, arrangement)));
    }

    /// Judges and writes what waits, and ends within `time`. Says whether it did.
    pub fn stop(self, time: Duration) -> bool {
        self.inbox.stop(self.clock.mono() + time);
        // The thread may hang in a system call; it has until a moment after its own deadline.
        self.done.recv_timeout(time + Duration::from_millis(100)).is_ok()
    }
}

impl RoundSink for AlertSink {
    fn accept(&mut self, round: &Round) -> Result<(), SinkError> {
        let dropped =
            self.inbox.round(Seen { series: round.series.clone(), slot: round.slot, observation: round.into() });
        self.board.drop_rounds(dropped);
        if dropped > 0 && !self.dropping {
            tracing::error!("{ROUNDS} rounds wait to be judged and there is no room for more: the oldest are dropped");
        }
        self.dropping = dropped > 0;
        Ok(())
    }
}
