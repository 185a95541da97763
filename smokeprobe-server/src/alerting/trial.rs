//! Real messages about nothing: whether they arrive, before something happens.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use smokeprobe_alerts::{
    Alert, AlertPlan, Event, Facts, Message, MessageId, Notifier, Observation, RecipientId, Watched, What,
};
use smokeprobe_core::{SeriesId, WallTime};
use smokeprobe_store::{Consolidation, Query, Store};

use super::courier::guarded;
use super::desk::Refusal;
use super::past;

/// Rounds that a test shows at most.
const ROUNDS: usize = 20;

/// What to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trial {
    /// A message of no alert to these.
    To(Vec<RecipientId>),
    /// The message of an alert of a series, as if it were raised now, to all whom it would be told.
    Alert {
        /// Which alert.
        alert: String,
        /// Of which series.
        series: SeriesId,
    },
}

/// What came of a test at a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// Who was told.
    pub recipient: RecipientId,
    /// What the other side said, or why it was not told.
    pub result: Result<String, String>,
}

/// The messages of a test, one for each recipient. With `store` they show the last rounds that were stored.
///
/// # Errors
///
/// When there is no such alert or series.
pub fn messages(
    plan: &AlertPlan,
    store: Option<&dyn Store>,
    now: WallTime,
    trial: &Trial,
) -> Result<Vec<Message>, Refusal> {
    let event = match trial {
        Trial::To(recipients) => about_nothing(now, recipients.clone()),
        Trial::Alert { alert, series } => {
            let (watched, alert, recipients) = find(plan, series, alert)?;
            as_if_raised(watched, alert, recipients, store, now)
        }
    };
    let message = |(number, recipient): (usize, &RecipientId)| Message {
        // Not of the outbox, whose numbers begin at the other end.
        id: MessageId(u64::MAX - number as u64),
        recipient: recipient.clone(),
        events: vec![event.clone()],
        created: now,
        due: now,
        attempts: 0,
        dead: None,
    };
    Ok(event.recipients.iter().enumerate().map(message).collect())
}

/// Delivers each message once, all at the same time.
pub async fn deliver(notifiers: &BTreeMap<RecipientId, Arc<dyn Notifier>>, messages: Vec<Message>) -> Vec<Tested> {
    let deliveries = messages.into_iter().map(|message| async move {
        let result = match notifiers.get(&message.recipient) {
            Some(notifier) => guarded(&**notifier, &message).await.map(|done| done.note).map_err(|why| why.to_string()),
            None => Err("the configuration has no such recipient".to_owned()),
        };
        Tested { recipient: message.recipient, result }
    });
    join_all(deliveries).await
}

fn find<'a>(
    plan: &'a AlertPlan,
    series: &SeriesId,
    alert: &str,
) -> Result<(&'a Watched, &'a Alert, &'a [RecipientId]), Refusal> {
    let Some(watched) = plan.watched.iter().find(|watched| watched.series == *series) else {
        return Err(Refusal::NotFound(format!("{series} is not measured, or has no alerts")));
    };
    let Some((alert, recipients)) = watched.alerts.iter().find(|(known, _)| *known.name == *alert) else {
        let names: Vec<&str> = watched.alerts.iter().map(|(alert, _)| &*alert.name).collect();
        let message = format!("{series} has no alert {alert}; it has {}", names.join(", "));
        return Err(Refusal::NotFound(message));
    };
    if recipients.is_empty() {
        return Err(Refusal::Wrong(format!(
            "nobody is told of alert {} of {series}: it has no recipients",
            alert.name
        )));
    }
    Ok((watched, alert, recipients))
}

fn about_nothing(now: WallTime, recipients: Vec<RecipientId>) -> Event {
    let series = SeriesId::local("Smokeprobe.Test".parse().expect("two sound names"));
    let facts = Facts {
        host: "localhost".to_owned(),
        title: "A test of smokeprobe".to_owned(),
        loss: "loss: 0%, 0%, 100%".to_owned(),
        rtt: "rtt: 12ms, 12ms, U".to_owned(),
        pattern: ">50%".to_owned(),
        comment: "This is a test message. Nothing has happened.".to_owned(),
        reason: "somebody asked for a test".to_owned(),
        edgetrigger: true,
        ..Facts::default()
    };
    raised(series, "test", now, recipients, facts)
}

fn as_if_raised(
    watched: &Watched,
    alert: &Alert,
    recipients: &[RecipientId],
    store: Option<&dyn Store>,
    now: WallTime,
) -> Event {
    let rounds = last_rounds(watched, alert, store, now);
    let mut facts = Facts::new(watched, alert, &rounds, "this is a test, somebody asked for it".to_owned());
    facts.comment = format!("TEST: {}", alert.comment);
    raised(watched.series.clone(), &alert.name, now, recipients.to_vec(), facts)
}

fn raised(series: SeriesId, alert: &str, now: WallTime, recipients: Vec<RecipientId>, facts: Facts) -> Event {
    Event {
        series,
        alert: alert.into(),
        what: What::Raised,
        time: now.unix_secs(),
        since: now.unix_secs(),
        silent: None,
        recipients: recipients.into(),
        facts: Arc::new(facts),
    }
}

/// The newest rounds that are stored, or a series that begins.
fn last_rounds(watched: &Watched, alert: &Alert, store: Option<&dyn Store>, now: WallTime) -> Vec<Observation> {
    let count = alert.rule.window().clamp(1, ROUNDS);
    let step = i64::from(watched.step.as_secs());
    let query = Query {
        series: watched.series.clone(),
        from: now.unix_secs() - (count as i64 + 1) * step,
        to: now.unix_secs(),
        consolidation: Consolidation::Average,
        max_points: usize::MAX,
    };
    let frame = store.and_then(|store| store.query(&query).ok());
    let mut rounds: Vec<Observation> = frame.map_or_else(Vec::new, |frame| {
        let whole = (0..frame.rows()).filter(|&row| frame.end_of(row) <= now.unix_secs());
        whole.map(|row| past::observation(&frame, row)).collect()
    });
    rounds.drain(..rounds.len().saturating_sub(count));
    if rounds.is_empty() {
        rounds.push(Observation::Start);
    }
    rounds
}
