//! Scales, ticks, classes, colours and numbers over many inputs.

use serde_json::{Value, json};
use smokeprobe_server::graph::palette::{Color, Palette, Theme, built_in, class_of};
use smokeprobe_server::graph::scale::{Plot, Scale, Spread, unison};
use smokeprobe_server::graph::stats::{percent, rtt, three_digits};
use smokeprobe_server::graph::ticks;
use smokeprobe_server::graph::uptime::built_in_uptime;

use super::frames::{labelled, uptimes};
use super::written::digits;

/// 2026-11-22 12:00 UTC.
const NOON: i64 = 1_795_348_800;

/// Seconds to add to a Unix time for a viewer's local time.
type Zone = fn(i64) -> i32;

pub(crate) fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("numbers", numbers()),
        ("classes", classes()),
        ("value-ticks", value_ticks()),
        ("time-ticks", time_ticks()),
        ("unison", unisons()),
    ]
}

fn numbers() -> Value {
    // No value lies where rounding is a tie: languages settle those differently.
    let rtts = [
        0.0, 1.23e-7, 8.6e-5, 9.994e-4, 9.996e-4, 4.213e-3, 9.9949e-3, 0.009_996, 0.028_44, 0.099_96, 0.1309, 0.9994,
        0.9996, 1.5, 12.34, 123.4,
    ];
    let shares = [0.0, 1e-6, 0.0012, 0.0099, 0.0101, 0.0501, 0.25, 0.9994, 0.9998, 1.0];
    let plain = [0.0, 0.123_4, 4.213, 9.994, 9.996, 28.44, 99.94, 99.96, 131.2, 12_345.6];
    let table = |values: &[f64], text: fn(f64) -> String| -> Value {
        values.iter().map(|&value| json!([value, text(value)])).collect()
    };
    json!({ "rtt": table(&rtts, rtt), "percent": table(&shares, percent), "three_digits": table(&plain, three_digits) })
}

fn classes() -> Value {
    let losses = [0.0, 0.01, 1.0, 1.2, 2.0, 3.0, 5.0, 5.5, 10.0, 19.0, 19.5, 20.0, 99.0];
    let of = |pings: u32, palette: Palette| -> Value {
        let classes = built_in(pings, palette);
        let shown: Value = classes
            .iter()
            .map(|class| json!({ "up_to": class.up_to, "light": class.light.to_string(), "dark": class.dark.to_string(), "label": class.label }))
            .collect();
        let falls: Value = losses.iter().map(|&loss| json!([loss, class_of(&classes, loss)])).collect();
        let smoke: Value = (0..pings as usize / 2)
            .map(|band| {
                json!([Theme::Light.smoke(band, pings).to_string(), Theme::Dark.smoke(band, pings).to_string()])
            })
            .collect();
        json!({ "pings": pings, "classes": shown, "class_of": falls, "smoke": smoke })
    };
    let counts = [1, 2, 3, 5, 10, 20, 33, 100];
    let ink: Value = [Theme::Light, Theme::Dark]
        .into_iter()
        .map(|theme| {
            let ink = theme.ink();
            json!({
                "theme": if theme == Theme::Dark { "dark" } else { "light" },
                "ground": ink.ground.to_string(), "text": ink.text.to_string(), "muted": ink.muted.to_string(),
                "grid": ink.grid.to_string(), "axis": ink.axis.to_string(), "unknown": ink.unknown.to_string(), "joint": ink.joint.to_string(), "alert": ink.alert.to_string(),
            })
        })
        .collect();
    let lines = "004586 ff420e ffde20 579d1c 7e0021 83caff 314004 aecf00 4b1f6f ff950e c5000b 0084d1 ffffff 000000";
    let lines: Value = lines
        .split(' ')
        .map(|text| {
            let color: Color = text.parse().unwrap();
            json!([color.to_string(), color.legible(Theme::Light).to_string(), color.legible(Theme::Dark).to_string()])
        })
        .collect();
    json!({
        "default": counts.map(|pings| of(pings, Palette::Default)),
        "classic": counts.map(|pings| of(pings, Palette::Classic)),
        "uptime": uptimes(&built_in_uptime()),
        "ink": ink,
        "lines": lines,
    })
}

fn value_ticks() -> Value {
    let one = |ceiling: f64, floor: Option<f64>, height: f64| {
        let plot = Plot { left: 0.0, top: 0.0, right: 600.0, bottom: height };
        let spread = floor.map_or(Spread::Linear, Spread::Logarithmic);
        let (ticks, unit) = ticks::values(&Scale { plot, from: 0, to: 1, ceiling, spread });
        json!({ "ceiling": digits(ceiling), "floor": floor, "height": height, "unit": unit, "ticks": labelled(&ticks) })
    };
    let linear = [2e-6, 2.4e-4, 9.99e-4, 0.001, 0.0031, 0.0052, 0.012, 0.0734, 0.25, 0.999, 1.0, 2.1, 7.7, 33.0, 180.0];
    let linear =
        [60.0, 120.0, 171.0, 400.0].into_iter().flat_map(|height| linear.map(|ceiling| one(ceiling, None, height)));
    let decades = [(0.05, 1e-4), (0.05, 1e-3), (0.005, 1e-4), (2.0, 1e-3), (0.2, 1e-6), (0.000_5, 1e-5)];
    let decades = decades.map(|(ceiling, floor)| one(ceiling, Some(floor), 171.0));
    linear.chain(decades).collect()
}

fn time_ticks() -> Value {
    let spans = [
        40,
        300,
        1200,
        3600,
        10_800,
        36_000,
        108_000,
        3 * 86_400,
        10 * 86_400,
        40 * 86_400,
        120 * 86_400,
        360 * 86_400,
        1000 * 86_400,
        9000 * 86_400,
    ];
    let zones: [(i32, Zone); 4] = [(0, |_| 0), (28_800, |_| 28_800), (-12_600, |_| -12_600), (20_700, |_| 20_700)];
    let one = |span: i64, width: f64, (offset, zone): (i32, Zone)| {
        let plot = Plot { left: 58.0, top: 0.0, right: 58.0 + width, bottom: 100.0 };
        // An end that is no round time.
        let (from, to) = (NOON + 1234 - span, NOON + 1234);
        let ticks = ticks::times(&Scale { plot, from, to, ceiling: 1.0, spread: Spread::Linear }, zone);
        json!({ "from": from, "to": to, "width": width, "utc_offset": offset, "ticks": labelled(&ticks) })
    };
    let wide = zones.into_iter().flat_map(|zone| spans.map(|span| one(span, 621.0, zone)));
    wide.chain(spans.map(|span| one(span, 314.0, zones[1]))).collect()
}

fn unisons() -> Value {
    let maxima: [&[f64]; 8] = [
        &[],
        &[0.5],
        &[0.010, 0.012, 0.015, 0.3],
        &[0.001, 0.012, 0.014],
        &[0.0, 0.010, 0.012],
        // As text, as SmokePing sorts them, the first comes last.
        &[0.000_09, 0.0001, 0.12],
        &[0.1, 0.2, 0.4, 0.8],
        &[0.001, 0.001, 0.002, 0.002],
    ];
    let tolerances = [None, Some(1.01), Some(2.0), Some(10.0)];
    maxima
        .into_iter()
        .flat_map(|ceilings| {
            tolerances.map(|tolerance| json!({ "ceilings": ceilings, "tolerance": tolerance, "shared": unison(ceilings, tolerance) }))
        })
        .collect()
}
