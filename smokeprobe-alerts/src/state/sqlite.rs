//! The state in one SQLite file.
//!
//! One connection writes, in the write-ahead mode, each change in a transaction that is synced before it counts. Others
//! may read the file meanwhile, with the `sqlite3` program too. See `schema.sql` for what is in it, and ADR 0010 for
//! why.

mod history;
mod open;
mod reader;
mod rows;

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use smokeprobe_core::WallTime;

use super::{Change, HISTORY_KEPT, HistoryQuery, PastAttempt, PastEvent, Saved, StateError, StateStore};

pub use reader::HistoryReader;

/// Keeps state in a file.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let now = smokeprobe_core::WallTime::from_unix_secs(1_700_000_000);
/// use smokeprobe_alerts::{Outbox, SqliteState, StateStore};
///
/// let (mut state, set_aside) = SqliteState::open(folder.path().join("alerts.sqlite"), now)?;
/// assert!(set_aside.is_none());
/// let outbox = Outbox::restore(&state.load()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteState {
    path: PathBuf,
    connection: Connection,
    /// What was read when the file was opened, for whoever asks first.
    opened: Option<Saved>,
}

/// A file that was damaged and is kept under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetAside {
    /// Where it was, and where a new one was begun.
    pub path: PathBuf,
    /// Where it is now.
    pub to: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl SqliteState {
    /// Opens the state, or begins one where there is none.
    ///
    /// A file that is damaged, or not a state at all, is renamed to `<name>.damaged-<Unix time of now>`, its `-wal` and
    /// `-shm` with it, and a new state is begun: look at what is returned beside the state. A file whose disk cannot be
    /// read, or that a newer version wrote, is left as it is and is an error.
    ///
    /// A file may turn out to be damaged later too, when a disk fails: then other calls say [`StateError::Damaged`], and
    /// opening it again sets it aside.
    ///
    /// Every row of the state is read and checked. What was committed is there, but for one case that nobody can see:
    /// when the `-wal` file alone was lost or cut, the state is the one of some earlier commit.
    pub fn open(path: impl AsRef<Path>, now: WallTime) -> Result<(Self, Option<SetAside>), StateError> {
        let path = path.as_ref();
        match open::open(path) {
            Ok(state) => Ok((state, None)),
            Err(StateError::Damaged { reason, .. }) => {
                let to = open::set_aside(path, now)?;
                let state = open::open(path)?;
                Ok((state, Some(SetAside { path: path.to_owned(), to, reason })))
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the history of this file on other threads, while this one writes it.
    pub fn history(&self) -> HistoryReader {
        HistoryReader::new(&self.path)
    }

    /// Runs `work` in a transaction: all of it is kept, or nothing.
    fn transaction(&mut self, work: impl FnOnce(&Connection) -> Result<(), RowError>) -> Result<(), StateError> {
        let run = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            work(&transaction)?;
            Ok(transaction.commit()?)
        };
        run(&mut self.connection).map_err(|error: RowError| error.of("write", &self.path))
    }
}

impl StateStore for SqliteState {
    fn load(&mut self) -> Result<Saved, StateError> {
        match self.opened.take() {
            Some(saved) => Ok(saved),
            None => rows::load(&self.connection).map_err(|error| error.of("read", &self.path)),
        }
    }

    fn commit(&mut self, change: &Change) -> Result<(), StateError> {
        if change.is_empty() {
            return Ok(());
        }
        self.opened = None;
        self.transaction(|connection| rows::write(connection, change))
    }

    fn events(&self, query: &HistoryQuery) -> Result<Vec<PastEvent>, StateError> {
        history::events(&self.connection, query).map_err(|error| error.of("read", &self.path))
    }

    fn attempts(&self, query: &HistoryQuery) -> Result<Vec<PastAttempt>, StateError> {
        history::attempts(&self.connection, query).map_err(|error| error.of("read", &self.path))
    }

    fn prune(&mut self, before: WallTime) -> Result<(), StateError> {
        self.opened = None;
        self.transaction(|connection| history::prune(connection, before, HISTORY_KEPT))
    }
}

impl fmt::Debug for SqliteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteState").field("path", &self.path).finish_non_exhaustive()
    }
}

impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, to) = (self.path.display(), self.to.display());
        write!(f, "{path} is damaged ({}): it is kept as {to}, and a new one was begun", self.reason)
    }
}

/// What can go wrong with rows, before it is known of which file.
#[derive(Debug)]
enum RowError {
    /// The database says so.
    Sqlite(rusqlite::Error),
    /// A row makes no sense.
    Row(String),
}

impl RowError {
    fn of(self, action: &'static str, path: &Path) -> StateError {
        let path = path.to_owned();
        match self {
            Self::Row(reason) => StateError::Damaged { path, reason },
            Self::Sqlite(error) if is_damage(&error) => StateError::Damaged { path, reason: in_words(&error) },
            Self::Sqlite(error) => StateError::Io { action, path, reason: in_words(&error) },
        }
    }
}

impl From<rusqlite::Error> for RowError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<String> for RowError {
    fn from(reason: String) -> Self {
        Self::Row(reason)
    }
}

/// Whether an error is about what the file says, not about reaching it.
fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        // `Unknown` is a statement that does not fit the tables, all of which are ours.
        rusqlite::Error::SqliteFailure(error, _) => {
            matches!(error.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown)
        }
        _ => true,
    }
}

fn in_words(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(error, _) if error.code == ErrorCode::DatabaseBusy => {
            "another program keeps it locked".to_owned()
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
