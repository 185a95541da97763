//! Prometheus' Alertmanager: alerts as its API version 2 takes them, `POST /api/v2/alerts`.
//!
//! Its clients are expected to repeat an alert while it stands, and to say until when it should stand otherwise. Ours
//! tell when an alert is raised and when it is cleared, so one that is raised stands until then, or for
//! [`STANDS_AT_MOST`]; one without an edge trigger, which never tells that it is cleared, stands for [`REPEATED_WITHIN`]
//! after each time that it is told.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value, json};
use smokeprobe_core::{SeriesId, Vantage};

use super::http::{Client, Service};
use super::{Delivered, DeliveryError, Notifier, Secret};
use crate::event::{Event, What};
use crate::outbox::Message;

/// An alert that nobody clears, because its target is measured no more, is over after this time. Reminders renew it.
const STANDS_AT_MOST: Duration = Duration::from_secs(30 * 24 * 3600);
/// An alert without edge trigger is over when it was not told again within this time: three of the usual steps.
const REPEATED_WITHIN: Duration = Duration::from_secs(900);

const PATH: &str = "/api/v2/alerts";

/// An Alertmanager.
#[derive(Debug)]
pub struct Alertmanager {
    client: Client,
    address: Secret,
    service: Service,
}

impl Alertmanager {
    /// With its address, such as `http://host:9093`; a prefix, a user and a password may be in it.
    pub fn new(client: Client, address: Secret, service: Service) -> Self {
        Self { client, address, service }
    }
}

#[async_trait]
impl Notifier for Alertmanager {
    fn name(&self) -> &'static str {
        "alertmanager"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        let address = match &self.service.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => self.address.reveal(self.service.timeout).await?,
        };
        let base = address.trim_end_matches('/');
        let url = if base.ends_with(PATH) { base.to_owned() } else { format!("{base}{PATH}") };
        let alerts: Vec<Value> = newest(&message.events).map(alert).collect();
        let answer = self.service.tell(&self.client, url, &Value::Array(alerts)).await?;
        Ok(Delivered::with(answer.excerpt()))
    }
}

/// The last word on each alert: of an alert that is raised and cleared in one message the first must not win.
fn newest(events: &[Event]) -> impl Iterator<Item = &Event> {
    let same = |a: &Event, b: &Event| a.series == b.series && a.alert == b.alert;
    let last = move |(at, event): &(usize, &Event)| !events[at + 1..].iter().any(|later| same(event, later));
    events.iter().enumerate().filter(last).map(|(_, event)| event)
}

fn alert(event: &Event) -> Value {
    let facts = &*event.facts;
    let stands = if facts.edgetrigger { STANDS_AT_MOST } else { REPEATED_WITHIN };
    let end = match event.what {
        What::Cleared => event.time,
        What::Raised | What::Active => event.time.saturating_add_unsigned(stands.as_secs()),
    };
    let mut annotations = Map::new();
    let summary = format!("{} {} on {}", event.alert, event.what_in_words(), event.line());
    let known = [
        ("summary", summary.as_str()),
        ("description", &facts.reason),
        ("comment", &facts.comment),
        ("title", &facts.title),
        ("host", &facts.host),
        ("loss", &facts.loss),
        ("rtt", &facts.rtt),
        ("pattern", &facts.pattern),
    ];
    annotations
        .extend(known.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| ((*name).into(), json!(text))));
    let mut alert = json!({
        "labels": labels(&event.series, &event.alert, facts.priority),
        "annotations": annotations,
        "startsAt": rfc3339(event.since),
        "endsAt": rfc3339(end.max(event.since)),
    });
    if let Some(url) = facts.url.as_deref().filter(|url| url::Url::parse(url).is_ok()) {
        alert["generatorURL"] = url.into();
    }
    alert
}

/// What names the alert: the same when it is raised and when it is cleared. As in our metrics there is no vantage point
/// where this machine is it.
fn labels(series: &SeriesId, alert: &str, priority: Option<u32>) -> Value {
    let mut labels = json!({
        "alertname": alert,
        "target": series.target.to_string(),
        "severity": if priority == Some(1) { "critical" } else { "warning" },
        "job": "smokeprobe",
    });
    if let Vantage::Slave(slave) = &series.vantage {
        labels["vantage"] = slave.to_string().into();
    }
    labels
}

fn rfc3339(unix: i64) -> String {
    DateTime::from_timestamp(unix, 0).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}
