//! What the writer needs of a store beyond [`Store`]: to know what a series' first round costs.

use std::fs;

use smokeprobe_core::SeriesId;
use smokeprobe_store::rrd::IncidentKind;
use smokeprobe_store::{RrdStore, Store};

/// A store that the writer can write to.
pub trait Keep: Store + 'static {
    /// Bytes of the series' file, which its first round makes; `None` while there is none.
    fn size(&self, series: &SeriesId) -> Option<u64>;

    /// Files that were set aside, each with the reason, the oldest first.
    fn set_aside(&self) -> Vec<String> {
        Vec::new()
    }

    /// Bytes that are free on its disk, where they are few: rounds are still kept, but not for long.
    fn nearly_full(&self) -> Option<u64> {
        None
    }
}

impl Keep for RrdStore {
    fn size(&self, series: &SeriesId) -> Option<u64> {
        fs::metadata(self.path_of(series)).ok().map(|about| about.len())
    }

    fn nearly_full(&self) -> Option<u64> {
        self.nearly_full()
    }

    fn set_aside(&self) -> Vec<String> {
        let incidents = self.incidents();
        incidents.iter().filter(|incident| incident.kind == IncidentKind::SetAside).map(ToString::to_string).collect()
    }
}
