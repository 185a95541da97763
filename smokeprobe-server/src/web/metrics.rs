//! What Prometheus is told.
//!
//! [`MetricsSink`] counts every round in atomics of its series: work in proportion to its samples, no lock, and a
//! scrape never keeps it waiting. The labels come from the plan that runs, so that their number is the plan's.

mod alerting;
mod exposition;
mod stats;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use smokeprobe_core::{Round, RoundSink, SeriesId, SinkError};

use super::WebState;
use super::error::ApiError;
use crate::config::Plan;
use crate::describe;
use crate::live::Live;
pub(super) use stats::{Counts, Lateness};
use stats::{SeriesStats, Totals};

/// Everything counted so far. Shared by the sink that counts and the web that tells.
#[derive(Debug, Default)]
pub struct Metrics {
    /// One for each series of the plan, in its order.
    series: ArcSwap<Vec<Arc<SeriesStats>>>,
    totals: Totals,
}

impl Metrics {
    pub(super) fn totals(&self) -> &Totals {
        &self.totals
    }

    /// What was counted of each series of the plan since its probe runs.
    pub(super) fn counts(&self) -> Vec<Counts> {
        self.series.load().iter().map(|series| series.counts()).collect()
    }
}

/// The sink that counts.
#[derive(Debug)]
pub struct MetricsSink {
    metrics: Arc<Metrics>,
    live: Arc<Live>,
    plan: Option<Arc<Plan>>,
    series: HashMap<SeriesId, Arc<SeriesStats>>,
}

impl MetricsSink {
    /// Counts into `metrics` the rounds of the plan that `live` names.
    pub fn new(metrics: Arc<Metrics>, live: Arc<Live>) -> Self {
        let mut sink = Self { metrics, live, plan: None, series: HashMap::new() };
        sink.follow_plan();
        sink
    }

    /// Keeps the counts of series that stay the same, and forgets those that are gone.
    fn follow_plan(&mut self) {
        let plan = self.live.plan.load();
        if self.plan.as_ref().is_some_and(|known| Arc::ptr_eq(known, &plan)) {
            return;
        }
        let mut series = HashMap::new();
        let mut in_order = Vec::new();
        for target in plan.targets().filter(|target| describe::supported(&plan, target)) {
            for id in describe::series_of(target) {
                let stats = match self.series.remove(&id) {
                    Some(known) if known.probe == target.probe => known,
                    _ => Arc::new(SeriesStats::new(&id, &target.probe)),
                };
                in_order.push(Arc::clone(&stats));
                series.insert(id, stats);
            }
        }
        self.series = series;
        self.metrics.series.store(Arc::new(in_order));
        self.plan = Some(Arc::clone(&plan));
    }
}

impl RoundSink for MetricsSink {
    fn accept(&mut self, round: &Round) -> Result<(), SinkError> {
        self.follow_plan();
        if let Some(stats) = self.series.get(&round.series) {
            stats.count(round);
            self.metrics.totals.count(round);
        }
        Ok(())
    }
}

/// The classic text format by default, as `curl` and old collectors read it; OpenMetrics for those that ask for it.
pub(super) async fn scrape(State(web): State<WebState>, headers: HeaderMap) -> Result<Response, ApiError> {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let open = accept.contains("application/openmetrics-text");
    let workers = web.workers.clone();
    let text = workers.run(move || Ok(exposition::write(&web, open))).await?;
    let kind = if open { exposition::OPENMETRICS } else { exposition::CLASSIC };
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response())
}
