//! The outbox: what is to be told to whom, until it is told or given up. Sans-IO.

use std::collections::BTreeMap;
use std::time::Duration;

use smokeprobe_core::WallTime;

use crate::event::{Event, RecipientId};
use crate::notify::{Delivered, DeliveryError};
use crate::state::{Change, Saved};

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
    /// When it was made.
    pub created: WallTime,
    /// Not before this.
    pub due: WallTime,
    /// How often it was tried.
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
    /// The how manieth try, from 1.
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
    /// At most this many messages a minute; what is more waits, and is grouped.
    pub rate: Option<u32>,
    /// Older messages are given up.
    pub max_age: Duration,
}

/// What is to be told to whom.
#[derive(Debug)]
pub struct Outbox {
    terms: BTreeMap<RecipientId, Terms>,
}

impl Outbox {
    /// The outbox as it was kept.
    pub fn restore(_saved: &Saved) -> Self {
        Self { terms: BTreeMap::new() }
    }

    /// From now on these are the recipients. Messages to others become dead letters.
    pub fn follow(&mut self, _now: WallTime, recipients: BTreeMap<RecipientId, Terms>) {
        self.terms = recipients;
    }

    /// Takes an event for those that it is for; a silent one for nobody.
    pub fn handle_event(&mut self, _now: WallTime, _event: &Event) {}

    /// The next message to send, which is under way from now on. One at a time to each recipient.
    pub fn poll_send(&mut self, _now: WallTime) -> Option<Message> {
        None
    }

    /// How the sending of a message ended.
    pub fn handle_result(&mut self, _now: WallTime, _id: MessageId, _result: Result<Delivered, DeliveryError>) {}

    /// When to come back, if ever.
    pub fn poll_timeout(&self) -> Option<WallTime> {
        None
    }

    /// What changed since the last call, to be kept before anything of [`poll_send`](Self::poll_send) is sent.
    pub fn take_changes(&mut self, _change: &mut Change) {}

    /// Messages that wait, dead letters too, oldest first.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        std::iter::empty()
    }
}
