//! Where closed rounds go.

use thiserror::Error;

use crate::round::Round;

/// Takes closed rounds: a store's writer, an alert engine, a live feed.
///
/// Called on the engine's own task, one round after another: it must not block. A sink that has slow work to do keeps
/// a bounded queue and counts what it drops.
pub trait RoundSink: Send {
    /// Takes one round.
    fn accept(&mut self, round: &Round) -> Result<(), SinkError>;

    /// Passes on what is held back. The engine's last call, when it shuts down.
    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// A round that a sink could not take.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The sink's queue is full; the round is dropped and counted.
    #[error("queue of {capacity} rounds is full")]
    Full {
        /// How many rounds the queue holds.
        capacity: usize,
    },
    /// The sink has ended.
    #[error("the receiver has ended")]
    Closed,
}

impl<F: FnMut(&Round) + Send> RoundSink for F {
    fn accept(&mut self, round: &Round) -> Result<(), SinkError> {
        self(round);
        Ok(())
    }
}

/// Hands every round to several sinks. One that fails does not keep the round from the others.
#[derive(Default)]
pub struct FanOut(Vec<Box<dyn RoundSink>>);

impl FanOut {
    /// Hands rounds to these, in this order.
    pub fn new(sinks: Vec<Box<dyn RoundSink>>) -> Self {
        Self(sinks)
    }
}

impl std::fmt::Debug for FanOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FanOut").field(&self.0.len()).finish()
    }
}

impl RoundSink for FanOut {
    /// The first error of any sink, after all had the round.
    fn accept(&mut self, round: &Round) -> Result<(), SinkError> {
        let mut outcome = Ok(());
        for sink in &mut self.0 {
            outcome = outcome.and(sink.accept(round));
        }
        outcome
    }

    /// The first error of any sink, after all were flushed.
    fn flush(&mut self) -> Result<(), SinkError> {
        let mut outcome = Ok(());
        for sink in &mut self.0 {
            outcome = outcome.and(sink.flush());
        }
        outcome
    }
}
