//! The small form: one among many, as in the overview of a section.

use std::fmt::{self, Write};

use super::super::overlay::{Area, Line};
use super::super::palette::Color;
use super::super::scale::common_ceiling;
use super::super::smoke::Level;
use super::super::stats::{Summary, percent, rtt};
use super::super::{Drawing, Series};
use super::layout::Layout;
use super::lines::{Marks, marks, summary};
use super::parts::{evened, fitting, text_width};
use super::smoke::of_class;
use super::{Document, scale};

/// Values in the heading at most.
const VALUES: usize = 4;

impl Document {
    pub(super) fn small(&mut self, drawing: &Drawing, series: &[Series<'_>]) -> fmt::Result {
        let Layout { plot, .. } = Layout::small(drawing);
        let summaries: Vec<Summary> = series.iter().map(|one| summary(drawing, one.frame)).collect();
        let frames = || series.iter().filter_map(|one| one.frame);
        let scale = scale(drawing, frames(), plot, common_ceiling(frames(), drawing.max_rtt));
        let answered = summaries.iter().any(|all| all.median.is_some());

        self.open(drawing, &summaries.first().copied().unwrap_or_default())?;
        self.small_heading(drawing, series, &summaries)?;
        let marks = marks(drawing, series, &scale);
        if let [alone] = &marks[..] {
            self.unknown(drawing, &plot, &alone.smoke.unknown)?;
        }
        self.grid(drawing, &scale, answered)?;
        self.areas_and_medians(drawing, series, |frame| Line::of(frame, &scale, Area::Deviation))?;
        // Among several lines, which have colours of their own, only much loss is worth another.
        let from = if marks.len() == 1 { 1 } else { 4 };
        for one in &marks {
            self.lossy_medians(drawing, one, from)?;
        }
        self.common_rug(&plot, &marks, 6.0)?;
        if let [alone] = &marks[..] {
            self.all_lost(&plot, &alone.smoke, &alone.classes)?;
        }
        self.axes(&plot)?;
        self.alerts(drawing, &scale)?;
        if !summaries.iter().any(|all| all.loss.is_some()) {
            self.message(drawing, &plot)?;
        }
        self.text.write_str("</svg>\n")
    }

    /// Where pings were lost, the median has the colour of their number; `from` is the first class that it has.
    fn lossy_medians(&mut self, drawing: &Drawing, Marks { smoke, classes }: &Marks, from: usize) -> fmt::Result {
        let line: Vec<Level> = smoke.joint.iter().flat_map(|run| evened(run, drawing.grain)).collect();
        for (index, class) in classes.iter().enumerate().skip(from) {
            self.stroke(&of_class(smoke, index, &line), &class.color(self.theme).to_string(), 2.5)?;
        }
        Ok(())
    }

    /// The name, and what each series was at last; loss where there was any.
    fn small_heading(&mut self, drawing: &Drawing, series: &[Series<'_>], summaries: &[Summary]) -> fmt::Result {
        let right = f64::from(drawing.width) - 8.0;
        let alone = series.len() == 1;
        let mut values: Vec<(Color, String)> = Vec::new();
        for (one, all) in series.iter().zip(summaries).take(VALUES) {
            let median = all.median.map(|median| rtt(median.now));
            // Of the last round: an answer that is long past is no value of now.
            let lost = all.loss.filter(|loss| loss.now > 0.0);
            let median = median.filter(|_| lost.is_none_or(|loss| loss.now < 1.0));
            let color = if alone { self.ink.text } else { one.color.legible(self.theme) };
            values.extend(median.map(|median| (color, median)));
            let worst = self.ink.alert;
            values.extend(lost.map(|loss| (worst, format!("{} lost", percent(loss.now)))));
        }
        let room = right - 10.0 - 60.0;
        while values.len() > 1 && width(&values) > room {
            values.pop();
        }
        let title = fitting(&drawing.title, right - 18.0 - width(&values));
        self.title(&title, 8.0, 16.0)?;
        if values.is_empty() { Ok(()) } else { self.pieces(right, 16.0, &values) }
    }
}

fn width(values: &[(Color, String)]) -> f64 {
    values.iter().map(|(_, text)| text_width(text) + 7.0).sum()
}
