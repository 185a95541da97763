//! The pattern as the program SmokePing evaluates it, which is not what its manual says:
//!
//! 1. a gap `*N*` tries 0 … min(N, rounds − conditions) − 1 rounds, never N;
//! 2. a gap found is refused when it is too large a part of the window, so that in `>10%,*10*,>10%` five rounds is the
//!    most that fits;
//! 3. nothing is tried twice: when an earlier part cannot be placed for the smallest later gap, the answer is no.
//!
//! Checked against the recorded answers of the program in `tests/golden`.

use super::{Condition, Element, Pattern, Value};

impl Pattern {
    /// Whether the program would say that `values` (oldest first) match.
    pub(in crate::rules) fn matches_legacy(&self, values: &[Value]) -> bool {
        if values.len() < self.shortest {
            return false;
        }
        let evaluation = Evaluation::new(self, values);
        let gaps = evaluation.gaps.len();
        if gaps > 0 && !evaluation.place(gaps - 1, 0, &mut vec![Vec::new(); gaps]) {
            return false;
        }
        evaluation.part_holds(gaps, 0)
    }
}

/// One evaluation: the conditions in parts, with the gaps between them.
struct Evaluation<'a> {
    values: &'a [Value],
    /// Gap `i` stands between parts `i` and `i + 1`.
    gaps: Vec<usize>,
    /// The conditions of each part, each with its distance from the newest round when every gap is empty.
    parts: Vec<Vec<(Condition, usize)>>,
    shortest: usize,
    window: usize,
}

impl<'a> Evaluation<'a> {
    fn new(pattern: &Pattern, values: &'a [Value]) -> Self {
        let mut gaps = Vec::new();
        let mut parts = vec![Vec::new()];
        let mut behind = pattern.shortest;
        for element in &pattern.elements {
            match (*element, parts.last_mut()) {
                (Element::Condition(condition), Some(part)) => {
                    part.push((condition, behind));
                    behind -= 1;
                }
                (Element::Gap(rounds), _) => {
                    gaps.push(rounds);
                    parts.push(Vec::new());
                }
                (Element::Condition(_), None) => unreachable!("there is a part from the start"),
            }
        }
        Self { values, gaps, parts, shortest: pattern.shortest, window: pattern.window }
    }

    /// Places the part before gap `gap`, and all earlier ones, with `slid` rounds in the later gaps. The last gap is the
    /// outermost loop. `done` remembers what was placed before: the program places it again, with the same outcome.
    fn place(&self, gap: usize, slid: usize, done: &mut [Vec<bool>]) -> bool {
        if done[gap].get(slid) == Some(&true) {
            return true;
        }
        let cap = (self.values.len() - self.shortest).min(self.gaps[gap]);
        let limit = self.window.saturating_sub(slid).min(cap);
        let mut taken = 0;
        while taken < limit {
            if gap > 0 && !self.place(gap - 1, slid + taken, done) {
                return false;
            }
            if self.part_holds(gap, slid + taken) {
                break;
            }
            taken += 1;
        }
        if taken >= self.window.saturating_sub(slid + taken).min(cap) {
            return false;
        }
        if done[gap].len() <= slid {
            done[gap].resize(slid + 1, false);
        }
        done[gap][slid] = true;
        true
    }

    /// Whether every condition of a part holds when the part is moved back by `slid` rounds. Before the oldest round
    /// there is nothing, which is unknown.
    fn part_holds(&self, part: usize, slid: usize) -> bool {
        self.parts[part].iter().all(|&(condition, behind)| {
            let value = self.values.len().checked_sub(behind + slid).map_or(Value::Absent, |at| self.values[at]);
            condition.holds(value) == Some(true)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Kind;
    use serde_json::Value as Json;

    /// Every pattern of the recording, over its twelve series each.
    #[test]
    fn equals_the_program_on_every_recorded_pattern() {
        let mut patterns = 0;
        for line in include_str!("../../../tests/golden/alert_patterns.jsonl").lines() {
            let case: Json = serde_json::from_str(line).unwrap();
            let kind = if case["type"] == "loss" { Kind::Loss } else { Kind::Rtt };
            let text = case["pattern"].as_str().unwrap();
            patterns += 1;
            let pattern = match (Pattern::parse(kind, text), case["error"].as_str()) {
                (Ok(pattern), None) => pattern,
                (Err(_), Some(_)) => continue,
                (ours, theirs) => panic!("{text}: {ours:?}, the program: {theirs:?}"),
            };
            assert_eq!(Some(pattern.shortest as u64), case["minlength"].as_u64(), "{text}");
            assert_eq!(Some(pattern.window as u64), case["maxlength"].as_u64(), "{text}");
            let series = case["ys"].as_array().unwrap();
            let expected = case["res"].as_array().unwrap();
            assert_eq!((series.len(), expected.len()), (12, 12));
            for (values, expected) in series.iter().zip(expected) {
                let parsed: Vec<Value> = values.as_array().unwrap().iter().map(value).collect();
                let ours = pattern.matches_legacy(&parsed);
                assert_eq!(Some(u64::from(ours)), expected.as_u64(), "{text} over {values}");
            }
        }
        assert_eq!(patterns, 264);
    }

    fn value(json: &Json) -> Value {
        match json {
            Json::Null => Value::Absent,
            Json::String(text) if text == "S" => Value::Start,
            Json::String(text) if text == "U" => Value::Absent,
            Json::String(text) => Value::Known(text.parse().unwrap()),
            Json::Number(number) => Value::Known(number.as_f64().unwrap()),
            _ => panic!("{json}"),
        }
    }

    #[test]
    fn many_gaps_are_placed_once_each() {
        let text = format!("{}==U", ">0%,*60*,".repeat(40));
        let pattern = Pattern::parse(Kind::Loss, &text).unwrap();
        assert!(!pattern.matches_legacy(&vec![Value::Known(0.0); 3000]));
        let loss_at_start = [vec![Value::Known(5.0); 60], vec![Value::Known(0.0); 2000]].concat();
        assert!(!pattern.matches_legacy(&loss_at_start));
    }
}
