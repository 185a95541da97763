//! A connection that remembers when its bytes moved.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::clock::Clock;
use crate::time::MonoTime;

/// When the first byte came, and the last one went.
#[derive(Debug)]
pub(super) struct Stamps {
    first_read: AtomicU64,
    last_write: AtomicU64,
}

/// No clock gets there: nanoseconds since the start of the process.
const NEVER: u64 = u64::MAX;

impl Stamps {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { first_read: AtomicU64::new(NEVER), last_write: AtomicU64::new(NEVER) })
    }

    pub(super) fn first_read(&self) -> Option<MonoTime> {
        read(&self.first_read)
    }

    pub(super) fn last_write(&self) -> Option<MonoTime> {
        read(&self.last_write)
    }
}

fn read(stamp: &AtomicU64) -> Option<MonoTime> {
    let nanos = stamp.load(Ordering::Relaxed);
    (nanos != NEVER).then(|| MonoTime::from_nanos(nanos))
}

/// Stamps what goes through it. Only one task holds it, so the stamps need no order among themselves.
#[derive(Debug)]
pub(super) struct Stamped<S> {
    stream: S,
    clock: Arc<dyn Clock>,
    stamps: Arc<Stamps>,
}

impl<S> Stamped<S> {
    pub(super) fn new(stream: S, clock: Arc<dyn Clock>, stamps: Arc<Stamps>) -> Self {
        Self { stream, clock, stamps }
    }

    fn wrote(&self) {
        self.stamps.last_write.store(self.clock.mono().as_nanos(), Ordering::Relaxed);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stamped<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if buf.filled().len() > before && self.stamps.first_read().is_none() {
            self.stamps.first_read.store(self.clock.mono().as_nanos(), Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stamped<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, data))?;
        self.wrote();
        Poll::Ready(Ok(written))
    }

    /// TLS may keep what is written until it is flushed.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
