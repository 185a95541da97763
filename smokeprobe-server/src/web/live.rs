//! `/api/v1/live`: rounds and alerts as they happen, as server-sent events.
//!
//! `round` has a series as `/api/v1/tree` describes it, `alert` an event as `/api/v1/alerts/events` does. Whoever reads
//! too slowly is told `lagged` and hung up on: it reads the whole state again and comes back.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use smokeprobe_alerts::Event as Alert;
use smokeprobe_core::{Round, TargetPath};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::WebState;
use super::alerts::EventBody;
use super::error::ApiError;
use super::params::Params;
use super::state::SeriesState;
use crate::config::Plan;
use crate::config::plan::Target;

/// Streams at once. Each costs its share of every round.
const STREAMS: usize = 64;

/// A comment this often tells both sides that the other is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The streams that run.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    places: Arc<Semaphore>,
    /// The targets of the plan that was last looked at.
    index: Arc<ArcSwapOption<Index>>,
}

/// Targets by their paths: a plan of many is not searched for each round of each viewer.
#[derive(Debug)]
struct Index {
    plan: Arc<Plan>,
    targets: HashMap<TargetPath, Target>,
}

/// One viewer.
struct Viewer {
    web: WebState,
    rounds: Receiver<Arc<Round>>,
    alerts: Receiver<Arc<Alert>>,
    /// Only this target and what is below it.
    below: Option<TargetPath>,
    ended: bool,
    _place: OwnedSemaphorePermit,
}

pub(super) async fn live(State(web): State<WebState>, params: Params) -> Result<Response, ApiError> {
    params.only(&["target"])?;
    let below = match params.text("target") {
        None => None,
        Some(text) => {
            Some(text.parse().map_err(|_| ApiError::bad_parameter("target", "must be the path of a target, as A.B"))?)
        }
    };
    let Ok(place) = Arc::clone(&web.streams.places).try_acquire_owned() else { return Err(ApiError::busy()) };
    let (rounds, alerts) = (web.live.subscribe(), web.live.alerts.subscribe());
    let viewer = Viewer { web, rounds, alerts, below, ended: false, _place: place };
    let events = stream::unfold(viewer, |mut viewer| async {
        let event = viewer.next().await?;
        Some((Ok::<_, Infallible>(event), viewer))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

impl Viewer {
    async fn next(&mut self) -> Option<Event> {
        while !self.ended {
            let event = tokio::select! {
                alert = self.alerts.recv() => match alert {
                    Ok(alert) if !self.sees(&alert.series.target) => continue,
                    Ok(alert) => data("alert", &EventBody::new(&alert)),
                    Err(why) => self.last(&why),
                },
                round = self.rounds.recv() => match round {
                    Ok(round) if !self.sees(&round.series.target) => continue,
                    Ok(round) => match self.state(&round) {
                        Some(state) => data("round", &state),
                        None => continue,
                    },
                    Err(why) => self.last(&why),
                },
            };
            return Some(event);
        }
        None
    }

    fn sees(&self, target: &TargetPath) -> bool {
        let Some(below) = &self.below else { return true };
        target.as_str().strip_prefix(below.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// The state of a round's series; none of one that the plan does not have any more.
    fn state(&self, round: &Round) -> Option<SeriesState> {
        let plan = self.web.live.plan.load();
        let index = self.web.streams.index(&plan);
        let target = index.targets.get(&round.series.target)?;
        Some(SeriesState::of(&self.web, &index.plan, target, round.series.clone()))
    }

    fn last(&mut self, why: &RecvError) -> Event {
        self.ended = true;
        match why {
            RecvError::Lagged(_) => Event::default().event("lagged").data("{}"),
            RecvError::Closed => Event::default().event("closed").data("{}"),
        }
    }
}

impl Default for Streams {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(STREAMS)), index: Arc::default() }
    }
}

impl Streams {
    fn index(&self, plan: &Arc<Plan>) -> Arc<Index> {
        if let Some(index) = self.index.load_full().filter(|index| Arc::ptr_eq(&index.plan, plan)) {
            return index;
        }
        let targets = plan.targets().map(|target| (target.path.clone(), target.clone())).collect();
        let index = Arc::new(Index { plan: Arc::clone(plan), targets });
        self.index.store(Some(Arc::clone(&index)));
        index
    }
}

fn data(name: &str, body: &impl Serialize) -> Event {
    // Types of ours, whose serialization has no errors and no line breaks.
    let text = serde_json::to_string(body).unwrap_or_default();
    Event::default().event(name).data(text)
}
