//! The outbox: what is to be told to whom, until it is told or given up. Sans-IO.

mod dead;
mod lane;
mod ledger;
mod pace;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use smokeprobe_core::WallTime;
use thiserror::Error;

use crate::event::{Event, RecipientId};
use crate::notify::{Delivered, DeliveryError};
use crate::state::{Change, Saved};
use lane::Lane;
use ledger::Ledger;

/// Time between two calls that is taken for a step of the clock, or a sleep of the machine: rates, pauses and holds end
/// within 15 minutes.
const LEAP: Duration = Duration::from_secs(3600);

/// Numbers messages; counts up over restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct MessageId(pub u64);

/// One message to one recipient.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Message {
    /// Its number.
    pub id: MessageId,
    /// To whom.
    pub recipient: RecipientId,
    /// What it tells, oldest first; never empty.
    pub events: Vec<Event>,
    /// When it was made, or was taken up again by hand. The same in each try, whatever the clock does between them: with
    /// `id` it names the message to the other side.
    pub created: WallTime,
    /// Not before this.
    pub due: WallTime,
    /// How often it was tried, a try that is under way too.
    pub attempts: u32,
    /// Given up, and why: a dead letter.
    pub dead: Option<String>,
}

/// One try at delivering a message, and how it ended.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Attempt {
    /// Which message.
    pub message: MessageId,
    /// To whom.
    pub recipient: RecipientId,
    /// When it ended.
    pub time: WallTime,
    /// The how manieth try, from 1; 0 when the message was given up without one.
    pub number: u32,
    /// What it told: `(series, alert, what)` of each event, as text: `A.B someloss raised`.
    pub told: Vec<String>,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// What the other side said, or what went wrong: a sentence that a person can act on.
    pub note: String,
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum AttemptOutcome {
    /// It is delivered.
    Delivered,
    /// It is tried again later.
    Retried,
    /// It is given up.
    GivenUp,
}

/// How a recipient wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Events within this time become one message; zero where each event must be one of its own.
    pub group: Duration,
    /// At most this many messages in any minute, tries that fail too; what is more waits, and is grouped.
    pub rate: Option<u32>,
    /// Messages that are older are given up. Counts from when they were first due.
    pub max_age: Duration,
}

/// What became of the messages to one recipient: what waits now, and what happened since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Counts {
    /// Messages that wait now, without the one under way and without dead letters.
    pub queued: usize,
    /// One is under way now.
    pub under_way: bool,
    /// Dead letters that are kept now.
    pub dead_letters: usize,
    /// Messages delivered.
    pub delivered: u64,
    /// Tries that failed and are repeated.
    pub retried: u64,
    /// Messages given up.
    pub given_up: u64,
    /// Events that found too many waiting, and were not queued.
    pub dropped: u64,
    /// Dead letters that made room for newer ones before anybody dismissed them.
    pub forgotten: u64,
}

/// A dead letter that cannot be taken up again, or is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// There is no dead letter of this number.
    #[error("there is no dead letter {}", .0.0)]
    NoSuchLetter(MessageId),
    /// Its recipient is not in the configuration.
    #[error("{0} is not told of any alert: put it into the configuration again, or dismiss the message")]
    NoSuchRecipient(RecipientId),
    /// Too much waits for its recipient already.
    #[error("too many messages to {0} wait already: see why it takes none")]
    Full(RecipientId),
}

