//! State as rows, and back.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use smokeprobe_core::{SeriesId, WallTime};

use super::RowError;
use crate::event::{Event, Facts, RecipientId};
use crate::outbox::{Attempt, AttemptOutcome, Message, MessageId};
use crate::state::{Acknowledgement, AlertState, Change, Pace, Saved, SeriesState, Standing, told_parts};

/// An alert of a series, but for most of how it stands.
#[derive(Serialize, Deserialize)]
struct Judged<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    meaning: Cow<'a, str>,
    told: Option<i64>,
    /// When it is raised. Files of before this was kept have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raised: Option<Raised>,
}

/// Who heard that an alert is raised.
#[derive(Serialize, Deserialize)]
struct Raised {
    to: Arc<[RecipientId]>,
    edgetrigger: bool,
}

/// Everything but the history.
pub(super) fn load(connection: &Connection) -> Result<Saved, RowError> {
    Ok(Saved {
        series: series(connection)?,
        silences: {
            let mut silences = connection.prepare("SELECT silence FROM silences ORDER BY id")?;
            let silences = silences.query_map([], |row| row.get::<_, String>(0))?;
            silences.map(|silence| read("silence", &silence?)).collect::<Result<_, _>>()?
        },
        messages: messages(connection)?,
        last_message: {
            let last = "SELECT value FROM meta WHERE name = 'last_message'";
            let last: Option<String> = connection.query_row(last, [], |row| row.get(0)).optional()?;
            let last = last.and_then(|last| last.parse().ok());
            let last: u64 = last.ok_or_else(|| "the last number of a message is not known".to_owned())?;
            (last > 0).then_some(MessageId(last))
        },
        paces: {
            let mut paces = connection.prepare("SELECT recipient, until_ns FROM paces ORDER BY recipient")?;
            let pace = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?));
            let pace = paces.query_map([], pace)?.map(|pace| {
                pace.map(|(recipient, until)| Pace {
                    recipient: RecipientId::new(&recipient),
                    until: WallTime::from_unix_nanos(until),
                })
            });
            pace.collect::<Result<_, _>>()?
        },
    })
}

/// Writes a change; the caller makes it one transaction.
pub(super) fn write(connection: &Connection, change: &Change) -> Result<(), RowError> {
    write_series(connection, change)?;
    let mut set = connection.prepare_cached(
        "INSERT INTO silences VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET author = ?2, comment = ?3, silence = ?4",
    )?;
    for silence in &change.silences {
        set.execute(params![silence.id, silence.author, silence.comment, json(silence)?])?;
    }
    let mut take_back = connection.prepare_cached("DELETE FROM silences WHERE id = ?1")?;
    for id in &change.unsilenced {
        take_back.execute([id])?;
    }
    write_messages(connection, change)?;
    let mut pace = connection
        .prepare_cached("INSERT INTO paces VALUES (?1, ?2) ON CONFLICT DO UPDATE SET until_ns = excluded.until_ns")?;
    for Pace { recipient, until } in &change.paces {
        pace.execute(params![recipient.as_str(), until.unix_nanos()])?;
    }
    write_events(connection, &change.events)?;
    write_attempts(connection, &change.attempts)
}

/// An event of the history.
pub(super) fn event(row: &rusqlite::Row<'_>, column: usize) -> Result<Event, RowError> {
    read("event", text(row, column)?)
}

/// The word for an outcome.
pub(super) fn outcome_of(word: &str) -> Result<AttemptOutcome, RowError> {
    match word {
        "delivered" => Ok(AttemptOutcome::Delivered),
        "retried" => Ok(AttemptOutcome::Retried),
        "given_up" => Ok(AttemptOutcome::GivenUp),
        other => Err(format!("an attempt cannot end with {other:?}").into()),
    }
}

