//! A frame of rounds → a smoke graph.
//!
//! Pure: a drawing depends on nothing but its arguments, so that the same rounds give the same picture, byte for
//! byte. It knows nothing of the web or of the configuration's language.
//!
//! 1. [`scale`] maps time and RTT to pixels, [`ticks`] says where the axes are labelled.
//! 2. [`smoke`] turns rows into geometry: bands, median, loss, what is unknown.
//! 3. [`palette`] has the colours and [`stats`] the numbers below the plot.
//! 4. [`uptime`] lies behind the smoke and [`suspect`] over it, [`marks`] are alerts; [`overlay`] is a series among others.
//! 5. [`svg`] writes it all down, and [`png()`] makes a picture of that.

use std::fmt;

use smokeprobe_store::Frame;

pub mod marks;
pub mod overlay;
pub mod palette;
mod png;
pub mod scale;
pub mod smoke;
pub mod stats;
pub mod suspect;
pub mod svg;
pub mod ticks;
pub mod uptime;

use marks::AlertMark;
use palette::{Color, LossClass, Palette, Theme};
use uptime::UptimeClass;

pub use png::{MAX_PIXELS, MAX_SCALE, PngError, png, png_fits, warm};
pub use svg::{SVG_GRAIN, height_of_lines};

/// What to draw besides the rows.
#[derive(Clone)]
pub struct Drawing {
    /// The first line, at the left; usually the target's title.
    pub title: String,
    /// The first line, at the right; usually the range and the vantage point.
    pub subtitle: String,
    /// What was measured: `20 ICMP Echo Pings (56 Bytes) every 300 s`.
    pub probe: String,
    /// Width of the whole image in pixels.
    pub width: u32,
    /// Height of the whole image in pixels.
    pub height: u32,
    /// The colours.
    pub theme: Theme,
    /// Unix seconds of the left edge.
    pub from: i64,
    /// Unix seconds of the right edge, after `from`.
    pub to: i64,
    /// Unix seconds now: rows that cannot have been measured yet are not called unknown.
    pub now: i64,
    /// The scale ends here at the latest, in seconds.
    pub max_rtt: Option<f64>,
    /// The scale ends here and nowhere else, in seconds: for graphs that are to be compared by eye.
    pub ceiling: Option<f64>,
    /// Logarithmic scale.
    pub logarithmic: bool,
    /// Show loss as the background too.
    pub loss_background: bool,
    /// Colour where nothing is known; the theme's own unless configured.
    pub nodata_color: Option<Color>,
    /// How loss is coloured, the least first. Empty: the built-in classes for the frame's number of pings. Of several series
    /// each has its own.
    pub loss_classes: Vec<LossClass>,
    /// The colours of the built-in classes.
    pub palette: Palette,
    /// How uptime is coloured, the least first. Empty: it is not shown.
    pub uptime_classes: Vec<UptimeClass>,
    /// Ends of slots whose rounds are not to be trusted, in Unix seconds.
    pub suspect: Vec<i64>,
    /// Alerts to mark on the time axis.
    pub marks: Vec<AlertMark>,
    /// Seconds to add to a Unix time for the viewer's local time then.
    pub utc_offset: fn(i64) -> i32,
    /// Rows whose middles lie in the same so many pixels are drawn as their mean, as a coarser archive has it.
    pub grain: f64,
    /// Said in the middle of the plot when there is nothing to draw.
    pub message: String,
}

/// A series among others of one drawing.
#[derive(Debug, Clone)]
pub struct Series<'a> {
    /// What the legend calls it.
    pub name: String,
    /// Its line, as configured; drawn so that it can be seen.
    pub color: Color,
    /// How its loss is coloured, as [`Drawing::loss_classes`].
    pub loss_classes: Vec<LossClass>,
    /// Its rows, when there are any.
    pub frame: Option<&'a Frame>,
}

/// Hand-written because a function pointer has no useful `Debug`.
impl fmt::Debug for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drawing")
            .field("title", &self.title)
            .field("size", &(self.width, self.height))
            .field("range", &(self.from, self.to))
            .field("theme", &self.theme)
            .finish_non_exhaustive()
    }
}

impl Drawing {
    /// The drawing as an SVG document. `None` draws axes and the message only.
    pub fn svg(&self, frame: Option<&Frame>) -> String {
        svg::write(self, frame)
    }

    /// Several series in one plot as an SVG document.
    pub fn svg_of_lines(&self, series: &[Series<'_>]) -> String {
        svg::write_lines(self, series)
    }

    /// One or several series as an SVG document that is looked at among many.
    pub fn svg_small(&self, series: &[Series<'_>]) -> String {
        svg::write_small(self, series)
    }

    /// Whether the background shows how long the host had been up.
    fn shows_uptime(&self, frame: Option<&Frame>) -> bool {
        let known = frame.is_some_and(|frame| frame.uptime.iter().any(|seconds| seconds.is_finite()));
        known && !self.uptime_classes.is_empty() && !self.loss_background
    }
}
