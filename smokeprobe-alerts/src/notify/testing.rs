//! Events and messages as they come out of engine and outbox, for tests of notifiers.

use std::sync::Arc;

use smokeprobe_core::WallTime;

use crate::event::{Event, Facts, RecipientId, What};
use crate::outbox::{Message, MessageId};

/// When the events of [`event`] happen: 2026-11-22 10:30:00 UTC, the end of a slot of five minutes.
pub const TIME: i64 = 1_795_343_400;

/// An event of the series `series` (such as `Test.Lossy`, or `Test.Lossy~boomer`), with all facts filled in.
///
/// The alert has an edge trigger; see [`plain_event`] for one without.
///
/// # Panics
///
/// When `series` is not the name of a series.
pub fn event(series: &str, alert: &str, what: What) -> Event {
    let Ok(series) = series.parse() else {
        panic!("{series} is not the name of a series");
    };
    Event {
        series,
        alert: alert.into(),
        what,
        time: TIME,
        since: TIME - if what == What::Raised { 0 } else { 600 },
        silent: None,
        recipients: Arc::from([]),
        facts: Arc::new(facts()),
    }
}

/// The same of an alert without edge trigger.
pub fn plain_event(series: &str, alert: &str, what: What) -> Event {
    let event = event(series, alert, what);
    Event { facts: Arc::new(Facts { edgetrigger: false, ..facts() }), ..event }
}

/// What [`event`] says. With characters that a careless message breaks at: quotes, `<&>`, Chinese.
pub fn facts() -> Facts {
    Facts {
        host: "lossy.example".to_owned(),
        title: "北京 <Storage> & \"S3\"".to_owned(),
        loss: "loss: S, 0%, 20%".to_owned(),
        rtt: "rtt: S, 12ms, U".to_owned(),
        pattern: ">0%,*12*,>0%,*12*,>0%".to_owned(),
        comment: "连续三次丢包 loss 3 times in a row".to_owned(),
        reason: "loss 20 % is above 0 %".to_owned(),
        edgetrigger: true,
        priority: None,
        url: Some("https://smoke.example/?target=Test.Lossy".to_owned()),
        mail_template: None,
    }
}

/// A message that was never tried.
pub fn message(recipient: &str, events: Vec<Event>) -> Message {
    let now = WallTime::from_unix_secs(TIME + 2);
    let recipient = RecipientId::new(recipient);
    Message { id: MessageId(17), recipient, events, created: now, due: now, attempts: 0, dead: None }
}
