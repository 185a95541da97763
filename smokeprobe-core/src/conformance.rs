//! The conformance suite for probes, and a way to run one round of a probe without an engine.
//!
//! A probe author runs it against hosts that their tests control:
//!
//! ```no_run
//! # async fn test(my_probe: &dyn smokeprobe_core::Probe) {
//! use smokeprobe_core::conformance::{Subject, check};
//!
//! check(&Subject { probe: my_probe, answers: "127.0.0.1".into(), silent: Some("127.9.9.9".into()) }).await;
//! # }
//! ```

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use crate::clock::{Clock, SystemClock};
use crate::net::resolve::{AddressFamily, Resolve, ResolveError, Resolved};
use crate::probe::{Probe, ProbeError, RoundCx};
use crate::round::{Measured, Outcome, Recorder, RoundOrder};
use crate::target::{Host, SeriesId};
use crate::time::{Slot, Step};

/// How long a round of the suite may take: a probe under test should have short intervals and time-outs.
const ROUND: Duration = Duration::from_secs(30);

/// A probe, and hosts that its author controls.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The probe. Its samples should be some milliseconds apart and time out within a second.
    pub probe: &'a dyn Probe,
    /// A host that answers every sample.
    pub answers: Host,
    /// A host that never answers.
    pub silent: Option<Host>,
}

/// Checks what every probe owes the engine. Panics with the clause that is broken.
///
/// 1. It says what it is and measures.
/// 2. A round has one outcome for each sample ordered, and the order decides how many.
/// 3. No RTT is longer than the round took.
/// 4. Rounds at once do not mix.
/// 5. A round dropped half-way leaves the probe fit for the next.
/// 6. A host without an address is "could not measure", and no sample is recorded.
/// 7. A host that does not answer is loss, not an error.
pub async fn check(subject: &Subject<'_>) {
    let probe = subject.probe;
    let about = probe.descriptor();
    for (what, text) in [("name", &about.name), ("samples", &about.samples), ("unit", &about.unit)] {
        assert!(!text.trim().is_empty(), "1: the descriptor has no {what}");
    }

    for pings in [1, 3, 20] {
        answered_round(subject, pings).await;
    }

    let rounds = [3, 5, 8].map(|pings| answered_round(subject, pings));
    futures_util::future::join_all(rounds).await;

    // Dropped at its first breath, and somewhat later.
    for patience in [Duration::ZERO, Duration::from_millis(3)] {
        let dropped = Run::new(20, &subject.answers);
        let _ = timeout(patience, dropped.measure(probe, &NoNames)).await;
        dropped.recorder.close();
        answered_round(subject, 2).await;
    }

    let no_such_name = Host::from("no-such-name.invalid");
    let nameless = Run::new(2, &no_such_name);
    let outcome = nameless.measure(probe, &NoNames).await;
    let recorded = nameless.recorder.close();
    match (outcome, recorded) {
        (Err(ProbeError::Resolve(_)), None) => {}
        // A probe that does not look at its host answers all the same.
        (Ok(()), Some(measured)) if measured.lost() == 0 => {}
        other => panic!("6: a name without an address gave {other:?}"),
    }

    if let Some(silent) = &subject.silent {
        let run = Run::new(2, silent);
        run.measure(probe, &NoNames).await.expect("7: a silent host is not an error");
        let measured = run.recorder.close().expect("7: no sample was recorded");
        assert_eq!((measured.rtts().len(), measured.lost()), (0, 2), "7: a silent host lost no samples: {measured:?}");
    }
}

/// Measures one round of `pings` samples and hands back what was recorded; `None` when nothing was.
///
/// # Errors
///
/// The probe's own.
pub async fn measure_once(
    probe: &dyn Probe,
    host: &Host,
    pings: u32,
    resolver: &dyn Resolve,
) -> Result<Option<Measured>, ProbeError> {
    let run = Run::new(pings, host);
    run.measure(probe, resolver).await?;
    Ok(run.recorder.close())
}

async fn answered_round(subject: &Subject<'_>, pings: u32) {
    let run = Run::new(pings, &subject.answers);
    let start = run.clock.mono();
    run.measure(subject.probe, &NoNames).await.unwrap_or_else(|error| panic!("2: could not measure: {error:?}"));
    let took = run.clock.mono().saturating_since(start);
    assert!(run.recorder.complete(), "2: of {pings} samples, some have no outcome: {:?}", run.recorder.outcomes());
    for outcome in run.recorder.outcomes().into_iter().flatten() {
        match outcome {
            Outcome::Answered { rtt, .. } => {
                assert!(Duration::from(rtt) <= took, "3: an RTT of {rtt:?} in a round of {took:?}");
            }
            Outcome::Lost(reason) => panic!("2: the host that answers lost a sample: {reason:?}"),
        }
    }
    let measured = run.recorder.close().expect("a complete round has samples");
    assert_eq!(measured.rtts().len(), pings as usize, "4: a round of {pings} has other samples");
}

/// A round without an engine.
struct Run<'a> {
    host: &'a Host,
    order: RoundOrder,
    recorder: Recorder,
    clock: Arc<dyn Clock>,
}

impl<'a> Run<'a> {
    fn new(pings: u32, host: &'a Host) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let series = SeriesId::local("Conformance".parse().expect("a valid path"));
        let slot = Slot::containing(clock.wall(), Step::DEFAULT);
        Self { host, order: RoundOrder { series, slot, pings }, recorder: Recorder::new(pings), clock }
    }

    async fn measure(&self, probe: &dyn Probe, resolver: &dyn Resolve) -> Result<(), ProbeError> {
        let deadline = self.clock.mono() + ROUND;
        let mut round = RoundCx::new(&self.order, self.host, deadline, self.recorder.clone(), resolver, &self.clock);
        timeout(ROUND, probe.measure(&mut round)).await.expect("2: the round did not end within 30 s")
    }
}

/// Knows no name.
#[derive(Debug)]
struct NoNames;

#[async_trait]
impl Resolve for NoNames {
    async fn resolve(&self, _: &str, family: AddressFamily) -> Result<Resolved, ResolveError> {
        Err(ResolveError::NoAddress { family })
    }
}
