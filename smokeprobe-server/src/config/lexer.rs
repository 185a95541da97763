//! Bytes → logical lines: comments, continuation, `@include`, `@define`, and the three kinds of lines.
//!
//! The rules, in the order in which they apply to each line:
//!
//! 1. Blanks around the line are cut, then everything from the first `#`, in quotes or not.
//! 2. A line that then ends in `\` goes on with the next one. Comments in that one stay part of the text.
//! 3. `@include FILE` reads another file here. `@define NAME TEXT` replaces NAME on every later line.
//! 4. `*** Name ***` and `+ Name` start sections, `name = value` sets a variable, anything else is a row of a table.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::define::{Defined, Defines, LONGEST_LINE};
use super::diagnostics::Diagnostics;
use super::source::{Files, Sources, Span, Text};

/// A configuration may have this many bytes, counting an included file as often as it is included.
pub(super) const MOST_BYTES: u64 = 16 << 20;

/// Includes may be nested this deep.
const DEEPEST_INCLUDE: usize = 32;

/// This many files may be included.
const MOST_FILES: usize = 10_000;

/// A configuration may have this many lines, without comments and empty ones. Bounds the memory that short lines take.
const MOST_LINES: u32 = 500_000;

/// A line with a meaning.
#[derive(Debug)]
pub(super) enum Line {
    /// The start of a section. Level 1 is `*** Name ***`, level 2 is `+ Name`.
    Section {
        /// How deep.
        level: usize,
        /// Its name.
        name: Text,
    },
    /// A variable.
    Variable {
        /// Its name.
        name: Text,
        /// Its value.
        value: Text,
    },
    /// A row of a table, or something that is nothing.
    Row(Text),
}

/// Takes each line with its meaning.
pub(super) type Sink<'a> = dyn FnMut(Line, &mut Diagnostics) + 'a;

/// Reads `main` and everything it includes, handing each line to `sink` in the order of reading.
pub(super) fn read(files: &dyn Files, main: &Path, problems: &mut Diagnostics, sink: &mut Sink<'_>) -> Sources {
    let mut lexer = Lexer {
        files,
        problems,
        sink,
        sources: Sources::default(),
        defines: Defines::default(),
        open: Vec::new(),
        left: MOST_BYTES,
        order: 0,
        stopped: false,
    };
    lexer.file(main.to_owned(), None);
    lexer.sources
}

struct Lexer<'a> {
    files: &'a dyn Files,
    problems: &'a mut Diagnostics,
    sink: &'a mut Sink<'a>,
    sources: Sources,
    defines: Defines,
    /// The files that are being read, the main one first.
    open: Vec<PathBuf>,
    /// Bytes that may still be read.
    left: u64,
    order: u32,
    /// A bound was passed: nothing more is read.
    stopped: bool,
}

