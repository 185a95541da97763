//! What waits for one recipient, in order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use smokeprobe_core::{SeriesId, WallTime};

use super::pace::{self, Rate};
use super::{Counts, Message, MessageId, Terms};
use crate::event::{AlertName, Event};

/// At most this many events wait for a recipient: two rounds of ten thousand targets that are all down.
pub(super) const EVENTS_WAITING: usize = 20_000;

/// At most this many events in one message.
pub(super) const EVENTS_TOGETHER: usize = 500;

/// What must not overtake itself: the alert of a series.
type Key = (SeriesId, AlertName);

/// The messages to one recipient that wait or are under way.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// `None` until the recipient is known, and again when it is gone.
    pub(super) terms: Option<Terms>,
    pub(super) under_way: Option<MessageId>,
    pub(super) counts: Counts,
    queue: BTreeMap<MessageId, Message>,
    /// From when each ages: from when it was made, by the clock as it goes now.
    since: HashMap<MessageId, WallTime>,
    /// Which messages tell of an alert of a series. All but the first wait for the first.
    telling: HashMap<Key, BTreeSet<MessageId>>,
    /// Messages that were never tried: events may still join them.
    untried: BTreeSet<MessageId>,
    events: usize,
    /// Of the rate limit: see [`Rate`].
    spent: Option<WallTime>,
    /// Nothing is sent before this, because the other side asked for it, or is taken to be down.
    hold: Option<WallTime>,
    /// Tries in a row that failed.
    failures: u32,
    wake: Wake,
}

/// When it makes sense to look for something to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Wake {
    /// Something changed: at once.
    #[default]
    Now,
    At(WallTime),
    /// Not before something changes.
    Never,
}

/// What [`Lane::look`] found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// To be sent.
    pub(super) send: Option<MessageId>,
    /// Too old.
    pub(super) expired: Vec<MessageId>,
}

impl Lane {
    /// Takes a message that waits.
    pub(super) fn insert(&mut self, message: Message) {
        self.wake = Wake::Now;
        self.events += message.events.len();
        for event in &message.events {
            self.telling.entry(key(event)).or_default().insert(message.id);
        }
        if message.attempts == 0 {
            self.untried.insert(message.id);
        }
        self.since.insert(message.id, message.created);
        self.queue.insert(message.id, message);
    }

