//! `*** Probes ***`: modules, and instances of them.

use std::collections::BTreeMap;

use smokeprobe_core::Step;

use super::super::check::name;
use super::super::diagnostics::nearest;
use super::super::grammar::{judge, no_table, unknown_variable};
use super::super::plan::{Database, Offset, ProbeInstance};
use super::super::source::{Span, Text};
use super::super::tree::{Section, clipped};
use super::Context;
use super::general::Timing;
use super::modules::{ALL, Module};

/// A probe that targets may name.
#[derive(Debug)]
pub(super) struct Instance<'a> {
    /// What the plan says of it.
    pub(super) plan: ProbeInstance,
    /// Its module; `None` for one that is not SmokePing's own.
    pub(super) module: Option<&'static Module>,
    /// Its variables, the instance's own before those of its module's section.
    values: Vec<(&'a str, &'a Text)>,
    /// Where it is configured; nowhere when it is built in.
    pub(super) place: Option<Span>,
}

impl<'a> Instance<'a> {
    /// The value of a variable.
    pub(super) fn value(&self, name: &str) -> Option<&'a Text> {
        self.values.iter().find(|(variable, _)| *variable == name).map(|(_, value)| *value)
    }
}

/// Reads the section. Without one, every module that we measure can be named, with its defaults.
pub(super) fn read<'a>(
    section: Option<&'a Section>,
    timing: &Timing,
    database: &Database,
    cx: &mut Context<'_>,
) -> BTreeMap<String, Instance<'a>> {
    let Some(section) = section else {
        let built_in = |module: &'static Module| {
            instance(module.name, module.name, Some(module), Vec::new(), None, timing, database)
        };
        return ALL
            .iter()
            .filter(|module| module.supported())
            .map(|module| (module.name.to_owned(), built_in(module)))
            .collect();
    };
    for (name, value) in &section.variables {
        unknown_variable(name, value, std::iter::empty, cx.problems);
    }
    no_table(&section.rows, cx.problems);
    let mut instances = BTreeMap::new();
    for inner in &section.sections {
        module(inner, timing, database, &mut instances, cx);
    }
    instances
}

fn module<'a>(
    section: &'a Section,
    timing: &Timing,
    database: &Database,
    instances: &mut BTreeMap<String, Instance<'a>>,
    cx: &mut Context<'_>,
) {
    let module_name = &section.name.text;
    if !good_name(&section.name, cx) {
        return;
    }
    let module = Module::named(module_name);
    if module.is_none_or(|module| !module.supported()) {
        let near = nearest(module_name, ALL.iter().map(|module| module.name).filter(|_| module.is_none()));
        cx.problems
            .warn(
                section.name.span,
                format!("probe {} is not supported: its targets are shown, and not measured", clipped(module_name)),
            )
            .maybe(near.map(|near| format!("did you mean `{near}`?")));
    }
    let common = variables(section, module, cx);
    no_table(&section.rows, cx.problems);
    let mut add = |section: &'a Section, values, cx: &mut Context<'_>| {
        let name = &section.name;
        let made = instance(&name.text, module_name, module, values, Some(name.span), timing, database);
        if !timing.concurrent
            && let Some(ignored) = made.value("step").or_else(|| made.value("offset"))
        {
            cx.problems
                .warn(ignored.span, "with `concurrentprobes = no` a probe has no step and offset of its own; ignored")
                .help("take away `concurrentprobes`: here all probes run at once anyway");
        }
        if instances.insert(name.text.clone(), made).is_some() {
            cx.problems
                .warn(name.span, format!("there is a probe `{}` already; this one takes its place", name.text))
                .help("choose another name");
        }
    };
    if section.sections.is_empty() {
        return add(section, common, cx);
    }
    for inner in &section.sections {
        if !good_name(&inner.name, cx) {
            continue;
        }
        for deeper in &inner.sections {
            cx.problems
                .error(
                    deeper.name.span,
                    format!("no section may stand here, so neither may `{}`", clipped(&deeper.name.text)),
                )
                .help("an instance of a probe has variables only");
        }
        no_table(&inner.rows, cx.problems);
        let mut values = variables(inner, module, cx);
        values.extend(&common);
        add(inner, values, cx);
    }
}

fn good_name(text: &Text, cx: &mut Context<'_>) -> bool {
    let good = name(&text.text);
    if !good {
        cx.problems
            .error(text.span, format!("probe name `{}` is not made of {}", clipped(&text.text), super::NAME_FORM))
            .help("choose a name such as `FPing` or `DNS-internal`");
    }
    good
}

/// The variables of a section that its module has and whose values are right.
fn variables<'a>(
    section: &'a Section,
    module: Option<&'static Module>,
    cx: &mut Context<'_>,
) -> Vec<(&'a str, &'a Text)> {
    let mut values = Vec::new();
    for (name, value) in &section.variables {
        let good = match module {
            // What another's module takes is not ours to judge, but for what every probe has.
            None => {
                match ALL[0].in_probes(&name.text).filter(|rule| matches!(rule.name, "step" | "offset" | "pings")) {
                    Some(rule) => judge(rule, value, cx.problems),
                    None => true,
                }
            }
            Some(module) => {
                let rule = module.in_probes(&name.text);
                if rule.is_none() {
                    not_here(name, value, module, cx);
                }
                rule.is_some_and(|rule| judge(rule, value, cx.problems))
            }
        };
        if good {
            values.push((name.text.as_str(), value));
        }
    }
    values
}

/// Notes a variable that this module does not have.
pub(super) fn not_here(name: &Text, value: &Text, module: &Module, cx: &mut Context<'_>) {
    if name.text.starts_with("influx_") {
        return;
    }
    let others: Vec<_> =
        ALL.iter().filter(|other| other.in_probes(&name.text).is_some()).map(|other| other.name).collect();
    match others.as_slice() {
        [] => {
            unknown_variable(name, value, || module.variables().map(|rule| rule.name), cx.problems);
        }
        [first, rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            cx.problems
                .warn(
                    name.span,
                    format!("probe {} has no variable `{}`; it is ignored", module.name, clipped(&name.text)),
                )
                .help(format!("{first}{more} has it"));
        }
    }
}

fn instance<'a>(
    name: &str,
    module_name: &str,
    module: Option<&'static Module>,
    values: Vec<(&'a str, &'a Text)>,
    place: Option<Span>,
    timing: &Timing,
    database: &Database,
) -> Instance<'a> {
    let plan = ProbeInstance {
        name: name.to_owned(),
        module: module_name.to_owned(),
        step: database.step,
        offset: timing.offset,
        forks: None,
        supported: module.is_some_and(Module::supported),
    };
    let mut instance = Instance { plan, module, values, place };
    if timing.concurrent {
        let step = instance.value("step").map(|text| text.text.parse().unwrap_or(u32::MAX));
        instance.plan.step = step.and_then(Step::from_secs).unwrap_or(database.step);
        instance.plan.offset = instance.value("offset").map_or(timing.offset, |text| offset(&text.text));
    }
    // No number of forks that a machine could have is above this; 0 forks measure nothing.
    instance.plan.forks = instance.value("forks").map(|text| text.text.parse().unwrap_or(u32::MAX).clamp(1, 1 << 20));
    instance
}

/// An offset that was checked before. More than a whole step is as good as what remains of it.
pub(super) fn offset(value: &str) -> Offset {
    match value.strip_suffix('%').map(|percent| percent.parse::<u64>().unwrap_or(0) % 100) {
        Some(percent) => Offset::Percent(percent as u32),
        None => Offset::Random,
    }
}
