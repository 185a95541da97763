//! Targets named by their path: `depends`, and the targets of maintenance windows.

use std::collections::{BTreeMap, HashMap, HashSet};

use smokeprobe_core::TargetPath;

use super::super::diagnostics::{Diagnostics, nearest};
use super::super::plan::{Node, ProbeOptions, Target};
use super::super::source::Span;
use super::super::tree::clipped;

/// Every section of Targets but the top, by path.
pub(super) struct Paths<'a>(BTreeMap<&'a str, &'a Node>);

/// A target that depends on another one.
#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) of: TargetPath,
    pub(super) on: TargetPath,
    /// Where the line is that says so, maybe in a section above.
    pub(super) span: Span,
}

/// Reads `/A/B` or `A.B`; notes what is neither.
pub(super) fn read(text: &str, span: Span, problems: &mut Diagnostics) -> Option<TargetPath> {
    let path = text.strip_prefix('/').unwrap_or(text).replace('/', ".").parse().ok();
    if path.is_none() {
        problems
            .error(span, format!("`{}` is no path of a target", clipped(text)))
            .help("write the names of the sections that lead to it, such as `/Section/Target`");
    }
    path
}

/// As targets are written in a configuration: `/A/B`.
pub(super) fn written(path: &TargetPath) -> String {
    format!("/{}", path.as_str().replace('.', "/"))
}

impl<'a> Paths<'a> {
    pub(super) fn new(root: &'a Node) -> Self {
        let mut paths = BTreeMap::new();
        let mut pending = vec![root];
        while let Some(node) = pending.pop() {
            pending.extend(&node.children);
            paths.extend(node.path.as_ref().map(|path| (path.as_str(), node)));
        }
        Self(paths)
    }

    /// The section of this path; notes when there is none.
    pub(super) fn find(&self, path: &TargetPath, span: Span, problems: &mut Diagnostics) -> Option<&'a Node> {
        let found = self.0.get(path.as_str()).copied();
        if found.is_none() {
            problems.error(span, format!("there is no target `{}`", written(path))).with(|| {
                let near = nearest(path.as_str(), self.0.keys().copied()).or_else(|| {
                    // Whoever forgets a section above knows the last name.
                    let last = path.names().next_back()?;
                    self.0.keys().copied().find(|known| known.rsplit('.').next() == Some(last))
                });
                near.map(|near| format!("did you mean `/{}`?", near.replace('.', "/")))
            });
        }
        found
    }

    /// Every target.
    pub(super) fn targets(&self) -> impl Iterator<Item = &'a Target> {
        self.0.values().filter_map(|node| node.target.as_ref())
    }

    /// Notes gateways that there are not, that nobody measures from where their targets are measured, and circles.
    pub(super) fn check(&self, dependencies: &[Dependency], problems: &mut Diagnostics) {
        for Dependency { of, on, span } in dependencies {
            let Some(node) = self.find(on, *span, problems) else { continue };
            let gateway = node.target.as_ref().filter(|target| target.options != ProbeOptions::Unsupported);
            let Some(gateway) = gateway else {
                problems
                    .error(*span, format!("`{}` is not measured, so nothing can depend on it", written(on)))
                    .help("name a target that has a host and a probe that we have");
                continue;
            };
            let target = self.0.get(of.as_str()).and_then(|node| node.target.as_ref());
            if target.is_some_and(|target| !share_a_place(target, gateway)) {
                problems
                    .error(*span, format!("`{}` is not measured from where `{}` is", written(on), written(of)))
                    .help("let the same slaves measure both, or take away `nomasterpoll`");
            }
        }
        circles(dependencies, problems);
    }
}

/// Whether somebody measures both.
fn share_a_place(target: &Target, gateway: &Target) -> bool {
    let local = !target.nomasterpoll && !gateway.nomasterpoll;
    // A target that nobody measures is warned of elsewhere.
    local
        || target.slaves.iter().any(|slave| gateway.slaves.contains(slave))
        || (target.nomasterpoll && target.slaves.is_empty())
}

/// Notes targets that depend on themselves through others, each circle once.
fn circles(dependencies: &[Dependency], problems: &mut Diagnostics) {
    let next: HashMap<&TargetPath, &Dependency> = dependencies.iter().map(|edge| (&edge.of, edge)).collect();
    let mut done: HashSet<&TargetPath> = HashSet::new();
    for start in dependencies {
        let mut way: Vec<&TargetPath> = Vec::new();
        let mut on_way: HashSet<&TargetPath> = HashSet::new();
        let mut at = Some(&start.of);
        while let Some(path) = at.filter(|path| !done.contains(*path)) {
            if !on_way.insert(path) {
                let first = way.iter().position(|known| *known == path).unwrap_or(0);
                let circle: Vec<_> = way[first..].iter().copied().chain([path]).map(written).collect();
                if let Some(edge) = next.get(path) {
                    problems
                        .error(edge.span, format!("targets depend on each other: {}", clip(&circle)))
                        .help("write `depends =` where the circle should end");
                }
                break;
            }
            way.push(path);
            at = next.get(path).map(|edge| &edge.on);
        }
        done.extend(way);
    }
}

/// The way through a circle, which may be long.
fn clip(circle: &[String]) -> String {
    const SHOWN: usize = 6;
    match circle {
        [first @ .., last] if first.len() > SHOWN => format!("{} → … → {last}", first[..SHOWN].join(" → ")),
        all => all.join(" → "),
    }
}
