//! The engine: schedule → probes → sink.
//!
//! One task of the runtime it is started in, the conductor, keeps the schedule, closes rounds and calls the sink. Each
//! round runs in a task of its own, so that a probe that panics or hangs costs its own series one round.

mod conductor;
mod outlet;
mod running;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::clock::{Clock, SystemClock};
use crate::net::resolve::Resolve;
use crate::probe::Probe;
use crate::sink::RoundSink;
use crate::target::{Host, SeriesId};
use crate::time::{Slot, Step};
use conductor::{Command, Conductor};

/// Measures series, each once in every slot of its step, and hands the closed rounds to a sink.
///
/// - Rounds start at the wall times ≡ offset (mod step). The first round of a series starts at once, in the slot that
///   runs, unless that slot is stored already; first rounds of many series start five milliseconds apart.
/// - A round is closed before the next one of its series starts, with the samples known by then. A probe that panics, or
///   hangs until then, costs its series that round: [`Unknown`](crate::RoundResult::Unknown) when no sample was known.
///   A probe that blocks its thread costs one worker thread of the runtime, until it returns; its series is reported
///   as hung meanwhile, and not started on another thread.
/// - Slots that went by, because the process was suspended or the clock was set ahead, are reported as missed, at most
///   the last twelve of them, and never measured in a burst. No slot is ever measured twice, also when the clock steps
///   back, and slots of a series ascend, unless the clock was wrong by more than an hour.
///
/// Dropping the engine stops it as [`shutdown`](Self::shutdown) without a grace does, but does not wait for the end.
pub struct Engine {
    commands: mpsc::UnboundedSender<Command>,
    status: Arc<Mutex<EngineStatus>>,
}

/// What an engine needs from outside.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EngineConfig {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Finds the addresses of hosts that are names.
    pub resolver: Arc<dyn Resolve>,
}

/// A series to measure.
#[derive(Debug, Clone)]
pub struct SeriesSpec {
    /// Its identity.
    pub series: SeriesId,
    /// What to point the probe at.
    pub host: Host,
    /// How to measure. On a reload, the same `Arc` means that nothing changed.
    pub probe: Arc<dyn Probe>,
    /// How often.
    pub step: Step,
    /// Samples a round, at least one.
    pub pings: u32,
    /// When in its step a round starts.
    pub offset: Offset,
    /// The last slot that is stored: it is not measured again.
    pub last: Option<Slot>,
}

/// When in its step a round starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Offset {
    /// At a place of the series' own, derived from its name: stable over restarts, and spread over the step.
    #[default]
    Spread,
    /// This long after the start of the step; what exceeds the step is left out.
    At(Duration),
}

/// How an engine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EngineStatus {
    /// Series on the schedule.
    pub series: usize,
    /// Rounds that run.
    pub running: usize,
    /// Rounds that were closed while their probe had not ended: it blocks its thread.
    pub stuck: usize,
    /// Rounds closed since the start.
    pub rounds: u64,
    /// Slots reported as missed since the start.
    pub missed: u64,
    /// Rounds whose probe panicked.
    pub panicked: u64,
    /// Rounds that were cut off at their deadline.
    pub cut_off: u64,
    /// Rounds that the sink did not take.
    pub sink_errors: u64,
    /// How often the engine has looked at its schedule, once a second at least: it is stuck when this stands still.
    pub turns: u64,
    /// How late the last round started.
    pub lateness: Duration,
    /// How late a round started at worst.
    pub worst_lateness: Duration,
}

/// What a reload changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Reloaded {
    /// Series that go on as they were, with phase and running round.
    pub kept: usize,
    /// Series whose host, probe, step, pings or offset changed. A running round was closed and reported.
    pub changed: usize,
    /// Series that came.
    pub added: usize,
    /// Series that ended. A running round was closed and reported.
    pub removed: usize,
    /// Series that were given more than once; the first of each counts.
    pub duplicates: usize,
}

impl Engine {
    /// Starts to measure `specs`.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, and in one without time. Give it several worker threads, so that a probe that
    /// blocks one leaves others.
    pub fn start(config: EngineConfig, specs: Vec<SeriesSpec>, sink: Box<dyn RoundSink>) -> Self {
        let (commands, inbox) = mpsc::unbounded_channel();
        let status = Arc::new(Mutex::new(EngineStatus::default()));
        tokio::spawn(Conductor::new(config, sink, Arc::clone(&status)).run(specs, inbox));
        Self { commands, status }
    }

    /// Measures `specs` from now on, and returns once it does. Series that did not change keep their phase and their
    /// running round: same identity, same `Arc` of the probe, same host, step, pings and offset.
    pub async fn reload(&self, specs: Vec<SeriesSpec>) -> Reloaded {
        let (done, answer) = oneshot::channel();
        // The conductor ends before its engine only when the runtime does.
        let _ = self.commands.send(Command::Reload { specs, done });
        answer.await.unwrap_or_default()
    }

    /// Stops. No round starts any more; those that run may go on for `grace`, then they are closed with the samples
    /// known. Returns when the sink has had them all and was flushed.
    pub async fn shutdown(self, grace: Duration) {
        let (done, answer) = oneshot::channel();
        let _ = self.commands.send(Command::Shutdown { grace, done });
        let _ = answer.await;
    }

    /// How it is doing.
    pub fn status(&self) -> EngineStatus {
        self.observer()()
    }

    /// Asks how it is doing, from wherever that is wanted; the last answer stands when the engine has ended.
    pub fn observer(&self) -> impl Fn() -> EngineStatus + Send + Sync + 'static {
        let status = Arc::clone(&self.status);
        move || *status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Engine").field(&self.status()).finish()
    }
}

impl EngineConfig {
    /// The system's clocks, and this resolver.
    pub fn new(resolver: Arc<dyn Resolve>) -> Self {
        Self { clock: Arc::new(SystemClock), resolver }
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }
}

impl SeriesSpec {
    /// Whether a series can go on as it is under `other`.
    fn same_measurement(&self, other: &Self) -> bool {
        self.same_timing(other)
            && self.host == other.host
            && self.pings == other.pings
            && Arc::ptr_eq(&self.probe, &other.probe)
    }

    fn same_timing(&self, other: &Self) -> bool {
        self.step == other.step && self.offset == other.offset
    }
}

/// Where the engine waits for what is due. For no time at all it lets others go first.
async fn sleep(time: Duration) {
    if time.is_zero() {
        return tokio::task::yield_now().await;
    }
    #[expect(clippy::disallowed_methods, reason = "the engine's schedule runs on this")]
    tokio::time::sleep(time).await;
}
