//! Time and RTT → pixels.

use smokeprobe_store::Frame;

/// The rectangle that data is drawn in, in pixels of the image; y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plot {
    /// Left edge.
    pub left: f64,
    /// Top edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Bottom edge.
    pub bottom: f64,
}

impl Plot {
    /// Its width.
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// Its height.
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// How values are spread over the height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// From 0 to the ceiling.
    Linear,
    /// From this many seconds to the ceiling.
    Logarithmic(f64),
}

/// Maps times and values to a plot. What lies outside lands on the edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Where to.
    pub plot: Plot,
    /// Unix seconds at the left edge.
    pub from: i64,
    /// Unix seconds at the right edge.
    pub to: i64,
    /// Seconds of RTT at the top edge.
    pub ceiling: f64,
    /// How values are spread.
    pub spread: Spread,
}

impl Scale {
    /// The x of a Unix time.
    pub fn x(&self, at: i64) -> f64 {
        let share = (at.saturating_sub(self.from)) as f64 / (self.to.saturating_sub(self.from)).max(1) as f64;
        self.plot.left + share.clamp(0.0, 1.0) * self.plot.width()
    }

    /// The left and the right edge of a row of `frame`, which is called by its end. Of one outside, they are the same.
    pub fn row(&self, frame: &Frame, row: usize) -> (f64, f64) {
        let end = frame.end_of(row);
        (self.x(end - i64::from(frame.step)), self.x(end))
    }

    /// The y of an RTT in seconds.
    pub fn y(&self, rtt: f64) -> f64 {
        let share = match self.spread {
            Spread::Linear => rtt / self.ceiling,
            Spread::Logarithmic(floor) => (rtt.max(floor) / floor).log10() / (self.ceiling / floor).log10(),
        };
        self.plot.bottom - share.clamp(0.0, 1.0) * self.plot.height()
    }
}

/// The RTT at the top of a graph of `frame`, in seconds.
///
/// 1. A fifth above the highest median, as SmokePing has it;
/// 2. more where the smoke is high: nine of ten rows fit with all their answers, up to three times the highest median,
///    so that a lone late answer does not flatten everything else;
/// 3. never above `max_rtt`.
pub fn ceiling(frame: &Frame, max_rtt: Option<f64>) -> f64 {
    let highest = frame.median.iter().copied().filter(|rtt| rtt.is_finite()).fold(0.0, f64::max);
    let mut tops: Vec<f64> = (0..frame.rows())
        .map(|row| frame.samples.iter().filter_map(|column| column.get(row)).copied().fold(f64::NAN, f64::max))
        .filter(|rtt| rtt.is_finite())
        .collect();
    tops.sort_unstable_by(f64::total_cmp);
    let usual = tops.get(tops.len().saturating_sub(1) * 9 / 10).copied().unwrap_or(0.0);
    let wanted = (highest * 1.2).max((usual * 1.05).min(highest * 3.0));
    // Nothing known, or answers in no time at all: a millisecond is as good as any.
    let wanted = if wanted > 0.0 { wanted.max(1e-6) } else { 1e-3 };
    match max_rtt {
        Some(limit) if limit > 0.0 => wanted.min(limit),
        _ => wanted,
    }
}

/// The RTT at the top of a graph of several frames: the highest of theirs.
pub fn common_ceiling<'a>(frames: impl IntoIterator<Item = &'a Frame>, max_rtt: Option<f64>) -> f64 {
    let answered = frames.into_iter().filter(|frame| frame.median.iter().any(|rtt| rtt.is_finite()));
    answered
        .map(|frame| ceiling(frame, max_rtt))
        .fold(None, |most: Option<f64>, one| Some(one.max(most.unwrap_or(one))))
        .unwrap_or(1e-3)
}

/// The ceilings of the graphs of one page: those that are alike share the highest among them, so that their heights can
/// be compared by eye.
///
/// 1. Alike are those within `tolerance` times the median of all, up and down; without a tolerance all of them, as
///    SmokePing has it.
/// 2. The median is the lower of the two in the middle where their number is even. SmokePing means the same and sorts as
///    text, where 0.00009 (`9e-05`) comes after 0.1 and the "median" may be any of them; that is not kept.
/// 3. A graph without a ceiling (not a positive number) keeps what it has and has no say.
pub fn unison(ceilings: &[f64], tolerance: Option<f64>) -> Vec<f64> {
    let mut known: Vec<f64> = ceilings.iter().copied().filter(|ceiling| is_ceiling(*ceiling)).collect();
    known.sort_unstable_by(f64::total_cmp);
    let Some(&median) = known.get(known.len().saturating_sub(1) / 2) else { return ceilings.to_vec() };
    let tolerance = tolerance.unwrap_or(f64::INFINITY);
    let alike = |ceiling: f64| is_ceiling(ceiling) && ceiling <= median * tolerance && ceiling >= median / tolerance;
    let shared = known.into_iter().filter(|&ceiling| alike(ceiling)).fold(0.0, f64::max);
    ceilings.iter().map(|&ceiling| if alike(ceiling) { shared } else { ceiling }).collect()
}

