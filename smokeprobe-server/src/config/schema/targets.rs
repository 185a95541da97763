//! `*** Targets ***`: the tree, with what its sections inherit.

use std::collections::BTreeMap;
use std::rc::Rc;

use smokeprobe_alerts::RecipientId;
use smokeprobe_core::TargetPath;

use super::super::check::{Check, Verdict, YES_NO, name, nearest_name};
use super::super::grammar::{Rule, judge, missing, no_table, rule, unknown_variable};
use super::super::plan::{Node, ProbeOptions, Target, TargetHost};
use super::super::source::{Span, Text};
use super::super::tree::{Section, clipped};
use super::fit::Fit;
use super::hosts::{self, HostForm, MultihostPlace};
use super::known::Known;
use super::modules::{ALL, Module};
use super::options::{self, Setting, Settings};
use super::paths::{self, Dependency, Paths};
use super::probes::Instance;
use super::recipients::Book;
use super::{Context, labels};

/// The variables that a target has whatever its probe.
const COMMON: &[Rule] = &[
    rule("menu", Check::Any),
    rule("title", Check::Any),
    rule("remark", Check::Any),
    rule("menuextra", Check::Any),
    rule("note", Check::Any),
    rule("host", Check::Any),
    rule("hide", YES_NO),
    rule("nomasterpoll", YES_NO),
    rule("alerts", Check::With(alert_list)),
    rule("alertee", Check::Any),
    rule("depends", Check::Any),
    rule("labels", Check::Any),
    rule("slaves", Check::Any),
    rule("parents", Check::With(parents)),
    rule("email", Check::With(email)),
    rule("rawlog", Check::With(rawlog)),
];

/// Those that the top section does not have.
const NOT_AT_TOP: [&str; 7] = ["host", "hide", "nomasterpoll", "alertee", "email", "note", "rawlog"];

fn alert_list(value: &str) -> Verdict {
    let blank_inside = value.split(',').any(|name| name.trim().contains(super::super::lexer::blank));
    Verdict::good_if(!blank_inside, "names of alerts with commas between them")
}

fn parents(value: &str) -> Verdict {
    let part = |part: &str| {
        part.split_once(":/")
            .is_some_and(|(hierarchy, path)| name(hierarchy) && (path.is_empty() || path.split('/').all(name)))
    };
    Verdict::good_if(
        value.split(' ').all(part),
        "`hierarchy:/path`, such as `owner:/Bob/Servers`; several have one blank between them",
    )
}

fn email(value: &str) -> Verdict {
    let good = value.rsplit_once('<').is_some_and(|(name, rest)| {
        let named = name.ends_with(super::super::lexer::blank) && name.len() > 1;
        let address = rest.strip_suffix('>').and_then(|address| address.split_once('@'));
        named && address.is_some_and(|(user, place)| !user.is_empty() && !place.is_empty())
    });
    Verdict::good_if(good, "a name and an address, such as `Ann Example <ann@example.net>`")
}

fn rawlog(value: &str) -> Verdict {
    if value.contains(['/', '\0']) {
        return Verdict::expected("a strftime format without `/`: it becomes part of a file name");
    }
    super::strftime(value)
}

/// A file with the name of a target, with `~slave` and `.rrd`, may have 255 bytes on the usual file systems.
const LONGEST_NAME: usize = 200;

/// The system allows paths of 4096 bytes; the data folder and the slave need some, and each target keeps its path.
const LONGEST_PATH: usize = 1000;

/// What is wrong with the name of a target, with a likely fix.
fn bad_name(text: &str, above: Option<&TargetPath>) -> Option<(String, String)> {
    let shown = clipped(text);
    if text == "PROBE_CONF" {
        let help = "set the variables of the probe in the target's own section";
        return Some(("sections `PROBE_CONF` are a thing of SmokePing 1".to_owned(), help.to_owned()));
    }
    if !name(text) {
        let name =
            nearest_name(text).map_or_else(|| "choose another name".to_owned(), |name| format!("write `{name}`"));
        let message = format!("target name `{shown}` is not made of {}", super::NAME_FORM);
        return Some((message, format!("{name}, and `menu = {shown}`")));
    }
    let path = above.map_or(0, |above| above.as_str().len() + 1) + text.len();
    (text.len() > LONGEST_NAME || path > LONGEST_PATH).then(|| {
        let message =
            format!("target name `{shown}` is too long, alone or with those above it, for the path of a file");
        (message, format!("a name has at most {LONGEST_NAME} characters, a path {LONGEST_PATH}"))
    })
}

