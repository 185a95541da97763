//! Who may send when: the due times of the rounds, and the gaps between the packets of a group.
//!
//! Packets are sent in small bursts, a tick's worth at a time. To the pacing each packet has the time at which it would
//! have gone out had someone woken for it alone; so bursts keep the rate exactly, and idle time earns nothing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use super::flight::RoundKey;
use crate::time::MonoTime;

/// The longest time between two looks at what is due, and so how far a packet may go out after its time.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// Above this many groups, those that wait for nothing are swept out.
const SWEEP: usize = 1024;

/// Rounds whose packets keep a gap from one another: those of one probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Group {
    /// Which group.
    pub id: u64,
    /// From one packet of the group to the next, at least.
    pub gap: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Pacing {
    groups: HashMap<u64, Waiting>,
    /// When each group that waits may send next. An entry counts only while its version is the group's.
    ready: BinaryHeap<Reverse<(MonoTime, u64, u64)>>,
    /// Breaks ties of due times by arrival, so that rounds take turns.
    arrivals: u64,
}

#[derive(Debug)]
struct Waiting {
    gap: Duration,
    /// When the gap after the last packet ends.
    free: MonoTime,
    rounds: BinaryHeap<Reverse<(MonoTime, u64, RoundKey)>>,
    version: u64,
}

impl Pacing {
    /// Has `round` wait for its turn in `group`, from `due` on. A round waits at most once.
    pub(super) fn wait(&mut self, group: Group, due: MonoTime, round: RoundKey) {
        if self.groups.len() >= SWEEP && !self.groups.contains_key(&group.id) {
            self.groups.retain(|_, group| !group.rounds.is_empty() || group.free > due);
        }
        let waiting = self.groups.entry(group.id).or_insert_with(|| Waiting {
            gap: group.gap,
            free: MonoTime::ORIGIN,
            rounds: BinaryHeap::new(),
            version: 0,
        });
        waiting.gap = group.gap;
        self.arrivals += 1;
        let place = Reverse((due, self.arrivals, round));
        let first = waiting.rounds.peek().is_none_or(|first| first.0 > place.0);
        waiting.rounds.push(place);
        if first {
            Self::announce(&mut self.ready, group.id, waiting);
        }
    }

    /// The next round that may send now, with the time at which it was due. Rounds that are not `open` any more are
    /// passed over.
    pub(super) fn poll(&mut self, now: MonoTime, open: impl Fn(RoundKey) -> bool) -> Option<(RoundKey, MonoTime)> {
        while let Some(&Reverse((at, id, version))) = self.ready.peek() {
            if at > now {
                return None;
            }
            self.ready.pop();
            let Some(group) = self.groups.get_mut(&id).filter(|group| group.version == version) else {
                continue;
            };
            let Some(Reverse((due, _, round))) = group.rounds.pop() else {
                continue;
            };
            let open = open(round);
            if open {
                group.free = group.free.max(due).max(now - TICK) + group.gap;
            }
            Self::announce(&mut self.ready, id, group);
            if open {
                return Some((round, due));
            }
        }
        None
    }

    /// When `poll` may have something next.
    pub(super) fn next_at(&self) -> Option<MonoTime> {
        self.ready.peek().map(|Reverse((at, ..))| *at)
    }

    fn announce(ready: &mut BinaryHeap<Reverse<(MonoTime, u64, u64)>>, id: u64, group: &mut Waiting) {
        group.version += 1;
        if let Some(Reverse((due, ..))) = group.rounds.peek() {
            ready.push(Reverse((group.free.max(*due), id, group.version)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: Group = Group { id: 1, gap: Duration::from_millis(1) };

    fn at(micros: u64) -> MonoTime {
        MonoTime::from_nanos(1_000_000_000 + micros * 1000)
    }

    fn round(n: u32) -> RoundKey {
        RoundKey::new(n, 0)
    }

    fn polled(pacing: &mut Pacing, now: MonoTime) -> usize {
        std::iter::from_fn(|| pacing.poll(now, |_| true)).count()
    }

    #[test]
    fn a_tick_sends_what_its_gaps_allow() {
        let mut pacing = Pacing::default();
        (0..100).for_each(|n| pacing.wait(GROUP, at(0), round(n)));
        let sent = [0, 500, 1000, 10_000, 20_000].map(|micros| polled(&mut pacing, at(micros)));
        assert_eq!(sent, [1, 0, 1, 9, 10]);
    }

    #[test]
    fn idle_time_and_long_delays_earn_no_burst() {
        let mut pacing = Pacing::default();
        (0..100).for_each(|n| pacing.wait(GROUP, at(5_000_000), round(n)));
        assert_eq!(polled(&mut pacing, at(5_000_000)), 1);
        // Two seconds of starvation are worth one tick.
        assert_eq!(polled(&mut pacing, at(7_000_000)), 11);
    }

    #[test]
    fn groups_do_not_delay_each_other_and_closed_rounds_cost_no_gap() {
        let mut pacing = Pacing::default();
        let other = Group { id: 2, ..GROUP };
        (0..3).for_each(|n| pacing.wait(GROUP, at(0), round(n)));
        pacing.wait(other, at(0), round(9));
        let mut sent: Vec<_> = std::iter::from_fn(|| pacing.poll(at(0), |r| r != round(0))).map(|(r, _)| r).collect();
        sent.sort();
        assert_eq!(sent, [round(1), round(9)]);
        assert_eq!(pacing.next_at(), Some(at(1000)));
    }

    #[test]
    fn earlier_due_time_goes_first_even_when_it_came_later() {
        let mut pacing = Pacing::default();
        pacing.wait(GROUP, at(9000), round(1));
        pacing.wait(GROUP, at(3000), round(2));
        assert_eq!(pacing.next_at(), Some(at(3000)));
        assert_eq!(pacing.poll(at(9000), |_| true), Some((round(2), at(3000))));
    }
}
