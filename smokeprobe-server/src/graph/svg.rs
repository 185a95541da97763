//! The SVG document of a drawing.
//!
//! Colours are presentation attributes and nothing refers to anything outside, so that the picture looks the same in
//! a page with a strict content policy, in a mail and in a converter to PNG.
//!
//! There are three forms: the [smoke](write) of one series, several series as [lines](write_lines) in one plot, and a
//! [small](write_small) one that is looked at among many.

mod alerts;
mod grid;
mod layout;
mod lines;
mod parts;
mod small;
mod smoke;
#[cfg(test)]
mod tests;
mod text;

use std::fmt::{self, Write};

use smokeprobe_store::Frame;

use super::palette::{Ink, LossClass, Theme, built_in};
use super::scale::{Plot, Scale, Spread, ceiling, log_floor};
use super::smoke::{Extent, Smoke};
use super::stats::{Summary, percent, rtt};
use super::{Drawing, Series};
use layout::{Layout, NARROW};
use parts::{Escaped, Px, fitting, text_width};

/// Latin first, then the common CJK fonts of Linux, macOS and Windows.
const FONTS: &str = "system-ui, 'DejaVu Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";

/// Half a pixel: a document may be looked at on a screen with more.
pub const SVG_GRAIN: f64 = 0.5;

/// The smoke of a series as a document.
pub fn write(drawing: &Drawing, frame: Option<&Frame>) -> String {
    let classes = frame.map(|frame| classes(drawing, &drawing.loss_classes, frame));
    Document::of(drawing, classes.unwrap_or_else(|| drawing.loss_classes.clone()), |out| out.smoke(drawing, frame))
}

