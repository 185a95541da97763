//! Avgratio: the average RTT of the newest rounds, compared with that of the rounds before.

use super::{Args, Kind, Matcher, RuleError, Semantics, Value, known};
use crate::rules::pattern::Comparison;

/// `Avgratio(historic=>rounds,current=>rounds,comparator=>'>',percentage=>percent)`
#[derive(Debug)]
pub(super) struct Avgratio(Ratio);

/// The newest rounds and those before, and the ratio of the two that is asked for. Shared with Medratio.
#[derive(Debug)]
pub(super) struct Ratio {
    historic: usize,
    current: usize,
    wanted: Comparison,
}

impl Avgratio {
    pub(super) fn new(args: &mut Args<'_>) -> Result<Self, RuleError> {
        Ratio::new(args).map(Self)
    }
}

impl Matcher for Avgratio {
    fn looks_at(&self) -> Kind {
        Kind::Rtt
    }

    fn window(&self) -> usize {
        self.0.window()
    }

    fn decide(&self, values: &[Value], _: bool, _: Semantics) -> bool {
        self.0.holds(values, average)
    }
}

impl Ratio {
    pub(super) fn new(args: &mut Args<'_>) -> Result<Self, RuleError> {
        let (historic, current) = (args.whole("historic", 0)?, args.whole("current", 0)?);
        let op = args.comparator("comparator")?;
        let number = args.number("percentage")? / 100.0;
        Ok(Self { historic, current, wanted: Comparison { op, number } })
    }

    pub(super) const fn window(&self) -> usize {
        self.historic + self.current
    }

    /// How many rounds the longer of the two parts has; 0 when one has none, so that there never is a ratio.
    pub(super) const fn longest_part(&self) -> usize {
        match (self.historic, self.current) {
            (0, _) | (_, 0) => 0,
            (historic, current) if historic > current => historic,
            (_, current) => current,
        }
    }

    /// Whether the ratio is as wanted. Not with a window that is not full yet, nor when either part has no RTT.
    pub(super) fn holds(&self, values: &[Value], of: impl Fn(&[Value]) -> Option<f64>) -> bool {
        let Some(first) = values.len().checked_sub(self.window()) else {
            return false;
        };
        let window = &values[first..];
        if window.first() == Some(&Value::Start) {
            return false;
        }
        let (historic, current) = window.split_at(self.historic);
        match (of(historic), of(current)) {
            (Some(historic), Some(current)) if historic != 0.0 && current != 0.0 => {
                self.wanted.holds(current / historic)
            }
            _ => false,
        }
    }
}

fn average(values: &[Value]) -> Option<f64> {
    let count = known(values).count();
    (count > 0).then(|| known(values).sum::<f64>() / count as f64)
}
