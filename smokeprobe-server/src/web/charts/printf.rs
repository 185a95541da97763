//! `Median %.2f s`: a number in a text, as printf writes it.
//!
//! The formats are those that SmokePing hands to Perl. They are read strictly: one number at most, neither width nor
//! precision from elsewhere, and none that would make a text of megabytes.

/// Characters that a number is padded to at most.
const MAX_WIDTH: usize = 100;

/// Digits of a number at most, as asked for.
const MAX_PRECISION: usize = 40;

/// A format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Format {
    before: String,
    number: Option<Number>,
    after: String,
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number {
    left: bool,
    zeros: bool,
    sign: Option<char>,
    width: usize,
    precision: Option<usize>,
    kind: Kind,
    upper: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `%d`
    Whole,
    /// `%f`
    Fixed,
    /// `%e`
    Scientific,
    /// `%g`
    General,
    /// `%s`: as Perl writes a number.
    Text,
}

impl Format {
    /// Reads a format; `None` when it is none that we know.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut format = Self { before: String::new(), number: None, after: String::new() };
        let mut rest = text;
        while let Some((plain, directive)) = rest.split_once('%') {
            format.words().push_str(plain);
            if let Some(after) = directive.strip_prefix('%') {
                format.words().push('%');
                rest = after;
            } else if format.number.is_none() {
                let (number, after) = Number::read(directive)?;
                format.number = Some(number);
                rest = after;
            } else {
                return None;
            }
        }
        format.words().push_str(rest);
        Some(format)
    }

    /// The text with `value` in it, which is not negative: RTTs and losses are not.
    pub(super) fn write(&self, value: f64) -> String {
        let number = self.number.map(|number| number.write(value)).unwrap_or_default();
        format!("{}{number}{}", self.before, self.after)
    }

    /// The words that are being read.
    fn words(&mut self) -> &mut String {
        if self.number.is_some() { &mut self.after } else { &mut self.before }
    }
}

impl Number {
    /// Reads what stands behind a `%`, and what is left.
    fn read(text: &str) -> Option<(Self, &str)> {
        let (flags, rest) = text.split_at(text.find(|c| !"-0+ ".contains(c))?);
        let (width, rest) = digits(rest);
        let (precision, rest) = match rest.strip_prefix('.') {
            None => (None, rest),
            Some(rest) => {
                let (precision, rest) = digits(rest);
                (Some(precision), rest)
            }
        };
        let rest = rest.trim_start_matches(['l', 'h', 'q', 'L']);
        let letter = rest.chars().next()?;
        let kind = match letter {
            'd' | 'i' | 'u' => Kind::Whole,
            'f' | 'F' => Kind::Fixed,
            'e' | 'E' => Kind::Scientific,
            'g' | 'G' => Kind::General,
            's' => Kind::Text,
            _ => return None,
        };
        let bounded = |digits: &str, most: usize| match digits {
            "" => Some(0),
            digits => digits.parse().ok().filter(|number| *number <= most),
        };
        let sign = if flags.contains('+') { Some('+') } else { flags.contains(' ').then_some(' ') };
        let number = Self {
            left: flags.contains('-'),
            zeros: flags.contains('0'),
            sign: sign.filter(|_| letter != 'u' && letter != 's'),
            width: bounded(width, MAX_WIDTH)?,
            precision: precision.map(|precision| bounded(precision, MAX_PRECISION).ok_or(())).transpose().ok()?,
            kind,
            upper: letter.is_ascii_uppercase(),
        };
        Some((number, &rest[1..]))
    }

    fn write(&self, value: f64) -> String {
        let size = value.max(0.0);
        let mut digits = match self.kind {
            Kind::Whole => {
                let least = self.precision.unwrap_or(1);
                format!("{:0>least$.0}", size.trunc())
            }
            Kind::Fixed => format!("{size:.*}", self.precision.unwrap_or(6)),
            Kind::Scientific => scientific(size, self.precision.unwrap_or(6)),
            Kind::General => general(size, self.precision.unwrap_or(6)),
            Kind::Text => general(size, 15),
        };
        if self.upper {
            digits.make_ascii_uppercase();
        }
        let sign = self.sign;
        let mut text: String = sign.into_iter().chain(digits.chars()).collect();
        if self.kind == Kind::Text
            && let Some(precision) = self.precision
        {
            text.truncate(precision);
        }
        let width = self.width;
        // A whole number of so many digits is filled by them alone, as in C.
        let zeros = self.zeros && !(self.kind == Kind::Whole && self.precision.is_some());
        if self.left {
            format!("{text:<width$}")
        } else if zeros {
            let (sign, digits) = text.split_at(sign.iter().count().min(text.len()));
            format!("{sign}{digits:0>width$}", width = width.saturating_sub(sign.len()))
        } else {
            format!("{text:>width$}")
        }
    }
}

