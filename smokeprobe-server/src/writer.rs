//! The writer of rounds: one thread between the engine and the store.
//!
//! The engine's sink only puts a round into the backlog, so that a slow or full disk never keeps it from measuring. The
//! writer takes rounds out and stores them:
//!
//! 1. The backlog holds an hour of rounds at the configured rate, between 16 and 256 MiB of them. When it is full the
//!    oldest go, are counted, and the log says so once.
//! 2. Writing is spread: four times the configured rate at most, and 200 rounds a second at least, so that rounds that
//!    all end at once do not keep the disk from others. Files are made at 64 MB a second.
//! 3. What fails because the disk is full, read-only or not permitted is tried again every second, with the rounds of
//!    each series in order. One series' trouble does not stop the others.
//! 4. What the store refuses for good (a damaged file, a round that does not fit) costs its series that round.
//! 5. Everything is synced every second: a power cut costs at most that.
//! 6. The journal has taken room ahead, and a full disk keeps no round from being stored before that is used up, which
//!    may take an hour. So a disk that has little room left is told of at once.

mod backlog;
mod desk;
mod keep;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use smokeprobe_core::{Clock, MonoTime, Round, RoundResult, RoundSink, SeriesSpec, SinkError, UnknownReason};

use crate::live::{Live, WriterState};
use backlog::Backlog;
use desk::{Allowance, Desk, Tray};
pub use keep::Keep;

/// From one look at the backlog to the next, while rounds wait.
const TICK: Duration = Duration::from_millis(100);

/// The same while they cannot be stored.
const RETRY: Duration = Duration::from_secs(1);

/// The backlog is at least and at most this large, in bytes.
const BOUNDS: (usize, usize) = (16 << 20, 256 << 20);

/// The writer's thread.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    /// How many rounds were left in the end.
    left: mpsc::Receiver<usize>,
}

/// The engine's way to the writer.
#[derive(Debug)]
pub struct WriterSink {
    shared: Arc<Shared>,
    live: Arc<Live>,
    /// Rounds are being dropped, and the log has it.
    dropping: bool,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug)]
struct State {
    backlog: Backlog,
    /// Rounds a second.
    rate: f64,
    stop: Option<MonoTime>,
}

impl Writer {
    /// Starts the thread. `specs` say how much there will be to write.
    pub fn start(
        store: Arc<dyn Keep>,
        live: Arc<Live>,
        clock: Arc<dyn Clock>,
        specs: &[SeriesSpec],
    ) -> io::Result<(Self, WriterSink)> {
        let (rate, bound) = load(specs);
        let state = State { backlog: Backlog::new(bound), rate, stop: None };
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Condvar::new() });
        let (report, left) = mpsc::channel();
        let of_thread = (Arc::clone(&shared), Arc::clone(&live));
        thread::Builder::new().name("writer".to_owned()).spawn(move || {
            let (shared, live) = of_thread;
            let left = shared.run(&*store, &live, &*clock);
            // Whoever stopped the writer may have stopped waiting.
            let _ = report.send(left);
        })?;
        Ok((Self { shared: Arc::clone(&shared), left }, WriterSink { shared, live, dropping: false }))
    }

    /// Tells how much there is to write from now on.
    pub fn follow(&self, specs: &[SeriesSpec]) {
        let (rate, bound) = load(specs);
        let mut state = self.shared.lock();
        state.backlog.set_bound(bound);
        state.rate = rate;
    }

    /// Stores what waits, syncs and ends, within `time`. Returns how many rounds could not be stored.
    pub fn stop(self, clock: &dyn Clock, time: Duration) -> usize {
        self.shared.lock().stop = Some(clock.mono() + time);
        self.shared.wake.notify_all();
        // The thread may hang in a system call; it has until a moment after its own deadline.
        self.left.recv_timeout(time + TICK).unwrap_or_else(|_| self.shared.lock().backlog.len())
    }
}

