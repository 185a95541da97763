//! What a rule is: a pure judgement over the newest rounds of one series.

use smokeprobe_core::Round;

use crate::season::Season;

/// Judges one series after each of its rounds.
///
/// A rule is pure: no clock, no I/O, no state of its own. Whatever it must remember between two rounds is in `held`
/// and in the history, so that a replay over stored rounds gives the answers that were given live.
pub trait AlertRule: Send + Sync {
    /// How many of the newest rounds the rule looks at.
    fn window(&self) -> usize;

    /// How many weeks of the same hour of the week the rule must know before it judges; 0 for none.
    fn weeks(&self) -> u32 {
        0
    }

    /// What the rule says after the newest round of `history`, given whether its alert is raised already.
    fn judge(&self, history: &History<'_>, held: Held) -> Verdict;
}

/// Whether the rule's alert is raised already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Held {
    /// It is not.
    #[default]
    No,
    /// It is.
    Yes,
}

/// What a rule says after a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The condition does not hold.
    Clear,
    /// The condition holds, and why, as a sentence for people. Said again every round for as long as it holds.
    Raise(String),
    /// The round says nothing either way: whatever was, stays, and nobody is told.
    Hold,
}

/// The newest rounds of one series.
///
/// May hold more than a rule's window, when another rule of the same series looks further back.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    rounds: &'a [Observation],
    season: Option<&'a Season>,
}

/// What one round says to a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Observation {
    /// Not a round: the place before the first one, which the pattern element `==S` matches.
    Start,
    /// The round could not be measured. Not loss: nothing is known about the network.
    Unknown,
    /// The round was measured.
    Measured(Measurement),
}

/// The figures of a measured round.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Measurement {
    /// Lost pings, in percent of those ordered.
    pub loss: f64,
    /// The median RTT in seconds; `None` when every ping was lost.
    pub median: Option<f64>,
    /// The spread of the answers (population standard deviation) in seconds; `None` when every ping was lost.
    pub deviation: Option<f64>,
    /// Our own starvation may have spoilt the round: it never raises an alert.
    pub suspect: bool,
}

impl<'a> History<'a> {
    /// The rounds of a series, oldest first.
    pub const fn new(rounds: &'a [Observation]) -> Self {
        Self { rounds, season: None }
    }

    /// The same with what is known of this hour of the week.
    #[must_use]
    pub const fn with_season(self, season: Option<&'a Season>) -> Self {
        Self { season, ..self }
    }

    /// What the same hour of the week was like in the weeks before, where the rule asked for it.
    pub const fn season(&self) -> Option<&'a Season> {
        self.season
    }

    /// The rounds, oldest first.
    pub const fn rounds(&self) -> &'a [Observation] {
        self.rounds
    }

    /// The newest `count` rounds, or as many as there are, oldest first.
    pub fn newest(&self, count: usize) -> &'a [Observation] {
        &self.rounds[self.rounds.len().saturating_sub(count)..]
    }
}

impl From<&Round> for Observation {
    fn from(round: &Round) -> Self {
        let Some(measured) = round.measured() else {
            return Self::Unknown;
        };
        Self::Measured(Measurement {
            // In this order, as SmokePing: 1 of 3 must be the same number in a replay of its data.
            loss: f64::from(measured.lost()) * 100.0 / f64::from(round.pings.max(1)),
            median: measured.median().map(smokeprobe_core::Rtt::as_secs_f64),
            deviation: measured.deviation(),
            suspect: measured.quality.suspect,
        })
    }
}

impl Held {
    /// Whether the alert is raised.
    pub const fn is_raised(self) -> bool {
        matches!(self, Self::Yes)
    }
}
