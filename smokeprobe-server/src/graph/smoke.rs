//! Rows of a frame → what is drawn of them, in pixels.

use smokeprobe_store::Frame;

use super::palette::{LossClass, class_of};
use super::scale::Scale;

/// More bands than this look the same and only make the picture bigger.
const MAX_BANDS: usize = 16;

/// All marks of a graph. Each list goes from left to right.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Smoke {
    /// The outermost first, each to be painted over the one before.
    pub bands: Vec<Band>,
    /// The thin line that joins the medians, broken where none is known.
    pub joint: Vec<Vec<Level>>,
    /// The median, in pieces of one class of loss each.
    pub median: Vec<MedianPiece>,
    /// Ticks of loss along the top edge.
    pub rug: Vec<RugTick>,
    /// Where every ping was lost.
    pub all_lost: Vec<Extent>,
    /// Where nothing is known.
    pub unknown: Vec<Extent>,
    /// Whether any row holds a measured value.
    pub measured: bool,
}

/// The smoke between the i-th lowest and the i-th highest answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// The i, from 0 outside: it says how dark the band is.
    pub depth: usize,
    /// Rows next to each other.
    pub runs: Vec<Vec<Cell>>,
}

/// One row of a band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Its left edge.
    pub x0: f64,
    /// Its right edge.
    pub x1: f64,
    /// The y of the higher RTT.
    pub top: f64,
    /// The y of the lower RTT.
    pub bottom: f64,
}

/// One row of the median.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Its left edge.
    pub x0: f64,
    /// Its right edge.
    pub x1: f64,
    /// The y of the median.
    pub y: f64,
}

/// Rows next to each other whose loss has the same class.
#[derive(Debug, Clone, PartialEq)]
pub struct MedianPiece {
    /// The index of the class of loss.
    pub class: usize,
    /// The rows.
    pub levels: Vec<Level>,
}

/// The loss of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RugTick {
    /// The index of the class of loss.
    pub class: usize,
    /// Its left edge.
    pub x0: f64,
    /// Its right edge.
    pub x1: f64,
    /// The share of the pings lost, above 0 and up to 1.
    pub share: f64,
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Its left edge.
    pub x0: f64,
    /// Its right edge.
    pub x1: f64,
}

impl Smoke {
    /// The marks of `frame`, which holds all rows that there are. Rows that end later than one step before `now` are not
    /// called unknown: their round may still be under way.
    pub fn of(frame: &Frame, scale: &Scale, classes: &[LossClass], now: i64) -> Self {
        let half = frame.samples.len() / 2;
        let bands = half.min(MAX_BANDS);
        let mut smoke = Self {
            bands: (0..bands).map(|band| Band { depth: band * half / bands, runs: Vec::new() }).collect(),
            ..Self::default()
        };
        let mut answers = Vec::with_capacity(frame.samples.len());
        let step = i64::from(frame.step);
        let (before, after) = beyond(frame, scale, now);
        if let Some(Extent { x0, x1 }) = before {
            join(&mut smoke.unknown, x0, x1);
        }
        for row in 0..frame.rows() {
            let (x0, x1) = scale.row(frame, row);
            if x1 <= x0 {
                continue;
            }
            let loss = frame.loss[row];
            if loss.is_nan() && frame.median[row].is_nan() {
                if frame.end_of(row) <= now - step {
                    join(&mut smoke.unknown, x0, x1);
                }
                continue;
            }
            smoke.measured = true;
            let class = class_of(classes, if loss.is_nan() { 0.0 } else { loss });
            smoke.loss(frame, loss, class, x0, x1);
            smoke.median(scale, frame.median[row], class, x0, x1);

            answers.clear();
            answers.extend(frame.samples.iter().map(|column| column[row]).filter(|rtt| rtt.is_finite()));
            // Ascending as stored; the means of a coarser archive need not be.
            answers.sort_unstable_by(f64::total_cmp);
            smoke.smoke(scale, &answers, half, x0, x1);
        }
        if let Some(Extent { x0, x1 }) = after {
            join(&mut smoke.unknown, x0, x1);
        }
        smoke
    }

    fn loss(&mut self, frame: &Frame, loss: f64, class: usize, x0: f64, x1: f64) {
        if loss > 0.0 {
            let share = (loss / f64::from(frame.pings.max(1))).min(1.0);
            self.rug.push(RugTick { class, x0, x1, share });
            if share >= 1.0 {
                join(&mut self.all_lost, x0, x1);
            }
        }
    }

    fn median(&mut self, scale: &Scale, rtt: f64, class: usize, x0: f64, x1: f64) {
        if !rtt.is_finite() {
            return;
        }
        let level = Level { x0, x1, y: scale.y(rtt) };
        append(&mut self.joint, level, |last| touches(last.x1, x0));
        match self.median.last_mut() {
            Some(piece) if piece.class == class && piece.levels.last().is_some_and(|last| touches(last.x1, x0)) => {
                piece.levels.push(level);
            }
            _ => self.median.push(MedianPiece { class, levels: vec![level] }),
        }
    }

    /// Fewer answers make fewer bands, the inner ones: a band's grey says how near the median it is.
    fn smoke(&mut self, scale: &Scale, answers: &[f64], half: usize, x0: f64, x1: f64) {
        let missing = half - (answers.len() / 2).min(half);
        for band in &mut self.bands {
            let Some(index) = band.depth.checked_sub(missing) else { continue };
            let (low, high) = (answers[index], answers[answers.len() - 1 - index]);
            let cell = Cell { x0, x1, top: scale.y(high), bottom: scale.y(low) };
            append(&mut band.runs, cell, |last| touches(last.x1, x0));
        }
    }
}

