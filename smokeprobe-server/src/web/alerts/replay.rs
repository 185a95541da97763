//! `/api/v1/alerts/replay`: what an alert, or a rule that somebody tries, would have said over stored rounds.
//!
//! The same code as `alerts replay` of the command line. Bounded in rounds, in what is listed and in time, and one at a
//! time: a rule may look far back at each of many rounds.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use smokeprobe_alerts::{Alert, Event, Figures, Kind, Replay, RuleError, Rules, Semantics, Watched, What};
use smokeprobe_core::{Clock, SeriesId};
use smokeprobe_store::Store;

use super::super::WebState;
use super::super::answer::json;
use super::super::error::ApiError;
use super::super::lookup;
use super::super::params::{Params, USUAL};
use super::body::SilentBody;
use crate::alerting::hindsight::{self, HindsightError};
use crate::config::{Plan, empty_element};
use crate::timespec::Range;

/// Rounds of a replay at most, those before the range too: a year of five minutes.
const ROUNDS: usize = 110_000;

/// Rounds before the range that are judged besides those in the rule's window, for since when something is raised.
const BEFORE: usize = 300;

/// Events in an answer at most, and spans: the newest.
const LISTED: usize = 1000;

/// Characters of a rule at most.
const LONGEST_RULE: usize = 2000;

/// How long a replay may take, and how long it may wait for another: so long a page waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a rule is called that has no name of its own.
const TRIED: &str = "rule";

/// Times in Unix seconds, ends of slots.
#[derive(Serialize)]
struct Body {
    series: SeriesId,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    rule: String,
    semantics: &'static str,
    /// What was judged: not before single rounds are kept, and not after the newest.
    from: i64,
    to: i64,
    /// Rounds that were judged, those that could not be measured too.
    rounds: u64,
    /// How many rounds the rule looks at.
    window: usize,
    /// Of the time that was judged; null when that is none.
    raised_share: Option<f64>,
    figures: FiguresBody,
    events: VecDeque<EventBody>,
    spans: VecDeque<Span>,
    /// There were more than are listed, or it took too long to go on.
    truncated: bool,
}

#[derive(Serialize)]
struct FiguresBody {
    firings: u64,
    longest: Option<i64>,
    flaps: u64,
    notifications: u64,
    notifications_a_week: f64,
}

#[derive(Serialize)]
struct EventBody {
    time: i64,
    since: i64,
    what: What,
    /// Somebody would have been told.
    told: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    silent: Option<SilentBody>,
    reason: String,
    loss: String,
    rtt: String,
}

/// From being raised to being cleared; `to` is null of what still is.
#[derive(Serialize)]
struct Span {
    from: i64,
    to: Option<i64>,
}

/// What is to be replayed.
struct Order {
    series: SeriesId,
    watched: Watched,
    /// The alert whose events are wanted; others are there for their priorities.
    alert: Arc<Alert>,
    kind: String,
    /// It is one of the configuration.
    named: bool,
    range: Range,
}

pub(in crate::web) async fn replay(State(web): State<WebState>, params: Params) -> Result<Response, ApiError> {
    params.only(&["series", "alert", "type", "rule", "semantics", "from", "to"])?;
    let plan = web.live.plan.load_full();
    let order = order(&plan, &params, params.range(web.clock.wall(), USUAL)?)?;
    let turn = tokio::time::timeout(PATIENCE, Arc::clone(&web.replays).acquire_owned()).await;
    let Ok(Ok(turn)) = turn else { return Err(ApiError::busy()) };
    let (store, clock) = (Arc::clone(&web.store), Arc::clone(&web.clock));
    let work = move || {
        // The turn belongs to the work, which goes on when its client has left.
        let _turn = turn;
        json(&judge(order, store.as_ref(), clock.as_ref())?)
    };
    web.workers.run(work).await
}

