//! Probes that follow a script.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::net::resolve::{AddressFamily, Resolve, ResolveError, Resolved};
use crate::probe::{Probe, ProbeDescriptor, ProbeError, RoundCx};
use crate::round::{LossReason, Outcome, StampSource};
use crate::time::Rtt;

/// What a [`ScriptedProbe`] does next in a round.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scene {
    /// The next sample is answered after this time, which passes.
    Answer(Duration),
    /// The next sample is lost, at once.
    Lose,
    /// Time passes.
    Wait(Duration),
    /// Nothing happens any more.
    Hang,
    /// The round cannot be measured.
    Fail(&'static str),
    /// The probe panics.
    Panic,
}

/// A probe that does what it is told.
///
/// Each round plays the next of the scripts, and the last one for ever. Where a script ends before the round has all
/// its samples, the others are answered in a millisecond.
#[derive(Debug)]
pub struct ScriptedProbe {
    descriptor: ProbeDescriptor,
    scripts: Mutex<VecDeque<Vec<Scene>>>,
    running: AtomicUsize,
    most_running: AtomicUsize,
}

impl ScriptedProbe {
    /// A probe that plays these scripts.
    pub fn new(scripts: impl IntoIterator<Item = Vec<Scene>>) -> Arc<Self> {
        Arc::new(Self {
            descriptor: ProbeDescriptor::new("Scripted", "Scripted Samples"),
            scripts: Mutex::new(scripts.into_iter().collect()),
            running: AtomicUsize::new(0),
            most_running: AtomicUsize::new(0),
        })
    }

    /// How many rounds ran at once when it was the most.
    pub fn most_running(&self) -> usize {
        self.most_running.load(Ordering::Relaxed)
    }

    fn next_script(&self) -> Vec<Scene> {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        if scripts.len() > 1 { scripts.pop_front() } else { scripts.front().cloned() }.unwrap_or_default()
    }
}

#[async_trait]
impl Probe for ScriptedProbe {
    fn descriptor(&self) -> &ProbeDescriptor {
        &self.descriptor
    }

    async fn measure(&self, round: &mut RoundCx<'_>) -> Result<(), ProbeError> {
        let running = Running::enter(&self.running);
        self.most_running.fetch_max(running.1, Ordering::Relaxed);
        let mut samples = 0..round.pings();
        for scene in self.next_script() {
            match scene {
                Scene::Wait(time) => pass(time).await,
                Scene::Hang => std::future::pending().await,
                Scene::Fail(why) => return Err(ProbeError::Other(why.to_owned())),
                Scene::Panic => panic!("the script says so"),
                Scene::Lose => {
                    let Some(sample) = samples.next() else { break };
                    round.record(sample, Outcome::Lost(LossReason::Timeout));
                }
                Scene::Answer(time) => {
                    let Some(sample) = samples.next() else { break };
                    answer(round, sample, time).await;
                }
            }
        }
        for sample in samples {
            answer(round, sample, Duration::from_millis(1)).await;
        }
        Ok(())
    }
}

async fn answer(round: &mut RoundCx<'_>, sample: u32, time: Duration) {
    pass(time).await;
    round.record(sample, Outcome::Answered { rtt: Rtt::from(time), stamp: StampSource::User });
}

async fn pass(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "the script says how long; virtual in a test with paused time")]
    tokio::time::sleep(time).await;
}

/// Counts a round while it runs, to the end of its future however it comes.
struct Running<'a>(&'a AtomicUsize, usize);

impl<'a> Running<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        let now = count.fetch_add(1, Ordering::Relaxed) + 1;
        Self(count, now)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A resolver that knows no name.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoResolver;

#[async_trait]
impl Resolve for NoResolver {
    async fn resolve(&self, name: &str, _family: AddressFamily) -> Result<Resolved, ResolveError> {
        Err(ResolveError::Lookup { name: name.to_owned(), reason: "this test resolves no names".to_owned() })
    }
}
