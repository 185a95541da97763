//! A frame of rounds → a smoke graph.
//!
//! Pure: a drawing depends on nothing but its arguments, so that the same rounds give the same picture, byte for
//! byte. It knows nothing of the web or of the configuration's language.
//!
//! 1. [`scale`] maps time and RTT to pixels, [`ticks`] says where the axes are labelled.
//! 2. [`smoke`] turns rows into geometry: bands, median, loss, what is unknown.
//! 3. [`palette`] has the colours and [`stats`] the numbers below the plot.
//! 4. [`svg`] writes it all down, and [`png()`] makes a picture of that.

use std::fmt;

use smokeprobe_store::Frame;

pub mod background;
pub mod overlay;
pub mod palette;
mod png;
pub mod scale;
pub mod smoke;
pub mod stats;
pub mod svg;
pub mod ticks;

use palette::{Color, LossClass, Palette, Theme};

pub use png::{MAX_PIXELS, MAX_SCALE, PngError, png};

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
    /// Logarithmic scale.
    pub logarithmic: bool,
    /// Show loss as the background too.
    pub loss_background: bool,
    /// Colour where nothing is known; the theme's own unless configured.
    pub nodata_color: Option<Color>,
    /// How loss is coloured, the least first. Empty: the built-in classes for the frame's number of pings.
    pub loss_classes: Vec<LossClass>,
    /// The colours of the built-in classes.
    pub palette: Palette,
    /// Seconds to add to a Unix time for the viewer's local time then.
    pub utc_offset: fn(i64) -> i32,
    /// Said in the middle of the plot when there is nothing to draw.
    pub message: String,
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
}