fn series(connection: &Connection) -> Result<Vec<SeriesState>, RowError> {
    let mut standing = standing(connection)?;
    let mut rows = connection.prepare("SELECT series, last, down, window, alerts FROM series")?;
    let mut rows = rows.query([])?;
    let mut series = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let mut raised = standing.remove(&name).unwrap_or_default();
        let mut alerts = Vec::new();
        for Judged { name, meaning, told, raised: heard } in read::<Vec<Judged<'_>>>("alerts", text(row, 4)?)? {
            let mut standing = raised.remove(&*name);
            if let (Some(standing), Some(heard)) = (&mut standing, heard) {
                (standing.to, standing.edgetrigger) = (heard.to, heard.edgetrigger);
            }
            alerts.push(AlertState { alert: name.into(), meaning: meaning.into(), told, standing });
        }
        if let Some(alert) = raised.keys().next() {
            return Err(format!("{alert} of {name} is raised, but no alert of it").into());
        }
        series.push(SeriesState {
            series: series_of(&name)?,
            last: row.get(1)?,
            down: row.get(2)?,
            window: read("window", text(row, 3)?)?,
            alerts,
        });
    }
    if let Some(name) = standing.keys().next() {
        return Err(format!("an alert of {name} is raised, but no such series is watched").into());
    }
    series.sort_by(|a, b| a.series.cmp(&b.series));
    Ok(series)
}

/// What is raised, by series and alert.
fn standing(connection: &Connection) -> Result<HashMap<String, HashMap<String, Standing>>, RowError> {
    let mut rows = connection.prepare(
        "SELECT series, alert, since, reason, told, acknowledged, acknowledged_by, acknowledged_comment FROM standing",
    )?;
    let mut rows = rows.query([])?;
    let mut standing: HashMap<String, HashMap<String, Standing>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let acknowledged = match row.get(5)? {
            None => None,
            Some(time) => Some(Acknowledgement { time, author: row.get(6)?, comment: row.get(7)? }),
        };
        let raised = Standing {
            since: row.get(2)?,
            reason: row.get(3)?,
            told: row.get(4)?,
            acknowledged,
            // With the alerts of the series, if anywhere.
            to: Arc::from([]),
            edgetrigger: true,
        };
        standing.entry(row.get(0)?).or_default().insert(row.get(1)?, raised);
    }
    Ok(standing)
}

fn messages(connection: &Connection) -> Result<Vec<Message>, RowError> {
    let mut rows = connection
        .prepare("SELECT id, recipient, created_ns, due_ns, attempts, dead, events FROM messages ORDER BY id")?;
    let mut rows = rows.query([])?;
    let mut messages = Vec::new();
    while let Some(row) = rows.next()? {
        let events: Vec<Event> = read("events", text(row, 6)?)?;
        messages.push(Message {
            id: MessageId(row.get(0)?),
            recipient: RecipientId::new(text(row, 1)?),
            events,
            created: WallTime::from_unix_nanos(row.get(2)?),
            due: WallTime::from_unix_nanos(row.get(3)?),
            attempts: row.get(4)?,
            dead: row.get(5)?,
        });
    }
    Ok(messages)
}

fn write_series(connection: &Connection, change: &Change) -> Result<(), RowError> {
    let mut put = connection.prepare_cached(
        "INSERT INTO series VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET last = ?2, down = ?3, window = ?4, alerts = ?5",
    )?;
    let mut lower = connection.prepare_cached("DELETE FROM standing WHERE series = ?1")?;
    let mut raise =
        connection.prepare_cached("INSERT OR REPLACE INTO standing VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    for state in &change.series {
        let state = state.without_nan();
        let name = state.series.to_string();
        let alerts: Vec<Judged<'_>> = state.alerts.iter().map(Judged::from).collect();
        put.execute(params![name, state.last, state.down, json(&state.window)?, json(&alerts)?])?;
        lower.execute([&name])?;
        for alert in &state.alerts {
            let Some(Standing { since, reason, told, acknowledged, to: _, edgetrigger: _ }) = &alert.standing else {
                continue;
            };
            let acknowledged = acknowledged.as_ref();
            raise.execute(params![
                name,
                alert.alert,
                since,
                reason,
                told,
                acknowledged.map(|known| known.time),
                acknowledged.map(|known| &known.author),
                acknowledged.map(|known| &known.comment),
            ])?;
        }
    }
    let mut forget = connection.prepare_cached("DELETE FROM series WHERE series = ?1")?;
    for series in &change.forgotten {
        let name = series.to_string();
        lower.execute([&name])?;
        forget.execute([&name])?;
    }
    Ok(())
}

