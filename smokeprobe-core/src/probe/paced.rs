//! Samples one after another: the adaptor for probes that take a round's samples each by itself.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use super::{Probe, ProbeDescriptor, ProbeError, RoundCx};
use crate::net::budget::too_late;
use crate::round::{LossReason, Outcome};
use crate::time::MonoTime;

/// Takes one sample at a time. [`Paced`] makes a [`Probe`] of it, which does the pacing, the time-outs and the records.
///
/// ```
/// use std::net::IpAddr;
/// use smokeprobe_core::{AddressFamily, OneShot, Outcome, Pace, Paced, ProbeDescriptor, ProbeError, RoundCx};
///
/// #[derive(Debug)]
/// struct Knock(ProbeDescriptor);
///
/// #[async_trait::async_trait]
/// impl OneShot for Knock {
///     type Target = IpAddr;
///
///     fn descriptor(&self) -> &ProbeDescriptor {
///         &self.0
///     }
///
///     fn pace(&self) -> Pace {
///         Pace::default()
///     }
///
///     async fn prepare(&self, round: &mut RoundCx<'_>) -> Result<IpAddr, ProbeError> {
///         round.address(AddressFamily::Any).await
///     }
///
///     async fn sample(&self, round: &RoundCx<'_>, target: &mut IpAddr) -> Result<Outcome, ProbeError> {
///         let sent = round.clock().mono();
///         // … ask `target` something, and wait for its answer …
///         Ok(Outcome::answered(round.clock().mono().saturating_since(sent)))
///     }
/// }
///
/// let probe = Paced(Knock(ProbeDescriptor::new("Knock", "Knocks")));
/// ```
#[async_trait]
pub trait OneShot: Send + Sync + fmt::Debug {
    /// What one round needs to know of its target, found out once: its address, to begin with.
    type Target: Send;

    /// What the probe is and measures.
    fn descriptor(&self) -> &ProbeDescriptor;

    /// When samples start, and how long they may take.
    fn pace(&self) -> Pace;

    /// Finds out what the round's samples need. Not timed.
    ///
    /// # Errors
    ///
    /// When nothing can be measured: the round is then unknown.
    async fn prepare(&self, round: &mut RoundCx<'_>) -> Result<Self::Target, ProbeError>;

    /// Takes one sample. Dropped at its time-out, and the sample is then lost.
    ///
    /// # Errors
    ///
    /// Only for "could not measure": the round ends with the samples taken before.
    async fn sample(&self, round: &RoundCx<'_>, target: &mut Self::Target) -> Result<Outcome, ProbeError>;
}

/// When samples start, and how long they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// From the start of one sample to the start of the next, at least. A sample that takes longer delays the next.
    pub interval: Duration,
    /// How long a sample may take. `None`: the probe sees to it itself, since parts of a sample do not count.
    pub timeout: Option<Duration>,
}

impl Default for Pace {
    /// A sample a second, and five seconds for each.
    fn default() -> Self {
        Self { interval: Duration::from_secs(1), timeout: Some(Duration::from_secs(5)) }
    }
}

/// The [`Probe`] that a [`OneShot`] makes.
///
/// 1. The target is prepared once a round.
/// 2. Samples start `interval` apart; one that took longer is followed at once.
/// 3. A sample without an outcome at its time-out is lost. One whose RTT turns out longer than the time-out is lost
///    too, counted as a late answer, and the round is suspect: we were woken late, and nobody knows when it came.
#[derive(Debug, Clone)]
pub struct Paced<T>(pub T);

#[async_trait]
impl<T: OneShot> Probe for Paced<T> {
    fn descriptor(&self) -> &ProbeDescriptor {
        self.0.descriptor()
    }

