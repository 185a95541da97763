//! Documents of frames of every kind.

use proptest::prelude::*;
use smokeprobe_store::Consolidation;

use super::super::marks::AlertMark;
use super::super::palette::{Color, Palette};
use super::super::uptime::built_in_uptime;
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
        ceiling: None,
        logarithmic: false,
        loss_background: false,
        nodata_color: None,
        loss_classes: Vec::new(),
        palette: Palette::Default,
        uptime_classes: Vec::new(),
        suspect: Vec::new(),
        marks: Vec::new(),
        utc_offset: |_| 0,
        grain: SVG_GRAIN,
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
    for wanted in ["AWS北京区S3", "last 3 hours", "4 ms", "09:30", "now", "20 TCP Pings every 300 s", "4–5", "20/20"]
    {
        assert!(texts.iter().any(|text| text == wanted), "{wanted} is not in {texts:?}");
    }
    assert!(texts.iter().any(|text| text.ends_with(" am/s")), "{texts:?}");
}

#[test]
fn without_data_the_message_is_shown() {
    assert!(texts(&drawing().svg(None)).contains(&"no data in this range".to_owned()));
    let shade = Theme::Light.ink().unknown.to_string();
    assert!(drawing().svg(None).contains(&shade), "and over the shade of what is unknown");
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

/// Three lines: one of every kind of row, one twice as slow, one without any answer.
fn several(draw: impl Fn(&[Series<'_>]) -> String) -> String {
    let (fast, mut slow, mut silent) = (frame(), frame(), frame());
    for column in [&mut slow.median].into_iter().chain(&mut slow.samples) {
        for rtt in column.iter_mut() {
            *rtt *= 2.0;
        }
    }
    silent.loss.fill(20.0);
    silent.median.fill(f64::NAN);
    silent.samples.iter_mut().for_each(|column| column.fill(f64::NAN));
    let names = [("上海", Color(0x00, 0x45, 0x86), &fast), ("Tokyo", Color(0xff, 0xde, 0x20), &slow)];
    let names = names.into_iter().chain([("N. Virginia", Color(0xff, 0x42, 0x0e), &silent)]);
    let series: Vec<Series<'_>> = names
        .map(|(name, color, frame)| Series {
            name: name.to_owned(),
            color,
            loss_classes: Vec::new(),
            frame: Some(frame),
        })
        .collect();
    draw(&series)
}

#[test]
fn several_series_as_lines() {
    insta::assert_snapshot!(several(|series| drawing().svg_of_lines(series)));
}

#[test]
fn a_small_dark_graph_of_one_series() {
    let small = Drawing { theme: Theme::Dark, width: 320, height: 120, ..drawing() };
    insta::assert_snapshot!(several(|series| small.svg_small(&series[..1])));
}

#[test]
fn a_graph_with_alerts_suspect_rounds_and_uptime() {
    let mut dynamic = frame();
    dynamic.uptime = (0..36).map(|row| f64::from(row % 18) * 300.0).collect();
    let mark = |raised: i64, cleared: Option<i64>, silent: bool| AlertMark {
        raised: NOON - raised,
        cleared: cleared.map(|cleared| NOON - cleared),
        silent,
    };
    let drawing = Drawing {
        suspect: vec![NOON - 600, NOON - 900],
        marks: vec![mark(7000, Some(6000), false), mark(5000, Some(4000), true), mark(1200, None, false)],
        uptime_classes: built_in_uptime(),
        ..drawing()
    };
    insta::assert_snapshot!(drawing.svg(Some(&dynamic)));
    let plain = Drawing { loss_background: true, ..drawing }.svg(Some(&dynamic));
    assert!(
        !texts(&plain).iter().any(|text| text.starts_with("up ")),
        "loss in the background leaves no room for uptime"
    );
}

#[test]
fn more_series_than_there_is_room_for_are_counted() {
    let (frame, drawing) = (frame(), Drawing { height: 300, ..drawing() });
    let one = |number: usize| Series {
        name: format!("host {number}"),
        color: Color(1, 2, 3),
        loss_classes: Vec::new(),
        frame: Some(&frame),
    };
    let series: Vec<Series<'_>> = (0..32).map(one).collect();
    let texts = texts(&drawing.svg_of_lines(&series));
    let shown = texts.iter().filter(|text| text.starts_with("host ")).count();
    assert!((4..20).contains(&shown), "{shown}");
    assert!(texts.contains(&format!("and {} more", 32 - shown)), "{texts:?}");
}

#[test]
fn every_form_gives_a_document_that_parses_in_every_size() {
    for (width, height) in [(100, 60), (320, 120), (390, 240), (697, 4000), (4000, 100)] {
        let drawing = Drawing { width, height, logarithmic: true, ..drawing() };
        texts(&several(|series| drawing.svg_of_lines(series)));
        texts(&several(|series| drawing.svg_small(series)));
        texts(&drawing.svg_of_lines(&[]));
        texts(&drawing.svg_small(&[]));
    }
}

/// The horizontal parts of the lines of this width: from x to x, and y.
fn levels(svg: &str, width: &str) -> Vec<(f64, f64, f64)> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let paths = document.descendants().filter(|node| node.attribute("stroke-width") == Some(width));
    let (mut x, mut y, mut levels) = (0.0, 0.0, Vec::new());
    for path in paths.map(|node| node.attribute("d").unwrap()) {
        for (at, command) in path.match_indices(['M', 'V', 'H']) {
            let rest = &path[at + 1..];
            let end = rest.find(['M', 'V', 'H']).unwrap_or(rest.len());
            let numbers: Vec<f64> = rest[..end].split(' ').map(|number| number.parse().unwrap()).collect();
            match (command, &numbers[..]) {
                ("M", [to_x, to_y]) => (x, y) = (*to_x, *to_y),
                ("V", [to]) => y = *to,
                ("H", [to]) => levels.push((std::mem::replace(&mut x, *to), *to, y)),
                other => panic!("{other:?}"),
            }
        }
    }
    levels
}

#[test]
fn colours_of_loss_lie_on_the_line_where_classes_share_a_pixel() {
    // Three rows in each pixel and more; those that lost some are slower.
    let lost = |row: usize| if row % 4 == 1 { 5.0 } else { 0.0 };
    let median = |row: usize| if row % 4 == 1 { 0.02 } else { 0.01 };
    let frame = Frame {
        start: NOON - 10_800 + 5,
        step: 5,
        loss: (0..2160).map(lost).collect(),
        median: (0..2160).map(median).collect(),
        uptime: vec![f64::NAN; 2160],
        samples: Vec::new(),
        ..frame()
    };
    let one = Series { name: String::new(), color: Color(1, 2, 3), loss_classes: Vec::new(), frame: Some(&frame) };
    for (svg, line, colors) in
        [(drawing().svg(Some(&frame)), "0.75", "2"), (drawing().svg_small(&[one]), "1.75", "2.5")]
    {
        let (line, colors) = (levels(&svg, line), levels(&svg, colors));
        assert!(colors.len() > 400, "{}", colors.len());
        for (x0, x1, y) in colors {
            let middle = f64::midpoint(x0, x1);
            let on_line =
                |level: &(f64, f64, f64)| level.0 <= middle && middle <= level.1 && (level.2 - y).abs() < 0.01;
            assert!(line.iter().any(on_line), "{x0} to {x1} at {y} is not on the line");
        }
    }
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

/// A frame of rounds of `pings`, each of which lost `lost`.
fn lossy(pings: u32, lost: u32) -> Frame {
    let sample = |ping: u32| if ping < pings - lost { 0.01 } else { f64::NAN };
    Frame {
        start: NOON - 10_800 + 300,
        step: 300,
        consolidation: Consolidation::Average,
        pings,
        loss: vec![f64::from(lost); 36],
        median: vec![0.01; 36],
        uptime: vec![f64::NAN; 36],
        samples: (0..pings).map(|ping| vec![sample(ping); 36]).collect(),
    }
}

#[test]
fn loss_of_each_series_is_coloured_by_its_own_number_of_pings() {
    let (few, many) = (lossy(5, 0), lossy(20, 10));
    let one =
        |frame| Series { name: String::new(), color: Color(1, 2, 3), loss_classes: Vec::new(), frame: Some(frame) };
    let color = |pings: u32, lost: f64| {
        let classes = super::built_in(pings, Palette::Default);
        classes[super::super::palette::class_of(&classes, lost)].color(Theme::Light).to_string()
    };
    let (half, all) = (color(20, 10.0), color(5, 5.0));
    assert_ne!(half, all);
    for svg in [drawing().svg_of_lines(&[one(&few), one(&many)]), drawing().svg_small(&[one(&few), one(&many)])] {
        assert!(svg.contains(&half) && !svg.contains(&all), "{svg}");
    }
    let mut own = one(&many);
    own.loss_classes = vec![super::LossClass {
        up_to: 20.0,
        light: Color(0xab, 0xcd, 0xef),
        dark: Color(0xab, 0xcd, 0xef),
        label: String::new(),
    }];
    let svg = drawing().svg_of_lines(&[one(&few), own]);
    assert!(svg.contains("#abcdef") && !svg.contains(&half), "{svg}");
}
