//! Lists of recipients: what is between the commas.

use std::ops::Range;

use super::super::super::lexer::blank;
use super::address;

/// The parts of a list, without the blanks around them; empty ones too.
///
/// A comma does not separate inside `<…>` and `"…"`, nor in a web address, unless a blank or another recipient follows.
pub(super) fn split(text: &str, is_name: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    // The last place of what closes: whatever opens behind it is not closed, and protects nothing.
    let (last_bracket, last_quote) = (text.rfind('>').unwrap_or(0), text.rfind('"').unwrap_or(0));
    while let Some(found) = text[at..].find([',', '<', '"']) {
        let here = at + found;
        at = here + 1;
        let (close, last) = match text.as_bytes()[here] {
            b'<' => ('>', last_bracket),
            b'"' => ('"', last_quote),
            _ => (',', 0),
        };
        if close != ',' {
            if here < last {
                at += text[at..].find(close).map_or(0, |end| end + 1);
            }
            continue;
        }
        let part = text[start..here].trim_start_matches(blank);
        if !address::may_hold_commas(part) || separates(&text[at..], &is_name) {
            parts.push(trim(text, start..here));
            start = at;
        }
    }
    parts.push(trim(text, start..text.len()));
    parts
}

/// Whether a comma in a web address ends it, by what follows.
fn separates(rest: &str, is_name: &impl Fn(&str) -> bool) -> bool {
    let next = rest.split(',').next().unwrap_or_default();
    rest.is_empty() || rest.starts_with(blank) || address::begins(next) || is_name(next.trim_matches(blank))
}

fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + part.len() - part.trim_start_matches(blank).len();
    start..(start + part.trim_matches(blank).len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<&str> {
        split(text, |name| name == "pager").into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn commas_separate_but_for_those_that_belong_to_one_recipient() {
        for (text, expected) in [
            ("a@b", &["a@b"][..]),
            (" a@b ,|/bin/x y, snpp:1", &["a@b", "|/bin/x y", "snpp:1"]),
            ("\"Example, Ann\" <a@b>, c@d", &["\"Example, Ann\" <a@b>", "c@d"]),
            ("https://a/x?b=1,2,3, c@d", &["https://a/x?b=1,2,3", "c@d"]),
            ("https://a/x,c@d", &["https://a/x", "c@d"]),
            ("https://a/x,pager", &["https://a/x", "pager"]),
            ("https://a/x,sns:arn", &["https://a/x", "sns:arn"]),
            ("https://a/x,https://b/y,1", &["https://a/x", "https://b/y,1"]),
            ("alertmanager:http://a/x,y", &["alertmanager:http://a/x,y"]),
            ("a <b@c, d@e", &["a <b@c", "d@e"]),
            ("a@b,", &["a@b", ""]),
            ("", &[""]),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
