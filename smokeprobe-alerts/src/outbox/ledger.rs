//! What the outbox has to say to those who keep it: changed messages, tries, dead letters.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use smokeprobe_core::WallTime;

use super::dead::{self, DeadLetters};
use super::lane::Lane;
use super::{Attempt, AttemptOutcome, Message, MessageId, pace};
use crate::event::{Event, RecipientId};
use crate::state::{Change, Pace};

/// What another side said is kept up to this many bytes.
const NOTE: usize = 2_000;

/// Numbers messages, keeps dead letters, and notes what changed.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    last: u64,
    dead: DeadLetters,
    changed: BTreeSet<MessageId>,
    finished: BTreeSet<MessageId>,
    attempts: Vec<Attempt>,
    paces: BTreeMap<RecipientId, WallTime>,
    forgotten: BTreeMap<RecipientId, u64>,
}

impl Ledger {
    /// Numbers go on after this one.
    pub(super) fn after(last: Option<MessageId>) -> Self {
        Self { last: last.map_or(0, |last| last.0), ..Self::default() }
    }

    /// A message as it was kept.
    pub(super) fn restore(&mut self, lane: &mut Lane, message: Message) {
        self.last = self.last.max(message.id.0);
        if message.dead.is_some() {
            self.keep_dead(message);
        } else {
            lane.insert(message);
        }
    }

    /// Makes a message of an event.
    pub(super) fn write(
        &mut self,
        lane: &mut Lane,
        now: WallTime,
        recipient: &RecipientId,
        event: &Event,
    ) -> MessageId {
        let group = lane.terms.as_ref().map_or(Duration::ZERO, |terms| terms.group);
        let message = self.new_message(now, now + group, recipient, vec![event.clone()]);
        let id = message.id;
        lane.insert(message);
        id
    }

    /// Notes an event for which there is no room.
    pub(super) fn overflow(&mut self, lane: &mut Lane, now: WallTime, recipient: &RecipientId, event: &Event) {
        lane.counts.dropped += 1;
        if let Some(id) = self.dead.note_overflow(recipient, event) {
            self.touch(id);
            return;
        }
        let mut letter = self.new_message(now, now, recipient, vec![event.clone()]);
        letter.dead = Some(dead::overflow_reason(1));
        self.dead.begin_overflow(recipient, letter.id);
        self.keep_dead(letter);
    }

    /// A message is delivered.
    pub(super) fn delivered(&mut self, lane: &mut Lane, now: WallTime, id: MessageId, note: &str) {
        if let Some(message) = lane.remove(id) {
            lane.counts.delivered += 1;
            self.attempt(&message, now, AttemptOutcome::Delivered, note);
            self.finish(id);
        }
    }

    /// A try failed, and is repeated while the message is young enough.
    pub(super) fn failed(
        &mut self,
        lane: &mut Lane,
        now: WallTime,
        id: MessageId,
        reason: &str,
        asked: Option<Duration>,
    ) {
        let (Some(message), Some(terms)) = (lane.message(id), &lane.terms) else { return };
        let due = now + pace::backoff(id, message.attempts).max(asked.unwrap_or_default());
        if lane.deadline(id).is_some_and(|deadline| due > deadline) {
            let (tries, age) = (message.attempts, in_words(terms.max_age));
            let times = if tries == 1 { "time" } else { "times" };
            let reason = format!("{reason}; tried {tries} {times}, the next try would be later than the {age} allowed");
            self.bury(lane, now, id, &reason);
            return;
        }
        self.attempt(&message.clone(), now, AttemptOutcome::Retried, reason);
        lane.counts.retried += 1;
        lane.postpone(id, due);
        self.touch(id);
    }

    /// A message waited for too long.
    pub(super) fn expire(&mut self, lane: &mut Lane, now: WallTime, id: MessageId) {
        let (Some(message), Some(terms)) = (lane.message(id), &lane.terms) else { return };
        let age = in_words(terms.max_age);
        let reason = match message.attempts {
            0 => format!("it waited for its turn for more than the {age} allowed"),
            tries => format!("it waited for more than the {age} allowed, after {tries} tries that failed"),
        };
        self.bury(lane, now, id, &reason);
    }

    /// A message of the queue becomes a dead letter.
    pub(super) fn bury(&mut self, lane: &mut Lane, now: WallTime, id: MessageId, reason: &str) {
        let Some(mut message) = lane.remove(id) else { return };
        lane.counts.given_up += 1;
        self.attempt(&message, now, AttemptOutcome::GivenUp, reason);
        message.dead = Some(shortened(reason).to_owned());
        self.touch(id);
        self.keep_dead(message);
    }

