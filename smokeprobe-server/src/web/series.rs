//! `/api/v1/series/A.B[~slave]`: the rounds of a series in columns.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use smokeprobe_core::SeriesId;
use smokeprobe_store::{Consolidation, Frame};

use super::WebState;
use super::answer::json;
use super::error::ApiError;
use super::lookup;
use super::params::{Name, Params, USUAL};
use crate::rows;
use crate::rows::written::{Rows, write_csv};

/// Rows in an answer unless asked otherwise: more than a screen has pixels.
const DEFAULT_POINTS: u32 = 2000;

/// Rows in an answer at most.
const MAX_POINTS: u32 = 20_000;

pub(super) async fn series(
    State(web): State<WebState>,
    Name(name): Name,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&["from", "to", "points", "consolidation", "format", "download"])?;
    let plan = web.live.plan.load_full();
    let (series, _, target) = lookup::series(&plan, &name)?;
    let range = params.range(web.clock.wall(), USUAL)?;
    let points = params.number("points", 1, MAX_POINTS)?.unwrap_or(DEFAULT_POINTS);
    let choices = [("average", Consolidation::Average), ("min", Consolidation::Min), ("max", Consolidation::Max)];
    let consolidation = params.choice("consolidation", &choices)?.unwrap_or_default();
    let format = params.choice("format", &[("json", Format::Json), ("csv", Format::Csv)])?.unwrap_or(Format::Json);
    let download = params.choice("download", &[("0", false), ("1", true)])?.unwrap_or(false);
    let empty = Frame {
        start: range.from,
        step: target.step.as_secs(),
        consolidation,
        pings: target.pings,
        loss: Vec::new(),
        median: Vec::new(),
        uptime: Vec::new(),
        samples: vec![Vec::new(); target.pings as usize],
    };

    let store = Arc::clone(&web.store);
    let workers = web.workers.clone();
    workers
        .run(move || {
            let frame = rows::read(store.as_ref(), &series, range, consolidation, points)?.unwrap_or(empty);
            let mut answer = match format {
                Format::Json => {
                    json(&Rows::new(&series, range.from, range.to, &frame).with_suspect(web.suspects(&series, &frame)))?
                }
                Format::Csv => csv(&frame)?,
            };
            if download {
                answer.headers_mut().insert(header::CONTENT_DISPOSITION, attachment(&series, format)?);
            }
            Ok(answer)
        })
        .await
}

/// How rows are written.
#[derive(Debug, Clone, Copy)]
enum Format {
    Json,
    Csv,
}

/// As `export` writes it.
fn csv(frame: &Frame) -> Result<Response, ApiError> {
    let mut body = Vec::new();
    write_csv(frame, &mut body).map_err(|err| ApiError::internal(format!("cannot write the answer: {err}")))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, body).into_response())
}

/// Has a browser keep the answer as `A.B~slave.csv`: nothing in the name of a series needs to be escaped.
fn attachment(series: &SeriesId, format: Format) -> Result<HeaderValue, ApiError> {
    let ending = match format {
        Format::Json => "json",
        Format::Csv => "csv",
    };
    let value = format!("attachment; filename=\"{series}.{ending}\"");
    HeaderValue::from_str(&value).map_err(|_| ApiError::internal("the series has a name that no file can have"))
}

impl WebState {
    /// The ends of the slots in `frame` whose rounds are suspect.
    fn suspects(&self, series: &SeriesId, frame: &Frame) -> Vec<i64> {
        let Some(last) = frame.rows().checked_sub(1) else { return Vec::new() };
        let from = frame.end_of(0) - i64::from(frame.step);
        self.live.suspects.between(series, from, frame.end_of(last))
    }
}
