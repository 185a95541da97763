//! What becomes of state when something else is watched from now on.
//!
//! 1. A series that is still watched keeps its window, its last slot and whether it is down. A window that must be
//!    longer keeps what it has and grows; the start marker does not come back.
//! 2. An alert whose [`meaning`](Alert::meaning) is the same keeps how it stands, whatever else of it changed.
//! 3. An alert whose rule changed, or that is no more, stands no more. Where somebody was told that it is raised they are
//!    told that it is cleared, with the reason: nothing else would ever end it for them. After a restart too, though of
//!    an alert that is gone altogether no more is known then than its name.
//! 4. A series that is watched no more is forgotten, after 3.

use std::sync::Arc;

use smokeprobe_core::{SeriesId, Slot, Step, WallTime};

use crate::alert::{Alert, Watched};
use crate::engine::judge::{Said, cleared_silently, told_of};
use crate::engine::mutes::Mutes;
use crate::engine::series::{Judged, Series};
use crate::engine::window::Window;
use crate::event::{AlertName, Event, Facts, RecipientId, What};
use crate::rule::Observation;
use crate::state::{SeriesState, Standing};

const CHANGED: &str = "the rule was changed";
const REMOVED: &str = "the alert was removed";

/// What there was of a series before.
#[derive(Debug)]
pub(super) struct Before {
    last: Option<i64>,
    since: Option<i64>,
    down: bool,
    window: Window,
    dirty: bool,
    alerts: Vec<AlertBefore>,
    /// Not known after a restart.
    watched: Option<Watched>,
}

#[derive(Debug)]
struct AlertBefore {
    name: AlertName,
    meaning: Arc<str>,
    told: Option<i64>,
    standing: Option<Box<Standing>>,
    /// Not known after a restart.
    known: Option<(Arc<Alert>, Arc<[RecipientId]>)>,
}

impl From<SeriesState> for Before {
    fn from(state: SeriesState) -> Self {
        let alert = |alert: crate::state::AlertState| AlertBefore {
            name: alert.alert,
            meaning: alert.meaning,
            told: alert.told,
            standing: alert.standing.map(Box::new),
            known: None,
        };
        Self {
            last: state.last,
            since: None,
            down: state.down,
            window: Window::restored(state.window),
            dirty: false,
            alerts: state.alerts.into_iter().map(alert).collect(),
            watched: None,
        }
    }
}

impl From<Series> for Before {
    fn from(series: Series) -> Self {
        let alert = |judged: Judged| AlertBefore {
            name: judged.alert.name.clone(),
            meaning: judged.alert.meaning.clone(),
            told: judged.told,
            standing: judged.standing,
            known: Some((judged.alert, judged.recipients)),
        };
        Self {
            last: series.last,
            since: Some(series.since),
            down: series.down,
            window: series.window,
            dirty: series.dirty,
            alerts: series.alerts.into_iter().map(alert).collect(),
            watched: Some(series.watched),
        }
    }
}

/// A series as it is watched from now on, with what there was of it before.
pub(super) fn follow(
    watched: Watched,
    before: Option<Before>,
    now: WallTime,
    mutes: &Mutes,
    said: &mut Said,
) -> Series {
    let since = Slot::containing(now, watched.step).end();
    let mut series = Series::new(watched, since);
    let Some(mut before) = before else {
        return series;
    };
    series.last = before.last;
    series.since = before.since.unwrap_or(since);
    series.down = before.down;
    series.dirty = before.dirty;
    series.window = before.window;
    let watched = before.watched.as_ref().unwrap_or(&series.watched);
    let mut ending = Ending { watched, rounds: series.window.rounds(), last: before.last, now, mutes, said };
    for judged in &mut series.alerts {
        let Some(at) = before.alerts.iter().position(|old| old.name == judged.alert.name) else {
            series.dirty = true;
            continue;
        };
        let mut old = before.alerts.swap_remove(at);
        judged.told = old.told;
        if old.meaning == judged.alert.meaning {
            judged.standing = old.standing;
            continue;
        }
        series.dirty = true;
        old.known.get_or_insert_with(|| (judged.alert.clone(), judged.recipients.clone()));
        ending.end(old, CHANGED);
    }
    series.dirty |= !before.alerts.is_empty();
    for old in before.alerts {
        ending.end(old, REMOVED);
    }
    series
}

/// Ends what stands of a series that is watched no more.
pub(super) fn forget(series: &SeriesId, before: Before, now: WallTime, mutes: &Mutes, said: &mut Said) {
    let unknown = Watched {
        series: series.clone(),
        step: Step::DEFAULT,
        host: String::new(),
        title: String::new(),
        url: None,
        labels: Arc::default(),
        depends: None,
        alerts: Vec::new(),
    };
    let watched = before.watched.as_ref().unwrap_or(&unknown);
    let mut ending = Ending { watched, rounds: before.window.rounds(), last: before.last, now, mutes, said };
    for old in before.alerts {
        ending.end(old, REMOVED);
    }
}

/// Ends what stands.
struct Ending<'a> {
    watched: &'a Watched,
    rounds: &'a [Observation],
    last: Option<i64>,
    now: WallTime,
    mutes: &'a Mutes,
    said: &'a mut Said,
}

impl Ending<'_> {
    fn end(&mut self, old: AlertBefore, reason: &str) {
        let Some(standing) = old.standing else {
            return;
        };
        let (edge, recipients, facts) = if let Some((alert, recipients)) = old.known {
            let facts = Facts::new(self.watched, &alert, self.rounds, reason.to_owned());
            (alert.edgetrigger, told_of(&standing, &recipients), facts)
        } else {
            let edgetrigger = standing.edgetrigger;
            let facts = Facts { reason: reason.to_owned(), edgetrigger, ..Facts::default() };
            (edgetrigger, standing.to.clone(), facts)
        };
        let silent = cleared_silently(&old.name, edge, &standing, self.watched, self.mutes, self.now);
        self.said.say(Event {
            series: self.watched.series.clone(),
            alert: old.name,
            what: What::Cleared,
            time: self.last.unwrap_or(standing.since),
            since: standing.since,
            silent,
            recipients,
            facts: Arc::new(facts),
        });
    }
}
