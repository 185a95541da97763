//! The pattern language: conditions on consecutive rounds, with gaps between them.
//!
//! ```text
//! pattern   = element *( "," element )
//! element   = condition | gap
//! condition = op ( number ["%"] [ op number ["%"] ] | "U" | "S" | "*" )
//! op        = "==" | "!=" | "<" | ">" | "<=" | ">="
//! gap       = "*" number "*"            up to so many rounds, whatever they say
//! ```
//!
//! The last element stands at the newest round.

mod difference;
mod legacy;
mod parse;
mod place;

use crate::rule::{Measurement, Observation};
use crate::rules::Kind;
use crate::whole::whole;

/// A checked pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    elements: Vec<Element>,
    /// How many conditions there are: fewer rounds cannot match.
    shortest: usize,
    /// Conditions and gaps together.
    window: usize,
}

/// One element of a pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Element {
    /// Exactly one round, which must satisfy it.
    Condition(Condition),
    /// So many rounds at most, whatever they say.
    Gap(usize),
}

/// What one round must satisfy.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Condition {
    /// `==U`
    Unknown,
    /// `!=U`
    NotUnknown,
    /// `==S`
    Start,
    /// `==*`
    Anything,
    /// A comparison, or two of which both must hold.
    Compare(Comparison, Option<Comparison>),
}

/// `value op number`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Comparison {
    pub(super) op: Op,
    /// In percent for loss, in seconds for an RTT or a spread.
    pub(super) number: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
}

/// What a round is to a pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    /// The place before the first round.
    Start,
    /// Measured, and there is none: the median of a round that lost every ping, or its spread.
    Absent,
    /// The round could not be measured.
    Unmeasured,
    /// The round is suspect: there is a value, and nothing may be concluded from it.
    Doubtful,
    /// The value, in percent for loss, in seconds for an RTT or a spread.
    Known(f64),
}

impl Pattern {
    /// The fewest rounds that can match.
    pub(super) const fn shortest(&self) -> usize {
        self.shortest
    }

    /// The most rounds that a match can stretch over.
    pub(super) const fn window(&self) -> usize {
        self.window
    }

    /// Whether it has `==U` in it.
    pub(super) fn asks_for_unknown(&self) -> bool {
        self.elements.contains(&Element::Condition(Condition::Unknown))
    }
}

impl Condition {
    /// Whether `value` satisfies the condition; `None` when the round does not say.
    fn holds(self, value: Value) -> Option<bool> {
        match (self, value) {
            (Self::Anything, _) => Some(true),
            (Self::Start, value) => Some(value == Value::Start),
            (Self::Unknown, value) => Some(matches!(value, Value::Absent | Value::Unmeasured)),
            (Self::NotUnknown, value) => Some(!matches!(value, Value::Absent | Value::Unmeasured)),
            (Self::Compare(..), Value::Start | Value::Absent) => Some(false),
            (Self::Compare(..), Value::Unmeasured | Value::Doubtful) => None,
            (Self::Compare(first, second), Value::Known(value)) => {
                Some(first.holds(value) && second.is_none_or(|second| second.holds(value)))
            }
        }
    }
}

impl Comparison {
    pub(super) fn holds(self, value: f64) -> bool {
        match self.op {
            // Exact, as in the reference: losses are ratios of small integers, and `==0%` is the common case.
            #[expect(clippy::float_cmp, reason = "the operator asks for equality")]
            Op::Equal => value == self.number,
            #[expect(clippy::float_cmp, reason = "the operator asks for inequality")]
            Op::NotEqual => value != self.number,
            Op::Less => value < self.number,
            Op::Greater => value > self.number,
            Op::LessOrEqual => value <= self.number,
            Op::GreaterOrEqual => value >= self.number,
        }
    }
}

impl Value {
    /// The value of a round as the manual has it.
    pub(super) fn documented(looks_at: Kind, round: &Observation) -> Self {
        match round {
            Observation::Start => Self::Start,
            Observation::Unknown => Self::Unmeasured,
            Observation::Measured(round) if round.suspect => Self::Doubtful,
            Observation::Measured(round) => Self::measured(looks_at, round),
        }
    }

    /// The value of a round as the program has it: an unmeasured one lost nothing.
    pub(super) fn legacy(looks_at: Kind, round: &Observation) -> Self {
        match round {
            Observation::Start => Self::Start,
            Observation::Unknown if looks_at == Kind::Loss => Self::Known(0.0),
            Observation::Unknown => Self::Absent,
            Observation::Measured(round) => Self::measured(looks_at, round),
        }
    }

    fn measured(looks_at: Kind, round: &Measurement) -> Self {
        match looks_at {
            Kind::Loss => Self::Known(round.loss),
            Kind::Jitter => round.deviation.map_or(Self::Absent, Self::Known),
            _ => round.median.map_or(Self::Absent, Self::Known),
        }
    }
}

/// The newest values for people, oldest first.
pub(super) fn describe(looks_at: Kind, values: &[Value]) -> String {
    use std::fmt::Write as _;

    /// More than this nobody reads.
    const SHOWN: usize = 12;
    let newest = &values[values.len().saturating_sub(SHOWN)..];
    let mut text = String::with_capacity(16 + newest.len() * 8);
    text.push_str(match looks_at {
        Kind::Loss => "loss:",
        Kind::Jitter => "jitter:",
        _ => "rtt:",
    });
    if newest.len() < values.len() {
        text.push_str(" …");
    }
    for (at, value) in newest.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push(' ');
        match value {
            Value::Start => text.push('S'),
            Value::Absent | Value::Unmeasured => text.push('U'),
            Value::Doubtful => text.push_str("suspect"),
            Value::Known(loss) if looks_at == Kind::Loss => whole(&mut text, *loss, "%"),
            // Less than a millisecond, on a good line. Writing to a String cannot fail.
            Value::Known(deviation) if looks_at == Kind::Jitter => {
                let _ = write!(text, "{:.1}ms", deviation * 1000.0);
            }
            Value::Known(rtt) => whole(&mut text, rtt * 1000.0, "ms"),
        }
    }
    text
}