impl Lexer<'_> {
    fn file(&mut self, path: PathBuf, included: Option<Span>) {
        let bytes = match self.files.read(&path, self.left + 1) {
            Ok(bytes) => bytes,
            Err(error) => {
                let span = included.unwrap_or_else(|| self.nowhere(&path));
                self.problems
                    .error(span, format!("cannot read {}: {}", path.display(), plain(&error)))
                    .maybe(included.map(|_| "a relative path starts at the folder of the including file".to_owned()));
                self.sources.add_missing(path);
                return;
            }
        };
        if bytes.len() as u64 > self.left {
            let span = included.unwrap_or_else(|| self.nowhere(&path));
            self.stop(
                span,
                format!("the configuration is larger than {} MiB with {}", MOST_BYTES >> 20, path.display()),
            );
            return;
        }
        self.left -= bytes.len() as u64;
        let (text, first_bad) = decode(bytes);
        let text: Arc<str> = text.strip_prefix('\u{feff}').unwrap_or(&text).into();
        let file = self.sources.add(path.clone(), Arc::clone(&text));
        if let Some((line, column)) = first_bad {
            let span = Span { order: self.order, file, line, column, end: column + 1 };
            self.problems
                .warn(span, "this file is not UTF-8; its lines that are not are read as Latin-1")
                .help(format!("convert it: iconv -f LATIN1 -t UTF-8 {}", path.display()));
        }
        self.open.push(path);
        self.lines(file, &text);
        self.open.pop();
    }

    fn lines(&mut self, file: u32, text: &str) {
        let mut physical = (1..).zip(text.lines());
        while let Some((number, line)) = physical.next() {
            let (start, trimmed) = trimmed(line);
            let code = trimmed.find('#').map_or(trimmed, |at| trimmed[..at].trim_end_matches(blank));
            if code.is_empty() {
                continue;
            }
            self.order += 1;
            let mut logical = Logical {
                text: code.to_owned(),
                pieces: vec![Piece { at: 0, line: number, column: 1 + line[..start].chars().count() as u32 }],
                file,
                order: self.order,
                replaced: false,
            };
            while logical.text.ends_with('\\') && logical.text.len() <= LONGEST_LINE {
                logical.text.pop();
                let Some((number, line)) = physical.next() else { break };
                logical.text.push(' ');
                let (start, trimmed) = self::trimmed(line);
                let column = 1 + line[..start].chars().count() as u32;
                logical.pieces.push(Piece { at: logical.text.len(), line: number, column });
                logical.text.push_str(trimmed);
            }
            if self.order > MOST_LINES {
                let span = logical.span(0..1);
                self.stop(span, format!("the configuration has more than {MOST_LINES} lines"));
            } else if logical.text.len() > LONGEST_LINE {
                let span = logical.span(0..1);
                self.stop(span, format!("this line is longer than {} MiB", LONGEST_LINE >> 20));
            } else {
                self.line(logical);
            }
            if self.stopped {
                return;
            }
        }
    }

    fn line(&mut self, mut logical: Logical) {
        if let Some(target) = argument(&logical.text, "@include") {
            return self.include(&logical, target);
        }
        if let Some(definition) = argument(&logical.text, "@define")
            && let Some(blank_at) = logical.text[definition.clone()].find(blank)
        {
            let name = definition.start..definition.start + blank_at;
            let value = logical.text[name.end..].trim_start_matches(blank).to_owned();
            return self.define(&logical, name, &value);
        }
        match self.defines.apply(&logical.text) {
            None => {
                let span = logical.span(0..logical.text.len());
                return self
                    .stop(span, "replacing what @define defined takes too long or makes a line too long".into());
            }
            Some(replaced) if replaced != logical.text => {
                logical.text = replaced.into_owned();
                logical.replaced = true;
            }
            Some(_) => {}
        }
        (self.sink)(logical.dispatch(), self.problems);
    }

    fn include(&mut self, logical: &Logical, mut target: Range<usize>) {
        // SmokePing drops an opening quote and keeps a closing one; we take the name inside.
        if let Some(quote @ ('"' | '\'')) = logical.text[target.clone()].chars().next() {
            target.start += 1;
            if logical.text[target.clone()].ends_with(quote) {
                target.end -= 1;
            }
        }
        let span = logical.span(target.clone());
        let named = Path::new(&logical.text[target]);
        if named.as_os_str().is_empty() {
            self.problems.error(span, "@include names no file").help("write `@include FILE`");
            return;
        }
        // An absolute path replaces the folder it is joined to.
        let folder = self.open.last().and_then(|file| file.parent());
        let path = folder.map_or_else(|| named.to_owned(), |folder| folder.join(named));
        let chain =
            |open: &[PathBuf]| open.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" → ");
        if let Some(at) = self.open.iter().position(|open| *open == path) {
            self.problems
                .error(span, format!("this file includes itself: {} → {}", chain(&self.open[at..]), path.display()));
        } else if self.open.len() > DEEPEST_INCLUDE {
            let tail = self.open.len() - 3;
            self.problems.error(
                span,
                format!("includes are nested deeper than {DEEPEST_INCLUDE}: … → {}", chain(&self.open[tail..])),
            );
        } else if self.sources.count() >= MOST_FILES {
            self.stop(span, format!("more than {MOST_FILES} files are included"));
        } else {
            self.file(path, Some(span));
        }
    }

    fn define(&mut self, logical: &Logical, name: Range<usize>, value: &str) {
        let span = logical.span(name.clone());
        match self.defines.add(&logical.text[name.clone()], value) {
            Defined::Regex => {}
            Defined::Literal => self
                .problems
                .warn(
                    span,
                    format!("`{}` is not a regular expression that we can run; taken literally", &logical.text[name]),
                )
                .help("use a name of letters and digits"),
            Defined::TooMany => self.stop(span, "too many definitions".into()),
        }
    }

    fn stop(&mut self, span: Span, message: String) {
        self.problems.error(span, message).help("the rest of the configuration is not read");
        self.stopped = true;
        self.sources.give_up();
    }

    /// A place in a main file that could not be read.
    fn nowhere(&mut self, path: &Path) -> Span {
        self.sources.give_up();
        let file = self.sources.add(path.to_owned(), "".into());
        Span { order: self.order, file, line: 1, column: 1, end: 1 }
    }
}

