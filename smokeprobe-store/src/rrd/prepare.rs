//! Getting the file of a series ready for a round: making it, converting it, setting a damaged one aside.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use smokeprobe_core::{SeriesId, Slot, Step};

use crate::rrd::file::{RrdFile, beside, make, settle};
use crate::rrd::incident::IncidentKind;
use crate::rrd::layout::Layout;
use crate::rrd::live::Live;
use crate::rrd::migrate::{Image, convert};
use crate::rrd::pending::Shared;
use crate::rrd::writer::Writer;
use crate::store::StoreError;

/// Names tried for a file that is kept beside another, before giving up.
const MOST_KEPT: u32 = 1000;
/// Files kept open for pending rows; a process may usually open 1,024.
const MOST_OPEN: usize = 512;
/// Sources beyond this belong to no round.
const MOST_PINGS: u32 = 9_000;

type State = (Arc<Layout>, Live);

impl Writer {
    /// The state of a series' file, pending rows included, once it has these pings and this step.
    ///
    /// `slot` is that of the first row, where there is one to come.
    pub(super) fn state_for(
        &mut self,
        shared: &Shared,
        series: &SeriesId,
        step: Step,
        pings: u32,
        slot: Option<Slot>,
    ) -> Result<State, StoreError> {
        if !(1..=MOST_PINGS).contains(&pings) || i64::from(step.as_secs()) > i64::from(u32::MAX / 4) {
            let reason = format!("{pings} pings every {} s cannot be kept", step.as_secs());
            return Err(StoreError::Mismatch { series: series.clone(), reason });
        }
        let same_rounds = |layout: &Layout| layout.step == step.as_secs() && layout.pings == Some(pings);
        let archives = &shared.config.archives;
        if let Some(pending) = shared.pending(series) {
            let fits = same_rounds(&pending.layout)
                && (pending.layout.has_archives(archives) || self.unconverted.contains(series));
            if fits {
                return Ok((Arc::clone(&pending.layout), pending.live.clone()));
            }
            self.commit(shared)?;
        }
        if let Some(warm) = self.warm.get(series).filter(|_| slot.is_some()) {
            let fits =
                same_rounds(&warm.layout) && (warm.layout.has_archives(archives) || self.unconverted.contains(series));
            if fits {
                return Ok((Arc::clone(&warm.layout), warm.live()));
            }
        }
        self.warm.remove(series);
        let path = shared.path_of(series);
        let wanted = || Layout::smokeping(step.as_secs(), pings, archives);
        let opened = self.open_file(shared, &path).and_then(|file| {
            let live = file.live().map_err(|damage| StoreError::Damaged { path: path.clone(), reason: damage.0 })?;
            Ok((file, live))
        });
        let (mut file, mut live) = match opened {
            Ok(opened) => opened,
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return self.create(shared, series, &path, &wanted(), slot);
            }
            Err(StoreError::Damaged { reason, .. }) => {
                self.set_aside(shared, series, &path, &reason)?;
                return self.create(shared, series, &path, &wanted(), slot);
            }
            Err(error) => return Err(error),
        };
        let to_convert =
            !same_rounds(&file.layout) || !(file.layout.has_archives(archives) || self.unconverted.contains(series));
        if to_convert {
            match self.convert(shared, series, &path, &file, &live, &wanted()) {
                Ok(()) => {
                    file = self.open_file(shared, &path)?;
                    live =
                        file.live().map_err(|damage| StoreError::Damaged { path: path.clone(), reason: damage.0 })?;
                }
                // With the same rounds, rows as SmokePing has made them are better than none.
                Err(StoreError::Io { source, .. }) if same_rounds(&file.layout) => {
                    self.unconverted.insert(series.clone());
                    let detail = format!("it goes on with the archives that it has: cannot convert it: {source}");
                    shared.report(&path, IncidentKind::NotConverted, detail);
                }
                Err(error) => return Err(error),
            }
        }
        if !file.layout.is_tuned(pings) {
            let like = Layout::new(file.layout.step, wanted().sources, file.layout.archives.clone());
            file.tune(&like, &shared.layouts).map_err(|source| StoreError::Io { action: "write", path, source })?;
        }
        let layout = Arc::clone(&file.layout);
        if slot.is_some() && self.open.len() < MOST_OPEN {
            self.open.insert(series.clone(), file);
        }
        Ok((layout, live))
    }

    /// Makes a fresh file.
    fn create(
        &mut self,
        shared: &Shared,
        series: &SeriesId,
        path: &Path,
        layout: &Layout,
        slot: Option<Slot>,
    ) -> Result<State, StoreError> {
        // One second ago, as SmokePing does, where no round says when the history begins.
        let start = slot.map_or_else(|| shared.config.clock.wall().unix_secs() - 1, Slot::start).max(1);
        // Rings that begin at different places do not all reach a new page, cold on the disk, with the same round.
        let seed = crc32fast::hash(series.to_string().as_bytes());
        let live = Live::fresh(layout, start, |archive| seed.rotate_left(archive as u32));
        make(shared.disk.as_ref(), path, layout, &live, None)?;
        self.log_forget(shared, series)?;
        let writing = shared.writing(series);
        settle(shared.disk.as_ref(), path)?;
        drop(writing);
        self.made(path.to_owned());
        let file = RrdFile::open(shared.disk.as_ref(), path, true, &shared.layouts)?;
        Ok((file.layout, live))
    }

    /// Gives a damaged file another name, so that a fresh one can take its place.
    fn set_aside(&mut self, shared: &Shared, series: &SeriesId, path: &Path, reason: &str) -> Result<(), StoreError> {
        self.log_forget(shared, series)?;
        let _writing = shared.writing(series);
        let kept = keep_beside(shared, path, "damaged", |to| {
            if shared.disk.exists(to) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            shared.disk.rename(path, to)
        })?;
        let detail = format!("{reason}; it is kept as {}, and a new file takes its place", file_name(&kept));
        shared.report(path, IncidentKind::SetAside, detail);
        Ok(())
    }

    /// Makes a file of another layout with the same history, and keeps the old one beside it.
    fn convert(
        &mut self,
        shared: &Shared,
        series: &SeriesId,
        path: &Path,
        file: &RrdFile,
        live: &Live,
        layout: &Layout,
    ) -> Result<(), StoreError> {
        let disk = shared.disk.as_ref();
        let failed = |action| move |source| StoreError::Io { action, path: path.to_owned(), source };
        if file.layout.pings.is_some() {
            let rows = file
                .layout
                .archives
                .iter()
                .enumerate()
                .map(|(index, archive)| file.rows(index, (live.cur_row[index] + 1) % archive.rows, archive.rows));
            let rows = rows.collect::<io::Result<Vec<_>>>().map_err(failed("read"))?;
            let (live, rings) = convert(&Image { layout: &file.layout, live, rows }, layout);
            make(disk, path, layout, &live, Some(&rings))?;
        } else {
            // An RRD file of something else: there is no history of rounds in it.
            let live = Live::fresh(layout, live.updated.secs.max(1), |_| 0);
            make(disk, path, layout, &live, None)?;
        }
        // The old file is complete on the disk before the journal forgets it.
        file.sync().map_err(failed("sync"))?;
        self.log_forget(shared, series)?;
        self.sync_journal(shared)?;
        let _writing = shared.writing(series);
        let kept = keep_beside(shared, path, "bak", |to| match disk.link(path, to) {
            // File systems without a second name for a file.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !disk.exists(to) => disk.rename(path, to),
            linked => linked,
        })?;
        settle(disk, path)?;
        self.made(path.to_owned());
        let detail = format!("its pings, step or archives have changed; the old file is kept as {}", file_name(&kept));
        shared.report(path, IncidentKind::Converted, detail);
        Ok(())
    }
}

/// Keeps a file under the first free name of `<file>.<what>-<date>`, `<file>.<what>-<date>-2` and so on.
fn keep_beside(
    shared: &Shared,
    path: &Path,
    what: &str,
    keep: impl Fn(&Path) -> io::Result<()>,
) -> Result<PathBuf, StoreError> {
    let date = chrono::DateTime::from_timestamp(shared.config.clock.wall().unix_secs(), 0).unwrap_or_default();
    let name = format!("{what}-{}", date.format("%Y-%m-%d"));
    for number in 1..=MOST_KEPT {
        let to = beside(path, &if number == 1 { name.clone() } else { format!("{name}-{number}") });
        match keep(&to) {
            Ok(()) => return Ok(to),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(StoreError::Io { action: "keep", path: path.to_owned(), source }),
        }
    }
    let source = io::Error::new(io::ErrorKind::AlreadyExists, "too many old files of this day lie beside it");
    Err(StoreError::Io { action: "keep", path: path.to_owned(), source })
}

fn file_name(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}
