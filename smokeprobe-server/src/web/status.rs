//! `/api/v1/status`: the server itself.

mod parts;

use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::WebState;
use super::answer::json;
use super::error::ApiError;
use super::metrics::Lateness;
use super::params::Params;
use crate::describe::series_of;
use parts::{Agent, Probe};

/// Times in Unix seconds.
#[derive(Serialize)]
struct Status<'a> {
    version: &'static str,
    now: f64,
    started: f64,
    uptime: f64,
    ready: bool,
    targets: usize,
    series: usize,
    config: Config<'a>,
    writer: Writer<'a>,
    alerting: Alerting<'a>,
    rounds: Rounds,
    answers: Answers,
    lateness: Lateness,
    probes: Vec<Probe>,
    agents: Vec<Agent>,
}

#[derive(Serialize)]
struct Config<'a> {
    files: &'a [std::path::PathBuf],
    /// When the configuration on disk was last read.
    read: f64,
    /// The diagnostics, when it has errors: the plan before it goes on running.
    error: Option<&'a str>,
    /// What is odd in it all the same.
    warnings: Option<&'a str>,
}

#[derive(Serialize)]
struct Writer<'a> {
    queued: usize,
    blocked: Option<&'a str>,
    /// Bytes that are free, once they are few.
    nearly_full: Option<u64>,
    /// Bytes that are free where rounds are kept.
    free: Option<u64>,
    set_aside: &'a [String],
}

#[derive(Serialize)]
struct Alerting<'a> {
    /// Series that are watched.
    watched: usize,
    raised: usize,
    /// Series whose stored rounds are still to be judged after the start.
    catching_up: usize,
    /// Messages that are not delivered yet.
    waiting: usize,
    /// Messages that were given up.
    dead: usize,
    rounds_dropped: u64,
    /// What keeps the state from the disk, when something does.
    blocked: Option<&'a str>,
    /// What became of the state that was found at the start, when it was damaged.
    set_aside: Option<&'a str>,
}

#[derive(Serialize)]
struct Rounds {
    measured: u64,
    unknown: u64,
    stored: u64,
    dropped: u64,
    suspect: u64,
}

#[derive(Serialize)]
struct Answers {
    kernel_stamps: u64,
    user_stamps: u64,
    late: u64,
    duplicates: u64,
    receive_overflows: u64,
}

pub(super) async fn status(State(web): State<WebState>, params: Params) -> Result<Response, ApiError> {
    params.only(&[])?;
    // How much is free a disk that hangs does not say.
    web.workers.clone().run(move || describe(&web)).await
}

fn describe(web: &WebState) -> Result<Response, ApiError> {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let now = web.clock.wall();
    let plan = web.live.plan.load();
    let reload = web.live.reload.load();
    let writer = web.live.writer.load();
    let counters = &web.live.counters;
    let totals = web.metrics.totals();
    let alerts = web.live.alerts.view();
    let warnings = web.live.warnings.load();
    let counts = web.metrics.counts();
    json(&Status {
        version: env!("CARGO_PKG_VERSION"),
        now: now.as_unix_secs_f64(),
        started: web.started.as_unix_secs_f64(),
        uptime: now.saturating_since(web.started).as_secs_f64(),
        ready: web.readiness.reason().is_none(),
        targets: plan.targets().count(),
        series: plan.targets().flat_map(series_of).count(),
        config: Config {
            files: &plan.files,
            read: reload.at.as_unix_secs_f64(),
            error: reload.error.as_deref(),
            warnings: Some(warnings.as_str()).filter(|warnings| !warnings.is_empty()),
        },
        writer: Writer {
            queued: writer.queued,
            blocked: writer.blocked.as_deref(),
            nearly_full: writer.nearly_full,
            free: web.store.free_bytes(),
            set_aside: &writer.set_aside,
        },
        alerting: Alerting {
            watched: alerts.watched,
            raised: alerts.standing.len(),
            catching_up: alerts.catching_up,
            waiting: alerts.counts.waiting,
            dead: alerts.counts.dead,
            rounds_dropped: web.live.alerts.rounds_dropped(),
            blocked: alerts.state.trouble.as_deref(),
            set_aside: alerts.state.set_aside.as_deref(),
        },
        rounds: Rounds {
            measured: count(&counters.rounds_measured),
            unknown: count(&counters.rounds_unknown),
            stored: count(&counters.rounds_stored),
            dropped: count(&counters.rounds_dropped),
            suspect: count(&totals.suspect_rounds),
        },
        answers: Answers {
            kernel_stamps: count(&totals.kernel_stamps),
            user_stamps: count(&totals.user_stamps),
            late: count(&totals.late_answers),
            duplicates: count(&totals.duplicates),
            receive_overflows: count(&totals.receive_overflows),
        },
        lateness: totals.lateness(),
        probes: parts::probes(&plan, &counts),
        agents: parts::agents(&plan, &counts, now),
    })
}
