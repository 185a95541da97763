//! How an alert behaves differently in the program SmokePing, for those who decide between the two semantics.

#[cfg(test)]
mod tests;

use std::fmt;

use super::{Body, Kind, parse};

/// A way in which the program does not do what its manual says, or what we do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Difference {
    /// A gap takes fewer rounds than it says.
    Gap {
        /// As many as it says.
        rounds: usize,
        /// As many as it takes.
        most: usize,
    },
    /// Several do.
    Gaps,
    /// The history begins anew at each start.
    Start,
    /// Loss is never unknown.
    NeverUnknown,
    /// A round that could not be measured counts as one that satisfies a condition.
    UnknownRaises(Kind),
    /// A round that could not be measured clears.
    UnknownClears(Kind),
    /// Rounds that could not be measured have a place in the window of a matcher, with this value.
    UnknownCounts(Kind),
    /// A matcher judges by a window that is not full.
    EarlyMedian,
    /// A round that lost every ping counts as a fast one.
    LostIsFast,
    /// Rounds that lost every ping are sorted in as 0 ms.
    LostIsSorted,
    /// The whole history is averaged, however long it is kept for other alerts.
    WholeHistory,
    /// The program keeps too few rounds for an argument.
    TooFewKept {
        /// So many it keeps.
        kept: usize,
        /// So many are needed.
        needed: usize,
    },
    /// The number at the beginning of the alert's name chooses the rounds.
    NameIsNumber,
    /// A raise that a priority mutes is never told.
    LostRaise,
}

/// In one sentence, how an alert behaves differently in the program SmokePing, from which the documented semantics
/// departs; `None` when it behaves the same, and of a kind that SmokePing does not have, or a text that is no rule.
///
/// `None` means that, once its window is full, the alert tells the same in both after any measured rounds. Where
/// rounds that could not be measured make a difference, that is said too, but for patterns of type `rtt` with `==U`.
///
/// ```
/// let difference = smokeprobe_alerts::legacy_difference("loss", ">10%,*10*,>10%", "someloss", None, false);
/// assert_eq!(difference.unwrap(), "in SmokePing the gap `*10*` takes at most 5 rounds");
/// assert_eq!(smokeprobe_alerts::legacy_difference("loss", ">60%", "hostdown", None, false), None);
/// ```
pub fn legacy_difference(
    kind: &str,
    text: &str,
    alert: &str,
    priority: Option<u32>,
    edgetrigger: bool,
) -> Option<String> {
    let kind = Kind::ALL.into_iter().find(|known| known.name() == kind && known.is_smokepings())?;
    let found = differences(kind, text, alert, priority, edgetrigger);
    let clauses: Vec<String> = found.iter().map(Difference::to_string).collect();
    (!clauses.is_empty()).then(|| format!("in SmokePing {}", clauses.join("; ")))
}

fn differences(kind: Kind, text: &str, alert: &str, priority: Option<u32>, edgetrigger: bool) -> Vec<Difference> {
    let Ok(rule) = parse(kind, text) else {
        return Vec::new();
    };
    let rule = rule.legacy(alert);
    let mut found = match &rule.body {
        Body::Pattern { looks_at, pattern } => pattern.differences(*looks_at, edgetrigger),
        Body::Matcher(call) => call.differences(rule.name_number),
        Body::NoData(_) | Body::Baseline(_) => Vec::new(),
    };
    if edgetrigger && priority.is_some() {
        found.push(Difference::LostRaise);
    }
    found
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap { rounds, most: 0 } => write!(f, "the gap `*{rounds}*` takes no round at all"),
            Self::Gap { rounds, most: 1 } => write!(f, "the gap `*{rounds}*` takes at most 1 round"),
            Self::Gap { rounds, most } => write!(f, "the gap `*{rounds}*` takes at most {most} rounds"),
            Self::Gaps => f.write_str("gaps take fewer rounds than they say, and not every combination of them is tried"),
            Self::Start => f.write_str(
                "every start and reload begins a new history, so that `==S` matches after each, and not only before the \
                 first round of a series",
            ),
            Self::NeverUnknown => f.write_str(
                "`==U` never matches a loss, because a round that could not be measured counts as one without loss",
            ),
            Self::UnknownRaises(Kind::Loss) => {
                f.write_str("a round that could not be measured counts as one without loss, which can raise it")
            }
            Self::UnknownRaises(_) => f.write_str("a round that could not be measured can raise it"),
            Self::UnknownClears(Kind::Loss) => {
                f.write_str("a round that could not be measured counts as one without loss, and clears it")
            }
            Self::UnknownClears(_) => f.write_str("a round that could not be measured clears it"),
            Self::UnknownCounts(Kind::Loss) => {
                f.write_str("a round that could not be measured counts as one without loss")
            }
            Self::UnknownCounts(_) => {
                f.write_str("rounds that could not be measured take up places of its window and are judged")
            }
            Self::EarlyMedian => {
                f.write_str("it is raised after each start, because the rounds that are not there yet count as 0 ms")
            }
            Self::LostIsFast => {
                f.write_str("a round that lost every ping or could not be measured counts as one of 0 ms")
            }
            Self::LostIsSorted => f.write_str("rounds that lost every ping are sorted in as 0 ms"),
            Self::WholeHistory => {
                f.write_str("it averages over all rounds that are kept for any alert of the target, not only its own")
            }
            Self::TooFewKept { kept, needed } => write!(
                f,
                "only {kept} rounds are kept for it where it needs {needed}, unless another alert of the target has \
                 more kept"
            ),
            Self::NameIsNumber => f.write_str(
                "it looks at other rounds than the newest ones, because the alert's name begins with a number",
            ),
            Self::LostRaise => f.write_str(
                "a raise that the priority of another alert mutes is never told, and that it is cleared is told all the same",
            ),
        }
    }
}
