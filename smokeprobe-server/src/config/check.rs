//! What the values of variables may look like.

use super::tree::clipped;

/// What a value may look like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// Anything.
    Any,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Digits only, at least this many.
    Digits(u64),
    /// A whole number as Perl reads one, at least this: what follows the number is ignored.
    Whole(u64),
    /// A decimal number without a sign.
    Decimal,
    /// A colour of six hexadecimal digits in lower case.
    Colour,
    /// A number and a unit of time.
    Range,
    /// Something with rules of its own.
    With(fn(&str) -> Verdict),
}

/// `yes` or `no`.
pub(super) const YES_NO: Check = Check::OneOf(&["yes", "no"]);

/// `true` or `false`.
pub(super) const TRUE_FALSE: Check = Check::OneOf(&["true", "false"]);

/// Where in the step rounds start.
pub(super) const OFFSET: Check = Check::With(|value| {
    let percent = value.strip_suffix('%').is_some_and(digits);
    if percent || value == "random" {
        return Verdict::Good;
    }
    let expected = Verdict::expected("a share of the step such as `50%`, or `random`");
    if digits(value) { expected.help(format!("write `{value}%`")) } else { expected }
});

/// How long something lasts.
pub(super) const DURATION: Check = Check::With(|value| {
    Verdict::good_if(super::duration::parse(value).is_some(), "a time such as `30s`, `5m` or `1h30m`")
});

/// What a check finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing wrong.
    Good,
    /// Usable, but it means something that its author may not expect.
    Doubtful(String),
    /// Not usable.
    Bad {
        /// What was expected, to complete "must be …".
        expected: String,
        /// A likely fix.
        help: Option<String>,
    },
}

impl Verdict {
    pub(super) fn expected(what: impl Into<String>) -> Self {
        Self::Bad { expected: what.into(), help: None }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        match self {
            Self::Bad { expected, .. } => Self::Bad { expected, help: Some(help.into()) },
            other => other,
        }
    }

    pub(super) fn good_if(good: bool, expected: &str) -> Self {
        if good { Self::Good } else { Self::expected(expected) }
    }
}

impl Check {
    /// Whether `value` is as it must be.
    pub(super) fn judge(&self, value: &str) -> Verdict {
        match self {
            Self::Any => Verdict::Good,
            Self::With(check) => check(value),
            Self::OneOf(words) => one_of(value, words),
            Self::Digits(least) => {
                // More digits than a number has room for are as good as a large number.
                let enough = digits(value) && value.parse().is_ok_and(|number: u64| number >= *least);
                Verdict::good_if(enough, &format!("a whole number of at least {least}"))
            }
            Self::Whole(least) => whole(value, *least),
            Self::Decimal => Verdict::good_if(decimal(value), "a number such as `0.5` or `3`"),
            Self::Colour => colour(value),
            Self::Range => Verdict::good_if(
                value.strip_suffix(['s', 'm', 'h', 'd', 'w', 'y']).is_some_and(digits),
                "a number with a unit of s, m, h, d, w or y, such as `10h`",
            ),
        }
    }
}

/// One of `words`, with the one that was meant where that can be guessed.
pub(super) fn one_of(value: &str, words: &[&str]) -> Verdict {
    if words.contains(&value) {
        return Verdict::Good;
    }
    let list: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    let expected = match list.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => list.concat(),
    };
    let bad = Verdict::expected(expected);
    let meant = match value.to_lowercase().as_str() {
        "true" | "on" | "1" | "y" if words.contains(&"yes") => Some("yes"),
        "false" | "off" | "0" | "n" if words.contains(&"yes") => Some("no"),
        "yes" | "on" | "1" if words.contains(&"true") => Some("true"),
        "no" | "off" | "0" if words.contains(&"true") => Some("false"),
        lower => super::diagnostics::nearest(lower, words.iter().copied()),
    };
    match meant {
        Some(word) => bad.help(format!("write `{word}`")),
        None => bad,
    }
}

