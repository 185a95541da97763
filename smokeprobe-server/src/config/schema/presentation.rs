//! `*** Presentation ***`.

use std::collections::BTreeMap;

use super::super::check::{Check, Verdict, YES_NO, hex, name, perl_number, range_seconds};
use super::super::grammar::{Rules, Sections, Values, column, examine, must, rule};
use super::super::plan::{Chart, Detail, Overview, Palette, Presentation};
use super::super::tree::Section;
use super::Context;
use super::call;

const RULES: Rules = Rules {
    variables: &[
        rule("template", Check::Any),
        rule("charset", Check::Any),
        rule("htmltitle", YES_NO),
        rule("graphborders", YES_NO),
        rule("literalsearch", YES_NO),
        rule("html", YES_NO),
        rule("colortext", Check::Colour),
        rule("colorborder", Check::Colour),
        rule("colorbackground", Check::Colour),
    ],
    table: None,
    sections: Sections::Named(&["overview", "detail", "charts", "multihost", "hierarchies"]),
};

const OVERVIEW: Rules = Rules {
    variables: &[
        rule("width", Check::Whole(10)),
        rule("height", Check::Whole(10)),
        rule("range", Check::Range),
        rule("max_rtt", Check::Any),
        rule("median_color", Check::Colour),
        rule("strftime", Check::With(super::strftime)),
    ],
    table: None,
    sections: Sections::None,
};

const DETAIL: Rules = Rules {
    variables: &[
        rule("width", Check::Whole(10)),
        rule("height", Check::Whole(10)),
        rule("loss_background", YES_NO),
        rule("logarithmic", YES_NO),
        rule("unison_tolerance", Check::With(|value| Verdict::good_if(perl_number(value) > 1.0, "more than 1"))),
        rule("max_rtt", Check::Any),
        rule("strftime", Check::With(super::strftime)),
        rule("nodata_color", Check::Colour),
        rule("palette", Check::OneOf(&["default", "classic"])),
    ],
    table: Some(&[column("description", Check::Any), column("range", Check::Range)]),
    sections: Sections::Named(&["loss_colors", "uptime_colors"]),
};

const LOSS_COLORS: Rules = Rules {
    variables: &[],
    table: Some(&[
        column("number of lost pings", Check::With(bound)),
        column(
            "colour",
            Check::With(|value| Verdict::good_if(hex(value), "hexadecimal digits in lower case, such as `00ff00`")),
        ),
        column("legend", Check::Any),
    ]),
    sections: Sections::None,
};

const UPTIME_COLORS: Rules = Rules {
    variables: &[],
    table: Some(&[
        column("number of seconds", Check::With(bound)),
        column("colour", Check::Colour),
        column("legend", Check::Any),
    ]),
    sections: Sections::None,
};

const MULTIHOST: Rules =
    Rules { variables: &[rule("colors", Check::With(colours))], table: None, sections: Sections::None };

const CHARTS: Rules = Rules {
    variables: &[must("menu", Check::Any), must("title", Check::Any)],
    table: None,
    sections: Sections::Keyed(name, super::NAME_FORM),
};

const CHART: Rules = Rules {
    variables: &[
        must("menu", Check::Any),
        must("title", Check::Any),
        must("sorter", Check::With(sorter)),
        rule("format", Check::Any),
    ],
    table: None,
    sections: Sections::None,
};

const HIERARCHIES: Rules = Rules { variables: &[], table: None, sections: Sections::Keyed(name, super::NAME_FORM) };

const HIERARCHY: Rules = Rules { variables: &[must("title", Check::Any)], table: None, sections: Sections::None };

/// The sorters of SmokePing.
const SORTERS: [&str; 4] = ["Loss", "Max", "Median", "StdDev"];

/// How many entries a chart shows whose sorter does not say.
const DEFAULT_ENTRIES: u32 = 10;

/// The reference's pattern has one character of any kind between the digits, so `12x` passes.
fn bound(value: &str) -> Verdict {
    Verdict::good_if(value.starts_with(|c: char| c.is_ascii_digit()), "a number")
}

fn colours(value: &str) -> Verdict {
    let good = value
        .split(' ')
        .all(|colour| colour.len() == 6 && colour.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()));
    Verdict::good_if(good, "colours of six hexadecimal digits in lower case with one blank between them")
}

fn sorter(value: &str) -> Verdict {
    let form = "a sorter with its arguments, such as `Max(entries=>5)`";
    let Some(call) = call::parse(value) else { return Verdict::expected(form) };
    if value.contains(super::super::lexer::blank) {
        let packed: String = value.split(super::super::lexer::blank).collect();
        return Verdict::expected(format!("{form}, without blanks")).help(format!("write `{packed}`"));
    }
    if !SORTERS.contains(&call.name) {
        let bad = Verdict::expected(format!("one of the sorters {}", SORTERS.join(", ")));
        return match super::super::diagnostics::nearest(call.name, SORTERS) {
            Some(near) => bad.help(format!("did you mean `{near}`?")),
            None => bad,
        };
    }
    let bad = call
        .arguments
        .iter()
        .find(|argument| argument.key != "entries" || !super::super::check::digits(argument.value));
    match bad {
        Some(_) => Verdict::expected(format!("`{}(entries=>5)`: a sorter takes only a number of entries", call.name)),
        None => Verdict::Good,
    }
}