fn is_ceiling(ceiling: f64) -> bool {
    ceiling.is_finite() && ceiling > 0.0
}

/// Where a logarithmic scale starts: SmokePing's 1 ms, or 0.1 ms below a ceiling of 10 ms, or lower by decades until
/// the least median is on it.
pub fn log_floor(frame: &Frame, ceiling: f64) -> f64 {
    let least = frame.median.iter().copied().filter(|&rtt| rtt > 0.0).fold(f64::INFINITY, f64::min);
    let mut floor = if ceiling <= 0.01 { 1e-4 } else { 1e-3 };
    while (floor > least || floor * 2.0 > ceiling) && floor > 1e-9 {
        floor /= 10.0;
    }
    floor
}

#[cfg(test)]
mod tests {
    use smokeprobe_store::Consolidation;

    use super::*;

    fn frame(medians: &[f64], tops: &[f64]) -> Frame {
        Frame {
            start: 300,
            step: 300,
            consolidation: Consolidation::Average,
            pings: 1,
            loss: vec![0.0; medians.len()],
            median: medians.to_vec(),
            uptime: vec![f64::NAN; medians.len()],
            samples: vec![tops.to_vec()],
        }
    }

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} is not {b}");
    }

    #[test]
    fn a_lone_late_answer_does_not_flatten_the_rest() {
        let mut tops = vec![0.010; 20];
        near(ceiling(&frame(&[0.010; 20], &tops), None), 0.012);
        tops[7] = 5.0;
        near(ceiling(&frame(&[0.010; 20], &tops), None), 0.012);
    }

    #[test]
    fn high_smoke_fits_up_to_three_medians() {
        near(ceiling(&frame(&[0.010; 20], &[0.020; 20]), None), 0.021);
        near(ceiling(&frame(&[0.010; 20], &[0.5; 20]), None), 0.030);
        near(ceiling(&frame(&[0.010; 20], &[0.5; 20]), Some(0.005)), 0.005);
    }

    #[test]
    fn nothing_known_still_has_a_scale() {
        near(ceiling(&frame(&[f64::NAN], &[f64::NAN]), None), 1e-3);
        near(ceiling(&frame(&[], &[]), None), 1e-3);
        near(ceiling(&frame(&[0.0], &[0.0]), None), 1e-3);
    }

    #[test]
    fn the_highest_of_several_needs_most_room() {
        let (fast, slow) = (frame(&[0.001], &[0.001]), frame(&[0.05], &[0.05]));
        near(common_ceiling([&fast, &slow], None), ceiling(&slow, None));
        near(common_ceiling([&frame(&[f64::NAN], &[0.7])], None), 1e-3);
    }

    #[test]
    fn what_lies_outside_lands_on_the_edge() {
        let plot = Plot { left: 10.0, top: 0.0, right: 110.0, bottom: 100.0 };
        let scale = Scale { plot, from: 0, to: 100, ceiling: 0.1, spread: Spread::Logarithmic(0.001) };
        near(scale.x(-5), 10.0);
        near(scale.x(50), 60.0);
        near(scale.x(i64::MAX), 110.0);
        near(scale.y(0.0), 100.0);
        near(scale.y(0.01), 50.0);
        near(scale.y(7.0), 0.0);
    }

    #[test]
    fn graphs_that_are_alike_share_the_highest_ceiling() {
        assert_eq!(unison(&[0.010, 0.012, 0.015, 0.3], Some(2.0)), [0.015, 0.015, 0.015, 0.3]);
        assert_eq!(unison(&[0.010, 0.012, 0.015, 0.3], None), [0.3; 4]);
        assert_eq!(unison(&[0.001, 0.012, 0.014], Some(2.0)), [0.001, 0.014, 0.014]);
        assert_eq!(unison(&[0.0, 0.010, 0.012], Some(2.0)), [0.0, 0.012, 0.012]);
        assert_eq!(unison(&[], Some(2.0)), [0.0; 0]);
        assert_eq!(unison(&[0.5], Some(2.0)), [0.5]);
    }

    #[test]
    fn unison_sorts_numbers_and_not_their_text() {
        // As text `9e-05` comes last, and 0.12 would be the one in the middle.
        assert_eq!(unison(&[0.000_09, 0.0001, 0.12], Some(2.0)), [0.0001, 0.0001, 0.12]);
    }

    #[test]
    fn logarithmic_floor_goes_below_the_least_median() {
        near(log_floor(&frame(&[0.02], &[0.02]), 0.1), 1e-3);
        near(log_floor(&frame(&[0.002], &[0.002]), 0.005), 1e-4);
        near(log_floor(&frame(&[0.000_02], &[0.000_02]), 0.005), 1e-5);
    }
}
