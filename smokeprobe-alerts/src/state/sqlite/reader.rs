//! The history, read beside whoever writes it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{RowError, history, open};
use crate::state::{HistoryQuery, PastAttempt, PastEvent, StateError};

/// Reads the history of the file of a [`SqliteState`](super::SqliteState), on any thread, while that one writes it.
///
/// Each question opens the file for itself and only to read: nothing is held between two of them, neither a lock nor a
/// file that was set aside meanwhile. What is committed when a question is asked is in its answer.
#[derive(Debug, Clone)]
pub struct HistoryReader {
    path: PathBuf,
}

impl HistoryReader {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// As [`StateStore::events`](crate::StateStore::events).
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is damaged, or was written by a newer version.
    pub fn events(&self, query: &HistoryQuery) -> Result<Vec<PastEvent>, StateError> {
        self.read(|connection| history::events(connection, query))
    }

    /// As [`StateStore::attempts`](crate::StateStore::attempts).
    ///
    /// # Errors
    ///
    /// As [`events`](Self::events).
    pub fn attempts(&self, query: &HistoryQuery) -> Result<Vec<PastAttempt>, StateError> {
        self.read(|connection| history::attempts(connection, query))
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, RowError>) -> Result<T, StateError> {
        let run = || {
            let connection = open_to_read(&self.path)?;
            // One moment for all statements, so that what is cut meanwhile is there or not, and never half.
            let moment = connection.unchecked_transaction()?;
            let found = read(&moment)?;
            drop(moment);
            Ok(found)
        };
        run().map_err(|error: RowError| error.of("read", &self.path))
    }
}

/// Nobody but SQLite may open the file here: to close any other descriptor of it would end the locks of our writer
/// (<https://www.sqlite.org/howtocorrupt.html>, section 2.2). So the header is not looked at as at the start.
fn open_to_read(path: &Path) -> Result<Connection, RowError> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(open::PATIENCE)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}
