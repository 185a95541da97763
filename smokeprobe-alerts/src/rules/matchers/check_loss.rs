//! CheckLoss: raise after some lossy rounds in a row, clear after as many good ones.

use super::{Args, Kind, Matcher, RuleError, Semantics, Value, hysteresis};

/// `CheckLoss(l=>percent,x=>rounds)`
#[derive(Debug)]
pub(super) struct CheckLoss {
    /// Loss in percent from which on a round is lossy.
    limit: f64,
    rounds: usize,
}

impl CheckLoss {
    pub(super) fn new(args: &mut Args<'_>) -> Result<Self, RuleError> {
        Ok(Self { limit: args.whole("l", 0)? as f64, rounds: args.whole("x", 1)? })
    }
}

impl Matcher for CheckLoss {
    fn looks_at(&self) -> Kind {
        Kind::Loss
    }

    fn window(&self) -> usize {
        self.rounds
    }

    fn decide(&self, values: &[Value], raised: bool, semantics: Semantics) -> bool {
        hysteresis(values, self.limit, self.rounds, raised, semantics)
    }

    fn counts_from_name(&self) -> bool {
        true
    }
}