fn whole(value: &str, least: u64) -> Verdict {
    let number = perl_number(value);
    if number.fract() != 0.0 || number < least as f64 || number > u64::MAX as f64 {
        return Verdict::expected(format!("a whole number of at least {least}"));
    }
    if digits(value) { Verdict::Good } else { Verdict::Doubtful(format!("`{}` is read as {number}", clipped(value))) }
}

fn colour(value: &str) -> Verdict {
    if hex(value) && value.len() == 6 {
        return Verdict::Good;
    }
    let bad = Verdict::expected("six hexadecimal digits in lower case, such as `0000ff`");
    let fixed = value.trim_start_matches('#').to_lowercase();
    if hex(&fixed) && fixed.len() == 6 { bad.help(format!("write `{fixed}`")) } else { bad }
}

/// Lower case hexadecimal digits, at least one.
pub(super) fn hex(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Digits, at least one.
pub(super) fn digits(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit())
}

/// Digits with at most one point, which is not the last character.
pub(super) fn decimal(value: &str) -> bool {
    match value.rsplit_once('.') {
        None => digits(value),
        Some((whole, fraction)) => (whole.is_empty() || digits(whole)) && digits(fraction),
    }
}

/// A name as sections of targets, probes and charts have it.
pub(super) fn name(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// The nearest name to a text that is none; `None` when nothing would be left of it.
pub(super) fn nearest_name(text: &str) -> Option<String> {
    const LONGEST: usize = 60;
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    let fixed: String = text.chars().take(LONGEST).map(allowed).collect();
    fixed.contains(|c: char| c.is_ascii_alphanumeric()).then_some(fixed)
}

/// The number at the start of a text; 0 when there is none.
///
/// The reference compares texts as numbers, which in its language means just this.
pub(super) fn perl_number(value: &str) -> f64 {
    let value = value.trim_start_matches(super::lexer::blank);
    let mut end = 0;
    let bytes = value.as_bytes();
    let run = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = run(sign);
    if whole > sign {
        end = whole;
    }
    if bytes.get(whole) == Some(&b'.') {
        let fraction = run(whole + 1);
        if fraction > whole + 1 || end > 0 {
            end = fraction;
        }
    }
    if end > 0 && matches!(bytes.get(end), Some(b'e' | b'E')) {
        let exponent_sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = run(end + 1 + exponent_sign);
        if exponent > end + 1 + exponent_sign {
            end = exponent;
        }
    }
    value[..end].parse().unwrap_or(0.0)
}

/// The seconds of a range such as `10h`, which was checked before. A year has 365 days.
pub(super) fn range_seconds(value: &str) -> u32 {
    let (number, unit) = value.split_at(value.len().saturating_sub(1));
    let unit = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        "y" => 365 * 86_400,
        _ => 1,
    };
    number.parse::<u32>().unwrap_or(u32::MAX).saturating_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_perl_reads_them() {
        for (text, number) in [
            ("300", 300.0),
            ("300s", 300.0),
            ("1e3x", 1000.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("-2", -2.0),
            ("abc", 0.0),
            ("", 0.0),
            (".", 0.0),
            ("1e", 1.0),
            ("0x10", 0.0),
        ] {
            assert!((perl_number(text) - number).abs() < 1e-9, "{text:?}");
        }
    }

    #[test]
    fn a_likely_fix_is_offered() {
        for (check, value, fix) in [
            (YES_NO, "true", "write `yes`"),
            (OFFSET, "50", "write `50%`"),
            (Check::Colour, "#00FF00", "write `00ff00`"),
            (Check::OneOf(&["AVERAGE", "MIN", "MAX"]), "avarage", "write `AVERAGE`"),
        ] {
            let Verdict::Bad { help, .. } = check.judge(value) else { panic!("{value:?} passed") };
            assert_eq!(help.as_deref(), Some(fix));
        }
    }

    #[test]
    fn ranges_count_seconds() {
        assert_eq!(range_seconds("10h"), 36_000);
        assert_eq!(range_seconds("1y"), 31_536_000);
        assert_eq!(range_seconds("99999999999w"), u32::MAX);
    }
}
