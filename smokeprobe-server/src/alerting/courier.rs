//! Deliveries under way, on a runtime of their own: whatever hangs there delays nobody else.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use smokeprobe_alerts::notify::{Delivered, DeliveryError};
use smokeprobe_alerts::{Message, MessageId, Notifier};
use tokio::runtime::Runtime;

use super::inbox::Inbox;

/// Notifiers end by themselves. One that does not is cut off after this time.
const GUARD: Duration = Duration::from_secs(15 * 60);

/// Notifiers that block a thread: as many recipients can hang at once without delaying others.
const BLOCKING: usize = 256;

/// Takes messages to those who are told.
pub(super) struct Courier {
    runtime: Option<Runtime>,
    inbox: Arc<Inbox>,
    under_way: BTreeSet<MessageId>,
}

impl Courier {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Self { runtime: None, inbox, under_way: BTreeSet::new() }
    }

    /// Sends a message. Its outcome comes into the inbox.
    pub(super) fn send(&mut self, message: Message, notifier: Option<Arc<dyn Notifier>>) {
        let id = message.id;
        self.under_way.insert(id);
        let Some(notifier) = notifier else {
            let gone = DeliveryError::permanent("the configuration has no such recipient any more");
            return self.inbox.outcome((id, Err(gone)));
        };
        let runtime = match &self.runtime {
            Some(runtime) => runtime,
            None => match start() {
                Ok(runtime) => self.runtime.insert(runtime),
                Err(error) => {
                    let why = DeliveryError::transient(format!("the system gives no thread to deliver on: {error}"));
                    return self.inbox.outcome((id, Err(why)));
                }
            },
        };
        let inbox = Arc::clone(&self.inbox);
        runtime.spawn(async move {
            // In a task of its own, so that a panic is an outcome, too.
            let delivery = tokio::spawn(async move { guarded(&*notifier, &message).await });
            let result = delivery.await.unwrap_or_else(|_| {
                Err(DeliveryError::transient("this message hit a fault in the server; please report it"))
            });
            inbox.outcome((id, result));
        });
    }

    /// The delivery ended.
    pub(super) fn is_back(&mut self, id: MessageId) {
        self.under_way.remove(&id);
    }

    /// How many messages are under way.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// The runtime, for tests of recipients that people ask for.
    pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let runtime = match &self.runtime {
            Some(runtime) => runtime,
            None => self.runtime.insert(start()?),
        };
        runtime.spawn(task);
        Ok(())
    }
}

/// Tries once, within a time that no notifier should need.
pub(super) async fn guarded(notifier: &dyn Notifier, message: &Message) -> Result<Delivered, DeliveryError> {
    let delivery = tokio::time::timeout(GUARD, notifier.deliver(message)).await;
    delivery.unwrap_or_else(|_| {
        let minutes = GUARD.as_secs() / 60;
        Err(DeliveryError::transient(format!("{} did not end within {minutes} minutes", notifier.name())))
    })
}

fn start() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(BLOCKING)
        .thread_name("telling")
        .enable_all()
        .build()
}

impl Drop for Courier {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // What is not done by now is done again at the next start.
            runtime.shutdown_background();
        }
    }
}

/// By hand: a runtime says much that nobody wants to know.
impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").field("under_way", &self.under_way).finish_non_exhaustive()
    }
}
