//! A notifier that records what it is given and answers as it is told, for tests of whoever sends.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;

use super::{Delivered, DeliveryError, Notifier};
use crate::outbox::Message;

/// How long [`Recording::wait_for`] waits before the test fails: an end for tests that are broken, not a figure.
const PATIENCE: Duration = Duration::from_secs(120);

/// Records every message, and answers from a script; after its end every message is delivered.
#[derive(Debug)]
pub struct Recording {
    name: String,
    seen: Mutex<Seen>,
    more: Condvar,
}

/// How a [`Recording`] answers one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// At once, with this.
    Now(Result<Delivered, DeliveryError>),
    /// Never: the delivery hangs until it is dropped.
    Never,
}

#[derive(Debug, Default)]
struct Seen {
    messages: Vec<Message>,
    script: VecDeque<Answer>,
}

impl Recording {
    /// One of this name.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), seen: Mutex::default(), more: Condvar::new() }
    }

    /// The same, with answers to the next messages, in order.
    #[must_use]
    pub fn answering(self, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.seen().script.extend(answers);
        self
    }

    /// One more answer at the end of the script.
    pub fn answer(&self, answer: Answer) {
        self.seen().script.push_back(answer);
    }

    /// Every message so far, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.seen().messages.clone()
    }

    /// Blocks the thread until there were `count` messages, and returns all of them.
    ///
    /// # Panics
    ///
    /// When they do not come.
    pub fn wait_for(&self, count: usize) -> Vec<Message> {
        let seen = self.seen();
        let waited = self.more.wait_timeout_while(seen, PATIENCE, |seen| seen.messages.len() < count);
        let (seen, _) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
        assert!(seen.messages.len() >= count, "{} of {count} messages came to {}", seen.messages.len(), self.name);
        seen.messages.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[async_trait]
impl Notifier for Recording {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        let answer = {
            let mut seen = self.seen();
            seen.messages.push(message.clone());
            self.more.notify_all();
            seen.script.pop_front()
        };
        match answer {
            Some(Answer::Now(result)) => result,
            Some(Answer::Never) => std::future::pending().await,
            None => Ok(Delivered::default()),
        }
    }
}

impl Answer {
    /// Fails in a way that may pass.
    pub fn transient(reason: &str) -> Self {
        Self::Now(Err(DeliveryError::transient(reason)))
    }

    /// Fails for good.
    pub fn permanent(reason: &str) -> Self {
        Self::Now(Err(DeliveryError::permanent(reason)))
    }
}
