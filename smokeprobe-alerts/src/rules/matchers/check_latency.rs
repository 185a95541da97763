//! CheckLatency: raise after some slow rounds in a row, clear after as many fast ones.

use super::{Args, Difference, Kind, Matcher, RuleError, Semantics, Value, hysteresis};

/// `CheckLatency(l=>milliseconds,x=>rounds)`
#[derive(Debug)]
pub(super) struct CheckLatency {
    /// The median in seconds from which on a round is slow.
    limit: f64,
    rounds: usize,
}

impl CheckLatency {
    pub(super) fn new(args: &mut Args<'_>) -> Result<Self, RuleError> {
        Ok(Self { limit: args.whole("l", 0)? as f64 / 1000.0, rounds: args.whole("x", 1)? })
    }
}

impl Matcher for CheckLatency {
    fn looks_at(&self) -> Kind {
        Kind::Rtt
    }

    fn window(&self) -> usize {
        self.rounds
    }

    fn decide(&self, values: &[Value], raised: bool, semantics: Semantics) -> bool {
        hysteresis(values, self.limit, self.rounds, raised, semantics)
    }

    fn differences(&self) -> Vec<Difference> {
        vec![Difference::LostIsFast]
    }

    fn counts_from_name(&self) -> bool {
        true
    }
}
