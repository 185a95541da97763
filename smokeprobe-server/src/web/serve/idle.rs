//! Connections that wait for their next request: browsers keep some open for half a minute. When there is no place for a new
//! one, the one that has waited longest gives way.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;

/// All connections that are idle.
#[derive(Debug, Clone, Default)]
pub(super) struct Idle(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    /// Since when each has been idle, as a count.
    since: BTreeMap<u64, Arc<Notify>>,
    next: u64,
    /// A new connection waits for the first that becomes idle.
    wanted: bool,
}

/// A connection's place.
#[derive(Debug)]
pub(super) struct Seat {
    idle: Idle,
    /// Its key while it is idle.
    since: Mutex<Option<u64>>,
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

    /// Asks the connection that has been idle for longest to leave; when none is, the first that becomes so.
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

    /// Whether a request is being answered.
    pub(super) fn is_busy(&self) -> bool {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// A request has come; the connection is idle again when what is returned is gone.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.forget();
        Busy(Arc::clone(self))
    }

    fn rest(&self) {
        let mut waiting = self.idle.lock();
        let key = waiting.next;
        waiting.next += 1;
        if std::mem::take(&mut waiting.wanted) {
            self.leave.notify_one();
        } else {
            waiting.since.insert(key, Arc::clone(&self.leave));
        }
        drop(waiting);
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
    }

    fn forget(&self) {
        if let Some(key) = self.since.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.idle.lock().since.remove(&key);
        }
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
