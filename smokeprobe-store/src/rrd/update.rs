//! Updates as pure functions: the state of a file and a reading in, the new state and the rows to write out.

use std::fmt;

use crate::rrd::consolidate::{Advance, consolidate};
use crate::rrd::layout::Layout;
use crate::rrd::live::{Cdp, Live, UpdateTime, last_value};

/// Rows to write: `count` equal ones from ring position `row` on, going round at the archive's end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) archive: u32,
    pub(crate) row: u32,
    pub(crate) count: u32,
    pub(crate) values: Vec<f64>,
}

/// An update that is not later than the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotLater;

impl fmt::Display for NotLater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the file has been updated at this time or later already")
    }
}

/// What `rrdtool update` does with a reading of every source: a value holds for the whole time since the last update.
///
/// SmokePing writes like this, and so blends two rounds into each row. Our own rounds go through [`append_slot`].
pub(crate) fn update(
    layout: &Layout,
    live: &mut Live,
    at: UpdateTime,
    values: &[f64],
    runs: &mut Vec<Run>,
) -> Result<(), NotLater> {
    if at <= live.updated {
        return Err(NotLater);
    }
    let step = i64::from(layout.step);
    let interval = seconds(live.updated, at);
    let mut amounts = Vec::with_capacity(values.len());
    for ((source, pdp), &value) in layout.sources.iter().zip(&mut live.pdp).zip(values) {
        let late = interval > source.heartbeat as f64;
        pdp.last_value = last_value(if late { f64::NAN } else { value });
        // The value × its seconds. The division brings back the rate as RRDtool sees it, rounding included.
        let amount = value * interval;
        let rate = amount / interval;
        let unknown = late || rate < source.min || rate > source.max;
        amounts.push(if unknown { f64::NAN } else { amount });
    }
    let reading = Reading { interval, amounts: &amounts };
    // The step in progress ends with its own blend of values; the whole steps after it are of the new value alone.
    // RRDtool does so since 1.7.2; before, all of them got the same blend.
    let boundary = (live.updated.secs.div_euclid(step) + 1) * step;
    let on_boundary = live.updated == UpdateTime::from_secs(boundary - step);
    if !on_boundary && at.secs >= boundary + step {
        part(layout, live, UpdateTime::from_secs(boundary), &reading, runs);
    }
    part(layout, live, at, &reading, runs);
    Ok(())
}

/// What was read, and over how long a time: each amount is the value × the seconds of `interval`, or unknown.
struct Reading<'a> {
    interval: f64,
    amounts: &'a [f64],
}

/// Takes a reading into the time from the last update to `until`, which lies within the reading's.
fn part(layout: &Layout, live: &mut Live, until: UpdateTime, reading: &Reading<'_>, runs: &mut Vec<Run>) {
    let step = i64::from(layout.step);
    let (before, after) = (live.updated.secs.div_euclid(step), until.secs.div_euclid(step));
    let elapsed = (after - before) as u64;
    let boundary = UpdateTime::from_secs(after * step);
    let (whole, pre, post) = (seconds(live.updated, until), seconds(live.updated, boundary), seconds(boundary, until));
    let mut steps = vec![f64::NAN; layout.sources.len()];
    let sources = layout.sources.iter().zip(&mut live.pdp).zip(reading.amounts);
    for (((source, pdp), &amount), done) in sources.zip(&mut steps) {
        let of = |seconds: f64| amount / reading.interval * seconds;
        if elapsed == 0 {
            if amount.is_nan() {
                pdp.unknown_secs = pdp.unknown_secs.saturating_add(whole.floor() as u64);
            } else {
                pdp.value = if pdp.value.is_nan() { amount } else { pdp.value + amount };
            }
            continue;
        }
        let mut unknown_before = 0.0;
        if amount.is_nan() {
            unknown_before = pre;
        } else {
            pdp.value = if pdp.value.is_nan() { 0.0 } else { pdp.value } + of(pre);
        }
        let late = whole > source.heartbeat as f64;
        let too_little = late || f64::from(layout.step) / 2.0 < pdp.unknown_secs as f64;
        let span = (elapsed * step as u64).saturating_sub(pdp.unknown_secs) as f64;
        *done = if too_little { f64::NAN } else { pdp.value / (span - unknown_before) };
        if amount.is_nan() {
            pdp.unknown_secs = post.floor() as u64;
            pdp.value = f64::NAN;
        } else {
            pdp.unknown_secs = 0;
            pdp.value = of(post);
        }
    }
    if elapsed > 0 {
        advance(layout, live, Advance { before: before as u64, elapsed }, &steps, Overrun::Oldest, runs);
    }
    live.updated = until;
}

