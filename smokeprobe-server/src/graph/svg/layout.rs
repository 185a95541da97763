//! Where the parts of a drawing are.

use super::super::Drawing;
use super::super::scale::Plot;

/// Height of a line of text.
pub(super) const LINE: f64 = 17.0;

/// Below this width there is room for the important only.
pub(super) const NARROW: u32 = 480;

/// Where the parts of a drawing are.
pub(super) struct Layout {
    pub(super) plot: Plot,
    /// Where the lines of text below the plot start, when there is room for them.
    pub(super) lines: Option<Lines>,
}

/// The block of text below the plot.
#[derive(Clone, Copy)]
pub(super) struct Lines {
    pub(super) left: f64,
    pub(super) right: f64,
    /// The first baseline.
    pub(super) first: f64,
    /// From one number to the next.
    pub(super) column: f64,
    /// How many there are.
    pub(super) count: usize,
}

impl Lines {
    /// The baseline of a line.
    pub(super) fn at(&self, line: usize) -> f64 {
        self.first + line as f64 * LINE
    }
}

impl Layout {
    /// With up to `wanted` lines of text: as many as leave the plot the greater part.
    pub(super) fn of(drawing: &Drawing, wanted: usize) -> Self {
        let (width, height) = (f64::from(drawing.width), f64::from(drawing.height));
        let roomy = height >= 200.0 && width >= 300.0;
        let most = ((height - 58.0) * 0.6 / LINE) as usize;
        let count = if roomy { wanted.min(most.max(4)) } else { 0 };
        let below = if roomy { 28.0 + count as f64 * LINE } else { 20.0 };
        let plot = Plot { left: 58.0, top: 30.0, right: width - 18.0, bottom: (height - below).max(40.0) };
        let first = plot.bottom + 24.0 + 0.7 * LINE;
        let lines = if drawing.width < NARROW {
            Lines { left: 12.0, right: width - 8.0, first, column: 90.0, count }
        } else {
            Lines { left: plot.left, right: plot.right, first, column: 92.0, count }
        };
        Self { plot, lines: roomy.then_some(lines) }
    }

    /// Of the small form, which has no text but its heading.
    pub(super) fn small(drawing: &Drawing) -> Self {
        let (width, height) = (f64::from(drawing.width), f64::from(drawing.height));
        let plot = Plot { left: 50.0, top: 24.0, right: width - 8.0, bottom: (height - 18.0).max(34.0) };
        Self { plot, lines: None }
    }
}
