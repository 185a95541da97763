//! A store in memory: obvious, slow, and the model that others are compared with.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use smokeprobe_core::{Round, SeriesId, Slot};

use crate::rrd::{joined, row_of};
use crate::store::{Appended, Frame, Query, SeriesMeta, Store, StoreError};

/// Keeps the last rows of each series in memory, and nothing after the end of the process.
///
/// It has no coarser archives: a query over more rows than it has points for folds them as it reads. A series whose
/// pings or step change begins anew.
#[derive(Debug)]
pub struct MemoryStore {
    most_rows: usize,
    series: Mutex<BTreeMap<SeriesId, Series>>,
}

#[derive(Debug)]
struct Series {
    pings: u32,
    /// By the slot that ends them; slots without a round have none.
    rows: BTreeMap<i64, Vec<f64>>,
    first: Slot,
    last: Slot,
}

impl MemoryStore {
    /// A store that keeps the rows of the last `most_rows` slots of each series.
    pub fn new(most_rows: usize) -> Self {
        Self { most_rows: most_rows.max(1), series: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SeriesId, Series>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn append(&self, round: &Round) -> Result<Appended, StoreError> {
        let row = row_of(round).map_err(|reason| StoreError::Mismatch { series: round.series.clone(), reason })?;
        let mut all = self.lock();
        let fresh =
            || Series { pings: round.pings, rows: BTreeMap::new(), first: round.slot, last: round.slot.plus(-1) };
        let series = all.entry(round.series.clone()).or_insert_with(fresh);
        if series.pings != round.pings || series.last.step() != round.slot.step() {
            *series = fresh();
        }
        if round.slot <= series.last {
            return Ok(if round.slot == series.last { Appended::Duplicate } else { Appended::TooOld });
        }
        series.rows.insert(round.slot.end(), row);
        series.last = round.slot;
        let oldest = round.slot.plus(1 - self.most_rows as i64);
        series.first = series.first.max(oldest);
        series.rows = series.rows.split_off(&series.first.end());
        Ok(Appended::Stored)
    }

    fn query(&self, query: &Query) -> Result<Frame, StoreError> {
        let all = self.lock();
        let series = all.get(&query.series).ok_or_else(|| StoreError::NoSuchSeries(query.series.clone()))?;
        let step = i64::from(series.last.step().as_secs());
        let ends: Vec<i64> = (series.first.end()..=series.last.end())
            .step_by(step as usize)
            .filter(|&end| end > query.from && end - step < query.to && query.from <= query.to)
            .collect();
        // The fewest rows a point that leave no more points than asked for, on a grid that does not move.
        let points = |fold: i64| {
            let mut points: Vec<i64> = ends.iter().map(|end| (end + fold * step - 1).div_euclid(fold * step)).collect();
            points.dedup();
            points
        };
        let fold = (1..=ends.len().max(1) as i64).find(|&fold| points(fold).len() <= query.max_points);
        let unknown = vec![f64::NAN; 3 + series.pings as usize];
        let row = |end: &i64| series.rows.get(end).unwrap_or(&unknown);
        let column = |source: usize, ends: &[i64]| joined(query.consolidation, ends.iter().map(|end| row(end)[source]));
        // One point may be asked for where the grid makes two.
        let (start, fold, groups): (i64, i64, Vec<Vec<i64>>) = match fold {
            Some(fold) => {
                let grid = points(fold);
                let of = |point: i64| {
                    ends.iter().copied().filter(move |end| (end + fold * step - 1).div_euclid(fold * step) == point)
                };
                let start = grid.first().map_or(series.last.end(), |point| point * fold * step);
                (start, fold, grid.iter().map(|&point| of(point).collect()).collect())
            }
            None => (ends[ends.len() - 1], ends.len() as i64, vec![ends.clone()]),
        };
        let whole = |source: usize| groups.iter().map(|ends| column(source, ends)).collect::<Vec<f64>>();
        Ok(Frame {
            start,
            step: u32::try_from(fold * step).unwrap_or(u32::MAX),
            consolidation: query.consolidation,
            pings: series.pings,
            uptime: whole(0),
            loss: whole(1),
            median: whole(2),
            samples: (3..3 + series.pings as usize).map(whole).collect(),
        })
    }

    fn catalog(&self) -> Result<Vec<SeriesMeta>, StoreError> {
        let meta = |(id, series): (&SeriesId, &Series)| SeriesMeta {
            series: id.clone(),
            step: series.last.step(),
            pings: series.pings,
            last: Some(series.last.end()),
            archives: vec![(series.last.step().as_secs(), u32::try_from(self.most_rows).unwrap_or(u32::MAX))],
        };
        Ok(self.lock().iter().map(meta).collect())
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