fn write_messages(connection: &Connection, change: &Change) -> Result<(), RowError> {
    let mut put = connection.prepare_cached(
        "INSERT INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET recipient = ?2, created_ns = ?3, due_ns = ?4, attempts = ?5, dead = ?6, events = ?7",
    )?;
    for message in &change.messages {
        let events: Vec<_> = message.events.iter().map(writable).collect();
        put.execute(params![
            message.id.0,
            message.recipient.as_str(),
            message.created.unix_nanos(),
            message.due.unix_nanos(),
            message.attempts,
            message.dead,
            json(&events)?,
        ])?;
    }
    let mut finish = connection.prepare_cached("DELETE FROM messages WHERE id = ?1")?;
    for id in &change.finished {
        finish.execute([id.0])?;
    }
    if let Some(last) = change.last_message() {
        let mut number = connection
            .prepare_cached("UPDATE meta SET value = ?1 WHERE name = 'last_message' AND CAST(value AS INTEGER) < ?2")?;
        number.execute(params![last.0.to_string(), last.0])?;
    }
    Ok(())
}

fn write_events(connection: &Connection, events: &[Event]) -> Result<(), RowError> {
    let mut put = connection.prepare_cached(
        "INSERT INTO events (time, series, target, alert, what, since, silent, event)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for event in events {
        put.execute(params![
            event.time,
            event.series.to_string(),
            event.series.target.as_str(),
            event.alert,
            event.word(),
            event.since,
            event.silent.as_ref().map(json).transpose()?,
            json(&writable(event))?,
        ])?;
    }
    Ok(())
}

fn write_attempts(connection: &Connection, attempts: &[Attempt]) -> Result<(), RowError> {
    let mut put = connection.prepare_cached(
        "INSERT INTO attempts (time_ns, message, recipient, number, outcome, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut tell = connection.prepare_cached("INSERT INTO told VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for attempt in attempts {
        let outcome = match attempt.outcome {
            AttemptOutcome::Delivered => "delivered",
            AttemptOutcome::Retried => "retried",
            AttemptOutcome::GivenUp => "given_up",
        };
        put.execute(params![
            attempt.time.unix_nanos(),
            attempt.message.0,
            attempt.recipient.as_str(),
            attempt.number,
            outcome,
            attempt.note,
        ])?;
        let id = connection.last_insert_rowid();
        for (place, told) in attempt.told.iter().enumerate() {
            let parts = told_parts(told);
            let target = parts.map(|(series, _, _)| series.split('~').next().unwrap_or(series));
            tell.execute(params![id, place as i64, told, target, parts.map(|(_, alert, _)| alert)])?;
        }
    }
    Ok(())
}

impl<'a> From<&'a AlertState> for Judged<'a> {
    fn from(state: &'a AlertState) -> Self {
        let raised = |standing: &Standing| Raised { to: standing.to.clone(), edgetrigger: standing.edgetrigger };
        Self {
            name: Cow::Borrowed(&state.alert),
            meaning: Cow::Borrowed(&state.meaning),
            told: state.told,
            raised: state.standing.as_ref().map(raised),
        }
    }
}

/// The event as JSON can hold it: a path that is no text is left out, as no configuration can have named it.
fn writable(event: &Event) -> Cow<'_, Event> {
    let unwritable = |path: &std::path::PathBuf| path.to_str().is_none();
    if event.facts.mail_template.as_ref().is_some_and(unwritable) {
        let facts = Arc::new(Facts { mail_template: None, ..(*event.facts).clone() });
        return Cow::Owned(Event { facts, ..event.clone() });
    }
    Cow::Borrowed(event)
}

fn json(value: &impl Serialize) -> Result<String, RowError> {
    serde_json::to_string(value).map_err(|error| format!("it cannot be written as JSON: {error}").into())
}

fn read<'a, T: Deserialize<'a>>(what: &str, json: &'a str) -> Result<T, RowError> {
    serde_json::from_str(json).map_err(|error| format!("a row has {what} that are none: {error}").into())
}

fn series_of(name: &str) -> Result<SeriesId, RowError> {
    name.parse().map_err(|error| format!("{name:?} names no series: {error}").into())
}

fn text<'a>(row: &'a rusqlite::Row<'_>, column: usize) -> Result<&'a str, RowError> {
    let value = row.get_ref(column)?;
    value.as_str().map_err(|error| format!("column {column} of a row is no text: {error}").into())
}
