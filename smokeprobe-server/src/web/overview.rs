//! `/api/v1/overview`: the small graphs of many series in one answer.

mod choice;
mod small;

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use smokeprobe_store::Consolidation;

use super::WebState;
use super::answer::json;
use super::error::ApiError;
use super::lookup;
use super::params::Params;
use crate::config::Plan;
use crate::rows;
use crate::timespec::Range;
use small::Small;

/// Rows of a series unless asked otherwise, and at most: a small graph has some hundred pixels.
const POINTS: (u32, u32) = (300, 2000);

/// Series in an answer unless asked otherwise, and at most.
const SERIES: (u32, u32) = (200, 1000);

/// Rows in an answer at most: some ten megabytes.
const ROWS: u32 = 400_000;

/// No series is begun to be read any more after this time: it is as long as others wait for their turn.
const PATIENCE: Duration = Duration::from_secs(4);

/// Times in Unix seconds.
#[derive(Serialize)]
struct Overview {
    from: i64,
    to: i64,
    /// How many there are, of which the answer has some.
    total: usize,
    series: Vec<Small>,
}

/// How to read each series.
struct Question {
    range: Range,
    points: u32,
}

pub(super) async fn overview(State(web): State<WebState>, params: Params) -> Result<Response, ApiError> {
    params.only(&["target", "depth", "series", "from", "to", "points", "offset", "limit"])?;
    let plan = web.live.plan.load_full();
    let chosen = choice::series(&plan, &params)?;
    let now = web.clock.wall();
    let usual = i64::from(plan.presentation.overview.range).clamp(60, now.unix_secs().max(60));
    let range = params.range(now, u32::try_from(usual).unwrap_or(u32::MAX))?;
    let points = params.number("points", 1, POINTS.1)?.unwrap_or(POINTS.0);
    let offset = params.number("offset", 0, u32::MAX)?.unwrap_or(0);
    let limit = params.number("limit", 1, SERIES.1)?.unwrap_or(SERIES.0);
    let total = chosen.len();
    let shown: Vec<String> = chosen.into_iter().skip(offset as usize).take(limit as usize).collect();
    if shown.len() as u64 * u64::from(points) > u64::from(ROWS) {
        let most = ROWS as usize / shown.len();
        let message =
            format!("{} series may have {most} rows each in one answer; ask for fewer of either", shown.len());
        return Err(ApiError::bad_parameter("points", message));
    }
    let workers = web.workers.clone();
    let question = Question { range, points };
    let read = move || {
        let series = question.read(&web, &plan, shown);
        json(&Overview { from: range.from, to: range.to, total, series })
    };
    workers.run(read).await
}

impl Question {
    /// The graphs of some series. What one lacks is said in it, and the others are there.
    fn read(&self, web: &WebState, plan: &Plan, names: Vec<String>) -> Vec<Small> {
        let begun = web.clock.mono();
        let nothing = |series| Small::empty(series, self.range.from, plan.database.step, plan.database.pings);
        let graph = |series: String| {
            if web.clock.mono().saturating_since(begun) > PATIENCE {
                let message = "not read: the others took too long; ask for fewer series, or a shorter range";
                return nothing(series).because(message.to_owned());
            }
            match self.graph(web, plan, &series) {
                Ok(small) => small,
                Err(error) => nothing(series).because(error.into_message()),
            }
        };
        names.into_iter().map(graph).collect()
    }

    fn graph(&self, web: &WebState, plan: &Plan, name: &str) -> Result<Small, ApiError> {
        let (series, _, target) = lookup::series(plan, name)?;
        let frame = rows::read(web.store.as_ref(), &series, self.range, Consolidation::Average, self.points)?;
        Ok(match frame {
            Some(frame) => Small::of(name.to_owned(), &frame),
            None => Small::empty(name.to_owned(), self.range.from, target.step, target.pings),
        })
    }
}
