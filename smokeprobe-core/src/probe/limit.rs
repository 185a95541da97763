//! How many rounds may run at once.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::{Probe, ProbeDescriptor, ProbeError, RoundCx};

/// At most so many rounds at once, over all probes that share it: SmokePing's `forks`. Clones share the limit.
#[derive(Debug, Clone)]
pub struct RoundLimit(Arc<Semaphore>);

impl RoundLimit {
    /// At most `rounds` at once; at least one.
    pub fn new(rounds: u32) -> Self {
        // A semaphore has a highest count, which no machine reaches.
        let rounds = usize::try_from(rounds).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(rounds)))
    }

    /// `probe`, under this limit. A round waits for its turn, in the order of asking, within its deadline.
    pub fn over(&self, probe: Arc<dyn Probe>) -> Limited {
        Limited { probe, limit: self.clone() }
    }
}

/// A probe whose rounds wait for their turn.
#[derive(Debug, Clone)]
pub struct Limited {
    probe: Arc<dyn Probe>,
    limit: RoundLimit,
}

#[async_trait]
impl Probe for Limited {
    fn descriptor(&self) -> &ProbeDescriptor {
        self.probe.descriptor()
    }

    async fn measure(&self, round: &mut RoundCx<'_>) -> Result<(), ProbeError> {
        // The semaphore is never closed; were it, an unlimited round is better than none.
        let _turn = self.limit.0.acquire().await;
        self.probe.measure(round).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::testing::with_round;

    /// Takes a second of virtual time, and counts how many do so at once.
    #[derive(Debug)]
    struct Slow {
        about: ProbeDescriptor,
        running: AtomicU32,
        most: AtomicU32,
    }

    #[async_trait]
    impl Probe for Slow {
        fn descriptor(&self) -> &ProbeDescriptor {
            &self.about
        }

        async fn measure(&self, _: &mut RoundCx<'_>) -> Result<(), ProbeError> {
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(running, Ordering::SeqCst);
            timeout(Duration::from_secs(1), std::future::pending::<()>()).await.unwrap_err();
            self.running.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn probes_that_share_a_limit_run_so_many_rounds_at_once_and_all_get_their_turn() {
        let about = ProbeDescriptor::new("Slow", "Samples");
        let slow = Arc::new(Slow { about, running: AtomicU32::new(0), most: AtomicU32::new(0) });
        let limit = RoundLimit::new(5);
        let probes: Vec<Limited> = (0..3).map(|_| limit.over(Arc::clone(&slow) as Arc<dyn Probe>)).collect();
        let rounds = (0..40).map(|number| {
            let probe = &probes[number % 3];
            with_round(1, async |round| probe.measure(round).await)
        });
        for (_, result) in futures_util::future::join_all(rounds).await {
            result.unwrap();
        }
        assert_eq!(slow.most.load(Ordering::SeqCst), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn round_that_is_dropped_gives_its_turn_back() {
        let about = ProbeDescriptor::new("Slow", "Samples");
        let slow = Arc::new(Slow { about, running: AtomicU32::new(0), most: AtomicU32::new(0) });
        let probe = RoundLimit::new(0).over(slow);
        let dropped = with_round(1, async |round| probe.measure(round).await);
        timeout(Duration::from_millis(500), dropped).await.unwrap_err();
        let (_, result) = with_round(1, async |round| probe.measure(round).await).await;
        result.unwrap();
    }
}
