//! The pattern as the manual has it: every gap takes 0 to N rounds, any combination that fits will do.

use super::{Element, Pattern, Value};

impl Pattern {
    /// Whether `values` (oldest first) end in something that the pattern describes. `None` when that depends on rounds
    /// that were not measured, or are suspect: with some answers they would match, with others not.
    pub(in crate::rules) fn matches(&self, values: &[Value]) -> Option<bool> {
        let values = &values[values.len().saturating_sub(self.window)..];
        if self.fits(values, false) {
            return Some(true);
        }
        let open = values.iter().any(|value| matches!(value, Value::Unmeasured | Value::Doubtful));
        if open && self.fits(values, true) { None } else { Some(false) }
    }

    /// Whether the elements can be laid over the newest values, taking rounds that do not say as `benefit`.
    ///
    /// Goes from the newest round back and keeps the set of all places that the elements so far can reach, so that the
    /// work is elements × rounds, whatever the gaps.
    fn fits(&self, values: &[Value], benefit: bool) -> bool {
        // reached[n]: the elements handled so far can cover exactly the newest n values.
        let mut reached = vec![false; values.len() + 1];
        reached[0] = true;
        for element in self.elements.iter().rev() {
            match *element {
                Element::Gap(rounds) => {
                    // The distance to the nearest reached place to the left.
                    let mut distance = usize::MAX;
                    for place in &mut reached {
                        distance = if *place { 0 } else { distance.saturating_add(1) };
                        *place = distance <= rounds;
                    }
                }
                Element::Condition(condition) => {
                    for covered in (1..reached.len()).rev() {
                        let value = values[values.len() - covered];
                        reached[covered] = reached[covered - 1] && condition.holds(value).unwrap_or(benefit);
                    }
                    reached[0] = false;
                    if !reached.contains(&true) {
                        return false;
                    }
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Kind;
    use proptest::prelude::*;

    /// Lays the elements over the values by trying everything.
    fn brute_force(elements: &[Element], values: &[Value], benefit: bool) -> bool {
        match elements.split_last() {
            None => true,
            Some((Element::Gap(rounds), rest)) => {
                (0..=(*rounds).min(values.len())).any(|n| brute_force(rest, &values[..values.len() - n], benefit))
            }
            Some((Element::Condition(condition), rest)) => values.split_last().is_some_and(|(newest, older)| {
                condition.holds(*newest).unwrap_or(benefit) && brute_force(rest, older, benefit)
            }),
        }
    }

    fn elements() -> impl Strategy<Value = Vec<&'static str>> {
        let condition = proptest::sample::select(vec![
            ">0%", "==0%", ">10%", "<=10%", "!=20%", "==U", "!=U", "==S", "==*", ">0%<20%",
        ]);
        let gap = proptest::sample::select(vec!["*1*", "*2*", "*3*", "*5*", "*12*"]);
        prop::collection::vec(prop_oneof![3 => condition, 2 => gap], 1..8)
    }

    fn values() -> impl Strategy<Value = Vec<Value>> {
        let value = prop_oneof![
            6 => proptest::sample::select(vec![0.0, 5.0, 10.0, 20.0, 100.0]).prop_map(Value::Known),
            1 => Just(Value::Absent),
            1 => Just(Value::Unmeasured),
            1 => Just(Value::Doubtful),
            1 => Just(Value::Start),
        ];
        prop::collection::vec(value, 0..20)
    }

    proptest! {
        #[test]
        fn equals_trying_everything(elements in elements(), values in values()) {
            let pattern = Pattern::parse(Kind::Loss, &elements.join(",")).unwrap();
            let surely = brute_force(&pattern.elements, &values, false);
            let perhaps = brute_force(&pattern.elements, &values, true);
            let expected = if surely { Some(true) } else if perhaps { None } else { Some(false) };
            prop_assert_eq!(pattern.matches(&values), expected);
        }
    }

    #[test]
    fn many_gaps_over_a_long_history_take_no_exponential_time() {
        let text = format!("==S,{}>0%", "*500*,>0%,".repeat(100));
        let pattern = Pattern::parse(Kind::Loss, &text).unwrap();
        let values = vec![Value::Known(5.0); 50_000];
        assert_eq!(pattern.matches(&values), Some(false));
    }
}
