//! What tests need instead of the world: clocks that are told the time, probes that follow a script, a simulated link in
//! virtual time, and a real network device of the test's own, behind which the test decides what answers.

mod clock;
pub mod link;
pub mod netns;
mod probe;
pub mod responder;
mod rounds;
pub mod tun;

pub use clock::{ManualClock, RuntimeClock};
pub use probe::{NoResolver, Scene, ScriptedProbe};
pub use rounds::RoundLog;
