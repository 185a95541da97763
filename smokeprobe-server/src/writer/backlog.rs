//! Rounds that wait to be stored: bounded, and in order for each series.

use std::collections::{HashMap, VecDeque};

use smokeprobe_core::{Round, RoundResult, Rtt, SeriesId};

/// What a round costs beyond its samples: the round itself, its id, and its places in the queues.
const ROUND: usize = size_of::<Round>() + size_of::<SeriesId>() + 64;

/// Rounds in memory, in order for each series. The series take turns.
#[derive(Debug)]
pub(super) struct Backlog {
    series: HashMap<SeriesId, VecDeque<Round>>,
    /// Whose turn it is. Every series that has rounds is in it once, but for the one that is being looked at.
    turns: VecDeque<SeriesId>,
    rounds: usize,
    bytes: usize,
    /// As many bytes may wait.
    bound: usize,
}

impl Backlog {
    pub(super) fn new(bound: usize) -> Self {
        Self { series: HashMap::new(), turns: VecDeque::new(), rounds: 0, bytes: 0, bound }
    }

    /// Changes the bound. What waits already stays.
    pub(super) fn set_bound(&mut self, bound: usize) {
        self.bound = bound;
    }

    /// Takes a round. Returns how many others had to go for it: the oldest of the series whose turn it is, because
    /// after a long outage the latest rounds are worth the most.
    pub(super) fn push(&mut self, round: Round) -> usize {
        let cost = cost(&round);
        let mut dropped = 0;
        while self.bytes + cost > self.bound && self.rounds > 0 {
            dropped += usize::from(self.pop().is_some());
        }
        self.bytes += cost;
        self.rounds += 1;
        let id = round.series.clone();
        let queue = self.series.entry(id.clone()).or_default();
        queue.push_back(round);
        if queue.len() == 1 {
            self.turns.push_back(id);
        }
        dropped
    }

    /// The oldest round of the series whose turn it is; the turn goes on to the next.
    pub(super) fn pop(&mut self) -> Option<Round> {
        let id = self.turns.pop_front()?;
        let queue = self.series.get_mut(&id)?;
        let round = queue.pop_front()?;
        if queue.is_empty() {
            self.series.remove(&id);
        } else {
            self.turns.push_back(id);
        }
        self.rounds -= 1;
        self.bytes -= cost(&round);
        Some(round)
    }

    /// Puts back, before the others of its series, a round that could not be stored. Its series waits for its next
    /// turn, behind all others. The bound does not count here: the round was in it a moment ago.
    pub(super) fn put_back(&mut self, round: Round) {
        self.bytes += cost(&round);
        self.rounds += 1;
        let id = round.series.clone();
        let queue = self.series.entry(id.clone()).or_default();
        let is_new = queue.is_empty();
        queue.push_front(round);
        if is_new {
            self.turns.push_back(id);
        }
    }

    /// Rounds that wait.
    pub(super) const fn len(&self) -> usize {
        self.rounds
    }

    /// Series that have rounds waiting.
    pub(super) fn series(&self) -> usize {
        self.series.len()
    }

    /// Whether more than half of the room is taken.
    pub(super) const fn is_half_full(&self) -> bool {
        self.bytes > self.bound / 2
    }
}

/// About how many bytes a round of `pings` answers takes while it waits.
pub(super) const fn cost_of(pings: u32) -> usize {
    ROUND + pings as usize * size_of::<Rtt>()
}

/// The round without what no store keeps.
pub(super) fn slim(round: &Round) -> Round {
    let mut round = round.clone();
    if let RoundResult::Measured(measured) = &mut round.result {
        measured.phases = Vec::new();
        measured.loss_reasons = Vec::new();
        measured.note = None;
    }
    round
}

fn cost(round: &Round) -> usize {
    ROUND + round.measured().map_or(0, |measured| size_of_val(measured.rtts()))
}

#[cfg(test)]
mod tests {
    use smokeprobe_core::{Measured, Slot, Step, WallTime};

    use super::*;

    fn round(series: &str, minute: i64) -> Round {
        let started = WallTime::from_unix_secs(minute * 60);
        Round {
            series: series.parse().unwrap(),
            slot: Slot::containing(started, Step::from_secs(60).unwrap()),
            pings: 20,
            started,
            result: RoundResult::Measured(Measured::from_samples((0..20).map(Rtt::from_nanos), 0)),
        }
    }

    fn order(backlog: &mut Backlog) -> Vec<(String, i64)> {
        std::iter::from_fn(|| backlog.pop()).map(|round| (round.series.to_string(), round.slot.index())).collect()
    }

    #[test]
    fn series_take_turns_and_keep_their_order() {
        let mut backlog = Backlog::new(1 << 20);
        for (series, minute) in [("A", 1), ("A", 2), ("A", 3), ("B", 1), ("B", 2)] {
            assert_eq!(backlog.push(round(series, minute)), 0);
        }
        let failed = backlog.pop().unwrap();
        backlog.put_back(failed);
        let expected = [("B", 1), ("A", 1), ("B", 2), ("A", 2), ("A", 3)].map(|(id, at)| (id.to_owned(), at));
        assert_eq!(order(&mut backlog), expected);
        assert_eq!((backlog.len(), backlog.bytes), (0, 0));
    }

    #[test]
    fn full_backlog_keeps_the_latest_rounds() {
        let mut backlog = Backlog::new(10 * cost_of(20));
        let dropped: usize = (0..25).map(|minute| backlog.push(round("A", minute))).sum();
        assert_eq!((dropped, backlog.len()), (15, 10));
        assert!(backlog.is_half_full());
        assert_eq!(order(&mut backlog)[0], ("A".to_owned(), 15));
    }
}
