//! `/api/v1/live`: states, rounds and alerts as they happen, as server-sent events.
//!
//! One task, the [`hub`], looks at what happened four times a second, writes it once, and hands it to all viewers. Whoever
//! reads too slowly is told `lagged` and hung up on: it reads the whole state again and comes back. Nobody waits for it.

mod hub;
mod places;

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use smokeprobe_core::{SeriesId, TargetPath};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

use super::WebState;
use super::access::Visitor;
use super::error::ApiError;
use super::index::Index;
use super::params::Params;
use super::states::Raised;
use hub::{Hub, Tick, event};
use places::{Place, Places};

/// Series whose rounds one viewer may ask for: more than a page shows.
const SERIES: usize = 32;

/// The streams that run.
#[derive(Debug, Clone, Default)]
pub(super) struct Streams {
    places: Arc<Places>,
    hub: Hub,
}

impl Streams {
    /// Somebody who may have a stream was told, beside it, that this is raised.
    pub(super) fn greeted(&self, raised: &Arc<[Raised]>) {
        self.hub.greeted(raised);
    }
}

/// What a viewer wants to see.
#[derive(Debug, Default)]
struct Wants {
    /// How all series are, in batches.
    states: bool,
    rounds: Rounds,
    /// Rounds and alerts of only this target and what is below it.
    below: Option<TargetPath>,
}

#[derive(Debug, Default)]
enum Rounds {
    /// Of all series, each as `/api/v1/tree` has it.
    #[default]
    Short,
    /// Of these series, each as `/api/v1/rounds` has it.
    Full(HashSet<SeriesId>),
    None,
}

/// One viewer.
struct Viewer {
    web: WebState,
    ticks: broadcast::Receiver<Arc<Tick>>,
    visitor: Visitor,
    /// After each it is asked whether they may go on looking.
    changes: watch::Receiver<()>,
    wants: Wants,
    /// The hello, and what happened since the mark that was named; until it is sent.
    first: Option<Bytes>,
    /// The plan that they were told of last.
    plan: Arc<str>,
    ended: bool,
    _place: Place,
}

/// The first event.
#[derive(Serialize)]
struct Hello<'a> {
    now: f64,
    plan: &'a str,
    version: &'static str,
    /// Series that were asked for, and that the plan does not have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<&'a SeriesId>,
    /// Nobody knows what happened after the mark that was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<bool>,
}