    /// Takes a message out.
    pub(super) fn remove(&mut self, id: MessageId) -> Option<Message> {
        let message = self.queue.remove(&id)?;
        self.wake = Wake::Now;
        self.events -= message.events.len();
        self.untried.remove(&id);
        self.since.remove(&id);
        if self.under_way == Some(id) {
            self.under_way = None;
        }
        for event in &message.events {
            let key = key(event);
            if let Some(ids) = self.telling.get_mut(&key) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.telling.remove(&key);
                }
            }
        }
        Some(message)
    }

    /// Adds an event to a message that was not tried yet, if there is a fitting one.
    ///
    /// 1. Where each event must be a message of its own, none fits.
    /// 2. What was told last of the same alert of the same series must not be overtaken: only that message fits, or
    ///    one behind it.
    /// 3. Behind a message that is waited for, only one fits that waits for something anyway. An event that need not
    ///    wait is not put where it must.
    pub(super) fn join(&mut self, event: &Event) -> Option<MessageId> {
        if self.terms.as_ref().is_none_or(|terms| terms.group.is_zero()) {
            return None;
        }
        let last = self.telling.get(&key(event)).and_then(|ids| ids.last().copied());
        let from = last.unwrap_or(MessageId(0));
        let fits = self.untried.range(from..).rev().copied().find(|id| {
            let room = self.queue[id].events.len() < EVENTS_TOGETHER;
            room && (Some(*id) == last || last.is_some() == self.is_blocked(*id))
        })?;
        self.telling.entry(key(event)).or_default().insert(fits);
        self.queue.get_mut(&fits)?.events.push(event.clone());
        self.events += 1;
        Some(fits)
    }

    /// Looks for the first message that may be sent at `now`, and for those that are too old.
    pub(super) fn look(&mut self, now: WallTime) -> Found {
        let mut found = Found::default();
        let sleeps = match self.wake {
            Wake::Now => false,
            Wake::At(at) => at > now,
            Wake::Never => true,
        };
        let (false, None, Some(terms)) = (sleeps, self.under_way, &self.terms) else {
            return found;
        };
        let free = terms.rate.map(Rate::new).zip(self.spent).map(|(rate, spent)| rate.free_at(spent));
        let open = free.max(self.hold);
        if let Some(open) = open.filter(|open| *open > now && !self.queue.is_empty()) {
            self.wake = Wake::At(open);
            return found;
        }
        self.wake = Wake::Never;
        for message in self.queue.values() {
            let deadline = self.since[&message.id] + terms.group + terms.max_age;
            if now > deadline {
                found.expired.push(message.id);
            } else if self.is_blocked(message.id) {
                // Whatever it waits for comes earlier in the queue, and wakes us.
            } else if message.due <= now {
                found.send = Some(message.id);
                break;
            } else {
                let next = message.due.min(deadline + Duration::from_nanos(1));
                self.wake = match self.wake {
                    Wake::At(at) => Wake::At(at.min(next)),
                    Wake::Now | Wake::Never => Wake::At(next),
                };
            }
        }
        found
    }

    /// The message is under way from now on.
    pub(super) fn begin(&mut self, now: WallTime, id: MessageId) -> Option<&Message> {
        if let Some(rate) = self.terms.as_ref().and_then(|terms| terms.rate) {
            self.spent = Some(Rate::new(rate).spend(self.spent, now));
        }
        self.under_way = Some(id);
        self.untried.remove(&id);
        let message = self.queue.get_mut(&id)?;
        message.attempts = message.attempts.saturating_add(1);
        message.due = now + pace::backoff(id, message.attempts);
        Some(message)
    }

    /// The message under way was refused, and waits until `due`.
    pub(super) fn postpone(&mut self, id: MessageId, due: WallTime) {
        self.under_way = None;
        self.wake = Wake::Now;
        if let Some(message) = self.queue.get_mut(&id) {
            message.due = due;
        }
    }

    /// A try failed; the other side may have asked for time.
    pub(super) fn failed(&mut self, now: WallTime, asked: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        // Whatever it asks, a word of the other side does not silence a recipient for longer than we would.
        let asked = asked.unwrap_or_default().min(pace::BACKOFF_LONGEST);
        self.hold = Some(now + asked.max(pace::pause(self.failures)));
    }

    /// A try succeeded.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.hold = None;
    }

    /// From now on these terms hold. `first`: times are from before a restart, and the clock may have stepped since.
    pub(super) fn follow(&mut self, now: WallTime, terms: Terms, first: bool) {
        for message in self.queue.values_mut().filter(|_| first) {
            let longest = if message.attempts == 0 { terms.group } else { pace::BACKOFF_LONGEST };
            message.due = message.due.min(now + longest);
            let since = self.since.entry(message.id).or_insert(now);
            *since = (*since).min(now);
        }
        self.spent = self.spent.filter(|_| terms.rate.is_some()).map(|spent| spent.min(Rate::latest(now)));
        self.terms = Some(terms);
        self.wake = Wake::Now;
    }

    /// The clock was stepped back by this much: what was to happen so long from then happens so long from now.
    pub(super) fn shift(&mut self, back: Duration) {
        for message in self.queue.values_mut() {
            message.due = message.due - back;
        }
        self.since.values_mut().for_each(|since| *since = *since - back);
        self.spent = self.spent.map(|spent| spent - back);
        self.hold = self.hold.map(|hold| hold - back);
        self.wake = Wake::Now;
    }

    /// A message is given up after this; `None` when it is not here, or its recipient is gone.
    pub(super) fn deadline(&self, id: MessageId) -> Option<WallTime> {
        let terms = self.terms.as_ref()?;
        Some(*self.since.get(&id)? + terms.group + terms.max_age)
    }

    /// From when a message ages.
    pub(super) fn since(&self, id: MessageId) -> Option<WallTime> {
        self.since.get(&id).copied()
    }

    /// Takes a message that waits, and ages from then.
    pub(super) fn insert_aged(&mut self, message: Message, since: WallTime) {
        let id = message.id;
        self.insert(message);
        self.since.insert(id, since);
    }

    /// So much time passed at once: messages that were never tried do not age by it, so that each has its try.
    pub(super) fn forgive(&mut self, leap: Duration) {
        for id in &self.untried {
            self.since.entry(*id).and_modify(|since| *since = *since + leap);
        }
        self.wake = Wake::Now;
    }

    /// How much of its rate limit was used, as it was kept.
    pub(super) fn restore_spent(&mut self, spent: WallTime) {
        self.spent = Some(spent);
    }

    /// Whether so many events more can wait.
    pub(super) fn has_room(&self, events: usize) -> bool {
        self.events + events <= EVENTS_WAITING
    }

    /// When to look again, if ever; `now` when something changed since.
    pub(super) fn wake(&self, now: WallTime) -> Option<WallTime> {
        match self.wake {
            _ if self.under_way.is_some() || self.terms.is_none() || self.queue.is_empty() => None,
            Wake::Now => Some(now),
            Wake::At(at) => Some(at),
            Wake::Never => None,
        }
    }

    /// Of the rate limit: see [`Rate`].
    pub(super) fn spent(&self) -> Option<WallTime> {
        self.spent
    }

    /// A message of the queue.
    pub(super) fn message(&self, id: MessageId) -> Option<&Message> {
        self.queue.get(&id)
    }

    /// The queue, oldest first.
    pub(super) fn messages(&self) -> impl ExactSizeIterator<Item = &Message> {
        self.queue.values()
    }

    /// The messages that are not under way, oldest first.
    pub(super) fn waiting(&self) -> Vec<MessageId> {
        self.queue.keys().copied().filter(|id| self.under_way != Some(*id)).collect()
    }

    /// An older message tells of the same.
    fn is_blocked(&self, id: MessageId) -> bool {
        self.queue[&id].events.iter().any(|event| {
            let first = self.telling.get(&key(event)).and_then(|ids| ids.first());
            first.is_some_and(|first| *first != id)
        })
    }
}

fn key(event: &Event) -> Key {
    (event.series.clone(), event.alert.clone())
}
