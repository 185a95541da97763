//! The sections of a configuration: what each may hold, and what it means.

mod alerts;
mod call;
mod database;
mod fit;
mod general;
mod hosts;
mod influxdb;
mod known;
mod labels;
mod mail;
mod maintenance;
mod modules;
mod options;
mod paths;
mod presentation;
mod probes;
mod recipients;
mod slaves;
mod targets;
mod template;

use std::path::PathBuf;

use smokeprobe_alerts::Rules;

use super::check::Verdict;
use super::diagnostics::{Diagnostics, did_you_mean};
use super::grammar::{no_table, unknown_variable};
use super::plan::{Alerting, Plan};
use super::source::{Files, Sources, Span, Text};
use super::tree::{Section, clipped};

pub(crate) use alerts::empty_element;
pub(super) use recipients::single as recipient;

/// How names of targets, probes, charts and hierarchies look, in words.
const NAME_FORM: &str = "ASCII letters, digits, `-` and `_`";

/// The top sections, in SmokePing's order, then ours.
const SECTIONS: [&str; 10] = [
    "General",
    "Database",
    "Presentation",
    "Probes",
    "Targets",
    "Alerts",
    "Slaves",
    "InfluxDB",
    "Recipients",
    "Maintenance",
];

/// What reading a section needs at hand.
struct Context<'a> {
    sources: &'a Sources,
    files: &'a dyn Files,
    rules: &'a Rules,
    problems: &'a mut Diagnostics,
}

impl Context<'_> {
    /// The path that a value names. A relative one starts at the folder of the file in which it is written.
    fn path(&self, value: &Text) -> PathBuf {
        self.folder(value).join(&value.text)
    }

    /// The folder of the file in which a value is written.
    fn folder(&self, value: &Text) -> PathBuf {
        self.sources.path(value.span.file).parent().map(PathBuf::from).unwrap_or_default()
    }
}

/// Reads the whole tree. Answers a plan even when there are errors; the caller must not use it then.
pub(super) fn read(
    root: &Section,
    sources: &Sources,
    files: &dyn Files,
    rules: &Rules,
    problems: &mut Diagnostics,
) -> Option<Plan> {
    for (name, value) in &root.variables {
        unknown_variable(name, value, std::iter::empty, problems);
    }
    no_table(&root.rows, problems);
    for section in &root.sections {
        let name = &section.name;
        if !SECTIONS.contains(&name.text.as_str()) {
            problems.error(name.span, format!("there is no section `*** {} ***`", clipped(&name.text))).with(|| {
                let known = || format!("known are {}", SECTIONS.join(", "));
                Some(did_you_mean(&name.text, SECTIONS).unwrap_or_else(known))
            });
        }
    }
    let mut cx = Context { sources, files, rules, problems };
    let (general, timing, (mail, snpp_host)) = general::read(root.section("General"), &mut cx);
    let database = database::read(root.section("Database"), &mut cx);
    let presentation = presentation::read(root.section("Presentation"), &mut cx);
    let common = alerts::common(root.section("Alerts"), &mut cx);
    let mut book = recipients::Book::read(root.section("Recipients"), common.defaults.clone(), &mut cx);
    let alerts = alerts::read(&common, &mut book, &mut cx);
    let slaves = slaves::read(root.section("Slaves"), &mut cx);
    influxdb::read(root.section("InfluxDB"), &mut cx);
    let instances = probes::read(root.section("Probes"), &timing, &database, &mut cx);
    let Some(section) = root.section("Targets") else {
        let end = end_of(root, sources);
        cx.problems.error(end, "there is no section `*** Targets ***`").help("add one: it names the hosts to measure");
        return None;
    };
    if let Some(probes) = root.section("Probes")
        && probes.name.span > section.name.span
    {
        cx.problems
            .error(probes.name.span, "`*** Probes ***` must come before `*** Targets ***`")
            .help("move the section up, or its @include");
    }
    let known = known::Known {
        alerts: &alerts,
        slaves: &slaves,
        hierarchies: &presentation.hierarchies,
        instances: &instances,
        has_alerts: root.section("Alerts").is_some(),
        database: &database,
    };
    let root_node = targets::read(section, &known, &mut book, &mut cx);
    slaves::check_secrets(root.section("Slaves"), &root_node, &mut cx);
    let about = maintenance::About { alerts: &alerts, paths: &paths::Paths::new(&root_node) };
    let maintenance = maintenance::read(root.section("Maintenance"), &about, &mut cx);
    if let Some(section) = root.section("Alerts") {
        book.check_pagers(section.name.span, snpp_host.as_deref(), &mut cx);
    }
    let told = (&alerts, &root_node);
    let from = alerts::sender(root.section("Alerts"), &common, general.contact.as_deref(), told, &book, &mut cx);
    Some(Plan {
        general,
        database,
        presentation,
        probes: instances.into_iter().map(|(name, instance)| (name, instance.plan)).collect(),
        alerts,
        alerting: Alerting { from, mail, snpp_host, recipients: book.finish(), maintenance },
        slaves,
        root: root_node,
        files: sources.paths(),
    })
}

/// A place for what is missing from the whole: the end of the main file.
fn end_of(root: &Section, sources: &Sources) -> Span {
    let last = root.sections.last().map_or(0, |section| section.name.span.order);
    let line = sources.text(0).lines().count().max(1) as u32;
    Span { order: last.saturating_add(1).max(u32::MAX / 2), file: 0, line, column: 1, end: 1 }
}

/// The format of a time. It becomes part of a file name or of a graph, and is never run.
fn strftime(value: &str) -> Verdict {
    use chrono::format::{Item, StrftimeItems};
    if value.contains('\'') {
        return Verdict::expected("a strftime format without `'`");
    }
    let unknown = StrftimeItems::new(value).any(|item| matches!(item, Item::Error));
    Verdict::good_if(!unknown, "a strftime format, such as `%Y-%m-%d`")
}
