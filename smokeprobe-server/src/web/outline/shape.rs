//! How an outline looks on the wire: what is usual is left out, and what many sections share is said once.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::hierarchy::{self, Branch};
use super::super::tree::{Range, ranges};
use super::section::{Probe, Probes, Section};
use crate::config::plan::Palette;
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
            probes: probes.into_list(),
            literalsearch: presentation.literalsearch,
            root,
        }
    }
}

impl<'a> Detail<'a> {
    fn of(plan: &'a Plan) -> Self {
        let detail = &plan.presentation.detail;
        Self {
            ranges: ranges(detail),
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
            palette: match detail.palette {
                Palette::Default => "default",
                Palette::Classic => "classic",
            },
        }
    }
}
