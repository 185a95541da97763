//! `/api/v1/states`: how every series is now, in columns by their places in the outline.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use smokeprobe_alerts::AlertName;
use smokeprobe_core::{Measured, Round, RoundResult, Rtt};

use super::WebState;
use super::answer::json;
use super::error::ApiError;
use super::index::{Entry, Index};
use super::notices::{Notice, notices};
use super::params::Params;
use crate::alerting::View;

/// Times in Unix seconds, RTTs in seconds, loss as a share of 1.
#[derive(Serialize)]
struct States<'a> {
    now: f64,
    plan: &'a str,
    /// What this moment is called: the stream goes on from there.
    mark: String,
    notices: Vec<Notice>,
    /// A letter a series.
    state: String,
    loss: Vec<Option<f64>>,
    median: Vec<Option<f64>>,
    /// Starts of the last rounds, in whole seconds: ten thousand fractions would be half of the answer.
    time: Vec<Option<i64>>,
    raised: &'a [Raised],
}

/// How a series is: a letter, and the last round in short.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Brief {
    pub(super) letter: char,
    pub(super) loss: Option<f64>,
    pub(super) median: Option<f64>,
    pub(super) time: Option<i64>,
    /// Of the answers: what the stream tells besides, so that a small graph can draw the round as it draws stored ones.
    pub(super) deviation: Option<f64>,
}

/// Alerts that are raised for a series: `[3,["someloss"]]`, and `[3,["someloss"],true]` while they are silenced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raised {
    place: usize,
    alerts: Vec<AlertName>,
    silenced: bool,
}

pub(super) async fn states(State(web): State<WebState>, params: Params) -> Result<Response, ApiError> {
    params.only(&[])?;
    let workers = web.workers.clone();
    let write = move || {
        // First of all: what comes meanwhile is told twice rather than never.
        let mark = web.mark();
        let index = web.index();
        let briefs: Vec<Brief> = index.series().iter().map(|entry| Brief::of(&web, entry)).collect();
        let raised = raised(&web.live.alerts.view(), &index).into();
        web.streams.greeted(&raised);
        json(&States {
            now: web.clock.wall().as_unix_secs_f64(),
            plan: index.outline().id(),
            mark,
            notices: notices(&web),
            state: briefs.iter().map(|brief| brief.letter).collect(),
            loss: briefs.iter().map(|brief| brief.loss).collect(),
            median: briefs.iter().map(|brief| brief.median).collect(),
            time: briefs.iter().map(|brief| brief.time).collect(),
            raised: &raised,
        })
    };
    workers.run(write).await
}

impl Brief {
    /// How a series of the plan is now.
    pub(super) fn of(web: &WebState, entry: &Entry) -> Self {
        let none = Self { letter: 'n', loss: None, median: None, time: None, deviation: None };
        if !entry.supported {
            return none;
        }
        web.live.last_round(&entry.id).map_or(Self { letter: 'w', ..none }, |round| Self::of_round(&round))
    }

    /// How a series is whose last round this is.
    pub(super) fn of_round(round: &Round) -> Self {
        let measured = round.measured();
        let pings = f64::from(round.pings.max(1));
        Self {
            letter: match &round.result {
                RoundResult::Unknown(_) => 'u',
                RoundResult::Measured(measured) if measured.rtts().is_empty() => 'l',
                RoundResult::Measured(_) => 'm',
            },
            loss: measured.map(|measured| four_digits(f64::from(measured.lost()) / pings)),
            median: measured.and_then(Measured::median).map(|rtt| four_digits(Rtt::as_secs_f64(rtt))),
            time: Some(round.started.unix_secs()),
            deviation: measured.and_then(Measured::deviation).map(four_digits),
        }
    }
}

