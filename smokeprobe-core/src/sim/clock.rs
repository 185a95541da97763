//! Clocks that are told the time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::time::{MonoTime, WallTime};

/// A clock that stands still until it is told to move. Clones show the same time.
#[derive(Debug, Clone, Default)]
pub struct ManualClock(Arc<Mutex<Times>>);

#[derive(Debug, Clone, Copy, Default)]
struct Times {
    mono: MonoTime,
    wall: WallTime,
}

impl ManualClock {
    /// A clock at the origin of monotonic time that shows this wall time.
    pub fn new(wall: WallTime) -> Self {
        Self(Arc::new(Mutex::new(Times { mono: MonoTime::ORIGIN, wall })))
    }

    /// Lets time pass on both clocks.
    pub fn advance(&self, by: Duration) {
        let mut times = self.lock();
        times.mono = times.mono + by;
        times.wall = times.wall + by;
    }

    /// Sets the wall clock, forward or back, as an administrator does.
    pub fn set_wall(&self, wall: WallTime) {
        self.lock().wall = wall;
    }

    fn lock(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn mono(&self) -> MonoTime {
        self.lock().mono
    }

    fn wall(&self) -> WallTime {
        self.lock().wall
    }
}

/// A clock that runs as tokio's does, so that it stands still and jumps with the paused time of a test. Its wall clock
/// can be set. Clones show the same time.
#[derive(Debug, Clone)]
pub struct RuntimeClock {
    origin: tokio::time::Instant,
    /// What the wall clock showed at the origin, were it never set since.
    wall_at_origin: Arc<Mutex<WallTime>>,
}

impl RuntimeClock {
    /// A clock that shows this wall time now.
    pub fn new(wall: WallTime) -> Self {
        #[expect(clippy::disallowed_methods, reason = "this clock is tokio's, as others are the system's")]
        let origin = tokio::time::Instant::now();
        Self { origin, wall_at_origin: Arc::new(Mutex::new(wall)) }
    }

    /// Sets the wall clock, forward or back, as an administrator does.
    pub fn set_wall(&self, wall: WallTime) {
        *self.lock() = wall - self.passed();
    }

    fn passed(&self) -> Duration {
        #[expect(clippy::disallowed_methods, reason = "this clock is tokio's, as others are the system's")]
        let now = tokio::time::Instant::now();
        now.saturating_duration_since(self.origin)
    }

    fn lock(&self) -> MutexGuard<'_, WallTime> {
        self.wall_at_origin.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for RuntimeClock {
    fn mono(&self) -> MonoTime {
        MonoTime::ORIGIN + self.passed()
    }

    fn wall(&self) -> WallTime {
        *self.lock() + self.passed()
    }
}
