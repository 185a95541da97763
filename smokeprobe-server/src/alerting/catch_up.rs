//! Rounds that the store has and the state has not: those since the last commit before a crash, or all of a window where
//! the state was lost.
//!
//! Rounds of a gateway and of all that depends on it are judged as they came, and of one slot the gateway's first: what
//! depends on it is told or not by how the gateway was then, not by how it is in the end.

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
    /// Those that hang together by what they depend on.
    pending: VecDeque<Vec<Due>>,
    series: usize,
    rounds: usize,
}

#[derive(Debug)]
struct Due {
    series: SeriesId,
    /// How many gateways are before it.
    depth: usize,
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
            let series = watched.series.clone();
            (after < until).then_some(Due { series, depth: 0, step, after, until })
        };
        let depends: HashMap<&SeriesId, &SeriesId> =
            plan.watched.iter().filter_map(|watched| Some((&watched.series, watched.depends.as_ref()?))).collect();
        let mut pending: VecDeque<Vec<Due>> = VecDeque::new();
        let mut places: HashMap<&SeriesId, usize> = HashMap::new();
        for watched in &plan.watched {
            let Some(due) = due(watched) else { continue };
            let (top, depth) = top(&depends, &watched.series);
            let place = *places.entry(top).or_insert(pending.len());
            if place == pending.len() {
                pending.push_back(Vec::new());
            }
            pending[place].push(Due { depth, ..due });
        }
        Self { series: pending.iter().map(Vec::len).sum(), pending, rounds: 0 }
    }

    /// Forgets what is watched no more.
    pub(super) fn follow(&mut self, plan: &AlertPlan) {
        if !self.is_done() {
            let watched: HashSet<&SeriesId> = plan.watched.iter().map(|watched| &watched.series).collect();
            for family in &mut self.pending {
                family.retain(|due| watched.contains(&due.series));
            }
            self.pending.retain(|family| !family.is_empty());
        }
    }

    /// Nothing is left to read: live rounds may be judged.
    pub(super) fn is_done(&self) -> bool {
        self.pending.is_empty()
    }

    /// Series that are left.
    pub(super) fn left(&self) -> usize {
        self.pending.iter().map(Vec::len).sum()
    }

    /// The next rounds, some series at once: all rounds of those that hang together, in order.
    pub(super) fn next(&mut self, store: &dyn Store) -> Vec<Vec<Seen>> {
        let (mut series, mut rounds) = (0, Vec::<Vec<Seen>>::new());
        while series < AT_ONCE {
            let Some(family) = self.pending.pop_front() else { break };
            series += family.len();
            let seen = family.iter().flat_map(|due| due.read(store).into_iter().map(|seen| (due.depth, seen)));
            let mut seen: Vec<(usize, Seen)> = seen.collect();
            seen.sort_by_key(|(depth, seen)| (seen.slot.end(), *depth));
            rounds.push(seen.into_iter().map(|(_, seen)| seen).collect());
        }
        self.rounds += rounds.iter().map(Vec::len).sum::<usize>();
        rounds
    }

    /// Says what was done.
    pub(super) fn report(&self) {
        tracing::info!(series = self.series, rounds = self.rounds, "stored rounds were judged that had not been yet");
    }
}

/// The gateway of gateways of a series, and how many are on the way.
fn top<'a>(depends: &HashMap<&'a SeriesId, &'a SeriesId>, series: &'a SeriesId) -> (&'a SeriesId, usize) {
    let (mut top, mut depth) = (series, 0);
    // The configuration has no circles; one would end here nevertheless.
    while let Some(gateway) = depends.get(top).filter(|_| depth < depends.len()) {
        (top, depth) = (gateway, depth + 1);
    }
    (top, depth)
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
