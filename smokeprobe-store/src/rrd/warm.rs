//! The state of files that we wrote last ourselves, so that the next round need not read them again.
//!
//! About 2 kB for a file of 20 pings and 7 archives, a tenth of its header: what the next row overwrites is left out.

use std::sync::Arc;

use crate::rrd::layout::Layout;
use crate::rrd::live::{Cdp, Live, Pdp, UpdateTime, last_value};

/// What the next row needs to know of a file.
#[derive(Debug)]
pub(crate) struct Warm {
    pub(crate) layout: Arc<Layout>,
    updated: UpdateTime,
    cur_row: Box<[u32]>,
    /// Of the archives with several steps a row.
    values: Box<[f64]>,
    unknown: Box<[u32]>,
}

impl Warm {
    /// Keeps the state after a row was appended. `None` where a row in progress is as no program of ours leaves it.
    pub(crate) fn keep(layout: &Arc<Layout>, live: &Live) -> Option<Self> {
        let sources = layout.sources.len();
        let (mut values, mut unknown) = (Vec::new(), Vec::new());
        for (archive, cdps) in layout.archives.iter().zip(live.cdp.chunks_exact(sources)) {
            for cdp in cdps {
                if archive.steps > 1 {
                    values.push(cdp.value);
                    unknown.push(u32::try_from(cdp.unknown).ok()?);
                } else if !cdp.value.is_nan() || cdp.unknown > 0 {
                    return None;
                }
            }
        }
        Some(Self {
            layout: Arc::clone(layout),
            updated: live.updated,
            cur_row: live.cur_row.clone().into(),
            values: values.into(),
            unknown: unknown.into(),
        })
    }

    /// The state, but for the step in progress, which the next row overwrites.
    pub(crate) fn live(&self) -> Live {
        let sources = self.layout.sources.len();
        let pdp = Pdp { last_value: last_value(f64::NAN), unknown_secs: 0, value: f64::NAN };
        let cdp = |value, unknown| Cdp { value, unknown, primary: f64::NAN, secondary: f64::NAN };
        let mut cdps = Vec::with_capacity(sources * self.layout.archives.len());
        let mut progress = self.values.iter().zip(&self.unknown);
        for archive in &self.layout.archives {
            if archive.steps > 1 {
                let progress = progress.by_ref().take(sources);
                cdps.extend(progress.map(|(&value, &unknown)| cdp(value, u64::from(unknown))));
            } else {
                cdps.extend(std::iter::repeat_n(cdp(f64::NAN, 0), sources));
            }
        }
        Live { updated: self.updated, pdp: vec![pdp; sources], cdp: cdps, cur_row: self.cur_row.to_vec() }
    }
}
