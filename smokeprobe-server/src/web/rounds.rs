//! `/api/v1/rounds/A.B[~slave]`: the recent rounds of a series with all that is known of them.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use smokeprobe_core::{Rtt, SeriesId, WallTime};

use super::WebState;
use super::answer::json;
use super::error::ApiError;
use super::lookup;
use super::params::{Name, Params};
use super::state::{Parts, SeriesState, Trust, loss_words};
use crate::describe;
use crate::live::{Recent, Samples};

/// Without `from`, everything that is remembered.
const EVERYTHING: u32 = 366 * 86_400;

#[derive(Serialize)]
struct Body<'a> {
    series: &'a SeriesId,
    state: SeriesState,
    /// When the oldest round started that is remembered; null of a series without any.
    kept_since: Option<f64>,
    rounds: Vec<RoundBody>,
}

/// A round. Times in Unix seconds, RTTs in seconds.
#[derive(Debug, Serialize)]
pub(super) struct RoundBody {
    /// When it started.
    time: f64,
    /// The end of its slot, by which its row is called.
    end: i64,
    pings: u32,
    loss: Option<u32>,
    median: Option<f64>,
    rtts: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stale_address: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<Trust>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phases: Option<Parts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_expires: Option<f64>,
}

pub(super) async fn rounds(
    State(web): State<WebState>,
    Name(name): Name,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&["from", "to"])?;
    let plan = web.live.plan.load_full();
    let (series, _, target) = lookup::series(&plan, &name)?;
    let range = params.range(web.clock.wall(), EVERYTHING)?;
    let recent = web.live.recent_rounds(&series);
    let kept_since = recent.first().map(|round| round.started.as_unix_secs_f64());
    let within = |round: &Recent| round.end > range.from && round.started.unix_secs() <= range.to;
    json(&Body {
        series: &series,
        state: SeriesState::of(&web, &plan, target, series.clone()),
        kept_since,
        rounds: recent.into_iter().filter(within).map(RoundBody::of).collect(),
    })
}

impl RoundBody {
    pub(super) fn of(round: Recent) -> Self {
        let Recent { started, end, pings, result } = round;
        let (samples, unknown) = match result {
            Ok(samples) => (Some(samples), None),
            Err(reason) => (None, Some(describe::unknown(&reason))),
        };
        let measured = samples.is_some();
        let Samples { rtts, lost, loss_reason, quality, address, stale_address, note, phases, certificate_expires } =
            samples.unwrap_or_default();
        Self {
            time: started.as_unix_secs_f64(),
            end,
            pings,
            loss: measured.then_some(lost),
            // As `Measured::median`: the upper one.
            median: rtts.get(rtts.len() / 2).copied().map(Rtt::as_secs_f64),
            rtts: rtts.iter().map(|rtt| rtt.as_secs_f64()).collect(),
            address: address.map(|address| address.to_string()),
            stale_address: measured.then_some(stale_address),
            note,
            reason: unknown.or_else(|| loss_reason.and_then(|(reason, count)| loss_words(reason, count, pings))),
            quality: measured.then(|| quality.into()),
            phases: phases.and_then(|means| Parts::of(&[means])),
            certificate_expires: certificate_expires.map(WallTime::as_unix_secs_f64),
        }
    }
}
