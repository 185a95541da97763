//! The counts of a series, and of all together.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use smokeprobe_core::{Round, RoundResult, SeriesId, UnknownReason, Vantage};

/// Upper bounds of the RTT buckets in seconds: 0.1 ms to 10 s, three a decade.
pub(super) const RTT_BOUNDS: [f64; 16] =
    [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Upper bounds of the buckets of our own lateness in seconds.
pub(super) const LATENESS_BOUNDS: [f64; 8] = [1e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.1, 1.0];

/// A histogram whose counting never waits. `N` buckets and one above them.
#[derive(Debug)]
pub(super) struct Histogram<const N: usize> {
    bounds: &'static [f64; N],
    counts: [AtomicU64; N],
    above: AtomicU64,
    nanos: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    pub(super) const fn new(bounds: &'static [f64; N]) -> Self {
        Self { bounds, counts: [const { AtomicU64::new(0) }; N], above: AtomicU64::new(0), nanos: AtomicU64::new(0) }
    }

    pub(super) fn observe(&self, nanos: u64) {
        let seconds = nanos as f64 / 1e9;
        let bucket = self.bounds.partition_point(|&bound| bound < seconds);
        self.counts.get(bucket).unwrap_or(&self.above).fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The sum in seconds, the number of values, and each bucket's bound with its own count; the last bound is that
    /// of what lies above all.
    pub(super) fn read(&self) -> (f64, u64, Vec<(f64, u64)>) {
        let counts = self.counts.iter().chain([&self.above]).map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = self.bounds.iter().copied().chain([f64::INFINITY]).zip(counts).collect();
        // Summed from what was read, so that a scrape in the middle of a round agrees with itself.
        let count = buckets.iter().map(|(_, count)| count).sum();
        (self.nanos.load(Ordering::Relaxed) as f64 / 1e9, count, buckets)
    }
}

/// What was counted of a series, as `/api/v1/status` sums it up.
#[derive(Debug)]
pub(in super::super) struct Counts {
    pub(in super::super) probe: String,
    /// The slave that measures it; empty for this machine.
    pub(in super::super) vantage: String,
    pub(in super::super) measured: u64,
    pub(in super::super) unknown: u64,
    pub(in super::super) suspect: u64,
    /// When its last round started, Unix seconds.
    pub(in super::super) last: Option<u64>,
}

/// The counts of one series.
#[derive(Debug)]
pub(super) struct SeriesStats {
    pub(super) target: String,
    pub(super) vantage: String,
    pub(super) probe: String,
    pub(super) rtt: Histogram<16>,
    pub(super) sent: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) measured: AtomicU64,
    pub(super) unknown: AtomicU64,
    pub(super) suspect: AtomicU64,
    /// Unix seconds.
    pub(super) last: AtomicU64,
}

impl SeriesStats {
    pub(super) fn new(series: &SeriesId, probe: &str) -> Self {
        let vantage = match &series.vantage {
            Vantage::Local => String::new(),
            Vantage::Slave(name) => name.to_string(),
        };
        Self {
            target: series.target.to_string(),
            vantage,
            probe: probe.to_owned(),
            rtt: Histogram::new(&RTT_BOUNDS),
            sent: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            measured: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            suspect: AtomicU64::new(0),
            last: AtomicU64::new(0),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            probe: self.probe.clone(),
            vantage: self.vantage.clone(),
            measured: read(&self.measured),
            unknown: read(&self.unknown),
            suspect: read(&self.suspect),
            last: Some(read(&self.last)).filter(|last| *last > 0),
        }
    }

    pub(super) fn count(&self, round: &Round) {
        self.last.store(round.started.unix_secs().unsigned_abs(), Ordering::Relaxed);
        let Some(measured) = round.measured() else {
            self.unknown.fetch_add(1, Ordering::Relaxed);
            return;
        };
        self.measured.fetch_add(1, Ordering::Relaxed);
        self.suspect.fetch_add(measured.quality.suspect.into(), Ordering::Relaxed);
        let answered = measured.rtts().len() as u64;
        self.sent.fetch_add(answered + u64::from(measured.lost()), Ordering::Relaxed);
        self.lost.fetch_add(measured.lost().into(), Ordering::Relaxed);
        for rtt in measured.rtts() {
            self.rtt.observe(rtt.as_nanos());
        }
    }
}

/// The reasons of [`UnknownReason`] as labels.
pub(super) const UNKNOWN_REASONS: [&str; 7] =
    ["not_resolved", "probe_failed", "panicked", "hung", "missed", "stopped", "other"];

/// The counts of all series together.
#[derive(Debug)]
pub(in super::super) struct Totals {
    pub(in super::super) kernel_stamps: AtomicU64,
    pub(in super::super) user_stamps: AtomicU64,
    pub(in super::super) late_answers: AtomicU64,
    pub(in super::super) duplicates: AtomicU64,
    pub(in super::super) receive_overflows: AtomicU64,
    pub(in super::super) suspect_rounds: AtomicU64,
    pub(super) unknown: [AtomicU64; UNKNOWN_REASONS.len()],
    pub(super) timers: Histogram<8>,
    worst_timer: AtomicU64,
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            kernel_stamps: AtomicU64::new(0),
            user_stamps: AtomicU64::new(0),
            late_answers: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            receive_overflows: AtomicU64::new(0),
            suspect_rounds: AtomicU64::new(0),
            unknown: [const { AtomicU64::new(0) }; UNKNOWN_REASONS.len()],
            timers: Histogram::new(&LATENESS_BOUNDS),
            worst_timer: AtomicU64::new(0),
        }
    }
}

