//! A small graph: what it shows of each row.

use serde::Serialize;
use smokeprobe_core::Step;
use smokeprobe_store::Frame;

use super::super::states::four_digits;

/// Rows of a series in columns. Loss in pings, RTTs in seconds; what is unknown is NaN, which JSON says as `null`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Small {
    series: String,
    /// Why there are no rows, where they cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Unix seconds of the end of the first row.
    start: i64,
    /// Seconds a row.
    step: u32,
    /// Pings a round: the unit of `loss`.
    pings: u32,
    loss: Vec<f64>,
    median: Vec<f64>,
    /// The lowest answer.
    min: Vec<f64>,
    /// The highest answer.
    max: Vec<f64>,
    /// The population standard deviation of the answers.
    deviation: Vec<f64>,
}

impl Small {
    /// Of a series without rows.
    pub(super) fn empty(series: String, start: i64, step: Step, pings: u32) -> Self {
        let none = Vec::new;
        let (loss, median, min, max, deviation) = (none(), none(), none(), none(), none());
        Self { series, error: None, start, step: step.as_secs(), pings, loss, median, min, max, deviation }
    }

    /// The same, with the reason.
    pub(super) fn because(self, error: String) -> Self {
        Self { error: Some(error), ..self }
    }

    pub(super) fn of(series: String, frame: &Frame) -> Self {
        let rows = frame.rows();
        let short = |column: &[f64]| column.iter().copied().map(four_digits).collect();
        let mut small = Self {
            series,
            error: None,
            start: frame.start,
            step: frame.step,
            pings: frame.pings,
            loss: short(&frame.loss),
            median: short(&frame.median),
            min: Vec::with_capacity(rows),
            max: Vec::with_capacity(rows),
            deviation: Vec::with_capacity(rows),
        };
        for row in 0..rows {
            let (min, max) = frame.extremes(row).unwrap_or((f64::NAN, f64::NAN));
            small.min.push(four_digits(min));
            small.max.push(four_digits(max));
            small.deviation.push(four_digits(frame.deviation(row).unwrap_or(f64::NAN)));
        }
        small
    }
}

#[cfg(test)]
mod tests {
    use smokeprobe_store::Consolidation;

    use super::*;

    #[test]
    fn row_has_the_spread_of_its_answers_and_nothing_when_all_are_lost() {
        let lost = f64::NAN;
        let frame = Frame {
            start: 600,
            step: 300,
            consolidation: Consolidation::Average,
            pings: 4,
            loss: vec![1.0, 4.0, f64::NAN],
            median: vec![0.003, lost, lost],
            uptime: vec![lost; 3],
            samples: vec![vec![0.001, lost, lost], vec![0.003, lost, lost], vec![0.005, lost, lost], vec![lost; 3]],
        };
        let small = serde_json::to_value(Small::of("A".to_owned(), &frame)).unwrap();
        let expected = serde_json::json!({
            "series": "A", "start": 600, "step": 300, "pings": 4, "loss": [1.0, 4.0, null], "median": [0.003, null, null],
            "min": [0.001, null, null], "max": [0.005, null, null], "deviation": [0.001_633, null, null],
        });
        assert_eq!(small, expected);
    }
}
