//! What every section has in common: which variables, tables and sections may stand in it.
//!
//! A schema describes a section as [`Rules`]. [`examine`] compares a section with them, notes everything that is wrong
//! and answers the values that are right, so that what reads them never meets a bad one.

use std::time::Duration;

use super::check::{Check, Verdict};
use super::diagnostics::{Diagnostics, did_you_mean};
use super::source::{Span, Text};
use super::tree::{Section, clipped};

/// What may stand in a section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Its variables.
    pub(super) variables: &'static [Rule],
    /// Its table.
    pub(super) table: Option<&'static [Column]>,
    /// The sections inside it.
    pub(super) sections: Sections,
}

/// A variable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// Its name.
    pub(super) name: &'static str,
    /// What its value may look like.
    pub(super) check: Check,
    /// It must be there.
    pub(super) mandatory: bool,
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// What it holds.
    pub(super) name: &'static str,
    /// What its values may look like.
    pub(super) check: Check,
}

/// Which sections may stand in a section.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sections {
    /// None.
    None,
    /// These.
    Named(&'static [&'static str]),
    /// Any whose name passes.
    Keyed(fn(&str) -> bool, &'static str),
}

/// A variable that may be there.
pub(super) const fn rule(name: &'static str, check: Check) -> Rule {
    Rule { name, check, mandatory: false }
}

/// A variable that must be there.
pub(super) const fn must(name: &'static str, check: Check) -> Rule {
    Rule { name, check, mandatory: true }
}

/// A column.
pub(super) const fn column(name: &'static str, check: Check) -> Column {
    Column { name, check }
}

/// The values of a section that are as they must be.
#[derive(Debug)]
pub(super) struct Values<'a> {
    variables: Vec<(&'a str, &'a Text)>,
    /// The rows of its table, as wide as the rules say, unquoted.
    pub(super) rows: Vec<Vec<String>>,
    /// The sections inside it whose names are allowed.
    pub(super) sections: Vec<&'a Section>,
}

impl<'a> Values<'a> {
    /// The value of a variable.
    pub(super) fn text(&self, name: &str) -> Option<&'a Text> {
        self.variables.iter().find(|(variable, _)| *variable == name).map(|(_, text)| *text)
    }

    /// The value of a variable as text.
    pub(super) fn string(&self, name: &str) -> Option<String> {
        self.text(name).map(|text| text.text.clone())
    }

    /// The value of a variable as a number; what was checked and does not fit is as large as can be.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.text(name).map(|text| super::check::perl_number(&text.text) as u32)
    }

    /// The value of a variable as a decimal number.
    pub(super) fn decimal(&self, name: &str) -> Option<f64> {
        self.text(name).map(|text| super::check::perl_number(&text.text))
    }

    /// The value of a variable as a duration.
    pub(super) fn duration(&self, name: &str) -> Option<Duration> {
        self.text(name).and_then(|text| super::duration::parse(&text.text))
    }

    /// Whether a variable is `yes`.
    pub(super) fn yes(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| text.text == "yes")
    }
}

/// Compares a section with its rules.
pub(super) fn examine<'a>(section: &'a Section, rules: &Rules, problems: &mut Diagnostics) -> Values<'a> {
    let mut values = Values { variables: Vec::new(), rows: Vec::new(), sections: Vec::new() };
    for (name, value) in &section.variables {
        match rules.variables.iter().find(|rule| rule.name == name.text) {
            None => unknown_variable(name, value, || rules.variables.iter().map(|rule| rule.name), problems),
            Some(rule) if judge(rule, value, problems) => values.variables.push((rule.name, value)),
            Some(_) => {}
        }
    }
    for rule in rules.variables.iter().filter(|rule| rule.mandatory) {
        // `sorter=Max(entries=>5)` sets another variable, which is noted as that.
        let split_wrong = |name: &Text| name.text.strip_prefix(rule.name).is_some_and(|rest| rest.starts_with('='));
        let attempted = section.variables.iter().any(|(name, _)| split_wrong(name));
        if section.value(rule.name).is_none() && !attempted {
            missing(section.name.span, &section.name.text, rule.name, problems);
        }
    }
    values.rows.extend(section.rows.iter().filter_map(|line| row(line, rules, problems)));
    for inner in &section.sections {
        if section_allowed(inner, rules.sections, problems) {
            values.sections.push(inner);
        }
    }
    values
}