pub(super) fn read(section: Option<&Section>, cx: &mut Context<'_>) -> Presentation {
    let mut presentation = Presentation {
        overview: Overview {
            width: 600,
            height: 50,
            range: range_seconds("10h"),
            max_rtt: None,
            median_color: None,
            strftime: None,
        },
        detail: Detail {
            width: 600,
            height: 200,
            loss_background: false,
            logarithmic: false,
            unison_tolerance: None,
            max_rtt: None,
            strftime: None,
            nodata_color: None,
            palette: Palette::Default,
            ranges: [
                ("Last 3 Hours", "3h"),
                ("Last 30 Hours", "30h"),
                ("Last 10 Days", "10d"),
                ("Last 360 Days", "360d"),
            ]
            .map(|(title, range)| (title.to_owned(), range_seconds(range)))
            .to_vec(),
            loss_colors: Vec::new(),
            uptime_colors: Vec::new(),
        },
        multihost_colors: "004586 ff420e ffde20 579d1c 7e0021 83caff 314004 aecf00 4b1f6f ff950e c5000b 0084d1"
            .split(' ')
            .map(str::to_owned)
            .collect(),
        charts: BTreeMap::new(),
        charts_title: None,
        hierarchies: BTreeMap::new(),
        literalsearch: false,
        html: false,
    };
    let Some(section) = section else { return presentation };
    let values = examine(section, &RULES, cx.problems);
    presentation.literalsearch = values.yes("literalsearch").unwrap_or(false);
    presentation.html = values.yes("html").unwrap_or(false);
    for inner in values.sections {
        match inner.name.text.as_str() {
            "overview" => overview(&mut presentation.overview, &examine(inner, &OVERVIEW, cx.problems)),
            "detail" => detail(&mut presentation.detail, inner, cx),
            "multihost" => {
                let values = examine(inner, &MULTIHOST, cx.problems);
                if let Some(colours) = values.string("colors") {
                    presentation.multihost_colors = colours.split(' ').map(str::to_owned).collect();
                }
            }
            "charts" => {
                let values = examine(inner, &CHARTS, cx.problems);
                presentation.charts_title = values.string("title");
                presentation.charts = values.sections.iter().filter_map(|inner| chart(inner, cx)).collect();
            }
            _ => {
                let values = examine(inner, &HIERARCHIES, cx.problems);
                for inner in values.sections {
                    let title = examine(inner, &HIERARCHY, cx.problems).string("title").unwrap_or_default();
                    presentation.hierarchies.insert(inner.name.text.clone(), title);
                }
            }
        }
    }
    presentation
}

fn overview(overview: &mut Overview, values: &Values<'_>) {
    overview.width = values.number("width").unwrap_or(overview.width);
    overview.height = values.number("height").unwrap_or(overview.height);
    overview.range = values.text("range").map_or(overview.range, |range| range_seconds(&range.text));
    overview.max_rtt = max_rtt(values);
    overview.median_color = values.string("median_color");
    overview.strftime = values.string("strftime");
}

fn detail(detail: &mut Detail, section: &Section, cx: &mut Context<'_>) {
    let values = examine(section, &DETAIL, cx.problems);
    detail.width = values.number("width").unwrap_or(detail.width);
    detail.height = values.number("height").unwrap_or(detail.height);
    detail.loss_background = values.yes("loss_background").unwrap_or(false);
    detail.logarithmic = values.yes("logarithmic").unwrap_or(false);
    detail.unison_tolerance = values.decimal("unison_tolerance");
    detail.max_rtt = max_rtt(&values);
    detail.strftime = values.string("strftime");
    detail.nodata_color = values.string("nodata_color");
    if values.text("palette").is_some_and(|palette| palette.text == "classic") {
        detail.palette = Palette::Classic;
    }
    if !values.rows.is_empty() {
        detail.ranges = values.rows.iter().map(|row| (row[0].clone(), range_seconds(&row[1]))).collect();
    }
    for inner in values.sections {
        let rules = if inner.name.text == "loss_colors" { &LOSS_COLORS } else { &UPTIME_COLORS };
        let rows = examine(inner, rules, cx.problems).rows;
        let classes = rows.into_iter().filter_map(|row| {
            let [bound, colour, legend] = <[String; 3]>::try_from(row).ok()?;
            Some((perl_number(&bound), colour, legend))
        });
        if inner.name.text == "loss_colors" {
            detail.loss_colors = classes.collect();
        } else {
            detail.uptime_colors = classes.collect();
        }
    }
}

/// Any text may stand there; what is no positive number sets no limit.
fn max_rtt(values: &Values<'_>) -> Option<f64> {
    values.decimal("max_rtt").filter(|seconds| *seconds > 0.0)
}

fn chart(section: &Section, cx: &mut Context<'_>) -> Option<(String, Chart)> {
    let values = examine(section, &CHART, cx.problems);
    let sorter = values.text("sorter")?;
    let call = call::parse(&sorter.text)?;
    let entries = call.arguments.first().and_then(|argument| argument.value.parse().ok()).unwrap_or(DEFAULT_ENTRIES);
    let chart = Chart {
        menu: values.string("menu").unwrap_or_default(),
        title: values.string("title").unwrap_or_default(),
        sorter: call.name.to_owned(),
        entries,
        format: values.string("format"),
    };
    Some((section.name.text.clone(), chart))
}
