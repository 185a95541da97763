//! `/graph/A.B[~slave].svg` and `.png`: smoke graphs, and graphs of several series, for pages, mails and wikis.

mod subject;
mod wish;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use smokeprobe_core::{SeriesId, WallTime};
use smokeprobe_store::Consolidation;

use super::WebState;
use super::error::ApiError;
use super::params::{Name, Params, USUAL};
use crate::alerting::marks;
use crate::config::Plan;
use crate::config::plan::Target;
use crate::graph::palette::{Color, LossClass};
use crate::graph::{Drawing, MAX_SCALE, PngError, Series, height_of_lines, png, png_fits};
use crate::{describe, picture, rows};
use subject::{Member, Subject};
use wish::PARAMETERS;
pub(super) use wish::Wish;

/// Size of the small form in pixels.
const SMALL: (u32, u32) = (320, 120);

/// Characters of a title at most.
const MAX_TITLE: usize = 300;

pub(super) async fn graph(State(web): State<WebState>, Name(file): Name, params: Params) -> Result<Response, ApiError> {
    let (name, scale) = match file.rsplit_once('.') {
        Some((name, "svg")) => {
            params.only(&PARAMETERS)?;
            (name, None)
        }
        Some((name, "png")) => {
            params.only(&[&PARAMETERS[..], &["scale"]].concat())?;
            (name, Some(params.number("scale", 1, MAX_SCALE)?.unwrap_or(1)))
        }
        _ => return Err(ApiError::not_found("graphs are called like /graph/A.B.svg or /graph/A.B~slave.png")),
    };
    // What there is not is said before what is wrong with the question.
    Subject::of(&web.live.plan.load(), name, None)?;
    let range = params.range(web.clock.wall(), USUAL)?;
    let wish = Wish::of(&params, range)?;
    draw(&web, name, scale.map_or(wish, |scale| wish.as_png(scale))).await
}

/// The picture of what `name` means: a series, or a section that shows several together.
pub(super) async fn draw(web: &WebState, name: &str, wish: Wish<'_>) -> Result<Response, ApiError> {
    let Wish { range, scale, small, .. } = wish;
    let plan = web.live.plan.load_full();
    let subject = Subject::of(&plan, name, wish.vantage)?;
    let mut drawing = of_subject(&plan, &subject, wish, web.clock.wall());
    if let Some(scale) = scale {
        png_fits(drawing.width, drawing.height, scale)?;
        drawing.grain = 1.0 / f64::from(scale);
    }
    let supported = subject.members.iter().any(|member| describe::supported(&plan, member.target));
    let measured = subject.members.iter().any(|member| web.live.last_round(&member.series).is_some());
    let not_measured = describe::unsupported(&plan, subject.members[0].target);
    if wish.marks
        && let [alone] = &subject.members[..]
    {
        drawing.suspect = picture::suspect(&web.live.suspects, &alone.series, alone.target, range);
    }
    let marked = (wish.marks && subject.is_one_target()).then(|| subject.members[0].target.path.clone());

    let as_lines = subject.as_lines || small;
    let members: Vec<Drawn> = subject.members.into_iter().map(|member| Drawn::of(&plan, member, &wish)).collect();
    let (store, board) = (Arc::clone(&web.store), Arc::clone(&web.live.alerts));
    let picture = web
        .workers
        .run(move || {
            // Also of a target that is no longer measured: its history is still worth a look.
            let most = picture::rows(drawing.width);
            let mut frames = Vec::with_capacity(members.len());
            for member in &members {
                frames.push(rows::read(store.as_ref(), &member.series, range, Consolidation::Average, most)?);
            }
            if let Some(target) = marked {
                let series = members.iter().map(|member| member.series.clone()).collect();
                drawing.marks = marks::read(&board, &target, &series, range, drawing.now);
            }
            let none = frames.iter().all(Option::is_none);
            drawing.message = match none {
                _ if !supported => not_measured,
                true if !measured => "waiting for the first round".to_owned(),
                _ => picture::NO_DATA.to_owned(),
            };
            let svg = if as_lines {
                // Of several, those without a file yet would only be empty lines in the legend.
                let lines: Vec<Series<'_>> = members
                    .iter()
                    .zip(&frames)
                    .filter(|(_, frame)| none || frame.is_some())
                    .map(|(member, frame)| Series {
                        name: member.name.clone(),
                        color: member.color,
                        loss_classes: member.loss_classes.clone(),
                        frame: frame.as_ref(),
                    })
                    .collect();
                if small { drawing.svg_small(&lines) } else { drawing.svg_of_lines(&lines) }
            } else {
                drawing.svg(frames.first().and_then(Option::as_ref))
            };
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

/// A series as it is drawn, without the plan.
struct Drawn {
    series: SeriesId,
    name: String,
    color: Color,
    loss_classes: Vec<LossClass>,
}

impl Drawn {
    fn of(plan: &Plan, member: Member<'_>, wish: &Wish<'_>) -> Self {
        let Member { series, target, name, color, .. } = member;
        Self { series, name, color, loss_classes: wished_classes(plan, target, wish) }
    }
}

/// Colours that are asked for by name are not those of the configuration.
fn wished_classes(plan: &Plan, target: &Target, wish: &Wish<'_>) -> Vec<LossClass> {
    if wish.palette.is_some() { Vec::new() } else { picture::loss_classes(&plan.presentation.detail, target.pings) }
}

/// The drawing of a subject as it is wished for.
fn of_subject(plan: &Plan, subject: &Subject<'_>, wish: Wish<'_>, now: WallTime) -> Drawing {
    let (detail, overview) = (&plan.presentation.detail, &plan.presentation.overview);
    let (first, range) = (&subject.members[0], wish.range);
    let usual = picture::drawing(plan, first.node, first.target, &first.series.vantage, range, now);
    let (width, height) = match wish.small {
        true => (usual.width.min(SMALL.0), SMALL.1),
        false if subject.as_lines => (usual.width, height_of_lines(usual.height, subject.members.len()).min(4000)),
        false => (usual.width, usual.height),
    };
    let mut drawing = Drawing {
        title: subject.title(plan),
        probe: subject.probe(),
        width: wish.width.unwrap_or(width),
        height: wish.height.unwrap_or(height),
        theme: wish.theme,
        ceiling: wish.ceiling,
        max_rtt: if wish.small { overview.max_rtt } else { detail.max_rtt },
        logarithmic: detail.logarithmic && !wish.small,
        palette: wish.palette.unwrap_or(usual.palette),
        loss_classes: wished_classes(plan, first.target, &wish),
        ..usual
    };
    // A page that heads its graphs by their range wants to know from when to when that is.
    if let Some(title) = wish.title {
        drawing.title = title.chars().take(MAX_TITLE).collect();
        drawing.subtitle = picture::describe_dates(range);
    }
    drawing
}

impl From<PngError> for ApiError {
    fn from(error: PngError) -> Self {
        match error {
            PngError::TooLarge { .. } => Self::bad_parameter("width", error.to_string()),
            _ => Self::internal(error.to_string()),
        }
    }
}