/// Notes what is wrong with a value; whether it can be used.
pub(super) fn judge(rule: &Rule, value: &Text, problems: &mut Diagnostics) -> bool {
    note(rule.name, rule.check.judge(&value.text), value, problems)
}

/// Notes what a check found; whether the value can be used.
pub(super) fn note(name: &str, verdict: Verdict, value: &Text, problems: &mut Diagnostics) -> bool {
    match verdict {
        Verdict::Good => true,
        Verdict::Doubtful(message) => {
            problems.warn(value.span, format!("`{name}`: {message}")).maybe(None);
            true
        }
        Verdict::Bad { expected, help } => {
            let message = match clipped(&value.text) {
                empty if empty.is_empty() => format!("`{name}` must be {expected}, and is empty"),
                shown => format!("`{name}` must be {expected}, not `{shown}`"),
            };
            problems.error(value.span, message).maybe(help);
            false
        }
    }
}

/// Notes that a section has no such variable.
pub(super) fn unknown_variable<I: Iterator<Item = &'static str>>(
    name: &Text,
    value: &Text,
    known: impl Fn() -> I,
    problems: &mut Diagnostics,
) {
    let help = || {
        if let Some((first, rest)) = name.text.split_once('=') {
            // `a=b=c` sets the variable `a=b`, which nobody means.
            let (first, rest, value) = (clipped(first), clipped(rest), clipped(&value.text));
            let fixed = format!("write `{first} = {rest}={value}`");
            return Some(format!("{fixed}: without a blank before it, the last `=` is the one that counts"));
        }
        did_you_mean(&name.text, known()).or_else(|| {
            let known: Vec<_> = known().take(13).collect();
            match known.len() {
                0 => Some("this section has no variables".to_owned()),
                1..=12 => Some(format!("this section has {}", known.join(", "))),
                _ => None,
            }
        })
    };
    problems.error(name.span, format!("there is no variable `{}` here", clipped(&name.text))).with(help);
}

/// Notes that a variable is missing.
pub(super) fn missing(span: Span, section: &str, name: &str, problems: &mut Diagnostics) {
    problems
        .error(span, format!("section `{}` needs `{name}`", clipped(section)))
        .help(format!("add a line `{name} = …` to it"));
}

/// Notes rows where no table is.
pub(super) fn no_table(rows: &[Text], problems: &mut Diagnostics) {
    for row in rows {
        not_understood(row, problems);
    }
}

fn not_understood(row: &Text, problems: &mut Diagnostics) {
    let help = || match row.text.as_str() {
        text if text.starts_with("@include") => "write `@include FILE`".to_owned(),
        text if text.starts_with("@define") => "write `@define NAME TEXT`".to_owned(),
        text if text.starts_with('*') => "a section starts with a line such as `*** Targets ***`".to_owned(),
        text => match text.split_once('=').map(|(name, value)| (clipped(name.trim()), clipped(value.trim()))) {
            Some((name, value)) if name.contains(super::lexer::blank) => {
                format!("the name of a variable has no blanks: `{} = {value}`", name.replace(' ', "_"))
            }
            _ => "a line here is `name = value`, or a section such as `+ name`".to_owned(),
        },
    };
    problems.error(row.span, "this line is nothing that can stand here").with(|| Some(help()));
}

