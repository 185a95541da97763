//! A sink that keeps what it is given.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::round::Round;
use crate::sink::{RoundSink, SinkError};

/// Keeps every round. Clones share them, so that a test can hand one to an engine and look into the other.
#[derive(Debug, Clone, Default)]
pub struct RoundLog(Arc<Mutex<Log>>);

#[derive(Debug, Default)]
struct Log {
    rounds: Vec<Round>,
    flushes: usize,
}

impl RoundLog {
    /// The rounds so far, as they came.
    pub fn rounds(&self) -> Vec<Round> {
        self.lock().rounds.clone()
    }

    /// Hands out the rounds so far, and forgets them.
    pub fn take(&self) -> Vec<Round> {
        std::mem::take(&mut self.lock().rounds)
    }

    /// How often it was flushed.
    pub fn flushes(&self) -> usize {
        self.lock().flushes
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RoundSink for RoundLog {
    fn accept(&mut self, round: &Round) -> Result<(), SinkError> {
        self.lock().rounds.push(round.clone());
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.lock().flushes += 1;
        Ok(())
    }
}
