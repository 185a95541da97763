//! `/graph/A.B[~slave].svg` and `.png`: a smoke graph for pages, mails and wikis.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Local, Offset, TimeZone};
use smokeprobe_core::{SeriesId, Vantage, WallTime};
use smokeprobe_store::{Consolidation, Store};

use super::error::ApiError;
use super::params::{Name, Params, Range};
use super::{WebState, describe, series};
use crate::config::Plan;
use crate::config::plan::{Detail, Node, Target};
use crate::graph::palette::{LossClass, Palette, Theme};
use crate::graph::{Drawing, MAX_SCALE, PngError, png};

/// What a picture has besides its plot, in the sizes of SmokePing's: 600×200 make 697×297.
const MARGIN: u32 = 97;

/// Rows to ask for at least, more than there are pixels: a coarser archive than needed would hide what happened last.
const MIN_ROWS: u32 = 2000;

/// Seconds that the picture of a mail shows.
const MAIL: i64 = 3 * 3600;

/// Characters of a title at most.
const MAX_TITLE: usize = 300;

/// What is asked of a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) range: Range,
    /// As configured unless given.
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) theme: Theme,
    /// Instead of the target's.
    pub(super) title: Option<&'a str>,
    /// Pixels for each one of the size in a PNG; `None` asks for SVG.
    pub(super) scale: Option<u32>,
}

impl<'a> Wish<'a> {
    /// What the parameters say, of `range`.
    pub(super) fn of(params: &'a Params, range: Range) -> Result<Self, ApiError> {
        Ok(Self {
            range,
            width: params.number("width", 100, 4000)?,
            height: params.number("height", 60, 4000)?,
            theme: params.choice("theme", &[("light", Theme::Light), ("dark", Theme::Dark)])?.unwrap_or_default(),
            title: params.text("title"),
            scale: None,
        })
    }
}

pub(super) async fn graph(State(web): State<WebState>, Name(file): Name, params: Params) -> Result<Response, ApiError> {
    let (name, scale) = match file.rsplit_once('.') {
        Some((name, "svg")) => {
            params.only(&["from", "to", "width", "height", "theme", "title"])?;
            (name, None)
        }
        Some((name, "png")) => {
            params.only(&["from", "to", "width", "height", "theme", "title", "scale"])?;
            (name, Some(params.number("scale", 1, MAX_SCALE)?.unwrap_or(1)))
        }
        _ => return Err(ApiError::not_found("graphs are called like /graph/A.B.svg or /graph/A.B~slave.png")),
    };
    // What there is not is said before what is wrong with the question.
    series::find_with_node(&web.live.plan.load(), name)?;
    let range = params.range(web.clock.wall(), 3 * 3600)?;
    draw(&web, name, Wish { scale, ..Wish::of(&params, range)? }).await
}

/// The picture of the series called `name`.
pub(super) async fn draw(web: &WebState, name: &str, wish: Wish<'_>) -> Result<Response, ApiError> {
    let Wish { range, theme, scale, .. } = wish;
    let plan = web.live.plan.load_full();
    let (series, node, target) = series::find_with_node(&plan, name)?;
    let now = web.clock.wall();
    let (width, height) = size(&plan.presentation.detail);
    let (width, height) = (wish.width.unwrap_or(width), wish.height.unwrap_or(height));

    let supported = describe::supported(&plan, target);
    let measured = web.live.last_round(&series).is_some();
    let not_measured = describe::unsupported(&plan, target);
    let mut drawing = Drawing { width, height, theme, ..drawing(&plan, node, target, &series, range, now) };
    // A page that heads its graphs by their range wants to know from when to when that is.
    if let Some(title) = wish.title {
        drawing.title = title.chars().take(MAX_TITLE).collect();
        drawing.subtitle = describe_dates(range);
    }

    let store = Arc::clone(&web.store);
    let picture = web
        .workers
        .run(move || {
            // A row narrower than a pixel cannot be seen.
            // Also of a target that is no longer measured: its history is still worth a look.
            let frame =
                series::frame(store.as_ref(), &series, range, Consolidation::Average, (2 * width).max(MIN_ROWS))?;
            drawing.message = match frame {
                _ if !supported => not_measured,
                None if !measured => "waiting for the first round".to_owned(),
                _ => "no data in this range".to_owned(),
            };
            let svg = drawing.svg(frame.as_ref());
            match scale {
                None => Ok(svg.into_bytes()),
                Some(scale) => Ok(png(&svg, scale)?),
            }
        })
        .await?;
    let kind = if scale.is_some() { "image/png" } else { "image/svg+xml" };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Ok((headers, picture).into_response())
}

