//! Frames of all kinds, and what is drawn of each.

use chrono::{DateTime, Offset, TimeZone};
use serde_json::{Value, json};
use smokeprobe_server::graph::overlay::{Area, Line};
use smokeprobe_server::graph::palette::{LossClass, Palette, Theme, built_in};
use smokeprobe_server::graph::scale::{Plot, Scale, Spread, ceiling, common_ceiling, log_floor};
use smokeprobe_server::graph::smoke::{Cell, Extent, Level, Smoke};
use smokeprobe_server::graph::stats::{self, Summary, percent, rtt, three_digits};
use smokeprobe_server::graph::suspect::{suspect, suspect_rows};
use smokeprobe_server::graph::ticks::{self, Tick};
use smokeprobe_server::graph::uptime::{UptimeClass, built_in_uptime, uptime};
use smokeprobe_store::{Consolidation, Frame};

use super::written::{digits, rounded};

/// 2026-11-22 12:00 UTC.
const NOON: i64 = 1_795_348_800;

const NAN: f64 = f64::NAN;

/// The plot of an image of 697 × 297.
const USUAL: Plot = Plot { left: 58.0, top: 30.0, right: 679.0, bottom: 201.0 };

/// One that is 390 wide.
const NARROW: Plot = Plot { left: 58.0, top: 30.0, right: 372.0, bottom: 201.0 };

pub(crate) struct Case {
    pub(crate) name: String,
    frame: Frame,
    plot: Plot,
    from: i64,
    to: i64,
    now: i64,
    max_rtt: Option<f64>,
    logarithmic: bool,
    palette: Palette,
    loss_classes: Vec<LossClass>,
    uptime_classes: Vec<UptimeClass>,
    suspect: Vec<i64>,
    zone: (&'static str, fn(i64) -> i32),
}

impl Case {
    fn new(name: &str, frame: Frame) -> Self {
        let rows = i64::try_from(frame.rows().max(1)).unwrap();
        let step = i64::from(frame.step);
        let to = frame.start + step * (rows - 1);
        Self {
            name: name.to_owned(),
            from: to - rows * step,
            to,
            now: to,
            frame,
            plot: USUAL,
            max_rtt: None,
            logarithmic: false,
            palette: Palette::Default,
            loss_classes: Vec::new(),
            uptime_classes: Vec::new(),
            suspect: Vec::new(),
            zone: ("UTC", |_| 0),
        }
    }
}

fn frame(rows: usize, step: u32, pings: u32, lost: impl Fn(usize) -> f64, rtt: impl Fn(usize, usize) -> f64) -> Frame {
    // What a store holds: lost pings are unknown at both ends, the answers ascend between them.
    let sample = |row: usize, ping: usize| {
        let lost = lost(row);
        let gone = lost.ceil() as usize;
        let (front, back) = (gone / 2, gone - gone / 2);
        if !lost.is_nan() && ping >= front && ping < pings as usize - back { rtt(row, ping) } else { NAN }
    };
    let samples: Vec<Vec<f64>> =
        (0..pings as usize).map(|ping| (0..rows).map(|row| sample(row, ping)).collect()).collect();
    Frame {
        start: NOON - (rows as i64 - 1) * i64::from(step),
        step,
        consolidation: Consolidation::Average,
        pings,
        loss: (0..rows).map(&lost).collect(),
        median: (0..rows).map(|row| samples.get(pings as usize / 2).map_or(NAN, |column| column[row])).collect(),
        uptime: vec![NAN; rows],
        samples,
    }
}

/// Smoke, single losses and many, all lost, unknown, a late answer.
fn twenty() -> Frame {
    let lost = |row: usize| match row {
        4 => 1.0,
        9 => 3.0,
        14 => 12.0,
        15 | 16 => 20.0,
        22..26 => NAN,
        _ => 0.0,
    };
    frame(36, 300, 20, lost, |row, ping| {
        let late = if row == 30 && ping == 19 { 0.8 } else { 0.0 };
        0.004 + 1e-4 * ((row * 7) % 11) as f64 + 5e-5 * (ping * ping) as f64 / 20.0 + late
    })
}

fn beijing(_: i64) -> i32 {
    8 * 3600
}

fn berlin(at: i64) -> i32 {
    let at = DateTime::from_timestamp(at, 0).unwrap().naive_utc();
    chrono_tz::Europe::Berlin.offset_from_utc_datetime(&at).fix().local_minus_utc()
}

pub(crate) fn cases() -> Vec<Case> {
    let five = frame(
        24,
        10,
        5,
        |row| if row % 7 == 3 { 2.0 } else { 0.0 },
        |row, ping| 0.000_2 + 1e-6 * ((row * 5) % 13) as f64 + 1e-5 * ping as f64,
    );
    let one = frame(30, 60, 1, |row| if row % 10 == 9 { 1.0 } else { 0.0 }, |row, _| 0.020 + 0.001 * (row % 4) as f64);
    // Averages of an archive: fractions of lost pings, samples that do not ascend.
    let coarse = frame(
        60,
        86_400,
        10,
        |row| if row % 6 == 2 { 0.31 * (row % 13) as f64 } else { 0.0 },
        |row, ping| 0.150 + 0.01 * ((row * 3) % 7) as f64 + 0.004 * ((ping * 7) % 10) as f64,
    );
    let spread =
        frame(40, 300, 20, |_| 0.0, |row, ping| 0.000_8 * 1.25f64.powi((row % 24) as i32) + 0.002 * ping as f64);
    let mut dynamic = frame(
        24,
        300,
        20,
        |row| if row == 11 { 20.0 } else { 0.0 },
        |row, ping| 0.03 + 1e-3 * ((row + ping) % 5) as f64,
    );
    dynamic.uptime = (0..24)
        .map(|row| if row < 11 { 2_600_000.0 + 300.0 * f64::from(row) } else { 600.0 * f64::from(row - 11) })
        .collect();
    let own = |up_to: f64, color: &str, label: &str| {
        let color = color.parse().unwrap();
        LossClass { up_to, light: color, dark: color, label: label.to_owned() }
    };
    let nothing = Frame {
        start: NOON,
        step: 300,
        consolidation: Consolidation::Average,
        pings: 20,
        loss: vec![],
        median: vec![],
        uptime: vec![],
        samples: vec![vec![]; 20],
    };
    vec![
        Case { suspect: vec![NOON - 35 * 300, NOON - 10 * 300, NOON - 9 * 300], ..Case::new("twenty-pings", twenty()) },
        // Wider than what there is, ending before now, on a phone.
        Case {
            plot: NARROW,
            from: NOON - 14_400,
            to: NOON - 1800,
            now: NOON,
            zone: ("Asia/Shanghai", beijing),
            ..Case::new("narrow", twenty())
        },
        // Nothing has come for two hours.
        Case { to: NOON + 7200, now: NOON + 7200, ..Case::new("silent", twenty()) },
        Case { palette: Palette::Classic, ..Case::new("five-pings", five) },
        Case { zone: ("Asia/Shanghai", beijing), ..Case::new("one-ping", one) },
        // Over the end of summer time.
        Case { zone: ("Europe/Berlin", berlin), ..Case::new("coarse", coarse) },
        Case::new("all-lost", frame(36, 300, 20, |_| 20.0, |_, _| NAN)),
        Case { from: NOON - 10_800, to: NOON, now: NOON, ..Case::new("empty", nothing) },
        Case { logarithmic: true, ..Case::new("logarithmic", spread.clone()) },
        Case { max_rtt: Some(0.03), ..Case::new("max-rtt", spread) },
        Case {
            loss_classes: vec![own(0.0, "00ff00", "0"), own(1.5, "aa00bb", "some"), own(20.0, "ff0000", "much")],
            ..Case::new("loss-colors", twenty())
        },
        Case { uptime_classes: built_in_uptime(), ..Case::new("dynamic", dynamic) },
    ]
}

impl Case {
    pub(crate) fn to_json(&self) -> Value {
        json!({ "name": self.name, "frame": self.rows(), "drawing": self.drawing(), "geometry": self.geometry() })
    }

