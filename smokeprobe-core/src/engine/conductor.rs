//! The engine's own task: keeps the schedule, starts and closes rounds, feeds the sink.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{self, JoinError, JoinSet};

use super::outlet::Outlet;
use super::running::{End, Running};
use super::{EngineConfig, EngineStatus, Offset, Reloaded, SeriesSpec, sleep};
use crate::probe::ProbeError;
use crate::round::{Round, RoundOrder, UnknownReason};
use crate::schedule::{Due, Schedule, spread};
use crate::sink::RoundSink;
use crate::target::SeriesId;
use crate::time::{MonoTime, Slot, Step, WallTime};

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

    fn reload(&mut self, specs: Vec<SeriesSpec>) -> Reloaded {
        let now = self.config.clock.wall();
        let mut outcome = Reloaded::default();
        let mut given = HashSet::with_capacity(specs.len());
        for spec in specs {
            let id = spec.series.clone();
            if !given.insert(id.clone()) {
                tracing::error!(series = %id, "series given twice; the first one counts");
                outcome.duplicates += 1;
                continue;
            }
            let former = self.series.get(&id).map(|entry| &entry.spec);
            if former.is_some_and(|former| former.same_measurement(&spec)) {
                outcome.kept += 1;
                continue;
            }
            let same_timing = former.is_some_and(|former| former.same_timing(&spec));
            match former {
                Some(_) => outcome.changed += 1,
                None => outcome.added += 1,
            }
            self.stop_series(&id);
            if !same_timing {
                self.schedule.remove(&id);
                self.schedule.insert(now, id.clone(), spec.step, offset(&spec), spec.last);
            }
            self.series.insert(id, Entry { spec, running: None, waiting: None });
        }
        let gone: Vec<_> = self.series.keys().filter(|id| !given.contains(id)).cloned().collect();
        outcome.removed = gone.len();
        for id in gone {
            self.stop_series(&id);
            self.schedule.remove(&id);
            self.series.remove(&id);
        }
        outcome
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

    fn miss(&mut self, series: &SeriesId, slot: Slot, now: WallTime) {
        let Some(entry) = self.series.get_mut(series) else { return };
        // A round of an earlier slot is closed first: rounds of a series are reported in the order of their slots.
        let earlier = entry.running.take();
        let order = entry.spec.order(slot);
        if let Some(earlier) = earlier {
            self.close(earlier, End::CutOff);
        }
        self.counts.missed += 1;
        self.emit(&Round::unknown(&order, now, UnknownReason::Missed));
    }

    fn order(&mut self, series: &SeriesId, slot: Slot, now: WallTime, deadline: MonoTime, late: Duration) {
        let Some(entry) = self.series.get_mut(series) else { return };
        let order = entry.spec.order(slot);
        let (earlier, waiting) = (entry.running.take(), entry.waiting.take());
        // Their deadlines come before the next round, unless the clock was set ahead.
        if let Some(earlier) = earlier {
            self.close(earlier, End::CutOff);
        }
        if let Some(Waiting { order, started, .. }) = waiting {
            self.emit(&Round::unknown(&order, started, UnknownReason::Hung));
        }
        self.deadlines.push(Reverse((deadline, series.clone())));
        if self.stuck.contains_key(series) {
            if let Some(entry) = self.series.get_mut(series) {
                entry.waiting = Some(Waiting { order, started: now, deadline });
            }
            return;
        }
        self.start(series, order, now, deadline);
        if let Some(running) = self.series.get(series).and_then(|entry| entry.running.as_ref()) {
            running.recorder().quality(|quality| quality.timer_lateness = late);
        }
    }

    fn start(&mut self, series: &SeriesId, order: RoundOrder, now: WallTime, deadline: MonoTime) {
        let Some(entry) = self.series.get_mut(series) else { return };
        let running = Running::start(&mut self.tasks, &self.config, &entry.spec, order, now, deadline);
        self.owners.insert(running.task.id(), series.clone());
        entry.running = Some(running);
    }

    /// A probe's task came to its end.
    fn ended(&mut self, ended: Result<(task::Id, Result<(), ProbeError>), JoinError>) {
        let (id, end) = match ended {
            Ok((id, returned)) => (id, End::Returned(returned)),
            Err(error) if error.is_panic() => (error.id(), End::Panicked),
            Err(error) => (error.id(), End::Stopped),
        };
        let Some(series) = self.owners.remove(&id) else { return };
        if self.stuck.get(&series) == Some(&id) {
            self.stuck.remove(&series);
            self.start_waiting(&series);
            return;
        }
        let running = self.series.get_mut(&series).and_then(|entry| entry.running.take_if(|run| run.task.id() == id));
        if let Some(running) = running {
            self.counts.panicked += u64::from(matches!(end, End::Panicked));
            self.emit(&running.close(end));
        }
    }

    /// Starts a round that waited for the one before it, if its slot still runs.
    fn start_waiting(&mut self, series: &SeriesId) {
        let Some(entry) = self.series.get_mut(series) else { return };
        let Some(Waiting { order, started, deadline }) = entry.waiting.take() else { return };
        let now = self.config.clock.wall();
        if Slot::containing(now, order.slot.step()) == order.slot && self.stopping.is_none() {
            self.start(series, order, now, deadline);
        } else {
            self.emit(&Round::unknown(&order, started, UnknownReason::Hung));
        }
    }

    /// Closes the rounds whose deadline has come.
    fn close_what_is_over(&mut self) {
        let now = self.config.clock.mono();
        while let Some(Reverse((deadline, _))) = self.deadlines.peek()
            && *deadline <= now
        {
            let Some(Reverse((deadline, series))) = self.deadlines.pop() else { return };
            let Some(entry) = self.series.get_mut(&series) else { continue };
            if let Some(waiting) = entry.waiting.take_if(|waiting| waiting.deadline == deadline) {
                tracing::warn!(%series, "the probe blocks its thread since an earlier round");
                self.counts.cut_off += 1;
                self.emit(&Round::unknown(&waiting.order, waiting.started, UnknownReason::Hung));
            } else if let Some(running) = entry.running.take_if(|running| running.deadline == deadline) {
                self.close(running, End::CutOff);
            }
        }
    }

    /// Closes and reports a round whose task has not ended.
    fn close(&mut self, running: Running, end: End) {
        self.counts.cut_off += u64::from(matches!(end, End::CutOff));
        let id = running.task.id();
        let round = running.close(end);
        self.stuck.insert(round.series.clone(), id);
        self.emit(&round);
    }

    fn stop_series(&mut self, series: &SeriesId) {
        let Some(entry) = self.series.get_mut(series) else { return };
        let (running, waiting) = (entry.running.take(), entry.waiting.take());
        if let Some(running) = running {
            self.close(running, End::Stopped);
        }
        if let Some(waiting) = waiting {
            self.emit(&Round::unknown(&waiting.order, waiting.started, UnknownReason::Hung));
        }
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

impl SeriesSpec {
    fn order(&self, slot: Slot) -> RoundOrder {
        RoundOrder { series: self.series.clone(), slot, pings: self.pings.max(1) }
    }
}

fn offset(spec: &SeriesSpec) -> Duration {
    match spec.offset {
        Offset::Spread => spread(&spec.series, spec.step),
        Offset::At(offset) => {
            let step = u64::from(spec.step.as_secs());
            Duration::new(offset.as_secs() % step, offset.subsec_nanos())
        }
    }
}

/// How long before the next round a round is closed: time for its task to end.
fn margin(step: Step) -> Duration {
    (step.as_duration() / 20).min(Duration::from_secs(1))
}
