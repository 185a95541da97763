//! Labels: `site=bj tier=core`.

use std::collections::BTreeMap;

use super::super::diagnostics::Diagnostics;
use super::super::lexer::blank;
use super::super::source::Text;
use super::super::tree::clipped;

/// A target has at most this many labels.
const MOST: usize = 32;

/// Adds the labels of `value` to those of above. An empty text takes all away, `name=` one.
pub(super) fn merge(labels: &mut BTreeMap<String, String>, value: &Text, problems: &mut Diagnostics) {
    if value.text.is_empty() {
        labels.clear();
    }
    for (part, span) in value.split(blank) {
        let Some((name, value)) = part.split_once('=').filter(|(name, value)| name_is_good(name) && value.len() <= 200)
        else {
            problems
                .error(span, format!("`{}` is no label", clipped(part)))
                .help("write `name=value`, with blanks between several; a name has letters, digits, `-`, `_` and `.`");
            continue;
        };
        if value.is_empty() {
            labels.remove(name);
        } else if labels.len() < MOST || labels.contains_key(name) {
            labels.insert(name.to_owned(), value.to_owned());
        } else {
            problems.error(span, format!("there are more than {MOST} labels")).help("take some away");
        }
    }
}

fn name_is_good(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    !name.is_empty() && name.len() <= 60 && name.bytes().all(allowed)
}
