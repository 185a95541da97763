//! What an entry of the journal says, as bytes.

use smokeprobe_core::SeriesId;

use crate::rrd::layout::Layout;
use crate::rrd::live::{Live, UpdateTime, last_value};
use crate::rrd::update::Run;

/// An entry of the journal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    /// A row was appended.
    Row(Record),
    /// The file of a series was made anew, or set aside: earlier entries are not about the file that is there now.
    Forget(SeriesId),
}

/// Everything that appending a row changed. Writing it to the file twice does no harm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    pub(crate) series: SeriesId,
    /// The checksum of the file's unchanging part.
    pub(crate) layout: u32,
    /// When the file was updated before.
    pub(crate) before: UpdateTime,
    /// The end of the row's slot.
    pub(crate) end: i64,
    /// The row.
    pub(crate) values: Vec<f64>,
    /// What became of each archive.
    pub(crate) archives: Vec<ArchiveState>,
    /// The rows written.
    pub(crate) runs: Vec<Run>,
}

/// The state of one archive after a row was appended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ArchiveState {
    /// The row written last.
    pub(crate) cur_row: u32,
    /// Value and unknown steps of the row in progress, one a source; none where each row is one step.
    pub(crate) progress: Vec<(f64, u64)>,
}

impl Record {
    /// Whether the record can be about a file of this layout.
    pub(crate) fn fits(&self, layout: &Layout) -> bool {
        let archives = layout.archives.iter().zip(&self.archives);
        self.layout == layout.checksum
            && self.values.len() == layout.sources.len()
            && self.archives.len() == layout.archives.len()
            && archives.into_iter().all(|(archive, state)| {
                state.cur_row < archive.rows
                    && state.progress.len() == if archive.steps == 1 { 0 } else { layout.sources.len() }
            })
            && self.runs.iter().all(|run| {
                layout.archives.get(run.archive as usize).is_some_and(|archive| {
                    run.row < archive.rows && run.count <= archive.rows && run.values.len() == layout.sources.len()
                })
            })
    }
}

/// Brings the state of a file to what it was after the record was made, whatever state it was in.
pub(crate) fn redo(layout: &Layout, live: &mut Live, record: &Record) {
    let sources = layout.sources.len();
    live.updated = UpdateTime::from_secs(record.end);
    for (pdp, &value) in live.pdp.iter_mut().zip(&record.values) {
        pdp.last_value = last_value(value);
        pdp.unknown_secs = 0;
        pdp.value = if value.is_nan() { f64::NAN } else { 0.0 };
    }
    for (index, state) in record.archives.iter().enumerate() {
        live.cur_row[index] = state.cur_row;
        let cdps = &mut live.cdp[index * sources..(index + 1) * sources];
        for (cdp, &(value, unknown)) in cdps.iter_mut().zip(&state.progress) {
            cdp.value = value;
            cdp.unknown = unknown;
        }
    }
    live.forget_rows();
}

const ROW: u8 = 1;
const FORGET: u8 = 2;
/// How the values of a run are kept: none, since all are unknown; none, since they are the row's; each.
const RUN_UNKNOWN: u8 = 0;
const RUN_OF_ROW: u8 = 1;
const RUN_VALUES: u8 = 2;

/// An appended row, to be written: `live` is the state after it.
#[derive(Debug)]
pub(crate) struct NewRow<'a> {
    pub(crate) series: &'a SeriesId,
    pub(crate) layout: &'a Layout,
    pub(crate) before: UpdateTime,
    pub(crate) live: &'a Live,
    pub(crate) values: &'a [f64],
    pub(crate) runs: &'a [Run],
}

/// Adds the bytes of an entry that says to forget a file.
pub(crate) fn encode_forget(bytes: &mut Vec<u8>, series: &SeriesId) {
    put_series(bytes, FORGET, series);
}

