//! `/api/v1/tree`: the sections in the order of the configuration, each series with its state.

use std::borrow::Cow;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use smokeprobe_core::{SeriesId, TargetPath};

use super::WebState;
use super::answer::json;
use super::error::ApiError;
use super::notices::{Notice, notices};
use super::params::{Params, USUAL};
use super::state::SeriesState;
use crate::config::Plan;
use crate::config::html::Shown;
use crate::config::plan::{Detail, Node, Target};
use crate::describe;

/// SmokePing's usual ranges, for configurations that have none.
const RANGES: [(&str, u32); 4] = [
    ("Last 3 hours", USUAL),
    ("Last 30 hours", 30 * 3600),
    ("Last 10 days", 10 * 86_400),
    ("Last 360 days", 360 * 86_400),
];

#[derive(Serialize)]
struct Tree<'a> {
    now: f64,
    version: &'static str,
    owner: Option<&'a str>,
    /// What every viewer should know: each a kind and a text.
    notices: Vec<Notice>,
    /// Seconds that the small graphs of a section show.
    overview_range: u32,
    ranges: Vec<Range<'a>>,
    root: Section<'a>,
}

/// A graph of a target's page.
#[derive(Serialize)]
pub(super) struct Range<'a> {
    label: &'a str,
    seconds: u32,
}

#[derive(Serialize)]
struct Section<'a> {
    name: &'a str,
    path: Option<&'a TargetPath>,
    menu: &'a str,
    title: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    menuextra: Option<Cow<'a, str>>,
    /// These three are HTML that is safe to show.
    #[serde(skip_serializing_if = "is_false")]
    html: bool,
    #[serde(skip_serializing_if = "is_false")]
    hide: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Measurement<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    multihost: &'a [SeriesId],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<Section<'a>>,
}

#[derive(Serialize)]
struct Measurement<'a> {
    probe: &'a str,
    module: Option<&'a str>,
    measures: String,
    step: u32,
    pings: u32,
    alerts: &'a [String],
    slaves: &'a [String],
    series: Vec<SeriesState>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_false(value: &bool) -> bool {
    !value
}

pub(super) async fn tree(State(web): State<WebState>, params: Params) -> Result<Response, ApiError> {
    params.only(&[])?;
    let workers = web.workers.clone();
    workers
        .run(move || {
            let plan = web.live.plan.load_full();
            json(&Tree {
                now: web.clock.wall().as_unix_secs_f64(),
                version: env!("CARGO_PKG_VERSION"),
                owner: plan.general.owner.as_deref(),
                notices: notices(&web),
                overview_range: plan.presentation.overview.range,
                ranges: ranges(&plan.presentation.detail),
                root: section(&web, &plan, &plan.root),
            })
        })
        .await
}

/// The ranges that a configuration has, or the usual ones.
pub(super) fn ranges(detail: &Detail) -> Vec<Range<'_>> {
    match &detail.ranges[..] {
        [] => RANGES.map(|(label, seconds)| Range { label, seconds }).into(),
        ranges => ranges.iter().map(|(label, seconds)| Range { label, seconds: *seconds }).collect(),
    }
}

/// As deep as the configuration, which its reader bounds.
fn section<'a>(web: &WebState, plan: &'a Plan, node: &'a Node) -> Section<'a> {
    let Shown { html, title, remark, menuextra } = plan.shown(node);
    Section {
        name: &node.name,
        path: node.path.as_ref(),
        menu: &node.menu,
        title,
        remark,
        menuextra,
        html,
        hide: node.hide,
        host: describe::host(node),
        target: node.target.as_ref().map(|target| measurement(web, plan, target)),
        multihost: &node.multihost,
        children: node.children.iter().map(|child| section(web, plan, child)).collect(),
    }
}

fn measurement<'a>(web: &WebState, plan: &'a Plan, target: &'a Target) -> Measurement<'a> {
    Measurement {
        probe: &target.probe,
        module: describe::probe_of(plan, target).map(|probe| probe.module.as_str()),
        measures: describe::measurement(target),
        step: target.step.as_secs(),
        pings: target.pings,
        alerts: &target.alerts,
        slaves: &target.slaves,
        series: SeriesState::of_target(web, plan, target),
    }
}
