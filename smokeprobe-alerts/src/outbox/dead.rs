//! Dead letters: messages that were given up, kept until somebody has seen them.

use std::collections::{BTreeMap, HashMap};

use super::{Message, MessageId};
use crate::event::{Event, RecipientId};

/// At most this many are kept; the oldest make room.
const LETTERS: usize = 1_000;

/// At most this many events are kept in all of them together.
const EVENTS: usize = 20_000;

/// At most this many of the events for which there was no room are kept to be looked at.
const EXAMPLES: usize = 100;

/// Messages that were given up.
#[derive(Debug, Default)]
pub(super) struct DeadLetters {
    letters: BTreeMap<MessageId, Message>,
    events: usize,
    /// For a recipient whose queue was full: the letter that says so, and how many events it stands for.
    overflows: HashMap<RecipientId, (MessageId, u64)>,
}

impl DeadLetters {
    /// Takes a message; gives those back that make room for it.
    pub(super) fn insert(&mut self, letter: Message) -> Vec<Message> {
        self.events += letter.events.len();
        self.letters.insert(letter.id, letter);
        let mut evicted = Vec::new();
        while self.letters.len() > LETTERS || (self.events > EVENTS && self.letters.len() > 1) {
            let Some((_, oldest)) = self.letters.pop_first() else { break };
            self.left(&oldest);
            evicted.push(oldest);
        }
        evicted
    }

    /// Takes a message out.
    pub(super) fn remove(&mut self, id: MessageId) -> Option<Message> {
        let letter = self.letters.remove(&id)?;
        self.left(&letter);
        Some(letter)
    }

    /// Notes an event for which there was no room in the letter that says so. `None`: there is no such letter yet.
    pub(super) fn note_overflow(&mut self, recipient: &RecipientId, event: &Event) -> Option<MessageId> {
        let (id, count) = self.overflows.get_mut(recipient)?;
        *count += 1;
        let letter = self.letters.get_mut(id)?;
        letter.dead = Some(overflow_reason(*count));
        if letter.events.len() < EXAMPLES {
            letter.events.push(event.clone());
            self.events += 1;
        }
        Some(*id)
    }

    /// The letter of this id is the one that says how much found no room.
    pub(super) fn begin_overflow(&mut self, recipient: &RecipientId, id: MessageId) {
        self.overflows.insert(recipient.clone(), (id, 1));
    }

    pub(super) fn get(&self, id: MessageId) -> Option<&Message> {
        self.letters.get(&id)
    }

    /// All of them, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Message> {
        self.letters.values()
    }

    fn left(&mut self, letter: &Message) {
        self.events -= letter.events.len();
        if self.overflows.get(&letter.recipient).is_some_and(|(id, _)| *id == letter.id) {
            self.overflows.remove(&letter.recipient);
        }
    }
}

/// What a letter says that stands for so many events.
pub(super) fn overflow_reason(count: u64) -> String {
    format!(
        "{count} events were not queued, as {} waited already: see why the recipient takes nothing; the first {EXAMPLES} are listed",
        super::lane::EVENTS_WAITING
    )
}
