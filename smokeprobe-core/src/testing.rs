//! What the unit tests of probes share: virtual time, and a round to measure.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::Clock;
use crate::net::resolve::{AddressFamily, Resolve, ResolveError, Resolved};
use crate::probe::RoundCx;
use crate::round::{Recorder, RoundOrder};
use crate::target::{Host, SeriesId};
use crate::time::{MonoTime, Slot, Step, WallTime};

/// Tokio's clock. While it is paused it stands still, but for the timers that are waited for.
#[derive(Debug)]
pub(crate) struct VirtualClock(tokio::time::Instant);

impl VirtualClock {
    pub(crate) fn start() -> Arc<dyn Clock> {
        Arc::new(Self(Self::now()))
    }

    #[expect(clippy::disallowed_methods, reason = "virtual time is tokio's own")]
    fn now() -> tokio::time::Instant {
        tokio::time::Instant::now()
    }
}

impl Clock for VirtualClock {
    fn mono(&self) -> MonoTime {
        MonoTime::ORIGIN + Self::now().duration_since(self.0)
    }

    fn wall(&self) -> WallTime {
        WallTime::EPOCH
    }
}

/// Knows no name.
#[derive(Debug)]
pub(crate) struct NoNames;

#[async_trait]
impl Resolve for NoNames {
    async fn resolve(&self, _: &str, family: AddressFamily) -> Result<Resolved, ResolveError> {
        Err(ResolveError::NoAddress { family })
    }
}

/// Runs `measure` with a round of `pings` samples in virtual time.
pub(crate) async fn with_round<T>(pings: u32, measure: impl AsyncFnOnce(&mut RoundCx<'_>) -> T) -> (Recorder, T) {
    let clock = VirtualClock::start();
    let order = RoundOrder {
        series: SeriesId::local("T".parse().unwrap()),
        slot: Slot::containing(WallTime::EPOCH, Step::DEFAULT),
        pings,
    };
    let (host, recorder) = (Host::from("192.0.2.1"), Recorder::new(pings));
    let deadline = MonoTime::ORIGIN + Duration::from_secs(300);
    let mut round = RoundCx::new(&order, &host, deadline, recorder.clone(), &NoNames, &clock);
    let outcome = measure(&mut round).await;
    (recorder, outcome)
}
