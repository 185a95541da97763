//! Telling: one try at delivering one message.

#[cfg(feature = "http")]
mod alertmanager;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "http")]
mod chat;
#[cfg(feature = "http")]
mod dingtalk;
#[cfg(feature = "exec")]
pub mod exec;
#[cfg(feature = "http")]
mod feishu;
#[cfg(any(feature = "exec", feature = "http"))]
mod file;
#[cfg(feature = "exec")]
mod host_port;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "smtp")]
mod mail;
#[cfg(feature = "test-util")]
pub mod recording;
mod secret;
#[cfg(feature = "smtp")]
mod sendmail;
#[cfg(feature = "http")]
mod slack;
#[cfg(feature = "smtp")]
pub mod smtp;
#[cfg(feature = "exec")]
pub mod snpp;
#[cfg(feature = "http")]
mod telegram;
#[cfg(feature = "smtp")]
mod template;
#[cfg(feature = "test-util")]
pub mod testing;
#[cfg(feature = "exec")]
mod text;
#[cfg(feature = "http")]
mod webhook;
#[cfg(feature = "http")]
mod wecom;
#[cfg(feature = "exec")]
pub mod xmpp;

use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

use crate::outbox::Message;

#[cfg(feature = "http")]
pub use alertmanager::Alertmanager;
#[cfg(feature = "http")]
pub use dingtalk::Dingtalk;
#[cfg(feature = "http")]
pub use feishu::Feishu;
pub use secret::{Secret, SecretError};
#[cfg(feature = "http")]
pub use slack::Slack;
#[cfg(feature = "http")]
pub use telegram::Telegram;
#[cfg(feature = "http")]
pub use webhook::Webhook;
#[cfg(feature = "http")]
pub use wecom::Wecom;

/// A way to reach a recipient. Tries once and never retries: retrying is the outbox's.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// What it is, such as `mail`.
    fn name(&self) -> &str;

    /// Tries once. Ends by itself within a stated time, however the other side behaves.
    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError>;
}

/// The other side took it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivered {
    /// What it said, such as an exit status with the first lines printed, or the id that it gave.
    pub note: String,
}

/// Why a message was not delivered: sentences that a person can act on. Never with a secret in them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeliveryError {
    /// Trying again later may help.
    #[error("{reason}")]
    Transient {
        /// What happened.
        reason: String,
        /// The other side asked for this much time.
        retry_after: Option<Duration>,
    },
    /// Trying the same again cannot help.
    #[error("{reason}")]
    Permanent {
        /// What happened, and what to do.
        reason: String,
    },
}

impl Delivered {
    /// With what the other side said.
    pub fn with(note: impl Into<String>) -> Self {
        Self { note: note.into() }
    }
}

impl DeliveryError {
    /// Trying again later may help.
    pub fn transient(reason: impl Into<String>) -> Self {
        Self::Transient { reason: reason.into(), retry_after: None }
    }

    /// Trying the same again cannot help.
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self::Permanent { reason: reason.into() }
    }
}

/// Draws what a message tells of, for messages that can hold pictures.
#[async_trait]
pub trait Illustrator: Send + Sync {
    /// A PNG of the series over the hours before `until` (Unix seconds); `None` when it cannot be drawn.
    async fn png(&self, series: &smokeprobe_core::SeriesId, until: i64) -> Option<Vec<u8>>;
}
