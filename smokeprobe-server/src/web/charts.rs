//! `/api/v1/charts`: the series ranked by a value of their last rounds, all vantage points taking part. What is
//! hidden takes no part, as in overviews.

mod printf;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use smokeprobe_core::{Measured, Round, Rtt, SeriesId};

use super::WebState;
use super::answer::json;
use super::error::{ApiError, shown};
use super::params::Params;
use crate::config::Plan;
use crate::config::plan;
use crate::graph::stats;
use printf::Format;

/// Entries of a chart at most.
const MAX_ENTRIES: u32 = 1000;

/// Entries of a chart that the configuration does not have.
const ENTRIES: u32 = 10;

/// The charts of a configuration without any.
const USUAL: [(&str, Sorter, &str, &str); 4] = [
    ("loss", Sorter::Loss, "Loss", "Most loss"),
    ("median", Sorter::Median, "Median", "Highest median"),
    ("max", Sorter::Max, "Max", "Highest single answer"),
    ("stddev", Sorter::StdDev, "StdDev", "Greatest spread of the answers"),
];

/// What series are ranked by: the greatest first. They are those of SmokePing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sorter {
    /// Lost pings.
    Loss,
    /// The median, in seconds.
    Median,
    /// The highest answer, in seconds.
    Max,
    /// The population standard deviation of the answers, in seconds.
    StdDev,
}

#[derive(Serialize)]
struct Body<'a> {
    now: f64,
    title: Option<&'a str>,
    charts: Vec<Ranking<'a>>,
}

#[derive(Serialize)]
struct Ranking<'a> {
    name: &'a str,
    menu: &'a str,
    title: &'a str,
    entries: Vec<Entry<'a>>,
    /// Series that are measured and have no such value: no round yet, an unknown one, or no answer.
    without: usize,
    /// Why there are no entries, where the chart cannot be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Entry<'a> {
    series: &'a SeriesId,
    value: f64,
    /// The value for people.
    text: String,
}

/// A chart to be made.
struct Wanted<'a> {
    name: &'a str,
    menu: &'a str,
    title: &'a str,
    /// Its sorter, or the name that is none's.
    sorter: Result<Sorter, &'a str>,
    entries: u32,
    format: Option<Format>,
}

/// The last round of each series that is measured.
type Rounds<'a> = [(&'a SeriesId, Option<Arc<Round>>)];

pub(super) async fn charts(State(web): State<WebState>, params: Params) -> Result<Response, ApiError> {
    params.only(&["chart", "limit"])?;
    let limit = params.number("limit", 1, MAX_ENTRIES)?;
    let chosen = params.text("chart").map(str::to_owned);
    let workers = web.workers.clone();
    let rank = move || {
        let index = web.index();
        let mut wanted = Wanted::all(index.plan());
        if let Some(chosen) = &chosen {
            let names: Vec<&str> = wanted.iter().map(|chart| chart.name).collect();
            if !names.contains(&chosen.as_str()) {
                let shown = shown(chosen);
                let message = format!("there is no chart {shown:?}; there are {}", names.join(", "));
                return Err(ApiError::not_found(message));
            }
            wanted.retain(|chart| chart.name == chosen);
        }
        let measured = index.series().iter().filter(|entry| entry.supported && !entry.hidden);
        let rounds: Vec<_> = measured.map(|entry| (&entry.id, web.live.last_round(&entry.id))).collect();
        json(&Body {
            now: web.clock.wall().as_unix_secs_f64(),
            title: index.plan().presentation.charts_title.as_deref(),
            charts: wanted.iter().map(|chart| chart.rank(&rounds, limit)).collect(),
        })
    };
    workers.run(rank).await
}

impl<'a> Wanted<'a> {
    fn all(plan: &'a Plan) -> Vec<Self> {
        let configured = &plan.presentation.charts;
        if configured.is_empty() {
            let usual = |(name, sorter, menu, title)| Self {
                name,
                menu,
                title,
                sorter: Ok(sorter),
                entries: ENTRIES,
                format: None,
            };
            return USUAL.map(usual).into();
        }
        configured.iter().map(|(name, chart)| Self::configured(name, chart)).collect()
    }

    fn configured(name: &'a str, chart: &'a plan::Chart) -> Self {
        let plan::Chart { menu, title, sorter, entries, format } = chart;
        let sorter = Sorter::named(sorter).ok_or(sorter.as_str());
        // One that we cannot follow is as none.
        let format = format.as_deref().and_then(Format::read);
        Self { name, menu, title, sorter, entries: (*entries).min(MAX_ENTRIES), format }
    }

    fn rank(&self, rounds: &Rounds<'a>, limit: Option<u32>) -> Ranking<'a> {
        let &Self { name, menu, title, sorter, entries, .. } = self;
        let sorter = match sorter {
            Ok(sorter) => sorter,
            Err(unknown) => {
                let error = format!("there is no sorter {unknown}; there are Loss, Max, Median and StdDev");
                return Ranking { name, menu, title, entries: Vec::new(), without: 0, error: Some(error) };
            }
        };
        let mut ranked: Vec<(&SeriesId, &Round, f64)> = rounds
            .iter()
            .filter_map(|(series, round)| {
                let round = round.as_deref()?;
                Some((*series, round, sorter.value(round.measured()?)?))
            })
            .collect();
        let without = rounds.len() - ranked.len();
        // Equal ones stay in the configuration's order.
        ranked.sort_by(|(.., a), (.., b)| b.total_cmp(a));
        ranked.truncate(limit.unwrap_or(entries) as usize);
        let entry = |(series, round, value): (&'a SeriesId, &Round, f64)| {
            let text = match &self.format {
                Some(format) => format.write(value),
                None => sorter.text(value, round),
            };
            Entry { series, value, text }
        };
        Ranking { name, menu, title, entries: ranked.into_iter().map(entry).collect(), without, error: None }
    }
}

impl Sorter {
    fn named(name: &str) -> Option<Self> {
        [("Loss", Self::Loss), ("Max", Self::Max), ("Median", Self::Median), ("StdDev", Self::StdDev)]
            .into_iter()
            .find_map(|(known, sorter)| (known == name).then_some(sorter))
    }

    fn value(self, measured: &Measured) -> Option<f64> {
        match self {
            Self::Loss => Some(f64::from(measured.lost())),
            Self::Median => measured.median().map(Rtt::as_secs_f64),
            Self::Max => measured.rtts().last().map(|rtt| rtt.as_secs_f64()),
            Self::StdDev => measured.deviation(),
        }
    }

    fn text(self, value: f64, round: &Round) -> String {
        match self {
            // Both, as some series may have more pings than others.
            Self::Loss => {
                let pings = round.pings;
                format!("{value:.0}/{pings} ({})", stats::percent(value / f64::from(pings.max(1))))
            }
            Self::Median | Self::Max | Self::StdDev if value == 0.0 => "0 ms".to_owned(),
            Self::Median | Self::Max | Self::StdDev => stats::rtt(value),
        }
    }
}
