//! Alerts on the time axis: when they were raised and cleared.

use super::scale::Scale;

/// Alerts in a graph at most: more of them could not be told apart, and the newest count.
pub const MAX_MARKS: usize = 200;

/// From an alert's rise to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertMark {
    /// Unix seconds when it was raised.
    pub raised: i64,
    /// Unix seconds when it was cleared. `None`: it stands.
    pub cleared: Option<i64>,
    /// Nobody was told of it.
    pub silent: bool,
}

/// An alert's bracket below the axis, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bracket {
    /// Its left end.
    pub x0: f64,
    /// Its right end.
    pub x1: f64,
    /// It was raised here, and not before the left edge.
    pub raised: bool,
    /// It was cleared here, and not after the right edge.
    pub cleared: bool,
    /// Nobody was told of it.
    pub silent: bool,
}

/// The brackets of the newest [`MAX_MARKS`] alerts that touch the scale's range, from left to right. An alert that stands
/// ends `now`.
pub fn brackets(marks: &[AlertMark], scale: &Scale, now: i64) -> Vec<Bracket> {
    let shown = |mark: &&AlertMark| mark.raised <= scale.to && mark.cleared.unwrap_or(now) >= scale.from;
    let mut shown: Vec<&AlertMark> = marks.iter().filter(shown).collect();
    shown.sort_by_key(|mark| (mark.raised, mark.cleared));
    shown
        .iter()
        .skip(shown.len().saturating_sub(MAX_MARKS))
        .map(|mark| Bracket {
            x0: scale.x(mark.raised),
            // A row is called by its end, which is yet to come when its round is judged.
            x1: scale.x(mark.cleared.unwrap_or(now).max(mark.raised)),
            raised: mark.raised >= scale.from,
            cleared: mark.cleared.is_some_and(|cleared| cleared <= scale.to),
            silent: mark.silent,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::scale::{Plot, Spread};
    use super::*;

    fn scale() -> Scale {
        let plot = Plot { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 };
        Scale { plot, from: 1000, to: 1100, ceiling: 0.1, spread: Spread::Linear }
    }

    fn mark(raised: i64, cleared: Option<i64>) -> AlertMark {
        AlertMark { raised, cleared, silent: false }
    }

    #[test]
    fn brackets_end_at_the_edges_of_what_is_shown() {
        let marks = [
            mark(1080, None),
            mark(1095, None),
            mark(900, Some(1010)),
            mark(1050, Some(2000)),
            mark(1, Some(2)),
            mark(1101, None),
        ];
        let found: Vec<(f64, f64, bool, bool)> =
            brackets(&marks, &scale(), 1090).iter().map(|b| (b.x0, b.x1, b.raised, b.cleared)).collect();
        let wanted = [
            (0.0, 10.0, false, true),
            (50.0, 100.0, true, false),
            (80.0, 90.0, true, false),
            (95.0, 95.0, true, false),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn the_newest_are_kept_of_too_many() {
        let marks: Vec<AlertMark> = (0..1000).map(|at| mark(1000 + at / 10, Some(1000 + at / 10))).collect();
        let brackets = brackets(&marks, &scale(), 1100);
        assert_eq!(brackets.len(), MAX_MARKS);
        assert!((brackets[MAX_MARKS - 1].x1 - 99.0).abs() < 1e-9 && (brackets[0].x0 - 80.0).abs() < 1e-9);
    }
}