/// Several series as a document.
pub fn write_lines(drawing: &Drawing, series: &[Series<'_>]) -> String {
    Document::of(drawing, Vec::new(), |out| out.lines(drawing, series))
}

/// One or several series as a small document.
pub fn write_small(drawing: &Drawing, series: &[Series<'_>]) -> String {
    Document::of(drawing, Vec::new(), |out| out.small(drawing, series))
}

/// The height that lines of so many series have the usual plot in, where smoke has it in `height`.
pub fn height_of_lines(height: u32, series: usize) -> u32 {
    let more = (lines::text_lines(series) as f64 - text::LINES as f64) * layout::LINE;
    (f64::from(height) + more.max(0.0)) as u32
}

struct Document {
    text: String,
    theme: Theme,
    ink: Ink,
    /// Those of the smoke that is drawn; several series have their own each.
    classes: Vec<LossClass>,
}

impl Document {
    fn of(drawing: &Drawing, classes: Vec<LossClass>, write: impl FnOnce(&mut Self) -> fmt::Result) -> String {
        let text = String::with_capacity(32 * 1024);
        let mut out = Self { text, theme: drawing.theme, ink: drawing.theme.ink(), classes };
        // Writing to a `String` cannot fail.
        let _ = write(&mut out);
        out.text
    }

    fn smoke(&mut self, drawing: &Drawing, frame: Option<&Frame>) -> fmt::Result {
        let layout = Layout::of(drawing, text::LINES + usize::from(drawing.shows_uptime(frame)));
        let ceiling = frame.map_or(1e-3, |frame| ceiling(frame, drawing.max_rtt));
        let scale = scale(drawing, frame, layout.plot, ceiling);
        let smoke = frame.map(|frame| Smoke::of(frame, &scale, &self.classes, drawing.now));
        let summary = frame.map(|frame| Summary::of(frame, drawing.from, drawing.to)).unwrap_or_default();

        self.open(drawing, &summary)?;
        self.heading(drawing)?;
        let all = [Extent { x0: layout.plot.left, x1: layout.plot.right }];
        self.unknown(drawing, &layout.plot, smoke.as_ref().map_or(&all[..], |smoke| &smoke.unknown))?;
        if let (Some(smoke), Some(frame)) = (&smoke, frame) {
            self.uptime(drawing, &scale, frame)?;
            self.loss_background(drawing, &layout.plot, smoke)?;
        }
        let measured = smoke.as_ref().is_some_and(|smoke| smoke.measured);
        self.grid(drawing, &scale, summary.median.is_some())?;
        let mut has_suspect = false;
        if let (Some(smoke), Some(frame)) = (&smoke, frame) {
            self.bands(drawing, frame.pings, smoke)?;
            self.medians(drawing, smoke)?;
            has_suspect = self.suspect(drawing, &scale, frame)?;
            self.losses(&layout.plot, smoke)?;
        }
        self.axes(&layout.plot)?;
        self.alerts(drawing, &scale)?;
        if !measured {
            self.message(drawing, &layout.plot)?;
        }
        if let Some(lines) = layout.lines {
            if measured {
                self.statistics(&summary, lines)?;
                self.legend(drawing, lines, has_suspect)?;
            }
            if let Some(frame) = frame.filter(|_| lines.count > text::LINES) {
                self.uptime_legend(drawing, frame, lines)?;
            }
            self.label(lines.left, lines.at(lines.count - 1), "start", &drawing.probe, false)?;
        }
        self.text.write_str("</svg>\n")
    }

    fn open(&mut self, drawing: &Drawing, summary: &Summary) -> fmt::Result {
        let (width, height, ground) = (drawing.width, drawing.height, self.ink.ground);
        write!(
            self.text,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{FONTS}\" font-size=\"12\">\n<title>{} – {}</title>\n",
            Escaped(&drawing.title),
            Escaped(&drawing.subtitle),
        )?;
        if let (Some(median), Some(loss)) = (summary.median, summary.loss) {
            let (median, loss) = (rtt(median.avg), percent(loss.avg));
            writeln!(self.text, "<desc>median {median}, loss {loss}</desc>")?;
        }
        writeln!(self.text, "<rect width=\"{width}\" height=\"{height}\" fill=\"{ground}\"/>")
    }

    fn heading(&mut self, drawing: &Drawing) -> fmt::Result {
        let right = f64::from(drawing.width) - 18.0;
        let beside = right - 24.0 - text_width(&drawing.subtitle);
        let alone = drawing.width < NARROW && text_width(&drawing.title) > beside;
        let room = if alone { right - 12.0 } else { beside };
        self.title(&fitting(&drawing.title, room), 12.0, 19.0)?;
        if alone { Ok(()) } else { self.label(right, 19.0, "end", &drawing.subtitle, false) }
    }

    fn title(&mut self, title: &str, x: f64, y: f64) -> fmt::Result {
        writeln!(
            self.text,
            "<text x=\"{}\" y=\"{}\" font-size=\"13\" font-weight=\"600\" fill=\"{}\">{}</text>",
            Px(x),
            Px(y),
            self.ink.text,
            Escaped(title),
        )
    }

    /// Why there is nothing to see, in the middle of the plot.
    fn message(&mut self, drawing: &Drawing, plot: &Plot) -> fmt::Result {
        let (x, y) = (plot.left.midpoint(plot.right), plot.top.midpoint(plot.bottom));
        let message = fitting(&drawing.message, plot.width());
        self.label(x, y, "middle", &message, true)
    }

    fn label(&mut self, x: f64, y: f64, anchor: &str, text: &str, strong: bool) -> fmt::Result {
        let color = if strong { self.ink.text } else { self.ink.muted };
        write!(self.text, "<text x=\"{}\" y=\"{}\" fill=\"{color}\"", Px(x), Px(y))?;
        if anchor != "start" {
            write!(self.text, " text-anchor=\"{anchor}\"")?;
        }
        writeln!(self.text, ">{}</text>", Escaped(text))
    }

    fn fill(&mut self, path: &str, color: &str) -> fmt::Result {
        if path.is_empty() { Ok(()) } else { writeln!(self.text, "<path d=\"{path}\" fill=\"{color}\"/>") }
    }

    fn stroke(&mut self, path: &str, color: &str, width: f64) -> fmt::Result {
        if path.is_empty() {
            return Ok(());
        }
        writeln!(self.text, "<path d=\"{path}\" stroke=\"{color}\" stroke-width=\"{width}\" fill=\"none\"/>")
    }
}

/// How the loss of a frame is coloured: as configured, or else as its number of pings wants it.
fn classes(drawing: &Drawing, configured: &[LossClass], frame: &Frame) -> Vec<LossClass> {
    if configured.is_empty() { built_in(frame.pings, drawing.palette) } else { configured.to_vec() }
}

/// The scale of a plot of these frames, that ends at `ceiling` unless the drawing says another.
fn scale<'a>(drawing: &Drawing, frames: impl IntoIterator<Item = &'a Frame>, plot: Plot, ceiling: f64) -> Scale {
    let ceiling = drawing.ceiling.unwrap_or(ceiling);
    let floor = frames.into_iter().map(|frame| log_floor(frame, ceiling)).reduce(f64::min);
    let spread = match floor {
        Some(floor) if drawing.logarithmic => Spread::Logarithmic(floor),
        _ => Spread::Linear,
    };
    Scale { plot, from: drawing.from, to: drawing.to, ceiling, spread }
}
