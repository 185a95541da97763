//! The newest rounds of a series, in one piece of memory.

use crate::rule::Observation;

/// The newest rounds, oldest first.
///
/// What falls out at the front is taken away now and then, many at once: a window of a year costs no more a round than
/// one of an hour.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Window {
    kept: Vec<Observation>,
    /// How many of `kept` have fallen out.
    gone: usize,
}

impl Window {
    /// That of a series which was never measured: the start marker alone, as in the program.
    pub(super) fn new() -> Self {
        Self::restored(vec![Observation::Start])
    }

    /// One that was kept.
    pub(super) const fn restored(rounds: Vec<Observation>) -> Self {
        Self { kept: rounds, gone: 0 }
    }

    /// Adds the newest round, and lets the oldest fall out for as long as there are more than `longest`.
    pub(super) fn push(&mut self, round: Observation, longest: usize) {
        self.kept.push(round);
        self.gone = self.gone.max(self.kept.len().saturating_sub(longest));
        if self.gone >= 16 + longest / 4 {
            self.kept.drain(..self.gone);
            self.gone = 0;
        }
    }

    /// The rounds, oldest first.
    pub(super) fn rounds(&self) -> &[Observation] {
        &self.kept[self.gone..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Measurement;

    #[test]
    fn holds_the_newest_in_order_whatever_was_taken_away() {
        for longest in [0, 1, 2, 7, 100] {
            let mut window = Window::new();
            let mut plain = vec![Observation::Start];
            for number in 0..500 {
                let round = Observation::Measured(Measurement { loss: f64::from(number), ..Measurement::default() });
                window.push(round, longest);
                plain.push(round);
                plain.drain(..plain.len().saturating_sub(longest));
                assert_eq!(window.rounds(), plain, "longest {longest}, round {number}");
                assert!(window.kept.len() <= longest + 17 + longest / 4);
            }
        }
    }

    #[test]
    fn shrinks_to_a_shorter_window_and_grows_into_a_longer_one() {
        let mut window = Window::restored(vec![Observation::Unknown; 40]);
        window.push(Observation::Start, 3);
        assert_eq!(window.rounds(), [Observation::Unknown, Observation::Unknown, Observation::Start]);
        window.push(Observation::Start, 10);
        assert_eq!(window.rounds().len(), 4);
    }
}
