//! Arguments: `key=>value` pairs as Perl writes them, read as data and never executed.

use std::ops::Range;

use crate::rules::pattern::Op;
use crate::rules::{LONGEST_WINDOW, RuleError};

/// The arguments of a rule, each to be taken once.
pub(in crate::rules) struct Args<'a> {
    text: &'a str,
    /// Whose arguments they are.
    pub(super) name: &'a str,
    /// Where that stands.
    pub(super) name_span: Range<usize>,
    pairs: Vec<Pair>,
    /// The keys asked for, for the message about one that was not.
    asked: Vec<&'static str>,
}

struct Pair {
    key: String,
    key_span: Range<usize>,
    value: String,
    value_span: Range<usize>,
}

/// More keys than any matcher has; bounds what a hostile text can cost.
const MOST_PAIRS: usize = 32;

const FORM: &str = "write a matcher call such as `CheckLoss(l=>10,x=>3)`";

impl<'a> Args<'a> {
    /// Reads `Name(key=>value,…)`. A semicolon at the end, which the manual's examples have, is allowed.
    pub(super) fn parse(text: &'a str) -> Result<Self, RuleError> {
        let whole = 0..text.len();
        let (Some(open), Some(close)) = (text.find('('), text.rfind(')')) else {
            return Err(RuleError::new("this is not a matcher call", whole, FORM));
        };
        if close < open {
            return Err(RuleError::new("this is not a matcher call", whole, FORM));
        }
        let tail = text[close + 1..].trim_end().trim_end_matches(';');
        if !tail.trim().is_empty() {
            let span = close + 1..close + 1 + tail.len();
            return Err(RuleError::new("there is more text after the call", span, "end it with `)`"));
        }
        let start = text.len() - text.trim_start().len();
        let name = start..open.max(start);
        Self::read(text, &text[name.clone()], name, open + 1..close)
    }

    /// Reads a text that is nothing but the arguments of `name`.
    pub(in crate::rules) fn bare(name: &'a str, text: &'a str) -> Result<Self, RuleError> {
        Self::read(text, name, 0..0, 0..text.len())
    }

    fn read(text: &'a str, name: &'a str, name_span: Range<usize>, within: Range<usize>) -> Result<Self, RuleError> {
        let mut args = Self { text, name, name_span, pairs: Vec::new(), asked: Vec::new() };
        let mut lexer = Lexer { text, at: within.start, end: within.end };
        while !lexer.at_end() {
            if args.pairs.len() == MOST_PAIRS {
                let message = format!("{name} has more than {MOST_PAIRS} arguments");
                return Err(RuleError::new(message, lexer.at..within.end, "take some away"));
            }
            let (key, key_span) = lexer.token()?;
            if !lexer.eat("=>") && !lexer.eat(",") {
                return Err(RuleError::new(format!("`{key}` has no value"), key_span, format!("write `{key}=>value`")));
            }
            let (value, value_span) = lexer.token()?;
            args.pairs.push(Pair { key, key_span, value, value_span });
            if !lexer.at_end() && !lexer.eat(",") {
                let span = lexer.at..within.end;
                let help = "separate arguments by commas, and put text into quotes";
                return Err(RuleError::new(format!("`{}` is not understood here", &text[span.clone()]), span, help));
            }
        }
        Ok(args)
    }

    /// A whole number that must be there, at least `least`.
    pub(in crate::rules) fn whole(&mut self, key: &'static str, least: usize) -> Result<usize, RuleError> {
        let value = self.optional_whole(key, least)?;
        value.ok_or_else(|| self.missing(key))
    }

    /// A whole number, at least `least`.
    pub(in crate::rules) fn optional_whole(
        &mut self,
        key: &'static str,
        least: usize,
    ) -> Result<Option<usize>, RuleError> {
        let Some(pair) = self.take(key) else {
            return Ok(None);
        };
        match number(&pair.value) {
            Some(value) if value.fract() == 0.0 && value >= least as f64 && value <= LONGEST_WINDOW as f64 => {
                Ok(Some(value as usize))
            }
            _ => {
                let message = format!("`{key}` cannot be `{}`", pair.value);
                Err(RuleError::new(message, pair.value_span, format!("write a whole number, at least {least}")))
            }
        }
    }

    /// A whole number from 1 to `most`.
    pub(in crate::rules) fn whole_up_to(&mut self, key: &'static str, most: usize) -> Result<Option<usize>, RuleError> {
        let Some(pair) = self.take(key) else {
            return Ok(None);
        };
        match number(&pair.value) {
            Some(value) if value.fract() == 0.0 && value >= 1.0 && value <= most as f64 => Ok(Some(value as usize)),
            _ => {
                let message = format!("`{key}` cannot be `{}`", pair.value);
                Err(RuleError::new(message, pair.value_span, format!("write a whole number from 1 to {most}")))
            }
        }
    }