/// What is to be told to whom.
///
/// # The order of things
///
/// The outbox sends nothing and keeps nothing by itself. Whoever drives it holds to this order, and then a crash at any
/// point loses no message and repeats at most one a recipient:
///
/// 1. `handle_event` and `handle_result` as things happen.
/// 2. [`poll_send`](Self::poll_send) until `None`. What it gives counts as under way, and as tried once more.
/// 3. [`take_changes`](Self::take_changes), together with the engine's changes, into one [`Change`], and
///    [`StateStore::commit`](crate::StateStore::commit).
/// 4. Only then send what came of step 2, all at the same time if need be: no two are to the same recipient.
/// 5. Sleep until [`poll_timeout`](Self::poll_timeout), an event or a result.
///
/// In step 3 the results of sent messages are kept before the next message to the same recipient leaves. So at any time
/// at most one message a recipient may have been taken by the other side without our knowing that after a crash: the
/// one under way, which is sent again.
///
/// When the commit fails, keep the change, let the next one join it ([`Change::extend`]), and send all the same: people
/// would rather be told twice after a crash than not at all of a full disk.
///
/// # Who waits for whom
///
/// 1. Recipients never wait for each other. To one recipient one message is under way at a time.
/// 2. Messages leave in the order in which they were made, of those that are due.
/// 3. A message that waits after a failure holds up only messages that tell of the same alert of the same series: that
///    it was cleared never overtakes that it was raised.
/// 4. What is addressed at the recipient and not at one message holds up everything to it: its rate limit, a time that
///    the other side asked for (15 minutes at most; the message itself waits as long as it was asked to), and after
///    three failures in a row a pause of 5 seconds that doubles up to a minute.
///
/// # Bounds
///
/// At most 20,000 events wait for a recipient, at most 500 in one message. For what is more one dead letter stands, with
/// the count and the first hundred. At most 1,000 dead letters with 20,000 events are kept; the oldest make room. All of
/// that is counted: see [`counts`](Self::counts).
#[derive(Debug, Default)]
pub struct Outbox {
    lanes: BTreeMap<RecipientId, Lane>,
    ledger: Ledger,
    /// Who is told is known.
    following: bool,
    now: WallTime,
}

impl Outbox {
    /// The outbox as it was kept. Nothing is sent before [`follow`](Self::follow) says to whom.
    ///
    /// A message that was under way is sent again, after the wait that a failure of it would have brought: whether the
    /// other side took it is not known.
    pub fn restore(saved: &Saved) -> Self {
        let mut outbox = Self { ledger: Ledger::after(saved.last_message), ..Self::default() };
        for pace in &saved.paces {
            outbox.lanes.entry(pace.recipient.clone()).or_default().restore_spent(pace.until);
        }
        for message in &saved.messages {
            let lane = outbox.lanes.entry(message.recipient.clone()).or_default();
            outbox.ledger.restore(lane, message.clone());
        }
        outbox
    }

    /// From now on these are the recipients. Messages to others become dead letters, but for one that is under way: its
    /// result is awaited.
    pub fn follow(&mut self, now: WallTime, recipients: BTreeMap<RecipientId, Terms>) {
        let now = self.tick(now);
        for (recipient, lane) in &mut self.lanes {
            if recipients.contains_key(recipient) {
                continue;
            }
            lane.terms = None;
            for id in lane.waiting() {
                self.ledger.bury(lane, now, id, &gone(recipient));
            }
        }
        for (recipient, terms) in recipients {
            let lane = self.lanes.entry(recipient).or_default();
            lane.follow(now, terms, !self.following);
            self.ledger.split_where_each_is_told_alone(lane, now);
        }
        self.lanes.retain(|_, lane| lane.terms.is_some() || lane.messages().len() > 0);
        self.following = true;
    }

    /// Takes an event for those that it is for, each once; a silent one for nobody.
    pub fn handle_event(&mut self, now: WallTime, event: &Event) {
        let now = self.tick(now);
        let recipients: BTreeSet<_> = event.recipients.iter().filter(|_| event.is_told()).collect();
        for recipient in recipients {
            let lane = self.lanes.entry(recipient.clone()).or_default();
            if lane.terms.is_none() && self.following {
                let id = self.ledger.write(lane, now, recipient, event);
                self.ledger.bury(lane, now, id, &gone(recipient));
            } else if !lane.has_room(1) {
                self.ledger.overflow(lane, now, recipient, event);
            } else if let Some(joined) = lane.join(event) {
                self.ledger.touch(joined);
            } else {
                self.ledger.write(lane, now, recipient, event);
            }
        }
    }

    /// The next message to send, which is under way from now on. One at a time to each recipient.
    ///
    /// To be sent after the changes are kept; [`handle_result`](Self::handle_result) is to be called for it, whatever
    /// becomes of it.
    pub fn poll_send(&mut self, now: WallTime) -> Option<Message> {
        let now = self.tick(now);
        for (recipient, lane) in &mut self.lanes {
            let mut found = lane.look(now);
            while !found.expired.is_empty() {
                found.expired.iter().for_each(|id| self.ledger.expire(lane, now, *id));
                found = lane.look(now);
            }
            if let Some(message) = found.send.and_then(|id| lane.begin(now, id)) {
                let message = message.clone();
                self.ledger.touch(message.id);
                if let Some(spent) = lane.spent() {
                    self.ledger.paced(recipient, spent);
                }
                return Some(message);
            }
        }
        None
    }

