//! Text to pattern, with the place of every fault.

use std::ops::Range;

use super::{Comparison, Condition, Element, Op, Pattern};
use crate::rules::{Kind, RuleError};

/// Far beyond any pattern that a person writes; bounds the work that one round can cost.
const MOST_ELEMENTS: usize = 1000;

/// The help of every fault that is about an element's form.
const FORMS: &str = "write conditions such as `>0%`, `==U` or `>10%<=50%`, and gaps such as `*12*`";

impl Pattern {
    /// Reads a pattern for alerts of type `kind`.
    pub(in crate::rules) fn parse(kind: Kind, text: &str) -> Result<Self, RuleError> {
        let mut pattern = Self { elements: Vec::new(), shortest: 0, window: 0 };
        let mut start = 0;
        // The reference drops empty elements at the end, and so patterns in use may have them.
        let pieces = text.trim_end_matches(|c: char| c == ',' || c.is_whitespace());
        for piece in pieces.split(',') {
            let span = trimmed(text, start..start + piece.len());
            start += piece.len() + 1;
            if pattern.elements.len() == MOST_ELEMENTS {
                let message = format!("the pattern has more than {MOST_ELEMENTS} elements");
                return Err(RuleError::new(message, span, "use a gap such as `*12*` in place of many `==*`"));
            }
            let element = parse_element(kind, text, span)?;
            match element {
                Element::Condition(_) => {
                    pattern.shortest += 1;
                    pattern.window = pattern.window.saturating_add(1);
                }
                Element::Gap(rounds) => pattern.window = pattern.window.saturating_add(rounds),
            }
            pattern.elements.push(element);
        }
        Ok(pattern)
    }
}

fn parse_element(kind: Kind, text: &str, span: Range<usize>) -> Result<Element, RuleError> {
    let element = &text[span.clone()];
    if element.is_empty() {
        return Err(RuleError::new("an element is missing here", span, "take the extra comma away"));
    }
    let mut cursor = Cursor { text, at: span.start, end: span.end };
    if cursor.eat("*") {
        return parse_gap(cursor, span);
    }
    let Some(op) = cursor.op(&OPS) else {
        let message = format!("`{element}` does not begin with an operator");
        return Err(RuleError::new(message, span, FORMS));
    };
    let op_span = span.start..cursor.at;
    let only = |allowed: &str, what: &str| {
        let message = format!("`{}` cannot be used with {what}", &text[op_span.clone()]);
        RuleError::new(message, op_span.clone(), format!("write {allowed}"))
    };
    let condition = if cursor.eat("U") {
        match op {
            Op::Equal => Condition::Unknown,
            Op::NotEqual => Condition::NotUnknown,
            _ => return Err(only("`==U` or `!=U`", "U, a round without a value")),
        }
    } else if cursor.eat("S") {
        match op {
            Op::Equal => Condition::Start,
            _ => return Err(only("`==S`", "S, the start of the history")),
        }
    } else if cursor.eat("*") {
        match op {
            Op::Equal => Condition::Anything,
            _ => return Err(only("`==*`", "*, any value")),
        }
    } else {
        let first = parse_comparison(kind, &mut cursor, op, &span)?;
        let second = match cursor.op(&SECOND_OPS) {
            Some(op) => Some(parse_comparison(kind, &mut cursor, op, &span)?),
            None => None,
        };
        return finish(&cursor, span, Condition::Compare(first, second));
    };
    // The reference reads a per cent sign and a second comparison after these too, and gives them no meaning.
    cursor.eat("%");
    if cursor.op(&SECOND_OPS).is_some() {
        cursor.number();
        cursor.eat("%");
    }
    finish(&cursor, span, condition)
}

/// The rest of `*12*`, after its first star.
fn parse_gap(mut cursor: Cursor<'_>, span: Range<usize>) -> Result<Element, RuleError> {
    let digits = cursor.take_while(|c| c.is_ascii_digit());
    // A number too long for a machine word is too long for the window as well, which says so.
    let rounds = if digits.is_empty() { 0 } else { digits.parse().unwrap_or(usize::MAX) };
    if rounds == 0 || !cursor.eat("*") || digits.starts_with('0') || cursor.at != cursor.end {
        let message = format!("`{}` is not a gap", &cursor.text[span.clone()]);
        return Err(RuleError::new(message, span, "write `*12*` for up to 12 rounds, at least `*1*`"));
    }
    Ok(Element::Gap(rounds))
}