fn order(plan: &Plan, params: &Params, range: Range) -> Result<Order, ApiError> {
    let Some(name) = params.text("series") else {
        return Err(ApiError::bad_parameter("series", "is missing: which rounds to judge, as A.B or A.B~slave"));
    };
    let (series, ..) = lookup::series(plan, name)?;
    let rules = Rules::standard();
    match (params.text("alert"), params.text("rule")) {
        (Some(alert), None) => {
            if params.text("type").or(params.text("semantics")).is_some() {
                return Err(ApiError::bad_parameter("type", "is for a rule; an alert has type and semantics"));
            }
            let (watched, _) = hindsight::watched(plan, &rules, &series, Some(alert))?;
            let Some((found, _)) = watched.alerts.iter().find(|(known, _)| *known.name == *alert) else {
                return Err(ApiError::internal(format!("the rule of alert {alert} cannot be made; the log says why")));
            };
            let kind = plan.alerts.get(alert).map(|alert| alert.kind.clone()).unwrap_or_default();
            Ok(Order { alert: Arc::clone(found), kind, named: true, series, watched, range })
        }
        (None, Some(rule)) => {
            let kinds = Kind::ALL.map(|kind| (kind.name(), kind));
            let Some(kind) = params.choice("type", &kinds)? else {
                let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
                let message = format!("is missing: what the rule looks at, one of {}", names.join(", "));
                return Err(ApiError::bad_parameter("type", message));
            };
            let semantics = [("documented", Semantics::Documented), ("legacy", Semantics::Legacy)];
            let semantics = params.choice("semantics", &semantics)?.unwrap_or_default();
            let alert = tried(&rules, kind, rule, semantics)?;
            let watched = hindsight::watched_by(plan, &series, alert)?;
            let alert = Arc::clone(&watched.alerts[0].0);
            Ok(Order { alert, kind: kind.name().to_owned(), named: false, series, watched, range })
        }
        _ => Err(ApiError::bad_parameter("alert", "give the name of an alert, or type and rule of one to try")),
    }
}

/// A rule that somebody tries, as an alert that tells once and tells the end.
fn tried(rules: &Rules, kind: Kind, text: &str, semantics: Semantics) -> Result<Alert, ApiError> {
    if text.chars().count() > LONGEST_RULE {
        return Err(ApiError::bad_parameter("rule", format!("is longer than {LONGEST_RULE} characters")));
    }
    if let Some(at) = empty_element(kind.name(), text) {
        let message = "elements have one comma between them, and none of them is empty";
        return Err(at_fault(text, RuleError::new(message, at..at + 1, "take the comma away")));
    }
    let rule = rules.parse(kind.name(), text, semantics, TRIED).map_err(|error| at_fault(text, error))?;
    Ok(Alert {
        name: TRIED.into(),
        rule,
        meaning: TRIED.into(),
        semantics,
        edgetrigger: true,
        priority: None,
        again: None,
        pattern: text.to_owned(),
        comment: String::new(),
        mail_template: None,
    })
}

/// A rule's fault with its place in characters, as people count them.
fn at_fault(text: &str, error: RuleError) -> ApiError {
    let characters = |bytes: std::ops::Range<usize>| text.get(bytes).map_or(0, |part| part.chars().count());
    let (column, length) = (characters(0..error.span.start) + 1, characters(error.span).max(1));
    ApiError::bad_text("rule", error.message, column, length, error.help)
}

