//! Where viewers find the hub: it runs while there are any, and knows what they were told as they came.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::{self, Receiver, Sender, WeakSender};

use super::{Gathered, Tick, run};
use crate::web::WebState;
use crate::web::index::Index;
use crate::web::states::Raised;

/// Ticks that a viewer may be behind: 16 seconds at the busiest.
const BEHIND: usize = 64;

/// Where viewers find the hub that runs.
#[derive(Debug, Clone, Default)]
pub(in crate::web::live) struct Hub(Arc<Mutex<Option<Running>>>);

#[derive(Debug)]
struct Running {
    out: WeakSender<Arc<Tick>>,
    /// What was raised for those who came since the hub looked last.
    greeted: Vec<Arc<[Raised]>>,
}

impl Hub {
    /// Another viewer. Starts the hub for the first.
    pub(in crate::web::live) fn join(&self, web: &WebState, index: &Arc<Index>) -> Receiver<Arc<Tick>> {
        let mut running = self.lock();
        if let Some(hub) = running.as_ref().and_then(|hub| hub.out.upgrade()) {
            return hub.subscribe();
        }
        let (out, ticks) = broadcast::channel(BEHIND);
        *running = Some(Running { out: out.downgrade(), greeted: Vec::new() });
        let (rounds, alerts) = (web.live.subscribe(), web.live.alerts.subscribe());
        let gathered = Gathered::new(web.clone(), Arc::clone(index));
        tokio::spawn(run(self.clone(), gathered, out, rounds, alerts));
        ticks
    }

    /// Somebody was told that this is raised, and the stream is to put it right should that be over already.
    pub(in crate::web::live) fn greeted(&self, raised: &Arc<[Raised]>) {
        let mut running = self.lock();
        let Some(Running { greeted, .. }) = running.as_mut() else { return };
        // Many come at once, and are told the same.
        if greeted.last() != Some(raised) {
            greeted.push(Arc::clone(raised));
        }
    }

    /// What was raised for those who came since this was asked last.
    pub(super) fn take_greeted(&self) -> Vec<Arc<[Raised]>> {
        self.lock().as_mut().map(|hub| std::mem::take(&mut hub.greeted)).unwrap_or_default()
    }

    /// Whether the last viewer has gone; then the next one starts another hub.
    pub(super) fn is_left(&self, out: &Sender<Arc<Tick>>) -> bool {
        let mut running = self.lock();
        let left = out.receiver_count() == 0;
        if left {
            *running = None;
        }
        left
    }

    /// A panic cannot leave it half changed.
    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