    /// How the sending of a message ended. Of one that is not under way: nothing.
    pub fn handle_result(&mut self, now: WallTime, id: MessageId, result: Result<Delivered, DeliveryError>) {
        let now = self.tick(now);
        let Some((recipient, lane)) = self.lanes.iter_mut().find(|(_, lane)| lane.under_way == Some(id)) else {
            return;
        };
        match result {
            Ok(delivered) => {
                lane.succeeded();
                self.ledger.delivered(lane, now, id, &delivered.note);
            }
            Err(DeliveryError::Permanent { reason }) => self.ledger.bury(lane, now, id, &reason),
            Err(DeliveryError::Transient { reason, .. }) if lane.terms.is_none() => {
                self.ledger.bury(lane, now, id, &format!("{reason}; {}", gone(recipient)));
            }
            Err(DeliveryError::Transient { reason, retry_after }) => {
                lane.failed(now, retry_after);
                self.ledger.failed(lane, now, id, &reason, retry_after);
            }
        }
    }

    /// Takes a dead letter up again, as if it were new.
    pub fn retry(&mut self, now: WallTime, id: MessageId) -> Result<(), OutboxError> {
        let now = self.tick(now);
        let letter = self.ledger.dead_letter(id).ok_or(OutboxError::NoSuchLetter(id))?;
        let lane = self.lanes.get_mut(&letter.recipient).filter(|lane| lane.terms.is_some());
        let lane = lane.ok_or_else(|| OutboxError::NoSuchRecipient(letter.recipient.clone()))?;
        if !lane.has_room(letter.events.len()) {
            return Err(OutboxError::Full(letter.recipient.clone()));
        }
        self.ledger.revive(lane, now, id);
        self.ledger.split_where_each_is_told_alone(lane, now);
        Ok(())
    }

    /// Throws a dead letter away: somebody has seen it.
    pub fn dismiss(&mut self, id: MessageId) -> Result<(), OutboxError> {
        self.ledger.dismiss(id).ok_or(OutboxError::NoSuchLetter(id))
    }

    /// What changed since the last call, to be kept before anything of [`poll_send`](Self::poll_send) is sent.
    pub fn take_changes(&mut self, change: &mut Change) {
        let taken = self.ledger.take(|id| self.lanes.values().find_map(|lane| lane.message(id)));
        change.extend(taken);
    }

    /// When to come back, if ever: a time that may have passed already. With a message under way, its result may come
    /// first.
    pub fn poll_timeout(&self) -> Option<WallTime> {
        self.lanes.values().filter_map(|lane| lane.wake(self.now)).min()
    }

    /// Messages that wait or are under way, dead letters too, oldest first.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        let mut messages: Vec<&Message> = self.lanes.values().flat_map(Lane::messages).collect();
        messages.extend(self.ledger.dead_letters());
        messages.sort_unstable_by_key(|message| message.id);
        messages.into_iter()
    }

    /// What became of the messages to each recipient: of those that are told now, and those that something is kept for.
    pub fn counts(&self) -> BTreeMap<RecipientId, Counts> {
        let mut counts: BTreeMap<RecipientId, Counts> = BTreeMap::new();
        for (recipient, lane) in &self.lanes {
            let under_way = lane.under_way.is_some();
            let queued = lane.messages().len() - usize::from(under_way);
            counts.insert(recipient.clone(), Counts { queued, under_way, ..lane.counts });
        }
        for letter in self.ledger.dead_letters() {
            counts.entry(letter.recipient.clone()).or_default().dead_letters += 1;
        }
        for (recipient, forgotten) in self.ledger.forgotten() {
            counts.entry(recipient.clone()).or_default().forgotten = forgotten;
        }
        counts
    }

    /// Notices a clock that was stepped, and returns the time to go by. Readings that are out of order by less than a
    /// second are no step back. What waits asks for us within minutes: a longer absence was none of its waiting.
    fn tick(&mut self, now: WallTime) -> WallTime {
        let back = self.now.saturating_since(now);
        if back < Duration::from_secs(1) {
            let absent = now.saturating_since(self.now);
            if self.following && absent > LEAP {
                self.lanes.values_mut().for_each(|lane| lane.forgive(absent));
            }
            self.now = self.now.max(now);
        } else {
            self.lanes.values_mut().for_each(|lane| lane.shift(back));
            self.now = now;
        }
        self.now
    }
}

fn gone(recipient: &RecipientId) -> String {
    format!("{recipient} is told of no alert any more: the configuration does not name it")
}
