//! The SVG document of a drawing.
//!
//! Colours are presentation attributes and nothing refers to anything outside, so that the picture looks the same in
//! a page with a strict content policy, in a mail and in a converter to PNG.

mod parts;

use std::fmt::{self, Write};

use smokeprobe_store::Frame;

use super::Drawing;
use super::palette::{Ink, LossClass, Theme, built_in};
use super::scale::{Plot, Scale, Spread, ceiling, log_floor};
use super::smoke::Smoke;
use super::stats::{Summary, percent, rtt, three_digits};
use super::ticks;
use parts::{Escaped, Px, fitting, outline, rectangle, stairs, text_width};

/// Latin first, then the common CJK fonts of Linux, macOS and Windows.
const FONTS: &str = "system-ui, 'DejaVu Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";

/// Height of a line of text.
const LINE: f64 = 17.0;

/// Below this width there is room for the important only.
const NARROW: u32 = 480;

/// Width of the names at the start of the lines.
const NAMES: f64 = 54.0;

/// The drawing as a document.
pub fn write(drawing: &Drawing, frame: Option<&Frame>) -> String {
    let classes = match (&drawing.loss_classes[..], frame) {
        ([], Some(frame)) => built_in(frame.pings, drawing.palette),
        (configured, _) => configured.to_vec(),
    };
    let mut out = Document { text: String::with_capacity(32 * 1024), ink: drawing.theme.ink(), classes };
    // Writing to a `String` cannot fail.
    let _ = out.drawing(drawing, frame);
    out.text
}

/// Where the parts of a drawing are.
struct Layout {
    plot: Plot,
    /// Where the lines of text below the plot start, when there is room for them.
    lines: Option<Lines>,
}

/// The block of text below the plot.
#[derive(Clone, Copy)]
struct Lines {
    left: f64,
    right: f64,
    /// The first baseline.
    first: f64,
    /// From one number to the next.
    column: f64,
}

impl Layout {
    fn of(drawing: &Drawing) -> Self {
        let (width, height) = (f64::from(drawing.width), f64::from(drawing.height));
        let roomy = height >= 200.0 && width >= 300.0;
        let below = if roomy { 28.0 + 4.0 * LINE } else { 20.0 };
        let plot = Plot { left: 58.0, top: 30.0, right: width - 18.0, bottom: (height - below).max(40.0) };
        let first = plot.bottom + 24.0 + 0.7 * LINE;
        let lines = if drawing.width < NARROW {
            Lines { left: 12.0, right: width - 8.0, first, column: 90.0 }
        } else {
            Lines { left: plot.left, right: plot.right, first, column: 92.0 }
        };
        Self { plot, lines: roomy.then_some(lines) }
    }
}

struct Document {
    text: String,
    ink: Ink,
    classes: Vec<LossClass>,
}

