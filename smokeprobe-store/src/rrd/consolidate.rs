//! How steps become rows: what `rrdtool` does with each step and archive, to the last bit.
//!
//! The state between updates belongs to the file format, so that either program can continue a row that the other
//! began. Source: the manual page of `rrdtool create` for the meaning; the order of the sums was found by comparing
//! results, since a different order gives different last bits.

use crate::rrd::layout::{ArchiveLayout, Cf};
use crate::rrd::live::Cdp;

/// A number of equal steps that end an update.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Advance {
    /// How many steps went by since the epoch before these.
    pub(crate) before: u64,
    /// How many steps these are, at least one.
    pub(crate) elapsed: u64,
}

impl Advance {
    /// Steps until the row in progress is full, counting those that are new.
    const fn to_full(self, steps: u64) -> u64 {
        steps - self.before % steps
    }

    /// How many rows of an archive these steps complete.
    pub(crate) fn rows(self, archive: &ArchiveLayout) -> u64 {
        let steps = u64::from(archive.steps);
        let to_full = self.to_full(steps);
        if to_full <= self.elapsed { (self.elapsed - to_full) / steps + 1 } else { 0 }
    }
}

/// Takes `advance.elapsed` steps of the same `value` into the row in progress of one source.
///
/// When rows were completed, `cdp.primary` is the first of them and `cdp.secondary` every further one.
pub(crate) fn consolidate(cdp: &mut Cdp, archive: &ArchiveLayout, advance: Advance, value: f64) {
    let steps = u64::from(archive.steps);
    if steps == 1 {
        cdp.primary = value;
        cdp.secondary = value;
        return;
    }
    let to_full = advance.to_full(steps);
    if advance.elapsed < to_full {
        if value.is_nan() {
            cdp.unknown = cdp.unknown.saturating_add(advance.elapsed);
        } else {
            cdp.value = joined(archive.cf, cdp.value, value, advance.elapsed);
        }
        return;
    }
    if value.is_nan() {
        cdp.unknown = cdp.unknown.saturating_add(to_full);
    }
    cdp.primary = if cdp.unknown as f64 > steps as f64 * archive.xff {
        f64::NAN
    } else {
        full(archive.cf, cdp, value, steps, to_full)
    };
    cdp.secondary = value;
    let left_over = (advance.elapsed - to_full) % steps;
    cdp.unknown = if value.is_nan() { left_over } else { 0 };
    cdp.value = match archive.cf {
        _ if left_over > 0 && !value.is_nan() => match archive.cf {
            Cf::Average => value * left_over as f64,
            _ => value,
        },
        Cf::Average => 0.0,
        Cf::Min => f64::INFINITY,
        Cf::Max => f64::NEG_INFINITY,
        Cf::Last => f64::NAN,
    };
}

/// The value of a row that is full: `cdp` holds what was known before, `value` stands for `count` more steps.
fn full(cf: Cf, cdp: &Cdp, value: f64, steps: u64, count: u64) -> f64 {
    let or = |value: f64, other: f64| if value.is_nan() { other } else { value };
    // Where all steps may be unknown (a share of 1, which RRDtool does not make), none is known.
    let known = |extreme: f64| if extreme.is_infinite() { f64::NAN } else { extreme };
    match cf {
        Cf::Average => (or(cdp.value, 0.0) + or(value, 0.0) * count as f64) / steps.saturating_sub(cdp.unknown) as f64,
        Cf::Min => known(or(cdp.value, f64::INFINITY).min(or(value, f64::INFINITY))),
        Cf::Max => known(or(cdp.value, f64::NEG_INFINITY).max(or(value, f64::NEG_INFINITY))),
        Cf::Last => value,
    }
}

/// The value of a row in progress after `count` more steps of a known value.
fn joined(cf: Cf, so_far: f64, value: f64, count: u64) -> f64 {
    match cf {
        Cf::Average if so_far.is_nan() => value * count as f64,
        Cf::Average => so_far + value * count as f64,
        Cf::Min => so_far.min(value),
        Cf::Max => so_far.max(value),
        Cf::Last => value,
    }
}
