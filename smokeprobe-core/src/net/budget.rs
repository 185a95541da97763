//! The time that a sample has left, where only some of its parts count.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

use crate::clock::Clock;
use crate::round::Recorder;

/// A time-out that runs only while a part that counts is under way: waiting for our own turn does not.
#[derive(Debug)]
pub(crate) struct Budget<'a> {
    clock: &'a dyn Clock,
    left: Duration,
    recorder: &'a Recorder,
}

/// The time-out ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spent;

impl<'a> Budget<'a> {
    pub(crate) const fn new(clock: &'a dyn Clock, left: Duration, recorder: &'a Recorder) -> Self {
        Self { clock, left, recorder }
    }

    /// Runs one part, and says how long it took.
    pub(crate) async fn run<F: Future>(&mut self, part: F) -> Result<(F::Output, Duration), Spent> {
        let start = self.clock.mono();
        let output = timeout(self.left, part).await.map_err(|_| Spent)?;
        let took = self.clock.mono().saturating_since(start);
        if let Some(left) = self.left.checked_sub(took) {
            self.left = left;
            return Ok((output, took));
        }
        too_late(self.recorder);
        Err(Spent)
    }

    pub(crate) const fn clock(&self) -> &'a dyn Clock {
        self.clock
    }
}

/// An answer was there when its time-out was over, yet we had not noticed the time-out either: we were woken late. The
/// sample counts as lost, since nobody knows when the answer came, and the round as spoilt.
pub(crate) fn too_late(recorder: &Recorder) {
    recorder.quality(|quality| {
        quality.late_answers += 1;
        quality.suspect = true;
    });
}
