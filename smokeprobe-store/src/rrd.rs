//! SmokePing's RRD files: read, continued and made in pure Rust.
//!
//! A file a series, `<datadir>/<Section>/<Target>[~slave].rrd`, in RRDtool's format, so that SmokePing and `rrdtool`
//! can read and continue it. Unlike SmokePing's rows, which blend two rounds each, a row here is exactly one round.
//!
//! An appended round goes to a journal first, and to its file with the next [`sync`](crate::Store::sync) or when a
//! few hundred others have been appended: only what the journal has safely on the disk is written to files. So a kill
//! loses nothing that was appended, a power cut nothing that was synced, and neither leaves half an update. Queries
//! see a round as soon as it was appended; other programs see it after the `sync`. Call that every second or so.

mod consolidate;
#[cfg(test)]
mod crash;
mod disk;
#[cfg(feature = "test-util")]
mod exercise;
mod fetch;
mod file;
mod incident;
mod journal;
mod layout;
mod live;
mod migrate;
#[cfg(test)]
mod oracle;
mod paths;
mod pending;
mod prepare;
mod replay;
mod row;
mod sys;
mod update;
mod warm;
mod writer;

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smokeprobe_core::{Clock, Round, SeriesId, Step, SystemClock};

use crate::rrd::disk::{Disk, OsDisk};
use crate::rrd::file::{Room, RrdFile};
use crate::rrd::pending::Shared;
use crate::rrd::writer::Writer;
use crate::store::{Appended, Frame, Query, SeriesMeta, Store, StoreError};

pub(crate) use fetch::joined;
pub(crate) use row::row_of;

#[cfg(feature = "test-util")]
pub use exercise::{exercise_file, exercise_journal};
pub use incident::{Incident, IncidentKind};
pub use layout::{Archive, Damage, Layout};

/// Where the files are, and how new ones are made.
#[derive(Debug, Clone)]
pub struct RrdStoreConfig {
    /// The folder of the files. It is made if it is not there.
    pub datadir: PathBuf,
    /// The archives that every file has. A file with others is converted when it is appended to.
    pub archives: Vec<Archive>,
    /// Tells the date for the names of files that are set aside.
    pub clock: Arc<dyn Clock>,
    /// Rounds take at most about this many bytes of memory before they are written to their files; twice as many if
    /// that fails, then appending fails.
    pub pending_bytes: usize,
    /// When the journal is larger than this, the whole file system is synced and the journal begun anew.
    pub journal_bytes: u64,
}

impl RrdStoreConfig {
    /// Files in `datadir` with these archives; bounds of 8 MB of rounds and 64 MB of journal.
    pub fn new(datadir: impl Into<PathBuf>, archives: Vec<Archive>) -> Self {
        Self {
            datadir: datadir.into(),
            archives,
            clock: Arc::new(SystemClock),
            pending_bytes: 8 << 20,
            journal_bytes: 64 << 20,
        }
    }
}

/// A store of RRD files.
#[derive(Debug)]
pub struct RrdStore {
    shared: Shared,
    /// `None` for a store that only reads.
    writer: Option<Mutex<Writer>>,
    /// Keeps other processes out of the folder.
    _lock: Option<Box<dyn Any + Send + Sync>>,
}

impl RrdStore {
    /// Opens a folder for reading and writing, and finishes what a killed process has left in its journal.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unusable`] when another process writes to the folder, or the archives are none. Files that are
    /// damaged or cannot be written do not keep the store from opening: see [`incidents`](Self::incidents).
    pub fn open(config: RrdStoreConfig) -> Result<Self, StoreError> {
        Self::open_on(Arc::new(OsDisk), config)
    }

    /// Opens a folder for reading, also while another process writes to it. Rounds that the writer has not yet put
    /// into files are not seen; appending fails.
    pub fn read_only(datadir: impl Into<PathBuf>) -> Self {
        // What a file holds is read from the file; archives are configured for those that are made.
        let config = RrdStoreConfig::new(datadir, Vec::new());
        Self { shared: Shared::new(Arc::new(OsDisk), config), writer: None, _lock: None }
    }