    fn rows(&self) -> Value {
        let Frame { start, step, pings, loss, median, uptime, samples, .. } = &self.frame;
        let column = |values: &[f64]| values.iter().copied().map(digits).collect::<Value>();
        let samples: Value = samples.iter().map(|sample| column(sample)).collect();
        json!({ "start": start, "step": step, "pings": pings, "loss": column(loss), "median": column(median), "uptime": column(uptime), "samples": samples })
    }

    /// The frame as it is written: both sides start from the same digits.
    fn as_written(&self) -> Frame {
        let column = |values: &[f64]| values.iter().map(|&value| digits(value).as_f64().unwrap_or(NAN)).collect();
        let frame = &self.frame;
        Frame {
            loss: column(&frame.loss),
            median: column(&frame.median),
            uptime: column(&frame.uptime),
            samples: frame.samples.iter().map(|sample| column(sample)).collect(),
            ..frame.clone()
        }
    }

    fn drawing(&self) -> Value {
        let plot = self.plot;
        let own: Value = self
            .loss_classes
            .iter()
            .map(|class| json!({ "up_to": class.up_to, "color": class.light.to_string(), "label": class.label }))
            .collect();
        json!({
            "plot": { "left": plot.left, "top": plot.top, "right": plot.right, "bottom": plot.bottom },
            "from": self.from,
            "to": self.to,
            "now": self.now,
            "max_rtt": self.max_rtt,
            "logarithmic": self.logarithmic,
            "palette": if self.palette == Palette::Classic { "classic" } else { "default" },
            "loss_colors": own,
            "uptime_colors": uptimes(&self.uptime_classes),
            "suspect": self.suspect,
            "zone": self.zone.0,
            // Of the first and the last moment; between them it may change.
            "utc_offset": [(self.zone.1)(self.from), (self.zone.1)(self.to)],
        })
    }