fn parse_comparison(
    kind: Kind,
    cursor: &mut Cursor<'_>,
    op: Op,
    element: &Range<usize>,
) -> Result<Comparison, RuleError> {
    let start = cursor.at;
    let Some(number) = cursor.number() else {
        let message = format!("`{}` needs a number after its operator", &cursor.text[element.clone()]);
        return Err(RuleError::new(message, start..element.end.max(start), FORMS));
    };
    let span = start..cursor.at;
    let percent = cursor.eat("%");
    if kind == Kind::Loss && !percent {
        let help = format!("write `{}%`", &cursor.text[span.clone()]);
        return Err(RuleError::new("loss is given in percent", span, help));
    }
    // SmokePing reads a per cent sign after an RTT and gives it no meaning; what is not SmokePing's need not.
    if kind == Kind::Jitter && percent {
        let sign = cursor.at - 1..cursor.at;
        return Err(RuleError::new("jitter is given in milliseconds", sign, "take the per cent sign away"));
    }
    let number = if kind == Kind::Loss { number } else { number / 1000.0 };
    Ok(Comparison { op, number })
}

fn finish(cursor: &Cursor<'_>, span: Range<usize>, condition: Condition) -> Result<Element, RuleError> {
    if cursor.at == cursor.end {
        return Ok(Element::Condition(condition));
    }
    let message = format!("`{}` is not understood here", &cursor.text[cursor.at..span.end]);
    Err(RuleError::new(message, cursor.at..span.end, FORMS))
}

/// Longer ones first, so that `>=` is not read as `>`.
const OPS: [(&str, Op); 6] = [
    ("==", Op::Equal),
    ("!=", Op::NotEqual),
    ("<=", Op::LessOrEqual),
    (">=", Op::GreaterOrEqual),
    ("<", Op::Less),
    (">", Op::Greater),
];

const SECOND_OPS: [(&str, Op); 4] =
    [("<=", Op::LessOrEqual), (">=", Op::GreaterOrEqual), ("<", Op::Less), (">", Op::Greater)];

/// A place in the text, which only goes forward.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    fn eat(&mut self, token: &str) -> bool {
        let found = self.text[self.at..self.end].starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..self.end];
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn op(&mut self, ops: &[(&str, Op)]) -> Option<Op> {
        ops.iter().find(|(token, _)| self.eat(token)).map(|&(_, op)| op)
    }

    /// `12`, `12.` or `12.5`.
    fn number(&mut self) -> Option<f64> {
        let start = self.at;
        if self.take_while(|c| c.is_ascii_digit()).is_empty() {
            return None;
        }
        if self.eat(".") {
            self.take_while(|c| c.is_ascii_digit());
        }
        self.text[start..self.at].parse().ok()
    }
}

/// `span` without white space at its ends.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let piece = &text[span.clone()];
    let start = span.start + (piece.len() - piece.trim_start().len());
    start..start + piece.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: Kind, text: &str) -> (String, &str) {
        let error = Pattern::parse(kind, text).unwrap_err();
        (error.message, &text[error.span])
    }

    #[test]
    fn fault_is_where_it_is() {
        assert_eq!(fault(Kind::Loss, ">0%,>10,>5%"), ("loss is given in percent".into(), "10"));
        assert_eq!(fault(Kind::Loss, ">0%<5"), ("loss is given in percent".into(), "5"));
        assert_eq!(fault(Kind::Rtt, "==U , >=U").1, ">=");
        assert_eq!(fault(Kind::Rtt, "!=S").1, "!=");
        assert_eq!(fault(Kind::Rtt, ">*").1, ">");
        assert_eq!(fault(Kind::Rtt, "> 10").1, " 10");
        assert_eq!(fault(Kind::Rtt, ">10ms").1, "ms");
        assert_eq!(fault(Kind::Rtt, "==5*").1, "*");
        assert_eq!(fault(Kind::Loss, "=>10%").1, "=>10%");
        assert_eq!(fault(Kind::Loss, ">1%,*0*").1, "*0*");
        assert_eq!(fault(Kind::Loss, ">1%,**,>1%").1, "**");
        assert_eq!(fault(Kind::Loss, ">1%,*x*").1, "*x*");
        assert_eq!(fault(Kind::Loss, ">1%,,>2%").0, "an element is missing here");
        assert_eq!(fault(Kind::Loss, ",").0, "an element is missing here");
        assert_eq!(fault(Kind::Loss, ">1%,é").1, "é");
    }

    #[test]
    fn blanks_around_commas_and_a_number_with_a_bare_point_are_read() {
        let pattern = Pattern::parse(Kind::Rtt, ">10. ,\t*3*,  ==U").unwrap();
        assert_eq!((pattern.shortest, pattern.window), (2, 5));
        let ten_ms = Comparison { op: Op::Greater, number: 0.01 };
        assert_eq!(pattern.elements[0], Element::Condition(Condition::Compare(ten_ms, None)));
    }
}