    fn open_on(disk: Arc<dyn Disk>, config: RrdStoreConfig) -> Result<Self, StoreError> {
        let datadir = config.datadir.clone();
        let failed = |action| {
            let path = datadir.clone();
            move |source| StoreError::Io { action, path, source }
        };
        let fits = |archive: &Archive| archive.rows > 0 && archive.steps > 0 && (0.0..=1.0).contains(&archive.xff);
        if config.archives.is_empty() || !config.archives.iter().all(fits) {
            let reason = "each archive needs steps, rows, and a share of unknown steps from 0 to 1".to_owned();
            return Err(StoreError::Unusable { path: datadir, reason });
        }
        let shared = Shared::new(disk, config);
        if !shared.disk.exists(&datadir) {
            shared.disk.create_dir(&datadir).map_err(failed("make"))?;
        }
        let Some(lock) = shared.disk.lock_dir(&datadir).map_err(failed("lock"))? else {
            let reason = "another process writes to it; stop that one first, or use another datadir".to_owned();
            return Err(StoreError::Unusable { path: datadir, reason });
        };
        let writer = Writer::recover(&shared)?;
        Ok(Self { shared, writer: Some(Mutex::new(writer)), _lock: Some(lock) })
    }

    /// Makes the file of a series, or converts it to these pings and this step, so that its first round need not wait
    /// for that. Returns whether anything had to be done.
    ///
    /// # Errors
    ///
    /// As for [`append`](Store::append); a disk without room for the file is [`StoreError::Io`].
    pub fn prepare(&self, series: &SeriesId, step: Step, pings: u32) -> Result<bool, StoreError> {
        self.writer()?.prepare(&self.shared, series, step, pings)
    }

    /// What has happened to files since the store was opened, the oldest first; the last thousand.
    pub fn incidents(&self) -> Vec<Incident> {
        self.shared.incidents.list()
    }

    /// Bytes that are free on the disk of the data folder, where they are fewer than the journal may come to take: the
    /// time to make room, while rounds are still kept. `None` where there is enough, or the system does not say.
    pub fn nearly_full(&self) -> Option<u64> {
        let free = self.free_bytes()?;
        (free < self.shared.config.journal_bytes).then_some(free)
    }

    /// The file of a series, whether it is there or not.
    pub fn path_of(&self, series: &SeriesId) -> PathBuf {
        self.shared.path_of(series)
    }

    /// What is known of a series, and when its file was last updated, in Unix seconds.
    #[cfg(feature = "librrd")]
    pub(crate) fn state_of(&self, series: &SeriesId) -> Result<(SeriesMeta, i64), StoreError> {
        let path = self.path_of(series);
        let file = RrdFile::open(self.shared.disk.as_ref(), &path, false, &self.shared.layouts)?;
        let live = file.live().map_err(|damage| StoreError::Damaged { path: path.clone(), reason: damage.0 })?;
        let reason = "its data sources are not those of a SmokePing file".to_owned();
        let meta = self.shared.meta(series.clone(), &path).ok_or(StoreError::Damaged { path, reason })?;
        Ok((meta, live.updated.secs))
    }

    /// Returns once everything written to the folder's file system survives a power cut.
    #[cfg(feature = "librrd")]
    pub(crate) fn sync_file_system(&self) -> Result<(), StoreError> {
        let path = self.shared.config.datadir.clone();
        self.shared.disk.sync_all(&path).map_err(|source| StoreError::Io { action: "sync", path, source })
    }

