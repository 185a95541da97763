//! The numbers below a graph.

use smokeprobe_core::deviation;
use smokeprobe_store::Frame;

/// What a range of rounds comes to. RTTs in seconds, loss as a share of 1; `None` where nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    /// Of the medians of the rows.
    pub median: Option<Spread>,
    /// The population standard deviation of the medians.
    pub deviation: Option<f64>,
    /// Of the loss of the rows.
    pub loss: Option<Spread>,
}

/// Four numbers about a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The mean.
    pub avg: f64,
    /// The greatest.
    pub max: f64,
    /// The least.
    pub min: f64,
    /// The last that is known.
    pub now: f64,
}

impl Summary {
    /// The summary of the rows that overlap `from..to`, in Unix seconds.
    pub fn of(frame: &Frame, from: i64, to: i64) -> Self {
        let step = i64::from(frame.step);
        let shown = |row: &usize| frame.end_of(*row) > from && frame.end_of(*row) - step < to;
        let rows: Vec<usize> = (0..frame.rows()).filter(shown).collect();
        let pings = f64::from(frame.pings.max(1));
        let median = Spread::of(rows.iter().map(|&row| frame.median[row]));
        let loss = Spread::of(rows.iter().map(|&row| frame.loss[row] / pings));
        let deviation = deviation(rows.iter().map(|&row| frame.median[row]).filter(|rtt| rtt.is_finite()));
        Self { median, deviation, loss }
    }

    /// SmokePing's am/s: the mean of the medians over their deviation. The higher, the steadier. `None` when all
    /// medians are equal.
    pub fn steadiness(&self) -> Option<f64> {
        let ratio = self.median?.avg / self.deviation?;
        ratio.is_finite().then_some(ratio)
    }
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut known = values.filter(|value| value.is_finite());
        let first = known.next()?;
        let (mut max, mut min, mut now, mut sum, mut count) = (first, first, first, first, 1u32);
        for value in known {
            max = max.max(value);
            min = min.min(value);
            now = value;
            sum += value;
            count += 1;
        }
        Some(Self { avg: sum / f64::from(count), max, min, now })
    }
}

/// An RTT for people, with three digits that count: `4.21 ms`, `131 ms`, `86.0 µs`.
pub fn rtt(seconds: f64) -> String {
    let (value, unit) = if seconds.abs() >= 0.999_5 {
        (seconds, "s")
    } else if seconds.abs() >= 0.000_999_5 {
        (seconds * 1e3, "ms")
    } else {
        (seconds * 1e6, "µs")
    };
    format!("{} {unit}", three_digits(value))
}

/// A share for people, in percent: `0 %`, `0.12 %`, `5.0 %`, `100 %`.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value == 0.0 {
        "0 %".to_owned()
    } else if value < 1.0 {
        format!("{value:.2} %")
    } else if value < 100.0 {
        // Nothing short of all may read as all.
        format!("{:.1} %", value.min(99.9))
    } else {
        format!("{value:.0} %")
    }
}

/// A time for people: `35 min`, `5.2 h`, `12.3 days`.
pub fn days(seconds: f64) -> String {
    if seconds < 3600.0 {
        format!("{:.0} min", seconds / 60.0)
    } else if seconds < 2.0 * 86_400.0 {
        format!("{:.1} h", seconds / 3600.0)
    } else {
        format!("{:.1} days", seconds / 86_400.0)
    }
}

/// A number with three digits that count: `4.21`, `28.4`, `131`.
pub fn three_digits(value: f64) -> String {
    if value.abs() < 9.995 {
        format!("{value:.2}")
    } else if value.abs() < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use smokeprobe_store::Consolidation;

    use super::*;

    #[test]
    fn unknown_rows_and_rows_outside_do_not_count() {
        let frame = Frame {
            start: 300,
            step: 300,
            consolidation: Consolidation::Average,
            pings: 20,
            loss: vec![20.0, 0.0, 1.0, f64::NAN, 0.0],
            median: vec![9.0, 0.001, 0.003, f64::NAN, 7.0],
            uptime: vec![f64::NAN; 5],
            samples: Vec::new(),
        };
        let summary = Summary::of(&frame, 300, 1200);
        assert_eq!(summary.median, Some(Spread { avg: 0.002, max: 0.003, min: 0.001, now: 0.003 }));
        assert_eq!(summary.loss, Some(Spread { avg: 0.025, max: 0.05, min: 0.0, now: 0.05 }));
        assert!((summary.deviation.unwrap() - 0.001).abs() < 1e-15);
        assert!((summary.steadiness().unwrap() - 2.0).abs() < 1e-12);
        assert_eq!(Summary::of(&frame, 5000, 6000), Summary::default());
    }

    #[test]
    fn times_are_in_the_unit_that_fits() {
        assert_eq!([0.0, 2100.0, 18_720.0, 1_062_720.0].map(days), ["0 min", "35 min", "5.2 h", "12.3 days"]);
    }

    #[test]
    fn numbers_have_three_digits_that_count() {
        let texts = [4.213e-3, 28.44e-3, 0.1309, 86e-6, 1.5, 0.9999, 0.009_999].map(rtt);
        assert_eq!(texts, ["4.21 ms", "28.4 ms", "131 ms", "86.0 µs", "1.50 s", "1.00 s", "10.0 ms"]);
        assert_eq!([0.0, 0.0012, 0.05, 0.9998, 1.0].map(percent), ["0 %", "0.12 %", "5.0 %", "99.9 %", "100 %"]);
    }
}