    /// A dead letter is to be sent after all. It counts as made now, and as never tried.
    pub(super) fn revive(&mut self, lane: &mut Lane, now: WallTime, id: MessageId) {
        if let Some(letter) = self.dead.remove(id) {
            lane.insert(Message { created: now, due: now, attempts: 0, dead: None, ..letter });
            self.touch(id);
        }
    }

    /// Makes messages of one event each of those that wait, where the recipient wants them so.
    pub(super) fn split_where_each_is_told_alone(&mut self, lane: &mut Lane, now: WallTime) {
        if lane.terms.as_ref().is_none_or(|terms| !terms.group.is_zero()) {
            return;
        }
        let waiting = lane.waiting();
        let several = |id: &&MessageId| lane.message(**id).is_some_and(|message| message.events.len() > 1);
        let Some(from) = waiting.iter().find(several).copied() else { return };
        // Everything behind it gets a new number as well, so that the order stays.
        for id in waiting.into_iter().filter(|id| *id >= from) {
            let since = lane.since(id);
            let Some(message) = lane.remove(id) else { continue };
            self.finish(id);
            for event in message.events {
                let one = self.new_message(message.created, message.due.max(now), &message.recipient, vec![event]);
                lane.insert_aged(Message { attempts: message.attempts, ..one }, since.unwrap_or(message.created));
            }
        }
    }

    /// A dead letter is thrown away.
    pub(super) fn dismiss(&mut self, id: MessageId) -> Option<()> {
        self.dead.remove(id)?;
        self.finish(id);
        Some(())
    }

    /// A message changed.
    pub(super) fn touch(&mut self, id: MessageId) {
        self.changed.insert(id);
    }

    /// A recipient used some of its rate limit.
    pub(super) fn paced(&mut self, recipient: &RecipientId, spent: WallTime) {
        self.paces.insert(recipient.clone(), spent);
    }

    /// What changed since the last call. `waiting` finds messages that wait.
    pub(super) fn take<'a>(&mut self, waiting: impl Fn(MessageId) -> Option<&'a Message>) -> Change {
        let changed = std::mem::take(&mut self.changed);
        let messages = changed.into_iter().filter_map(|id| waiting(id).or_else(|| self.dead.get(id)).cloned());
        Change {
            messages: messages.collect(),
            finished: std::mem::take(&mut self.finished).into_iter().collect(),
            attempts: std::mem::take(&mut self.attempts),
            paces: std::mem::take(&mut self.paces)
                .into_iter()
                .map(|(recipient, until)| Pace { recipient, until })
                .collect(),
            ..Change::default()
        }
    }

    pub(super) fn dead_letter(&self, id: MessageId) -> Option<&Message> {
        self.dead.get(id)
    }

    /// How many dead letters to each recipient made room for newer ones.
    pub(super) fn forgotten(&self) -> impl Iterator<Item = (&RecipientId, u64)> {
        self.forgotten.iter().map(|(recipient, count)| (recipient, *count))
    }

    pub(super) fn dead_letters(&self) -> impl Iterator<Item = &Message> {
        self.dead.iter()
    }

    fn new_message(
        &mut self,
        created: WallTime,
        due: WallTime,
        recipient: &RecipientId,
        events: Vec<Event>,
    ) -> Message {
        self.last += 1;
        let id = MessageId(self.last);
        self.touch(id);
        Message { id, recipient: recipient.clone(), events, created, due, attempts: 0, dead: None }
    }

    fn attempt(&mut self, message: &Message, now: WallTime, outcome: AttemptOutcome, note: &str) {
        self.attempts.push(Attempt {
            message: message.id,
            recipient: message.recipient.clone(),
            time: now,
            number: message.attempts,
            told: message.events.iter().map(told).collect(),
            outcome,
            note: shortened(note).to_owned(),
        });
    }

    fn keep_dead(&mut self, letter: Message) {
        for evicted in self.dead.insert(letter) {
            self.finish(evicted.id);
            *self.forgotten.entry(evicted.recipient).or_default() += 1;
        }
    }

    fn finish(&mut self, id: MessageId) {
        self.changed.remove(&id);
        self.finished.insert(id);
    }
}

/// An event as [`Attempt::told`] has it.
fn told(event: &Event) -> String {
    format!("{} {} {}", event.series, event.alert, event.word())
}

/// The beginning of a note, cut between two characters.
fn shortened(note: &str) -> &str {
    let ends = (0..=NOTE.min(note.len())).rev().find(|end| note.is_char_boundary(*end));
    &note[..ends.unwrap_or_default()]
}

/// A time as people say it: the largest unit that divides it.
fn in_words(time: Duration) -> String {
    let secs = time.as_secs();
    let (count, unit) = [(86_400, "day"), (3_600, "hour"), (60, "minute")]
        .into_iter()
        .find(|(unit, _)| secs >= *unit && secs.is_multiple_of(*unit))
        .map_or((secs, "second"), |(unit, name)| (secs / unit, name));
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
