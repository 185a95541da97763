//! The engine's own task: keeps the schedule, starts and closes rounds, feeds the sink.

mod reload;
mod rounds;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{self, JoinSet};

use super::outlet::Outlet;
use super::running::Running;
use super::{EngineConfig, EngineStatus, Reloaded, SeriesSpec, sleep};
use crate::probe::ProbeError;
use crate::round::{Round, RoundOrder};
use crate::schedule::{Due, Schedule};
use crate::sink::RoundSink;
use crate::target::SeriesId;
use crate::time::{MonoTime, Step, WallTime};

/// The wall clock is looked at this often: so soon a step of it is noticed.
const GLANCE: Duration = Duration::from_secs(1);

/// What is due is dealt with in batches of this many, between which rounds that ended and commands get their turn.
const BATCH: usize = 256;

pub(super) enum Command {
    Reload { specs: Vec<SeriesSpec>, done: oneshot::Sender<Reloaded> },
    Shutdown { grace: Duration, done: oneshot::Sender<()> },
}

pub(super) struct Conductor {
    config: EngineConfig,
    outlet: Outlet,
    status: Arc<Mutex<EngineStatus>>,
    /// What `status` shows next.
    counts: EngineStatus,
    schedule: Schedule,
    series: HashMap<SeriesId, Entry>,
    tasks: JoinSet<Result<(), ProbeError>>,
    /// Whose round each task measures.
    owners: HashMap<task::Id, SeriesId>,
    /// Tasks whose round is closed and which have not ended: for an instant after they were aborted, and for as long as
    /// their probe blocks its thread.
    stuck: HashMap<SeriesId, task::Id>,
    /// When rounds are closed. An entry counts only while it is its series' deadline.
    deadlines: BinaryHeap<Reverse<(MonoTime, SeriesId)>>,
    /// When nothing was due for the last time: what is due now became so since.
    idle: MonoTime,
    stopping: Option<Stopping>,
}

struct Entry {
    spec: SeriesSpec,
    running: Option<Running>,
    /// A round that cannot start because the one before it is stuck.
    waiting: Option<Waiting>,
}

struct Waiting {
    order: RoundOrder,
    started: WallTime,
    deadline: MonoTime,
}

struct Stopping {
    until: MonoTime,
    done: Option<oneshot::Sender<()>>,
}

impl Conductor {
    pub(super) fn new(config: EngineConfig, sink: Box<dyn RoundSink>, status: Arc<Mutex<EngineStatus>>) -> Self {
        let idle = config.clock.mono();
        Self {
            config,
            outlet: Outlet::new(sink),
            status,
            counts: EngineStatus::default(),
            schedule: Schedule::default(),
            series: HashMap::new(),
            tasks: JoinSet::new(),
            owners: HashMap::new(),
            stuck: HashMap::new(),
            deadlines: BinaryHeap::new(),
            idle,
            stopping: None,
        }
    }

    pub(super) async fn run(mut self, specs: Vec<SeriesSpec>, mut inbox: mpsc::UnboundedReceiver<Command>) {
        self.reload(specs);
        while !self.is_over() {
            let exhausted = self.start_what_is_due();
            self.close_what_is_over();
            self.publish();
            let wake = if exhausted { self.until_wake() } else { Duration::ZERO };
            tokio::select! {
                biased;
                command = inbox.recv(), if self.stopping.is_none() => self.obey(command),
                Some(ended) = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => self.ended(ended),
                () = sleep(wake) => {}
            }
            while let Some(ended) = self.tasks.try_join_next_with_id() {
                self.ended(ended);
            }
        }
        self.stop();
    }

    fn obey(&mut self, command: Option<Command>) {
        let now = self.config.clock.mono();
        match command {
            Some(Command::Reload { specs, done }) => {
                // Whoever asked may have gone away meanwhile.
                let _ = done.send(self.reload(specs));
            }
            Some(Command::Shutdown { grace, done }) => {
                self.stopping = Some(Stopping { until: now + grace, done: Some(done) });
            }
            None => self.stopping = Some(Stopping { until: now, done: None }),
        }
    }

    /// Starts a batch of rounds. Whether that was all.
    fn start_what_is_due(&mut self) -> bool {
        if self.stopping.is_some() {
            return true;
        }
        for _ in 0..BATCH {
            let (mono, wall) = (self.config.clock.mono(), self.config.clock.wall());
            self.schedule.handle_timeout(wall);
            match self.schedule.poll() {
                None => {
                    self.idle = mono;
                    return true;
                }
                Some(Due::Missed { series, slot }) => self.miss(&series, slot, wall),
                Some(Due::Start { series, slot, due, next }) => {
                    // A step of the wall clock makes nothing late that was not due before.
                    let late = wall.saturating_since(due).min(mono.saturating_since(self.idle));
                    self.counts.lateness = late;
                    self.counts.worst_lateness = late.max(self.counts.worst_lateness);
                    let time = next.saturating_since(wall).min(slot.step().as_duration());
                    let deadline = mono + time.saturating_sub(margin(slot.step()));
                    self.order(&series, slot, wall, deadline, late);
                }
            }
        }
        false
    }

    fn emit(&mut self, round: &Round) {
        self.counts.rounds += 1;
        self.outlet.emit(round);
    }

    fn is_over(&self) -> bool {
        let Some(stopping) = &self.stopping else { return false };
        self.running() == 0 || self.config.clock.mono() >= stopping.until
    }

    /// The end: everything that runs is reported, the sink is flushed.
    fn stop(mut self) {
        let ids: Vec<_> = self.series.keys().cloned().collect();
        for id in ids {
            self.stop_series(&id);
        }
        self.outlet.flush();
        self.publish();
        if let Some(done) = self.stopping.and_then(|stopping| stopping.done) {
            let _ = done.send(());
        }
    }

    fn running(&self) -> usize {
        self.owners.len() - self.stuck.len()
    }

    fn until_wake(&self) -> Duration {
        let (mono, wall) = (self.config.clock.mono(), self.config.clock.wall());
        let due = self.schedule.poll_timeout().filter(|_| self.stopping.is_none());
        let deadline = self.deadlines.peek().map(|Reverse((deadline, _))| *deadline);
        [
            due.map(|due| due.saturating_since(wall)),
            deadline.map(|deadline| deadline.saturating_since(mono)),
            self.stopping.as_ref().map(|stopping| stopping.until.saturating_since(mono)),
        ]
        .into_iter()
        .flatten()
        .fold(GLANCE, Duration::min)
    }

    fn publish(&mut self) {
        self.counts.turns += 1;
        self.counts.series = self.series.len();
        self.counts.running = self.running();
        self.counts.stuck = self.stuck.len();
        self.counts.sink_errors = self.outlet.errors();
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = self.counts;
    }
}

/// How long before the next round a round is closed: time for its task to end.
fn margin(step: Step) -> Duration {
    (step.as_duration() / 20).min(Duration::from_secs(1))
}
