//! Calls: `Name(key=>value,…)`, the form of sorters and matchers.
//!
//! SmokePing hands the arguments to Perl. We read only the form that its manual shows, and run nothing.

use std::ops::Range;

/// A call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call<'a> {
    /// What is called.
    pub(super) name: &'a str,
    /// With what.
    pub(super) arguments: Vec<Argument<'a>>,
}

/// An argument of a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Argument<'a> {
    /// Its name; empty when it has none.
    pub(super) key: &'a str,
    /// Its value, without quotes.
    pub(super) value: &'a str,
    /// Where the whole argument stands in the text.
    pub(super) place: Range<usize>,
}

/// Reads a call; `None` when the text has not its form.
pub(super) fn parse(text: &str) -> Option<Call<'_>> {
    let (name, rest) = text.split_once('(')?;
    let inside = rest.trim_end().strip_suffix(')')?;
    let name = name.trim();
    if name.is_empty() || inside.trim().is_empty() || name.contains(char::is_whitespace) {
        return None;
    }
    let mut start = text.len() - rest.len();
    let mut arguments = Vec::new();
    for argument in inside.split(',') {
        let place = start..start + argument.len();
        start = place.end + 1;
        if argument.trim().is_empty() {
            continue;
        }
        let (key, value) = argument.split_once("=>").or_else(|| argument.split_once('=')).unwrap_or(("", argument));
        arguments.push(Argument { key: unquoted(key), value: unquoted(value), place });
    }
    Some(Call { name, arguments })
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_taken_apart() {
        let call = parse("CheckLoss(l=>10, 'x' => \"2\")").unwrap();
        assert_eq!(call.name, "CheckLoss");
        let pairs: Vec<_> = call.arguments.iter().map(|argument| (argument.key, argument.value)).collect();
        assert_eq!(pairs, [("l", "10"), ("x", "2")]);
        assert_eq!(call.arguments[1].place, 16..27);
        for text in ["", "Max", "Max(", "(a=>1)", "Max()", "a b(c=>1)"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
