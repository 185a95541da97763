//! Where configuration text comes from: files on disk or in memory, and places in them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a configuration's files are read from.
///
/// Reading a configuration goes through this alone, so that it runs on bytes in memory as well: in tests, in fuzzing.
pub trait Files {
    /// The content of a regular file, cut after `limit` bytes.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is a folder, a pipe or a device.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;

    /// What is at `path`, without reading it.
    fn kind(&self, path: &Path) -> FileKind;

    /// Whether the environment has a variable of this name.
    fn has_variable(&self, name: &str) -> bool {
        std::env::var_os(name).is_some()
    }

    /// The zone of this machine's clock by its name in the IANA database, where it has one.
    fn zone(&self) -> Option<String> {
        let own = std::env::var("TZ").ok().map(|zone| zone.trim_start_matches(':').to_owned());
        let known = own.filter(|zone| zone.parse::<chrono_tz::Tz>().is_ok());
        known.or_else(|| iana_time_zone::get_timezone().ok())
    }
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Nothing, or nothing that we may see.
    Missing,
    /// A folder.
    Folder,
    /// A file with these permission bits.
    File {
        /// The nine permission bits and those above them.
        mode: u32,
    },
}

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        // Asked before opening: opening a pipe waits for a writer that may never come.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn kind(&self, path: &Path) -> FileKind {
        match fs::metadata(path) {
            Err(_) => FileKind::Missing,
            Ok(found) if found.is_dir() => FileKind::Folder,
            Ok(found) => FileKind::File { mode: found.permissions().mode() },
        }
    }
}

/// Files that exist in memory only. Every file has the mode 0600; a folder exists when a file is below it. The environment
/// is empty, and the clock has no zone.
#[derive(Debug, Clone, Default)]
pub struct InMemory(BTreeMap<PathBuf, Vec<u8>>);

impl InMemory {
    /// With `content` as the file `path`.
    #[must_use]
    pub fn with(mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> Self {
        self.0.insert(path.into(), content.into());
        self
    }
}

impl Files for InMemory {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let content = self.0.get(path).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such file"))?;
        Ok(content.iter().copied().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }

    fn kind(&self, path: &Path) -> FileKind {
        if self.0.contains_key(path) {
            FileKind::File { mode: 0o600 }
        } else if self.0.keys().any(|file| file.starts_with(path)) {
            FileKind::Folder
        } else {
            FileKind::Missing
        }
    }

    fn has_variable(&self, _: &str) -> bool {
        false
    }

    fn zone(&self) -> Option<String> {
        None
    }
}

/// A place in a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Span {
    /// The number of the logical line in the order of reading, through includes. First, so that places sort by it.
    pub(crate) order: u32,
    /// The file, as an index into [`Sources`].
    pub(crate) file: u32,
    /// The line, from 1.
    pub(crate) line: u32,
    /// The first character, from 1.
    pub(crate) column: u32,
    /// The character after the last one.
    pub(crate) end: u32,
}

/// A piece of configuration text with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the text of a text is its text")]
pub(crate) struct Text {
    /// The text itself.
    pub(crate) text: String,
    /// Its place.
    pub(crate) span: Span,
    /// The text stands in the file as it is: on one line, and not put there by a `@define`.
    pub(crate) verbatim: bool,
}

impl Text {
    /// The place of a part of the text, as well as it is known.
    pub(crate) fn part(&self, range: Range<usize>) -> Span {
        let (Some(before), Some(part)) = (self.text.get(..range.start), self.text.get(range)) else {
            return self.span;
        };
        if !self.verbatim {
            return self.span;
        }
        let column = self.span.column + before.chars().count() as u32;
        Span { column, end: column + (part.chars().count() as u32).max(1), ..self.span }
    }

    /// The text's parts between `separators`, trimmed, without the empty ones, each with its place.
    pub(crate) fn split(&self, separator: impl Fn(char) -> bool) -> Vec<(&str, Span)> {
        let mut parts = Vec::new();
        let mut column = self.span.column;
        for piece in self.text.split(separator) {
            let part = piece.trim();
            if !part.is_empty() {
                let count = |text: &str| text.chars().count() as u32;
                let start = column + count(&piece[..piece.len() - piece.trim_start().len()]);
                let span = Span { column: start, end: start + count(part), ..self.span };
                parts.push((part, if self.verbatim { span } else { self.span }));
            }
            column += piece.chars().count() as u32 + 1;
        }
        parts
    }
}

/// Every file that was read, in the order of reading.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    all: Vec<Source>,
    /// Files that were to be read and could not be.
    missing: Vec<PathBuf>,
    /// Reading stopped before the end.
    given_up: bool,
}

#[derive(Debug)]
struct Source {
    path: PathBuf,
    content: Arc<str>,
}

impl Sources {
    /// Adds a file and answers its number.
    pub(crate) fn add(&mut self, path: PathBuf, text: Arc<str>) -> u32 {
        self.all.push(Source { path, content: text });
        self.all.len() as u32 - 1
    }

    /// How many files were read, counting one as often as it was read.
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// Notes that reading stopped before the end.
    pub(crate) fn give_up(&mut self) {
        self.given_up = true;
    }

    /// Whether everything was read.
    pub(crate) fn complete(&self) -> bool {
        !self.given_up
    }

    /// The path of a file.
    pub(crate) fn path(&self, file: u32) -> &Path {
        &self.all[file as usize].path
    }

    /// The text of a file.
    pub(crate) fn text(&self, file: u32) -> &str {
        &self.all[file as usize].content
    }

    /// Notes a file that could not be read.
    pub(crate) fn add_missing(&mut self, path: PathBuf) {
        self.missing.push(path);
    }

    /// Every path, each once: those that were read in their order, then those that could not be.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let mut seen = std::collections::HashSet::new();
        let all = self.all.iter().map(|source| &source.path).chain(&self.missing);
        all.filter(|path| seen.insert(*path)).cloned().collect()
    }
}
