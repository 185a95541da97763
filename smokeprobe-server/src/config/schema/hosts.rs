//! The forms of `host`.

use std::collections::{BTreeMap, HashSet};

use smokeprobe_core::{Host, SeriesId, Vantage};

use super::super::plan::{Node, TargetHost};
use super::super::source::{Span, Text};
use super::super::tree::clipped;
use super::Context;

/// What a `host` says.
#[derive(Debug)]
pub(super) enum HostForm {
    /// A host to measure.
    Measured(TargetHost),
    /// Other targets to draw in one graph.
    Multihost(Vec<(SeriesId, Span)>),
    /// Nothing that can be used.
    Nothing,
}

pub(super) fn read(value: &Text, cx: &mut Context<'_>) -> HostForm {
    let text = value.text.as_str();
    if text.is_empty() {
        cx.problems
            .warn(value.span, "`host` is empty: nothing is measured here")
            .help("name a host, or take away the line");
        return HostForm::Nothing;
    }
    if let Some(rest) = text.strip_prefix("DYNAMIC") {
        let secret_hash = rest.strip_prefix('/').filter(|hash| !hash.is_empty()).map(str::to_owned);
        if secret_hash.is_none() && !rest.is_empty() {
            cx.problems
                .warn(value.span, format!("`{}` is read as `DYNAMIC`", clipped(text)))
                .help("write `DYNAMIC`, or `DYNAMIC/` and the hash of the secret");
        }
        return HostForm::Measured(TargetHost::Dynamic { secret_hash });
    }
    if text.starts_with('/') {
        return multihost(value, cx);
    }
    if text.contains(|c: char| super::super::lexer::blank(c) || c == '/' || c.is_control()) {
        let help = match text.split_once("://") {
            Some((_, rest)) => format!("write the name alone: `{}`", clipped(rest.split('/').next().unwrap_or(rest))),
            None => "a host is one name or address; to draw several targets in one graph write `/Section/Target /Section/Other`".to_owned(),
        };
        cx.problems
            .warn(value.span, format!("`{}` is no name of a host: it will not resolve", clipped(text)))
            .help(help);
    }
    HostForm::Measured(TargetHost::Fixed(Host::from(text)))
}

fn multihost(value: &Text, cx: &mut Context<'_>) -> HostForm {
    let mut members: Vec<(SeriesId, Span)> = Vec::new();
    let mut seen = HashSet::new();
    for (member, span) in value.split(super::super::lexer::blank) {
        let Ok(series) = member.trim_start_matches('/').replace('/', ".").parse::<SeriesId>() else {
            cx.problems
                .error(span, format!("`{}` is no target", clipped(member)))
                .help("write its path, such as `/Section/Target`, or `/Section/Target~slave`");
            continue;
        };
        if seen.insert(series.clone()) {
            members.push((series, span));
        } else {
            cx.problems.warn(span, format!("`{member}` is drawn already")).help("name each target once");
        }
    }
    HostForm::Multihost(members)
}

/// A section whose host is a list of other targets.
#[derive(Debug)]
pub(super) struct MultihostPlace {
    /// Its members with their places.
    pub(super) members: Vec<(SeriesId, Span)>,
}

/// Warns of members that are no targets. They are drawn when their files exist, so this is no error.
pub(super) fn check_members(places: &[MultihostPlace], root: &Node, cx: &mut Context<'_>) {
    if places.is_empty() {
        return;
    }
    let mut targets: BTreeMap<&str, &[String]> = BTreeMap::new();
    collect(root, &mut targets);
    for (series, span) in places.iter().flat_map(|place| &place.members) {
        let path = series.target.as_str();
        match (targets.get(path), &series.vantage) {
            (None, _) => {
                let message = format!("there is no target `/{}` to draw", path.replace('.', "/"));
                cx.problems.warn(*span, message).with(|| {
                    let near = super::super::diagnostics::nearest(path, targets.keys().copied())?;
                    Some(format!("did you mean `/{}`?", near.replace('.', "/")))
                });
            }
            (Some(slaves), Vantage::Slave(slave)) if !slaves.iter().any(|known| **known == **slave) => cx
                .problems
                .warn(*span, format!("`{slave}` does not measure `/{}`", path.replace('.', "/")))
                .help("add it to `slaves` of that target"),
            _ => {}
        }
    }
}

fn collect<'a>(node: &'a Node, targets: &mut BTreeMap<&'a str, &'a [String]>) {
    if let Some(target) = &node.target {
        targets.insert(target.path.as_str(), &target.slaves);
    }
    for child in &node.children {
        collect(child, targets);
    }
}
