//! What waits for the thread of the alerts: bounded, and put in by others without waiting.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use smokeprobe_alerts::notify::{Delivered, DeliveryError};
use smokeprobe_alerts::{MessageId, Observation};
use smokeprobe_core::{MonoTime, SeriesId, Slot, WallTime};

use super::clerk::Clerk;

/// Rounds that may wait: some minutes of ten thousand targets, and some megabytes.
pub const ROUNDS: usize = 1 << 17;

/// Orders of people that may wait.
const ORDERS: usize = 256;

/// Rounds that are taken at once, so that orders and results need not wait for all of them.
const AT_ONCE: usize = 1024;

/// A round as far as alerts go.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) series: SeriesId,
    pub(super) slot: Slot,
    pub(super) observation: Observation,
}

/// Something to do between two rounds. It is told the time.
pub(super) type Order = Box<dyn FnOnce(&mut Clerk, WallTime) + Send>;

/// How the delivery of a message ended.
pub(super) type Outcome = (MessageId, Result<Delivered, DeliveryError>);

/// What came in since the last look.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) rounds: Vec<Seen>,
    pub(super) orders: Vec<Order>,
    pub(super) outcomes: Vec<Outcome>,
    /// By when to have ended.
    pub(super) stop: Option<MonoTime>,
}

#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    rounds: VecDeque<Seen>,
    orders: VecDeque<Order>,
    outcomes: Vec<Outcome>,
    stop: Option<MonoTime>,
}

impl Inbox {
    /// Takes a round. Returns how many older ones had to go for it.
    pub(super) fn round(&self, seen: Seen) -> u64 {
        let mut state = self.lock();
        let dropped = u64::from(state.rounds.len() >= ROUNDS && state.rounds.pop_front().is_some());
        state.rounds.push_back(seen);
        drop(state);
        self.wake.notify_one();
        dropped
    }

    /// Takes an order, unless too many wait already.
    pub(super) fn order(&self, order: Order) -> bool {
        let mut state = self.lock();
        let has_room = state.orders.len() < ORDERS && state.stop.is_none();
        if has_room {
            state.orders.push_back(order);
        }
        drop(state);
        self.wake.notify_one();
        has_room
    }

    /// Takes an order of the daemon's own, which must not be lost.
    pub(super) fn order_of_ours(&self, order: Order) {
        self.lock().orders.push_back(order);
        self.wake.notify_one();
    }

    /// Takes the end of a delivery.
    pub(super) fn outcome(&self, outcome: Outcome) {
        self.lock().outcomes.push(outcome);
        self.wake.notify_one();
    }

    /// Asks the thread to end.
    pub(super) fn stop(&self, deadline: MonoTime) {
        self.lock().stop = Some(deadline);
        self.wake.notify_all();
    }

    /// Rounds that wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().rounds.len()
    }

    /// Waits for `time`, or until something comes in; rounds count only when they are wanted.
    pub(super) fn wait(&self, time: Duration, rounds_wanted: bool) -> Batch {
        let idle = |state: &mut State| {
            let rounds = rounds_wanted && !state.rounds.is_empty();
            !rounds && state.orders.is_empty() && state.outcomes.is_empty() && state.stop.is_none()
        };
        let waited = self.wake.wait_timeout_while(self.lock(), time, idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        let rounds = if rounds_wanted { state.rounds.len().min(AT_ONCE) } else { 0 };
        Batch {
            rounds: state.rounds.drain(..rounds).collect(),
            orders: state.orders.drain(..).collect(),
            outcomes: std::mem::take(&mut state.outcomes),
            stop: state.stop,
        }
    }

    /// Waits for `time` for deliveries to end, and for nothing else.
    pub(super) fn wait_for_outcomes(&self, time: Duration) -> Vec<Outcome> {
        let idle = |state: &mut State| state.outcomes.is_empty();
        let waited = self.wake.wait_timeout_while(self.lock(), time, idle);
        std::mem::take(&mut waited.unwrap_or_else(PoisonError::into_inner).0.outcomes)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By hand, as an order has no `Debug`.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("rounds", &self.rounds.len())
            .field("orders", &self.orders.len())
            .finish_non_exhaustive()
    }
}
