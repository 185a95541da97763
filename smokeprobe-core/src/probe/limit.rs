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
