//! The one writer: journal first, files later.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use smokeprobe_core::{Round, SeriesId, Slot, Step};

use crate::rrd::file::{Room, RrdFile};
use crate::rrd::incident::IncidentKind;
use crate::rrd::journal::{self, Journal, NewRow, Record, encode_forget};
use crate::rrd::pending::{Pending, Shared};
use crate::rrd::update::append_slot;
use crate::rrd::warm::Warm;
use crate::store::{Appended, StoreError};

/// The state of writing.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    /// `None` until the first append, so that a folder that cannot be written can be read.
    journal: Option<Journal>,
    next_segment: u64,
    /// Segments whose entries are in their files, but perhaps not on the disk.
    ended: Arc<Mutex<Vec<u64>>>,
    /// The file system is being synced.
    syncing: Arc<AtomicBool>,
    /// Files that were made and may not be on the disk.
    fresh: BTreeSet<PathBuf>,
    /// Folders with files that were written, and the last of them: most files lie where the one before does.
    touched: BTreeSet<PathBuf>,
    last_touched: PathBuf,
    pending_bytes: usize,
    /// How many there must be before writing them is tried again after a failure.
    commit_at: usize,
    /// Files of pending rows, as they were when read, so that they need not be opened and read again.
    pub(super) open: HashMap<SeriesId, RrdFile>,
    /// The state of files that were written, by far the most of them.
    pub(super) warm: HashMap<SeriesId, Warm>,
    room: Room,
    /// Entries of an earlier run that could not be put into their files.
    pub(super) stuck: HashMap<SeriesId, Vec<Record>>,
    /// Files that go on with other archives than the configured ones, since they could not be converted.
    pub(super) unconverted: HashSet<SeriesId>,
}

impl Writer {
    /// A writer that begins its journal with segment `next_segment`; `ended` are those before it.
    pub(super) fn new(next_segment: u64, ended: Vec<u64>, stuck: HashMap<SeriesId, Vec<Record>>) -> Self {
        Self { next_segment, ended: Arc::new(Mutex::new(ended)), stuck, ..Self::default() }
    }

    /// Keeps a row.
    pub(crate) fn append(&mut self, shared: &Shared, round: &Round, values: Vec<f64>) -> Result<Appended, StoreError> {
        let bound = shared.config.pending_bytes;
        if self.pending_bytes >= 2 * bound {
            self.commit(shared)?;
        }
        let appended = self.keep(shared, &round.series, round.slot, round.pings, values)?;
        if self.pending_bytes >= bound.max(self.commit_at) {
            // The round is kept, whatever comes of this; appends fail once twice the room is taken. After a failure
            // some more rounds come before the next try.
            self.commit_at = match self.commit(shared) {
                Ok(()) => 0,
                Err(error) => {
                    tracing::debug!(%error, "rounds wait for their files");
                    self.pending_bytes + bound / 16
                }
            };
        }
        Ok(appended)
    }

    /// Writes a row to the journal, and leaves it pending.
    fn keep(
        &mut self,
        shared: &Shared,
        series: &SeriesId,
        slot: Slot,
        pings: u32,
        values: Vec<f64>,
    ) -> Result<Appended, StoreError> {
        self.unstick(shared, series)?;
        let (layout, mut live) = self.state_for(shared, series, slot.step(), pings, Some(slot))?;
        let (before, end) = (live.updated, slot.end());
        let mut runs = Vec::new();
        if append_slot(&layout, &mut live, end, &values, &mut runs).is_err() {
            return Ok(if end == before.secs { Appended::Duplicate } else { Appended::TooOld });
        }
        let row = NewRow { series, layout: &layout, before, live: &live, values: &values, runs: &runs };
        self.log(shared, |bytes| row.encode(bytes))?;
        let (times, rounds) = (vec![before, live.updated], vec![(slot, values)]);
        let pending = Pending { layout, live, runs, rounds, times };
        self.pending_bytes += pending.bytes();
        shared.add_pending(series, pending);
        Ok(Appended::Stored)
    }

    /// Makes the file of a series, or converts it.
    pub(crate) fn prepare(
        &mut self,
        shared: &Shared,
        series: &SeriesId,
        step: Step,
        pings: u32,
    ) -> Result<bool, StoreError> {
        self.unstick(shared, series)?;
        let incidents = shared.incidents.list().len();
        let made = self.fresh.len();
        self.state_for(shared, series, step, pings, None)?;
        Ok(self.fresh.len() > made || shared.incidents.list().len() > incidents)
    }

