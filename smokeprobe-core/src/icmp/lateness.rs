//! How late our own timers were, asked for the time since any round's start.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::MonoTime;

/// Readings kept. Few are needed: only those that no later reading exceeds.
const KEPT: usize = 256;

/// The worst lateness since any given time: a queue in which each reading is worse than all after it.
#[derive(Debug, Default)]
pub(super) struct Lateness(VecDeque<(MonoTime, Duration)>);

impl Lateness {
    /// Notes a timer that fired this late. Times never go back.
    pub(super) fn note(&mut self, at: MonoTime, late: Duration) {
        while self.0.back().is_some_and(|&(_, earlier)| earlier <= late) {
            self.0.pop_back();
        }
        if self.0.len() < KEPT {
            self.0.push_back((at, late));
        } else if let Some(last) = self.0.back_mut() {
            // Full: the smallest reading stands for this smaller one too. Overstates a little, forgets nothing.
            last.0 = at;
        }
    }

    /// The worst since `start`, inclusive.
    pub(super) fn worst_since(&self, start: MonoTime) -> Duration {
        let first = self.0.partition_point(|&(at, _)| at < start);
        self.0.get(first).map_or(Duration::ZERO, |&(_, late)| late)
    }

    /// Forgets what was before `start`.
    pub(super) fn forget_before(&mut self, start: MonoTime) {
        while self.0.front().is_some_and(|&(at, _)| at < start) {
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worst_is_that_of_the_time_asked_for() {
        let at = |second| MonoTime::ORIGIN + Duration::from_secs(second);
        let mut lateness = Lateness::default();
        for (second, late) in [(1, 9), (2, 3), (3, 5), (4, 1)] {
            lateness.note(at(second), Duration::from_millis(late));
        }
        let worst = |second| lateness.worst_since(at(second)).as_millis();
        assert_eq!([worst(0), worst(1), worst(2), worst(3), worst(4), worst(5)], [9, 9, 5, 5, 1, 0]);
    }

    #[test]
    fn many_readings_are_bounded_and_none_is_understated() {
        let mut lateness = Lateness::default();
        for n in 0..10_000u64 {
            lateness.note(MonoTime::from_nanos(n), Duration::from_nanos(10_000 - n));
        }
        assert!(lateness.0.len() <= KEPT);
        assert!((0..10_000).all(|n| lateness.worst_since(MonoTime::from_nanos(n)) >= Duration::from_nanos(10_000 - n)));
    }
}
