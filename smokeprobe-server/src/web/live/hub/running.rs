//! Where viewers find the hub: it runs while there are any.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast::{self, Receiver, Sender, WeakSender};

use super::{Gathered, Tick, run};
use crate::web::WebState;
use crate::web::index::Index;

/// Ticks that a viewer may be behind: 16 seconds at the busiest.
const BEHIND: usize = 64;

/// Where viewers find the hub that runs.
#[derive(Debug, Clone, Default)]
pub(in crate::web::live) struct Hub(Arc<Mutex<Option<WeakSender<Arc<Tick>>>>>);

impl Hub {
    /// Another viewer. Starts the hub for the first.
    pub(in crate::web::live) fn join(&self, web: &WebState, index: &Arc<Index>) -> Receiver<Arc<Tick>> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hub) = running.as_ref().and_then(WeakSender::upgrade) {
            return hub.subscribe();
        }
        let (out, ticks) = broadcast::channel(BEHIND);
        *running = Some(out.downgrade());
        let (rounds, alerts) = (web.live.subscribe(), web.live.alerts.subscribe());
        let gathered = Gathered::new(web.clone(), Arc::clone(index));
        tokio::spawn(run(self.clone(), gathered, out, rounds, alerts));
        ticks
    }

    /// Whether the last viewer has gone; then the next one starts another hub.
    pub(super) fn is_left(&self, out: &Sender<Arc<Tick>>) -> bool {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = out.receiver_count() == 0;
        if left {
            *running = None;
        }
        left
    }
}
