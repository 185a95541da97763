//! The engine with scripted probes, in virtual time.

#[path = "engine/faults.rs"]
mod faults;
#[path = "engine/reload.rs"]
mod reload;
#[path = "engine/rounds.rs"]
mod rounds;
#[path = "engine/shutdown.rs"]
mod shutdown;

use std::sync::Arc;
use std::time::Duration;

use smokeprobe_core::sim::{NoResolver, RoundLog, RuntimeClock};
use smokeprobe_core::{
    Engine, EngineConfig, Host, Offset, Probe, Round, RoundResult, RoundSink, SeriesSpec, Step, UnknownReason, WallTime,
};

/// An engine in virtual time, and what it reported.
struct Lab {
    clock: RuntimeClock,
    engine: Engine,
    log: RoundLog,
}

/// When a lab opens: the start of a slot of any step that divides an hour.
const OPENING: i64 = 1_700_002_800;

impl Lab {
    fn new(specs: Vec<SeriesSpec>) -> Self {
        let log = RoundLog::default();
        Self::with_sink(specs, log.clone(), Box::new(log))
    }

    fn with_sink(specs: Vec<SeriesSpec>, log: RoundLog, sink: Box<dyn RoundSink>) -> Self {
        let clock = RuntimeClock::new(WallTime::from_unix_secs(OPENING));
        let config = EngineConfig::new(Arc::new(NoResolver)).with_clock(Arc::new(clock.clone()));
        Self { clock, engine: Engine::start(config, specs, sink), log }
    }
}

/// Lets virtual time pass.
async fn pass(secs: f64) {
    #[expect(clippy::disallowed_methods, reason = "time is paused in these tests")]
    tokio::time::sleep(Duration::from_secs_f64(secs)).await;
}

/// A series of a minute's step and three samples, ten seconds into the step.
fn spec(name: &str, probe: Arc<dyn Probe>) -> SeriesSpec {
    SeriesSpec {
        series: name.parse().unwrap(),
        host: Host::from("192.0.2.1"),
        probe,
        step: Step::from_secs(60).unwrap(),
        pings: 3,
        offset: Offset::At(Duration::from_secs(10)),
        last: None,
    }
}

/// `(series, seconds from the opening to the start of the slot, outcome)`: answers/losses, or why it is unknown.
fn told(round: &Round) -> (String, i64, String) {
    let outcome = match &round.result {
        RoundResult::Measured(measured) => format!("{}/{}", measured.rtts().len(), measured.lost()),
        RoundResult::Unknown(UnknownReason::ProbeFailed(why)) => why.clone(),
        RoundResult::Unknown(reason) => format!("{reason:?}"),
    };
    (round.series.to_string(), round.slot.start() - OPENING, outcome)
}

/// What the log says of one series.
fn story(log: &RoundLog, series: &str) -> Vec<(i64, String)> {
    log.rounds()
        .iter()
        .map(told)
        .filter(|(name, ..)| name == series)
        .map(|(_, slot, outcome)| (slot, outcome))
        .collect()
}

/// A story as literals.
fn reads(story: &[(i64, &str)]) -> Vec<(i64, String)> {
    story.iter().map(|&(slot, outcome)| (slot, outcome.to_owned())).collect()
}