/// The digits at the front, and the rest.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// `1.5e-02`: a sign and two digits of the exponent at least.
fn scientific(size: f64, precision: usize) -> String {
    let (digits, exponent) = parts(size, precision);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// The digits and the exponent of a number with so many digits after the point.
fn parts(size: f64, precision: usize) -> (String, i32) {
    let text = format!("{size:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (digits.to_owned(), exponent.parse().unwrap_or_default())
}

/// As short as so many significant digits allow.
fn general(size: f64, precision: usize) -> String {
    let significant = precision.max(1);
    let (_, exponent) = parts(size, significant - 1);
    let short = |text: String| match text.split_once('e') {
        Some((digits, exponent)) => format!("{}e{exponent}", trimmed(digits)),
        None => trimmed(&text).to_owned(),
    };
    match usize::try_from(exponent) {
        Ok(exponent) if exponent >= significant => short(scientific(size, significant - 1)),
        Err(_) if exponent < -4 => short(scientific(size, significant - 1)),
        // The digits before the point count too; zeros behind it do not.
        _ => short(format!("{size:.*}", (significant as i32 - 1 - exponent).max(0) as usize)),
    }
}

/// Without zeros at the end that say nothing.
fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn numbers_are_written_as_perl_writes_them() {
        let formats = [
            "Standard Deviation %f",
            "Max Roundtrip Time %f seconds",
            "%.2f",
            "%.0f",
            "%8.3f|",
            "%-8.1f|",
            "%08.2f",
            "%+.1f",
            "% .1f",
            "%d",
            "%5d|",
            "%05d",
            "%-5d|",
            "%+d",
            "%.3d",
            "%6.3d|",
            "%06.3d|",
            "%i",
            "%u",
            "%e",
            "%.0e",
            "%12.3E|",
            "%g",
            "%.3g",
            "%10.4G|",
            "%s",
            "%8s|",
            "%-8s|",
            "%.2s|",
            "%5.2lf ms",
            "%F",
            "100 %% of %g %%",
            "no number",
            "时延 %.1f 毫秒",
            "%020.10f",
            "%+08.2e",
        ];
        let values =
            [0.0, 1.0, 20.0, 0.028_441, 0.5, 2.5, 12.345_678, 86e-6, 0.000_99, 999.999_9, 1e5, 1_234_567.0, 1e-7];
        let script = "binmode STDOUT; for $f (split /\\n/, shift) { printf \"$f\\n\", $_ + 0 for @ARGV }";
        let values_text = values.map(|value| format!("{value:?}"));
        let perl = Command::new("perl")
            .args(["-e", script, &formats.join("\n")])
            .args(&values_text)
            .output()
            .expect("cannot run perl; install it with: apt-get install perl-base");
        assert!(perl.status.success(), "{}", String::from_utf8_lossy(&perl.stderr));
        let theirs = String::from_utf8(perl.stdout).unwrap();
        let cases = formats.iter().flat_map(|format| values.map(|value| (format, value)));
        let mut lines = theirs.lines();
        for (format, value) in cases {
            let ours = Format::read(format).unwrap_or_else(|| panic!("{format}")).write(value);
            assert_eq!(Some(ours.as_str()), lines.next(), "{format} of {value}");
        }
    }

    #[test]
    fn formats_that_are_none_are_told_from_others() {
        for bad in [
            "%",
            "50 %",
            "%.2f and %d",
            "%x",
            "%n",
            "%*d",
            "%1$d",
            "%101d",
            "%.41f",
            "%99999999999999999999d",
            "%é",
            "%-",
        ] {
            assert_eq!(Format::read(bad), None, "{bad}");
        }
    }
}