fn section_allowed(section: &Section, allowed: Sections, problems: &mut Diagnostics) -> bool {
    let name = &section.name;
    let shown = clipped(&name.text);
    match allowed {
        Sections::Named(names) if names.contains(&name.text.as_str()) => return true,
        Sections::Keyed(passes, _) if passes(&name.text) => return true,
        Sections::None => problems
            .error(name.span, format!("no section may stand here, so neither may `{shown}`"))
            .help("use fewer `+` if it belongs to another section"),
        Sections::Named(names) => {
            let known = || names.join(", ");
            let help =
                did_you_mean(&name.text, names.iter().copied()).unwrap_or_else(|| format!("known here: {}", known()));
            problems.error(name.span, format!("there is no section `{shown}` here")).help(help);
        }
        Sections::Keyed(_, form) => {
            let help = match super::check::nearest_name(&name.text) {
                Some(fixed) => format!("write `{fixed}`, and the name as people read it in `menu` and `title`"),
                None => "choose another name; the one that people read goes into `menu` and `title`".to_owned(),
            };
            problems.error(name.span, format!("section name `{shown}` is not made of {form}")).help(help);
        }
    }
    false
}

fn row(line: &Text, rules: &Rules, problems: &mut Diagnostics) -> Option<Vec<String>> {
    let Some(columns) = rules.table else {
        not_understood(line, problems);
        return None;
    };
    let fields = fields(line);
    if fields.len() != columns.len() {
        let names: Vec<_> = columns.iter().map(|column| column.name).collect();
        let count = fields.len();
        let mut help = format!("the columns are: {}", names.join(", "));
        if count > columns.len() {
            help.push_str("; put text with blanks in quotes");
        }
        problems.error(line.span, format!("a row here has {} columns, this one has {count}", columns.len())).help(help);
        return None;
    }
    let mut good = true;
    for (column, (field, span)) in columns.iter().zip(&fields) {
        match column.check.judge(field) {
            Verdict::Good => {}
            Verdict::Doubtful(message) => problems.warn(*span, format!("{}: {message}", column.name)).maybe(None),
            Verdict::Bad { expected, help } => {
                good = false;
                let message = format!("{} must be {expected}, not `{}`", column.name, clipped(field));
                problems.error(*span, message).maybe(help);
            }
        }
    }
    good.then(|| fields.into_iter().map(|(field, _)| field).collect())
}

/// The fields of a row: quoted with `"` or `'`, or without blanks; `\` takes the next character as it is.
fn fields(line: &Text) -> Vec<(String, Span)> {
    let mut fields = Vec::new();
    let mut rest = line.text.as_str();
    while !rest.is_empty() {
        let start = line.text.len() - rest.len();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (field, length) = quote.and_then(|quote| quoted(rest, quote)).unwrap_or_else(|| bare(rest));
        fields.push((field, line.part(start..start + length)));
        rest = rest[length..].trim_start_matches(super::lexer::blank);
    }
    fields
}

/// A quoted field and the length of its text; `None` when the quote does not end.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut field = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some((_, next)) => field.push(next),
                None => field.push('\\'),
            },
            c if c == quote => return Some((field, at + c.len_utf8())),
            c => field.push(c),
        }
    }
    None
}

/// A field without quotes and the length of its text.
fn bare(text: &str) -> (String, usize) {
    let mut field = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => field.push(characters.next().map_or('\\', |(_, next)| next)),
            c if super::lexer::blank(c) => return (field, at),
            c => field.push(c),
        }
    }
    (field, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        let text = Text { text: text.to_owned(), span: Span::default(), verbatim: true };
        fields(&text).into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn fields_are_quoted_escaped_or_bare() {
        assert_eq!(split(r#""Last 3 Hours"    3h"#), ["Last 3 Hours", "3h"]);
        assert_eq!(split(r#"'Last "3\' Hours' 3h"#), ["Last \"3' Hours", "3h"]);
        assert_eq!(split(r"Last\ 3 3h"), ["Last 3", "3h"]);
        assert_eq!(split(r#"a"b c"d"#), ["a\"b", "c\"d"]);
        assert_eq!(split(r#""open end"#), ["\"open", "end"]);
        assert_eq!(split(" lead"), ["", "lead"]);
    }
}
