//! The history of a file in another layout: other pings, another step, other archives.
//!
//! Pure: the rows of the old file in, the rows of the new one out. The policy:
//!
//! 1. An archive that both files have, row for row, is taken over as it is.
//! 2. Otherwise a new row is made of the old rows that lie in its time, from the finest old archive of its
//!    consolidation (or of one step a row) that reaches back so far: the mean weighted by time, the least, or the
//!    greatest. It is unknown if a greater share of its time is unknown than the new archive allows.
//! 3. A finer step repeats the old row: what was measured over five minutes is all that is known of each of them.
//! 4. Other pings: the share of losses stays, so that 1 of 20 becomes 0.5 of 10. The known RTTs are the quantiles of a
//!    distribution, and are read off it at as many places as the new round has answers.
//! 5. The rows in progress are made again from the finest rows.

use crate::rrd::consolidate::{Advance, consolidate};
use crate::rrd::layout::{ArchiveLayout, Cf, Layout};
use crate::rrd::live::{Live, last_value};

/// A file in memory.
#[derive(Debug)]
pub(crate) struct Image<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) live: &'a Live,
    /// All rows of each archive, the oldest first.
    pub(crate) rows: Vec<Vec<f64>>,
}

/// The old history in the new layout: the live part, and all rows of each archive in the order of the ring.
pub(crate) fn convert(old: &Image<'_>, layout: &Layout) -> (Live, Vec<Vec<f64>>) {
    let step = i64::from(layout.step);
    let last = old.live.last_step_end(old.layout).div_euclid(step) * step;
    let mut live = Live::fresh(layout, last, |archive| layout.archives[archive].rows - 1);
    let sources = layout.sources.len();
    let mut rings = Vec::with_capacity(layout.archives.len());
    for (index, archive) in layout.archives.iter().enumerate() {
        let row_step = layout.row_step(index);
        let newest = live.last_row_end(layout, index);
        let mut ring = Vec::with_capacity(archive.rows as usize * sources);
        let same = (0..old.rows.len()).find(|&i| {
            old.layout.archives[i] == *archive
                && old.layout.step == layout.step
                && old.live.last_row_end(old.layout, i) == newest
        });
        if let Some(same) = same {
            for row in old.rows[same].chunks_exact(old.layout.sources.len()) {
                ring.extend(other_pings(row, old.layout, layout));
            }
        } else {
            for back in (0..i64::from(archive.rows)).rev() {
                let end = newest - back * row_step;
                let row = old.sample(archive.cf, archive.xff, end - row_step, end);
                ring.extend(other_pings(&row, old.layout, layout));
            }
        }
        rings.push(ring);
        let cdps = &mut live.cdp[index * sources..(index + 1) * sources];
        for cdp in cdps.iter_mut() {
            cdp.unknown = 0;
        }
        for end in (newest + step..=last).step_by(layout.step as usize) {
            let row = other_pings(&old.sample(Cf::Average, 0.5, end - step, end), old.layout, layout);
            let advance = Advance { before: (end / step - 1) as u64, elapsed: 1 };
            for (cdp, value) in cdps.iter_mut().zip(row) {
                consolidate(cdp, archive, advance, value);
            }
        }
    }
    let row = other_pings(&old.sample(Cf::Average, 0.5, last - step, last), old.layout, layout);
    for (pdp, value) in live.pdp.iter_mut().zip(row) {
        pdp.last_value = last_value(value);
    }
    (live, rings)
}

