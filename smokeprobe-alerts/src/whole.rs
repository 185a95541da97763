//! Numbers without decimals, for people.

use std::fmt::Write as _;

/// Writes a number rounded half to even, as C's printf and `{:.0}` do, and its unit.
///
/// A round with an alert that tells writes dozens of them. In the usual range they go digit by digit: the formatter of
/// floats takes many times as long, most of all for a number that is whole already.
#[inline]
pub(crate) fn whole(text: &mut String, number: f64, unit: &str) {
    if (0.0..1e15).contains(&number) {
        digits(text, number.round_ties_even() as u64);
    } else {
        // Writing to a String cannot fail.
        let _ = write!(text, "{number:.0}");
    }
    text.push_str(unit);
}

fn digits(text: &mut String, number: u64) {
    if number >= 100 {
        digits(text, number / 10);
    } else if number >= 10 {
        text.push(char::from(b'0' + (number / 10) as u8));
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_as_when_printed_without_decimals() {
        let numbers = (0..4000).map(|n| f64::from(n) / 8.0);
        let odd = [99.499_999_999_999_99, 1e15, 3e20, 999_999_999_999_999.5, f64::INFINITY, f64::NAN, -3.5];
        for number in numbers.chain((0..16).map(|n| 10f64.powi(n) - 1.0)).chain(odd) {
            let mut text = String::from("x ");
            whole(&mut text, number, "ms");
            assert_eq!(text, format!("x {number:.0}ms"));
        }
    }
}