impl Document {
    fn drawing(&mut self, drawing: &Drawing, frame: Option<&Frame>) -> fmt::Result {
        let layout = Layout::of(drawing);
        let scale = scale(drawing, frame, layout.plot);
        let smoke = frame.map(|frame| Smoke::of(frame, &scale, &self.classes, drawing.now));
        let summary = frame.map(|frame| Summary::of(frame, drawing.from, drawing.to)).unwrap_or_default();

        self.open(drawing, &summary)?;
        self.heading(drawing)?;
        if let Some(smoke) = &smoke {
            self.unknown(drawing, &layout.plot, smoke)?;
            self.loss_background(drawing, &layout.plot, smoke)?;
        }
        let measured = smoke.as_ref().is_some_and(|smoke| smoke.measured);
        self.grid(drawing, &scale, summary.median.is_some())?;
        if let Some(smoke) = &smoke {
            self.smoke(drawing, frame.map_or(2, |frame| frame.pings), smoke)?;
            self.medians(drawing, smoke)?;
            self.losses(drawing, &layout.plot, smoke)?;
        }
        self.axes(&layout.plot)?;
        if !measured {
            let (x, y) = (layout.plot.left.midpoint(layout.plot.right), layout.plot.top.midpoint(layout.plot.bottom));
            self.label(x, y, "middle", &drawing.message, true)?;
        }
        if let Some(lines) = layout.lines {
            if measured {
                self.statistics(&summary, lines)?;
                self.legend(drawing, lines)?;
            }
            self.label(lines.left, lines.first + 3.0 * LINE, "start", &drawing.probe, false)?;
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
        writeln!(
            self.text,
            "<text x=\"12\" y=\"19\" font-size=\"13\" font-weight=\"600\" fill=\"{}\">{}</text>",
            self.ink.text,
            Escaped(&fitting(&drawing.title, room)),
        )?;
        if alone { Ok(()) } else { self.label(right, 19.0, "end", &drawing.subtitle, false) }
    }

    fn unknown(&mut self, drawing: &Drawing, plot: &Plot, smoke: &Smoke) -> fmt::Result {
        let color = drawing.nodata_color.unwrap_or(self.ink.unknown);
        let boxes: String =
            smoke.unknown.iter().map(|part| rectangle(part.x0, part.x1, plot.top, plot.bottom)).collect();
        self.fill(&boxes, &color.to_string())
    }

    /// SmokePing's `loss_background`: the class's colour, two thirds of the way to the ground.
    fn loss_background(&mut self, drawing: &Drawing, plot: &Plot, smoke: &Smoke) -> fmt::Result {
        if !drawing.loss_background {
            return Ok(());
        }
        for (index, class) in self.classes.clone().iter().enumerate() {
            let ticks = smoke.rug.iter().filter(|tick| tick.class == index);
            let boxes: String = ticks.map(|tick| rectangle(tick.x0, tick.x1, plot.top, plot.bottom)).collect();
            let color = class.color(drawing.theme).mix(self.ink.ground, 2.0 / 3.0);
            self.fill(&boxes, &color.to_string())?;
        }
        Ok(())
    }

    fn grid(&mut self, drawing: &Drawing, scale: &Scale, answered: bool) -> fmt::Result {
        let plot = scale.plot;
        let (mut values, unit) = ticks::values(scale);
        if !answered {
            // There is nothing that a scale could be of.
            values.clear();
        }
        let times = ticks::times(scale, drawing.utc_offset);
        let mut lines = String::new();
        for tick in &values {
            write!(lines, "M{} {}H{}", Px(plot.left), Px(tick.at), Px(plot.right))?;
        }
        for tick in &times {
            write!(lines, "M{} {}V{}", Px(tick.at), Px(plot.top), Px(plot.bottom))?;
        }
        writeln!(self.text, "<path d=\"{lines}\" stroke=\"{}\" fill=\"none\"/>", self.ink.grid)?;
        for tick in &values {
            self.label(plot.left - 6.0, tick.at + 4.0, "end", &format!("{} {unit}", tick.label), false)?;
        }
        let is_now = drawing.to >= drawing.now;
        for tick in &times {
            if is_now && tick.at + text_width(&tick.label) / 2.0 > plot.right - 32.0 {
                break;
            }
            // Nor may it run into the number at the foot of the other axis.
            if tick.at < plot.left + 12.0 {
                continue;
            }
            let anchor = if tick.at > plot.right - 16.0 { "end" } else { "middle" };
            self.label(tick.at, plot.bottom + 15.0, anchor, &tick.label, false)?;
        }
        if is_now {
            self.label(plot.right, plot.bottom + 15.0, "end", "now", true)?;
        }
        Ok(())
    }

    fn smoke(&mut self, drawing: &Drawing, pings: u32, smoke: &Smoke) -> fmt::Result {
        for band in &smoke.bands {
            let outline: String = band.runs.iter().map(|run| outline(run)).collect();
            self.fill(&outline, &drawing.theme.smoke(band.depth, pings).to_string())?;
        }
        Ok(())
    }

    fn medians(&mut self, drawing: &Drawing, smoke: &Smoke) -> fmt::Result {
        let joint: String = smoke.joint.iter().map(|run| stairs(run)).collect();
        if drawing.theme == Theme::Dark {
            // The smoke is near white where the median is; a rim of the ground sets the coloured line off from it.
            self.stroke(&joint, &self.ink.ground.to_string(), 4.0)?;
        }
        self.stroke(&joint, &self.ink.joint.to_string(), 0.75)?;
        for (index, class) in self.classes.clone().iter().enumerate() {
            let pieces = smoke.median.iter().filter(|piece| piece.class == index);
            let stairs: String = pieces.map(|piece| stairs(&piece.levels)).collect();
            self.stroke(&stairs, &class.color(drawing.theme).to_string(), 2.0)?;
        }
        Ok(())
    }

    fn losses(&mut self, drawing: &Drawing, plot: &Plot, smoke: &Smoke) -> fmt::Result {
        if let (false, Some(worst)) = (smoke.all_lost.is_empty(), self.classes.last()) {
            let color = worst.color(drawing.theme);
            writeln!(
                self.text,
                "<pattern id=\"lost\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
                 patternTransform=\"rotate(45)\"><path d=\"M1.5 0V6\" stroke=\"{color}\" stroke-width=\"2\" \
                 stroke-opacity=\"0.75\"/></pattern>",
            )?;
            let boxes: String =
                smoke.all_lost.iter().map(|part| rectangle(part.x0, part.x1, plot.top, plot.bottom)).collect();
            self.fill(&boxes, "url(#lost)")?;
        }
        for (index, class) in self.classes.clone().iter().enumerate() {
            let ticks = smoke.rug.iter().filter(|tick| tick.class == index);
            let boxes: String = ticks
                .map(|tick| {
                    // Wide enough to be seen, tall enough that a single loss shows.
                    let widen = (1.0 - (tick.x1 - tick.x0)).max(0.0) / 2.0;
                    rectangle(tick.x0 - widen, tick.x1 + widen, plot.top, plot.top + 3.0 + 9.0 * tick.share)
                })
                .collect();
            self.fill(&boxes, &class.color(drawing.theme).to_string())?;
        }
        Ok(())
    }

    fn axes(&mut self, plot: &Plot) -> fmt::Result {
        let path = format!("M{} {}V{}H{}", Px(plot.left), Px(plot.top), Px(plot.bottom), Px(plot.right));
        self.stroke(&path, &self.ink.axis.to_string(), 1.0)
    }

    fn statistics(&mut self, summary: &Summary, lines: Lines) -> fmt::Result {
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
            let y = lines.first + number as f64 * LINE;
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

    fn legend(&mut self, drawing: &Drawing, lines: Lines) -> fmt::Result {
        let y = lines.first + 2.0 * LINE;
        let named = drawing.width >= NARROW;
        if named {
            self.label(lines.left, y, "start", "lost", false)?;
        }
        let mut x = if named { lines.left + NAMES } else { lines.left };
        for class in self.classes.clone() {
            let width = 14.0 + text_width(&class.label);
            if x + width > lines.right {
                break;
            }
            self.fill(&rectangle(x, x + 10.0, y - 9.0, y + 1.0), &class.color(drawing.theme).to_string())?;
            self.label(x + 14.0, y, "start", &class.label, false)?;
            x += width + 12.0;
        }
        Ok(())
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

fn scale(drawing: &Drawing, frame: Option<&Frame>, plot: Plot) -> Scale {
    let ceiling = frame.map_or(1e-3, |frame| ceiling(frame, drawing.max_rtt));
    let spread = match frame {
        Some(frame) if drawing.logarithmic => Spread::Logarithmic(log_floor(frame, ceiling)),
        _ => Spread::Linear,
    };
    Scale { plot, from: drawing.from, to: drawing.to, ceiling, spread }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use smokeprobe_store::Consolidation;

    use super::super::palette::Palette;
    use super::*;

    const NOON: i64 = 1_795_348_800;

    fn drawing() -> Drawing {
        Drawing {
            title: "AWS北京区S3".to_owned(),
            subtitle: "last 3 hours".to_owned(),
            probe: "20 TCP Pings every 300 s".to_owned(),
            width: 697,
            height: 297,
            theme: Theme::Light,
            from: NOON - 10_800,
            to: NOON,
            now: NOON,
            max_rtt: None,
            logarithmic: false,
            loss_background: false,
            nodata_color: None,
            loss_classes: Vec::new(),
            palette: Palette::Default,
            utc_offset: |_| 0,
            message: "no data in this range".to_owned(),
        }
    }

    /// 36 rows of every kind, from a formula.
    fn frame() -> Frame {
        let rows = 36;
        let lost = |row: usize| match row {
            4 => 1,
            9 => 3,
            14 => 12,
            15 | 16 => 20,
            _ => 0,
        };
        let known = |row: usize| !(22..26).contains(&row);
        let rtt = |row: usize, ping: usize| 0.004 + 1e-4 * ((row * 7) % 11) as f64 + 5e-5 * (ping * ping) as f64 / 20.0;
        let sample = |row: usize, ping: usize| {
            let (front, back) = (lost(row) / 2, lost(row) - lost(row) / 2);
            if known(row) && ping >= front && ping < 20 - back { rtt(row, ping) } else { f64::NAN }
        };
        Frame {
            start: NOON - 10_800 + 300,
            step: 300,
            consolidation: Consolidation::Average,
            pings: 20,
            loss: (0..rows).map(|row| if known(row) { lost(row) as f64 } else { f64::NAN }).collect(),
            median: (0..rows).map(|row| if lost(row) == 20 { f64::NAN } else { sample(row, 10) }).collect(),
            uptime: vec![f64::NAN; rows],
            samples: (0..20).map(|ping| (0..rows).map(|row| sample(row, ping)).collect()).collect(),
        }
    }

    fn texts(svg: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(svg).unwrap_or_else(|err| panic!("{err}\n{svg}"));
        let texts = document.descendants().filter(|node| node.has_tag_name("text"));
        texts
            .map(|text| {
                text.descendants().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect::<String>()
            })
            .collect()
    }

    #[test]
    fn a_graph_with_smoke_loss_and_gaps() {
        insta::assert_snapshot!(drawing().svg(Some(&frame())));
    }

    #[test]
    fn a_dark_logarithmic_graph_with_loss_background() {
        let dark = Drawing { theme: Theme::Dark, logarithmic: true, loss_background: true, ..drawing() };
        insta::assert_snapshot!(dark.svg(Some(&frame())));
    }

    #[test]
    fn what_is_drawn_can_be_read() {
        let texts = texts(&drawing().svg(Some(&frame())));
        for wanted in
            ["AWS北京区S3", "last 3 hours", "4 ms", "09:30", "now", "20 TCP Pings every 300 s", "4–5", "20/20"]
        {
            assert!(texts.iter().any(|text| text == wanted), "{wanted} is not in {texts:?}");
        }
        assert!(texts.iter().any(|text| text.ends_with(" am/s")), "{texts:?}");
    }

    #[test]
    fn without_data_the_message_is_shown() {
        assert!(texts(&drawing().svg(None)).contains(&"no data in this range".to_owned()));
        let mut nothing = frame();
        nothing.loss.fill(f64::NAN);
        nothing.median.fill(f64::NAN);
        assert!(texts(&drawing().svg(Some(&nothing))).contains(&"no data in this range".to_owned()));
        assert!(!texts(&drawing().svg(Some(&frame()))).contains(&"no data in this range".to_owned()));
    }

    #[test]
    fn titles_of_any_characters_stay_text() {
        let title = "<script>alert(\"1\")</script> & ]]> \u{0}\u{8}\u{1b}\u{ffff} 'x' 北京";
        let hostile = Drawing { title: title.to_owned(), width: 2000, ..drawing() };
        let svg = hostile.svg(Some(&frame()));
        assert!(!svg.contains("<script"));
        assert!(texts(&svg)[0].starts_with("<script>alert(\"1\")</script> & ]]> \u{fffd}"), "{:?}", texts(&svg)[0]);
    }

    #[test]
    fn every_size_gives_a_document_that_parses() {
        for (width, height) in [(100, 60), (300, 120), (390, 240), (4000, 4000)] {
            texts(&Drawing { width, height, ..drawing() }.svg(Some(&frame())));
        }
    }

    #[test]
    fn long_titles_make_room_for_the_range() {
        let long = Drawing { title: "长".repeat(300), ..drawing() };
        let title = &texts(&long.svg(None))[0];
        assert!(title.ends_with('…') && title.chars().count() < 60, "{title}");
    }

    /// Any bits, and the odd ones often.
    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>(),
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(0.0),
            Just(-1.0),
            Just(f64::MIN_POSITIVE),
            Just(f64::MAX),
            0.0..0.1_f64,
        ]
    }

    proptest! {
        #[test]
        fn rows_of_any_bits_give_a_document_of_finite_numbers(
            rows in proptest::collection::vec((value(), value(), value(), value()), 0..40),
            start in any::<i32>(),
            step in 1_u32..100_000,
            span in 1_i64..1_000_000_000,
            logarithmic: bool,
            loss_background: bool,
        ) {
            let frame = Frame {
                start: start.into(),
                step,
                consolidation: Consolidation::Average,
                pings: 2,
                loss: rows.iter().map(|row| row.0).collect(),
                median: rows.iter().map(|row| row.1).collect(),
                uptime: vec![f64::NAN; rows.len()],
                samples: vec![rows.iter().map(|row| row.2).collect(), rows.iter().map(|row| row.3).collect()],
            };
            let from = i64::from(start) - 100;
            let drawing = Drawing { from, to: from + span, logarithmic, loss_background, ..drawing() };
            let svg = drawing.svg(Some(&frame));
            let document = roxmltree::Document::parse(&svg).unwrap_or_else(|err| panic!("{err}\n{svg}"));
            for node in document.descendants() {
                for attribute in node.attributes() {
                    let value = attribute.value();
                    prop_assert!(!value.contains("NaN") && !value.contains("inf"), "{}={value}", attribute.name());
                }
            }
            prop_assert!(svg.len() < 100_000, "{} bytes", svg.len());
        }
    }
}
