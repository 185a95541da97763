//! Which rounds our own starvation may have spoilt. Files of rounds cannot say it, and graphs hatch such rounds for as long as
//! they show them: so they are remembered over restarts.
//!
//! They are few. In memory they are looked up; a thread appends each to a small file of lines, away from measuring.

mod file;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};

use smokeprobe_core::SeriesId;

pub use file::{FILE, SuspectFile};

/// So many are remembered; then the oldest are forgotten. Some 15 MB, if it ever comes to that.
const MAX: usize = 100_000;

/// The rounds that are suspect.
#[derive(Debug, Default)]
pub struct Suspects {
    kept: RwLock<Kept>,
    queue: Mutex<Queue>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct Kept {
    /// The ends of the slots of each series.
    ends: HashMap<SeriesId, BTreeSet<i64>>,
    /// All, in the order in which they came.
    order: VecDeque<(SeriesId, i64)>,
}

/// What is to be written.
#[derive(Debug, Default)]
struct Queue {
    /// Somebody writes: else nothing is to be kept for that.
    open: bool,
    waiting: Vec<(SeriesId, i64)>,
    stop: bool,
}

impl Suspects {
    /// The round of `series` whose slot ends at `end` is suspect. Waits for no disk.
    pub fn note(&self, series: &SeriesId, end: i64) {
        if !self.kept.write().unwrap_or_else(PoisonError::into_inner).insert(series, end) {
            return;
        }
        let mut queue = self.queue();
        if queue.open && queue.waiting.len() < MAX {
            queue.waiting.push((series.clone(), end));
            drop(queue);
            self.wake.notify_one();
        }
    }

    /// The ends of the slots of a series' suspect rounds, ascending, `from < end ≤ to`.
    pub fn between(&self, series: &SeriesId, from: i64, to: i64) -> Vec<i64> {
        if from >= to {
            return Vec::new();
        }
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.ends.get(series).map_or_else(Vec::new, |ends| ends.range(from.saturating_add(1)..=to).copied().collect())
    }

    /// All, in the order in which they came.
    fn all(&self) -> Vec<(SeriesId, i64)> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).order.iter().cloned().collect()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Whether it was new.
    fn insert(&mut self, series: &SeriesId, end: i64) -> bool {
        if !self.ends.entry(series.clone()).or_default().insert(end) {
            return false;
        }
        self.order.push_back((series.clone(), end));
        if self.order.len() > MAX
            && let Some((series, end)) = self.order.pop_front()
            && let Some(ends) = self.ends.get_mut(&series)
        {
            ends.remove(&end);
            if ends.is_empty() {
                self.ends.remove(&series);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_the_slots_that_end_in_it() {
        let suspects = Suspects::default();
        let [a, b]: [SeriesId; 2] = ["A", "A~tokyo"].map(|series| series.parse().unwrap());
        for end in [900, 300, 600, 600] {
            suspects.note(&a, end);
        }
        assert_eq!(suspects.between(&a, 300, 900), [600, 900]);
        assert_eq!(suspects.between(&a, 0, 899), [300, 600]);
        assert_eq!(suspects.between(&b, 0, i64::MAX), [] as [i64; 0]);
        assert_eq!(suspects.between(&a, i64::MAX, i64::MIN), [] as [i64; 0]);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let suspects = Suspects::default();
        let [old, new]: [SeriesId; 2] = ["Old", "New"].map(|series| series.parse().unwrap());
        suspects.note(&old, 5);
        for end in 0..MAX as i64 {
            suspects.note(&new, end);
        }
        assert_eq!(suspects.between(&old, 0, 10), [] as [i64; 0]);
        assert_eq!(suspects.between(&new, -1, i64::MAX).len(), MAX);
        assert!(!suspects.kept.read().unwrap().ends.contains_key(&old));
    }
}