fn judge(order: Order, store: &dyn Store, clock: &dyn Clock) -> Result<Body, ApiError> {
    let Order { series, watched, alert, kind, named, range } = order;
    let window = hindsight::window(&watched) + BEFORE;
    let stored = hindsight::read(store, &series, (range.from, range.to), window, ROUNDS)?;
    let step = i64::from(stored.step.as_secs());
    let start = stored.rounds.first().map_or(range.from, |(end, _)| end - step);
    let mut said = Said::new(Arc::clone(&alert), start);
    let deadline = clock.mono() + PATIENCE;
    let mut late = false;
    let replay = hindsight::replay(watched, store, stored, |time, events| {
        said.round(time, events);
        late = clock.mono() > deadline;
        !late
    })?;
    if late && said.to == start {
        let message = format!(
            "looks at {} rounds, and at each of many: that takes too long here; `smokeprobe-server alerts replay` has the time",
            alert.rule.window()
        );
        return Err(ApiError::bad_parameter(if named { "alert" } else { "rule" }, message));
    }
    said.truncated |= late;
    let (from, to) = (start, said.to);
    let raised = said.finish(&replay);
    let summary = replay.summary();
    let figures = summary.alerts.get(&*alert.name).copied().unwrap_or_default();
    let span = to - from;
    Ok(Body {
        series,
        alert: named.then(|| alert.name.to_string()),
        kind,
        rule: alert.pattern.clone(),
        semantics: if alert.semantics == Semantics::Legacy { "legacy" } else { "documented" },
        from,
        to,
        rounds: summary.rounds,
        window: alert.rule.window(),
        raised_share: (span > 0).then(|| raised as f64 / span as f64),
        figures: figures.into(),
        events: said.events,
        spans: said.spans,
        truncated: said.truncated,
    })
}

/// What one alert says in the course of a replay.
struct Said {
    alert: Arc<Alert>,
    from: i64,
    /// The end of the newest round.
    to: i64,
    events: VecDeque<EventBody>,
    spans: VecDeque<Span>,
    /// Seconds of the range in which it was raised.
    raised: i64,
    truncated: bool,
}

impl Said {
    fn new(alert: Arc<Alert>, from: i64) -> Self {
        let (events, spans) = (VecDeque::new(), VecDeque::new());
        Self { alert, from, to: from, events, spans, raised: 0, truncated: false }
    }

    fn round(&mut self, time: Option<i64>, events: Vec<Event>) {
        self.to = time.unwrap_or(self.to);
        for event in events {
            match event.what {
                _ if event.alert != self.alert.name => continue,
                // Said every round, or as a reminder: counted, not listed.
                What::Active => continue,
                What::Raised => {}
                What::Cleared => self.span(event.since, Some(event.time)),
            }
            self.truncated |= keep(&mut self.events, event.into());
        }
    }

    fn span(&mut self, from: i64, to: Option<i64>) {
        self.raised += to.unwrap_or(self.to) - from.max(self.from);
        self.truncated |= keep(&mut self.spans, Span { from, to });
    }

    /// Seconds in which it was raised, with what is raised at the end.
    fn finish(&mut self, replay: &Replay) -> i64 {
        let since = replay.standing().find(|(name, _)| **name == *self.alert.name).map(|(_, standing)| standing.since);
        if let Some(since) = since {
            self.span(since, None);
        }
        self.raised
    }
}

/// Keeps the newest; says whether one had to go.
fn keep<T>(list: &mut VecDeque<T>, newest: T) -> bool {
    list.push_back(newest);
    list.len() > LISTED && list.pop_front().is_some()
}

impl From<Event> for EventBody {
    fn from(event: Event) -> Self {
        Self {
            time: event.time,
            since: event.since,
            what: event.what,
            told: event.is_told(),
            silent: event.silent.as_ref().map(SilentBody::new),
            reason: event.facts.reason.clone(),
            loss: event.facts.loss.clone(),
            rtt: event.facts.rtt.clone(),
        }
    }
}

impl From<Figures> for FiguresBody {
    fn from(figures: Figures) -> Self {
        let Figures { firings, longest, flaps, notifications, notifications_a_week } = figures;
        Self { firings, longest, flaps, notifications, notifications_a_week }
    }
}

impl From<HindsightError> for ApiError {
    fn from(error: HindsightError) -> Self {
        match error {
            HindsightError::NoSuchAlert(message) => Self::bad_parameter("alert", message),
            HindsightError::NoSuchTarget(_) | HindsightError::NotStored(_) | HindsightError::OnlyMeans(_) => {
                Self::not_found(error.to_string())
            }
            HindsightError::Changed(_) => Self::unavailable(error.to_string()),
            HindsightError::Store(source) | HindsightError::Season(source) => source.into(),
        }
    }
}
