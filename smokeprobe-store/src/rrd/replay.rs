//! After a kill or a power cut: what the journal has is put into the files.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;

use smokeprobe_core::SeriesId;

use crate::rrd::disk::Disk;
use crate::rrd::file::{Room, RrdFile};
use crate::rrd::incident::IncidentKind;
use crate::rrd::journal::{self, Entry, Record, redo};
use crate::rrd::pending::Shared;
use crate::rrd::writer::Writer;
use crate::store::StoreError;

impl Writer {
    /// A writer for a folder in which the journal of an earlier run may lie.
    ///
    /// Files that cannot be written now keep their entries, and are tried again with the next round of their series.
    pub(crate) fn recover(shared: &Shared) -> Result<Self, StoreError> {
        let (disk, datadir) = (shared.disk.as_ref(), &shared.config.datadir);
        let folder = journal::folder_in(datadir);
        let replay = journal::read_all(disk, datadir).map_err(|source| StoreError::Io {
            action: "read the journal in",
            path: folder.clone(),
            source,
        })?;
        for complaint in replay.complaints {
            shared.report(&folder, IncidentKind::JournalDamaged, complaint);
        }
        let mut stuck = HashMap::new();
        let by_series = by_series(replay.entries);
        let few = by_series.len() <= FEW;
        let files: Vec<PathBuf> = by_series.keys().map(|series| shared.path_of(series)).collect();
        for (series, records) in by_series {
            if let Err(error) = redo_all(shared, &series, &records) {
                tracing::warn!(%series, %error, "rounds in the journal wait for their file");
                stuck.insert(series, records);
            }
        }
        let next = replay.segments.last().map_or(1, |last| last + 1);
        let mut ended = replay.segments;
        if stuck.is_empty() && !ended.is_empty() {
            let synced = if few { sync_each(disk, &files) } else { disk.sync_all(datadir) };
            let removed = synced.and_then(|()| {
                ended.iter().try_for_each(|&segment| journal::remove(disk, &folder, segment))?;
                disk.sync_dir(&folder)
            });
            match removed {
                Ok(()) => ended.clear(),
                // They are replayed once more the next time, which changes nothing.
                Err(error) => tracing::warn!(%error, "could not remove the old journal"),
            }
        }
        Ok(Self::new(next, ended, stuck))
    }

    /// Tries again what could not be replayed for a series.
    pub(super) fn unstick(&mut self, shared: &Shared, series: &SeriesId) -> Result<(), StoreError> {
        if let Some(records) = self.stuck.get(series) {
            redo_all(shared, series, records)?;
            self.stuck.remove(series);
        }
        Ok(())
    }
}

/// Up to this many files are synced one by one, which spares the rest of the file system.
const FEW: usize = 64;

fn sync_each(disk: &dyn Disk, files: &[PathBuf]) -> io::Result<()> {
    files.iter().try_for_each(|path| match disk.open(path, false).and_then(|file| file.sync()) {
        // Gone: there is nothing to keep.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        synced => synced,
    })
}

/// The rows of each series that its present file may lack, in the order in which they were appended.
fn by_series(entries: Vec<Entry>) -> HashMap<SeriesId, Vec<Record>> {
    let mut all: HashMap<SeriesId, Vec<Record>> = HashMap::new();
    for entry in entries {
        match entry {
            Entry::Forget(series) => {
                all.remove(&series);
            }
            Entry::Row(record) => {
                let records = all.entry(record.series.clone()).or_default();
                // A row that does not follow the one before says that another program came in between.
                if records.last().is_some_and(|last| last.end != record.before.secs || record.before.micros != 0) {
                    records.clear();
                }
                records.push(record);
            }
        }
    }
    all
}

/// Puts the rows into their file.
fn redo_all(shared: &Shared, series: &SeriesId, records: &[Record]) -> Result<(), StoreError> {
    let path = shared.path_of(series);
    let drop_rounds = |why: &str| {
        let detail = format!("{} rounds in the journal are not for it: {why}", records.len());
        shared.report(&path, IncidentKind::RoundsDropped, detail);
        Ok(())
    };
    let mut file = match RrdFile::open(shared.disk.as_ref(), &path, true, &shared.layouts) {
        Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return drop_rounds("it is gone");
        }
        // The first round sets it aside, and reports that.
        Err(StoreError::Damaged { reason, .. }) => return drop_rounds(&reason),
        opened => opened?,
    };
    let Ok(mut live) = file.live() else {
        return drop_rounds("it is damaged");
    };
    let (Some(first), Some(last)) = (records.first(), records.last()) else {
        return Ok(());
    };
    if live.updated.secs > last.end {
        // Written long ago, and continued by another program since.
        tracing::debug!(%series, "the file is ahead of the journal");
        return Ok(());
    }
    let known = live.updated == first.before
        || records.iter().any(|record| record.end == live.updated.secs && live.updated.micros == 0);
    if !known {
        return drop_rounds("it was last updated at a time that the journal does not know");
    }
    if !records.iter().all(|record| record.fits(&file.layout)) {
        return drop_rounds("it has another layout");
    }
    let mut runs = Vec::new();
    for record in records {
        redo(&file.layout, &mut live, record);
        runs.extend(record.runs.iter().cloned());
    }
    let _writing = shared.writing(series);
    file.write(&live, &runs, &mut Room::default()).map_err(|source| StoreError::Io { action: "write", path, source })
}
