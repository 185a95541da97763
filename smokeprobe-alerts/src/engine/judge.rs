//! One round of one series: its alerts are judged, and what became of them is told or not.
//!
//! The policy. "Matches" is a verdict to raise, "does not" one to clear; a verdict to hold changes and tells nothing.
//!
//! 1. Alerts are judged in the order of their priorities, those without one first.
//! 2. The first match raises: `Raised`. The first round that does not match clears: `Cleared`. State is kept whoever is
//!    told.
//! 3. Without edge trigger each further match is `Active`; with it only when `again` has passed since somebody was told.
//! 4. A match is not told while a silence holds, while what the target depends on is down, when somebody acknowledged the
//!    alert, when it has no edge trigger and was told less than `again` ago, or, when it has a priority, while another
//!    that goes before it stands. One that nobody was told of for a silence keeps no other silent.
//! 5. A raise that was not told for one of these is told as `Raised` at the first later match that nothing mutes.
//! 6. When a target and what it depends on fail together, whose round comes first is chance. So a raise waits for the
//!    next round of what the target depends on, half a step on the average, before it is told by 4. It does not wait
//!    when that cannot be at fault, as the round lost nothing; when the round before lost everything too, so that both
//!    were measured since; or when that is measured less often than the target. Of a raise while that was down, the
//!    round by which it is up again tells nothing: it may be over too, and 5 says when it is not.
//! 7. `Cleared` is told when the raise was and no silence holds; without edge trigger never.
//!
//! In the legacy semantics a priority mutes only in the round in which the other tells, but clearing too; clearing counts
//! as telling, and a raise that it muted counts as told: the program forgets it. Silences, dependencies and acknowledgements, which the program does not have, work
//! alike in both.

use std::collections::VecDeque;
use std::sync::Arc;

use smokeprobe_core::{SeriesId, WallTime};

use crate::alert::Watched;
use crate::engine::mutes::Mutes;
use crate::engine::series::{Judged, Series, hour_of};
use crate::event::{AlertName, Event, Facts, RecipientId, Silent, What};
use crate::rule::{Held, History, Observation, Verdict};
use crate::rules::Semantics;
use crate::season::Season;
use crate::state::Standing;

/// What judging needs to know beside the series.
#[derive(Debug)]
pub(super) struct Moment<'a> {
    /// What the round is called by: the end of its slot.
    pub(super) time: i64,
    /// When it is judged.
    pub(super) now: WallTime,
    pub(super) mutes: &'a Mutes,
    /// What the series depends on.
    pub(super) gateway: Option<Gateway>,
}

/// What a series depends on.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) series: SeriesId,
    pub(super) down: bool,
    /// It will be measured before the series is measured again.
    pub(super) soon: bool,
}

/// Where events go.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// To be polled.
    pub(super) queue: VecDeque<Event>,
    /// For the history.
    pub(super) history: Vec<Event>,
}

impl Said {
    pub(super) fn say(&mut self, event: Event) {
        // An alert that goes on and tells nobody is nothing that a person would look up.
        if event.is_told() || event.what != What::Active {
            self.history.push(event.clone());
        }
        self.queue.push_back(event);
    }
}

impl Series {
    /// Adds a round to the window and judges every alert.
    pub(super) fn judge(&mut self, observation: Observation, moment: &Moment<'_>, said: &mut Said) {
        let waits =
            moment.gateway.as_ref().is_some_and(|gateway| gateway.soon) && self.may_have_failed_with(&observation);
        self.window.push(observation, self.longest);
        self.note(&observation);
        self.last = Some(moment.time);
        let hour = hour_of(moment.time);
        let mut round =
            Round { watched: &self.watched, rounds: self.window.rounds(), moment, waits, first: None, place: None };
        for judged in &mut self.alerts {
            let history = History::new(round.rounds).with_season(season(
                &self.weeks,
                &self.seasons,
                judged.alert.rule.weeks(),
                hour,
            ));
            let held = if judged.standing.is_some() { Held::Yes } else { Held::No };
            let event = match judged.alert.rule.judge(&history, held) {
                Verdict::Hold => None,
                Verdict::Raise(reason) => round.matched(judged, reason),
                Verdict::Clear => judged.standing.take().map(|standing| round.cleared(judged, *standing)),
            };
            round.occupy(judged);
            if let Some(event) = event {
                said.say(event);
            }
        }
    }

