//! Quantiles of a sample.

/// The value below which this share of a sample lies (nearest rank). Sorts the sample.
pub fn quantile(sample: &mut [f64], share: f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let rank = (share * sample.len() as f64).ceil() as usize;
    sample.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// The middle one. Sorts the sample.
pub fn median(sample: &mut [f64]) -> f64 {
    quantile(sample, 0.5)
}
