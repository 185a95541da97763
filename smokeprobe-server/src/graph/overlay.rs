//! A series as one line among others: its median, and an area about it.

use smokeprobe_store::Frame;

use super::scale::Scale;
use super::smoke::{Cell, Level, append, touches};

/// What the area about a median shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// From the lowest answer to the highest.
    MinMax,
    /// The standard deviation of the answers, half of it above the median and half below.
    Deviation,
}

/// A line in pixels. Rows next to each other make a run; each list goes from left to right.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// The area.
    pub area: Vec<Vec<Cell>>,
    /// The median.
    pub median: Vec<Vec<Level>>,
}

impl Line {
    /// The line of `frame`.
    pub fn of(frame: &Frame, scale: &Scale, area: Area) -> Self {
        let mut line = Self::default();
        for row in 0..frame.rows() {
            let (x0, x1) = scale.row(frame, row);
            let median = frame.median[row];
            if x1 <= x0 || !median.is_finite() {
                continue;
            }
            append(&mut line.median, Level { x0, x1, y: scale.y(median) }, |last| touches(last.x1, x0));
            let (low, high) = match (area, frame.extremes(row), frame.deviation(row)) {
                (Area::MinMax, Some(extremes), _) => extremes,
                (Area::Deviation, _, Some(deviation)) => (median - deviation / 2.0, median + deviation / 2.0),
                _ => continue,
            };
            let cell = Cell { x0, x1, top: scale.y(high), bottom: scale.y(low) };
            append(&mut line.area, cell, |last| touches(last.x1, x0));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use smokeprobe_store::Consolidation;

    use super::super::scale::{Plot, Spread};
    use super::*;

    const NAN: f64 = f64::NAN;

    /// Four rows of 10 s: answered, one lost, all lost, answered.
    fn frame() -> Frame {
        let rows = [[0.01, 0.02, 0.03], [0.02, 0.04, NAN], [NAN; 3], [0.05; 3]];
        Frame {
            start: 10,
            step: 10,
            consolidation: Consolidation::Average,
            pings: 3,
            loss: vec![0.0, 1.0, 3.0, 0.0],
            median: vec![0.02, 0.04, NAN, 0.05],
            uptime: vec![NAN; 4],
            samples: (0..3).map(|ping| rows.iter().map(|row| row[ping]).collect()).collect(),
        }
    }

    fn scale() -> Scale {
        let plot = Plot { left: 0.0, top: 0.0, right: 40.0, bottom: 100.0 };
        Scale { plot, from: 0, to: 40, ceiling: 0.1, spread: Spread::Linear }
    }

    #[test]
    fn a_line_breaks_where_nothing_answered() {
        let line = Line::of(&frame(), &scale(), Area::MinMax);
        let runs: Vec<usize> = line.median.iter().map(Vec::len).collect();
        assert_eq!(runs, [2, 1]);
        let cells: Vec<(f64, f64)> = line.area.iter().flatten().map(|cell| (cell.top, cell.bottom)).collect();
        assert_eq!(cells, [(70.0, 90.0), (60.0, 80.0), (50.0, 50.0)]);
    }

    #[test]
    fn lost_pings_do_not_count_as_answers_after_no_time() {
        let cell = Line::of(&frame(), &scale(), Area::Deviation).area[0][1];
        assert!((cell.top - 55.0).abs() < 1e-9 && (cell.bottom - 65.0).abs() < 1e-9, "{cell:?}");
    }
}