    /// What it depends on was measured: what was raised by the newest round, and nobody was told of, is told now unless
    /// something mutes it.
    pub(super) fn reconsider(&mut self, moment: &Moment<'_>, said: &mut Said) {
        let rounds = self.window.rounds();
        let mut round = Round { watched: &self.watched, rounds, moment, waits: false, first: None, place: None };
        for judged in &mut self.alerts {
            let event = match &judged.standing {
                Some(standing) if standing.told.is_none() && standing.since == moment.time => {
                    let reason = standing.reason.clone();
                    round.matched(judged, reason).filter(Event::is_told)
                }
                _ => None,
            };
            round.occupy(judged);
            if let Some(event) = event {
                said.say(event);
            }
        }
    }

    /// Whether something was raised by the newest round that nobody was told of.
    pub(super) fn has_news(&self) -> bool {
        let fresh = |standing: &Standing| standing.told.is_none() && Some(standing.since) == self.last;
        self.alerts.iter().filter_map(|judged| judged.standing.as_deref()).any(fresh)
    }

    /// Whether a round lost something, and the one before did not lose everything.
    fn may_have_failed_with(&self, newest: &Observation) -> bool {
        let lost = |round: &Observation, percent: f64| matches!(round, Observation::Measured(round) if !round.suspect && round.loss >= percent);
        lost(newest, f64::MIN_POSITIVE) && !self.window.rounds().last().is_some_and(|before| lost(before, 100.0))
    }
}

/// The season for so many weeks, when it is of this hour.
fn season<'a>(weeks: &[u32], seasons: &'a [Option<Season>], wanted: u32, hour: i64) -> Option<&'a Season> {
    if wanted == 0 {
        return None;
    }
    let at = weeks.iter().position(|&known| known == wanted)?;
    seasons.get(at)?.as_ref().filter(|season| season.hour == hour)
}

/// A round while its alerts are judged.
struct Round<'a> {
    watched: &'a Watched,
    rounds: &'a [Observation],
    moment: &'a Moment<'a>,
    /// A raise waits for what the target depends on.
    waits: bool,
    /// The alert with a priority that has told in this round.
    first: Option<AlertName>,
    /// The first alert with a priority that stands.
    place: Option<AlertName>,
}

