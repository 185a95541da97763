//! What tests need instead of the world: clocks that are told the time, probes that follow a script.

mod clock;
mod probe;
mod rounds;

pub use clock::{ManualClock, RuntimeClock};
pub use probe::{NoResolver, Scene, ScriptedProbe};
pub use rounds::RoundLog;
