//! Medratio: the median RTT of the newest rounds, compared with that of the rounds before.

use super::avgratio::Ratio;
use super::{Args, Difference, Kind, Matcher, RuleError, Semantics, Value};

/// `Medratio(historic=>rounds,current=>rounds,comparator=>'>',percentage=>percent)`
#[derive(Debug)]
pub(super) struct Medratio(Ratio);

impl Medratio {
    pub(super) fn new(args: &mut Args<'_>) -> Result<Self, RuleError> {
        Ratio::new(args).map(Self)
    }
}

impl Matcher for Medratio {
    fn looks_at(&self) -> Kind {
        Kind::Rtt
    }

    fn window(&self) -> usize {
        self.0.window()
    }

    fn differences(&self) -> Vec<Difference> {
        // The upper of two is the same with 0 and without.
        if self.0.longest_part() > 2 { vec![Difference::LostIsSorted] } else { Vec::new() }
    }

    fn decide(&self, values: &[Value], _: bool, semantics: Semantics) -> bool {
        self.0.holds(values, |part| upper_median(part, semantics))
    }
}

/// The upper of the middle values. Rounds that lost every ping have no RTT: they are passed over, but the program sorts
/// them in as 0, and has no median when one of them is in the middle.
fn upper_median(values: &[Value], semantics: Semantics) -> Option<f64> {
    let rtt = |value: &Value| match (value, semantics) {
        (Value::Known(rtt), _) => Some(*rtt),
        (_, Semantics::Legacy) => Some(0.0),
        _ => None,
    };
    let mut rtts: Vec<f64> = values.iter().filter_map(rtt).collect();
    rtts.sort_unstable_by(f64::total_cmp);
    rtts.get(rtts.len() / 2).copied()
}
