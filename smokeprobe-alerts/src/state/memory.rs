//! The state in memory: obvious, and gone with the process. The model that others are compared with.

use std::collections::BTreeMap;
use std::sync::Arc;

use smokeprobe_core::{SeriesId, WallTime};

use super::{
    Change, HistoryQuery, Pace, PastAttempt, PastEvent, Saved, SeriesState, StateError, StateStore, is_of, told_parts,
};
use crate::event::{RecipientId, What};
use crate::outbox::{Message, MessageId};
use crate::silence::Silence;

/// Keeps everything in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryState {
    series: BTreeMap<SeriesId, SeriesState>,
    silences: BTreeMap<Arc<str>, Silence>,
    messages: BTreeMap<MessageId, Message>,
    last_message: Option<MessageId>,
    paces: BTreeMap<RecipientId, Pace>,
    events: Vec<PastEvent>,
    attempts: Vec<PastAttempt>,
    last_event: u64,
    last_attempt: u64,
}

impl StateStore for MemoryState {
    fn load(&mut self) -> Result<Saved, StateError> {
        Ok(Saved {
            series: self.series.values().cloned().collect(),
            silences: self.silences.values().cloned().collect(),
            messages: self.messages.values().cloned().collect(),
            last_message: self.last_message,
            paces: self.paces.values().cloned().collect(),
        })
    }

    fn commit(&mut self, change: &Change) -> Result<(), StateError> {
        for state in &change.series {
            self.series.insert(state.series.clone(), state.without_nan());
        }
        change.forgotten.iter().for_each(|series| drop(self.series.remove(series)));
        for silence in &change.silences {
            self.silences.insert(silence.id.clone(), silence.clone());
        }
        change.unsilenced.iter().for_each(|id| drop(self.silences.remove(id)));
        for message in &change.messages {
            self.messages.insert(message.id, message.clone());
        }
        change.finished.iter().for_each(|id| drop(self.messages.remove(id)));
        self.last_message = self.last_message.max(change.last_message());
        for pace in &change.paces {
            self.paces.insert(pace.recipient.clone(), pace.clone());
        }
        for event in &change.events {
            self.last_event += 1;
            self.events.push(PastEvent { id: self.last_event, event: event.clone() });
        }
        for attempt in &change.attempts {
            self.last_attempt += 1;
            self.attempts.push(PastAttempt { id: self.last_attempt, attempt: attempt.clone() });
        }
        Ok(())
    }

    fn events(&self, query: &HistoryQuery) -> Result<Vec<PastEvent>, StateError> {
        let mut found: Vec<PastEvent> = self
            .events
            .iter()
            .filter(|past| {
                let event = &past.event;
                in_time(query, event.time)
                    && !(query.changes && event.what == What::Active)
                    && is_of(event.series.target.as_str(), query)
                    && query.alert.as_ref().is_none_or(|alert| *alert == event.alert)
            })
            .cloned()
            .collect();
        found.sort_by_key(|past| std::cmp::Reverse((past.event.time, past.id)));
        found.truncate(query.limit);
        Ok(found)
    }

    fn attempts(&self, query: &HistoryQuery) -> Result<Vec<PastAttempt>, StateError> {
        let wanted = |told: &String| {
            let parts = told_parts(told);
            let target = parts.map_or("", |(series, _, _)| series.split('~').next().unwrap_or(series));
            is_of(target, query)
                && query.alert.as_ref().is_none_or(|name| parts.is_some_and(|(_, alert, _)| *alert == **name))
        };
        let mut found: Vec<PastAttempt> = self
            .attempts
            .iter()
            .filter(|past| {
                let anything = query.below.is_none() && query.target.is_none() && query.alert.is_none();
                in_time(query, past.attempt.time.unix_secs()) && (anything || past.attempt.told.iter().any(wanted))
            })
            .cloned()
            .collect();
        found.sort_by_key(|past| std::cmp::Reverse((past.attempt.time, past.id)));
        found.truncate(query.limit);
        Ok(found)
    }

    fn prune(&mut self, before: WallTime) -> Result<(), StateError> {
        self.events.retain(|past| past.event.time >= before.unix_secs());
        self.attempts.retain(|past| past.attempt.time >= before);
        let surplus = |len: usize| len.saturating_sub(super::HISTORY_KEPT as usize);
        self.events.drain(..surplus(self.events.len()));
        self.attempts.drain(..surplus(self.attempts.len()));
        self.paces.retain(|_, pace| pace.until >= before);
        Ok(())
    }
}

fn in_time(query: &HistoryQuery, time: i64) -> bool {
    query.from.is_none_or(|from| time >= from) && query.to.is_none_or(|to| time < to)
}
