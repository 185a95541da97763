//! Network latency measurement: rounds of pings on a schedule, each kept as a distribution.

#![warn(missing_docs)]

mod clock;
#[cfg(feature = "test-util")]
pub mod conformance;
mod engine;
pub mod icmp;
pub mod net;
mod probe;
pub mod probes;
mod round;
mod schedule;
#[cfg(feature = "test-util")]
pub mod sim;
mod sink;
mod target;
#[cfg(test)]
mod testing;
mod time;

pub use clock::{Clock, SystemClock};
pub use engine::{Engine, EngineConfig, EngineStatus, Offset, Reloaded, SeriesSpec};
pub use net::resolve::{AddressFamily, Resolve, ResolveError, Resolved, SystemResolver};
pub use probe::{Limited, OneShot, Pace, Paced, Probe, ProbeDescriptor, ProbeError, RoundCx, RoundLimit};
pub use round::{
    LossReason, Measured, Outcome, Phases, Quality, Recorder, Round, RoundOrder, RoundResult, StampSource,
    UnknownReason, deviation,
};
pub use sink::{FanOut, RoundSink, SinkError};
pub use target::{Host, SeriesId, TargetPath, TargetPathError, Vantage};
pub use time::{KernelTime, MonoTime, Rtt, Slot, Step, WallTime};
