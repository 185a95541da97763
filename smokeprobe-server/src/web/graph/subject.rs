//! What a picture is of: one series, or several as lines.

use smokeprobe_core::{SeriesId, Vantage};

use super::super::error::ApiError;
use super::super::lookup;
use crate::config::Plan;
use crate::config::plan::{Node, Target};
use crate::graph::palette::Color;
use crate::{describe, picture};

/// Lines of a picture at most; more could not be told apart, and would read as many files.
pub(super) const MAX_LINES: usize = 32;

/// Colours where the configuration has none: SmokePing's first.
const COLORS: [Color; 3] = [Color(0x00, 0x45, 0x86), Color(0xff, 0x42, 0x0e), Color(0x57, 0x9d, 0x1c)];

/// What a picture is of.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    /// The section that was asked for.
    pub(super) node: &'a Node,
    /// Its own series, or those that it shows together. At least one.
    pub(super) members: Vec<Member<'a>>,
    /// Drawn as lines, even if it is one.
    pub(super) as_lines: bool,
    /// Members that are not drawn, as there are too many.
    pub(super) left_out: usize,
}

/// A series of a picture.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) series: SeriesId,
    pub(super) node: &'a Node,
    pub(super) target: &'a Target,
    /// What the legend calls it.
    pub(super) name: String,
    pub(super) color: Color,
}

impl<'a> Subject<'a> {
    /// What `name` means in `plan`, seen from `vantage`: `local`, the name of a slave, or `all`.
    pub(super) fn of(plan: &'a Plan, name: &str, vantage: Option<&str>) -> Result<Self, ApiError> {
        if let Ok(SeriesId { target, vantage: Vantage::Local }) = name.parse::<SeriesId>()
            && let Some(node) = describe::find(plan, &target)
        {
            if !node.multihost.is_empty() {
                return Self::together(plan, node, vantage);
            }
            if let (Some(target), Some(vantage)) = (&node.target, vantage) {
                return Self::seen_from(plan, node, target, vantage);
            }
        }
        let (series, node, target) = lookup::series(plan, name)?;
        if vantage.is_some() {
            let message = format!("the address names a vantage point already; ask for {} without it", series.target);
            return Err(ApiError::bad_parameter("vantage", message));
        }
        Ok(Self::one(plan, series, node, target))
    }

    fn one(plan: &'a Plan, series: SeriesId, node: &'a Node, target: &'a Target) -> Self {
        let member = Member {
            color: color(plan, &series.vantage, 0),
            name: vantage_name(plan, &series.vantage),
            series,
            node,
            target,
        };
        Self { node, members: vec![member], as_lines: false, left_out: 0 }
    }

    fn seen_from(plan: &'a Plan, node: &'a Node, target: &'a Target, vantage: &str) -> Result<Self, ApiError> {
        let mut known = describe::series_of(target);
        if vantage == "all" {
            let members = known.by_ref().take(MAX_LINES).map(|series| Member {
                name: vantage_name(plan, &series.vantage),
                color: color(plan, &series.vantage, 0),
                series,
                node,
                target,
            });
            let members = members.collect();
            return Ok(Self { node, members, as_lines: true, left_out: known.count() });
        }
        let wanted = |series: &SeriesId| match &series.vantage {
            Vantage::Local => vantage == "local",
            Vantage::Slave(slave) => **slave == *vantage,
        };
        if let Some(series) = known.find(wanted) {
            return Ok(Self::one(plan, series, node, target));
        }
        let names = describe::series_of(target).take(10).map(|series| match series.vantage {
            Vantage::Local => "local".to_owned(),
            Vantage::Slave(slave) => slave.to_string(),
        });
        let names: Vec<String> = names.chain(["all".to_owned()]).collect();
        Err(ApiError::bad_parameter("vantage", format!("must be {}", names.join(" or "))))
    }

    fn together(plan: &'a Plan, node: &'a Node, vantage: Option<&str>) -> Result<Self, ApiError> {
        if vantage.is_some_and(|vantage| vantage != "all") {
            let message = "cannot be chosen here: the section shows the series that its host names";
            return Err(ApiError::bad_parameter("vantage", message));
        }
        let found = node.multihost.iter().filter_map(|series| {
            let place = describe::find(plan, &series.target)?;
            Some((series, place, place.target.as_ref()?))
        });
        let members: Vec<Member<'a>> = found
            .take(MAX_LINES)
            .enumerate()
            .map(|(index, (series, place, target))| Member {
                name: match (&series.vantage, describe::vantage_name(plan, &series.vantage)) {
                    (Vantage::Slave(_), Some(vantage)) => format!("{} from {vantage}", place.menu),
                    _ => place.menu.clone(),
                },
                color: multihost_color(plan, index),
                series: series.clone(),
                node: place,
                target,
            })
            .collect();
        if members.is_empty() {
            return Err(ApiError::not_found("none of the hosts that this section shows together is measured"));
        }
        let left_out = node.multihost.len().saturating_sub(MAX_LINES);
        Ok(Self { node, members, as_lines: true, left_out })
    }

    /// What was measured, in one line.
    pub(super) fn probe(&self) -> String {
        let mut measured: Vec<String> =
            self.members.iter().map(|member| describe::measurement(member.target)).collect();
        measured.dedup();
        let what = if measured.len() == 1 { measured.swap_remove(0) } else { "various probes".to_owned() };
        match self.left_out {
            0 => what,
            more => format!("{what}; {more} more series are not drawn"),
        }
    }

    /// The heading: the vantage point of a single series is part of it.
    pub(super) fn title(&self, plan: &Plan) -> String {
        match &self.members[..] {
            [alone] if !self.as_lines => picture::title(plan, self.node, &alone.series.vantage),
            _ => plan.plain_title(&self.node.title).into_owned(),
        }
    }

    /// All belong to one target, whose alerts are those of the picture.
    pub(super) fn is_one_target(&self) -> bool {
        self.node.multihost.is_empty()
    }
}

fn vantage_name(plan: &Plan, vantage: &Vantage) -> String {
    describe::vantage_name(plan, vantage).unwrap_or("local").to_owned()
}

/// As SmokePing has them: a slave has its own, this machine that of the overview or else the first of several hosts.
fn color(plan: &Plan, vantage: &Vantage, index: usize) -> Color {
    let configured = match vantage {
        Vantage::Local => plan.presentation.overview.median_color.as_deref(),
        Vantage::Slave(slave) => plan.slaves.get(slave.as_ref()).map(|slave| slave.color.as_str()),
    };
    configured.and_then(|color| color.parse().ok()).unwrap_or_else(|| multihost_color(plan, index))
}

/// The colour of the line with this number. What cannot be read as one (SmokePing takes any letters) counts as its place
/// in our own.
fn multihost_color(plan: &Plan, index: usize) -> Color {
    let colors = &plan.presentation.multihost_colors;
    let configured = index.checked_rem(colors.len()).and_then(|place| colors[place].parse().ok());
    configured.unwrap_or(COLORS[index % COLORS.len()])
}
