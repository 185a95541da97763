//! What of a configuration is replayed.

use std::sync::Arc;

use smokeprobe_alerts::{Alert, Rules, Watched};
use smokeprobe_core::{SeriesId, Vantage};

use super::HindsightError;
use crate::alerting::compose;
use crate::config::plan::{Node, Target};
use crate::config::{Plan, did_you_mean};

/// What is watched of a series, and the pings of its rounds. With an `alert` that its target does not have, that too:
/// the others stay, because priorities and, in the legacy semantics, windows depend on them.
///
/// # Errors
///
/// When there is no such target, slave or alert: a sentence with what was meant.
pub fn watched(
    plan: &Plan,
    rules: &Rules,
    series: &SeriesId,
    alert: Option<&str>,
) -> Result<(Watched, u32), HindsightError> {
    let (node, target) = find(plan, series)?;
    let mut names = target.alerts.clone();
    if let Some(alert) = alert {
        if !plan.alerts.contains_key(alert) {
            let known: Vec<String> = plan.alerts.keys().cloned().collect();
            let near = meant(did_you_mean(alert, known.iter().map(String::as_str)), &known, "alerts");
            return Err(HindsightError::NoSuchAlert(format!("there is no alert `{alert}`{near}")));
        }
        if !names.iter().any(|own| own == alert) {
            names.push(alert.to_owned());
        }
    }
    if names.is_empty() {
        return Err(HindsightError::NoSuchAlert(format!(
            "{} has no alerts; name one of the others to see what it would say here",
            target.path
        )));
    }
    let watched = compose::watched_alone(plan, rules, &node.title, target, series.vantage.clone(), &names);
    Ok((watched, target.pings))
}

/// The same with this alert alone, which need not be of the configuration.
///
/// # Errors
///
/// As [`watched`].
pub fn watched_by(plan: &Plan, series: &SeriesId, alert: Alert) -> Result<Watched, HindsightError> {
    let (node, target) = find(plan, series)?;
    let none = Rules::standard();
    let watched = compose::watched_alone(plan, &none, &node.title, target, series.vantage.clone(), &[]);
    Ok(Watched { alerts: vec![(Arc::new(alert), Arc::from([]))], ..watched })
}

/// The target of a series. There may be rounds of the past where nobody measures today: by this machine, or by a probe
/// that is not supported.
fn find<'a>(plan: &'a Plan, series: &SeriesId) -> Result<(&'a Node, &'a Target), HindsightError> {
    let with_target = |node: &'a Node| Some((node, node.target.as_ref()?));
    let Some((node, target)) = plan.nodes().filter_map(with_target).find(|(_, target)| target.path == series.target)
    else {
        return Err(HindsightError::NoSuchTarget(no_target(plan, series)));
    };
    if let Vantage::Slave(slave) = &series.vantage
        && !target.slaves.iter().any(|known| **known == **slave)
    {
        let near = meant(did_you_mean(slave, target.slaves.iter().map(String::as_str)), &target.slaves, "slaves");
        let message = format!("{} is not measured by a slave `{slave}`{near}", target.path);
        return Err(HindsightError::NoSuchTarget(message));
    }
    Ok((node, target))
}

fn no_target(plan: &Plan, series: &SeriesId) -> String {
    let wanted = &series.target;
    if let Some(node) = plan.nodes().find(|node| node.path.as_ref() == Some(wanted)) {
        let what = if node.multihost.is_empty() { "a section without a host" } else { "only drawn, of other targets" };
        return format!("{wanted} is {what}, and has no rounds of its own");
    }
    let known: Vec<String> = plan.targets().map(|target| target.path.to_string()).collect();
    let near = did_you_mean(wanted.as_str(), known.iter().map(String::as_str));
    format!("there is no target {wanted}{}", meant(near, &known, "targets"))
}

/// The end of a message about a name that does not exist.
fn meant(near: Option<String>, known: &[String], what: &str) -> String {
    /// More names than this are no help.
    const LISTED: usize = 10;
    match near {
        Some(near) => format!("; {near}"),
        None if known.is_empty() => format!("; there are no {what}"),
        None if known.len() <= LISTED => format!("; the {what} are {}", known.join(", ")),
        None => String::new(),
    }
}
