//! The engine: rounds in, events out. Sans-IO.

mod facts;
mod follow;
mod judge;
mod mutes;
mod series;
#[cfg(test)]
pub(crate) mod tests;
mod timers;
mod window;

use std::collections::{HashMap, HashSet};

use smokeprobe_core::{SeriesId, Slot, WallTime};

use crate::alert::AlertPlan;
use crate::event::Event;
use crate::rule::Observation;
use crate::season::{Season, SeasonOrder};
use crate::silence::Silence;
use crate::state::{Acknowledgement, Change, Saved, Standing};
use follow::Before;
use judge::{Gateway, Moment, Said};
use mutes::Mutes;
use series::Series;
use timers::Timers;

/// Judges rounds and remembers what stands.
///
/// Use it so:
///
/// 1. [`restore`](Self::restore) what was kept, then [`follow`](Self::follow) a plan.
/// 2. Feed it the stored rounds that are newer than the state, so that a crash loses nothing: older ones are ignored.
/// 3. Give it each round as it ends, its season before when [`season_wanted`](Self::season_wanted), and call
///    [`handle_timeout`](Self::handle_timeout) at [`poll_timeout`](Self::poll_timeout).
/// 4. After each call take the events, hand them to the outbox, and keep what both say that changed, as one change.
#[derive(Debug, Default)]
pub struct Engine {
    /// In the order of the plan.
    series: Vec<Series>,
    index: HashMap<SeriesId, usize>,
    /// What was kept, until something is watched.
    restored: HashMap<SeriesId, Before>,
    timers: Timers,
    mutes: Mutes,
    said: Said,
    /// Series that changed.
    dirty: Vec<usize>,
    forgotten: Vec<SeriesId>,
}

/// A request that cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// There is no such alert, or it is not raised.
    #[error("alert {alert} of {series} is not raised")]
    NotRaised {
        /// Whose.
        series: SeriesId,
        /// Which.
        alert: String,
    },
    /// There is no such silence.
    #[error("there is no silence {0}")]
    NoSuchSilence(String),
    /// Only the configuration can take it back.
    #[error("{0} is a maintenance window: take it out of the configuration")]
    Maintenance(String),
}

impl Engine {
    /// The engine as it was kept; nothing is judged before [`follow`](Self::follow).
    pub fn restore(saved: &Saved) -> Self {
        let before = |state: &crate::state::SeriesState| (state.series.clone(), Before::from(state.clone()));
        Self {
            restored: saved.series.iter().map(before).collect(),
            mutes: Mutes::restored(saved.silences.clone()),
            ..Self::default()
        }
    }

    /// From now on this is watched. Series and alerts that are unchanged keep their state; those that are gone are
    /// forgotten. What stood of an alert whose rule changed, or that is gone, is cleared, and told as such to those who
    /// were told that it is raised.
    ///
    /// After a restart, feed the stored rounds before the next [`handle_timeout`](Self::handle_timeout).
    pub fn follow(&mut self, now: WallTime, plan: AlertPlan) {
        self.mutes.maintain(plan.maintenance);
        self.mutes.expire(now);
        let mut before = std::mem::take(&mut self.restored);
        before.extend(self.series.drain(..).map(|series| (series.id().clone(), Before::from(series))));
        self.index.clear();
        self.dirty.clear();
        self.timers = Timers::default();
        let mut forgotten: HashSet<SeriesId> = std::mem::take(&mut self.forgotten).into_iter().collect();
        for watched in plan.watched {
            let id = watched.series.clone();
            if self.index.contains_key(&id) {
                continue;
            }
            let mut series = follow::follow(watched, before.remove(&id), now, &self.mutes, &mut self.said);
            // What is kept of it must not come back.
            series.dirty |= forgotten.remove(&id);
            self.index.insert(id, self.series.len());
            self.series.push(series);
        }
        let mut gone: Vec<(SeriesId, Before)> = before.into_iter().collect();
        gone.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (id, before) in gone {
            follow::forget(&id, before, now, &self.mutes, &mut self.said);
            forgotten.insert(id);
        }
        self.forgotten = forgotten.into_iter().collect();
        self.forgotten.sort();
        for at in 0..self.series.len() {
            let gateway = self.series[at].watched.depends.as_ref().and_then(|id| self.index.get(id)).copied();
            // Nothing waits for itself.
            if let Some(gateway) = gateway.filter(|&gateway| gateway != at) {
                self.series[at].depends = Some(gateway);
                self.series[gateway].dependents.push(at);
            }
            if self.series[at].dirty {
                self.dirty.push(at);
            }
            self.schedule(at);
        }
    }

