//! What a configuration says of alerts: rules, recipients, terms, maintenance, dependencies and labels.

mod mail;
mod maintenance;
mod recipients;
mod rules;
mod secrets;
mod targets;

use std::path::Path;

use smokeprobe_server::config::plan::{Alert, Recipient, Way};
use smokeprobe_server::config::{InMemory, Loaded, Plan, Severity, load_from};

const TARGETS: &str = "*** Targets ***\nprobe = FPing\n+ A\nhost = a\n";

fn read(text: &str) -> Loaded {
    let files = InMemory::default().with("etc/config", text).with("etc/key", "k").with("/bin/prog", "");
    load_from(&files, Path::new("etc/config"))
}

/// The configuration with this `*** Alerts ***` and a target, with whatever is told of it.
fn alerts(text: &str) -> Loaded {
    read(&format!("*** Alerts ***\nfrom = s@example.net\n{text}{TARGETS}"))
}

fn plan(loaded: Loaded) -> Plan {
    loaded.plan.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

/// Severity, line, column and message of everything that is wrong, with its likely fix.
fn told(loaded: &Loaded) -> Vec<(Severity, u32, u32, &str, Option<&str>)> {
    let told = loaded.diagnostics.iter();
    told.map(|d| (d.severity, d.line, d.column, d.message.as_str(), d.help.as_deref())).collect()
}

fn errors(loaded: &Loaded) -> Vec<&str> {
    let errors = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error);
    errors.map(|d| d.message.as_str()).collect()
}

fn alert(lines: &str) -> Alert {
    let loaded = alerts(&format!("to = a@b\n+ x\ntype = loss\npattern = >0%\ncomment = c\n{lines}"));
    assert_eq!(loaded.diagnostics, [], "{lines}");
    plan(loaded).alerts.remove("x").unwrap()
}

/// The recipients of a list, with whatever is wrong with it as an assertion.
fn to(list: &str) -> Vec<(String, Recipient)> {
    let loaded = alerts(&format!("to = {list}\n+ x\ntype = loss\npattern = >0%\ncomment = c\n"));
    assert!(errors(&loaded).is_empty(), "{list}: {:?}", errors(&loaded));
    let plan = plan(loaded);
    let to = plan.alerts["x"].to.iter();
    to.map(|id| (id.to_string(), plan.alerting.recipients[id].clone())).collect()
}

fn way(text: &str) -> Way {
    to(text).remove(0).1.way
}