/// Seconds from one time to another.
fn seconds(from: UpdateTime, to: UpdateTime) -> f64 {
    (to.secs - from.secs) as f64 + (f64::from(to.micros) - f64::from(from.micros)) / 1e6
}

/// Makes `values` the row of the step that ends at `end`, exactly as they are.
///
/// 1. Steps between the last one and this one become unknown: a round says nothing about slots that had none.
/// 2. What another program left of a step in progress is dropped: half of its round is no part of ours.
/// 3. The values are not clipped to the sources' limits; the caller has checked them.
///
/// `end` must be a multiple of the step, and `runs` empty.
pub(crate) fn append_slot(
    layout: &Layout,
    live: &mut Live,
    end: i64,
    values: &[f64],
    runs: &mut Vec<Run>,
) -> Result<(), NotLater> {
    if end <= live.updated.secs {
        return Err(NotLater);
    }
    let step = i64::from(layout.step);
    let before = live.updated.secs.div_euclid(step) as u64;
    let slot = (end / step - 1) as u64;
    if slot > before {
        let unknown = vec![f64::NAN; layout.sources.len()];
        advance(layout, live, Advance { before, elapsed: slot - before }, &unknown, Overrun::Forgotten, runs);
    }
    advance(layout, live, Advance { before: slot, elapsed: 1 }, values, Overrun::Forgotten, runs);
    for (pdp, &value) in live.pdp.iter_mut().zip(values) {
        pdp.last_value = last_value(value);
        pdp.unknown_secs = 0;
        pdp.value = if value.is_nan() { f64::NAN } else { 0.0 };
    }
    live.forget_rows();
    live.updated = UpdateTime::from_secs(end);
    Ok(())
}

/// What becomes of the row in progress when a gap is longer than its whole archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overrun {
    /// It becomes the oldest row, at a time that is not its own: what RRDtool does.
    Oldest,
    /// It is older than the archive reaches, and so is gone.
    Forgotten,
}

/// Takes whole steps into every archive.
fn advance(layout: &Layout, live: &mut Live, advance: Advance, steps: &[f64], overrun: Overrun, runs: &mut Vec<Run>) {
    let sources = layout.sources.len();
    for (index, archive) in layout.archives.iter().enumerate() {
        let cdps = &mut live.cdp[index * sources..(index + 1) * sources];
        for (cdp, &value) in cdps.iter_mut().zip(steps) {
            consolidate(cdp, archive, advance, value);
        }
        let rows = advance.rows(archive);
        if rows == 0 {
            continue;
        }
        let ring = u64::from(archive.rows);
        // More rows than the ring has: RRDtool writes each place once, so that the last place stays where it is.
        let count = rows.min(ring);
        let cur_row = &mut live.cur_row[index];
        let first = (u64::from(*cur_row) + 1) % ring;
        *cur_row = ((u64::from(*cur_row) + count) % ring) as u32;
        let mut run = |row: u64, count: u64, values: Vec<f64>| {
            runs.push(Run { archive: index as u32, row: row as u32, count: count as u32, values });
        };
        let secondary = |cdps: &[Cdp]| cdps.iter().map(|cdp| cdp.secondary).collect();
        if rows > ring && overrun == Overrun::Forgotten {
            run(first, count, secondary(cdps));
            continue;
        }
        run(first, 1, cdps.iter().map(|cdp| cdp.primary).collect());
        if count > 1 {
            run((first + 1) % ring, count - 1, secondary(cdps));
        }
    }
}
