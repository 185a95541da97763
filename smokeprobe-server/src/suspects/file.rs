//! The suspect rounds on disk: a line each, `1795348800 A.B~tokyo`, the oldest first.
//!
//! Lines are only appended. A torn last line, and whatever else is no such line, is left out at the next start; the file is then
//! written anew beside the old one, which it replaces when it is on the disk. So it is when it has twice as many lines as are
//! remembered.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Duration;

use smokeprobe_core::SeriesId;

use super::{MAX, Suspects};

/// The file's name; it is beside the data.
pub const FILE: &str = "smokeprobe-suspects.log";

/// Bytes that are read at most: more than we ever write.
const READ: u64 = 64 << 20;

/// The thread that writes.
#[derive(Debug)]
pub struct SuspectFile {
    suspects: Arc<Suspects>,
    ended: mpsc::Receiver<()>,
}

/// What the thread has open.
struct Lines {
    path: PathBuf,
    /// `None` after a write failed: it may have left half a line.
    file: Option<File>,
    /// Lines in it.
    written: usize,
    /// It does not work, and the log has it.
    failing: bool,
}

impl Suspects {
    /// What was remembered in the file at `path`, which is read and, where needed, mended now; a thread keeps it up to date.
    ///
    /// A file that cannot be read or written is told of in the log: rounds are then remembered until the server ends.
    pub fn open(path: PathBuf) -> io::Result<(Arc<Self>, SuspectFile)> {
        let suspects = Arc::new(Self::default());
        let mut lines = Lines { path, file: None, written: 0, failing: false };
        if let Err(error) = lines.load(&suspects) {
            lines.complain(&error);
            // What cannot be read now must not be written over.
            let _ = fs::rename(&lines.path, lines.path.with_extension("unreadable"));
        }
        suspects.queue().open = true;
        let (end, ended) = mpsc::channel();
        let shared = Arc::clone(&suspects);
        thread::Builder::new().name("suspects".to_owned()).spawn(move || {
            lines.follow(&shared);
            drop(end);
        })?;
        Ok((Arc::clone(&suspects), SuspectFile { suspects, ended }))
    }

    /// What is remembered in the file at `path`, beside a server that keeps it up to date. Nothing, when there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        let suspects = Self::default();
        suspects.fill_from(path)?;
        Ok(suspects)
    }

    /// Remembers what is in the file at `path`, whose bytes are returned.
    fn fill_from(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(file) => file.take(READ).read_to_end(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(bytes),
            Err(error) => return Err(error),
        };
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            if let Some((series, end)) = parse(line) {
                kept.insert(&series, end);
            }
        }
        Ok(bytes)
    }
}

impl SuspectFile {
    /// Writes what waits, within `time`.
    pub fn stop(self, time: Duration) {
        self.suspects.queue().stop = true;
        self.suspects.wake.notify_one();
        if self.ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
            tracing::error!("the last suspect rounds could not be written in time: graphs will not mark them");
        }
    }
}

impl Lines {
    fn load(&mut self, suspects: &Suspects) -> io::Result<()> {
        let bytes = suspects.fill_from(&self.path)?;
        let (mut whole, all) = (String::new(), suspects.all());
        for (series, end) in &all {
            push(&mut whole, series, *end);
        }
        self.written = all.len();
        if whole.as_bytes() == bytes { Ok(()) } else { replace(&self.path, &whole) }
    }

    /// Writes what comes until it is told to stop.
    fn follow(&mut self, suspects: &Suspects) {
        let mut behind = Vec::new();
        loop {
            let stop = {
                let idle = |queue: &mut super::Queue| queue.waiting.is_empty() && !queue.stop;
                let waited = suspects.wake.wait_while(suspects.queue(), idle);
                let mut queue = waited.unwrap_or_else(PoisonError::into_inner);
                behind.append(&mut queue.waiting);
                queue.stop
            };
            // What could not be written is tried again with the next that comes.
            behind.drain(..behind.len().saturating_sub(MAX));
            match self.write(suspects, &behind) {
                Ok(()) => {
                    behind.clear();
                    self.failing = false;
                }
                Err(error) => self.complain(&error),
            }
            if stop {
                return;
            }
        }
    }

