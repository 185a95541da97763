//! What happened, gathered for a quarter of a second, written once for all viewers.
//!
//! It runs while there are viewers, on the web's own runtime. It never waits for a viewer: who is too far behind loses the
//! oldest. When it is behind itself it says so.

mod running;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Bytes;
use serde::Serialize;
use smokeprobe_alerts::Event as Alert;
use smokeprobe_core::{Round, SeriesId, TargetPath};
use tokio::sync::broadcast::{Receiver, Sender, error::RecvError};

use super::Nothing;
use crate::alerting::View;
use crate::describe;
use crate::live::{FEED, Recent};
use crate::timer::timer;
use crate::web::WebState;
use crate::web::alerts::EventBody;
use crate::web::index::Index;
use crate::web::notices::{Notice, notices};
use crate::web::rounds::RoundBody;
use crate::web::state::SeriesState;
use crate::web::states::{Brief, Raised, raised};
pub(super) use running::Hub;

/// How long to gather: short for people, long enough that a thousand rounds become a few events.
const BATCH: Duration = Duration::from_millis(250);

/// A word after so many batches, 5 s, tells both sides that the other is there. An event, as browsers keep comments to
/// themselves.
const KEEP_ALIVE: u32 = 20;

/// Rounds of one tick at most, as many as wait for the hub; viewers of more read the state anew.
const ROUNDS: usize = FEED;

/// What all viewers are told at one time. Parts that are empty are not sent.
#[derive(Debug, Default)]
pub(super) struct Tick {
    /// What everybody sees, and first.
    pub(super) first: Bytes,
    /// The plan whose places the states name.
    pub(super) plan: Arc<str>,
    /// The same, where `first` tells that it runs now.
    pub(super) other_plan: Option<Arc<str>>,
    pub(super) states: Bytes,
    pub(super) rounds: Vec<Told>,
    pub(super) alerts: Vec<(TargetPath, Bytes)>,
    /// Some rounds are missing.
    pub(super) rounds_lost: bool,
    /// Some alerts are missing.
    pub(super) alerts_lost: bool,
    /// Nothing follows.
    pub(super) last: bool,
}

/// A round, written when the first viewer wants it.
#[derive(Debug)]
pub(super) struct Told {
    round: Arc<Round>,
    short: OnceLock<Bytes>,
    full: OnceLock<Bytes>,
}

/// What was gathered, and what the viewers know already.
struct Gathered {
    web: WebState,
    index: Arc<Index>,
    /// The plan's id, as the viewers know it.
    plan: Arc<str>,
    /// There was a reload since. Its plan is told even with the id of the one before: a viewer may have been greeted with
    /// one between them.
    reloaded: bool,
    changed: HashSet<SeriesId>,
    rounds: Vec<Told>,
    alerts: Vec<Arc<Alert>>,
    rounds_lost: bool,
    alerts_lost: bool,
    notices: Vec<Notice>,
    view: Arc<View>,
    raised: Vec<Raised>,
    batches: u32,
}

/// How a series is that has changed: `[place, letter, loss, median, time, deviation]`.
type Row = (usize, char, Option<f64>, Option<f64>, Option<i64>, Option<f64>);

/// How all are that have changed.
#[derive(Serialize)]
struct States<'a> {
    now: f64,
    plan: &'a str,
    series: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raised: Option<&'a [Raised]>,
}

#[derive(Serialize)]
struct Alive {
    now: f64,
}

#[derive(Serialize)]
struct Plan<'a> {
    plan: &'a str,
}

#[derive(Serialize)]
struct Notices<'a> {
    notices: &'a [Notice],
}

#[derive(Serialize)]
struct FullRound<'a> {
    series: &'a SeriesId,
    round: RoundBody,
    state: SeriesState,
}

async fn run(
    hub: Hub,
    mut gathered: Gathered,
    out: Sender<Arc<Tick>>,
    mut rounds: Receiver<Arc<Round>>,
    mut alerts: Receiver<Arc<Alert>>,
) {
    let readiness = Arc::clone(&gathered.web.readiness);
    let (mut stopping, mut due) = (pin!(readiness.stopped()), pin!(timer(BATCH)));
    // What the first viewer reads after its hello.
    gathered.raised = gathered.look(Arc::clone(&gathered.view)).await.unwrap_or_default();
    loop {
        let stops = tokio::select! {
            round = rounds.recv() => {
                gathered.round(round);
                continue;
            }
            alert = alerts.recv() => {
                gathered.alert(alert);
                continue;
            }
            () = &mut due => false,
            () = &mut stopping => true,
        };
        due.set(timer(BATCH));
        if hub.is_left(&out) {
            return;
        }
        let greeted = hub.take_greeted();
        gathered.follow().await;
        let raised = gathered.raised_anew(&greeted).await;
        if let Some(tick) = gathered.tick(raised, stops) {
            // The last viewer may have left just now.
            let _ = out.send(Arc::new(tick));
        }
        if stops {
            return;
        }
    }
}

