//! What the tests of the outbox are made of: events, recipients, and times.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use smokeprobe_alerts::{Delivered, DeliveryError, Event, Facts, Message, Outbox, RecipientId, Terms, What};
use smokeprobe_core::WallTime;

pub(crate) const START: i64 = 1_700_000_000;
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn at(secs: u64) -> WallTime {
    WallTime::from_unix_secs(START) + Duration::from_secs(secs)
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) fn event(series: &str, what: What, recipients: &[&str]) -> Event {
    Event {
        series: series.parse().unwrap(),
        alert: "hostdown".into(),
        what,
        time: START,
        since: START,
        silent: None,
        recipients: recipients.iter().map(|name| RecipientId::new(name)).collect(),
        facts: Arc::new(Facts { edgetrigger: true, ..Facts::default() }),
    }
}

pub(crate) fn terms(group: u64) -> Terms {
    Terms { group: secs(group), rate: None, max_age: DAY }
}

pub(crate) fn following(recipients: &[(&str, Terms)]) -> Outbox {
    let mut outbox = Outbox::default();
    outbox.follow(at(0), plan(recipients));
    outbox
}

pub(crate) fn plan(recipients: &[(&str, Terms)]) -> BTreeMap<RecipientId, Terms> {
    recipients.iter().map(|(name, terms)| (RecipientId::new(name), terms.clone())).collect()
}

/// What a message tells: `ops: A.B raised, A.C raised`.
pub(crate) fn text(message: &Message) -> String {
    let events: Vec<String> =
        message.events.iter().map(|event| format!("{} {:?}", event.series, event.what).to_lowercase()).collect();
    format!("{}: {}", message.recipient, events.join(", "))
}

/// Everything that may be sent at a time, sent with success.
pub(crate) fn sent(outbox: &mut Outbox, now: WallTime) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(message) = outbox.poll_send(now) {
        texts.push(text(&message));
        outbox.handle_result(now, message.id, Ok(Delivered::default()));
    }
    texts
}

/// Everything that may be sent at a time, sent without success.
pub(crate) fn refused(outbox: &mut Outbox, now: WallTime) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(message) = outbox.poll_send(now) {
        texts.push(text(&message));
        outbox.handle_result(now, message.id, Err(DeliveryError::transient("connection refused")));
    }
    texts
}

/// A folder in memory where there is one: thousands of syncs of a real disk would test the disk, and take minutes.
pub(crate) fn folder_in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
