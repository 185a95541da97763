//! The only sanctioned clock reads of the library.

use std::fmt;
use std::sync::LazyLock;
use std::time::{Instant, SystemTime};

use crate::time::{MonoTime, WallTime};

/// Where the time comes from. Everything that needs it is handed one; nothing reads a clock by itself.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The monotonic clock now.
    fn mono(&self) -> MonoTime;

    /// The wall clock now.
    fn wall(&self) -> WallTime;
}

/// The clocks of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// One origin for the whole process, so that readings of different `SystemClock`s can be compared.
static ORIGIN: LazyLock<Instant> = LazyLock::new(|| {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everyone else is to use")]
    Instant::now()
});

impl Clock for SystemClock {
    fn mono(&self) -> MonoTime {
        let origin = *ORIGIN;
        #[expect(clippy::disallowed_methods, reason = "this is the clock that everyone else is to use")]
        let now = Instant::now();
        MonoTime::ORIGIN + now.saturating_duration_since(origin)
    }

    fn wall(&self) -> WallTime {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that everyone else is to use")]
        let now = SystemTime::now();
        match now.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => WallTime::EPOCH + since,
            Err(before) => WallTime::EPOCH - before.duration(),
        }
    }
}
