//! The files through librrd, by the `rrd` crate: for comparison, and for those who trust only the original.
//!
//! It has none of the other backend's guarantees: a value is multiplied by the seconds it stands for and divided
//! again, so that its last bit may differ; a kill in the middle of an update can leave half of it; nothing is
//! converted. librrd is not safe to call from several threads on one file, so that calls take turns.

use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rrd::ConsolidationFn;
use rrd::error::RrdError;
use rrd::ops::create::{self, DataSource, DataSourceName};
use rrd::ops::update::{BatchTime, Datum, Options, update_all};
use smokeprobe_core::Round;

use crate::rrd::{Archive, RrdStore, RrdStoreConfig, row_of};
use crate::store::{Appended, Consolidation, Frame, Query, SeriesMeta, Store, StoreError};

/// A store of RRD files that are made and updated by librrd. Queries and the catalog read them as [`RrdStore`] does.
#[derive(Debug)]
pub struct LibrrdStore {
    archives: Vec<Archive>,
    reader: RrdStore,
    turn: Mutex<()>,
}

impl LibrrdStore {
    /// Files in the folder of `config`, with its archives.
    pub fn open(config: RrdStoreConfig) -> Result<Self, StoreError> {
        let RrdStoreConfig { datadir, archives, .. } = config;
        std::fs::create_dir_all(&datadir).map_err(|source| StoreError::Io {
            action: "make",
            path: datadir.clone(),
            source,
        })?;
        Ok(Self { archives, reader: RrdStore::read_only(datadir), turn: Mutex::default() })
    }

    fn create(&self, path: &Path, round: &Round) -> Result<(), StoreError> {
        if let Some(folder) = path.parent() {
            let failed = |source| StoreError::Io { action: "make the folder of", path: path.to_owned(), source };
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let step = round.slot.step().as_secs();
        let mut sources = vec![gauge("uptime", step, None), gauge("loss", step, Some(f64::from(round.pings)))];
        sources.push(gauge("median", step, None));
        sources.extend((1..=round.pings).map(|ping| gauge(&format!("ping{ping}"), step, None)));
        let sources = sources.into_iter().collect::<Result<Vec<_>, _>>().map_err(|error| failed(path, error))?;
        let archives = self.archives.iter().map(|archive| {
            let cf = match archive.consolidation {
                Consolidation::Average => ConsolidationFn::Avg,
                Consolidation::Min => ConsolidationFn::Min,
                Consolidation::Max => ConsolidationFn::Max,
            };
            create::Archive::new(cf, archive.xff, archive.steps, archive.rows)
        });
        let archives = archives.collect::<Result<Vec<_>, _>>().map_err(|error| failed(path, error.into()))?;
        let (start, step) = (time(round.slot.start()), round.slot.step().as_duration());
        create::create(path, start, step, true, None, &[], &sources, &archives).map_err(|error| failed(path, error))
    }
}

impl Store for LibrrdStore {
    fn append(&self, round: &Round) -> Result<Appended, StoreError> {
        let series = &round.series;
        let mismatch = |reason| StoreError::Mismatch { series: series.clone(), reason };
        let values = row_of(round).map_err(mismatch)?;
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.reader.path_of(series);
        if !path.exists() {
            self.create(&path, round)?;
        }
        let (meta, updated) = self.reader.state_of(series)?;
        if meta.step != round.slot.step() || meta.pings != round.pings {
            return Err(mismatch(format!("the file has {} pings every {} s", meta.pings, meta.step.as_secs())));
        }
        let (start, end) = (round.slot.start(), round.slot.end());
        if end <= updated {
            return Ok(if end == updated { Appended::Duplicate } else { Appended::TooOld });
        }
        let mut readings = Vec::new();
        if updated < start {
            // Without it the row before would be filled with the value of this round.
            readings.push((BatchTime::Timestamp(time(start)), vec![Datum::Unspecified; values.len()]));
        }
        let datum = |value: f64| if value.is_nan() { Datum::Unspecified } else { Datum::Float(value) };
        readings.push((BatchTime::Timestamp(time(end)), values.into_iter().map(datum).collect()));
        update_all(&path, Options::default(), &readings).map_err(|error| failed(&path, error))?;
        Ok(Appended::Stored)
    }

    fn query(&self, query: &Query) -> Result<Frame, StoreError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.reader.query(query)
    }

    fn catalog(&self) -> Result<Vec<SeriesMeta>, StoreError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.reader.catalog()
    }

    /// Returns once everything is on the disk: librrd leaves that to the system.
    fn sync(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.reader.sync_file_system()
    }
}

fn gauge(name: &str, step: u32, max: Option<f64>) -> Result<DataSource, RrdError> {
    Ok(DataSource::gauge(&DataSourceName::new(name)?, step * 2, Some(0.0), max))
}

fn time(unix_secs: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(unix_secs.max(0).unsigned_abs())
}

fn failed(path: &Path, error: RrdError) -> StoreError {
    StoreError::Io { action: "call librrd on", path: path.to_owned(), source: io::Error::other(error) }
}
