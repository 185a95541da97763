//! What the addresses of the alerts answer. Times are Unix seconds.

use std::collections::BTreeMap;

use serde::Serialize;
use smokeprobe_alerts::{
    Acknowledgement, AttemptOutcome, Event, PastAttempt, PastEvent, RecipientId, Silence, Silent, What, When,
};
use smokeprobe_core::{SeriesId, TargetPath};

use crate::alerting::{Listed, Standing};

/// An event, as the history and the live stream have it.
#[derive(Serialize)]
pub(in crate::web) struct EventBody<'a> {
    time: i64,
    series: &'a SeriesId,
    alert: &'a str,
    what: What,
    since: i64,
    /// Somebody is told.
    told: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    silent: Option<SilentBody>,
    recipients: &'a [RecipientId],
    host: &'a str,
    loss: &'a str,
    rtt: &'a str,
    reason: &'a str,
    comment: &'a str,
    edgetrigger: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u32>,
}

impl<'a> EventBody<'a> {
    pub(in crate::web) fn new(event: &'a Event) -> Self {
        let facts = &event.facts;
        Self {
            time: event.time,
            series: &event.series,
            alert: &event.alert,
            what: event.what,
            since: event.since,
            told: event.is_told() && !event.recipients.is_empty(),
            silent: event.silent.as_ref().map(SilentBody::new),
            recipients: &event.recipients,
            host: &facts.host,
            loss: &facts.loss,
            rtt: &facts.rtt,
            reason: &facts.reason,
            comment: &facts.comment,
            edgetrigger: facts.edgetrigger,
            priority: facts.priority,
        }
    }
}

#[derive(Serialize)]
pub(super) struct PastEventBody<'a> {
    id: u64,
    event: EventBody<'a>,
}

impl<'a> PastEventBody<'a> {
    pub(super) fn new(past: &'a PastEvent) -> Self {
        Self { id: past.id, event: EventBody::new(&past.event) }
    }
}

/// Why nobody is told.
#[derive(Serialize)]
pub(super) struct SilentBody {
    why: &'static str,
    /// The alert of higher priority, the series that is down or waited for, the silence.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

impl SilentBody {
    pub(super) fn new(silent: &Silent) -> Self {
        let (why, by) = match silent {
            Silent::Priority(alert) => ("priority", Some(alert.to_string())),
            Silent::Dependency(series) => ("dependency", Some(series.to_string())),
            Silent::Waiting(series) => ("waiting", Some(series.to_string())),
            Silent::Silenced(id) => ("silenced", Some(id.to_string())),
            Silent::Acknowledged => ("acknowledged", None),
            Silent::Repeat => ("repeat", None),
            Silent::NotEdge => ("not_edge", None),
            Silent::NeverTold => ("never_told", None),
            _ => ("other", None),
        };
        Self { why, by }
    }
}

#[derive(Serialize)]
pub(super) struct StandingBody<'a> {
    series: &'a SeriesId,
    alert: &'a str,
    since: i64,
    reason: &'a str,
    /// When somebody was last told; null when nobody was.
    told: Option<i64>,
    acknowledged: Option<AcknowledgementBody<'a>>,
    /// Why nobody was told of its newest event, where that is known.
    silent: Option<SilentBody>,
}

#[derive(Serialize)]
struct AcknowledgementBody<'a> {
    time: i64,
    author: &'a str,
    comment: &'a str,
}

impl<'a> StandingBody<'a> {
    pub(super) fn new(of: &'a Standing) -> Self {
        let acknowledgement = |Acknowledgement { time, author, comment }: &'a Acknowledgement| AcknowledgementBody {
            time: *time,
            author,
            comment,
        };
        Self {
            series: &of.series,
            alert: &of.alert,
            since: of.standing.since,
            reason: &of.standing.reason,
            told: of.standing.told,
            acknowledged: of.standing.acknowledged.as_ref().map(acknowledgement),
            silent: of.silent.as_ref().map(SilentBody::new),
        }
    }
}

#[derive(Serialize)]
pub(super) struct SilenceBody<'a> {
    id: &'a str,
    /// It holds now.
    active: bool,
    /// It is a maintenance window of the configuration, and not to be taken back here.
    maintenance: bool,
    targets: &'a [TargetPath],
    alerts: &'a [String],
    labels: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weekly: Option<WeeklyBody<'a>>,
    comment: &'a str,
    author: &'a str,
}

#[derive(Serialize)]
struct WeeklyBody<'a> {
    days: Vec<&'static str>,
    from: String,
    until: String,
    zone: &'a str,
}

/// How days are called, from Monday.
pub(super) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl<'a> SilenceBody<'a> {
    pub(super) fn new(silence: &'a Silence, active: bool, maintenance: bool) -> Self {
        let (from, until, weekly) = match &silence.when {
            When::Between { from, until } => (Some(*from), *until, None),
            When::Weekly(weekly) => {
                let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
                let days = weekly.days.iter().filter_map(|&day| DAYS.get(usize::from(day)).copied()).collect();
                let body =
                    WeeklyBody { days, from: clock(weekly.from), until: clock(weekly.until), zone: &weekly.zone };
                (None, None, Some(body))
            }
        };
        Self {
            id: &silence.id,
            active,
            maintenance,
            targets: &silence.scope.targets,
            alerts: &silence.scope.alerts,
            labels: &silence.scope.labels,
            from,
            until,
            weekly,
            comment: &silence.comment,
            author: &silence.author,
        }
    }
}

#[derive(Serialize)]
pub(super) struct MessageBody<'a> {
    id: u64,
    recipient: &'a RecipientId,
    created: f64,
    /// Not before this.
    due: f64,
    attempts: u32,
    /// Why it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    dead: Option<&'a str>,
    /// How many events it tells, and the first of them.
    events: usize,
    tells: Vec<EventBody<'a>>,
}

impl<'a> MessageBody<'a> {
    pub(super) fn new(Listed { message, events }: &'a Listed) -> Self {
        Self {
            id: message.id.0,
            recipient: &message.recipient,
            created: message.created.as_unix_secs_f64(),
            due: message.due.as_unix_secs_f64(),
            attempts: message.attempts,
            dead: message.dead.as_deref(),
            events: *events,
            tells: message.events.iter().map(EventBody::new).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct AttemptBody<'a> {
    id: u64,
    time: f64,
    message: u64,
    recipient: &'a RecipientId,
    number: u32,
    told: &'a [String],
    outcome: AttemptOutcome,
    note: &'a str,
}

impl<'a> AttemptBody<'a> {
    pub(super) fn new(past: &'a PastAttempt) -> Self {
        let attempt = &past.attempt;
        Self {
            id: past.id,
            time: attempt.time.as_unix_secs_f64(),
            message: attempt.message.0,
            recipient: &attempt.recipient,
            number: attempt.number,
            told: &attempt.told,
            outcome: attempt.outcome,
            note: &attempt.note,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn event_that_has_nobody_to_be_told_is_not_told() {
        let to = |recipients: &[RecipientId]| Event {
            series: "A.B".parse().unwrap(),
            alert: "hostdown".into(),
            what: What::Raised,
            time: 300,
            since: 300,
            silent: None,
            recipients: recipients.into(),
            facts: Arc::default(),
        };
        assert!(EventBody::new(&to(&[RecipientId::new("ops@example.net")])).told);
        assert!(!EventBody::new(&to(&[])).told);
    }
}