    /// What must be known of the past before the round of `slot` is judged: to be answered by
    /// [`handle_season`](Self::handle_season) first, and asked again until there is nothing more.
    pub fn season_wanted(&self, series: &SeriesId, slot: Slot) -> Option<SeasonOrder> {
        self.series[*self.index.get(series)?].season_wanted(slot.end())
    }

    /// The answer to [`season_wanted`](Self::season_wanted), of the hour that was asked for. When nothing is known, a
    /// season without rounds.
    pub fn handle_season(&mut self, series: &SeriesId, season: Season) {
        if let Some(&at) = self.index.get(series) {
            self.series[at].take_season(season);
        }
    }

    /// A round ended at `now`. Slots since the last one count as rounds that could not be measured; a slot that was
    /// judged is not judged again.
    ///
    /// Of a long time without rounds only as many slots are judged as the longest window of the series has: after them
    /// the window says nothing any more, and the rest cannot change that. A round of a slot that has not begun is
    /// ignored. When the last round is of the future, the clock was set back since, and time begins anew with this one.
    pub fn handle_round(&mut self, now: WallTime, series: &SeriesId, slot: Slot, observation: Observation) {
        let Some(&at) = self.index.get(series) else {
            return;
        };
        let step = self.series[at].step();
        let tolerated = now.unix_secs().saturating_add(step);
        if slot.start() > tolerated {
            return;
        }
        let end = slot.end();
        match self.series[at].last {
            Some(last) if last > tolerated.saturating_add(step) => self.series[at].last = None,
            Some(last) if end <= last => return,
            Some(_) => self.fill(at, end, now),
            None => {}
        }
        self.judge(at, end, observation, now);
        self.schedule(at);
    }

    /// It is `now`: slots whose rounds should have ended long ago count as rounds that could not be measured, and
    /// silences that are over are dropped.
    ///
    /// A slot is waited for until one step after its end. A series that was never measured is expected from the slot
    /// after the one in which it was first watched.
    pub fn handle_timeout(&mut self, now: WallTime) {
        self.mutes.expire(now);
        while let Some(at) = self.timers.pop(now.unix_secs()) {
            // As in `handle_round`, but the slot that ended less than a step ago may still come.
            self.fill(at, now.unix_secs().saturating_sub(self.series[at].step()).saturating_add(1), now);
            self.schedule(at);
        }
    }

    /// When to come back, if ever.
    pub fn poll_timeout(&self) -> Option<WallTime> {
        let due = [self.timers.next(), self.mutes.next()].into_iter().flatten().min();
        due.map(WallTime::from_unix_secs)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.said.queue.pop_front()
    }

    /// Somebody has taken notice of a raised alert: it tells no more before it is cleared.
    pub fn acknowledge(
        &mut self,
        series: &SeriesId,
        alert: &str,
        acknowledgement: Acknowledgement,
    ) -> Result<(), EngineError> {
        let raised = self.index.get(series).and_then(|&at| {
            let judged = self.series[at].alerts.iter_mut().find(|judged| &*judged.alert.name == alert)?;
            Some((at, judged.standing.as_mut()?))
        });
        let Some((at, standing)) = raised else {
            return Err(EngineError::NotRaised { series: series.clone(), alert: alert.to_owned() });
        };
        standing.acknowledged = Some(acknowledgement);
        self.touch(at);
        Ok(())
    }

    /// Sets a silence; one of the same id is replaced. Check it first: a time zone that nobody knows never holds.
    pub fn silence(&mut self, silence: Silence) {
        self.mutes.set(silence);
    }

