//! JSON that people can read and `git diff` can show: a line for each member of the first two levels.

use std::fmt::Write;

use serde_json::{Value, json};

/// A number of pixels or the like, to a millionth: the last bits of a logarithm differ from library to library.
pub(crate) fn rounded(value: f64) -> Value {
    if value.is_finite() { json!((value * 1e6).round() / 1e6) } else { Value::Null }
}

/// A number of seconds or a ratio, to 12 digits.
pub(crate) fn digits(value: f64) -> Value {
    if value.is_finite() { json!(format!("{value:.11e}").parse::<f64>().unwrap_or(value)) } else { Value::Null }
}

/// The document.
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::new();
    member(&mut out, value, 0);
    out.push('\n');
    out
}

fn member(out: &mut String, value: &Value, depth: usize) {
    let lines: Vec<(String, &Value)> = match value {
        Value::Object(members) if depth < 2 => {
            members.iter().map(|(name, value)| (format!("{}: ", json!(name)), value)).collect()
        }
        Value::Array(items) if depth < 2 && items.iter().any(|item| item.is_object() || item.is_array()) => {
            items.iter().map(|item| (String::new(), item)).collect()
        }
        _ => {
            out.push_str(&value.to_string());
            return;
        }
    };
    let (open, close) = if value.is_object() { ('{', '}') } else { ('[', ']') };
    let indent = "  ".repeat(depth);
    out.push(open);
    for (index, (name, value)) in lines.into_iter().enumerate() {
        let _ = write!(out, "{}\n{indent}  {name}", if index == 0 { "" } else { "," });
        member(out, value, depth + 1);
    }
    let _ = write!(out, "\n{indent}{close}");
}
