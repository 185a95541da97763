//! When rounds start: slots, offsets, missed slots. Sans-IO: the wall time comes in, orders come out.
//!
//! The policy, for each series:
//!
//! 1. A round starts at the wall times ≡ offset (mod step), one in each slot. Slots never repeat and only ascend.
//! 2. The first round starts at once, in the slot that runs, unless that slot is stored already. Starts off the offset
//!    (first rounds, and those of 3) are put [`GAP`] apart over all series, in the order of their due time, so that ten
//!    thousand targets are not measured in the same instant; where the regular time comes first, that is taken.
//! 3. A round that is late, because the process was suspended or overloaded or the clock stepped ahead, is still made
//!    while its slot runs, under the same rule. Slots that went by altogether are reported as missed, the last
//!    [`MAX_MISSED`] of them; a store fills the others, and a clock that is set a year ahead does not fill queues.
//! 4. From the start of one round to the start of the next at least half a step passes, so that a first or late round
//!    has time. The round after it starts late for that, in its own slot, and the one after that is back on the offset.
//! 5. When the clock steps back, a series waits until it reaches a slot that was not measured yet. When that is longer
//!    than [`PATIENCE`] (and two steps), the earlier time was wrong: measuring goes on at the present, and what the
//!    store says to rounds before its last one is the store's matter.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use siphasher::sip::SipHasher24;

use crate::target::SeriesId;
use crate::time::{Slot, Step, WallTime};

/// From one start off the offset to the next, over all series: 200 a second.
const GAP: Duration = Duration::from_millis(5);

/// A round is on time when it starts at most this long after it was due.
const PUNCTUAL: Duration = Duration::from_millis(250);

/// How many missed slots of a series are reported at once: an hour of SmokePing's usual step.
const MAX_MISSED: i64 = 12;

/// How long a series waits for a clock that was set back to catch up.
const PATIENCE: Duration = Duration::from_secs(3600);

/// How long the last slot of a series that ended is remembered.
const REMEMBERED: Duration = Duration::from_secs(86_400);

/// The place in its step of a series that has none configured: SipHash-2-4 with a key of zeros over the series' name as
/// it is printed (`A.B`, `A.B~slave`), in milliseconds, modulo the step without its last second or twentieth, whichever
/// is less: there a round that starts late would start in the next slot.
pub(crate) fn spread(series: &SeriesId, step: Step) -> Duration {
    let hash = SipHasher24::new().hash(series.to_string().as_bytes());
    let millis = u64::from(step.as_secs()) * 1000;
    Duration::from_millis(hash % (millis - (millis / 20).min(1000)))
}

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// Start a round of this series now.
    Start {
        /// Which series.
        series: SeriesId,
        /// The slot, in which the present lies.
        slot: Slot,
        /// When it was due.
        due: WallTime,
        /// When the series' next round starts.
        next: WallTime,
    },
    /// This slot went by without a round.
    Missed {
        /// Which series.
        series: SeriesId,
        /// The slot.
        slot: Slot,
    },
}

/// When every series is measured.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    series: HashMap<SeriesId, Timing>,
    /// The due times. An entry counts only while it is its series' due time; the others are dropped when they come up.
    queue: BinaryHeap<Reverse<(WallTime, SeriesId)>>,
    /// The last slots of series that ended, for a day: one that comes back within its slot, or with another step, is not
    /// measured twice in it.
    ended: HashMap<SeriesId, Slot>,
    now: WallTime,
    /// The latest time seen since the clock was last found to be set back.
    latest: WallTime,
    /// The next free place for a start off the offset.
    free: WallTime,
}

#[derive(Debug, Clone, Copy)]
struct Timing {
    step: Step,
    offset: Duration,
    /// Index of the next slot to be measured.
    next: i64,
    /// When it is measured; lies in that slot.
    due: WallTime,
    /// The last slot that was ordered or missed.
    last: Option<Slot>,
}

impl Schedule {
    /// Adds a series. `offset` must be less than the step; `last` is the last slot that is stored already.
    pub(crate) fn insert(&mut self, now: WallTime, series: SeriesId, step: Step, offset: Duration, last: Option<Slot>) {
        self.advance(now);
        let last = [last, self.ended.remove(&series)]
            .into_iter()
            .flatten()
            .filter(|slot| !is_far_ahead(WallTime::from_unix_secs(slot.end()), self.now, step))
            // The slot of a former step, as the one of this step in which it ends.
            .map(|slot| Slot::containing(WallTime::from_unix_secs(slot.end() - 1), step))
            .max();
        let timing = self.first(Timing { step, offset, next: 0, due: self.now, last });
        self.plan(series, timing);
    }

    /// Ends a series.
    pub(crate) fn remove(&mut self, series: &SeriesId) {
        let yesterday = self.now - REMEMBERED;
        self.ended.retain(|_, last| WallTime::from_unix_secs(last.end()) > yesterday);
        if let Some(last) = self.series.remove(series).and_then(|timing| timing.last) {
            self.ended.insert(series.clone(), last);
        }
    }

    /// Tells the time. Call [`poll`](Self::poll) afterwards.
    pub(crate) fn handle_timeout(&mut self, now: WallTime) {
        self.advance(now);
    }

