//! Matchers: rules with a name and arguments, such as `CheckLoss(l=>10,x=>3)`.

mod args;
mod avgratio;
mod check_latency;
mod check_loss;
mod consecutive_loss;
mod exp_loss;
mod median;
mod medratio;

use std::fmt::Debug;
use std::sync::Arc;

use crate::rule::{Held, History, Observation, Verdict};
use crate::rules::difference::Difference;
use crate::rules::pattern::{Value, describe};
use crate::rules::registry::nearest;
use crate::rules::{Kind, LONGEST_WINDOW, RuleError, Semantics};

pub(super) use args::Args;

/// At most so many rounds that were not measured are passed over: a day of 5-minute rounds.
const PASSED_OVER: usize = 288;

/// What a matcher decides. Pure, like every rule.
trait Matcher: Debug + Send + Sync {
    /// Loss or RTT: which of the values it is given.
    fn looks_at(&self) -> Kind;

    /// How many rounds it looks at, in the documented semantics measured ones.
    fn window(&self) -> usize;

    /// How many rounds the program keeps for it.
    fn legacy_window(&self) -> usize {
        self.window()
    }

    /// With fewer measured rounds than this it says nothing.
    fn needs(&self) -> usize {
        self.window()
    }

    /// Whether its alert is to be raised, or to stay so. `values` are oldest first: in the documented semantics the
    /// newest measured rounds, at most the window; in the legacy one everything that there is.
    fn decide(&self, values: &[Value], raised: bool, semantics: Semantics) -> bool;

    /// What the program does that this matcher's manual does not say.
    fn differences(&self) -> Vec<Difference> {
        Vec::new()
    }

    /// In the program, it counts from the number that the alert's name begins with, in place of from the newest round.
    fn counts_from_name(&self) -> bool {
        false
    }
}

/// A checked matcher call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    name: &'static str,
    matcher: Arc<dyn Matcher>,
}

type Make = fn(&mut Args<'_>) -> Result<Arc<dyn Matcher>, RuleError>;

const MATCHERS: [(&str, Make); 7] = [
    ("Avgratio", |args| Ok(Arc::new(avgratio::Avgratio::new(args)?))),
    ("CheckLatency", |args| Ok(Arc::new(check_latency::CheckLatency::new(args)?))),
    ("CheckLoss", |args| Ok(Arc::new(check_loss::CheckLoss::new(args)?))),
    ("ConsecutiveLoss", |args| Ok(Arc::new(consecutive_loss::ConsecutiveLoss::new(args)?))),
    ("ExpLoss", |args| Ok(Arc::new(exp_loss::ExpLoss::new(args)?))),
    ("Median", |args| Ok(Arc::new(median::Median::new(args)?))),
    ("Medratio", |args| Ok(Arc::new(medratio::Medratio::new(args)?))),
];

impl Call {
    /// Reads `Name(key=>value,…)`.
    pub(super) fn parse(text: &str) -> Result<Self, RuleError> {
        let mut args = Args::parse(text)?;
        let name = args.name;
        let Some((name, make)) = MATCHERS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = MATCHERS.iter().map(|(name, _)| *name).collect();
            let help = nearest(name, &known).unwrap_or_else(|| format!("the matchers are {}", known.join(", ")));
            return Err(RuleError::new(format!("there is no matcher `{name}`"), args.name_span, help));
        };
        let matcher = make(&mut args)?;
        args.finish()?;
        Ok(Self { name, matcher })
    }

    pub(super) fn window(&self, semantics: Semantics) -> usize {
        match semantics {
            Semantics::Documented => self.reach(),
            Semantics::Legacy => self.matcher.legacy_window(),
        }
    }

    /// How far back measured rounds are looked for: as many rounds again as the matcher looks at, though not more than
    /// [`PASSED_OVER`] and the longest window. So it judges as long as half of the rounds are measured.
    fn reach(&self) -> usize {
        let window = self.matcher.window();
        window.saturating_add(window.min(PASSED_OVER)).min(window.max(LONGEST_WINDOW))
    }

    /// Rounds that were not measured, or are suspect, are passed over: they say nothing either way.
    pub(super) fn judge_documented(&self, history: &History<'_>, held: Held) -> Verdict {
        let matcher = &*self.matcher;
        let measured = |round: &&Observation| matches!(round, Observation::Measured(round) if !round.suspect);
        // Not further, whatever other alerts of the series keep: they must not change what this one says.
        let mut values: Vec<Value> = history
            .newest(self.reach())
            .iter()
            .rev()
            .filter(measured)
            .take(matcher.window())
            .map(|round| Value::documented(matcher.looks_at(), round))
            .collect();
        if values.len() < matcher.needs() {
            return Verdict::Hold;
        }
        values.reverse();
        self.verdict(&values, matcher.decide(&values, held.is_raised(), Semantics::Documented))
    }

    pub(super) fn judge_legacy(&self, history: &History<'_>, held: Held, name_number: i64) -> Verdict {
        let matcher = &*self.matcher;
        let values: Vec<Value> =
            history.rounds().iter().map(|round| Value::legacy(matcher.looks_at(), round)).collect();
        let raise = if name_number != 0 && matcher.counts_from_name() {
            matcher.decide(&counted_from(name_number, &values), held.is_raised(), Semantics::Legacy)
        } else {
            matcher.decide(&values, held.is_raised(), Semantics::Legacy)
        };
        self.verdict(&values, raise)
    }

    /// What the program does that the manual does not say, in an alert whose name begins with this number.
    pub(super) fn differences(&self, name_number: i64) -> Vec<Difference> {
        let mut found = self.matcher.differences();
        if !found.contains(&Difference::LostIsFast) {
            found.push(Difference::UnknownCounts(self.matcher.looks_at()));
        }
        if name_number != 0 && self.matcher.counts_from_name() {
            found.insert(0, Difference::NameIsNumber);
        }
        found
    }

    fn verdict(&self, values: &[Value], raise: bool) -> Verdict {
        if !raise {
            return Verdict::Clear;
        }
        let values = &values[values.len().saturating_sub(self.matcher.window())..];
        Verdict::Raise(format!("{}, {}", self.name, describe(self.matcher.looks_at(), values)))
    }
}