/// What a section hands down.
#[derive(Clone, Default)]
struct Inherited<'a> {
    probe: Option<&'a Instance<'a>>,
    /// A probe is named, even if there is none of that name.
    probe_named: bool,
    alerts: Rc<[String]>,
    alertee: Rc<[RecipientId]>,
    depends: Option<(TargetPath, Span)>,
    labels: Rc<BTreeMap<String, String>>,
    slaves: Rc<[String]>,
    menuextra: Option<Rc<str>>,
    nomasterpoll: bool,
    /// Variables of the probe.
    variables: Vec<Setting<'a>>,
}

/// Reads the section with everything below.
pub(super) fn read(section: &Section, known: &Known<'_>, book: &mut Book, cx: &mut Context<'_>) -> Node {
    let mut reader = Reader { known, book, cx, fit: Fit::default(), multihosts: Vec::new(), dependencies: Vec::new() };
    let root = reader.section(section, None, &Inherited::default());
    let Reader { fit, multihosts, dependencies, .. } = reader;
    Paths::new(&root).check(&dependencies, cx.problems);
    hosts::check_members(&multihosts, &root, cx);
    fit.finish(|probe| known.instances.get(probe).and_then(|probe| probe.place).unwrap_or(section.name.span), cx);
    root
}

struct Reader<'a, 'c, 'f> {
    known: &'a Known<'a>,
    book: &'c mut Book,
    cx: &'c mut Context<'f>,
    fit: Fit,
    multihosts: Vec<MultihostPlace>,
    dependencies: Vec<Dependency>,
}

/// What a section says itself.
#[derive(Default)]
struct Own<'a> {
    menu: Option<&'a Text>,
    title: Option<&'a Text>,
    remark: Option<&'a Text>,
    host: Option<&'a Text>,
    rawlog: Option<&'a Text>,
    hide: bool,
    parents: Vec<(String, String)>,
}

impl<'a> Reader<'a, '_, '_> {
    fn section(&mut self, section: &'a Section, path: Option<TargetPath>, above: &Inherited<'a>) -> Node {
        let mut handed = above.clone();
        let own = self.variables(section, path.is_none(), &mut handed);
        no_table(&section.rows, self.cx.problems);
        let (mut target, mut multihost) = (None, Vec::new());
        if let (Some(path), Some(host)) = (&path, own.host) {
            match hosts::read(host, self.cx) {
                HostForm::Measured(address) => target = self.target(section, path, host, address, &own, &handed),
                HostForm::Multihost(members) => {
                    multihost = members.iter().map(|(series, _)| series.clone()).collect();
                    self.multihosts.push(MultihostPlace { members });
                }
                HostForm::Nothing => {}
            }
        }
        // Only variables of the probe that holds here go further down.
        let module = handed.probe.and_then(|probe| probe.module);
        handed.variables.retain(|setting| module.is_none_or(|module| setting.holds_for(module)));
        let children = section.sections.iter().filter_map(|inner| self.inner(inner, path.as_ref(), &handed)).collect();
        let fallback = match (&path, own.host) {
            (None, _) => "Top",
            (_, Some(host)) if !host.text.is_empty() => &host.text,
            _ => &section.name.text,
        };
        let label = |own: Option<&Text>| {
            own.map(|own| own.text.as_str()).filter(|own| !own.is_empty()).unwrap_or(fallback).to_owned()
        };
        Node {
            name: if path.is_some() { section.name.text.clone() } else { String::new() },
            menu: label(own.menu),
            title: label(own.title),
            remark: own.remark.map(|remark| remark.text.clone()),
            menuextra: handed.menuextra.as_deref().map(str::to_owned),
            hide: own.hide,
            host: own.host.map(|host| host.text.clone()),
            target,
            multihost,
            parents: own.parents,
            children,
            path,
        }
    }

