//! Rounds that the store has and the state has not: those since the last commit before a crash, or all of a window where
//! the state was lost.

use std::collections::{HashMap, HashSet, VecDeque};

use smokeprobe_alerts::{AlertPlan, Saved, Watched};
use smokeprobe_core::{SeriesId, Slot, Step};
use smokeprobe_store::{Consolidation, Query, Store};

use super::inbox::Seen;
use super::past;
use crate::sentence::sentence;

/// Rounds before the newest that are judged at most, beyond the longest window.
const RECENT: usize = 100;

/// Series that are read at once, so that orders need not wait for all of them.
const AT_ONCE: usize = 32;

/// What is still to be read.
#[derive(Debug, Default)]
pub(super) struct CatchUp {
    pending: VecDeque<Due>,
    series: usize,
    rounds: usize,
}

#[derive(Debug)]
struct Due {
    series: SeriesId,
    step: Step,
    /// Unix seconds of the end of the last slot that need not be read.
    after: i64,
    /// The same of the last that is stored.
    until: i64,
}

impl CatchUp {
    /// Looks what there is to read. With `anew` nothing is known of the past, and each series' window is read.
    pub(super) fn new(store: &dyn Store, plan: &AlertPlan, saved: &Saved, anew: bool) -> Self {
        let known: HashMap<&SeriesId, i64> =
            saved.series.iter().filter_map(|state| Some((&state.series, state.last?))).collect();
        if known.is_empty() && !anew {
            return Self::default();
        }
        let stored: HashMap<SeriesId, (i64, Step)> = match store.catalog() {
            Ok(catalog) => {
                catalog.into_iter().filter_map(|meta| Some((meta.series, (meta.last?, meta.step)))).collect()
            }
            Err(error) => {
                tracing::warn!("cannot look for rounds that were not judged yet: {}", sentence(&error));
                HashMap::new()
            }
        };
        let gateways: HashSet<&SeriesId> = plan.watched.iter().filter_map(|watched| watched.depends.as_ref()).collect();
        let due = |watched: &Watched| {
            let (until, step) = *stored.get(&watched.series).filter(|(_, step)| *step == watched.step)?;
            let longest = watched.alerts.iter().map(|(alert, _)| alert.rule.window()).max();
            // Of a gateway without alerts the newest round says whether it is down.
            let window = longest.or_else(|| gateways.contains(&watched.series).then_some(1))?;
            let rounds = if anew { window } else { window + RECENT };
            let earliest = until - i64::from(step.as_secs()) * rounds as i64;
            let after = match known.get(&watched.series) {
                Some(&last) => last.max(earliest),
                None if anew => earliest,
                None => return None,
            };
            (after < until).then(|| Due { series: watched.series.clone(), step, after, until })
        };
        let pending: VecDeque<Due> = plan.watched.iter().filter_map(due).collect();
        Self { series: pending.len(), pending, rounds: 0 }
    }

    /// Forgets what is watched no more.
    pub(super) fn follow(&mut self, plan: &AlertPlan) {
        if !self.is_done() {
            let watched: HashSet<&SeriesId> = plan.watched.iter().map(|watched| &watched.series).collect();
            self.pending.retain(|due| watched.contains(&due.series));
        }
    }

    /// Nothing is left to read: live rounds may be judged.
    pub(super) fn is_done(&self) -> bool {
        self.pending.is_empty()
    }

    /// Series that are left.
    pub(super) fn left(&self) -> usize {
        self.pending.len()
    }

    /// The next rounds, some series at once, each with all of its rounds in order.
    pub(super) fn next(&mut self, store: &dyn Store) -> Vec<Vec<Seen>> {
        let some: Vec<Due> = self.pending.drain(..self.pending.len().min(AT_ONCE)).collect();
        let rounds: Vec<Vec<Seen>> = some.iter().map(|due| due.read(store)).collect();
        self.rounds += rounds.iter().map(Vec::len).sum::<usize>();
        rounds
    }

    /// Says what was done.
    pub(super) fn report(&self) {
        tracing::info!(series = self.series, rounds = self.rounds, "stored rounds were judged that had not been yet");
    }
}

impl Due {
    fn read(&self, store: &dyn Store) -> Vec<Seen> {
        let query = Query {
            series: self.series.clone(),
            from: self.after,
            to: self.until,
            consolidation: Consolidation::Average,
            max_points: usize::MAX,
        };
        let frame = match store.query(&query) {
            Ok(frame) if frame.step == self.step.as_secs() => frame,
            Ok(_) => return Vec::new(),
            Err(error) => {
                tracing::warn!(series = %self.series, "cannot read rounds that were not judged: {}", sentence(&error));
                return Vec::new();
            }
        };
        let rows = (0..frame.rows()).filter(|&row| (self.after + 1..=self.until).contains(&frame.end_of(row)));
        rows.map(|row| Seen {
            series: self.series.clone(),
            slot: Slot::ending_at(frame.end_of(row), self.step),
            observation: past::observation(&frame, row),
        })
        .collect()
    }
}