/// A picture for a mail: a series over some hours before `until` (Unix seconds), as large as the configuration's graphs.
/// None of a series that there is not, or that cannot be read.
pub(crate) fn mail_picture(
    plan: &Plan,
    store: &dyn Store,
    now: WallTime,
    series: &SeriesId,
    until: i64,
) -> Option<Vec<u8>> {
    let (series, node, target) = series::find_with_node(plan, &series.to_string()).ok()?;
    let range = Range { from: until - MAIL, to: until };
    let (width, _) = size(&plan.presentation.detail);
    let frame =
        series::frame(store, &series, range, Consolidation::Average, (2 * width).max(MIN_ROWS)).ok().flatten()?;
    let mut drawing = drawing(plan, node, target, &series, range, now);
    "no data in this range".clone_into(&mut drawing.message);
    drawing.subtitle = describe_dates(range);
    match png(&drawing.svg(Some(&frame)), 1) {
        Ok(picture) => Some(picture),
        Err(error) => {
            tracing::warn!(%series, error = &error as &dyn std::error::Error, "cannot draw the picture of a mail");
            None
        }
    }
}

/// What every drawing of a series has.
fn drawing(plan: &Plan, node: &Node, target: &Target, series: &SeriesId, range: Range, now: WallTime) -> Drawing {
    let detail = &plan.presentation.detail;
    let (width, height) = size(detail);
    Drawing {
        title: title(plan, node, &series.vantage),
        subtitle: describe_range(range, now.unix_secs()),
        probe: describe::measurement(target),
        width,
        height,
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
        palette: Palette::Default,
        uptime_classes: Vec::new(),
        suspect: Vec::new(),
        marks: Vec::new(),
        utc_offset,
        message: String::new(),
    }
}

/// Width and height of a picture, unless it is asked for in another size.
fn size(detail: &Detail) -> (u32, u32) {
    ((detail.width + MARGIN).clamp(100, 4000), (detail.height + MARGIN).clamp(60, 4000))
}

impl From<PngError> for ApiError {
    fn from(error: PngError) -> Self {
        match error {
            PngError::TooLarge { .. } => Self::bad_parameter("width", error.to_string()),
            _ => Self::internal(error.to_string()),
        }
    }
}

fn title(plan: &Plan, node: &Node, vantage: &Vantage) -> String {
    match (vantage, describe::vantage_name(plan, vantage)) {
        (Vantage::Slave(_), Some(name)) => format!("{} from {name}", node.title),
        _ => node.title.clone(),
    }
}

/// `last 3 hours`, or from when to when in the server's time zone.
fn describe_range(range: Range, now: i64) -> String {
    let seconds = range.to - range.from;
    if range.to < now {
        return describe_dates(range);
    }
    let (count, unit) = match seconds {
        _ if seconds % 86_400 == 0 && seconds > 2 * 86_400 => (seconds / 86_400, "days"),
        _ if seconds % 3600 == 0 => (seconds / 3600, "hours"),
        _ if seconds % 60 == 0 => (seconds / 60, "minutes"),
        _ => return format!("since {}", local(range.from)),
    };
    match count {
        1 => format!("last {}", unit.trim_end_matches('s')),
        _ => format!("last {count} {unit}"),
    }
}

fn describe_dates(range: Range) -> String {
    let (from, to) = (local(range.from), local(range.to));
    // On one day, the day once.
    match (from.split_once(' '), to.split_once(' ')) {
        (Some((first, _)), Some((last, time))) if first == last => format!("{from} – {time}"),
        _ => format!("{from} – {to}"),
    }
}

fn local(at: i64) -> String {
    match DateTime::from_timestamp(at, 0) {
        Some(at) => at.with_timezone(&Local).format("%Y-%m-%d %H:%M").to_string(),
        None => at.to_string(),
    }
}

/// The server's time zone, as SmokePing's graphs have it.
fn utc_offset(at: i64) -> i32 {
    DateTime::from_timestamp(at, 0)
        .map_or(0, |at| Local.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc())
}

/// The configured classes; none when there are none, and the graph takes the built-in ones.
fn loss_classes(detail: &Detail, pings: u32) -> Vec<LossClass> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_up_to_now_are_called_by_their_length() {
        let range = |seconds: i64| describe_range(Range { from: 1_000_000 - seconds, to: 1_000_000 }, 1_000_000);
        assert_eq!(range(3 * 3600), "last 3 hours");
        assert_eq!(range(3600), "last hour");
        assert_eq!(range(30 * 3600), "last 30 hours");
        assert_eq!(range(360 * 86_400), "last 360 days");
        assert_eq!(range(600), "last 10 minutes");
        assert!(range(601).starts_with("since 1970-"));
        assert!(describe_range(Range { from: 0, to: 10 }, 1_000_000).contains(" – "));
    }
}