    fn geometry(&self) -> Value {
        let frame = &self.as_written();
        let ceiling = ceiling(frame, self.max_rtt);
        let floor = log_floor(frame, ceiling);
        let spread = if self.logarithmic { Spread::Logarithmic(floor) } else { Spread::Linear };
        let scale = Scale { plot: self.plot, from: self.from, to: self.to, ceiling, spread };
        let classes =
            if self.loss_classes.is_empty() { built_in(frame.pings, self.palette) } else { self.loss_classes.clone() };
        let smoke = Smoke::of(frame, &scale, &classes, self.now);
        let (values, unit) = ticks::values(&scale);
        let bands: Value = smoke
            .bands
            .iter()
            .map(|band| {
                let grey = |theme: Theme| theme.smoke(band.depth, frame.pings).to_string();
                json!({ "depth": band.depth, "light": grey(Theme::Light), "dark": grey(Theme::Dark), "runs": runs(&band.runs, cell) })
            })
            .collect();
        let median: Value = smoke
            .median
            .iter()
            .map(|piece| json!({ "class": piece.class, "levels": piece.levels.iter().map(level).collect::<Value>() }))
            .collect();
        let rug: Value = smoke
            .rug
            .iter()
            .map(|tick| json!([tick.class, rounded(tick.x0), rounded(tick.x1), digits(tick.share)]))
            .collect();
        let up: Value = uptime(frame, &scale, &self.uptime_classes)
            .into_iter()
            .map(|extent| json!([extent.class, rounded(extent.x0), rounded(extent.x1)]))
            .collect();
        json!({
            "ceiling": digits(ceiling),
            "log_floor": digits(floor),
            "common_ceiling": digits(common_ceiling([frame], self.max_rtt)),
            "unit": unit,
            "y_ticks": labelled(&values),
            "time_ticks": labelled(&ticks::times(&scale, self.zone.1)),
            "classes": classes
                .iter()
                .map(|class| json!({ "up_to": class.up_to, "light": class.light.to_string(), "dark": class.dark.to_string(), "label": class.label }))
                .collect::<Value>(),
            "measured": smoke.measured,
            "bands": bands,
            "joint": runs(&smoke.joint, level),
            "median": median,
            "rug": rug,
            "all_lost": extents(&smoke.all_lost),
            "unknown": extents(&smoke.unknown),
            "suspect_rows": suspect_rows(frame, &self.suspect),
            "suspect": extents(&suspect(frame, &scale, &self.suspect)),
            "uptime": up,
            "line_min_max": line(&Line::of(frame, &scale, Area::MinMax)),
            "line_deviation": line(&Line::of(frame, &scale, Area::Deviation)),
            "summary": summary(&Summary::of(frame, self.from, self.to)),
        })
    }
}

pub(crate) fn uptimes(classes: &[UptimeClass]) -> Value {
    classes
        .iter()
        .map(|class| json!({ "up_to": class.up_to, "color": class.color.to_string(), "label": class.label }))
        .collect()
}

pub(crate) fn labelled(ticks: &[Tick]) -> Value {
    ticks.iter().map(|tick| json!({ "at": rounded(tick.at), "label": tick.label })).collect()
}

fn runs<T>(runs: &[Vec<T>], item: fn(&T) -> Value) -> Value {
    runs.iter().map(|run| run.iter().map(item).collect::<Value>()).collect()
}

fn cell(cell: &Cell) -> Value {
    json!([rounded(cell.x0), rounded(cell.x1), rounded(cell.top), rounded(cell.bottom)])
}

fn level(level: &Level) -> Value {
    json!([rounded(level.x0), rounded(level.x1), rounded(level.y)])
}

fn extents(extents: &[Extent]) -> Value {
    extents.iter().map(|extent| json!([rounded(extent.x0), rounded(extent.x1)])).collect()
}

fn line(line: &Line) -> Value {
    json!({ "area": runs(&line.area, cell), "median": runs(&line.median, level) })
}

fn summary(summary: &Summary) -> Value {
    let spread = |spread: Option<stats::Spread>, text: fn(f64) -> String| {
        let stats::Spread { avg, max, min, now } = spread?;
        let texts = [avg, max, min, now].map(text);
        Some(json!({ "avg": digits(avg), "max": digits(max), "min": digits(min), "now": digits(now), "texts": texts }))
    };
    json!({
        "median": spread(summary.median, rtt),
        "loss": spread(summary.loss, percent),
        "deviation": summary.deviation.map(digits),
        "steadiness": summary.steadiness().map(three_digits),
    })
}
