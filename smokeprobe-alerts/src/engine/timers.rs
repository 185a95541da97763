//! When slots without a round are due, over all series.

use std::collections::BTreeSet;

/// Due times in their order, one a series.
#[derive(Debug, Default)]
pub(super) struct Timers {
    order: BTreeSet<(i64, usize)>,
    /// By series, its entry in `order`.
    due: Vec<Option<i64>>,
}

impl Timers {
    /// From now on series `at` is due at `due` (Unix seconds).
    pub(super) fn set(&mut self, at: usize, due: i64) {
        if at >= self.due.len() {
            self.due.resize(at + 1, None);
        }
        if let Some(before) = self.due[at].replace(due) {
            if before == due {
                return;
            }
            self.order.remove(&(before, at));
        }
        self.order.insert((due, at));
    }

    /// The series that has been due for the longest, if one is due at `now`. It is due no more until it is set again.
    pub(super) fn pop(&mut self, now: i64) -> Option<usize> {
        let &(due, at) = self.order.first().filter(|(due, _)| *due <= now)?;
        self.order.remove(&(due, at));
        self.due[at] = None;
        Some(at)
    }

    /// When the next series is due.
    pub(super) fn next(&self) -> Option<i64> {
        self.order.first().map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earliest_comes_first_and_only_once() {
        let mut timers = Timers::default();
        timers.set(2, 300);
        timers.set(0, 200);
        timers.set(1, 100);
        timers.set(1, 250);
        assert_eq!(timers.next(), Some(200));
        assert_eq!(timers.pop(199), None);
        assert_eq!(
            [timers.pop(300), timers.pop(300), timers.pop(300), timers.pop(300)],
            [Some(0), Some(1), Some(2), None]
        );
        assert_eq!(timers.next(), None);
    }
}