/// Where no row is any more: before the first, and after the last as many as should have come by `now`; everywhere when
/// there are none.
fn beyond(frame: &Frame, scale: &Scale, now: i64) -> (Option<Extent>, Option<Extent>) {
    let extent = |from, to| Some(Extent { x0: scale.x(from), x1: scale.x(to) }).filter(|extent| extent.x1 > extent.x0);
    let Some(last) = frame.rows().checked_sub(1) else { return (extent(scale.from, scale.to), None) };
    let step = i64::from(frame.step.max(1));
    let (first, last) = (frame.end_of(0) - step, frame.end_of(last));
    let due = last + (now - step - last).max(0) / step * step;
    (extent(scale.from, first), extent(last, due))
}

pub(super) fn touches(end: f64, start: f64) -> bool {
    (end - start).abs() < 1e-6
}

/// Puts a mark behind the last run, or begins one.
pub(super) fn append<T>(runs: &mut Vec<Vec<T>>, mark: T, joins: impl Fn(&T) -> bool) {
    match runs.last_mut() {
        Some(run) if run.last().is_some_and(joins) => run.push(mark),
        _ => runs.push(vec![mark]),
    }
}

pub(super) fn join(extents: &mut Vec<Extent>, x0: f64, x1: f64) {
    match extents.last_mut() {
        Some(last) if touches(last.x1, x0) => last.x1 = x1,
        _ => extents.push(Extent { x0, x1 }),
    }
}

#[cfg(test)]
mod tests {
    use smokeprobe_store::Consolidation;

    use super::super::palette::{Palette, built_in};
    use super::super::scale::{Plot, Spread};
    use super::*;

    const NAN: f64 = f64::NAN;

    fn scale() -> Scale {
        let plot = Plot { left: 0.0, top: 0.0, right: 60.0, bottom: 100.0 };
        Scale { plot, from: 0, to: 60, ceiling: 0.1, spread: Spread::Linear }
    }

    /// Six rows of 10 s: all answered, one lost, all lost, unknown, all answered, not measured yet.
    fn frame() -> Frame {
        let rows = [[0.01, 0.02, 0.03, 0.04], [NAN, 0.02, 0.03, 0.05], [NAN; 4], [NAN; 4], [0.05; 4], [NAN; 4]];
        Frame {
            start: 10,
            step: 10,
            consolidation: Consolidation::Average,
            pings: 4,
            loss: vec![0.0, 1.0, 4.0, NAN, 0.0, NAN],
            median: vec![0.03, 0.03, NAN, NAN, 0.05, NAN],
            uptime: vec![NAN; 6],
            samples: (0..4).map(|ping| rows.iter().map(|row| row[ping]).collect()).collect(),
        }
    }

    #[test]
    fn marks_of_every_kind_of_row() {
        insta::assert_debug_snapshot!(Smoke::of(&frame(), &scale(), &built_in(4, Palette::Default), 60));
    }

    #[test]
    fn a_row_under_way_is_not_called_unknown() {
        assert_eq!(
            Smoke::of(&frame(), &scale(), &built_in(4, Palette::Default), 60).unknown,
            [Extent { x0: 30.0, x1: 40.0 }]
        );
        let later = Smoke::of(&frame(), &scale(), &built_in(4, Palette::Default), 70).unknown;
        assert_eq!(later, [Extent { x0: 30.0, x1: 40.0 }, Extent { x0: 50.0, x1: 60.0 }]);
    }

    #[test]
    fn rows_that_never_came_are_unknown() {
        let wide = Scale { from: -20, to: 100, ..scale() };
        let unknown = |now| Smoke::of(&frame(), &wide, &built_in(4, Palette::Default), now).unknown;
        let of = |from, to| Extent { x0: wide.x(from), x1: wide.x(to) };
        assert_eq!(unknown(79), [of(-20, 0), of(30, 40), of(50, 60)], "the row after the last is under way");
        assert_eq!(unknown(80), [of(-20, 0), of(30, 40), of(50, 70)]);
        assert_eq!(unknown(1000), [of(-20, 0), of(30, 40), of(50, 100)]);
        let none = Frame { loss: Vec::new(), median: Vec::new(), uptime: Vec::new(), ..frame() };
        assert_eq!(Smoke::of(&none, &wide, &built_in(4, Palette::Default), 79).unknown, [of(-20, 100)]);
    }

    #[test]
    fn bands_are_nested_and_bounded_for_any_number_of_pings() {
        for pings in [1usize, 2, 3, 5, 20, 33, 1000] {
            let frame = Frame {
                pings: pings as u32,
                start: 10,
                step: 10,
                consolidation: Consolidation::Average,
                loss: vec![0.0],
                median: vec![0.05],
                uptime: vec![NAN],
                samples: (0..pings).map(|i| vec![0.1 * (i + 1) as f64 / pings as f64]).collect(),
            };
            let smoke = Smoke::of(&frame, &scale(), &built_in(pings as u32, Palette::Default), 60);
            assert_eq!(smoke.bands.len(), (pings / 2).min(MAX_BANDS));
            for pair in smoke.bands.windows(2) {
                let (outer, inner) = (pair[0].runs[0][0], pair[1].runs[0][0]);
                assert!(outer.top <= inner.top && inner.bottom <= outer.bottom, "{pings} pings");
                assert!(pair[0].depth < pair[1].depth);
            }
        }
    }
}
