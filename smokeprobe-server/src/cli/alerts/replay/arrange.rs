//! What of a configuration is replayed.

use anyhow::{Context as _, anyhow, bail};
use smokeprobe_alerts::{Rules, Watched};
use smokeprobe_core::probes::icmp::IcmpOptions;
use smokeprobe_core::{SeriesId, Vantage};

use crate::alerting::compose;
use crate::config::plan::{Node, ProbeOptions, Target};
use crate::config::{Plan, did_you_mean};

/// What is watched of a series, and the pings of its rounds. With an `alert` that its target does not have, that too:
/// the others stay, because priorities and, in the legacy semantics, windows depend on them.
pub(super) fn watched(
    plan: &Plan,
    rules: &Rules,
    series: &SeriesId,
    alert: Option<&str>,
) -> anyhow::Result<(Watched, u32)> {
    let mut plan = plan.clone();
    let known_alerts: Vec<String> = plan.alerts.keys().cloned().collect();
    let Some(target) = target(&mut plan.root, series) else {
        return Err(no_target(&plan, series));
    };
    if let Some(alert) = alert {
        if !known_alerts.iter().any(|known| known == alert) {
            let known = known_alerts.iter().map(String::as_str);
            bail!("there is no alert `{alert}`{}", meant(did_you_mean(alert, known), &known_alerts, "alerts"));
        }
        if !target.alerts.iter().any(|own| own == alert) {
            target.alerts.push(alert.to_owned());
        }
    }
    if target.alerts.is_empty() {
        bail!("{} has no alerts; --alert NAME replays one of the others", target.path);
    }
    if let Vantage::Slave(slave) = &series.vantage
        && !target.slaves.iter().any(|known| **known == **slave)
    {
        let near = did_you_mean(slave, target.slaves.iter().map(String::as_str));
        bail!("{} is not measured by a slave `{slave}`{}", target.path, meant(near, &target.slaves, "slaves"));
    }
    // There may be rounds of the past where there is nobody to measure today.
    target.nomasterpoll = false;
    if target.options == ProbeOptions::Unsupported {
        target.options = ProbeOptions::Icmp(IcmpOptions::default());
    }
    let pings = target.pings;
    let watched = compose::watched(&plan, rules).into_iter().find(|watched| watched.series == *series);
    Ok((watched.with_context(|| format!("{series} cannot be watched; `check` may say why"))?, pings))
}

fn target<'a>(node: &'a mut Node, series: &SeriesId) -> Option<&'a mut Target> {
    if node.target.as_ref().is_some_and(|target| target.path == series.target) {
        return node.target.as_mut();
    }
    node.children.iter_mut().find_map(|child| target(child, series))
}

fn no_target(plan: &Plan, series: &SeriesId) -> anyhow::Error {
    let wanted = &series.target;
    if let Some(node) = plan.nodes().find(|node| node.path.as_ref() == Some(wanted)) {
        let what = if node.multihost.is_empty() { "a section without a host" } else { "only drawn, of other targets" };
        return anyhow!("{wanted} is {what}, and has no rounds of its own");
    }
    let known: Vec<String> = plan.targets().map(|target| target.path.to_string()).collect();
    let near = did_you_mean(wanted.as_str(), known.iter().map(String::as_str));
    anyhow!("there is no target {wanted}{}", meant(near, &known, "targets"))
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
