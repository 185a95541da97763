//! A round of a series from its order to its report.

use std::cmp::Reverse;
use std::time::Duration;

use tokio::task::{self, JoinError};

use super::{Conductor, Waiting};
use crate::engine::SeriesSpec;
use crate::engine::running::{End, Running};
use crate::probe::ProbeError;
use crate::round::{Round, RoundOrder, UnknownReason};
use crate::target::SeriesId;
use crate::time::{MonoTime, Slot, WallTime};

impl Conductor {
    pub(super) fn miss(&mut self, series: &SeriesId, slot: Slot, now: WallTime) {
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

    pub(super) fn order(&mut self, series: &SeriesId, slot: Slot, now: WallTime, deadline: MonoTime, late: Duration) {
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
    pub(super) fn ended(&mut self, ended: Result<(task::Id, Result<(), ProbeError>), JoinError>) {
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
    pub(super) fn close_what_is_over(&mut self) {
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

    pub(super) fn stop_series(&mut self, series: &SeriesId) {
        let Some(entry) = self.series.get_mut(series) else { return };
        let (running, waiting) = (entry.running.take(), entry.waiting.take());
        if let Some(running) = running {
            self.close(running, End::Stopped);
        }
        if let Some(waiting) = waiting {
            self.emit(&Round::unknown(&waiting.order, waiting.started, UnknownReason::Hung));
        }
    }
}

impl SeriesSpec {
    fn order(&self, slot: Slot) -> RoundOrder {
        RoundOrder { series: self.series.clone(), slot, pings: self.pings.max(1) }
    }
}