    fn write(&mut self, suspects: &Suspects, behind: &[(SeriesId, i64)]) -> io::Result<()> {
        if behind.is_empty() {
            return Ok(());
        }
        // Half a line must not become the beginning of another.
        if self.failing || self.written + behind.len() > 2 * MAX {
            let (mut whole, all) = (String::new(), suspects.all());
            for (series, end) in &all {
                push(&mut whole, series, *end);
            }
            self.file = None;
            replace(&self.path, &whole)?;
            self.written = all.len();
            return Ok(());
        }
        let mut text = String::new();
        for (series, end) in behind {
            push(&mut text, series, *end);
        }
        let mut file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new().append(true).create(true).open(&self.path)?,
        };
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        self.file = Some(file);
        self.written += behind.len();
        Ok(())
    }

    fn complain(&mut self, error: &io::Error) {
        if !self.failing {
            let path = self.path.display();
            tracing::error!("cannot keep suspect rounds in {path}, graphs will not mark them after a restart: {error}");
        }
        self.failing = true;
    }
}

fn push(text: &mut String, series: &SeriesId, end: i64) {
    // Writing to a string has no errors.
    let _ = writeln!(text, "{end} {series}");
}

fn parse(line: &[u8]) -> Option<(SeriesId, i64)> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (end, series) = line.split_once(' ')?;
    Some((series.parse().ok()?, end.parse().ok()?))
}

/// Puts `text` into the place of the file at `path`, whole or not at all.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Duration = Duration::from_secs(20);

    fn series(name: &str) -> SeriesId {
        name.parse().unwrap()
    }

    #[test]
    fn what_was_noted_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for run in 1..=3 {
            let (suspects, file) = Suspects::open(path.clone()).unwrap();
            assert_eq!(suspects.between(&series("A.B~tokyo"), 0, 10_000).len(), run - 1);
            suspects.note(&series("A.B~tokyo"), run as i64 * 300);
            // What is known is not written again.
            suspects.note(&series("A.B~tokyo"), 300);
            file.stop(TIME);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "300 A.B~tokyo\n600 A.B~tokyo\n900 A.B~tokyo\n");
        assert_eq!(Suspects::read(&path).unwrap().between(&series("A.B~tokyo"), 300, 900), [600, 900]);
    }

    #[test]
    fn torn_and_foreign_lines_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, b"300 A\n\0\0\0\n600 ../etc\nx A\n900 A~tokyo\n\xff\n1200 A.B").unwrap();
        let (suspects, file) = Suspects::open(path.clone()).unwrap();
        suspects.note(&series("C"), 1500);
        file.stop(TIME);
        assert_eq!(fs::read_to_string(&path).unwrap(), "300 A\n900 A~tokyo\n1500 C\n");
    }

    #[test]
    fn the_file_does_not_grow_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let mut text = String::new();
        (0..MAX as i64 + 50).for_each(|end| push(&mut text, &series("A"), end));
        fs::write(&path, &text).unwrap();
        let (suspects, file) = Suspects::open(path.clone()).unwrap();
        assert_eq!(suspects.between(&series("A"), -1, 60), (50..=60).collect::<Vec<_>>());
        for end in 0..MAX as i64 + 2 {
            suspects.note(&series("B"), end);
        }
        file.stop(TIME);
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 2 * MAX, "{lines}");
        let (again, _file) = Suspects::open(path).unwrap();
        assert_eq!(again.between(&series("B"), -1, i64::MAX).len(), MAX);
        assert_eq!(again.between(&series("A"), -1, i64::MAX).len(), 0);
    }

    #[test]
    fn what_cannot_be_read_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::create_dir(&path).unwrap();
        let (suspects, file) = Suspects::open(path.clone()).unwrap();
        suspects.note(&series("A"), 300);
        file.stop(TIME);
        assert_eq!(fs::read_to_string(&path).unwrap(), "300 A\n");
        assert!(folder.path().join("smokeprobe-suspects.unreadable").is_dir());
    }

    #[test]
    fn a_place_that_cannot_be_written_costs_no_more_than_the_memory_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no such folder").join(FILE);
        let (suspects, file) = Suspects::open(path.clone()).unwrap();
        suspects.note(&series("A"), 300);
        assert_eq!(suspects.between(&series("A"), 0, 300), [300]);
        // The folder comes, and what could not be written with it.
        fs::create_dir(path.parent().unwrap()).unwrap();
        suspects.note(&series("A"), 600);
        file.stop(TIME);
        assert_eq!(fs::read_to_string(&path).unwrap(), "300 A\n600 A\n");
    }
}