    /// Takes a silence back.
    pub fn unsilence(&mut self, id: &str) -> Result<(), EngineError> {
        self.mutes.unset(id)
    }

    /// Silences that people set, and maintenance windows, with whether each holds at `now`.
    pub fn silences(&self, now: WallTime) -> impl Iterator<Item = (&Silence, bool)> {
        self.mutes.all().map(move |silence| (silence, silence.holds(now)))
    }

    /// What is raised.
    pub fn standing(&self) -> impl Iterator<Item = (&SeriesId, &str, &Standing)> {
        self.series.iter().flat_map(|series| {
            let raised = |judged: &series::Judged| judged.standing.is_some();
            series
                .alerts
                .iter()
                .filter(move |judged| raised(judged))
                .filter_map(move |judged| Some((series.id(), &*judged.alert.name, judged.standing.as_deref()?)))
        })
    }

    /// What changed since the last call. An alert that goes on without telling anybody is not put into the history.
    pub fn take_changes(&mut self, change: &mut Change) {
        for at in self.dirty.drain(..) {
            self.series[at].dirty = false;
            change.series.push(self.series[at].state());
        }
        change.forgotten.append(&mut self.forgotten);
        if change.events.is_empty() {
            change.events = std::mem::take(&mut self.said.history);
        } else {
            change.events.append(&mut self.said.history);
        }
        self.mutes.take_changes(change);
    }

    /// The same for somebody who keeps nothing.
    pub(crate) fn drop_changes(&mut self) {
        for at in self.dirty.drain(..) {
            self.series[at].dirty = false;
        }
        self.said.history.clear();
    }

    /// Judges a round of the only series that is watched, whatever its time.
    pub(crate) fn handle_next(&mut self, time: i64, observation: Observation) {
        if !self.series.is_empty() {
            self.judge(0, time, observation, WallTime::from_unix_secs(time));
        }
    }

    /// Judges the slots that are not judged and end before `until` as rounds that could not be measured.
    fn fill(&mut self, at: usize, until: i64, now: WallTime) {
        let step = self.series[at].step();
        let first = self.series[at].next_end();
        if first >= until {
            return;
        }
        let count = until.saturating_sub(1).saturating_sub(first) / step + 1;
        let judged = count.min(self.series[at].longest.max(1) as i64);
        for number in 0..judged {
            self.judge(at, first + number * step, Observation::Unknown, now);
        }
        self.series[at].last = Some(first + (count - 1) * step);
    }

    fn judge(&mut self, at: usize, time: i64, observation: Observation, now: WallTime) {
        let moment = Moment { time, now, mutes: &self.mutes, gateway: self.gateway(at) };
        let was_down = self.series[at].down;
        self.series[at].judge(observation, &moment, &mut self.said);
        self.touch(at);
        // What was raised behind it while it was down was its fault. Whether that still stands, the next round says.
        if was_down {
            return;
        }
        for number in 0..self.series[at].dependents.len() {
            let dependent = self.series[at].dependents[number];
            if let (true, Some(time)) = (self.series[dependent].has_news(), self.series[dependent].last) {
                let moment = Moment { time, now, mutes: &self.mutes, gateway: self.gateway(dependent) };
                self.series[dependent].reconsider(&moment, &mut self.said);
                self.touch(dependent);
            }
        }
    }

    /// What a series depends on, as it is now.
    fn gateway(&self, at: usize) -> Option<Gateway> {
        let series = &self.series[at];
        let gateway = &self.series[series.depends?];
        let soon = gateway.last.is_some() && gateway.step() <= series.step();
        Some(Gateway { series: gateway.id().clone(), down: gateway.down, soon })
    }

    fn touch(&mut self, at: usize) {
        if !std::mem::replace(&mut self.series[at].dirty, true) {
            self.dirty.push(at);
        }
    }

    fn schedule(&mut self, at: usize) {
        // What has no alerts is only depended on: its silence is nobody's matter.
        if !self.series[at].alerts.is_empty() {
            self.timers.set(at, self.series[at].due());
        }
    }
}