/// The values as a matcher sees them that takes element `number − i` for the i-th newest round. Negative elements count
/// from the end, and where there is no element there is no value.
fn counted_from(number: i64, values: &[Value]) -> Vec<Value> {
    let count = values.len() as i64;
    let element = |back: i64| {
        let at = number.saturating_sub(back);
        let at = if at < 0 { at + count } else { at };
        usize::try_from(at).ok().and_then(|at| values.get(at)).copied().unwrap_or(Value::Absent)
    };
    (1..=count).rev().map(element).collect()
}

/// Raise after `count` values in a row that are not below `limit`, clear after as many below it: CheckLoss and
/// CheckLatency. Until then, keep what was.
fn hysteresis(values: &[Value], limit: f64, count: usize, raised: bool, semantics: Semantics) -> bool {
    let mut agreeing = 0;
    for value in values.iter().rev().take(count) {
        let value = match value {
            Value::Start => return raised,
            Value::Known(value) => *value,
            // A round that lost everything has no RTT. The program takes that for a very good one.
            _ if semantics == Semantics::Legacy => 0.0,
            _ => continue,
        };
        if (value < limit) == raised {
            agreeing += 1;
        }
    }
    if agreeing >= count { !raised } else { raised }
}

/// The numbers among `values`.
fn known(values: &[Value]) -> impl Iterator<Item = f64> {
    values.iter().filter_map(|value| match value {
        Value::Known(value) => Some(*value),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (String, &str) {
        let error = Call::parse(text).unwrap_err();
        (error.message, &text[error.span])
    }

    #[test]
    fn fault_is_where_it_is() {
        assert_eq!(fault("Checkloss(l=>1,x=>2)"), ("there is no matcher `Checkloss`".into(), "Checkloss"));
        assert_eq!(fault("CheckLoss(l=>1,y=>2)").1, "CheckLoss(l=>1,y=>2)");
        assert_eq!(fault("CheckLoss(l=>1,x=>2,y=>3)"), ("CheckLoss has no argument `y`".into(), "y"));
        assert_eq!(fault("CheckLoss(l=>1.5,x=>2)").1, "1.5");
        assert_eq!(fault("CheckLoss(l=>1,x=>0)").1, "0");
        assert_eq!(fault("CheckLoss(l=>1,x=>-1)").1, "-1");
        assert_eq!(fault("CheckLoss l 1").1, "CheckLoss l 1");
        assert_eq!(fault("CheckLoss(l=>1,x=>2").1, "CheckLoss(l=>1,x=>2");
        assert_eq!(fault("CheckLoss(l=>1,x=>2) x").1, " x");
        assert_eq!(fault("CheckLoss(l)").1, "l");
        assert_eq!(fault("Avgratio(historic=>1,current=>1,comparator=>>,percentage=>1)").1, ">");
        assert_eq!(fault("Avgratio(historic=>1,current=>1,comparator=>'!=',percentage=>1)").1, "'!='");
        assert_eq!(fault("Median(old=>1,new=>1,diff=>'x').").1, ".");
        assert_eq!(fault("Median(old=>1,new=>1,diff=>)").0, "a value is missing here");
        assert_eq!(fault("CheckLoss(l=>1,x=>'2)").1, "'2");
        assert_eq!(fault("CheckLoss(l=>system('x'),x=>2)").1, "system");
    }

    #[test]
    fn calls_are_read_as_the_manual_writes_them() {
        for call in [
            "Avgratio(historic=>10,current=>2,comparator=>'>',percentage=>150);",
            "Medratio( historic => 10, current => 2, comparator => \">=\", percentage => 150.5, )",
            "CheckLoss('l','10','x',3)",
            "ExpLoss(hist=>5,rising=>5)",
            "Median(old=>10,new=>2,diff=>.01)",
        ] {
            assert!(Call::parse(call).is_ok(), "{call}");
        }
    }
}