    fn writer(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        let Some(writer) = &self.writer else {
            let reason = "it was opened for reading only".to_owned();
            return Err(StoreError::Unusable { path: self.shared.config.datadir.clone(), reason });
        };
        // Every step of the writer leaves it whole, so that a panic in one append is none in the next.
        Ok(writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Updates one file, outside of any store, as `rrdtool update` does: the values of all its sources hold for the whole
/// time since the update before, which may blend two of them into a row. Unknown values are NaN.
///
/// # Errors
///
/// [`StoreError::Unusable`] when the file has been updated at `unix_secs` or later already, or has another number of
/// sources.
pub fn update_file(path: &Path, unix_secs: i64, values: &[f64]) -> Result<(), StoreError> {
    let mut file = RrdFile::open(&OsDisk, path, true, &file::Layouts::default())?;
    let damaged = |damage: Damage| StoreError::Damaged { path: path.to_owned(), reason: damage.0 };
    let unusable = |reason: String| StoreError::Unusable { path: path.to_owned(), reason };
    let mut live = file.live().map_err(damaged)?;
    let sources = file.layout.sources.len();
    if values.len() != sources {
        return Err(unusable(format!("it has {sources} data sources, and {} values were given", values.len())));
    }
    let mut runs = Vec::new();
    let at = live::UpdateTime::from_secs(unix_secs);
    update::update(&file.layout, &mut live, at, values, &mut runs).map_err(|late| unusable(late.to_string()))?;
    file.write(&live, &runs, &mut Room::default()).map_err(|source| StoreError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

impl Store for RrdStore {
    fn append(&self, round: &Round) -> Result<Appended, StoreError> {
        let values = row_of(round).map_err(|reason| StoreError::Mismatch { series: round.series.clone(), reason })?;
        self.writer()?.append(&self.shared, round, values)
    }

    fn query(&self, query: &Query) -> Result<Frame, StoreError> {
        let path = self.shared.path_of(&query.series);
        let _reading = self.shared.reading(&query.series);
        let pending = self.shared.pending(&query.series);
        let file = match RrdFile::open(self.shared.disk.as_ref(), &path, false, &self.shared.layouts) {
            Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Err(StoreError::NoSuchSeries(query.series.clone()));
            }
            opened => opened?,
        };
        let damaged = |reason| StoreError::Damaged { path: path.clone(), reason };
        let Some(pings) = file.layout.pings else {
            return Err(damaged("its data sources are not those of a SmokePing file".to_owned()));
        };
        let pending = pending.filter(|pending| pending.layout.head == file.layout.head);
        let on_disk;
        let live = if let Some(pending) = &pending {
            &pending.live
        } else {
            on_disk = file.live().map_err(|damage| damaged(damage.0))?;
            &on_disk
        };
        let span = fetch::span(&file.layout, live, query);
        let mut values = Vec::new();
        if let Some(span) = span {
            values = file.rows(span.archive, span.row, span.count).map_err(|source| StoreError::Io {
                action: "read",
                path: path.clone(),
                source,
            })?;
            if let Some(pending) = &pending {
                pending.overlay(&span, &mut values);
            }
        }
        Ok(fetch::frame(&file.layout, pings, span, &values, query))
    }

    fn catalog(&self) -> Result<Vec<SeriesMeta>, StoreError> {
        let datadir = &self.shared.config.datadir;
        let found = paths::find_series(self.shared.disk.as_ref(), datadir).map_err(|source| StoreError::Io {
            action: "list",
            path: datadir.clone(),
            source,
        })?;
        // A file that is damaged or of another kind is no series; it is reported when it is appended to.
        Ok(found.into_iter().filter_map(|(series, path)| self.shared.meta(series, &path)).collect())
    }

    fn meta(&self, series: &SeriesId) -> Result<Option<SeriesMeta>, StoreError> {
        Ok(self.shared.meta(series.clone(), &self.shared.path_of(series)))
    }

    fn free_bytes(&self) -> Option<u64> {
        self.shared.disk.free_space(&self.shared.config.datadir).ok()
    }

    fn sync(&self) -> Result<(), StoreError> {
        if self.writer.is_none() {
            return Ok(());
        }
        self.writer()?.commit(&self.shared)
    }
}

impl Drop for RrdStore {
    fn drop(&mut self) {
        if let Err(error) = self.sync() {
            // Nothing is lost: the journal has it, and the next start puts it into the files.
            tracing::warn!(%error, "could not write the last rounds to their files; the next start does");
        }
    }
}
