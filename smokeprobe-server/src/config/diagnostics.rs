//! What is wrong with a configuration, and where.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::redact::Redactor;
use super::source::{Sources, Span, Text};

/// At most this many errors, and this many warnings, are shown. A file of random bytes has one on each line.
pub const SHOWN: usize = 100;

/// At most this many of each kind are remembered until they can be put in order.
const REMEMBERED: usize = 3 * SHOWN;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used, but means less or something else than its author may think.
    Warning,
}

/// One thing that is wrong, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u32,
    /// The first character, from 1.
    pub column: u32,
    /// The character after the last one.
    pub end_column: u32,
    /// What is wrong.
    pub message: String,
    /// A likely fix.
    pub help: Option<String>,
    /// The line itself, for showing.
    pub(super) excerpt: Excerpt,
}

/// The part of a line that is shown: lines may be long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// Characters of the line, those that control a terminal replaced.
    pub(super) text: String,
    /// Where in `text`, in bytes, the place starts.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
}

impl Excerpt {
    /// A line with more characters is cut.
    const WIDTH: usize = 160;

    /// So many characters before the place are shown then.
    const BEFORE: usize = 60;

    fn new(line: &str, span: Span) -> Self {
        let first = span.column.saturating_sub(1) as usize;
        let last = (span.end.saturating_sub(1) as usize).max(first);
        let skipped = if line.chars().nth(Self::WIDTH).is_some() { first.saturating_sub(Self::BEFORE) } else { 0 };
        let shown = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
        let text: String = line.chars().skip(skipped).take(Self::WIDTH).map(shown).collect();
        let byte = |character: usize| {
            text.char_indices().nth(character.saturating_sub(skipped)).map_or(text.len(), |(at, _)| at)
        };
        let (start, end) = (byte(first), byte(last));
        Self { text, start, end }
    }
}

/// Collects diagnostics while a configuration is read.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    errors: Kept,
    warnings: Kept,
    redactor: Redactor,
}

#[derive(Debug, Default)]
struct Kept {
    found: Vec<Found>,
    /// What was found already: a value that many targets share is looked at for each.
    seen: HashSet<(Span, String)>,
    count: usize,
}

#[derive(Debug)]
struct Found {
    span: Span,
    message: String,
    help: Option<String>,
}

impl Diagnostics {
    /// Notes an error.
    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>) -> Help<'_> {
        self.errors.note(span, message.into())
    }

    /// Notes a warning.
    pub(crate) fn warn(&mut self, span: Span, message: impl Into<String>) -> Help<'_> {
        self.warnings.note(span, message.into())
    }

    /// This text is secret: it is shown nowhere.
    pub(crate) fn hide(&mut self, secret: &str) {
        self.redactor.hide(secret);
    }

    /// All but the first word of this row is secret.
    pub(crate) fn hide_row(&mut self, row: &Text) {
        self.redactor.hide_row(row);
    }

    /// Whether there was an error.
    pub(crate) fn has_errors(&self) -> bool {
        self.errors.count > 0
    }

    /// Everything in the order of the files, with what is left out summed up.
    pub(crate) fn finish(self, sources: &Sources) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        for (severity, kind, kept) in
            [(Severity::Error, "error", self.errors), (Severity::Warning, "warning", self.warnings)]
        {
            let Kept { mut found, count, .. } = kept;
            found.sort_by_key(|found| found.span);
            if count > SHOWN {
                let left = count - SHOWN;
                let plural = if left == 1 { "" } else { "s" };
                found.truncate(SHOWN + 1);
                found[SHOWN].message = format!("{left} more {kind}{plural}, not shown");
                found[SHOWN].help = None;
            }
            all.extend(found.into_iter().map(|found| (severity, found)));
        }
        all.sort_by_key(|(severity, found)| (found.span, *severity));
        let mut lines = Lines { sources, redactor: &self.redactor, starts: HashMap::new(), shown: None };
        all.into_iter().map(|(severity, found)| found.into_diagnostic(severity, &mut lines)).collect()
    }
}

impl Kept {
    fn note(&mut self, span: Span, message: String) -> Help<'_> {
        if self.seen.contains(&(span, message.clone())) {
            return Help(None);
        }
        self.count += 1;
        if self.found.len() >= REMEMBERED {
            return Help(None);
        }
        self.seen.insert((span, message.clone()));
        self.found.push(Found { span, message, help: None });
        Help(self.found.last_mut())
    }
}

impl Found {
    fn into_diagnostic(self, severity: Severity, lines: &mut Lines<'_>) -> Diagnostic {
        let line = lines.line(self.span);
        let message = |text| lines.redactor.message(text, line);
        Diagnostic {
            severity,
            file: lines.sources.path(self.span.file).to_owned(),
            line: self.span.line,
            column: self.span.column,
            end_column: self.span.end.max(self.span.column),
            message: message(self.message),
            help: self.help.map(message),
            excerpt: Excerpt::new(lines.shown(self.span), self.span),
        }
    }
}

/// Takes the likely fix of the diagnostic just noted.
#[derive(Debug)]
pub(crate) struct Help<'a>(Option<&'a mut Found>);

impl Help<'_> {
    /// With a likely fix.
    pub(crate) fn help(self, help: impl Into<String>) {
        if let Some(found) = self.0 {
            found.help = Some(help.into());
        }
    }

    /// With a likely fix, where there is one.
    pub(crate) fn maybe(self, help: Option<String>) {
        self.with(|| help);
    }

    /// With a likely fix that takes some looking for: sought only while diagnostics are still remembered.
    pub(crate) fn with(self, help: impl FnOnce() -> Option<String>) {
        if let Some(found) = self.0 {
            found.help = help();
        }
    }
}

/// Finds lines by number. A file's line starts are sought once, and only when something is wrong with it.
struct Lines<'a> {
    sources: &'a Sources,
    redactor: &'a Redactor,
    starts: HashMap<u32, Vec<usize>>,
    /// The line that was shown last, as it is shown: a long one may have many faults.
    shown: Option<((u32, u32), String)>,
}

impl<'a> Lines<'a> {
    fn line(&mut self, span: Span) -> &'a str {
        let text = self.sources.text(span.file);
        let starts = self
            .starts
            .entry(span.file)
            .or_insert_with(|| std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect());
        let line = starts.get(span.line.saturating_sub(1) as usize).map_or("", |start| &text[*start..]);
        line.lines().next().unwrap_or("")
    }

    /// The line without its secrets.
    fn shown(&mut self, span: Span) -> &str {
        let place = (span.file, span.line);
        let shown = match self.shown.take() {
            Some((known, shown)) if known == place => shown,
            _ => self.redactor.line(self.line(span)).into_owned(),
        };
        &self.shown.insert((place, shown)).1
    }
}

/// Among so many names one that was meant is sought.
const LOOKED_AT: usize = 500;

/// The nearest of `known` to `word`, when it is near enough to be what was meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The distance costs the product of the lengths, so it is not asked for text that is no name.
    if word.len() > 64 {
        return None;
    }
    let lower = word.to_lowercase();
    known
        .into_iter()
        .take(LOOKED_AT)
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(word.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// "did you mean …?", when something near is known.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, known).map(|name| format!("did you mean `{name}`?"))
}