impl Image<'_> {
    /// What is known of the time from `from` to `to`, as one row.
    fn sample(&self, cf: Cf, xff: f64, from: i64, to: i64) -> Vec<f64> {
        let sources = self.layout.sources.len();
        let Some(archive) = self.archive_for(cf, from) else {
            return vec![f64::NAN; sources];
        };
        let step = self.layout.row_step(archive);
        let count = i64::from(self.layout.archives[archive].rows);
        let newest = self.live.last_row_end(self.layout, archive);
        // The first row that ends after `from`, counted from the oldest.
        let oldest_end = newest - (count - 1) * step;
        let first = (from - (oldest_end - step)).div_euclid(step).max(0);
        let mut parts = vec![Part::default(); sources];
        for row in first..count {
            let end = oldest_end + row * step;
            let overlap = end.min(to) - (end - step).max(from);
            if end - step >= to {
                break;
            }
            let values = &self.rows[archive][row as usize * sources..][..sources];
            for (part, &value) in parts.iter_mut().zip(values) {
                part.join(cf, value, overlap as f64);
            }
        }
        let needed = (to - from) as f64 * (1.0 - xff);
        parts.into_iter().map(|part| part.value(cf, needed)).collect()
    }

    /// The finest archive of a consolidation that reaches back to `from`; if none does, the one that reaches furthest.
    fn archive_for(&self, cf: Cf, from: i64) -> Option<usize> {
        let of = |test: &dyn Fn(&ArchiveLayout) -> bool| -> Vec<usize> {
            let archives = self.layout.archives.iter().enumerate();
            archives.filter(|(_, archive)| test(archive)).map(|(index, _)| index).collect()
        };
        let mut asked = of(&|archive| archive.cf == cf || archive.steps == 1);
        if asked.is_empty() {
            asked = of(&|_| true);
        }
        let begin = |&archive: &usize| {
            let span = self.layout.row_step(archive) * i64::from(self.layout.archives[archive].rows);
            self.live.last_row_end(self.layout, archive) - span
        };
        let reaching = asked.iter().filter(|archive| begin(archive) <= from);
        let finest = reaching.min_by_key(|&&archive| self.layout.archives[archive].steps);
        finest.or_else(|| asked.iter().min_by_key(|archive| begin(archive))).copied()
    }
}

/// What the rows looked at so far say of one source.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    /// Seconds known.
    known: f64,
    /// The sum of value × seconds, or the extreme.
    sum: f64,
    last: f64,
    /// More than one row has been joined.
    mixed: bool,
}

impl Part {
    fn join(&mut self, cf: Cf, value: f64, seconds: f64) {
        if value.is_nan() || seconds <= 0.0 {
            return;
        }
        let first = self.known == 0.0;
        self.mixed = !first;
        self.sum = match cf {
            Cf::Average => self.sum + value * seconds,
            Cf::Min if !first => self.sum.min(value),
            Cf::Max if !first => self.sum.max(value),
            _ => value,
        };
        self.last = value;
        self.known += seconds;
    }

    fn value(self, cf: Cf, needed: f64) -> f64 {
        if self.known == 0.0 || self.known < needed {
            return f64::NAN;
        }
        match cf {
            Cf::Min | Cf::Max => self.sum,
            Cf::Average if self.mixed => self.sum / self.known,
            // One row alone is taken over bit for bit.
            Cf::Average | Cf::Last => self.last,
        }
    }
}

/// A row for another number of pings.
fn other_pings(row: &[f64], old: &Layout, new: &Layout) -> Vec<f64> {
    let (from, to) = (old.sources.len() - 3, new.sources.len() - 3);
    if from == to {
        return row.to_vec();
    }
    let share = to as f64 / from as f64;
    let mut other = vec![f64::NAN; 3 + to];
    other[0] = row[0];
    other[1] = row[1] * share;
    other[2] = row[2];
    let known: Vec<f64> = row[3..].iter().copied().filter(|rtt| !rtt.is_nan()).collect();
    if known.is_empty() {
        return other;
    }
    let lost = if other[1].is_nan() { (from - known.len()) as f64 * share } else { other[1] };
    // Where RTTs are known there is at least one answer.
    let lost = (lost.round().max(0.0) as usize).min(to - 1);
    let answers = to - lost;
    for (place, rtt) in other[3 + lost / 2..].iter_mut().take(answers).enumerate() {
        *rtt = quantile(&known, place, answers);
    }
    other
}

/// Quantile number `place` of `count` evenly spread ones, the least and the greatest included.
fn quantile(ascending: &[f64], place: usize, count: usize) -> f64 {
    let last = ascending.len() - 1;
    if count == 1 || last == 0 {
        return ascending[ascending.len() / 2];
    }
    let at = place as f64 * last as f64 / (count - 1) as f64;
    let below = (at.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let part = at - below as f64;
    if part == 0.0 { ascending[below] } else { ascending[below] * (1.0 - part) + ascending[above] * part }
}