    async fn measure(&self, round: &mut RoundCx<'_>) -> Result<(), ProbeError> {
        let pace = self.0.pace();
        let mut target = self.0.prepare(round).await?;
        let mut due = round.clock().mono();
        for sample in 0..round.pings() {
            let started = wait_until(due, round).await;
            due = started + pace.interval;
            let outcome = match pace.timeout {
                None => self.0.sample(round, &mut target).await?,
                Some(limit) => match timeout(limit, self.0.sample(round, &mut target)).await {
                    Ok(outcome) => in_time(outcome?, limit, round),
                    Err(_) => Outcome::Lost(LossReason::Timeout),
                },
            };
            round.record(sample, outcome);
        }
        Ok(())
    }
}

/// Returns the time it then is.
async fn wait_until(due: MonoTime, round: &RoundCx<'_>) -> MonoTime {
    let now = round.clock().mono();
    let wait = due.saturating_since(now);
    if wait.is_zero() {
        return now;
    }
    #[expect(clippy::disallowed_methods, reason = "this is the pacing that everyone else is to use")]
    tokio::time::sleep(wait).await;
    let now = round.clock().mono();
    let lateness = now.saturating_since(due);
    round.recorder().quality(|quality| quality.timer_lateness = quality.timer_lateness.max(lateness));
    now
}

fn in_time(outcome: Outcome, limit: Duration, round: &RoundCx<'_>) -> Outcome {
    match outcome {
        Outcome::Answered { rtt, .. } if Duration::from(rtt) > limit => {
            too_late(round.recorder());
            Outcome::Lost(LossReason::Timeout)
        }
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::round::Recorder;
    use crate::testing::with_round;

    /// Samples that take these many milliseconds, and when they started.
    #[derive(Debug)]
    struct Scripted {
        about: ProbeDescriptor,
        pace: Pace,
        takes: Vec<u64>,
        started: Mutex<Vec<u64>>,
    }

    #[async_trait]
    impl OneShot for Scripted {
        type Target = std::vec::IntoIter<u64>;

        fn descriptor(&self) -> &ProbeDescriptor {
            &self.about
        }

        fn pace(&self) -> Pace {
            self.pace
        }

        async fn prepare(&self, _: &mut RoundCx<'_>) -> Result<Self::Target, ProbeError> {
            Ok(self.takes.clone().into_iter())
        }

        async fn sample(&self, round: &RoundCx<'_>, takes: &mut Self::Target) -> Result<Outcome, ProbeError> {
            let start = round.clock().mono();
            self.started.lock().unwrap().push(start.as_nanos() / 1_000_000);
            let takes = takes.next().ok_or_else(|| ProbeError::Other("script ended".to_owned()))?;
            timeout(Duration::from_millis(takes), std::future::pending::<()>()).await.unwrap_err();
            Ok(Outcome::answered(round.clock().mono().saturating_since(start)))
        }
    }

    async fn run(pace: Pace, takes: &[u64], pings: u32) -> (Vec<u64>, Recorder, Result<(), ProbeError>) {
        let probe = Paced(Scripted {
            about: ProbeDescriptor::new("Scripted", "Samples"),
            pace,
            takes: takes.to_vec(),
            started: Mutex::default(),
        });
        let (recorder, result) = with_round(pings, async |round| probe.measure(round).await).await;
        (probe.0.started.into_inner().unwrap(), recorder, result)
    }

    fn pace(interval: u64, timeout: u64) -> Pace {
        Pace { interval: Duration::from_millis(interval), timeout: Some(Duration::from_millis(timeout)) }
    }

    #[tokio::test(start_paused = true)]
    async fn samples_start_an_interval_apart_and_a_slow_one_delays_the_next() {
        let (started, recorder, result) = run(pace(1000, 5000), &[10, 20, 2500, 10, 10], 5).await;
        result.unwrap();
        assert_eq!(started, [0, 1000, 2000, 4500, 5500]);
        assert!(recorder.complete());
    }

    #[tokio::test(start_paused = true)]
    async fn sample_without_an_outcome_is_lost_at_its_timeout_and_the_next_is_taken() {
        let (started, recorder, result) = run(pace(100, 300), &[10, 60_000, 10], 3).await;
        result.unwrap();
        assert_eq!(started, [0, 100, 400]);
        let measured = recorder.close().unwrap();
        assert_eq!((measured.rtts().len(), measured.lost()), (2, 1));
        assert_eq!(measured.loss_reasons, [(LossReason::Timeout, 1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn could_not_measure_ends_the_round_with_the_samples_taken_before() {
        let (_, recorder, result) = run(pace(100, 300), &[10, 10], 5).await;
        assert!(matches!(result, Err(ProbeError::Other(_))));
        assert_eq!(recorder.outcomes().iter().flatten().count(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn answer_later_than_its_timeout_is_a_late_answer_and_a_loss() {
        let limit = Duration::from_millis(300);
        let late = Outcome::answered(Duration::from_millis(301));
        let (recorder, outcome) = with_round(1, async |round| in_time(late, limit, round)).await;
        assert_eq!(outcome, Outcome::Lost(LossReason::Timeout));
        recorder.record(0, outcome);
        let quality = recorder.close().unwrap().quality;
        assert_eq!((quality.late_answers, quality.suspect), (1, true));
    }
}
