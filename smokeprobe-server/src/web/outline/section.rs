//! The sections of an outline, and the probes that they share.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use smokeprobe_core::SeriesId;

use crate::config::Plan;
use crate::config::html::Shown;
use crate::config::plan::{Node, Target};
use crate::describe;

/// What some sections have in common; they refer to it by its place.
#[derive(PartialEq, Eq, Hash, Clone, Serialize)]
pub(super) struct Probe<'a> {
    name: &'a str,
    module: &'a str,
    measures: String,
    step: u32,
    pings: u32,
    supported: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// A section with what is in it.
#[derive(Serialize)]
pub(super) struct Section<'a> {
    name: &'a str,
    /// The name, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    menu: Option<&'a str>,
    /// The menu, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    menuextra: Option<Cow<'a, str>>,
    /// These three are HTML that is safe to show.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    html: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    hide: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probe: Option<usize>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    slaves: &'a [String],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    nomaster: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    alerts: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    multihost: &'a [SeriesId],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<Section<'a>>,
}

/// The probes of a plan as its sections name them.
#[derive(Default)]
pub(super) struct Probes<'a> {
    list: Vec<Probe<'a>>,
    places: HashMap<Probe<'a>, usize>,
}

impl<'a> Section<'a> {
    /// As deep as the configuration, which its reader bounds.
    pub(super) fn of(plan: &'a Plan, node: &'a Node, probes: &mut Probes<'a>) -> Self {
        let target = node.target.as_ref();
        let Shown { html, title, remark, menuextra } = plan.shown(node);
        Self {
            name: &node.name,
            menu: Some(node.menu.as_str()).filter(|menu| *menu != node.name),
            // The menu is text: it never stands for a title that is HTML.
            title: Some(title).filter(|title| html || *title != node.menu),
            remark,
            menuextra,
            html,
            hide: node.hide,
            host: describe::host(node).filter(|_| node.multihost.is_empty()),
            probe: target.map(|target| probes.place(plan, target)),
            slaves: target.map(|target| &target.slaves[..]).unwrap_or_default(),
            nomaster: target.is_some_and(|target| target.nomasterpoll),
            alerts: target.map(|target| &target.alerts[..]).unwrap_or_default(),
            labels: target.map(|target| &target.labels).filter(|labels| !labels.is_empty()),
            multihost: &node.multihost,
            children: node.children.iter().map(|child| Self::of(plan, child, probes)).collect(),
        }
    }
}

impl<'a> Probes<'a> {
    pub(super) fn into_list(self) -> Vec<Probe<'a>> {
        self.list
    }

    fn place(&mut self, plan: &'a Plan, target: &'a Target) -> usize {
        let supported = describe::supported(plan, target);
        let probe = Probe {
            name: &target.probe,
            module: describe::probe_of(plan, target).map_or("", |probe| &probe.module),
            measures: describe::measurement(target),
            step: target.step.as_secs(),
            pings: target.pings,
            supported,
            reason: (!supported).then(|| describe::unsupported(plan, target)),
        };
        *self.places.entry(probe).or_insert_with_key(|probe| {
            self.list.push(probe.clone());
            self.list.len() - 1
        })
    }
}
