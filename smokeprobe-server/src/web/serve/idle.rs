//! Connections that wait for their clients: browsers keep some open for half a minute, and a request's body may not come. When
//! there is no place for a new one, the one that has waited longest gives way.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;

/// All connections that wait for their clients.
#[derive(Debug, Clone, Default)]
pub(super) struct Idle(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    /// Since when each has waited, as a count.
    since: BTreeMap<Key, Arc<Notify>>,
    next: u64,
    /// A new connection waits for the first that becomes idle.
    wanted: bool,
}

/// What a connection waits for, and since when.
pub(super) type Key = (For, u64);

/// In the order in which they give way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum For {
    /// Nothing is lost when it is idle.
    Request,
    Body,
}

/// A connection's place.
#[derive(Debug)]
pub(super) struct Seat {
    idle: Idle,
    /// Its key while it waits.
    since: Mutex<Option<Key>>,
    leave: Arc<Notify>,
}

/// A request is being answered.
#[derive(Debug)]
pub(super) struct Busy(Arc<Seat>);

/// An answer's body, which keeps its connection from being idle until it is sent or given up.
#[derive(Debug)]
pub(super) struct Sending {
    body: Body,
    _busy: Busy,
}

impl Idle {
    /// A place for a new connection, which is idle until its first request.
    pub(super) fn seat(&self) -> Arc<Seat> {
        let seat = Seat { idle: self.clone(), since: Mutex::default(), leave: Arc::default() };
        seat.rest();
        Arc::new(seat)
    }

    /// Asks the connection that has been idle for longest to leave, or has waited longest for a body when none is; when none
    /// waits at all, the first that becomes idle.
    pub(super) fn give_way(&self) {
        let mut waiting = self.lock();
        match waiting.since.pop_first() {
            Some((_, leave)) => leave.notify_one(),
            None => waiting.wanted = true,
        }
    }

    /// There is a place: nobody has to leave for it any more.
    pub(super) fn settled(&self) {
        self.lock().wanted = false;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Waits until the place is wanted for another.
    pub(super) async fn wanted(&self) {
        self.leave.notified().await;
    }

    /// Whether a request is being answered, all of which is here.
    pub(super) fn is_busy(&self) -> bool {
        self.key().is_none()
    }

    /// A request has come; the connection is idle again when what is returned is gone.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.forget();
        Busy(Arc::clone(self))
    }

    /// The client keeps us waiting for a body, until [it has come](Self::has_body). Tells when it is not worth waiting for any
    /// longer, as the place is wanted.
    pub(super) fn awaits_body(&self) -> (Key, Arc<Notify>) {
        let leave = Arc::default();
        let key = self.wait(For::Body, &leave);
        (key, leave)
    }

    /// That wait is over, one way or another.
    pub(super) fn has_body(&self, waited: Key) {
        // Where the answer came first, it is idle by now.
        if *self.key() == Some(waited) {
            self.forget();
        }
    }

    fn rest(&self) {
        self.forget();
        self.wait(For::Request, &self.leave);
    }

    fn wait(&self, what: For, leave: &Arc<Notify>) -> Key {
        let mut waiting = self.idle.lock();
        let key = (what, waiting.next);
        waiting.next += 1;
        // A body may come in the next moment: it has until somebody looks for a place again.
        if what == For::Request && std::mem::take(&mut waiting.wanted) {
            leave.notify_one();
        } else {
            waiting.since.insert(key, Arc::clone(leave));
        }
        drop(waiting);
        *self.key() = Some(key);
        key
    }

    fn forget(&self) {
        // One lock after the other, never one within the other.
        let key = self.key().take();
        if let Some(key) = key {
            self.idle.lock().since.remove(&key);
        }
    }

    fn key(&self) -> MutexGuard<'_, Option<Key>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Busy {
    /// The same until all of `body` is sent.
    pub(super) const fn until_sent(self, body: Body) -> Sending {
        Sending { body, _busy: self }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.rest();
    }
}

impl hyper::body::Body for Sending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
