//! Several series in one plot: their medians, each with an area, and a table of what they come to.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

use smokeprobe_store::Frame;

use super::super::overlay::{Area, Line};
use super::super::palette::{Color, LossClass};
use super::super::scale::{Plot, Scale, common_ceiling};
use super::super::smoke::Smoke;
use super::super::stats::{Summary, percent, rtt};
use super::super::{Drawing, Series};
use super::layout::{Layout, Lines};
use super::parts::{Escaped, Px, evened, fitting, outline, rectangle, stairs, text_width};
use super::smoke::rug_tick;
use super::{Document, classes, scale};

/// From one column of the table to the next.
const COLUMN: f64 = 60.0;

/// Between the columns of the median and those of the loss.
const GAP: f64 = 16.0;

/// What the longest name may take at most before columns give way to it, and what any name has.
const NAME: (f64, f64) = (60.0, 220.0);

/// A column of the table: its heading, and its text.
type Column = (&'static str, fn(&Summary) -> Option<String>);

const COLUMNS: [Column; 8] = [
    ("median avg", |all| all.median.map(|median| rtt(median.avg))),
    ("max", |all| all.median.map(|median| rtt(median.max))),
    ("min", |all| all.median.map(|median| rtt(median.min))),
    ("now", |all| all.median.map(|median| rtt(median.now))),
    ("sd", |all| all.deviation.map(rtt)),
    ("loss avg", |all| all.loss.map(|loss| percent(loss.avg))),
    ("max", |all| all.loss.map(|loss| percent(loss.max))),
    ("now", |all| all.loss.map(|loss| percent(loss.now))),
];

/// What is shown where there is less room, as indexes of [`COLUMNS`].
const FORMS: [&[usize]; 6] =
    [&[0, 1, 2, 3, 4, 5, 6, 7], &[0, 1, 2, 3, 5, 6, 7], &[0, 1, 3, 5, 6], &[0, 3, 5], &[0, 5], &[0]];

/// The first column of [`COLUMNS`] about loss.
const LOSS: usize = 5;

/// Lines of text below the plot: a heading, the series, what was measured.
pub(super) fn text_lines(series: usize) -> usize {
    series + 2
}

impl Document {
    pub(super) fn lines(&mut self, drawing: &Drawing, series: &[Series<'_>]) -> fmt::Result {
        let layout = Layout::of(drawing, text_lines(series.len()));
        let summaries: Vec<Summary> = series.iter().map(|one| summary(drawing, one.frame)).collect();
        let frames = || series.iter().filter_map(|one| one.frame);
        let scale = scale(drawing, frames(), layout.plot, common_ceiling(frames(), drawing.max_rtt));
        let known = summaries.iter().any(|all| all.loss.is_some());
        let answered = summaries.iter().any(|all| all.median.is_some());

        self.open(drawing, &summaries.first().copied().filter(|_| series.len() == 1).unwrap_or_default())?;
        self.heading(drawing)?;
        self.grid(drawing, &scale, answered)?;
        self.areas_and_medians(drawing, series, |frame| Line::of(frame, &scale, Area::MinMax))?;
        let marks = marks(drawing, series, &scale);
        self.common_rug(&layout.plot, &marks, 9.0)?;
        self.axes(&layout.plot)?;
        self.alerts(drawing, &scale)?;
        if !known {
            self.message(drawing, &layout.plot)?;
        }
        if let Some(lines) = layout.lines {
            self.table(series, &summaries, lines)?;
            self.label(lines.left, lines.at(lines.count - 1), "start", &drawing.probe, false)?;
        }
        self.text.write_str("</svg>\n")
    }

    /// All areas first, so that none covers a median.
    pub(super) fn areas_and_medians(
        &mut self,
        drawing: &Drawing,
        series: &[Series<'_>],
        line: impl Fn(&Frame) -> Line,
    ) -> fmt::Result {
        let lines: Vec<(Color, Line)> =
            series.iter().filter_map(|one| Some((one.color.legible(self.theme), line(one.frame?)))).collect();
        for (color, line) in &lines {
            let path: String = line.area.iter().map(|run| outline(run, drawing.grain)).collect();
            if !path.is_empty() {
                writeln!(self.text, "<path d=\"{path}\" fill=\"{color}\" fill-opacity=\"0.18\"/>")?;
            }
        }
        for (color, line) in &lines {
            let path: String = line.median.iter().map(|run| stairs(&evened(run, drawing.grain))).collect();
            self.stroke(&path, &color.to_string(), 1.75)?;
        }
        Ok(())
    }

    /// The loss of all series in one rug, the worst to the front: whose it was is in the table.
    pub(super) fn common_rug(&mut self, plot: &Plot, marks: &[Marks], height: f64) -> fmt::Result {
        // Series of few pings have fewer classes, and the worst in common: counted from there, the worst are last.
        let mut boxes: BTreeMap<(Reverse<usize>, String), String> = BTreeMap::new();
        for Marks { smoke, classes } in marks {
            for tick in &smoke.rug {
                let color = classes[tick.class].color(self.theme).to_string();
                let to_worst = Reverse(classes.len() - tick.class);
                boxes.entry((to_worst, color)).or_default().push_str(&rug_tick(plot, tick, height));
            }
        }
        for ((_, color), boxes) in boxes {
            self.fill(&boxes, &color)?;
        }
        Ok(())
    }

    fn table(&mut self, series: &[Series<'_>], summaries: &[Summary], lines: Lines) -> fmt::Result {
        let longest = series.iter().map(|one| text_width(&one.name)).fold(NAME.0, f64::max).min(NAME.1);
        let room = lines.right - lines.left - 16.0 - longest;
        let form = FORMS.into_iter().find(|form| form.len() as f64 * COLUMN + GAP <= room).unwrap_or(FORMS[5]);
        let right = |place: usize| {
            let gap = if form[place] < LOSS && form.last() >= Some(&LOSS) { GAP } else { 0.0 };
            lines.right - (form.len() - 1 - place) as f64 * COLUMN - gap
        };
        for (place, &column) in form.iter().enumerate() {
            self.label(right(place), lines.at(0), "end", COLUMNS[column].0, false)?;
        }
        let rows = lines.count.saturating_sub(2);
        // The last line says how many more there are, when there are.
        let shown = if series.len() > rows { rows.saturating_sub(1) } else { series.len() };
        let name = right(0) - COLUMN - lines.left - 16.0;
        for (row, (one, all)) in series.iter().zip(summaries).take(shown).enumerate() {
            let y = lines.at(row + 1);
            let color = one.color.legible(self.theme);
            self.fill(&rectangle(lines.left, lines.left + 10.0, y - 9.0, y + 1.0), &color.to_string())?;
            self.label(lines.left + 16.0, y, "start", &fitting(&one.name, name), true)?;
            for (place, &column) in form.iter().enumerate() {
                let text = COLUMNS[column].1(all).unwrap_or_else(|| "–".to_owned());
                self.label(right(place), y, "end", &text, column == 0)?;
            }
        }
        if shown < series.len() {
            let more = format!("and {} more", series.len() - shown);
            self.label(lines.left + 16.0, lines.at(shown + 1), "start", &more, false)?;
        }
        Ok(())
    }

    /// Text in pieces of different colours, that ends at `x`.
    pub(super) fn pieces(&mut self, x: f64, y: f64, pieces: &[(Color, String)]) -> fmt::Result {
        write!(self.text, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" font-weight=\"600\">", Px(x), Px(y))?;
        for (index, (color, text)) in pieces.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(self.text, "<tspan fill=\"{color}\">{space}{}</tspan>", Escaped(text))?;
        }
        writeln!(self.text, "</text>")
    }
}

/// The marks of a series among others, and how its loss is coloured: rounds of other series may have more pings.
#[derive(Debug)]
pub(super) struct Marks {
    pub(super) smoke: Smoke,
    pub(super) classes: Vec<LossClass>,
}

/// Those of the series that have rows.
pub(super) fn marks(drawing: &Drawing, series: &[Series<'_>], scale: &Scale) -> Vec<Marks> {
    let with_rows = series.iter().filter_map(|one| Some((one, one.frame?)));
    with_rows
        .map(|(one, frame)| {
            let classes = classes(drawing, &one.loss_classes, frame);
            Marks { smoke: Smoke::of(frame, scale, &classes, drawing.now), classes }
        })
        .collect()
}

/// What a series comes to in the range that is drawn.
pub(super) fn summary(drawing: &Drawing, frame: Option<&Frame>) -> Summary {
    frame.map(|frame| Summary::of(frame, drawing.from, drawing.to)).unwrap_or_default()
}
