//! Median: the median of some rounds differs from that of the rounds before.

use super::{Args, Difference, Kind, Matcher, RuleError, Semantics, Value, known};

/// `Median(old=>rounds,new=>rounds,diff=>seconds)`
#[derive(Debug)]
pub(super) struct Median {
    old: usize,
    new: usize,
    diff: f64,
}

impl Median {
    pub(super) fn new(args: &mut Args<'_>) -> Result<Self, RuleError> {
        Ok(Self { old: args.whole("old", 0)?, new: args.whole("new", 0)?, diff: args.number("diff")? })
    }
}

impl Matcher for Median {
    fn looks_at(&self) -> Kind {
        Kind::Rtt
    }

    fn window(&self) -> usize {
        self.old + self.new
    }

    fn differences(&self) -> Vec<Difference> {
        // Of one round there is no part.
        if self.window() > 1 { vec![Difference::EarlyMedian] } else { Vec::new() }
    }

    fn decide(&self, values: &[Value], _: bool, _: Semantics) -> bool {
        // With less history than the window the old part is what is left of it, and the median of nothing is 0. The
        // documented semantics never gets here with so little.
        let values = &values[values.len().saturating_sub(self.window())..];
        let (old, new) = values.split_at(values.len().saturating_sub(self.new));
        (median(old) - median(new)).abs() > self.diff
    }
}

/// The middle value, or the mean of the two in the middle; 0 of nothing.
fn median(values: &[Value]) -> f64 {
    let mut rtts: Vec<f64> = known(values).collect();
    rtts.sort_unstable_by(f64::total_cmp);
    let middle = rtts.len() / 2;
    match rtts.len() {
        0 => 0.0,
        count if count % 2 == 1 => rtts[middle],
        _ => f64::midpoint(rtts[middle], rtts[middle - 1]),
    }
}