impl Round<'_> {
    fn matched(&mut self, judged: &mut Judged, reason: String) -> Option<Event> {
        let time = self.moment.time;
        let edge = judged.alert.edgetrigger;
        let told = judged.standing.as_ref().and_then(|standing| standing.told);
        // The common case of an alert that stands, before anything is looked up.
        if let (true, Some(told)) = (edge, told)
            && judged.alert.again.is_none_or(|again| !passed(told, time, again))
        {
            return None;
        }
        let silent = self.mute(judged);
        let what = match (&judged.standing, told, &silent) {
            (None, _, _) | (Some(_), None, None) => What::Raised,
            (Some(_), _, Some(_)) if edge => return None,
            (Some(_), _, _) => What::Active,
        };
        let new = || Standing {
            since: time,
            reason: reason.clone(),
            told: None,
            acknowledged: None,
            to: Arc::default(),
            edgetrigger: edge,
        };
        let standing = judged.standing.get_or_insert_with(|| Box::new(new()));
        standing.edgetrigger = edge;
        let since = standing.since;
        match &silent {
            None => {
                standing.told = Some(time);
                hear(&mut standing.to, &judged.recipients);
                judged.told = Some(time);
                self.count(judged);
            }
            Some(Silent::Priority(_)) if judged.alert.semantics == Semantics::Legacy => standing.told = Some(time),
            Some(_) => {}
        }
        Some(self.event(judged, what, since, silent, reason))
    }

    fn cleared(&mut self, judged: &mut Judged, standing: Standing) -> Event {
        let legacy = judged.alert.semantics == Semantics::Legacy;
        let edge = judged.alert.edgetrigger;
        let name = &judged.alert.name;
        let silent = match cleared_silently(name, edge, &standing, self.watched, self.moment.mutes, self.moment.now) {
            None if legacy => self.outranked(judged),
            silent => silent,
        };
        if silent.is_none() {
            judged.told = Some(self.moment.time);
            if legacy {
                self.count(judged);
            }
        }
        let recipients = told_of(&standing, &judged.recipients);
        Event { recipients, ..self.event(judged, What::Cleared, standing.since, silent, standing.reason) }
    }

    /// Why a match would not be told.
    fn mute(&self, judged: &Judged) -> Option<Silent> {
        if let Some(id) = self.moment.mutes.mutes(self.watched, &judged.alert.name, self.moment.now) {
            return Some(Silent::Silenced(id));
        }
        match &self.moment.gateway {
            Some(gateway) if gateway.down => return Some(Silent::Dependency(gateway.series.clone())),
            Some(gateway) if self.waits && judged.standing.is_none() => {
                return Some(Silent::Waiting(gateway.series.clone()));
            }
            _ => {}
        }
        if judged.standing.as_ref().is_some_and(|standing| standing.acknowledged.is_some()) {
            return Some(Silent::Acknowledged);
        }
        if let (false, Some(told), Some(again)) = (judged.alert.edgetrigger, judged.told, judged.alert.again)
            && !passed(told, self.moment.time, again)
        {
            return Some(Silent::Repeat);
        }
        self.outranked(judged)
    }

    fn outranked(&self, judged: &Judged) -> Option<Silent> {
        let first = match judged.alert.semantics {
            Semantics::Documented => &self.place,
            Semantics::Legacy => &self.first,
        };
        let first = first.as_ref().filter(|_| judged.alert.priority.is_some())?;
        Some(Silent::Priority(first.clone()))
    }

    /// The alert tells: others with a priority do not in this round.
    fn count(&mut self, judged: &Judged) {
        if judged.alert.priority.is_some() && self.first.is_none() {
            self.first = Some(judged.alert.name.clone());
        }
    }

    /// The alert was judged: while it stands, others with a priority are silent. Not when a silence hid it from the
    /// beginning: then nobody knows of either.
    fn occupy(&mut self, judged: &Judged) {
        if let (true, None, Some(standing)) = (judged.alert.priority.is_some(), &self.place, &judged.standing)
            && (standing.told.is_some()
                || self.moment.mutes.mutes(self.watched, &judged.alert.name, self.moment.now).is_none())
        {
            self.place = Some(judged.alert.name.clone());
        }
    }

    fn event(&self, judged: &Judged, what: What, since: i64, silent: Option<Silent>, reason: String) -> Event {
        Event {
            series: self.watched.series.clone(),
            alert: judged.alert.name.clone(),
            what,
            time: self.moment.time,
            since,
            silent,
            recipients: judged.recipients.clone(),
            facts: Arc::new(Facts::new(self.watched, &judged.alert, self.rounds, reason)),
        }
    }
}

/// Why nobody is told that an alert which stood is cleared, but for priorities.
pub(super) fn cleared_silently(
    alert: &str,
    edgetrigger: bool,
    standing: &Standing,
    watched: &Watched,
    mutes: &Mutes,
    now: WallTime,
) -> Option<Silent> {
    if !edgetrigger {
        return Some(Silent::NotEdge);
    }
    if standing.told.is_none() {
        return Some(Silent::NeverTold);
    }
    mutes.mutes(watched, alert, now).map(Silent::Silenced)
}

/// Who is told that what stood is cleared: those who were told that it is raised. Nobody was in the legacy semantics for
/// a priority, and by a state of before this was kept; then those who are named now.
pub(super) fn told_of(standing: &Standing, named: &Arc<[RecipientId]>) -> Arc<[RecipientId]> {
    if standing.to.is_empty() { named.clone() } else { standing.to.clone() }
}

/// Adds those who are told now to those who were told before.
fn hear(to: &mut Arc<[RecipientId]>, named: &Arc<[RecipientId]>) {
    if to.is_empty() {
        *to = named.clone();
    } else if named.iter().any(|recipient| !to.contains(recipient)) {
        let new = named.iter().filter(|recipient| !to.contains(recipient));
        *to = to.iter().chain(new).cloned().collect();
    }
}

/// Whether at least `again` lies between two times. Who was told in the future was told before the clock was set back:
/// nobody knows how long ago.
fn passed(told: i64, time: i64, again: std::time::Duration) -> bool {
    u64::try_from(time.saturating_sub(told)).map_or(true, |passed| passed >= again.as_secs())
}
