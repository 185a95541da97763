//! Smoke graphs for mails.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use smokeprobe_alerts::Illustrator;
use smokeprobe_core::{Clock, SeriesId};
use smokeprobe_store::Store;
use tokio::sync::Semaphore;

use crate::config::Plan;
use crate::web::mail_picture;

/// Pictures that are drawn at once: mails can wait, and measuring wants the processor.
const AT_ONCE: usize = 1;

/// Draws series of the plan that runs.
pub struct Pictures {
    plan: Arc<ArcSwap<Plan>>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    turns: Semaphore,
}

impl Pictures {
    /// Draws from a store. `plan` says what the targets are called, and how large pictures are.
    pub fn new(plan: Arc<Plan>, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { plan: Arc::new(ArcSwap::new(plan)), store, clock, turns: Semaphore::new(AT_ONCE) }
    }

    /// Draws the series of another plan from now on.
    pub fn follow(&self, plan: Arc<Plan>) {
        self.plan.store(plan);
    }
}

#[async_trait]
impl Illustrator for Pictures {
    async fn png(&self, series: &SeriesId, until: i64) -> Option<Vec<u8>> {
        let _turn = self.turns.acquire().await.ok()?;
        let (plan, store) = (self.plan.load_full(), Arc::clone(&self.store));
        let (series, now) = (series.clone(), self.clock.wall());
        let drawing = tokio::task::spawn_blocking(move || mail_picture(&plan, &*store, now, &series, until));
        drawing.await.ok().flatten()
    }
}

/// By hand, as a store has no `Debug`.
impl fmt::Debug for Pictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pictures").field("clock", &self.clock).finish_non_exhaustive()
    }
}
