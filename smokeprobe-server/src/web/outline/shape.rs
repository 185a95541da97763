//! How an outline looks on the wire: what is usual is left out, and what many sections share is said once.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use smokeprobe_core::SeriesId;

use super::super::describe;
use super::super::hierarchy::{self, Branch};
use super::super::tree::RANGES;
use crate::config::plan::{Node, Target};
use crate::config::{Disk, Files as _, Plan};

/// Times and RTTs in seconds, colours as `rrggbb`.
#[derive(Serialize)]
pub(super) struct Outline<'a> {
    version: &'static str,
    plan: &'a str,
    owner: Option<&'a str>,
    contact: Option<&'a str>,
    /// The server's time zone by its IANA name.
    zone: String,
    overview: Overview<'a>,
    detail: Detail<'a>,
    multihost_colors: &'a [String],
    charts_title: Option<&'a str>,
    charts: Vec<Chart<'a>>,
    hierarchies: Vec<Hierarchy<'a>>,
    vantages: Vantages<'a>,
    probes: Vec<Probe<'a>>,
    literalsearch: bool,
    root: Section<'a>,
}

#[derive(Serialize)]
struct Overview<'a> {
    range: u32,
    width: u32,
    height: u32,
    max_rtt: Option<f64>,
    median_color: Option<&'a str>,
}

#[derive(Serialize)]
struct Detail<'a> {
    ranges: Vec<Range<'a>>,
    width: u32,
    height: u32,
    logarithmic: bool,
    loss_background: bool,
    unison_tolerance: Option<f64>,
    max_rtt: Option<f64>,
    nodata_color: Option<&'a str>,
    loss_colors: Vec<LossColor<'a>>,
    palette: &'static str,
}

#[derive(Serialize)]
struct Range<'a> {
    label: &'a str,
    seconds: u32,
}

#[derive(Serialize)]
struct LossColor<'a> {
    up_to: f64,
    color: &'a str,
    label: &'a str,
}

#[derive(Serialize)]
struct Chart<'a> {
    name: &'a str,
    menu: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
struct Hierarchy<'a> {
    name: &'a str,
    title: &'a str,
    root: Branch<'a>,
}

#[derive(Serialize)]
struct Vantages<'a> {
    local: Local<'a>,
    slaves: BTreeMap<&'a str, Slave<'a>>,
}

#[derive(Serialize)]
struct Local<'a> {
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct Slave<'a> {
    name: &'a str,
    color: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
}

/// What some sections have in common; they refer to it by its place.
#[derive(PartialEq, Eq, Hash, Clone, Serialize)]
struct Probe<'a> {
    name: &'a str,
    module: &'a str,
    measures: String,
    step: u32,
    pings: u32,
    supported: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct Section<'a> {
    name: &'a str,
    /// The name, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    menu: Option<&'a str>,
    /// The menu, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    menuextra: Option<&'a str>,
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
struct Probes<'a> {
    list: Vec<Probe<'a>>,
    places: HashMap<Probe<'a>, usize>,
}

impl<'a> Outline<'a> {
    /// The outline of the plan that is called `id`.
    pub(super) fn of(plan: &'a Plan, id: &'a str) -> Self {
        let mut probes = Probes::default();
        let root = Section::of(plan, &plan.root, &mut probes);
        let presentation = &plan.presentation;
        Self {
            version: env!("CARGO_PKG_VERSION"),
            plan: id,
            owner: plan.general.owner.as_deref(),
            contact: plan.general.contact.as_deref(),
            zone: Disk.zone().unwrap_or_else(|| "UTC".to_owned()),
            overview: Overview {
                range: presentation.overview.range,
                width: presentation.overview.width,
                height: presentation.overview.height,
                max_rtt: presentation.overview.max_rtt,
                median_color: presentation.overview.median_color.as_deref(),
            },
            detail: Detail::of(plan),
            multihost_colors: &presentation.multihost_colors,
            charts_title: presentation.charts_title.as_deref(),
            charts: presentation
                .charts
                .iter()
                .map(|(name, chart)| Chart { name, menu: &chart.menu, title: &chart.title })
                .collect(),
            hierarchies: presentation
                .hierarchies
                .iter()
                .map(|(name, title)| Hierarchy { name, title, root: hierarchy::tree(plan, name) })
                .collect(),
            vantages: Vantages {
                local: Local { name: plan.general.display_name.as_deref() },
                slaves: plan
                    .slaves
                    .iter()
                    .map(|(name, slave)| {
                        let location = slave.location.as_deref();
                        (name.as_str(), Slave { name: &slave.display_name, color: &slave.color, location })
                    })
                    .collect(),
            },
            probes: probes.list,
            literalsearch: presentation.literalsearch,
            root,
        }
    }
}

impl<'a> Detail<'a> {
    fn of(plan: &'a Plan) -> Self {
        let detail = &plan.presentation.detail;
        let ranges = match &detail.ranges[..] {
            [] => RANGES.map(|(label, seconds)| Range { label, seconds }).into(),
            ranges => ranges.iter().map(|(label, seconds)| Range { label, seconds: *seconds }).collect(),
        };
        Self {
            ranges,
            width: detail.width,
            height: detail.height,
            logarithmic: detail.logarithmic,
            loss_background: detail.loss_background,
            unison_tolerance: detail.unison_tolerance,
            max_rtt: detail.max_rtt,
            nodata_color: detail.nodata_color.as_deref(),
            loss_colors: detail
                .loss_colors
                .iter()
                .map(|(up_to, color, label)| LossColor { up_to: *up_to, color, label })
                .collect(),
            palette: "default",
        }
    }
}

impl<'a> Section<'a> {
    /// As deep as the configuration, which its reader bounds.
    fn of(plan: &'a Plan, node: &'a Node, probes: &mut Probes<'a>) -> Self {
        let target = node.target.as_ref();
        Self {
            name: &node.name,
            menu: Some(node.menu.as_str()).filter(|menu| *menu != node.name),
            title: Some(node.title.as_str()).filter(|title| *title != node.menu),
            remark: node.remark.as_deref(),
            menuextra: node.menuextra.as_deref(),
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
