//! The lines below the plot of one series: statistics and what the colours mean.

use std::fmt::{self, Write};

use smokeprobe_store::Frame;

use super::super::Drawing;
use super::super::stats::{Summary, days, percent, rtt, three_digits};
use super::Document;
use super::layout::{Lines, NARROW};
use super::parts::{Px, rectangle, text_width};

/// Lines below the plot: median, loss, colours of loss, what was measured.
pub(super) const LINES: usize = 4;

/// Width of the names at the start of the lines.
const NAMES: f64 = 54.0;

impl Document {
    pub(super) fn statistics(&mut self, summary: &Summary, lines: Lines) -> fmt::Result {
        let median = summary.median.map(|median| {
            let mut cells = vec![
                (rtt(median.avg), "avg"),
                (rtt(median.max), "max"),
                (rtt(median.min), "min"),
                (rtt(median.now), "now"),
            ];
            cells.extend(summary.deviation.map(|deviation| (rtt(deviation), "sd")));
            cells.extend(summary.steadiness().map(|ratio| (three_digits(ratio), "am/s")));
            cells
        });
        let loss = summary.loss.map(|loss| {
            [(loss.avg, "avg"), (loss.max, "max"), (loss.min, "min"), (loss.now, "now")]
                .map(|(share, name)| (percent(share), name))
                .to_vec()
        });
        let columns = ((lines.right - lines.left - NAMES) / lines.column) as usize;
        for (number, (name, cells)) in [("median", median), ("loss", loss)].into_iter().enumerate() {
            let y = lines.at(number);
            self.label(lines.left, y, "start", name, false)?;
            // Where not all four fit, the least is missed least.
            let cells = cells.into_iter().flatten().filter(|&(_, kind)| columns > 3 || kind != "min");
            for (column, (value, kind)) in cells.take(columns).enumerate() {
                let x = lines.left + NAMES + lines.column * column as f64;
                let (text, muted) = (self.ink.text, self.ink.muted);
                writeln!(
                    self.text,
                    "<text x=\"{}\" y=\"{}\" fill=\"{muted}\"><tspan fill=\"{text}\" font-weight=\"600\">{value}</tspan> \
                     {kind}</text>",
                    Px(x),
                    Px(y),
                )?;
            }
        }
        Ok(())
    }

    pub(super) fn legend(&mut self, drawing: &Drawing, lines: Lines, has_suspect: bool) -> fmt::Result {
        let mut entries: Vec<(String, String)> =
            self.classes.iter().map(|class| (class.color(self.theme).to_string(), class.label.clone())).collect();
        if has_suspect {
            entries.push(("url(#suspect)".to_owned(), "suspect".to_owned()));
        }
        self.boxes(drawing, lines, 2, "lost", &entries)
    }

    pub(super) fn uptime_legend(&mut self, drawing: &Drawing, frame: &Frame, lines: Lines) -> fmt::Result {
        let last = frame.uptime.iter().rev().copied().find(|seconds| seconds.is_finite());
        let name = last.map_or_else(String::new, |seconds| format!("up {}", days(seconds)));
        let classes = drawing.uptime_classes.iter();
        let entries: Vec<(String, String)> =
            classes.map(|class| (self.uptime_color(class.color).to_string(), class.label.clone())).collect();
        self.boxes(drawing, lines, 3, &name, &entries)
    }

    /// A line of boxes in colours, with what they mean; as many as fit.
    fn boxes(
        &mut self,
        drawing: &Drawing,
        lines: Lines,
        line: usize,
        name: &str,
        entries: &[(String, String)],
    ) -> fmt::Result {
        let y = lines.at(line);
        let mut x = lines.left;
        if drawing.width >= NARROW {
            self.label(lines.left, y, "start", name, false)?;
            x += NAMES.max(text_width(name) + 12.0);
        }
        for (color, label) in entries {
            let width = 14.0 + text_width(label);
            if x + width > lines.right {
                break;
            }
            self.fill(&rectangle(x, x + 10.0, y - 9.0, y + 1.0), color)?;
            self.label(x + 14.0, y, "start", label, false)?;
            x += width + 12.0;
        }
        Ok(())
    }
}
