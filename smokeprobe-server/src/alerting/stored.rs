//! Rounds as the store gives them back.

use smokeprobe_alerts::{Measurement, Observation};
use smokeprobe_store::Frame;

/// A row of a series' finest archive, as its round was seen live. That it was suspect is not stored.
pub(super) fn observation(frame: &Frame, row: usize) -> Observation {
    let (loss, median) = (frame.loss[row], frame.median[row]);
    if loss.is_nan() {
        return Observation::Unknown;
    }
    let answers: Vec<f64> = frame.samples.iter().map(|column| column[row]).filter(|rtt| !rtt.is_nan()).collect();
    Observation::Measured(Measurement {
        // In this order, as it is computed live.
        loss: loss * 100.0 / f64::from(frame.pings.max(1)),
        median: (!median.is_nan()).then_some(median),
        deviation: deviation(&answers),
        suspect: false,
    })
}

/// The population standard deviation.
fn deviation(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    Some((values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
}