/// What is raised, by the places of the series. Alerts of series that the plan does not have are left out.
///
/// One look at the index for each alert: after a cut link thousands of them are raised.
pub(super) fn raised(view: &View, index: &Index) -> Vec<Raised> {
    let silences: Vec<_> = view.silences.iter().filter(|(_, active)| *active).map(|(silence, _)| silence).collect();
    let mut raised: BTreeMap<(usize, bool), Vec<AlertName>> = BTreeMap::new();
    for standing in &view.standing {
        let Some(place) = index.position(&standing.series) else { continue };
        let (target, labels) = (&standing.series.target, &index.series()[place].labels);
        let silenced = silences.iter().any(|silence| silence.scope.covers(target, &standing.alert, labels));
        raised.entry((place, silenced)).or_default().push(Arc::clone(&standing.alert));
    }
    raised.into_iter().map(|((place, silenced), alerts)| Raised { place, alerts, silenced }).collect()
}

impl Serialize for Raised {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.silenced {
            return (self.place, &self.alerts, true).serialize(serializer);
        }
        (self.place, &self.alerts).serialize(serializer)
    }
}

/// A number with the four digits that people look at; more would be sent for nothing.
pub(super) fn four_digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    // Two powers of ten that can be written exactly, so that the result is the nearest number with these digits.
    if digits >= 0 {
        let scale = 10_f64.powi(digits);
        (value * scale).round() / scale
    } else {
        let scale = 10_f64.powi(-digits);
        (value / scale).round() * scale
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smokeprobe_alerts::{Scope, Silence, When};

    use super::*;
    use crate::alerting::Standing;
    use crate::config::{InMemory, load_from};

    #[test]
    fn alerts_of_a_large_plan_are_silenced_by_target_alert_and_label() {
        use std::fmt::Write as _;

        let mut text = "*** Targets ***\nprobe = FPing\n+ Top\n".to_owned();
        for number in 0..COUNT {
            let label = ["labels = site=paris\n", ""][number % 2];
            writeln!(text, "++ T{number}\nhost = 192.0.2.1\n{label}").unwrap();
        }
        let plan = load_from(&InMemory::default().with("config", text), "config".as_ref());
        let index = Index::new(plan.plan.unwrap_or_else(|| panic!("{:?}", plan.diagnostics)).into());
        let standing = |number: usize| Standing {
            series: format!("Top.T{number}").parse().unwrap(),
            alert: "down".into(),
            standing: smokeprobe_alerts::Standing {
                since: 0,
                reason: String::new(),
                told: None,
                acknowledged: None,
                to: Arc::from([]),
                edgetrigger: true,
            },
            silent: None,
        };
        let silence = |scope| Silence {
            id: "x".into(),
            scope,
            when: When::Between { from: 0, until: Some(1) },
            comment: String::new(),
            author: String::new(),
        };
        let scopes = [
            Scope { targets: vec!["Top.T1".parse().unwrap()], ..Scope::default() },
            Scope { alerts: vec!["slow".to_owned()], ..Scope::default() },
            Scope { labels: [("site".to_owned(), "paris".to_owned())].into(), ..Scope::default() },
        ];
        let mut silences: Vec<_> = scopes.map(|scope| (silence(scope), true)).into();
        silences.push((silence(Scope::default()), false));
        let view = View { standing: (0..COUNT).map(standing).collect(), silences, ..View::default() };
        let raised = raised(&view, &index);
        assert_eq!(raised.len(), COUNT);
        for (number, raised) in raised.iter().enumerate() {
            assert_eq!((raised.place, raised.silenced), (number, number % 2 == 0 || number == 1), "{number}");
        }
    }

    /// As many as a large server has in one section.
    const COUNT: usize = 8000;

    #[test]
    fn numbers_are_sent_with_four_digits() {
        let shown = |value: f64| serde_json::to_string(&four_digits(value)).unwrap();
        let values = [0.004_213_456, 0.028_44, 0.05, 1.0 / 3.0, 12.345_678, 0.000_086_123_4, 0.999_96, 0.0, 123_456.0];
        let texts = values.map(shown);
        assert_eq!(texts, ["0.004213", "0.02844", "0.05", "0.3333", "12.35", "0.00008612", "1.0", "0.0", "123500.0"]);
    }
}
