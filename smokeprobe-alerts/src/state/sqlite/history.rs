//! What happened, and what was told: asked for, and forgotten.

use std::cmp::Reverse;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use smokeprobe_core::WallTime;

use super::{RowError, rows};
use crate::event::RecipientId;
use crate::outbox::{Attempt, MessageId};
use crate::state::{HistoryQuery, PastAttempt, PastEvent};

/// A target and everything below it, as a range that an index can answer: `/` is the character after `.`.
const BELOW: &str = "(target = ? OR (target > ? AND target < ?))";

/// Conditions of a query, with their values.
#[derive(Default)]
struct Conditions {
    terms: Vec<String>,
    values: Vec<Value>,
}

pub(super) fn events(connection: &Connection, query: &HistoryQuery) -> Result<Vec<PastEvent>, RowError> {
    let Some(top) = &query.below else { return events_of(connection, query, Conditions::default()) };
    // Apart, as an index has the events of one target in the order of time. Those of all below it have to be sorted, and a
    // target that has none below it may have tens of thousands of its own.
    let mut found = events_of(connection, query, Conditions::of("target = ?", [top.to_string()]))?;
    let below = Conditions::of("target > ? AND target < ?", [format!("{top}."), format!("{top}/")]);
    found.extend(events_of(connection, query, below)?);
    found.sort_by_key(|past| Reverse((past.event.time, past.id)));
    found.truncate(query.limit);
    Ok(found)
}

/// Events where also `wanted` is true.
fn events_of(
    connection: &Connection,
    query: &HistoryQuery,
    mut wanted: Conditions,
) -> Result<Vec<PastEvent>, RowError> {
    wanted.of_target_and_alert(&HistoryQuery { below: None, ..query.clone() });
    wanted.with("time >= ?", query.from);
    wanted.with("time < ?", query.to);
    if query.changes {
        // What is raised without an edge trigger is called active from the start.
        wanted.terms.push("(what <> 'active' OR time = since)".to_owned());
    }
    let sql = wanted.select("SELECT id, event FROM events", "time DESC, id DESC");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(wanted.limited(query)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(PastEvent { id: row.get(0)?, event: rows::event(row, 1)? });
    }
    Ok(found)
}

pub(super) fn attempts(connection: &Connection, query: &HistoryQuery) -> Result<Vec<PastAttempt>, RowError> {
    let mut wanted = Conditions::default();
    let mut of_told = Conditions::default();
    of_told.of_target_and_alert(query);
    if !of_told.terms.is_empty() {
        wanted.terms.push(format!("id IN (SELECT attempt FROM told WHERE {})", of_told.terms.join(" AND ")));
        wanted.values = of_told.values;
    }
    wanted.with("time_ns >= ?", query.from.map(nanos));
    wanted.with("time_ns < ?", query.to.map(nanos));
    let columns = "SELECT id, message, recipient, time_ns, number, outcome, note FROM attempts";
    let sql = wanted.select(columns, "time_ns DESC, id DESC");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut told = connection.prepare_cached("SELECT told FROM told WHERE attempt = ? ORDER BY place")?;
    let mut rows = statement.query(params_from_iter(wanted.limited(query)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id: u64 = row.get(0)?;
        let attempt = Attempt {
            message: MessageId(row.get(1)?),
            recipient: RecipientId::new(&row.get::<_, String>(2)?),
            time: WallTime::from_unix_nanos(row.get(3)?),
            number: row.get(4)?,
            told: told.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?,
            outcome: rows::outcome_of(&row.get::<_, String>(5)?)?,
            note: row.get(6)?,
        };
        found.push(PastAttempt { id, attempt });
    }
    Ok(found)
}

/// `rows` of events, and as many of attempts, are left at most.
pub(super) fn prune(connection: &Connection, before: WallTime, rows: u32) -> Result<(), RowError> {
    connection.execute("DELETE FROM events WHERE time < ?", [before.unix_secs()])?;
    connection.execute("DELETE FROM attempts WHERE time_ns < ?", [before.unix_nanos()])?;
    // The oldest go by their ids, which count up.
    connection.execute("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", [rows])?;
    connection.execute("DELETE FROM attempts WHERE id <= (SELECT max(id) FROM attempts) - ?", [rows])?;
    connection.execute("DELETE FROM paces WHERE until_ns < ?", [before.unix_nanos()])?;
    Ok(())
}

impl Conditions {
    fn of<const N: usize>(term: &str, values: [String; N]) -> Self {
        Self { terms: vec![term.to_owned()], values: values.map(Value::from).into() }
    }

    fn with(&mut self, term: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.terms.push(term.to_owned());
            self.values.push(value.into());
        }
    }

    fn of_target_and_alert(&mut self, query: &HistoryQuery) {
        if let Some(top) = &query.below {
            self.terms.push(BELOW.to_owned());
            self.values.extend([top.to_string().into(), format!("{top}.").into(), format!("{top}/").into()]);
        }
        if let Some(target) = &query.target {
            self.terms.push("target = ?".to_owned());
            self.values.push(target.to_string().into());
        }
        if let Some(alert) = &query.alert {
            self.terms.push("alert = ?".to_owned());
            self.values.push(alert.to_string().into());
        }
    }

    fn select(&self, columns: &str, order: &str) -> String {
        let word = if self.terms.is_empty() { "" } else { " WHERE " };
        format!("{columns}{word}{} ORDER BY {order} LIMIT ?", self.terms.join(" AND "))
    }

    fn limited(self, query: &HistoryQuery) -> Vec<Value> {
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        self.values.into_iter().chain([limit.into()]).collect()
    }
}

fn nanos(secs: i64) -> i64 {
    WallTime::from_unix_secs(secs).unix_nanos()
}
