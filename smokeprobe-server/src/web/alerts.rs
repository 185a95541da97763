//! `/api/v1/alerts`: what is raised, the history, and what people may change.
//!
//! Reading waits for nobody: what stands is a view that the alerts' thread puts out, and the history is read beside it.
//! What changes something is asked of that thread, for some seconds at most.

mod body;
mod change;
mod replay;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use smokeprobe_alerts::{HistoryQuery, RecipientId, StateError};

use super::WebState;
use super::answer::json;
use super::error::ApiError;
use super::params::Params;
use crate::alerting::{AlertDesk, Counts, Refusal, StateView};
pub(super) use body::EventBody;
use body::{AttemptBody, MessageBody, PastEventBody, SilenceBody, StandingBody};
pub(super) use change::{acknowledge, message, silence, test, unsilence};
pub(super) use replay::replay;

/// Entries of the history unless asked otherwise, and at most.
const ENTRIES: (u32, u32) = (100, 1000);

/// Times in Unix seconds.
#[derive(Serialize)]
struct Standings<'a> {
    now: f64,
    /// Series that are watched.
    watched: usize,
    /// Series whose stored rounds are still to be judged after the start.
    catching_up: usize,
    standing: Vec<StandingBody<'a>>,
    silences: Vec<SilenceBody<'a>>,
    outbox: OutboxBody<'a>,
    /// Events since the start.
    events: Vec<EventCounts<'a>>,
    rounds_waiting: usize,
    rounds_dropped: u64,
    state: StateBody<'a>,
}

#[derive(Serialize)]
struct OutboxBody<'a> {
    waiting: usize,
    under_way: usize,
    dead: usize,
    /// The oldest of those that wait.
    messages: Vec<MessageBody<'a>>,
    dead_letters: Vec<MessageBody<'a>>,
    /// Everybody who may be told, with what became of their messages since the start.
    recipients: Vec<RecipientBody<'a>>,
}

#[derive(Serialize)]
struct RecipientBody<'a> {
    name: &'a RecipientId,
    counts: &'a smokeprobe_alerts::Counts,
}

#[derive(Serialize)]
struct EventCounts<'a> {
    alert: &'a str,
    raised: u64,
    active: u64,
    cleared: u64,
}

#[derive(Serialize)]
struct StateBody<'a> {
    blocked: Option<&'a str>,
    failures: u64,
    set_aside: Option<&'a str>,
}

impl<'a> From<&'a StateView> for StateBody<'a> {
    fn from(state: &'a StateView) -> Self {
        Self { blocked: state.trouble.as_deref(), failures: state.failures, set_aside: state.set_aside.as_deref() }
    }
}

pub(super) async fn now(State(web): State<WebState>, params: Params) -> Result<Response, ApiError> {
    params.only(&[])?;
    let workers = web.workers.clone();
    // With all of many targets down there is much to write.
    workers.run(move || describe(&web)).await
}

fn describe(web: &WebState) -> Result<Response, ApiError> {
    let (view, plan) = (web.live.alerts.view(), web.live.plan.load());
    let Counts { events, recipients, waiting, under_way, dead, rounds_waiting } = &view.counts;
    let maintenance = |id: &str| plan.alerting.maintenance.iter().any(|window| *window.id == *id);
    json(&Standings {
        now: web.clock.wall().as_unix_secs_f64(),
        watched: view.watched,
        catching_up: view.catching_up,
        standing: view.standing.iter().map(StandingBody::new).collect(),
        silences: view
            .silences
            .iter()
            .map(|(silence, active)| SilenceBody::new(silence, *active, maintenance(&silence.id)))
            .collect(),
        outbox: OutboxBody {
            waiting: *waiting,
            under_way: *under_way,
            dead: *dead,
            messages: view.waiting.iter().map(MessageBody::new).collect(),
            dead_letters: view.dead.iter().map(MessageBody::new).collect(),
            recipients: recipients.iter().map(|(name, counts)| RecipientBody { name, counts }).collect(),
        },
        events: events
            .iter()
            .map(|(alert, &[raised, active, cleared])| EventCounts { alert, raised, active, cleared })
            .collect(),
        rounds_waiting: *rounds_waiting,
        rounds_dropped: web.live.alerts.rounds_dropped(),
        state: StateBody::from(&view.state),
    })
}

pub(super) async fn events(State(web): State<WebState>, params: Params) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    struct Body<'a> {
        events: Vec<PastEventBody<'a>>,
    }

    let choices = [("all", false), ("changes", true)];
    let query = HistoryQuery {
        changes: params.choice("what", &choices)?.unwrap_or_default(),
        ..query(&web, &params, &["target", "alert", "what", "from", "to", "limit"])?
    };
    let history = desk(&web)?.history()?;
    let read = move || {
        let events = history.events(&query).map_err(unreadable)?;
        json(&Body { events: events.iter().map(PastEventBody::new).collect() })
    };
    web.workers.run(read).await
}

pub(super) async fn deliveries(State(web): State<WebState>, params: Params) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    struct Body<'a> {
        deliveries: Vec<AttemptBody<'a>>,
    }

    let query = query(&web, &params, &["target", "alert", "from", "to", "limit"])?;
    let history = desk(&web)?.history()?;
    let read = move || {
        let attempts = history.attempts(&query).map_err(unreadable)?;
        json(&Body { deliveries: attempts.iter().map(AttemptBody::new).collect() })
    };
    web.workers.run(read).await
}

fn query(web: &WebState, params: &Params, known: &[&str]) -> Result<HistoryQuery, ApiError> {
    params.only(known)?;
    let now = web.clock.wall();
    let below = params.target("target")?;
    Ok(HistoryQuery {
        below,
        target: None,
        alert: params.text("alert").map(Into::into),
        from: params.time("from", now)?,
        to: params.time("to", now)?,
        changes: false,
        limit: params.number("limit", 1, ENTRIES.1)?.unwrap_or(ENTRIES.0) as usize,
    })
}

fn unreadable(error: StateError) -> ApiError {
    let refusal = Refusal::from(error);
    tracing::warn!("{refusal}");
    refusal.into()
}

/// Who is asked about alerts.
fn desk(web: &WebState) -> Result<&AlertDesk, ApiError> {
    web.alerts.as_ref().ok_or_else(|| ApiError::unavailable("the alerts are not running yet"))
}
