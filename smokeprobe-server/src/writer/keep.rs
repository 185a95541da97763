//! What the writer needs of a store beyond [`Store`]: to make files ahead of their first round.

use smokeprobe_core::{SeriesId, Step};
use smokeprobe_store::rrd::IncidentKind;
use smokeprobe_store::{RrdStore, Store, StoreError};

/// A store that the writer can write to.
pub trait Keep: Store + 'static {
    /// Makes what the series needs before its first round. Returns whether there was anything to do, which is then
    /// costly: a file of SmokePing's usual archives has 12 MB.
    fn prepare(&self, series: &SeriesId, step: Step, pings: u32) -> Result<bool, StoreError>;

    /// Files that were set aside, each with the reason, the oldest first.
    fn set_aside(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Keep for RrdStore {
    fn prepare(&self, series: &SeriesId, step: Step, pings: u32) -> Result<bool, StoreError> {
        Self::prepare(self, series, step, pings)
    }

    fn set_aside(&self) -> Vec<String> {
        let incidents = self.incidents();
        incidents.iter().filter(|incident| incident.kind == IncidentKind::SetAside).map(ToString::to_string).collect()
    }
}