    /// Returns once everything appended is on the disk in the journal, and written to the files.
    ///
    /// Every file is tried; the first error is returned.
    pub(crate) fn commit(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let mut outcome = Ok(());
        // A second time for rounds that found their file changed by another program.
        for again in [true, false] {
            self.sync_fresh(shared)?;
            self.sync_journal(shared)?;
            let mut changed = Vec::new();
            for series in shared.pending_series() {
                match self.write_out(shared, &series) {
                    Ok(None) => {}
                    Ok(Some((why, pending))) => changed.push((series, why, pending)),
                    Err(error) => outcome = outcome.and(Err(error)),
                }
            }
            self.open.clear();
            if changed.is_empty() {
                break;
            }
            for (series, why, pending) in changed {
                let kept = if again { self.keep_again(shared, &series, &pending) } else { 0 };
                let lost = pending.rounds.len() - kept;
                if lost > 0 {
                    let detail = format!("{lost} rounds are lost: {why}");
                    shared.report(&shared.path_of(&series), IncidentKind::RoundsDropped, detail);
                }
            }
        }
        outcome?;
        if self.journal.as_ref().is_some_and(|journal| journal.len() > shared.config.journal_bytes) {
            self.checkpoint(shared)?;
        }
        Ok(())
    }

    /// Appends rounds anew to a file that another program has changed, and returns how many were kept.
    fn keep_again(&mut self, shared: &Shared, series: &SeriesId, pending: &Pending) -> usize {
        let pings = pending.layout.pings.unwrap_or(0);
        let rounds = pending.rounds.iter();
        let kept = rounds.filter(|(slot, values)| {
            matches!(self.keep(shared, series, *slot, pings, values.clone()), Ok(Appended::Stored))
        });
        kept.count()
    }

