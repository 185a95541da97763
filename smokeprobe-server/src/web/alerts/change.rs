//! What people change: acknowledgements, silences, dead letters; and tests.

use std::collections::BTreeMap;
use std::fmt;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::de;
use serde::{Deserialize, Deserializer, Serialize};
use smokeprobe_alerts::{MessageId, RecipientId, Scope, Silence, Weekly, When};
use smokeprobe_core::{SeriesId, TargetPath, WallTime};

use super::super::WebState;
use super::super::access::{Operator, Sent, Visitor};
use super::super::answer::json;
use super::super::error::ApiError;
use super::super::params::Name;
use super::body::DAYS;
use super::desk;
use crate::alerting::trial::Trial;
use crate::timespec;

/// Characters of a comment at most, and of a name.
const WORDS: (usize, usize) = (2000, 200);

/// It is done.
#[derive(Serialize)]
struct DoneBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// What keeps it from being written to the disk, when something does.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct AcknowledgeBody {
    target: SeriesId,
    alert: String,
    #[serde(default)]
    author: String,
    #[serde(default)]
    comment: String,
}

pub(in crate::web) async fn acknowledge(
    State(web): State<WebState>,
    visitor: Visitor,
    Sent(body): Sent<AcknowledgeBody>,
) -> Result<Response, ApiError> {
    let AcknowledgeBody { target, alert, author, comment } = body;
    let author = visitor.author(author);
    words(&author, &comment)?;
    let warning = desk(&web)?.acknowledge(target, alert, author, comment).await?;
    json(&DoneBody { id: None, warning })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct SilenceOrder {
    #[serde(default)]
    targets: Vec<TargetPath>,
    #[serde(default)]
    alerts: Vec<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    from: Option<Moment>,
    until: Option<Moment>,
    weekly: Option<WeeklyOrder>,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    author: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WeeklyOrder {
    days: Vec<String>,
    from: String,
    until: String,
    #[serde(default)]
    zone: Option<String>,
}

pub(in crate::web) async fn silence(
    State(web): State<WebState>,
    visitor: Visitor,
    Sent(mut body): Sent<SilenceOrder>,
) -> Result<Response, ApiError> {
    body.author = visitor.author(body.author);
    let silence = body.silence(web.clock.wall())?;
    let (id, warning) = desk(&web)?.silence(silence).await?;
    json(&DoneBody { id: Some(id.to_string()), warning })
}

pub(in crate::web) async fn unsilence(
    State(web): State<WebState>,
    _: Operator,
    Name(id): Name,
) -> Result<Response, ApiError> {
    let warning = desk(&web)?.unsilence(id).await?;
    json(&DoneBody { id: None, warning })
}

pub(in crate::web) async fn message(
    State(web): State<WebState>,
    _: Operator,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
) -> Result<Response, ApiError> {
    let unknown = || ApiError::not_found("messages are tried again by /api/v1/alerts/messages/ID/retry, or dismissed");
    let Path((id, action)) = path.map_err(|_| unknown())?;
    let id = MessageId(id.parse().map_err(|_| unknown())?);
    let warning = match action.as_str() {
        "retry" => desk(&web)?.retry(id).await?,
        "dismiss" => desk(&web)?.dismiss(id).await?,
        _ => return Err(unknown()),
    };
    json(&DoneBody { id: None, warning })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct TestOrder {
    to: Option<String>,
    alert: Option<String>,
    target: Option<SeriesId>,
}

#[derive(Serialize)]
struct TestBody {
    results: Vec<TestResult>,
}

#[derive(Serialize)]
struct TestResult {
    recipient: String,
    delivered: bool,
    note: String,
}

pub(in crate::web) async fn test(
    State(web): State<WebState>,
    Sent(body): Sent<TestOrder>,
) -> Result<Response, ApiError> {
    let desk = desk(&web)?;
    let trial = match (body.to, body.alert, body.target) {
        (Some(to), None, None) => {
            let to = RecipientId::new(&to);
            let view = desk.view();
            if !view.counts.recipients.contains_key(&to) {
                let known: Vec<&str> = view.counts.recipients.keys().map(RecipientId::as_str).collect();
                let known = if known.is_empty() { "nobody".to_owned() } else { known.join(", ") };
                return Err(ApiError::bad_parameter("to", format!("is not a recipient; there is {known}")));
            }
            Trial::To(vec![to])
        }
        (None, Some(alert), Some(series)) => Trial::Alert { alert, series },
        _ => return Err(ApiError::bad_body("give to, or alert with target")),
    };
    let results = desk.test(trial).await?.into_iter().map(|tested| {
        let (delivered, note) = match tested.result {
            Ok(note) => (true, note),
            Err(why) => (false, why),
        };
        TestResult { recipient: tested.recipient.to_string(), delivered, note }
    });
    json(&TestBody { results: results.collect() })
}

impl SilenceOrder {
    fn silence(self, now: WallTime) -> Result<Silence, ApiError> {
        let Self { targets, alerts, labels, from, until, weekly, comment, author } = self;
        words(&author, &comment)?;
        if targets.len().max(alerts.len()).max(labels.len()) > 1000 {
            return Err(ApiError::bad_body("a silence has at most a thousand targets, alerts or labels"));
        }
        let when = match (weekly, from, until) {
            (Some(weekly), None, None) => When::Weekly(weekly.weekly()?),
            (Some(_), ..) => return Err(ApiError::bad_body("a weekly silence has no from and until of its own")),
            (None, from, until) => {
                let from = from.map_or(Ok(now.unix_secs()), |from| from.at("from", now))?;
                let until = until.map(|until| until.at("until", now)).transpose()?;
                if until.is_some_and(|until| until <= from.max(now.unix_secs())) {
                    return Err(ApiError::bad_parameter("until", "must lie after from, and in the future"));
                }
                When::Between { from, until }
            }
        };
        // Its id is made by who keeps it.
        let silence = Silence { id: "".into(), scope: Scope { targets, alerts, labels }, when, comment, author };
        silence.check().map_err(|error| ApiError::bad_body(format!("this silence would never hold: {error}")))?;
        Ok(silence)
    }
}

impl WeeklyOrder {
    fn weekly(self) -> Result<Weekly, ApiError> {
        let mut days = Vec::new();
        for name in &self.days {
            let Some(day) = DAYS.iter().position(|day| name.eq_ignore_ascii_case(day)) else {
                return Err(ApiError::bad_parameter("weekly.days", format!("must be some of {}", DAYS.join(", "))));
            };
            days.push(day as u8);
        }
        days.sort_unstable();
        days.dedup();
        let zone = self.zone.unwrap_or_else(|| "UTC".to_owned());
        let (from, until) = (clock("weekly.from", &self.from)?, clock("weekly.until", &self.until)?);
        Ok(Weekly { days, from, until, zone })
    }
}

/// Minutes after midnight of `22:30`.
fn clock(name: &'static str, text: &str) -> Result<u16, ApiError> {
    let parts = text.split_once(':').and_then(|(hours, minutes)| Some((hours.parse().ok()?, minutes.parse().ok()?)));
    match parts {
        Some((hours @ 0..24_u16, minutes @ 0..60_u16)) => Ok(hours * 60 + minutes),
        Some((24, 0)) => Ok(0),
        _ => Err(ApiError::bad_parameter(name, "must be a time of the day, such as 22:30")),
    }
}

fn words(author: &str, comment: &str) -> Result<(), ApiError> {
    if comment.chars().count() > WORDS.0 {
        return Err(ApiError::bad_parameter("comment", format!("is longer than {} characters", WORDS.0)));
    }
    if author.chars().count() > WORDS.1 {
        return Err(ApiError::bad_parameter("author", format!("is longer than {} characters", WORDS.1)));
    }
    Ok(())
}

/// A time: Unix seconds as a number, or a text as in parameters.
#[derive(Debug)]
enum Moment {
    Seconds(i64),
    Text(String),
}

impl Moment {
    fn at(self, name: &'static str, now: WallTime) -> Result<i64, ApiError> {
        match self {
            Self::Seconds(seconds) => Ok(seconds),
            Self::Text(text) => match timespec::parse(&text, now) {
                Ok(at) => Ok(at.unix_secs()),
                Err(error) => Err(ApiError::bad_parameter(name, error.to_string())),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl de::Visitor<'_> for Either {
            type Value = Moment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("Unix seconds, or a time such as \"+2h\"")
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Moment, E> {
                Ok(Moment::Seconds(seconds))
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Moment, E> {
                i64::try_from(seconds).map(Moment::Seconds).map_err(|_| E::custom("too far in the future"))
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Moment, E> {
                Ok(Moment::Seconds(seconds as i64))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Moment, E> {
                Ok(Moment::Text(text.to_owned()))
            }
        }

        deserializer.deserialize_any(Either)
    }
}