/// How late our own timers were, in seconds; each round counts once, with its worst.
#[derive(Debug, Serialize)]
pub(in super::super) struct Lateness {
    rounds: u64,
    mean: Option<f64>,
    max: f64,
    /// Half of the rounds were not later than this: the upper bound of a bucket.
    p50: Option<f64>,
    p90: Option<f64>,
    p99: Option<f64>,
}

impl Totals {
    pub(super) fn count(&self, round: &Round) {
        let add = |counter: &AtomicU64, count: u64| counter.fetch_add(count, Ordering::Relaxed);
        match &round.result {
            RoundResult::Unknown(reason) => {
                let index = match reason {
                    UnknownReason::NotResolved => 0,
                    UnknownReason::ProbeFailed(_) => 1,
                    UnknownReason::Panicked => 2,
                    UnknownReason::Hung => 3,
                    UnknownReason::Missed => 4,
                    UnknownReason::Stopped => 5,
                    _ => 6,
                };
                add(&self.unknown[index], 1);
            }
            RoundResult::Measured(measured) => {
                let quality = &measured.quality;
                add(&self.kernel_stamps, quality.kernel_stamps.into());
                add(&self.user_stamps, quality.user_stamps.into());
                add(&self.late_answers, quality.late_answers.into());
                add(&self.duplicates, quality.duplicates.into());
                add(&self.receive_overflows, quality.receive_overflows.into());
                add(&self.suspect_rounds, quality.suspect.into());
                let late = u64::try_from(quality.timer_lateness.as_nanos()).unwrap_or(u64::MAX);
                self.timers.observe(late);
                self.worst_timer.fetch_max(late, Ordering::Relaxed);
            }
        }
    }

    pub(in super::super) fn lateness(&self) -> Lateness {
        let (sum, rounds, buckets) = self.timers.read();
        let mean = (rounds > 0).then(|| sum / rounds as f64);
        let max = self.worst_timer.load(Ordering::Relaxed) as f64 / 1e9;
        let within = |percent| quantile(&buckets, rounds, percent).map(|bound| bound.min(max));
        Lateness { rounds, mean, max, p50: within(50), p90: within(90), p99: within(99) }
    }
}

/// The least bound under which so many percent of the values lie.
fn quantile(buckets: &[(f64, u64)], count: u64, percent: u64) -> Option<f64> {
    let wanted = (count * percent).div_ceil(100).max(1);
    let mut below = 0;
    let mut reached = buckets.iter().skip_while(|(_, own)| {
        below += own;
        below < wanted
    });
    reached.next().map(|(bound, _)| *bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_bound_that_so_many_do_not_pass() {
        let buckets = [(0.1, 50), (0.2, 0), (0.5, 40), (1.0, 9), (f64::INFINITY, 1)];
        let found = [1, 50, 51, 90, 91, 99, 100].map(|percent| quantile(&buckets, 100, percent));
        assert_eq!(found, [0.1, 0.1, 0.5, 0.5, 1.0, 1.0, f64::INFINITY].map(Some));
        assert_eq!(quantile(&[(0.1, 0), (0.2, 0)], 0, 50), None);
    }

    #[test]
    fn values_fall_in_the_bucket_whose_bound_they_do_not_pass() {
        let histogram = Histogram::new(&RTT_BOUNDS);
        for nanos in [0, 100_000, 100_001, 10_000_000_000, 10_000_000_001] {
            histogram.observe(nanos);
        }
        let (_, count, buckets) = histogram.read();
        assert_eq!(count, 5);
        let filled: Vec<(f64, u64)> = buckets.into_iter().filter(|&(_, count)| count > 0).collect();
        assert_eq!(filled, [(1e-4, 2), (2e-4, 1), (10.0, 1), (f64::INFINITY, 1)]);
    }
}
