//! What targets may refer to by name: alerts, slaves, hierarchies and probes.
//!
//! SmokePing looks most of these up only when its daemon starts.

use std::collections::BTreeMap;

use super::super::diagnostics::{Diagnostics, did_you_mean, nearest};
use super::super::plan::{Alert, Database, Slave};
use super::super::source::{Span, Text};
use super::super::tree::clipped;
use super::modules::Module;
use super::probes::Instance;

/// What targets may refer to.
pub(super) struct Known<'a> {
    pub(super) alerts: &'a BTreeMap<String, Alert>,
    pub(super) slaves: &'a BTreeMap<String, Slave>,
    pub(super) hierarchies: &'a BTreeMap<String, String>,
    pub(super) instances: &'a BTreeMap<String, Instance<'a>>,
    /// There is a section `*** Alerts ***`.
    pub(super) has_alerts: bool,
    pub(super) database: &'a Database,
}

impl<'a> Known<'a> {
    /// Notes alerts that are not defined.
    pub(super) fn check_alerts(&self, names: &[(&str, Span)], problems: &mut Diagnostics) {
        for (name, span) in names.iter().filter(|(name, _)| !self.alerts.contains_key(*name)) {
            problems.error(*span, format!("there is no alert `{}`", clipped(name))).with(|| {
                if self.has_alerts {
                    did_you_mean(name, self.alerts.keys().map(String::as_str))
                } else {
                    Some("there is no section `*** Alerts ***`".to_owned())
                }
            });
        }
    }

    /// Notes slaves that are not defined.
    pub(super) fn check_slaves(&self, names: &[(&str, Span)], problems: &mut Diagnostics) {
        for (name, span) in names.iter().filter(|(name, _)| !self.slaves.contains_key(*name)) {
            problems.error(*span, format!("there is no slave `{}`", clipped(name))).with(|| {
                let add = || format!("add `+ {}` to `*** Slaves ***`; blanks separate names", clipped(name));
                Some(did_you_mean(name, self.slaves.keys().map(String::as_str)).unwrap_or_else(add))
            });
        }
    }

    /// Notes a hierarchy that is not defined.
    pub(super) fn check_hierarchy(&self, hierarchy: &str, span: Span, problems: &mut Diagnostics) {
        if self.hierarchies.contains_key(hierarchy) {
            return;
        }
        problems.error(span, format!("there is no hierarchy `{}`", clipped(hierarchy))).with(|| {
            let add = || format!("add `++ {}` to `+ hierarchies` in `*** Presentation ***`", clipped(hierarchy));
            Some(did_you_mean(hierarchy, self.hierarchies.keys().map(String::as_str)).unwrap_or_else(add))
        });
    }

    /// The probe of this name; notes when there is none.
    pub(super) fn probe(&self, value: &Text, problems: &mut Diagnostics) -> Option<&'a Instance<'a>> {
        let wanted = value.text.as_str();
        let probe = self.instances.get(wanted);
        if probe.is_none() {
            let message = format!("there is no probe `{}`", clipped(wanted));
            problems.error(value.span, message).with(|| Some(self.probe_meant(wanted)));
        }
        probe
    }

    fn probe_meant(&self, wanted: &str) -> String {
        let names = |module: Option<&str>| -> Vec<&str> {
            let instances = self.instances.values().map(|instance| &instance.plan);
            let wanted = instances.filter(|plan| module.is_none_or(|module| plan.module == module));
            wanted.map(|plan| plan.name.as_str()).collect()
        };
        let module = Module::named(wanted);
        let instances = module.map(|module| names(Some(module.name))).unwrap_or_default();
        if !instances.is_empty() {
            return format!("its section has instances, which are the probes to name: {}", instances.join(", "));
        }
        let all = names(None);
        match nearest(wanted, all.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if module.is_some() => format!("add `+ {wanted}` to `*** Probes ***`"),
            None if all.is_empty() => "add it to `*** Probes ***`, which has none".to_owned(),
            None => format!("the probes are {}", clipped(&all.join(", "))),
        }
    }

    /// A configured probe of one of these modules.
    pub(super) fn configured(&self, modules: &[&str]) -> Option<&'a str> {
        let mut instances = self.instances.values();
        let found = instances.find(|probe| probe.place.is_some() && modules.contains(&probe.plan.module.as_str()));
        found.map(|probe| probe.plan.name.as_str())
    }
}