impl NewRow<'_> {
    /// Adds the entry's bytes, all numbers little-endian.
    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        put_series(bytes, ROW, self.series);
        bytes.extend_from_slice(&self.layout.checksum.to_le_bytes());
        bytes.extend_from_slice(&self.before.secs.to_le_bytes());
        bytes.extend_from_slice(&self.before.micros.to_le_bytes());
        bytes.extend_from_slice(&self.live.updated.secs.to_le_bytes());
        bytes.extend_from_slice(&(self.values.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.layout.archives.len() as u32).to_le_bytes());
        put_values(bytes, self.values);
        let cdps = self.live.cdp.chunks_exact(self.layout.sources.len());
        for ((archive, cur_row), cdps) in self.layout.archives.iter().zip(&self.live.cur_row).zip(cdps) {
            bytes.extend_from_slice(&cur_row.to_le_bytes());
            // A row of one step is never in progress.
            let cdps = if archive.steps == 1 { &[] } else { cdps };
            bytes.push(u8::from(!cdps.is_empty()));
            for cdp in cdps {
                bytes.extend_from_slice(&cdp.value.to_le_bytes());
                // More unknown steps than a row has are as bad as any number of them.
                bytes.extend_from_slice(&u32::try_from(cdp.unknown).unwrap_or(u32::MAX).to_le_bytes());
            }
        }
        bytes.extend_from_slice(&(self.runs.len() as u32).to_le_bytes());
        for run in self.runs {
            bytes.extend_from_slice(&run.archive.to_le_bytes());
            bytes.extend_from_slice(&run.row.to_le_bytes());
            bytes.extend_from_slice(&run.count.to_le_bytes());
            let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits();
            if run.values.iter().all(|value| value.to_bits() == f64::NAN.to_bits()) {
                bytes.push(RUN_UNKNOWN);
            } else if run.values.iter().zip(self.values).all(same) {
                bytes.push(RUN_OF_ROW);
            } else {
                bytes.push(RUN_VALUES);
                put_values(bytes, &run.values);
            }
        }
    }
}

impl Entry {
    /// Reads what [`NewRow::encode`] or [`encode_forget`] has written. `None` for anything else.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Reader(bytes);
        let kind = bytes.take(1)?[0];
        let len = bytes.u32()?;
        let series: SeriesId = std::str::from_utf8(bytes.take(len as usize)?).ok()?.parse().ok()?;
        if kind != ROW {
            return (kind == FORGET && bytes.0.is_empty()).then_some(Self::Forget(series));
        }
        let layout = bytes.u32()?;
        let before = UpdateTime { secs: bytes.u64()? as i64, micros: bytes.u32()? };
        let end = bytes.u64()? as i64;
        let (sources, archives) = (bytes.u32()? as usize, bytes.u32()? as usize);
        let values = bytes.values(sources)?;
        let archives = (0..archives).map(|_| {
            let cur_row = bytes.u32()?;
            let count = match bytes.take(1)?[0] {
                0 => 0,
                1 => sources,
                _ => return None,
            };
            // Twelve bytes each, so that a forged count cannot ask for memory that is not in the record.
            let progress = bytes.take(count.checked_mul(12)?)?.chunks_exact(12).map(|bytes| {
                let mut bytes = Reader(bytes);
                Some((f64::from_bits(bytes.u64()?), u64::from(bytes.u32()?)))
            });
            Some(ArchiveState { cur_row, progress: progress.collect::<Option<_>>()? })
        });
        let archives = archives.collect::<Option<Vec<_>>>()?;
        let runs = bytes.u32()?;
        let runs = (0..runs).map(|_| {
            let (archive, row, count) = (bytes.u32()?, bytes.u32()?, bytes.u32()?);
            let values = match bytes.take(1)?[0] {
                RUN_UNKNOWN => vec![f64::NAN; sources],
                RUN_OF_ROW => values.clone(),
                RUN_VALUES => bytes.values(sources)?,
                _ => return None,
            };
            Some(Run { archive, row, count, values })
        });
        let runs = runs.collect::<Option<Vec<_>>>()?;
        bytes.0.is_empty().then_some(Self::Row(Record { series, layout, before, end, values, archives, runs }))
    }
}

fn put_series(bytes: &mut Vec<u8>, kind: u8, series: &SeriesId) {
    bytes.push(kind);
    let series = series.to_string();
    bytes.extend_from_slice(&(series.len() as u32).to_le_bytes());
    bytes.extend_from_slice(series.as_bytes());
}

fn put_values(bytes: &mut Vec<u8>, values: &[f64]) {
    for value in values {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
}

/// Takes bytes off the front, never more than there are.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn values(&mut self, count: usize) -> Option<Vec<f64>> {
        let bytes = self.take(count.checked_mul(8)?)?;
        Some(bytes.chunks_exact(8).map(|b| crate::rrd::layout::f64_at(b, 0)).collect())
    }
}
