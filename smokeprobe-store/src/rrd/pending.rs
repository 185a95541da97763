//! Rounds that are in the journal and not yet in their files, and what appends and queries share.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use smokeprobe_core::{SeriesId, Slot, Step};

use crate::rrd::RrdStoreConfig;
use crate::rrd::disk::Disk;
use crate::rrd::fetch::Span;
use crate::rrd::file::{Layouts, RrdFile};
use crate::rrd::incident::{Incident, IncidentKind, Incidents};
use crate::rrd::layout::Layout;
use crate::rrd::live::{Live, UpdateTime};
use crate::rrd::paths;
use crate::rrd::update::Run;
use crate::store::SeriesMeta;

/// What the journal has for one file beyond what the file has.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) layout: Arc<Layout>,
    /// The state of the file once the rows are written.
    pub(crate) live: Live,
    /// The rows, in the order in which they were appended.
    pub(crate) runs: Vec<Run>,
    /// The same as they came, should another program have changed the file meanwhile.
    pub(crate) rounds: Vec<(Slot, Vec<f64>)>,
    /// Every time at which the file may have been updated last: before the first of the rows, and after each.
    pub(crate) times: Vec<UpdateTime>,
}

impl Pending {
    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let runs: usize = self.runs.iter().map(|run| size_of_val(run) + 8 * run.values.len()).sum();
        let rounds: usize = self.rounds.iter().map(|(_, values)| 40 + 8 * values.len()).sum();
        size_of::<Self>()
            + rounds
            + size_of_val(&*self.live.cdp)
            + size_of_val(&*self.live.pdp)
            + runs
            + 16 * self.times.len()
    }

    /// Puts the rows over those read from the file.
    pub(crate) fn overlay(&self, span: &Span, values: &mut [f64]) {
        let sources = self.layout.sources.len();
        let rows = self.layout.archives[span.archive].rows;
        for run in self.runs.iter().filter(|run| run.archive as usize == span.archive) {
            for row in 0..run.count {
                let place =
                    (u64::from(run.row) + u64::from(row) + u64::from(rows) - u64::from(span.row)) % u64::from(rows);
                if place < u64::from(span.count) {
                    values[place as usize * sources..][..sources].copy_from_slice(&run.values);
                }
            }
        }
    }
}

/// What appends and queries share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) config: RrdStoreConfig,
    pub(crate) layouts: Layouts,
    pub(crate) incidents: Incidents,
    pending: RwLock<HashMap<SeriesId, Arc<Pending>>>,
    /// A file is written under the lock of its shard, so that a query sees all of an update or none of it.
    shards: Vec<RwLock<()>>,
}

/// Enough that queries of other series seldom wait for a write.
const SHARDS: usize = 64;

impl Shared {
    pub(crate) fn new(disk: Arc<dyn Disk>, config: RrdStoreConfig) -> Self {
        Self {
            disk,
            config,
            layouts: Layouts::default(),
            incidents: Incidents::default(),
            pending: RwLock::default(),
            shards: std::iter::repeat_with(RwLock::default).take(SHARDS).collect(),
        }
    }

    pub(crate) fn path_of(&self, series: &SeriesId) -> PathBuf {
        paths::path_of(&self.config.datadir, series)
    }

    /// Held while a file is read.
    pub(crate) fn reading(&self, series: &SeriesId) -> RwLockReadGuard<'_, ()> {
        self.shard(series).read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while a file is written or replaced.
    pub(crate) fn writing(&self, series: &SeriesId) -> RwLockWriteGuard<'_, ()> {
        self.shard(series).write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the journal has for a file beyond what the file has.
    pub(crate) fn pending(&self, series: &SeriesId) -> Option<Arc<Pending>> {
        self.pending.read().unwrap_or_else(PoisonError::into_inner).get(series).cloned()
    }

    /// Every series with something pending.
    pub(crate) fn pending_series(&self) -> Vec<SeriesId> {
        let mut series: Vec<_> = self.pending.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        // In the order of the folders, and the same in every run.
        series.sort_unstable();
        series
    }

    /// Adds to what is pending for a file. In place, unless a query looks at it just now.
    pub(crate) fn add_pending(&self, series: &SeriesId, added: Pending) {
        let mut all = self.pending.write().unwrap_or_else(PoisonError::into_inner);
        match all.get_mut(series) {
            Some(pending) => {
                let pending = Arc::make_mut(pending);
                pending.live = added.live;
                pending.runs.extend(added.runs);
                pending.rounds.extend(added.rounds);
                pending.times.extend(added.times.into_iter().skip(1));
            }
            None => drop(all.insert(series.clone(), Arc::new(added))),
        }
    }

    /// Whether every round is in its file.
    pub(crate) fn nothing_pending(&self) -> bool {
        self.pending.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Nothing is pending for a file any more.
    pub(crate) fn remove_pending(&self, series: &SeriesId) {
        self.pending.write().unwrap_or_else(PoisonError::into_inner).remove(series);
    }

    /// What is known of a file's series; `None` if it is no file of ours.
    pub(crate) fn meta(&self, series: SeriesId, path: &Path) -> Option<SeriesMeta> {
        let _reading = self.reading(&series);
        let file = RrdFile::open(self.disk.as_ref(), path, false, &self.layouts).ok()?;
        let live = match self.pending(&series) {
            Some(pending) => pending.live.clone(),
            None => file.live().ok()?,
        };
        let layout = &file.layout;
        let last = live.last_step_end(layout);
        Some(SeriesMeta {
            series,
            step: Step::from_secs(layout.step)?,
            pings: layout.pings?,
            last: (last > 0).then_some(last),
            archives: layout
                .archives
                .iter()
                .map(|archive| (layout.step.saturating_mul(archive.steps), archive.rows))
                .collect(),
        })
    }

    pub(crate) fn report(&self, path: &Path, kind: IncidentKind, detail: String) {
        let at = self.config.clock.wall();
        self.incidents.report(Incident { at, path: path.to_owned(), kind, detail });
    }

    fn shard(&self, series: &SeriesId) -> &RwLock<()> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(series);
        // There are `SHARDS` of them, and the index is less.
        &self.shards[hash as usize % SHARDS]
    }
}
