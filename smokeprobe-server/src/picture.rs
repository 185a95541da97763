//! Smoke graphs as the configuration wants them: what pictures for the web and for mails have in common.

mod words;

use smokeprobe_core::{SeriesId, Vantage, WallTime};

use crate::config::Plan;
use crate::config::plan::{self, Detail, Node, Target, TargetHost};
use crate::describe;
use crate::graph::palette::{LossClass, Palette, Theme};
use crate::graph::uptime::{UptimeClass, built_in_uptime};
use crate::graph::{Drawing, SVG_GRAIN};
use crate::suspects::Suspects;
use crate::timespec::Range;
use words::{describe_range, utc_offset};

pub(crate) use words::describe_dates;

/// What a picture has besides its plot, in the sizes of SmokePing's: 600×200 make 697×297.
const MARGIN: u32 = 97;

/// Rows to ask for at least, more than there are pixels: a coarser archive than needed would hide what happened last.
const MIN_ROWS: u32 = 2000;

/// What is said where a range has no rows.
pub(crate) const NO_DATA: &str = "no data in this range";

/// What every drawing of a series has.
pub(crate) fn drawing(
    plan: &Plan,
    node: &Node,
    target: &Target,
    vantage: &Vantage,
    range: Range,
    now: WallTime,
) -> Drawing {
    let detail = &plan.presentation.detail;
    Drawing {
        title: title(plan, node, vantage),
        subtitle: describe_range(range, now.unix_secs()),
        probe: describe::measurement(target),
        width: (detail.width + MARGIN).clamp(100, 4000),
        height: (detail.height + MARGIN).clamp(60, 4000),
        theme: Theme::default(),
        from: range.from,
        to: range.to,
        now: now.unix_secs(),
        max_rtt: detail.max_rtt,
        ceiling: None,
        logarithmic: detail.logarithmic,
        loss_background: detail.loss_background,
        nodata_color: detail.nodata_color.as_deref().and_then(|color| color.parse().ok()),
        loss_classes: loss_classes(detail, target.pings),
        palette: match detail.palette {
            plan::Palette::Default => Palette::Default,
            plan::Palette::Classic => Palette::Classic,
        },
        uptime_classes: uptime_classes(detail, target),
        suspect: Vec::new(),
        marks: Vec::new(),
        utc_offset,
        grain: SVG_GRAIN,
        message: String::new(),
    }
}

/// The heading of a series.
pub(crate) fn title(plan: &Plan, node: &Node, vantage: &Vantage) -> String {
    let title = plan.plain_title(&node.title);
    match (vantage, describe::vantage_name(plan, vantage)) {
        (Vantage::Slave(_), Some(name)) => format!("{title} from {name}"),
        _ => title.into_owned(),
    }
}

/// Rows to ask for, of a picture of this width: one narrower than a pixel cannot be seen.
pub(crate) fn rows(width: u32) -> u32 {
    (2 * width).max(MIN_ROWS)
}

/// The ends of the slots that are to be hatched.
pub(crate) fn suspect(known: &Suspects, series: &SeriesId, target: &Target, range: Range) -> Vec<i64> {
    // A round ends before its slot does, which is the row under way.
    known.between(series, range.from, range.to.saturating_add(target.step.as_secs().into()))
}

/// The configured classes; none when there are none, and the graph takes the built-in ones.
pub(crate) fn loss_classes(detail: &Detail, pings: u32) -> Vec<LossClass> {
    let within = detail.loss_colors.iter().filter(|(up_to, ..)| *up_to <= f64::from(pings));
    let mut classes: Vec<LossClass> = within
        .filter_map(|(up_to, color, label)| {
            let color = color.parse().ok()?;
            Some(LossClass { up_to: *up_to, light: color, dark: color, label: label.clone() })
        })
        .collect();
    classes.sort_by(|a, b| a.up_to.total_cmp(&b.up_to));
    classes
}

/// How the uptime of a dynamic host is coloured; none of others, whose uptime nobody knows.
fn uptime_classes(detail: &Detail, target: &Target) -> Vec<UptimeClass> {
    if !matches!(target.host, TargetHost::Dynamic { .. }) {
        return Vec::new();
    }
    let configured = detail.uptime_colors.iter().filter_map(|(up_to, color, label)| {
        Some(UptimeClass { up_to: *up_to, color: color.parse().ok()?, label: label.clone() })
    });
    let mut classes: Vec<UptimeClass> = configured.collect();
    classes.sort_by(|a, b| a.up_to.total_cmp(&b.up_to));
    if classes.is_empty() { built_in_uptime() } else { classes }
}