impl RoundSink for WriterSink {
    fn accept(&mut self, round: &Round) -> Result<(), SinkError> {
        let mut state = self.shared.lock();
        // The store leaves a gap for slots without a round anyway: their room is for rounds that were measured.
        let is_gap = round.result == RoundResult::Unknown(UnknownReason::Missed);
        if is_gap && state.backlog.is_half_full() {
            return Ok(());
        }
        let dropped = state.backlog.push(backlog::slim(round));
        let waiting = state.backlog.len();
        drop(state);
        self.shared.wake.notify_one();
        self.live.counters.rounds_dropped.fetch_add(dropped as u64, Ordering::Relaxed);
        if dropped > 0 && !self.dropping {
            tracing::error!("{waiting} rounds wait to be stored and there is no room for more: the oldest are dropped");
        }
        self.dropping = dropped > 0;
        Ok(())
    }
}

impl Shared {
    fn run(&self, store: &dyn Keep, live: &Live, clock: &dyn Clock) -> usize {
        let mut desk = Desk::default();
        let mut looked = clock.mono();
        loop {
            let (rate, stop) = self.wait(&desk);
            if let Some(deadline) = stop {
                return self.finish(&mut desk, store, live, clock, deadline);
            }
            let now = clock.mono();
            let elapsed = now.saturating_since(looked).min(RETRY).as_secs_f64();
            looked = now;
            let allowance = Allowance { rounds: (rate * elapsed).ceil().max(1.0) as usize, spread: true };
            desk.look(now, &mut &*self, store, &live.counters, allowance);
            self.publish(&desk, store, live);
        }
    }

    /// Waits until there is something to do, for at least a tick once rounds are under way.
    fn wait(&self, desk: &Desk) -> (f64, Option<MonoTime>) {
        let mut state = self.lock();
        let idle = state.backlog.len() == 0 && !desk.is_unsynced();
        state = if idle {
            let waits = |state: &mut State| state.backlog.len() == 0 && state.stop.is_none();
            self.wake.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner)
        } else {
            let time = if desk.blocked().is_some() { RETRY } else { TICK };
            let waits = |state: &mut State| state.stop.is_none();
            self.wake.wait_timeout_while(state, time, waits).unwrap_or_else(PoisonError::into_inner).0
        };
        (state.rate, state.stop)
    }

    /// The end: everything at once, as far as it can be stored.
    fn finish(&self, desk: &mut Desk, store: &dyn Keep, live: &Live, clock: &dyn Clock, deadline: MonoTime) -> usize {
        // Looks of some hundred rounds, so that the deadline is seen.
        let allowance = Allowance { rounds: 256, spread: false };
        let mut before = usize::MAX;
        while clock.mono() < deadline {
            let waiting = self.lock().backlog.len();
            if waiting == 0 || waiting == before {
                break;
            }
            before = waiting;
            desk.look(clock.mono(), &mut &*self, store, &live.counters, allowance);
        }
        if let Some(why) = desk.sync(clock.mono(), store) {
            tracing::error!("the last rounds may not survive a power cut: {why}");
        }
        self.publish(desk, store, live);
        self.lock().backlog.len()
    }

    fn publish(&self, desk: &Desk, store: &dyn Keep, live: &Live) {
        let state = WriterState {
            queued: self.lock().backlog.len(),
            blocked: desk.blocked().map(str::to_owned),
            nearly_full: desk.nearly_full(),
            set_aside: store.set_aside(),
        };
        if **live.writer.load() != state {
            live.writer.store(Arc::new(state));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lock is held for one round at a time, so that the engine never waits for the disk.
impl Tray for &Shared {
    fn pop(&mut self) -> Option<Round> {
        self.lock().backlog.pop()
    }

    fn put_back(&mut self, round: Round) {
        self.lock().backlog.put_back(round);
    }

    fn series(&self) -> usize {
        self.lock().backlog.series()
    }
}

/// Rounds to be written a second at most, and bytes of rounds that may wait.
fn load(specs: &[SeriesSpec]) -> (f64, usize) {
    let rate: f64 = specs.iter().map(|spec| 1.0 / f64::from(spec.step.as_secs())).sum();
    let a_second = |spec: &SeriesSpec| backlog::cost_of(spec.pings) as f64 / f64::from(spec.step.as_secs());
    let an_hour = 3600.0 * specs.iter().map(a_second).sum::<f64>();
    if an_hour > BOUNDS.1 as f64 {
        let minutes = 60.0 * BOUNDS.1 as f64 / an_hour;
        tracing::warn!("should the disk fail, only the rounds of the last {minutes:.0} minutes can wait in memory");
    }
    ((4.0 * rate).max(200.0), (an_hour as usize).clamp(BOUNDS.0, BOUNDS.1))
}