impl Gathered {
    fn new(web: WebState, index: Arc<Index>) -> Self {
        let view = web.live.alerts.view();
        Self {
            plan: index.outline().id().into(),
            reloaded: false,
            changed: HashSet::new(),
            rounds: Vec::new(),
            alerts: Vec::new(),
            rounds_lost: false,
            alerts_lost: false,
            notices: notices(&web),
            raised: Vec::new(),
            view,
            batches: 0,
            web,
            index,
        }
    }

    fn round(&mut self, round: Result<Arc<Round>, RecvError>) {
        let Ok(round) = round else {
            // The states of all are sent instead.
            self.changed.extend(self.index.series().iter().map(|entry| entry.id.clone()));
            self.rounds_lost = true;
            return;
        };
        self.changed.insert(round.series.clone());
        if self.rounds.len() < ROUNDS {
            self.rounds.push(Told::new(round));
        } else {
            self.rounds_lost = true;
        }
    }

    fn alert(&mut self, alert: Result<Arc<Alert>, RecvError>) {
        match alert {
            Ok(alert) => self.alerts.push(alert),
            Err(_) => self.alerts_lost = true,
        }
    }

    /// Follows the plan that runs. A plan of ten thousand targets takes a while to look at: not here.
    async fn follow(&mut self) {
        if Arc::ptr_eq(self.index.plan(), &self.web.live.plan.load()) {
            return;
        }
        let web = self.web.clone();
        if let Ok(index) = tokio::task::spawn_blocking(move || web.index()).await {
            self.index = index;
            self.reloaded = true;
        }
    }

    /// What is raised now, where that is something else than some viewer was told, or in the places of another plan.
    ///
    /// Most know what was told to all. Who came since was told what was raised at that moment, which may have been over
    /// before this look. They look and then note what they were told, we take the notes and then look, at the plan too: what we
    /// see is as new as what is noted, or newer, and what is noted too late for us waits for the next look. They subscribed
    /// before all that, so that what we tell comes to them, and after their greeting.
    async fn raised_anew(&mut self, greeted: &[Arc<[Raised]>]) -> Option<Vec<Raised>> {
        let (view, moved) = (self.web.live.alerts.view(), *self.plan != *self.index.outline().id());
        if !moved && greeted.is_empty() && Arc::ptr_eq(&view, &self.view) {
            return None;
        }
        self.view = Arc::clone(&view);
        let raised = self.look(view).await?;
        let news = |told: &[Raised]| *told != *raised;
        let wrong = news(&self.raised) || greeted.iter().any(|told| news(told));
        (wrong || moved && !raised.is_empty()).then_some(raised)
    }

    /// Thousands of alerts take a while to look at: not here either.
    async fn look(&self, view: Arc<View>) -> Option<Vec<Raised>> {
        if view.standing.is_empty() {
            return Some(Vec::new());
        }
        let index = Arc::clone(&self.index);
        tokio::task::spawn_blocking(move || raised(&view, &index)).await.ok()
    }

    /// Returns the plan that is told, if there was a reload.
    fn plan_and_notices(&mut self, first: &mut Vec<u8>) -> Option<Arc<str>> {
        let reloaded = std::mem::take(&mut self.reloaded);
        if reloaded {
            self.plan = self.index.outline().id().into();
            first.extend_from_slice(&event("plan", &Plan { plan: &self.plan }));
        }
        let notices = notices(&self.web);
        if notices != self.notices {
            self.notices = notices;
            first.extend_from_slice(&event("notices", &Notices { notices: &self.notices }));
        }
        reloaded.then(|| Arc::clone(&self.plan))
    }