    /// What is due now, until `None`.
    pub(crate) fn poll(&mut self) -> Option<Due> {
        loop {
            let Reverse((due, series)) = self.queue.peek()?;
            if *due > self.now {
                return None;
            }
            let (due, Some(&timing)) = (*due, self.series.get(series).filter(|timing| timing.due == *due)) else {
                self.queue.pop();
                continue;
            };
            let current = Slot::containing(self.now, timing.step);
            if timing.next < current.index() {
                // The entry stays at the head: the series' other slots come up next.
                let series = series.clone();
                return Some(self.miss(series, timing, timing.next.max(current.index() - MAX_MISSED)));
            }
            let Reverse((_, series)) = self.queue.pop()?;
            if self.now.saturating_since(due) > PUNCTUAL {
                let place = self.free_place();
                if place > self.now {
                    if Slot::containing(place, timing.step) == current {
                        self.free = place + GAP;
                        self.plan(series, Timing { due: place, ..timing });
                        continue;
                    }
                    let later = timing.regular(current.index() + 1);
                    self.plan(series.clone(), Timing { due: later, ..timing });
                    return Some(self.miss(series, Timing { due: later, ..timing }, current.index()));
                }
                self.free = place + GAP;
            }
            let regular = timing.regular(current.index() + 1);
            let next = regular.max(self.now + timing.step.as_duration() / 2);
            let timing = Timing { next: current.index() + 1, due: next, last: Some(current), ..timing };
            // At the end of the clock's range (year 2262) there is no later time, and nothing must be due for ever.
            if next > self.now {
                self.plan(series.clone(), timing);
            } else {
                self.series.insert(series.clone(), timing);
            }
            return Some(Due::Start { series, slot: current, due, next });
        }
    }

    /// When to come back with the time.
    pub(crate) fn poll_timeout(&self) -> Option<WallTime> {
        self.queue.peek().map(|Reverse((due, _))| *due)
    }

    /// Reports slot number `index` of a series as missed.
    fn miss(&mut self, series: SeriesId, timing: Timing, index: i64) -> Due {
        let slot = timing.slot(index);
        self.series.insert(series.clone(), Timing { next: index + 1, last: Some(slot), ..timing });
        Due::Missed { series, slot }
    }

    /// Keeps when a series is due.
    fn plan(&mut self, series: SeriesId, timing: Timing) {
        self.queue.push(Reverse((timing.due, series.clone())));
        self.series.insert(series, timing);
    }

    /// Moves the present, and starts afresh what a clock that was set back would leave waiting too long.
    fn advance(&mut self, now: WallTime) {
        self.now = now;
        if self.latest.saturating_since(self.now) > PATIENCE {
            self.latest = self.now;
            self.start_waiting_afresh();
        }
        self.latest = self.latest.max(self.now);
    }

    /// Looks at every series, which is only done after the clock was set back by more than [`PATIENCE`].
    fn start_waiting_afresh(&mut self) {
        let waiting: Vec<_> = self
            .series
            .iter()
            .filter(|(_, timing)| is_far_ahead(timing.due, self.now, timing.step))
            .map(|(series, timing)| (series.clone(), *timing))
            .collect();
        for (series, timing) in waiting {
            let last =
                timing.last.filter(|slot| !is_far_ahead(WallTime::from_unix_secs(slot.end()), self.now, timing.step));
            let timing = self.first(Timing { last, ..timing });
            self.plan(series, timing);
        }
    }

    /// When the first round of a series is: at once, when the slot that runs is free.
    fn first(&mut self, timing: Timing) -> Timing {
        let current = Slot::containing(self.now, timing.step).index();
        let next = timing.last.map_or(current, |last| current.max(last.index() + 1));
        let regular = timing.regular(next);
        let place = self.free_place();
        if next > current || (regular >= self.now && regular <= place) {
            return Timing { next, due: regular, ..timing };
        }
        if Slot::containing(place, timing.step).index() == current {
            self.free = place + GAP;
            return Timing { next, due: place, ..timing };
        }
        Timing { next: next + 1, due: timing.regular(next + 1), ..timing }
    }

    /// The next free place for a start off the offset. A clock that was set back must not leave it far ahead.
    fn free_place(&self) -> WallTime {
        let furthest = self.now + GAP * u32::try_from(self.series.len() + 1).unwrap_or(u32::MAX);
        if self.free > furthest { self.now } else { self.free.max(self.now) }
    }
}

impl Timing {
    /// When the round of slot number `index` regularly starts.
    fn regular(&self, index: i64) -> WallTime {
        WallTime::from_unix_secs(self.slot(index).start()) + self.offset
    }

    fn slot(&self, index: i64) -> Slot {
        Slot::containing(WallTime::from_unix_secs(index * i64::from(self.step.as_secs())), self.step)
    }
}

/// Whether `due` lies so far ahead that only a clock that was wrong explains it. Without a step of the clock a round is
/// never due more than two steps ahead.
fn is_far_ahead(due: WallTime, now: WallTime, step: Step) -> bool {
    due.saturating_since(now) > PATIENCE.max(step.as_duration() * 2)
}

#[cfg(test)]
mod tests;