    /// Writes what is pending for one file to it. The journal has it on the disk already.
    ///
    /// When another program has changed the file, nothing is written, and what was pending returned with the reason.
    fn write_out(&mut self, shared: &Shared, series: &SeriesId) -> Result<Option<(String, Arc<Pending>)>, StoreError> {
        let Some(pending) = shared.pending(series) else {
            return Ok(None);
        };
        let path = shared.path_of(series);
        let writing = shared.writing(series);
        let opened = match self.open.remove(series) {
            Some(file) => Ok(file),
            None => match RrdFile::open_known(shared.disk.as_ref(), &path, &pending.layout) {
                Ok(Some(file)) if self.warm.contains_key(series) => Ok(file),
                // Read it after all, to see what is wrong with it.
                _ => self.open_file(shared, &path),
            },
        };
        self.warm.remove(series);
        let io = |action| {
            let path = path.clone();
            move |source| StoreError::Io { action, path, source }
        };
        let changed = match opened {
            Ok(file) if file.layout.head != pending.layout.head => Some("another program has replaced it".to_owned()),
            Ok(mut file) => match file.updated().map_err(io("read"))? {
                Ok(updated) if pending.times.contains(&updated) => {
                    file.write(&pending.live, &pending.runs, &mut self.room).map_err(io("write"))?;
                    self.touch(&path);
                    if self.warm.len() < MOST_WARM && file.can_be_written_unread() {
                        let warm = Warm::keep(&pending.layout, &pending.live);
                        self.warm.extend(warm.map(|warm| (series.clone(), warm)));
                    }
                    None
                }
                Ok(updated) => Some(format!("another program has updated it at {} s", updated.secs)),
                Err(damage) => Some(format!("it is damaged: {damage}")),
            },
            Err(StoreError::Damaged { reason, .. }) => Some(format!("it is damaged: {reason}")),
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Some("another program has removed it".to_owned())
            }
            Err(error) => return Err(error),
        };
        shared.remove_pending(series);
        drop(writing);
        self.pending_bytes =
            if shared.nothing_pending() { 0 } else { self.pending_bytes.saturating_sub(pending.bytes()) };
        Ok(changed.map(|why| (why, pending)))
    }

    /// Opens a file for writing, if need be in place of those that are kept open.
    pub(super) fn open_file(&mut self, shared: &Shared, path: &Path) -> Result<RrdFile, StoreError> {
        let open = || RrdFile::open(shared.disk.as_ref(), path, true, &shared.layouts);
        match open() {
            Err(StoreError::Io { source, .. })
                if !self.open.is_empty() && source.raw_os_error() == Some(libc::EMFILE) =>
            {
                self.open.clear();
                open()
            }
            opened => opened,
        }
    }

    /// Notes the folder of a file that was written.
    fn touch(&mut self, path: &Path) {
        if let Some(folder) = path.parent().filter(|folder| *folder != self.last_touched) {
            folder.clone_into(&mut self.last_touched);
            self.touched.insert(folder.to_owned());
        }
    }

    /// Writes to the journal that earlier entries are not about the file that is there now.
    pub(super) fn log_forget(&mut self, shared: &Shared, series: &SeriesId) -> Result<(), StoreError> {
        self.log(shared, |bytes| encode_forget(bytes, series))
    }

    /// Writes an entry to the journal.
    fn log(&mut self, shared: &Shared, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError> {
        let journal = match &mut self.journal {
            Some(journal) => journal,
            none => {
                let journal = Journal::begin(&shared.disk, &shared.config.datadir, self.next_segment)
                    .map_err(|source| journal_error(shared, source))?;
                none.insert(journal)
            }
        };
        journal.append(encode).map_err(|source| journal_error(shared, source))
    }

    /// Returns once the journal is on the disk.
    pub(super) fn sync_journal(&mut self, shared: &Shared) -> Result<(), StoreError> {
        match &mut self.journal {
            Some(journal) => journal.sync().map_err(|source| journal_error(shared, source)),
            None => Ok(()),
        }
    }

    /// Notes a file that was made, to be synced before anything is written to it.
    pub(super) fn made(&mut self, path: PathBuf) {
        self.fresh.insert(path);
    }

    /// Returns once the files that were made are on the disk, with their names.
    fn sync_fresh(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Io { action: "sync", path, source }
        };
        let mut folders = BTreeSet::new();
        let few = self.fresh.len() <= FEW;
        if !few {
            shared.disk.sync_all(&shared.config.datadir).map_err(failed(&shared.config.datadir))?;
        }
        for path in self.fresh.iter().filter(|_| few) {
            match shared.disk.open(path, false).and_then(|file| file.sync()) {
                // Gone again: there is nothing to keep.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                synced => synced.map_err(failed(path))?,
            }
            let above = path.ancestors().skip(1).take_while(|above| above.starts_with(&shared.config.datadir));
            folders.extend(above.map(Path::to_owned));
        }
        for folder in folders {
            shared.disk.sync_dir(&folder).map_err(failed(&folder))?;
        }
        self.fresh.clear();
        Ok(())
    }

    /// Begins a new segment, and removes the old ones as soon as everything in them is in the files, on the disk.
    fn checkpoint(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        if !self.stuck.is_empty() || self.syncing.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let ended = journal.rotate(&shared.config.datadir).map_err(|source| {
            self.syncing.store(false, Ordering::SeqCst);
            journal_error(shared, source)
        })?;
        let mut segments = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        segments.push(ended);
        let removable = segments.clone();
        drop(segments);
        // One folder of each file system.
        let folders = self.touched.iter().cloned();
        let devices: BTreeMap<u64, PathBuf> =
            folders.filter_map(|folder| Some((shared.disk.device(&folder).ok()?, folder))).collect();
        let (disk, folder) = (Arc::clone(&shared.disk), journal.folder().to_owned());
        let (all, syncing) = (Arc::clone(&self.ended), Arc::clone(&self.syncing));
        shared.disk.spawn(Box::new(move || {
            let synced = devices.values().try_for_each(|folder| disk.sync_all(folder));
            let removed = synced.and_then(|()| {
                removable.iter().try_for_each(|&segment| match journal::remove(disk.as_ref(), &folder, segment) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    _ => {
                        all.lock().unwrap_or_else(PoisonError::into_inner).retain(|&kept| kept != segment);
                        Ok(())
                    }
                })
            });
            if let Err(error) = removed {
                tracing::warn!(%error, "could not sync the RRD files; the journal is kept until that succeeds");
            }
            syncing.store(false, Ordering::SeqCst);
        }));
        Ok(())
    }
}

/// Files whose state is kept in memory, in about 40 MB.
const MOST_WARM: usize = 20_000;
/// Up to this many files are synced one by one, which spares the rest of the file system.
const FEW: usize = 64;

fn journal_error(shared: &Shared, source: io::Error) -> StoreError {
    StoreError::Io { action: "write the journal in", path: journal::folder_in(&shared.config.datadir), source }
}
