//! Opening a state file: making it, telling whether it is whole, setting a damaged one aside.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use smokeprobe_core::WallTime;

use super::{RowError, SqliteState, rows};
use crate::state::StateError;

/// `SmkP`: tells our files from those of others, for `file` and for us.
const APPLICATION: i64 = 0x536d_6b50;

/// The layout of the tables.
const LAYOUT: i64 = 1;

const SCHEMA: &str = include_str!("schema.sql");

/// What SQLite keeps beside a file.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// How long to wait for another program that has the file locked.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Opens a state that is there and whole, or begins one.
pub(super) fn open(path: &Path) -> Result<SqliteState, StateError> {
    match File::open(path) {
        Ok(file) => check_header(path, file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if BESIDE.iter().any(|suffix| with_suffix(path, suffix).exists()) {
                let reason = "the file itself is gone, but what belongs to it is there".to_owned();
                return Err(StateError::Damaged { path: path.to_owned(), reason });
            }
            create(path)?;
        }
        Err(error) => return Err(cannot("open", path, &error)),
    }
    let connection = connect(path).and_then(|connection| prepared(&connection).map(|()| connection));
    let connection = connection.map_err(|error| error.of("open", path))?;
    let saved = rows::load(&connection).map_err(|error| error.of("read", path))?;
    Ok(SqliteState { path: path.to_owned(), connection, opened: Some(saved) })
}

/// Renames a damaged file and what belongs to it; returns where it is now.
pub(super) fn set_aside(path: &Path, now: WallTime) -> Result<PathBuf, StateError> {
    let stamped = with_suffix(path, &format!(".damaged-{}", now.unix_secs()));
    let taken = |to: &Path| to.exists() || BESIDE.iter().any(|suffix| with_suffix(to, suffix).exists());
    // Two within a second can only come of a disk that damages everything; each is kept even so.
    let mut to = stamped.clone();
    for number in 2.. {
        if !taken(&to) {
            break;
        }
        to = with_suffix(&stamped, &format!(".{number}"));
    }
    for suffix in [""].into_iter().chain(BESIDE) {
        match fs::rename(with_suffix(path, suffix), with_suffix(&to, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot("set aside", path, &error)),
            _ => {}
        }
    }
    Ok(to)
}

/// Makes a state of nothing.
///
/// Under another name first, so that no crash leaves a file that is half made.
fn create(path: &Path) -> Result<(), StateError> {
    let made = with_suffix(path, ".new");
    for suffix in [""].into_iter().chain(BESIDE) {
        match fs::remove_file(with_suffix(&made, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot("remove", &made, &error)),
            _ => {}
        }
    }
    let write = || -> Result<(), rusqlite::Error> {
        let connection = Connection::open(&made)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "application_id", APPLICATION)?;
        connection.execute_batch(&format!("BEGIN;\n{SCHEMA}\nPRAGMA user_version = {LAYOUT};\nCOMMIT;"))?;
        connection.close().map_err(|(_, error)| error)
    };
    write().map_err(|error| RowError::from(error).of("create", path))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::rename(&made, path)
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(|error| cannot("create", path, &error))
}

/// Looks at the first bytes (<https://www.sqlite.org/fileformat2.html>, section 1.3) before SQLite does, which would
/// mend a file of another program in its own way.
fn check_header(path: &Path, mut file: File) -> Result<(), StateError> {
    let mut header = Vec::new();
    file.by_ref().take(100).read_to_end(&mut header).map_err(|error| cannot("read", path, &error))?;
    let number = |at: usize| {
        let bytes = header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map(|bytes| i64::from(i32::from_be_bytes(bytes)))
    };
    let damaged = |reason: &str| Err(StateError::Damaged { path: path.to_owned(), reason: reason.to_owned() });
    match (number(60), number(68)) {
        _ if header.is_empty() => damaged("it is empty"),
        _ if header.len() < 100 => damaged("it is cut in its first bytes"),
        _ if !header.starts_with(b"SQLite format 3\0") => damaged("it is not an SQLite file"),
        (Some(layout), Some(APPLICATION)) if layout > LAYOUT => {
            Err(StateError::Newer { path: path.to_owned(), found: layout, known: LAYOUT })
        }
        (Some(LAYOUT), Some(APPLICATION)) => Ok(()),
        (_, Some(APPLICATION)) => damaged("its layout has a number that never was"),
        _ => damaged("it is an SQLite file of another program"),
    }
}

fn connect(path: &Path) -> Result<Connection, RowError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // Where the file system has no shared memory this is refused without an error, and the file stays with a rollback
    // journal: as safe, but those who read hold us up for a moment.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What a burst made of the log is given back to the disk.
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Whether everything is where it should be: SQLite's own check, and then our tables.
fn prepared(connection: &Connection) -> Result<(), RowError> {
    let fault: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if fault != "ok" {
        return Err(fault.replace('\n', " ").into());
    }
    let wanted = Connection::open_in_memory()?;
    wanted.execute_batch(SCHEMA)?;
    let found = tables(connection)?;
    match tables(&wanted)?.iter().find(|table| !found.contains(table)) {
        Some((name, _)) => Err(format!("its table or view {name} is not as it should be").into()),
        None => Ok(()),
    }
}

fn tables(connection: &Connection) -> Result<Vec<(String, Option<String>)>, rusqlite::Error> {
    let mut tables = connection.prepare("SELECT name, sql FROM sqlite_schema")?;
    tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn cannot(action: &'static str, path: &Path, error: &io::Error) -> StateError {
    StateError::Io { action, path: path.to_owned(), reason: error.to_string() }
}