/// A line after continuation, with where its parts come from.
struct Logical {
    text: String,
    pieces: Vec<Piece>,
    file: u32,
    order: u32,
    /// A definition was replaced in it, so offsets in the text say nothing about columns.
    replaced: bool,
}

struct Piece {
    at: usize,
    line: u32,
    column: u32,
}

impl Logical {
    fn dispatch(self) -> Line {
        let text = &self.text;
        if let Some(name) = text.strip_prefix("***").and_then(|rest| rest.strip_suffix("***")) {
            let (start, name) = trimmed(name);
            return Line::Section { level: 1, name: self.part(3 + start..3 + start + name.len()) };
        }
        if text.starts_with('+') {
            let level = text.len() - text.trim_start_matches('+').len();
            let name = text[level..].trim_start_matches(blank);
            return Line::Section { level: level + 1, name: self.part(text.len() - name.len()..text.len()) };
        }
        match assignment(text) {
            None => Line::Row(self.part(0..text.len())),
            Some((name_end, value_start)) => {
                Line::Variable { name: self.part(0..name_end), value: self.part(value_start..text.len()) }
            }
        }
    }

    fn part(&self, range: Range<usize>) -> Text {
        let verbatim =
            !self.replaced && self.piece(range.start) == self.piece(range.end.max(1) - 1).max(self.piece(range.start));
        Text { text: self.text[range.clone()].to_owned(), span: self.span(range), verbatim }
    }

    fn span(&self, range: Range<usize>) -> Span {
        let (file, order) = (self.file, self.order);
        let first = self.piece(if self.replaced { 0 } else { range.start });
        let Piece { at, line, column } = self.pieces[first];
        if self.replaced {
            return Span { order, file, line, column, end: column + 1 };
        }
        let piece_end = self.pieces.get(first + 1).map_or(self.text.len(), |next| next.at);
        let columns = |range: Range<usize>| self.text[range].chars().count() as u32;
        let column = column + columns(at..range.start);
        Span {
            order,
            file,
            line,
            column,
            end: column + columns(range.start..range.end.clamp(range.start, piece_end)).max(1),
        }
    }

    fn piece(&self, offset: usize) -> usize {
        self.pieces.iter().rposition(|piece| piece.at <= offset).unwrap_or(0)
    }
}

/// What Perl's `\s` matches in bytes.
pub(super) fn blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{b}' | '\u{c}')
}

/// The text without blanks around it, and where it starts.
fn trimmed(text: &str) -> (usize, &str) {
    let start = text.len() - text.trim_start_matches(blank).len();
    (start, text[start..].trim_end_matches(blank))
}

/// Where the argument of a directive is, if the line is that directive with an argument.
fn argument(line: &str, directive: &str) -> Option<Range<usize>> {
    let rest = line.strip_prefix(directive)?;
    let argument = rest.trim_start_matches(blank);
    (argument.len() < rest.len() && !argument.is_empty()).then(|| line.len() - argument.len()..line.len())
}

/// Where a variable's name ends and its value starts.
///
/// The name is as long as it can be: with a blank before it the first `=` ends the name, without one the last `=` of
/// the first word does. So `a = b=c` sets `a`, and `a=b=c` sets `a=b`.
fn assignment(line: &str) -> Option<(usize, usize)> {
    let word = line.find(blank).unwrap_or(line.len());
    let after = line[word..].trim_start_matches(blank);
    let (name_end, equals) = if word > 0 && after.starts_with('=') {
        (word, line.len() - after.len())
    } else {
        let equals = line[..word].rfind('=').filter(|at| *at > 0)?;
        (equals, equals)
    };
    let value = line[equals + 1..].trim_start_matches(blank);
    Some((name_end, line.len() - value.len()))
}

/// The text of a file, with the first line and column that is not UTF-8. Such lines are read as Latin-1.
fn decode(bytes: Vec<u8>) -> (String, Option<(u32, u32)>) {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return (text, None),
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    let mut first = None;
    for (number, line) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        match std::str::from_utf8(line) {
            Ok(line) => text.push_str(line),
            Err(error) => {
                first.get_or_insert_with(|| {
                    let before = String::from_utf8_lossy(&line[..error.valid_up_to()]);
                    (number, 1 + before.chars().count() as u32)
                });
                text.extend(line.iter().map(|byte| char::from(*byte)));
            }
        }
    }
    (text, first)
}

/// An error of the system without Rust's error number in it.
pub(super) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
