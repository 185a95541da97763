//! Where the program's evaluation of a pattern is not what its manual says.

use super::{Condition, Element, Pattern, Value};
use crate::rules::Kind;
use crate::rules::difference::Difference;

impl Pattern {
    /// The differences between what the manual says of this pattern and what the program does with it, in an alert with
    /// or without edge trigger. None of a pattern that never matches in either.
    pub(in crate::rules) fn differences(&self, looks_at: Kind, edgetrigger: bool) -> Vec<Difference> {
        let mut found = Vec::new();
        if self.never_matches(looks_at) {
            return found;
        }
        if looks_at == Kind::Loss && self.asks_for_unknown() {
            found.push(Difference::NeverUnknown);
            return found;
        }
        found.extend(self.gap_difference(looks_at));
        if self.conditions().any(|condition| condition == Condition::Start) {
            found.push(Difference::Start);
        }
        found.extend(self.unknown_difference(looks_at, edgetrigger));
        found
    }

    /// Nothing can stand where a condition wants the start marker, which is before everything, or a value that there is
    /// not, such as a loss above 100 %.
    fn never_matches(&self, looks_at: Kind) -> bool {
        let impossible = |condition: Condition| match condition {
            Condition::Compare(..) => {
                !condition.values(looks_at).iter().any(|value| condition.holds(*value) == Some(true))
            }
            _ => false,
        };
        let only_start = self.elements == [Element::Condition(Condition::Start)];
        only_start
            || self.conditions().skip(1).any(|condition| condition == Condition::Start)
            || self.conditions().any(impossible)
    }

    /// A gap never takes as many rounds as it says; that matters when something is asked of the rounds before it.
    fn gap_difference(&self, looks_at: Kind) -> Option<Difference> {
        let mut asks = false;
        let mut short = Vec::new();
        for element in &self.elements {
            match *element {
                Element::Condition(condition) => {
                    asks |= condition.values(looks_at).iter().any(|value| condition.holds(*value) != Some(true));
                }
                Element::Gap(rounds) if asks => short.push(rounds),
                Element::Gap(_) => {}
            }
        }
        let gaps = self.elements.len() - self.shortest;
        match short[..] {
            [] => None,
            // Rules 1 and 2 of the program's evaluation, when there is no other gap.
            [rounds] if gaps == 1 => Some(Difference::Gap { rounds, most: (rounds - 1).min((self.window - 1) / 2) }),
            _ => Some(Difference::Gaps),
        }
    }

    /// A round that could not be measured lost nothing to the program, and has no RTT.
    fn unknown_difference(&self, looks_at: Kind, edgetrigger: bool) -> Option<Difference> {
        let legacy = if looks_at == Kind::Loss { Value::Known(0.0) } else { Value::Absent };
        let satisfies = |condition: Condition| condition.holds(legacy) == Some(true);
        // Here a pattern is only judged after such a round when it asks for one.
        let newest = match self.elements.last() {
            Some(Element::Condition(condition)) => satisfies(*condition),
            _ => true,
        };
        let judged = self.asks_for_unknown();
        let more = |condition: Condition| satisfies(condition) && condition.holds(Value::Unmeasured) != Some(true);
        if self.conditions().any(more) || (newest && !judged) {
            Some(Difference::UnknownRaises(looks_at))
        } else if edgetrigger && !judged {
            Some(Difference::UnknownClears(looks_at))
        } else {
            None
        }
    }

    fn conditions(&self) -> impl Iterator<Item = Condition> {
        self.elements.iter().filter_map(|element| match element {
            Element::Condition(condition) => Some(*condition),
            Element::Gap(_) => None,
        })
    }
}

impl Condition {
    /// Values of measured rounds between which the condition cannot tell more than between these: its own numbers, one
    /// between each two of them, and one beyond.
    fn values(self, looks_at: Kind) -> Vec<Value> {
        let mut numbers = vec![0.0];
        if let Self::Compare(first, second) = self {
            numbers.push(first.number);
            numbers.extend(second.map(|second| second.number));
        }
        numbers.sort_unstable_by(f64::total_cmp);
        let beyond = numbers.last().map_or(1.0, |last| last * 2.0 + 1.0);
        numbers.push(if looks_at == Kind::Loss { 100.0 } else { beyond });
        let between: Vec<f64> = numbers.windows(2).map(|pair| f64::midpoint(pair[0], pair[1])).collect();
        numbers.extend(between);
        numbers.retain(|number| looks_at != Kind::Loss || *number <= 100.0);
        let mut values: Vec<Value> = numbers.into_iter().map(Value::Known).collect();
        if looks_at != Kind::Loss {
            values.push(Value::Absent);
        }
        values
    }
}
