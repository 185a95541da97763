//! Work that reads files or draws, off the runtime's own threads.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::error::ApiError;

/// How many pieces of work run at once. More would not make them faster, and would take the processor from measuring.
const AT_ONCE: usize = 2;

/// How many may wait. The rest is turned away at once rather than kept in memory.
const WAITING: usize = 256;

/// How long a piece of work may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long, where no browser would ask again: a page that lacks a script is none. On a machine with little processor left,
/// the first visit takes a while.
const LONG_PATIENCE: Duration = Duration::from_secs(60);

/// Runs pieces of work, a few at a time.
#[derive(Debug, Clone)]
pub(super) struct Workers {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Workers {
    fn default() -> Self {
        Self::new(AT_ONCE, WAITING)
    }
}

impl Workers {
    /// Runs so many pieces of work at once while others wait.
    pub(super) fn new(at_once: usize, waiting: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once)), places: Arc::new(Semaphore::new(at_once + waiting)) }
    }

    /// Runs `work` on a blocking thread once it is its turn.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.run_within(PATIENCE, work).await
    }

    /// As [`run`](Self::run), for what a browser asks for once.
    pub(super) async fn run_patiently<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.run_within(LONG_PATIENCE, work).await
    }

    async fn run_within<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let Ok(_place) = self.places.try_acquire() else { return Err(ApiError::busy()) };
        let turn = tokio::time::timeout(patience, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(ApiError::busy()) };
        // The turn goes along: a client that leaves must not let the next one in before its work is done.
        let job = move || {
            let outcome = work();
            drop(turn);
            outcome
        };
        match tokio::task::spawn_blocking(job).await {
            Ok(outcome) => outcome,
            Err(_) => Err(ApiError::internal("this request hit a fault in the server; please report it")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn work_that_panics_frees_its_turn() {
        let workers = Workers::default();
        for _ in 0..AT_ONCE * 3 {
            workers.run::<()>(|| panic!("expected by the test")).await.unwrap_err();
        }
        assert_eq!(workers.run(|| Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_browser_asks_for_once_waits_longer() {
        let workers = Workers::new(1, 2);
        let (open, gate) = mpsc::channel::<()>();
        let (long, hasty, patient) = (workers.clone(), workers.clone(), workers.clone());
        let long = tokio::spawn(async move { long.run(move || Ok(gate.recv().is_ok())).await });
        let hasty = tokio::spawn(async move { hasty.run(|| Ok(())).await });
        let patient = tokio::spawn(async move { patient.run_patiently(|| Ok(7)).await });
        while workers.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        tokio::time::advance(PATIENCE * 2).await;
        assert_eq!(hasty.await.unwrap(), Err(ApiError::busy()));
        drop(open);
        assert!(!long.await.unwrap().unwrap());
        assert_eq!(patient.await.unwrap(), Ok(7));
    }

    #[tokio::test]
    async fn a_crowd_is_turned_away_at_once() {
        let workers = Workers::default();
        let mut gates = Vec::new();
        let mut waiting = Vec::new();
        for _ in 0..AT_ONCE + WAITING {
            let (open, gate) = mpsc::channel::<()>();
            gates.push(open);
            let workers = workers.clone();
            waiting.push(tokio::spawn(async move { workers.run(move || Ok(gate.recv().is_ok())).await }));
        }
        while workers.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(workers.run(|| Ok(())).await.unwrap_err(), ApiError::busy());
        drop(gates);
        for work in waiting {
            assert!(!work.await.unwrap().unwrap());
        }
    }
}