    /// A number that must be there, zero or more.
    pub(in crate::rules) fn number(&mut self, key: &'static str) -> Result<f64, RuleError> {
        let value = self.optional_number(key)?;
        value.ok_or_else(|| self.missing(key))
    }

    /// A number, zero or more.
    pub(super) fn optional_number(&mut self, key: &'static str) -> Result<Option<f64>, RuleError> {
        let Some(pair) = self.take(key) else {
            return Ok(None);
        };
        let help = "write a number such as `10` or `0.5`";
        let message = format!("`{key}` cannot be `{}`", pair.value);
        number(&pair.value).map(Some).ok_or_else(|| RuleError::new(message, pair.value_span, help))
    }

    /// A comparison operator that must be there.
    pub(super) fn comparator(&mut self, key: &'static str) -> Result<Op, RuleError> {
        let Some(pair) = self.take(key) else {
            return Err(self.missing(key));
        };
        match pair.value.as_str() {
            "<" => Ok(Op::Less),
            ">" => Ok(Op::Greater),
            "<=" => Ok(Op::LessOrEqual),
            ">=" => Ok(Op::GreaterOrEqual),
            "==" => Ok(Op::Equal),
            other => {
                let message = format!("`{key}` cannot be `{other}`");
                Err(RuleError::new(message, pair.value_span, "write one of '<', '>', '<=', '>=', '=='"))
            }
        }
    }

    /// Nothing may be left.
    pub(in crate::rules) fn finish(self) -> Result<(), RuleError> {
        let Some(pair) = self.pairs.into_iter().next() else {
            return Ok(());
        };
        let message = format!("{} has no argument `{}`", self.name, pair.key);
        Err(RuleError::new(message, pair.key_span, format!("its arguments are {}", self.asked.join(", "))))
    }

    /// Takes an argument; of several with the same key the last, as Perl does.
    fn take(&mut self, key: &'static str) -> Option<Pair> {
        self.asked.push(key);
        let mut found = None;
        while let Some(at) = self.pairs.iter().position(|pair| pair.key == key) {
            found = Some(self.pairs.remove(at));
        }
        found
    }

    fn missing(&self, key: &str) -> RuleError {
        let message = format!("{} needs the argument `{key}`", self.name);
        RuleError::new(message, 0..self.text.trim_end().len(), format!("add `{key}=>…`"))
    }
}

/// A number as Perl would print it after reading it: decimal, not negative.
fn number(text: &str) -> Option<f64> {
    let plain = text.replace('_', "");
    let digits_only = plain.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    plain.parse::<f64>().ok().filter(|number| digits_only && number.is_finite() && *number >= 0.0)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

impl Lexer<'_> {
    fn skip_blanks(&mut self) {
        let rest = &self.text[self.at..self.end];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn at_end(&mut self) -> bool {
        self.skip_blanks();
        self.at == self.end
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_blanks();
        let found = self.text[self.at..self.end].starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// A bare word, a number, or text in quotes; with its place.
    fn token(&mut self) -> Result<(String, Range<usize>), RuleError> {
        self.skip_blanks();
        let start = self.at;
        let rest = &self.text[start..self.end];
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '\'' | '"')) {
            let Some(length) = rest[1..].find(quote) else {
                return Err(RuleError::new("this quote is not closed", start..self.end, "close it"));
            };
            self.at = start + length + 2;
            return Ok((rest[1..=length].to_string(), start..self.at));
        }
        let of_words = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+');
        let length = rest.find(|c| !of_words(c)).unwrap_or(rest.len());
        let word = &rest[..length];
        if rest[length..].trim_start().starts_with('(') {
            let message = format!("`{word}` is a call; arguments are read as data and never executed");
            return Err(RuleError::new(message, start..start + length, "write its result"));
        }
        let Some(wrong) = rest.chars().next().filter(|_| word.is_empty()) else {
            if word.is_empty() {
                // The bracket that closes a call is part of the place.
                let end = (self.end + 1).min(self.text.len());
                return Err(RuleError::new("a value is missing here", start..end, "write `key=>value`"));
            }
            self.at = start + length;
            return Ok((word.to_string(), start..self.at));
        };
        let message = format!("`{wrong}` is neither a word, a number nor text in quotes");
        let help = "put text into quotes, as in `comparator=>'>'`";
        Err(RuleError::new(message, start..start + wrong.len_utf8(), help))
    }
}
