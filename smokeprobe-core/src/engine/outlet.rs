//! The way out: closed rounds to the sink, whatever the sink does.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::round::Round;
use crate::sink::{RoundSink, SinkError};

/// Hands rounds to a sink, and counts what it does not take.
pub(super) struct Outlet {
    sink: Box<dyn RoundSink>,
    errors: u64,
    /// Errors since the sink last took a round: the first of them is logged, and the end of them.
    streak: u64,
}

impl Outlet {
    pub(super) fn new(sink: Box<dyn RoundSink>) -> Self {
        Self { sink, errors: 0, streak: 0 }
    }

    pub(super) fn emit(&mut self, round: &Round) {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.sink.accept(round)));
        self.note(&outcome);
    }

    pub(super) fn flush(&mut self) {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.sink.flush()));
        self.note(&outcome);
    }

    /// How often the sink did not take a round.
    pub(super) const fn errors(&self) -> u64 {
        self.errors
    }

    fn note(&mut self, outcome: &std::thread::Result<Result<(), SinkError>>) {
        let error: &dyn std::fmt::Display = match outcome {
            Ok(Ok(())) => {
                if self.streak > 0 {
                    tracing::info!(rounds = self.streak, "the sink takes rounds again");
                }
                self.streak = 0;
                return;
            }
            Ok(Err(error)) => error,
            Err(_) => &"it panicked",
        };
        self.errors += 1;
        self.streak += 1;
        if self.streak == 1 {
            tracing::warn!("the sink does not take rounds: {error}");
        }
    }
}
