//! Times that cannot be mixed up: one type for each clock, and the RTT and the slot that come out of them.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A reading of the monotonic clock, in nanoseconds since an origin fixed when the process started.
///
/// Only differences mean anything. Wall-clock steps and slews by an administrator do not move it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MonoTime(u64);

impl MonoTime {
    /// The origin: the earliest time there is.
    pub const ORIGIN: Self = Self(0);

    /// A reading that lies `since_origin` after the origin.
    pub const fn from_nanos(since_origin: u64) -> Self {
        Self(since_origin)
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time that passed from `earlier` to this reading; zero if `earlier` is the later one.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for MonoTime {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(nanos(later)))
    }
}

impl Sub<Duration> for MonoTime {
    type Output = Self;

    fn sub(self, earlier: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(earlier)))
    }
}

/// A reading of the wall clock, in nanoseconds since the Unix epoch, UTC.
///
/// Says *when* something happened, never how long it took: the wall clock may step between two readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct WallTime(i64);

impl WallTime {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// A time this many nanoseconds after the Unix epoch.
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// A time this many seconds after the Unix epoch.
    pub const fn from_unix_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn unix_secs(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn unix_nanos(self) -> i64 {
        self.0
    }

    /// Seconds since the Unix epoch with their fraction, exact to about a quarter of a microsecond today.
    pub fn as_unix_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The time that passes from `earlier` to this reading; zero if `earlier` is the later one.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        let nanos = self.0.saturating_sub(earlier.0);
        Duration::from_nanos(if nanos < 0 { 0 } else { nanos.unsigned_abs() })
    }
}

impl Add<Duration> for WallTime {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(nanos(later)))
    }
}

impl Sub<Duration> for WallTime {
    type Output = Self;

    fn sub(self, earlier: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(nanos(earlier)))
    }
}

/// A stamp that the kernel put on a packet, in nanoseconds of `CLOCK_REALTIME`.
///
/// Kept apart from [`WallTime`] because it is only ever compared with another stamp of the same exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KernelTime(i64);

impl KernelTime {
    /// A stamp of this many nanoseconds since the Unix epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The interval from `sent` to this stamp; `None` when the clock was stepped back in between.
    pub const fn since(self, sent: Self) -> Option<Duration> {
        match self.0.checked_sub(sent.0) {
            Some(nanos) if nanos >= 0 => Some(Duration::from_nanos(nanos.unsigned_abs())),
            _ => None,
        }
    }
}

/// A round-trip time, in whole nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Rtt(u64);

impl Rtt {
    /// An RTT of this many nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds, the unit of SmokePing's RRD files. The nearest `f64`, so that equal RTTs are equal bits.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Milliseconds, the unit of fping's output.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl From<Duration> for Rtt {
    fn from(interval: Duration) -> Self {
        Self(nanos(interval))
    }
}

impl From<Rtt> for Duration {
    fn from(rtt: Rtt) -> Self {
        Self::from_nanos(rtt.0)
    }
}

/// How often a series is measured: whole seconds, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Step(u32);

impl Step {
    /// SmokePing's usual step, five minutes.
    pub const DEFAULT: Self = Self(300);

    /// A step of `secs` seconds; `None` for zero.
    pub const fn from_secs(secs: u32) -> Option<Self> {
        if secs == 0 { None } else { Some(Self(secs)) }
    }

    /// Seconds.
    pub const fn as_secs(self) -> u32 {
        self.0
    }

    /// The step as a duration.
    pub const fn as_duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

/// One step of a series on the wall clock: the half-open interval `[start, start + step)`, aligned to the Unix epoch.
///
/// A round belongs to the slot in which it started and becomes exactly one row of the store: the row that RRD files
/// call by the slot's [end](Self::end).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Slot {
    index: i64,
    step: Step,
}

impl Slot {
    /// The slot that `at` lies in.
    pub const fn containing(at: WallTime, step: Step) -> Self {
        Self { index: at.unix_secs().div_euclid(step.0 as i64), step }
    }

    /// The slot whose row an RRD file calls `end` (Unix seconds); `end` is rounded down to a multiple of `step`.
    pub const fn ending_at(end: i64, step: Step) -> Self {
        Self { index: end.div_euclid(step.0 as i64) - 1, step }
    }

    /// How many steps lie between the Unix epoch and the start of the slot.
    pub const fn index(self) -> i64 {
        self.index
    }

    /// The length of the slot.
    pub const fn step(self) -> Step {
        self.step
    }

    /// Unix seconds of the first instant of the slot.
    pub const fn start(self) -> i64 {
        self.index * self.step.0 as i64
    }

    /// Unix seconds of the first instant after the slot, by which RRD files call its row.
    pub const fn end(self) -> i64 {
        (self.index + 1) * self.step.0 as i64
    }

    /// The slot `count` later, or earlier when negative.
    #[must_use]
    pub const fn plus(self, count: i64) -> Self {
        Self { index: self.index + count, step: self.step }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}s", self.start(), self.step.0)
    }
}

/// Nanoseconds in `duration`, at most what 64 bits hold (584 years).
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slot_is_named_by_its_end_and_found_by_any_instant_inside() {
        let step = Step::from_secs(300).unwrap();
        let slot = Slot::containing(WallTime::from_unix_secs(1_000_000_123), step);
        assert_eq!((slot.start(), slot.end()), (999_999_900, 1_000_000_200));
        assert_eq!(Slot::ending_at(slot.end(), step), slot);
        assert_eq!(Slot::containing(WallTime::from_unix_nanos(-1), step).start(), -300);
    }

    #[test]
    fn kernel_interval_is_refused_when_the_clock_stepped_back() {
        let sent = KernelTime::from_nanos(10);
        assert_eq!(KernelTime::from_nanos(12).since(sent), Some(Duration::from_nanos(2)));
        assert_eq!(KernelTime::from_nanos(9).since(sent), None);
    }
}
