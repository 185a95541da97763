//! Which archive answers a query, which of its rows, and how rows become a frame.

use crate::rrd::layout::{Cf, Layout};
use crate::rrd::live::Live;
use crate::store::{Consolidation, Frame, Query};

/// Rows to read: `count` rows of `archive`, the first of which ends at `first_end` and lies at ring position `row`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) archive: usize,
    pub(crate) row: u32,
    pub(crate) count: u32,
    pub(crate) first_end: i64,
    /// Rows of the archive that become one of the frame.
    pub(crate) fold: u32,
}

/// Rows that are read for a point at most where a coarser archive could answer.
const FOLDED: u32 = 4;

/// The rows that a query wants; `None` when there are none.
///
/// 1. Archives of the wanted consolidation are asked, and those of one step a row, where all consolidations are the
///    same. Where a file has none of either, the means are asked.
/// 2. Of these, the ones that reach back to the start of the query; if none does, the one that reaches furthest.
/// 3. Of these, the one that makes the finest points of at most [`FOLDED`] rows each; of two, the finer archive, as the
///    newest row of a coarser one may have to wait for hours. If all have more rows than that, the coarsest.
///
/// Time before the first and after the last row of the archive is left out, so that the work is bounded by the file.
pub(crate) fn span(layout: &Layout, live: &Live, query: &Query) -> Option<Span> {
    if query.from > query.to || query.max_points == 0 {
        return None;
    }
    let query = &Query { from: near(query.from), to: near(query.to), ..query.clone() };
    let wanted = Cf::from(query.consolidation);
    let with = |test: &dyn Fn(Cf, u32) -> bool| -> Vec<usize> {
        let archives = layout.archives.iter().enumerate();
        archives.filter(|(_, archive)| test(archive.cf, archive.steps)).map(|(index, _)| index).collect()
    };
    let mut asked = with(&|cf, steps| cf == wanted || steps == 1);
    if asked.is_empty() {
        asked = with(&|cf, _| cf == Cf::Average);
    }
    if asked.is_empty() {
        asked = with(&|_, _| true);
    }
    let begin = |&archive: &usize| {
        live.last_row_end(layout, archive) - layout.row_step(archive) * i64::from(layout.archives[archive].rows)
    };
    let reach = asked.iter().map(begin).min()?.max(query.from);
    asked.retain(|archive| begin(archive) <= reach);
    asked.sort_by_key(|&archive| layout.archives[archive].steps);
    let mut spans: Vec<Span> = asked.iter().filter_map(|&archive| rows_of(layout, live, query, archive)).collect();
    for span in &mut spans {
        fold(layout, span, query.max_points);
    }
    let point = |span: &&Span| layout.row_step(span.archive) * i64::from(span.fold);
    let cheap = spans.iter().filter(|span| span.fold <= FOLDED);
    cheap.min_by_key(point).or(spans.last()).copied()
}

/// A time that can be added to and multiplied by a step: no file reaches further.
const fn near(time: i64) -> i64 {
    const FAR: i64 = 1 << 42;
    if time < 0 {
        0
    } else if time > FAR {
        FAR
    } else {
        time
    }
}

/// The rows of one archive in the range of a query.
fn rows_of(layout: &Layout, live: &Live, query: &Query, archive: usize) -> Option<Span> {
    let step = layout.row_step(archive);
    let rows = i64::from(layout.archives[archive].rows);
    let newest = live.last_row_end(layout, archive);
    let oldest = newest - step * (rows - 1);
    // Rows that end after `from` and start before `to`.
    let first = (query.from.max(oldest - step).div_euclid(step) + 1) * step;
    let last = if query.to >= newest { newest } else { query.to.saturating_sub(1).div_euclid(step) * step + step };
    let (first, last) = (first.max(oldest), last.min(newest));
    if first > last {
        return None;
    }
    let back = (newest - first) / step;
    let row = (i64::from(live.cur_row[archive]) - back).rem_euclid(rows) as u32;
    Some(Span { archive, row, count: ((last - first) / step + 1) as u32, first_end: first, fold: 1 })
}

/// Makes at most `most` points of the rows, on a grid that does not move with the query.
fn fold(layout: &Layout, span: &mut Span, most: usize) {
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    if span.count <= most {
        return;
    }
    let step = layout.row_step(span.archive);
    let points = |fold: i64| {
        let (first, last) = (span.first_end / step, span.first_end / step + i64::from(span.count) - 1);
        // The point of row number n, counted from 1, is ⌈n ÷ fold⌉.
        (last + fold - 1) / fold - (first + fold - 1) / fold + 1
    };
    // One point may be asked for where the grid makes two. More are enough for as many rows a point as there are.
    let fewest = i64::from(span.count.div_ceil(most));
    let fold = (fewest..=i64::from(span.count)).find(|&fold| points(fold) <= i64::from(most));
    span.fold = fold.map_or(span.count, |fold| fold as u32);
}

/// The frame that rows make; `values` are those of `span`, row by row.
pub(crate) fn frame(layout: &Layout, pings: u32, span: Option<Span>, values: &[f64], query: &Query) -> Frame {
    let sources = layout.sources.len();
    let Some(span) = span else {
        let step = layout.step;
        return Frame {
            start: (near(query.from) / i64::from(step) + 1) * i64::from(step),
            step,
            consolidation: query.consolidation,
            pings,
            loss: Vec::new(),
            median: Vec::new(),
            uptime: Vec::new(),
            samples: vec![Vec::new(); pings as usize],
        };
    };
    let row_step = layout.row_step(span.archive);
    let fold = i64::from(span.fold);
    let first = span.first_end / row_step;
    // Everything in one point needs no grid.
    let whole = span.fold == span.count && span.count > 1;
    let point_of = |row: i64| if whole { 1 } else { (first + row + fold - 1) / fold };
    let start = if whole { span.first_end + (fold - 1) * row_step } else { point_of(0) * fold * row_step };
    let count = point_of(i64::from(span.count) - 1) - point_of(0) + 1;
    let mut columns = vec![Vec::with_capacity(count as usize); sources];
    let mut row = 0;
    while row < i64::from(span.count) {
        let end = (row..=i64::from(span.count))
            .find(|&next| next == i64::from(span.count) || point_of(next) != point_of(row))
            .unwrap_or(i64::from(span.count));
        let rows = &values[row as usize * sources..end as usize * sources];
        for (source, column) in columns.iter_mut().enumerate() {
            column.push(joined(query.consolidation, rows.iter().skip(source).step_by(sources).copied()));
        }
        row = end;
    }
    let mut columns = columns.into_iter();
    let mut next = || columns.next().unwrap_or_default();
    let (uptime, loss, median) = (next(), next(), next());
    Frame {
        start,
        step: u32::try_from(row_step * fold).unwrap_or(u32::MAX),
        consolidation: query.consolidation,
        pings,
        loss,
        median,
        uptime,
        samples: columns.collect(),
    }
}

/// One value of several: of the known ones the mean, the least or the greatest.
pub(crate) fn joined(how: Consolidation, values: impl Iterator<Item = f64>) -> f64 {
    let mut known = values.filter(|value| !value.is_nan());
    let Some(first) = known.next() else {
        return f64::NAN;
    };
    match how {
        Consolidation::Min => known.fold(first, f64::min),
        Consolidation::Max => known.fold(first, f64::max),
        Consolidation::Average => {
            let (sum, count) = known.fold((first, 1_u32), |(sum, count), value| (sum + value, count + 1));
            sum / f64::from(count)
        }
    }
}