    /// What there is to tell, if anything.
    fn tick(&mut self, raised: Option<Vec<Raised>>, last: bool) -> Option<Tick> {
        let mut first = Vec::new();
        self.batches += 1;
        if self.batches.is_multiple_of(KEEP_ALIVE) {
            first.extend_from_slice(&event("alive", &Alive { now: self.web.clock.wall().as_unix_secs_f64() }));
        }
        let other_plan = self.plan_and_notices(&mut first);
        let states = self.states(raised);
        if last {
            first.extend_from_slice(&event("closed", &Nothing {}));
        }
        let alerts = std::mem::take(&mut self.alerts);
        let tick = Tick {
            first: first.into(),
            plan: Arc::clone(&self.plan),
            other_plan,
            states,
            rounds: std::mem::take(&mut self.rounds),
            alerts: alerts
                .iter()
                .map(|alert| (alert.series.target.clone(), event("alert", &EventBody::new(alert))))
                .collect(),
            rounds_lost: std::mem::take(&mut self.rounds_lost),
            alerts_lost: std::mem::take(&mut self.alerts_lost),
            last,
        };
        let silent = tick.first.is_empty() && tick.states.is_empty() && tick.rounds.is_empty();
        (!silent || !tick.alerts.is_empty() || tick.rounds_lost || tick.alerts_lost).then_some(tick)
    }

    fn states(&mut self, raised: Option<Vec<Raised>>) -> Bytes {
        let news = raised.is_some();
        if let Some(raised) = raised {
            self.raised = raised;
        }
        states(&self.web, &self.plan, &self.index, self.changed.drain(), news.then_some(&self.raised))
    }
}

/// How those are that have changed, and what is raised where that is news. Empty when there is neither.
fn states(
    web: &WebState,
    plan: &str,
    index: &Index,
    changed: impl IntoIterator<Item = SeriesId>,
    raised: Option<&[Raised]>,
) -> Bytes {
    let series = index.series();
    let mut places: Vec<usize> = changed.into_iter().filter_map(|series| index.position(&series)).collect();
    if places.is_empty() && raised.is_none() {
        return Bytes::new();
    }
    places.sort_unstable();
    let row = |place: usize| -> Row {
        let Brief { letter, loss, median, time, deviation } = Brief::of(web, &series[place]);
        (place, letter, loss, median, time, deviation)
    };
    let now = web.clock.wall().as_unix_secs_f64();
    event("states", &States { now, plan, series: places.into_iter().map(row).collect(), raised })
}

/// What a viewer that has read the states is told first: the notices, how the series are that have changed since, all
/// that is raised, and the last round of those of them that are `full`.
pub(super) fn since(
    web: &WebState,
    index: &Index,
    changed: Vec<SeriesId>,
    full: impl Fn(&SeriesId) -> bool,
) -> Vec<u8> {
    let rounds = changed.iter().filter(|series| full(series)).filter_map(|series| web.live.last_round(series));
    let rounds: Vec<Told> = rounds.map(Told::new).collect();
    let mut told = event("notices", &Notices { notices: &notices(web) }).to_vec();
    let raised = raised(&web.live.alerts.view(), index).into();
    web.streams.greeted(&raised);
    told.extend_from_slice(&states(web, index.outline().id(), index, changed, Some(&raised)));
    for round in rounds {
        told.extend_from_slice(&round.full(web));
    }
    told
}

impl Told {
    const fn new(round: Arc<Round>) -> Self {
        Self { round, short: OnceLock::new(), full: OnceLock::new() }
    }

    pub(super) fn series(&self) -> &SeriesId {
        &self.round.series
    }

    /// As `/api/v1/tree` has it. Empty of a series that the plan does not have any more.
    pub(super) fn short(&self, web: &WebState) -> Bytes {
        let write = || self.state(web).map(|state| event("round", &state)).unwrap_or_default();
        self.short.get_or_init(write).clone()
    }

    /// As `/api/v1/rounds` has it.
    pub(super) fn full(&self, web: &WebState) -> Bytes {
        let write = |state| {
            let round = RoundBody::of(Recent::of(&self.round));
            event("round", &FullRound { series: &self.round.series, round, state })
        };
        self.full.get_or_init(|| self.state(web).map(write).unwrap_or_default()).clone()
    }

    fn state(&self, web: &WebState) -> Option<SeriesState> {
        let plan = web.live.plan.load();
        let target = describe::find(&plan, &self.round.series.target)?.target.as_ref()?;
        Some(SeriesState::of(web, &plan, target, self.round.series.clone()))
    }
}

/// An event as it is sent. Its data is JSON, which has no line breaks of its own.
pub(super) fn event(name: &str, body: &impl Serialize) -> Bytes {
    // Types of ours, whose serialization has no errors.
    let text = serde_json::to_string(body).unwrap_or_default();
    format!("event: {name}\ndata: {text}\n\n").into()
}
