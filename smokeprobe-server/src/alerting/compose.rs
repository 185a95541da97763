//! A plan in the words of the alerting library. Pure: it reads no file and asks nobody.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use smokeprobe_alerts::{Alert, AlertPlan, RecipientId, Rules, Semantics, Terms, Watched};
use smokeprobe_core::{SeriesId, TargetPath, Vantage};

use crate::config::Plan;
use crate::config::plan::{self, ProbeOptions, Target, TargetHost};

/// All that is watched, and when it is not told.
pub fn alert_plan(plan: &Plan, rules: &Rules) -> AlertPlan {
    AlertPlan { watched: watched(plan, rules), maintenance: plan.alerting.maintenance.clone() }
}

/// Everybody who is told of anything, and how they want to be told.
pub fn terms(plan: &Plan) -> BTreeMap<RecipientId, Terms> {
    plan.alerting.recipients.iter().map(|(id, recipient)| (id.clone(), recipient.terms.clone())).collect()
}

/// The series of all targets that have alerts, and of those that others depend on, in the plan's order: of each target
/// the local one, then those of its slaves.
///
/// `rules` must know the kinds that it knew when the plan was read. An alert whose rule it cannot make is left out.
pub fn watched(plan: &Plan, rules: &Rules) -> Vec<Watched> {
    let alerts = alerts(plan.alerts.values(), rules);
    let by_path: HashMap<&TargetPath, &Target> = plan.targets().map(|target| (&target.path, target)).collect();
    let gateways: BTreeSet<&TargetPath> = plan.targets().filter_map(|target| target.depends.as_ref()).collect();
    let mut watched = Vec::new();
    for node in plan.nodes() {
        let Some(target) = &node.target else { continue };
        let idle = target.alerts.is_empty() && !gateways.contains(&target.path);
        if idle || target.options == ProbeOptions::Unsupported {
            continue;
        }
        let own = own_alerts(plan, target, &target.alerts, &alerts);
        let gateway = target.depends.as_ref().and_then(|path| by_path.get(path));
        for vantage in vantages(target) {
            // What is down from here says nothing of what is down from there.
            let depends = gateway
                .filter(|gateway| vantages(gateway).any(|other| other == vantage))
                .map(|gateway| SeriesId { target: gateway.path.clone(), vantage: vantage.clone() });
            watched.push(Watched { depends, ..alone(plan, &node.title, target, vantage, own.clone()) });
        }
    }
    watched
}

/// A series with the alerts of these names, as if there were no other series: what it depends on is not watched.
pub fn watched_alone(
    plan: &Plan,
    rules: &Rules,
    title: &str,
    target: &Target,
    vantage: Vantage,
    names: &[String],
) -> Watched {
    let alerts = alerts(names.iter().filter_map(|name| plan.alerts.get(name)), rules);
    alone(plan, title, target, vantage, own_alerts(plan, target, names, &alerts))
}

fn alone(
    plan: &Plan,
    title: &str,
    target: &Target,
    vantage: Vantage,
    alerts: Vec<(Arc<Alert>, Arc<[RecipientId]>)>,
) -> Watched {
    Watched {
        series: SeriesId { target: target.path.clone(), vantage },
        step: target.step,
        host: host(target),
        title: plan.plain_title(title).into_owned(),
        url: plan.general.cgiurl.as_ref().map(|cgiurl| format!("{cgiurl}?target={}", target.path)),
        labels: Arc::new(target.labels.clone()),
        depends: None,
        alerts,
    }
}

/// What tells a rule from others: while it stays the same over a reload, the alert's state stays.
pub fn meaning(alert: &plan::Alert) -> String {
    let semantics = match alert.semantics {
        Semantics::Documented => "documented",
        Semantics::Legacy => "legacy",
    };
    format!("{}|{semantics}|{}", alert.kind, alert.pattern)
}

/// Alerts as they are watched, each made once: all series with an alert share it.
fn alerts<'a>(given: impl Iterator<Item = &'a plan::Alert>, rules: &Rules) -> HashMap<String, Arc<Alert>> {
    let made = given.filter_map(|alert| {
        let rule = match rules.parse(&alert.kind, &alert.pattern, alert.semantics, &alert.name) {
            Ok(rule) => rule,
            Err(error) => {
                tracing::error!(alert = alert.name, %error, "an alert is left out");
                return None;
            }
        };
        let made = Alert {
            name: alert.name.as_str().into(),
            rule,
            meaning: meaning(alert).into(),
            semantics: alert.semantics,
            edgetrigger: alert.edgetrigger,
            priority: alert.priority,
            again: alert.again,
            pattern: alert.pattern.clone(),
            comment: alert.comment.clone(),
            mail_template: alert.mailtemplate.clone(),
        };
        Some((alert.name.clone(), Arc::new(made)))
    });
    made.collect()
}

/// The alerts of these names for a target, each once, with those who are told: those of the section, of the alert and of the target, each
/// once too. The reference tells somebody as often as they are named.
fn own_alerts(
    plan: &Plan,
    target: &Target,
    names: &[String],
    alerts: &HashMap<String, Arc<Alert>>,
) -> Vec<(Arc<Alert>, Arc<[RecipientId]>)> {
    let mut seen = BTreeSet::new();
    let names = names.iter().filter(|name| seen.insert(name.as_str()));
    names
        .filter_map(|name| {
            let alert = alerts.get(name)?;
            let to = plan.alerts.get(name).map(|alert| alert.to.as_slice()).unwrap_or_default();
            let mut told: Vec<RecipientId> = Vec::new();
            for id in to.iter().chain(&target.alertee) {
                if !told.contains(id) {
                    told.push(id.clone());
                }
            }
            Some((Arc::clone(alert), told.into()))
        })
        .collect()
}

/// From where a target is measured: from this machine unless it says otherwise, and from its slaves.
fn vantages(target: &Target) -> impl Iterator<Item = Vantage> {
    let local = (!target.nomasterpoll).then_some(Vantage::Local);
    local.into_iter().chain(target.slaves.iter().map(|slave| Vantage::Slave(slave.as_str().into())))
}

/// The host as configured. The secret of a dynamic one stays where it is.
fn host(target: &Target) -> String {
    match &target.host {
        TargetHost::Fixed(host) => host.to_string(),
        TargetHost::Dynamic { .. } => "DYNAMIC".to_owned(),
    }
}