pub(super) async fn live(State(web): State<WebState>, visitor: Visitor, params: Params) -> Result<Response, ApiError> {
    params.only(&["target", "states", "series", "after"])?;
    let wants = Wants::read(&params)?;
    let place = web.streams.places.take(visitor.client()).map_err(ApiError::unavailable)?;
    let index = index(&web).await?;
    // First the subscription, then the greeting: what is read after it misses nothing, another plan neither.
    let ticks = web.streams.hub.join(&web, &index);
    let index = if Arc::ptr_eq(index.plan(), &web.live.plan.load()) { index } else { self::index(&web).await? };
    let changed = params.text("after").map(|mark| web.changed_since(mark));
    let mut first = hello(&web, &index, &wants, changed.as_ref().map(Option::is_none)).to_vec();
    let plan = index.outline().id().into();
    if let Some(changed) = changed.flatten() {
        first.extend_from_slice(&since(&web, index, changed, &wants).await?);
    }
    // Whoever has signed out since this request came is seen to have done so.
    let mut changes = web.access.changes();
    changes.mark_changed();
    let first = Some(first.into());
    let viewer = Viewer { web, ticks, visitor, changes, wants, first, plan, ended: false, _place: place };
    let events = stream::unfold(viewer, |mut viewer| async {
        let bytes = viewer.next().await?;
        Some((Ok::<_, Infallible>(bytes), viewer))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would keep events back until it has a buffer full of them.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

async fn index(web: &WebState) -> Result<Arc<Index>, ApiError> {
    // Whoever only wants what is there does not wait for those who read files.
    if let Some(index) = web.kept_index() {
        return Ok(index);
    }
    let of_worker = web.clone();
    web.workers.run(move || Ok(of_worker.index())).await
}

/// What has happened since the viewer read the states. Of ten thousand series that takes a while: not here.
async fn since(web: &WebState, index: Arc<Index>, changed: Vec<SeriesId>, wants: &Wants) -> Result<Vec<u8>, ApiError> {
    let full = match &wants.rounds {
        Rounds::Full(series) => series.clone(),
        _ => HashSet::new(),
    };
    let of_worker = web.clone();
    web.workers.run(move || Ok(hub::since(&of_worker, &index, changed, |series| full.contains(series)))).await
}

fn hello(web: &WebState, index: &Index, wants: &Wants, missed: Option<bool>) -> Bytes {
    let unknown = match &wants.rounds {
        Rounds::Full(series) => series.iter().filter(|series| index.position(series).is_none()).collect(),
        _ => Vec::new(),
    };
    let body = Hello {
        now: web.clock.wall().as_unix_secs_f64(),
        plan: index.outline().id(),
        version: env!("CARGO_PKG_VERSION"),
        unknown,
        missed,
    };
    event("hello", &body)
}

impl Wants {
    fn read(params: &Params) -> Result<Self, ApiError> {
        let below = params.target("target")?;
        let states = params.choice("states", &[("1", true), ("0", false)])?.unwrap_or(false);
        let rounds = match params.text("series") {
            None if states => Rounds::None,
            None => Rounds::Short,
            Some(text) => Rounds::Full(series(text)?),
        };
        Ok(Self { states, rounds, below })
    }

    fn sees(&self, target: &TargetPath) -> bool {
        let Some(below) = &self.below else { return true };
        target.as_str().strip_prefix(below.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

fn series(text: &str) -> Result<HashSet<SeriesId>, ApiError> {
    let wrong = || {
        let message = format!("must be up to {SERIES} series as A.B or A.B~slave, with commas between");
        ApiError::bad_parameter("series", message)
    };
    let series: Vec<&str> = text.split(',').take(SERIES + 1).collect();
    if series.len() > SERIES {
        return Err(wrong());
    }
    series.into_iter().map(|series| series.parse().map_err(|_| wrong())).collect()
}

impl Viewer {
    /// What to send next; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        while !self.ended {
            let tick = tokio::select! {
                biased;
                _ = self.changes.changed() => None,
                tick = self.ticks.recv() => Some(tick),
            };
            // A session ends by itself too: there is a tick every 5 seconds at least.
            if !self.web.access.still_lets_in(&self.visitor, self.web.clock.wall()) {
                return None;
            }
            let Some(tick) = tick else { continue };
            let bytes = match tick {
                Ok(tick) => self.of_tick(&tick),
                Err(RecvError::Lagged(_)) => self.lagged(),
                // The hub has failed; whoever comes back starts another.
                Err(RecvError::Closed) => return None,
            };
            if !bytes.is_empty() {
                return Some(bytes);
            }
        }
        None
    }

    fn of_tick(&mut self, tick: &Tick) -> Bytes {
        self.ended = tick.last;
        let rounds_missing = tick.rounds_lost && !matches!(self.wants.rounds, Rounds::None);
        if tick.alerts_lost || rounds_missing {
            return self.lagged();
        }
        let mut parts = vec![tick.first.clone()];
        if let Some(plan) = &tick.other_plan {
            self.plan = Arc::clone(plan);
        }
        // The hub may come to a plan after the hello that told of it; what it says of the one before, whoever reads the states
        // after their hello knows.
        if self.wants.states && self.plan == tick.plan {
            parts.push(tick.states.clone());
        }
        for round in &tick.rounds {
            let series = round.series();
            match &self.wants.rounds {
                Rounds::Short if self.wants.sees(&series.target) => parts.push(round.short(&self.web)),
                Rounds::Full(wanted) if wanted.contains(series) => parts.push(round.full(&self.web)),
                _ => {}
            }
        }
        let alerts = tick.alerts.iter().filter(|(target, _)| self.wants.sees(target));
        parts.extend(alerts.map(|(_, bytes)| bytes.clone()));
        parts.retain(|part| !part.is_empty());
        match &parts[..] {
            // What most viewers get most of the time is the same bytes for all.
            [one] => one.clone(),
            several => several.concat().into(),
        }
    }

    fn lagged(&mut self) -> Bytes {
        self.ended = true;
        event("lagged", &Nothing {})
    }
}

/// `{}`.
#[derive(Serialize)]
struct Nothing {}
