//! Bodies as users write them: text with the tags of SmokePing's mails, and more.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Local};
use serde_json::Value;

use super::vantage;
use crate::event::Event;
use crate::notify::{DeliveryError, file};
use crate::outbox::Message;

/// Longer files are not templates, in bytes.
const LONGEST: u64 = 256 << 10;

/// A body with holes.
#[derive(Debug)]
pub(crate) struct Template(String);

impl Template {
    /// Reads the file anew each time, so that a change is picked up.
    pub(crate) async fn read(path: &Path, patience: Duration) -> Result<Self, DeliveryError> {
        file::read_text(path, LONGEST, patience).await.map(Self).map_err(|error| {
            let reason = format!("cannot use the template {}: {error}", path.display());
            match error.kind() {
                ErrorKind::TimedOut => DeliveryError::transient(reason),
                _ => DeliveryError::permanent(reason),
            }
        })
    }

    /// With an event's values, which are escaped as the kind of the body wants it.
    pub(crate) fn fill(&self, message: &Message, event: &Event, kind: &str) -> String {
        let escape = escape_for(kind);
        let mut out = String::with_capacity(self.0.len());
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once("<##") {
            out.push_str(before);
            let filled = after.split_once("##>").and_then(|(tag, tail)| Some((value(tag, message, event)?, tail)));
            if let Some((value, tail)) = filled {
                out.push_str(&escape(&value));
                rest = tail;
            } else {
                // Not a tag of ours.
                out.push_str("<##");
                rest = after;
            }
        }
        out.push_str(rest);
        out
    }
}

fn value(tag: &str, message: &Message, event: &Event) -> Option<String> {
    let facts = &*event.facts;
    Some(match tag {
        "ALERT" => event.alert.to_string(),
        "WHAT" => event.what_in_words().to_owned(),
        "LINE" => event.line(),
        "URL" => facts.url.clone().unwrap_or_default(),
        "STAMP" => stamp(event.time),
        "PAT" => facts.pattern.clone(),
        "LOSS" => facts.loss.clone(),
        "RTT" => facts.rtt.clone(),
        "COMMENT" => facts.comment.clone(),
        "STATE" => event.word().to_owned(),
        "TARGET" => event.series.target.to_string(),
        "VANTAGE" => vantage(event).unwrap_or_default().to_owned(),
        "HOST" => facts.host.clone(),
        "TITLE" => facts.title.clone(),
        "REASON" => facts.reason.clone(),
        "PRIORITY" => facts.priority.map(|priority| priority.to_string()).unwrap_or_default(),
        "TIME" => event.time.to_string(),
        "SINCE" => event.since.to_string(),
        "MESSAGE" => message.id.0.to_string(),
        _ => return None,
    })
}

/// As C's `ctime` writes a time, here and now.
fn stamp(unix: i64) -> String {
    let Some(time) = DateTime::from_timestamp(unix, 0) else { return unix.to_string() };
    time.with_timezone(&Local).format("%a %b %e %H:%M:%S %Y").to_string()
}

/// How values are written so that they cannot become anything else.
fn escape_for(kind: &str) -> fn(&str) -> String {
    let kind = kind.to_ascii_lowercase();
    if kind.contains("json") {
        json
    } else if kind.contains("x-www-form-urlencoded") {
        |text| url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
    } else if kind.contains("xml") || kind.contains("html") {
        |text| {
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&#39;")
        }
    } else {
        str::to_owned
    }
}

/// What stands between the quotes of a string (RFC 8259, 7).
fn json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
