//! The time that a sample has left, where only some of its parts count.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

use crate::clock::Clock;

/// A time-out that runs only while a part that counts is under way: waiting for our own turn does not.
#[derive(Debug)]
pub(crate) struct Budget<'a> {
    clock: &'a dyn Clock,
    left: Duration,
}

/// The time-out ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spent;

impl<'a> Budget<'a> {
    pub(crate) const fn new(clock: &'a dyn Clock, left: Duration) -> Self {
        Self { clock, left }
    }

    /// Runs one part, and says how long it took.
    pub(crate) async fn run<F: Future>(&mut self, part: F) -> Result<(F::Output, Duration), Spent> {
        let start = self.clock.mono();
        let output = timeout(self.left, part).await.map_err(|_| Spent)?;
        let took = self.clock.mono().saturating_since(start);
        // Done, but we were woken too late to know it in time: as late as if it had been the network.
        self.left = self.left.checked_sub(took).ok_or(Spent)?;
        Ok((output, took))
    }

    pub(crate) const fn clock(&self) -> &'a dyn Clock {
        self.clock
    }
}
