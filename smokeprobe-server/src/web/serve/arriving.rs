//! Bodies of requests on their way. A client that keeps us waiting for one has a place that others may want: it gives way
//! as idle connections do, and after them, as it loses more by that.

use std::iter;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::Bytes;
use futures_util::future::BoxFuture;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use thiserror::Error;

use super::idle::{Key, Seat};

/// A request's body.
pub(super) struct Arriving {
    body: Incoming,
    seat: Arc<Seat>,
    /// From the first moment without it to its end: a byte now and then is no better than none.
    awaited: Option<Awaited>,
}

struct Awaited {
    seat: Arc<Seat>,
    key: Key,
    wanted: BoxFuture<'static, ()>,
}

/// The rest of a body is waited for no longer: somebody else has the place.
#[derive(Debug, Error)]
#[error("another connection was let in")]
pub(in crate::web) struct GaveWay;

impl GaveWay {
    /// Whether it is what an error comes from.
    pub(in crate::web) fn is_cause_of(error: &(dyn std::error::Error + 'static)) -> bool {
        iter::successors(Some(error), |error| error.source()).any(|cause| cause.downcast_ref::<Self>().is_some())
    }
}

impl Arriving {
    pub(super) const fn new(body: Incoming, seat: Arc<Seat>) -> Self {
        Self { body, seat, awaited: None }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Self { body, seat, awaited } = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(context) {
            if body.is_end_stream() || !matches!(frame, Some(Ok(_))) {
                *awaited = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        ready!(awaited.get_or_insert_with(|| Awaited::by(seat)).wanted.as_mut().poll(context));
        *awaited = None;
        Poll::Ready(Some(Err(GaveWay.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Awaited {
    fn by(seat: &Arc<Seat>) -> Self {
        let (key, leave) = seat.awaits_body();
        Self { seat: Arc::clone(seat), key, wanted: Box::pin(async move { leave.notified().await }) }
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.seat.has_body(self.key);
    }
}
