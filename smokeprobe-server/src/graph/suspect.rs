//! Rounds that are not to be trusted, over the smoke.

use smokeprobe_store::Frame;

use super::scale::Scale;
use super::smoke::{Extent, join};

/// The rows of `frame` in which one of the slots that end at `suspect` lies. Its times ascend.
pub fn suspect_rows(frame: &Frame, suspect: &[i64]) -> Vec<usize> {
    let step = i64::from(frame.step.max(1));
    let mut rows: Vec<usize> = suspect
        .iter()
        .filter_map(|&end| {
            let after_first = end.checked_sub(frame.start)?;
            // A row is called by its end, and covers the step before it.
            let row = if after_first <= 0 { 0 } else { (after_first - 1) / step + 1 };
            let row = usize::try_from(row).ok().filter(|&row| row < frame.rows())?;
            (end > frame.end_of(row) - step).then_some(row)
        })
        .collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Where rounds are suspect: our own starvation may have made them look as they do.
pub fn suspect(frame: &Frame, scale: &Scale, suspect: &[i64]) -> Vec<Extent> {
    let mut extents = Vec::new();
    for row in suspect_rows(frame, suspect) {
        let (x0, x1) = scale.row(frame, row);
        if x1 > x0 {
            join(&mut extents, x0, x1);
        }
    }
    extents
}

#[cfg(test)]
mod tests {
    use smokeprobe_store::Consolidation;

    use super::super::scale::{Plot, Spread};
    use super::*;

    fn scale() -> Scale {
        let plot = Plot { left: 0.0, top: 0.0, right: 60.0, bottom: 100.0 };
        Scale { plot, from: 0, to: 60, ceiling: 0.1, spread: Spread::Linear }
    }

    /// Six rows of 10 s.
    fn frame() -> Frame {
        Frame {
            start: 10,
            step: 10,
            consolidation: Consolidation::Average,
            pings: 1,
            loss: vec![0.0; 6],
            median: vec![0.01; 6],
            uptime: vec![f64::NAN; 6],
            samples: vec![vec![0.01; 6]],
        }
    }

    #[test]
    fn a_suspect_slot_marks_the_row_it_lies_in() {
        let frame = frame();
        assert_eq!(suspect_rows(&frame, &[0, 1, 10]), [0], "0 is the end of the row before the first");
        assert_eq!(suspect_rows(&frame, &[11, 20, 60, 61, i64::MIN, i64::MAX]), [1, 5]);
        let extents = suspect(&frame, &scale(), &[20, 30, 50]);
        assert_eq!(extents, [Extent { x0: 10.0, x1: 30.0 }, Extent { x0: 40.0, x1: 50.0 }]);
    }
}
