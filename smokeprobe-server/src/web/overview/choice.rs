//! Which series an overview shows.

use std::collections::HashSet;

use super::super::error::{ApiError, shown};
use super::super::params::Params;
use crate::config::Plan;
use crate::config::plan::Node;
use crate::describe;

/// Series that may be named at once.
const NAMED: usize = 1000;

/// How far below a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    Children,
    All,
}

/// The series that are asked for, each once: those named, in that order, or those below a section, in the
/// configuration's. Names are not looked at yet.
pub(super) fn series(plan: &Plan, params: &Params) -> Result<Vec<String>, ApiError> {
    let depth = params.choice("depth", &[("children", Depth::Children), ("all", Depth::All)])?;
    let Some(named) = params.text("series") else {
        let section = match params.text("target") {
            None => &plan.root,
            Some(name) => section(plan, name)?,
        };
        return Ok(once(below(section, depth.unwrap_or(Depth::Children))));
    };
    if params.text("target").is_some() || depth.is_some() {
        return Err(ApiError::bad_parameter("series", "goes without target and depth"));
    }
    if named.split(',').count() > NAMED {
        return Err(ApiError::bad_parameter("series", format!("names more than {NAMED}")));
    }
    Ok(once(named.split(',').map(str::to_owned)))
}

fn section<'a>(plan: &'a Plan, name: &str) -> Result<&'a Node, ApiError> {
    let found = name.parse().ok().and_then(|path| describe::find(plan, &path));
    found.ok_or_else(|| {
        let shown = shown(name);
        ApiError::not_found(format!("the configuration has no section {shown:?}"))
    })
}

/// The series of the sections in this one, or of all below it. What is hidden is left out with everything in it.
fn below(section: &Node, depth: Depth) -> impl Iterator<Item = String> {
    let mut pending: Vec<&Node> = section.children.iter().rev().collect();
    let nodes = std::iter::from_fn(move || {
        let node = loop {
            let node = pending.pop()?;
            if !node.hide {
                break node;
            }
        };
        if depth == Depth::All {
            pending.extend(node.children.iter().rev());
        }
        Some(node)
    });
    nodes.flat_map(|node| {
        let own = node.target.iter().flat_map(describe::series_of);
        own.chain(node.multihost.iter().cloned()).map(|series| series.to_string())
    })
}

fn once(series: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    series.filter(|series| seen.insert(series.clone())).collect()
}
