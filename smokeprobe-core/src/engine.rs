//! The engine: schedule → probes → sink.

use std::sync::Arc;
use std::time::Duration;

use crate::probe::Probe;
use crate::target::{Host, SeriesId};
use crate::time::{Slot, Step};

/// A series to measure.
#[derive(Debug, Clone)]
pub struct SeriesSpec {
    /// Its identity.
    pub series: SeriesId,
    /// What to point the probe at.
    pub host: Host,
    /// How to measure. On a reload, the same `Arc` means that nothing changed.
    pub probe: Arc<dyn Probe>,
    /// How often.
    pub step: Step,
    /// Samples a round.
    pub pings: u32,
    /// When in its step a round starts.
    pub offset: Offset,
    /// The last slot that is stored: it is not measured again.
    pub last: Option<Slot>,
}

/// When in its step a round starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Offset {
    /// At a place of the series' own, derived from its name: stable over restarts, and spread over the step.
    #[default]
    Spread,
    /// This long after the start of the step.
    At(Duration),
}
