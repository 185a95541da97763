//! `check`: what a configuration means and what is wrong with it, for people and for programs.

use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;
use smokeprobe_alerts::{RecipientId, Semantics, legacy_difference};

use super::plan::{Alert, Plan, Target, TargetHost};
use super::{Diagnostic, Disk, Files, Loaded, Severity};

/// For whom the report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// People, without colour.
    #[default]
    Human,
    /// People at a terminal.
    Colour,
    /// Programs: one JSON object.
    Json,
}

/// Checks the configuration in the file `path`: the report, and whether it is free of errors.
pub fn check(path: &Path, format: Format) -> (String, bool) {
    check_from(&Disk, path, format)
}

/// Checks the configuration in the file `path` of `files`.
pub fn check_from(files: &dyn Files, path: &Path, format: Format) -> (String, bool) {
    let loaded = super::load_from(files, path);
    let good = loaded.plan.is_some();
    let report = match format {
        Format::Json => json(&loaded),
        Format::Human | Format::Colour => {
            let mut report = human(&loaded.diagnostics, format == Format::Colour);
            report.push_str(&summary(&loaded, path));
            report.extend(loaded.plan.as_ref().and_then(differences));
            report
        }
    };
    (report, good)
}

/// Diagnostics for people, each with its line.
pub fn human(diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut report = String::new();
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let excerpt = &diagnostic.excerpt;
        let path = diagnostic.file.display().to_string();
        let snippet = Snippet::source(excerpt.text.as_str())
            .line_start(diagnostic.line as usize)
            .path(path.as_str())
            .annotation(AnnotationKind::Primary.span(excerpt.start..excerpt.end));
        let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str())).element(snippet);
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        report.push_str(&renderer.render(&[group]));
        report.push_str("\n\n");
    }
    report
}

fn summary(loaded: &Loaded, path: &Path) -> String {
    let count = |severity, word: &str| {
        let count = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        match count {
            0 => None,
            1 => Some(format!("1 {word}")),
            count => Some(format!("{count} {word}s")),
        }
    };
    let found: Vec<_> =
        [count(Severity::Error, "error"), count(Severity::Warning, "warning")].into_iter().flatten().collect();
    let found = if found.is_empty() { "no errors".to_owned() } else { found.join(", ") };
    match &loaded.plan {
        Some(plan) => {
            let targets = plan.targets().count();
            format!("{}: {found}; {targets} target{}\n", path.display(), if targets == 1 { "" } else { "s" })
        }
        None => format!("{}: {found}\n", path.display()),
    }
}

/// The alerts that mean something else than they did in SmokePing. Nothing is wrong with them, but whoever tuned them to
/// what they did should know.
fn differences(plan: &Plan) -> Option<String> {
    let told: Vec<_> = plan.alerts.values().filter_map(|alert| Some((&alert.name, difference(alert)?))).collect();
    let plural = match told.len() {
        0 => return None,
        1 => "alert behaves",
        _ => "alerts behave",
    };
    let mut note = format!("\nnote: {} {plural} differently here, as SmokePing's manual has it:\n", told.len());
    note.extend(told.into_iter().map(|(name, difference)| format!("  {name}: {difference}\n")));
    note.push_str("  `semantics = legacy` in an alert, or in `*** Alerts ***` for all, gives what SmokePing does\n");
    Some(note)
}

/// How an alert behaves differently in SmokePing.
fn difference(alert: &Alert) -> Option<String> {
    match alert.semantics {
        Semantics::Documented => {
            legacy_difference(&alert.kind, &alert.pattern, &alert.name, alert.priority, alert.edgetrigger)
        }
        Semantics::Legacy => None,
    }
}

#[derive(Serialize)]
struct Report<'a> {
    targets: Vec<TargetReport<'a>>,
    alerts: serde_json::Map<String, serde_json::Value>,
    diagnostics: Vec<DiagnosticReport<'a>>,
}

#[derive(Serialize)]
struct TargetReport<'a> {
    path: &'a str,
    host: String,
    probe: &'a str,
    step: u32,
    pings: u32,
    title: &'a str,
    menu: &'a str,
    alerts: &'a [String],
    slaves: &'a [String],
    rrd: String,
}

#[derive(Serialize)]
struct AlertReport<'a> {
    r#type: &'a str,
    pattern: &'a str,
    comment: &'a str,
    edgetrigger: bool,
    priority: Option<u32>,
    to: &'a [RecipientId],
    semantics: &'static str,
    legacy_difference: Option<String>,
}

#[derive(Serialize)]
struct DiagnosticReport<'a> {
    severity: Severity,
    file: String,
    line: u32,
    column: u32,
    message: &'a str,
    help: Option<&'a str>,
}

fn json(loaded: &Loaded) -> String {
    let report = Report {
        targets: loaded.plan.iter().flat_map(targets).collect(),
        alerts: loaded
            .plan
            .iter()
            .flat_map(|plan| &plan.alerts)
            .map(|(name, alert)| (name.clone(), self::alert(alert)))
            .collect(),
        diagnostics: loaded.diagnostics.iter().map(diagnostic).collect(),
    };
    // Strings, numbers and lists alone: there is nothing in it that JSON could not hold.
    let mut text = serde_json::to_string_pretty(&report).expect("a report of plain values");
    text.push('\n');
    text
}

fn targets(plan: &Plan) -> impl Iterator<Item = TargetReport<'_>> {
    plan.nodes().filter_map(|node| {
        let target = node.target.as_ref()?;
        Some(TargetReport {
            path: target.path.as_str(),
            host: host(target),
            probe: &target.probe,
            step: target.step.as_secs(),
            pings: target.pings,
            title: &node.title,
            menu: &node.menu,
            alerts: &target.alerts,
            slaves: &target.slaves,
            rrd: format!("{}.rrd", target.path.as_str().replace('.', "/")),
        })
    })
}

fn host(target: &Target) -> String {
    match &target.host {
        TargetHost::Fixed(host) => host.to_string(),
        TargetHost::Dynamic { secret_hash: None } => "DYNAMIC".to_owned(),
        TargetHost::Dynamic { secret_hash: Some(hash) } => format!("DYNAMIC/{hash}"),
    }
}

fn alert(alert: &Alert) -> serde_json::Value {
    let report = AlertReport {
        r#type: &alert.kind,
        pattern: &alert.pattern,
        comment: &alert.comment,
        edgetrigger: alert.edgetrigger,
        priority: alert.priority,
        to: &alert.to,
        semantics: match alert.semantics {
            Semantics::Documented => "documented",
            Semantics::Legacy => "legacy",
        },
        legacy_difference: difference(alert),
    };
    // As above.
    serde_json::to_value(report).expect("a report of plain values")
}

fn diagnostic(diagnostic: &Diagnostic) -> DiagnosticReport<'_> {
    DiagnosticReport {
        severity: diagnostic.severity,
        file: diagnostic.file.display().to_string(),
        line: diagnostic.line,
        column: diagnostic.column,
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
    }
}
