//! What the writer needs of a store beyond [`Store`]: to make files ahead of their first round.

use smokeprobe_core::{SeriesId, Step};
use smokeprobe_store::rrd::IncidentKind;
use smokeprobe_store::{RrdStore, Store, StoreError};

/// A store that the writer can write to.
pub trait Keep: Store + 'static {
    /// Makes what the series needs before its first round. Returns how many bytes had to be written for it, often
    /// none: a file of SmokePing's usual archives has 12 MB.
    fn prepare(&self, series: &SeriesId, step: Step, pings: u32) -> Result<u64, StoreError>;

    /// Files that were set aside, each with the reason, the oldest first.
    fn set_aside(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Keep for RrdStore {
    fn prepare(&self, series: &SeriesId, step: Step, pings: u32) -> Result<u64, StoreError> {
        let made = Self::prepare(self, series, step, pings)?;
        // A file that cannot be looked at just after it was made will be missed when it is written to.
        Ok(if made { std::fs::metadata(self.path_of(series)).map_or(0, |about| about.len()) } else { 0 })
    }

    fn set_aside(&self) -> Vec<String> {
        let incidents = self.incidents();
        incidents.iter().filter(|incident| incident.kind == IncidentKind::SetAside).map(ToString::to_string).collect()
    }
}
