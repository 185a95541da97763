//! ConsecutiveLoss: one threshold and number of rounds to raise, another to clear.

use super::{Args, Kind, Matcher, RuleError, Semantics, Value};

/// `ConsecutiveLoss(pctlossraise=>percent,stepsraise=>rounds,pctlossclear=>percent,stepsclear=>rounds)`
#[derive(Debug)]
pub(super) struct ConsecutiveLoss {
    raise_from: f64,
    raise_after: usize,
    clear_below: f64,
    clear_after: usize,
}

impl ConsecutiveLoss {
    pub(super) fn new(args: &mut Args<'_>) -> Result<Self, RuleError> {
        Ok(Self {
            raise_from: args.whole("pctlossraise", 0)? as f64,
            raise_after: args.whole("stepsraise", 1)?,
            clear_below: args.whole("pctlossclear", 0)? as f64,
            clear_after: args.whole("stepsclear", 1)?,
        })
    }
}

impl Matcher for ConsecutiveLoss {
    fn looks_at(&self) -> Kind {
        Kind::Loss
    }

    fn window(&self) -> usize {
        self.raise_after.max(self.clear_after)
    }

    fn needs(&self) -> usize {
        // Each direction waits for its own number of rounds.
        self.raise_after.min(self.clear_after)
    }

    fn decide(&self, values: &[Value], raised: bool, _: Semantics) -> bool {
        let rounds = if raised { self.clear_after } else { self.raise_after };
        let Some(first) = values.len().checked_sub(rounds) else {
            return raised;
        };
        let newest = &values[first..];
        if newest.contains(&Value::Start) {
            return raised;
        }
        let loss = |value: &Value| if let Value::Known(loss) = value { *loss } else { 0.0 };
        if raised {
            !newest.iter().all(|value| loss(value) < self.clear_below)
        } else {
            newest.iter().all(|value| loss(value) >= self.raise_from)
        }
    }

    fn counts_from_name(&self) -> bool {
        true
    }
}