    fn inner(&mut self, section: &'a Section, above: Option<&TargetPath>, handed: &Inherited<'a>) -> Option<Node> {
        let text = &section.name;
        let below = |name: &str| above.map_or_else(|| name.parse(), |above| above.child(name)).ok();
        if let Some((message, help)) = bad_name(&text.text, above) {
            self.cx.problems.error(text.span, message).help(help);
            // Read for the errors in it, under a name that is good.
            if above.is_none_or(|above| above.as_str().len() < LONGEST_PATH) {
                self.section(section, below("_"), handed);
            }
            return None;
        }
        below(&text.text).map(|path| self.section(section, Some(path), handed))
    }

    fn variables(&mut self, section: &'a Section, top: bool, handed: &mut Inherited<'a>) -> Own<'a> {
        let mut own = Own::default();
        // The probe decides which variables there are, so it comes before them.
        let mut probe_is_late = None;
        for (name, value) in &section.variables {
            if name.text == "probe" {
                self.probe(name, value, probe_is_late, handed);
                continue;
            }
            let Some(rule) = COMMON.iter().find(|rule| rule.name == name.text) else {
                probe_is_late.get_or_insert(name.span);
                self.probe_variable(name, value, handed);
                continue;
            };
            if top && NOT_AT_TOP.contains(&rule.name) {
                self.cx
                    .problems
                    .error(name.span, format!("the top of Targets has no `{}`", rule.name))
                    .help("put it into a section below, such as `+ Name`");
                continue;
            }
            if rule.name == "host" {
                probe_is_late.get_or_insert(name.span);
            }
            if judge(rule, value, self.cx.problems) {
                self.common(rule.name, value, &mut own, handed);
            }
        }
        own
    }

    fn probe(&mut self, name: &Text, value: &Text, late: Option<Span>, handed: &mut Inherited<'a>) {
        handed.probe = self.known.probe(value, self.cx.problems);
        handed.probe_named = true;
        if let Some(before) = late {
            self.cx
                .problems
                .error(name.span, "`probe` must come before `host` and before the variables of the probe")
                .help(format!("move the line above line {}", before.line));
        }
    }

    fn common(&mut self, name: &str, value: &'a Text, own: &mut Own<'a>, handed: &mut Inherited<'a>) {
        match name {
            "menu" => own.menu = Some(value),
            "title" => own.title = Some(value),
            "remark" => own.remark = Some(value),
            "host" => own.host = Some(value),
            "rawlog" => own.rawlog = Some(value),
            "hide" => own.hide = value.text == "yes",
            "nomasterpoll" => handed.nomasterpoll = value.text == "yes",
            "menuextra" => handed.menuextra = Some(value.text.as_str().into()),
            "alertee" => handed.alertee = self.book.list("alertee", value, self.cx).into(),
            "depends" if value.text.is_empty() => handed.depends = None,
            "depends" => {
                let path = paths::read(&value.text, value.span, self.cx.problems);
                handed.depends = path.map(|path| (path, value.span));
            }
            "labels" => labels::merge(Rc::make_mut(&mut handed.labels), value, self.cx.problems),
            "alerts" => {
                let names = value.split(|c| c == ',');
                self.known.check_alerts(&names, self.cx.problems);
                handed.alerts = list(&names);
            }
            "slaves" => {
                let names = value.split(super::super::lexer::blank);
                self.known.check_slaves(&names, self.cx.problems);
                handed.slaves = list(&names);
            }
            "parents" => {
                for (parent, span) in value.split(super::super::lexer::blank) {
                    if let Some((hierarchy, path)) = parent.split_once(':') {
                        self.known.check_hierarchy(hierarchy, span, self.cx.problems);
                        own.parents.push((hierarchy.to_owned(), path.to_owned()));
                    }
                }
            }
            // `note` and `email` say nothing to us.
            _ => {}
        }
    }

    /// A variable that is the probe's, or nobody's.
    fn probe_variable(&mut self, name: &'a Text, value: &'a Text, handed: &mut Inherited<'a>) {
        if name.text.starts_with("influx_") {
            return;
        }
        let module = handed.probe.and_then(|probe| probe.module);
        // A module that is not SmokePing's own may have any variable.
        let foreign = handed.probe.is_some() && module.is_none();
        let rule = module.and_then(|module| module.in_targets(&name.text));
        if foreign || rule.is_some_and(|rule| judge(rule, value, self.cx.problems)) {
            let ours = module.is_some_and(|module| !module.has_of_old(&name.text));
            handed.variables.retain(|known| known.name != name.text);
            handed.variables.push(Setting { name: &name.text, value, ours });
            return;
        }
        if rule.is_some() {
            return;
        }
        let probe_wide = module.filter(|module| module.in_probes(&name.text).is_some());
        let elsewhere: Vec<_> =
            ALL.iter().filter(|other| other.in_targets(&name.text).is_some()).map(|other| other.name).collect();
        let shown = clipped(&name.text);
        match (handed.probe, probe_wide, elsewhere.first()) {
            (Some(probe), Some(_), _) => self
                .cx
                .problems
                .warn(name.span, format!("`{shown}` holds for all targets of a probe; it is ignored here"))
                .help(format!("set it for {} in `*** Probes ***`", probe.plan.name)),
            (Some(probe), None, Some(first)) => {
                let fix = match self.known.configured(&elsewhere) {
                    Some(other) => format!("if probe {other} is meant, write `probe = {other}` above"),
                    None => format!("probe {first} has it"),
                };
                let help = format!("SmokePing refuses this line; {fix}, else take it away");
                let message = format!("probe {} has no variable `{shown}`; it is ignored", probe.plan.name);
                self.cx.problems.warn(name.span, message).help(help);
            }
            // Which variables there are is not known without a probe, and that is an error already.
            (None, _, Some(_)) => {
                if !handed.probe_named {
                    self.cx
                        .problems
                        .error(name.span, format!("there is no probe here that could have a variable `{shown}`"))
                        .help("write `probe = …` above it");
                }
            }
            _ => {
                let names = || {
                    let own = module.into_iter().flat_map(Module::variables);
                    let others = ALL.iter().flat_map(Module::variables);
                    COMMON.iter().chain(own).chain(others).map(|rule| rule.name).chain(["probe"])
                };
                unknown_variable(name, value, names, self.cx.problems);
            }
        }
    }

    fn target(
        &mut self,
        section: &Section,
        path: &TargetPath,
        host: &Text,
        address: TargetHost,
        own: &Own<'_>,
        handed: &Inherited<'a>,
    ) -> Option<Target> {
        let Some(probe) = handed.probe else {
            // An unknown probe was noted where it is named.
            if !handed.probe_named {
                self.cx
                    .problems
                    .error(host.span, format!("`{}` has no probe to measure it", clipped(&section.name.text)))
                    .help("write `probe = FPing` at the top of Targets");
            }
            return None;
        };
        for rule in probe.module.into_iter().flat_map(Module::mandatory) {
            let here = handed.variables.iter().any(|setting| setting.name == rule.name);
            if !here && probe.value(rule.name).is_none() {
                missing(section.name.span, &section.name.text, rule.name, self.cx.problems);
            }
        }
        let settings = Settings::new(&handed.variables, probe, self.known.database.pings);
        let pings = settings.pings();
        let options = options::build(&settings, self.cx);
        let step = probe.plan.step;
        if handed.nomasterpoll && handed.slaves.is_empty() && options != ProbeOptions::Unsupported {
            self.cx
                .problems
                .warn(host.span, "nobody measures this: `nomasterpoll = yes`, and there are no slaves")
                .help("name slaves, or write `nomasterpoll = no`");
        }
        // A gateway has what it hands to its neighbours too.
        let depends = handed.depends.clone().filter(|(gateway, _)| gateway != path);
        if let Some((on, span)) = depends.clone() {
            self.dependencies.push(Dependency { of: path.clone(), on, span });
        }
        let target = Target {
            path: path.clone(),
            host: address,
            probe: probe.plan.name.clone(),
            options,
            step,
            pings,
            alerts: handed.alerts.to_vec(),
            alertee: handed.alertee.to_vec(),
            depends: depends.map(|(gateway, _)| gateway),
            labels: handed.labels.as_ref().clone(),
            slaves: handed.slaves.to_vec(),
            nomasterpoll: handed.nomasterpoll,
            rawlog: own.rawlog.map(|rawlog| rawlog.text.clone()),
        };
        self.fit.target(&target, settings.is_set("timeout"), host.span, self.cx);
        Some(target)
    }
}

fn list(parts: &[(&str, Span)]) -> Rc<[String]> {
    parts.iter().map(|(part, _)| (*part).to_owned()).collect()
}
