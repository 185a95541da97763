//! A site with an engine, in virtual time.

mod reload;
mod restart;
mod told;
mod when;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use smokeprobe_core::{SeriesId, Slot, Step, WallTime};

use super::Engine;
use crate::alert::{Alert, AlertPlan, Watched};
use crate::event::{Event, RecipientId, Silent, What};
use crate::rule::{AlertRule, Held, History, Measurement, Observation, Verdict};
use crate::rules::{Kind, Semantics, parse};
use crate::silence::{Scope, Silence, When};

/// The step of everything here, in seconds.
pub(crate) const STEP: i64 = 300;

pub(crate) const GOOD: Observation = lost(0.0);
pub(crate) const BAD: Observation = lost(80.0);
pub(crate) const DEAD: Observation =
    Observation::Measured(Measurement { loss: 100.0, median: None, deviation: None, suspect: false });
pub(crate) const SUSPECT: Observation =
    Observation::Measured(Measurement { loss: 80.0, median: Some(0.01), deviation: Some(0.001), suspect: true });

pub(crate) const fn lost(loss: f64) -> Observation {
    Observation::Measured(Measurement { loss, median: Some(0.01), deviation: Some(0.001), suspect: false })
}

/// Raises when nothing was measured for so many rounds.
pub(crate) struct NoData(pub(crate) usize);

impl AlertRule for NoData {
    fn window(&self) -> usize {
        self.0
    }

    fn judge(&self, history: &History<'_>, _: Held) -> Verdict {
        let newest = history.newest(self.0);
        if newest.len() == self.0 && newest.iter().all(|round| *round == Observation::Unknown) {
            Verdict::Raise("nothing".into())
        } else {
            Verdict::Clear
        }
    }
}

/// An alert with an edge trigger on a loss pattern.
pub(crate) fn loss(name: &str, pattern: &str) -> Alert {
    by_rule(name, pattern, Arc::new(parse(Kind::Loss, pattern).unwrap()))
}

pub(crate) fn nodata(name: &str, rounds: usize) -> Alert {
    by_rule(name, &format!("nodata {rounds}"), Arc::new(NoData(rounds)))
}

pub(crate) fn by_rule(name: &str, text: &str, rule: Arc<dyn AlertRule>) -> Alert {
    Alert {
        name: name.into(),
        rule,
        meaning: text.into(),
        semantics: Semantics::Documented,
        edgetrigger: true,
        priority: None,
        again: None,
        pattern: text.into(),
        comment: "look at it".into(),
        mail_template: None,
    }
}

impl Alert {
    pub(crate) fn legacy(self) -> Self {
        let rule = parse(Kind::Loss, &self.pattern).unwrap().legacy(&self.name);
        Self { rule: Arc::new(rule), semantics: Semantics::Legacy, ..self }
    }

    pub(crate) fn every_round(self) -> Self {
        Self { edgetrigger: false, ..self }
    }

    pub(crate) fn rank(self, priority: u32) -> Self {
        Self { priority: Some(priority), ..self }
    }

    pub(crate) fn again(self, rounds: i64) -> Self {
        Self { again: Some(Duration::from_secs((rounds * STEP).unsigned_abs())), ..self }
    }
}

pub(crate) fn id(series: &str) -> SeriesId {
    series.parse().unwrap()
}

pub(crate) fn at(seconds: i64) -> WallTime {
    WallTime::from_unix_secs(seconds)
}

/// A series with its alerts, which tell `ops`.
pub(crate) fn watched(series: &str, alerts: Vec<Alert>) -> Watched {
    let ops: Arc<[RecipientId]> = Arc::from([RecipientId::new("ops")]);
    Watched {
        series: id(series),
        step: Step::from_secs(300).unwrap(),
        host: "host.example".into(),
        title: "A host".into(),
        url: None,
        labels: Arc::new(BTreeMap::from([("site".into(), "paris".into())])),
        depends: None,
        alerts: alerts.into_iter().map(|alert| (Arc::new(alert), ops.clone())).collect(),
    }
}

pub(crate) fn plan(watched: Vec<Watched>) -> AlertPlan {
    AlertPlan { watched, maintenance: Vec::new() }
}

/// A silence of everything between two times.
pub(crate) fn silence(id: &str, from: i64, until: Option<i64>) -> Silence {
    Silence {
        id: id.into(),
        scope: Scope::default(),
        when: When::Between { from, until },
        comment: "works".into(),
        author: "tess".into(),
    }
}

/// The series `A` with its alerts, whose first slot ends at one step after the epoch.
pub(crate) struct Site {
    pub(crate) engine: Engine,
}

impl Site {
    pub(crate) fn new(alerts: Vec<Alert>) -> Self {
        Self::of(vec![watched("A", alerts)])
    }

    pub(crate) fn of(watched: Vec<Watched>) -> Self {
        let mut engine = Engine::default();
        engine.follow(WallTime::EPOCH, plan(watched));
        Self { engine }
    }

    /// The round of slot `number` (from 1) of `A`, and what is said of it.
    pub(crate) fn round(&mut self, number: i64, observation: Observation) -> Vec<String> {
        self.round_of("A", number, observation)
    }

    pub(crate) fn round_of(&mut self, series: &str, number: i64, observation: Observation) -> Vec<String> {
        self.engine.handle_round(at(number * STEP), &id(series), slot(number), observation);
        self.said()
    }

    /// Rounds one after the other from slot `first` on.
    pub(crate) fn rounds(&mut self, first: i64, observations: &[Observation]) -> Vec<String> {
        let mut said = Vec::new();
        for (number, observation) in (first..).zip(observations) {
            said.extend(self.round(number, *observation).into_iter().map(|words| format!("{number} {words}")));
        }
        said
    }

    pub(crate) fn timeout(&mut self, now: i64) -> Vec<String> {
        self.engine.handle_timeout(at(now));
        self.said()
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.engine.poll_event()).collect()
    }

    pub(crate) fn said(&mut self) -> Vec<String> {
        self.events().iter().map(words).collect()
    }

    pub(crate) fn standing(&self) -> Vec<String> {
        self.engine.standing().map(|(series, alert, standing)| format!("{series} {alert} {}", standing.since)).collect()
    }
}

pub(crate) fn slot(number: i64) -> Slot {
    Slot::ending_at(number * STEP, Step::from_secs(300).unwrap())
}

/// An event in short.
pub(crate) fn words(event: &Event) -> String {
    let what = match event.what {
        What::Raised => "raised",
        What::Active => "active",
        What::Cleared => "cleared",
    };
    let silent = match &event.silent {
        None => String::new(),
        Some(Silent::Priority(by)) => format!(", silent: priority of {by}"),
        Some(Silent::Dependency(on)) => format!(", silent: {on} is down"),
        Some(Silent::Waiting(on)) => format!(", silent: waits for {on}"),
        Some(Silent::Silenced(id)) => format!(", silent: {id}"),
        Some(Silent::Acknowledged) => ", silent: acknowledged".into(),
        Some(Silent::Repeat) => ", silent: repeat".into(),
        Some(Silent::NotEdge) => ", silent: not edge".into(),
        Some(Silent::NeverTold) => ", silent: never told".into(),
    };
    format!("{} {what}{silent}", event.alert)
}
