//! What the engine says: an alert of a series was raised, was cleared, or goes on.

use std::fmt;
use std::sync::Arc;

use smokeprobe_core::{SeriesId, Vantage};

/// The name of an alert.
pub type AlertName = Arc<str>;

/// An alert of a series changed, or goes on.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// Whose alert.
    pub series: SeriesId,
    /// Which alert.
    pub alert: AlertName,
    /// What became of it.
    pub what: What,
    /// Unix seconds of the end of its round's slot, by which RRD files call the row.
    pub time: i64,
    /// The same of the round that raised it.
    pub since: i64,
    /// Why nobody is told, when nobody is.
    pub silent: Option<Silent>,
    /// Who is told.
    pub recipients: Arc<[RecipientId]>,
    /// What messages say.
    pub facts: Arc<Facts>,
}

/// What became of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum What {
    /// It was raised. Of an alert without edge trigger, people read this as "is active".
    Raised,
    /// It goes on: said every round of an alert without edge trigger, and as a reminder of one with it.
    Active,
    /// It was cleared.
    Cleared,
}

/// Why nobody is told of an event. The state is kept all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Silent {
    /// An alert of higher priority stands; in the legacy semantics, it told in the same round.
    Priority(AlertName),
    /// What the target depends on is down.
    Dependency(SeriesId),
    /// What the target depends on is measured first: only then it is known whose fault this is.
    Waiting(SeriesId),
    /// A silence or a maintenance window, by its id.
    Silenced(Arc<str>),
    /// Somebody acknowledged it.
    Acknowledged,
    /// It was told less than `repeat` ago.
    Repeat,
    /// Alerts without edge trigger do not tell that they are cleared.
    NotEdge,
    /// Nobody was told that it was raised.
    NeverTold,
}

/// What a message may say of an event: all that a recipient of SmokePing's alerts is told, and more.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Facts {
    /// The target's host as configured.
    pub host: String,
    /// The target's title.
    pub title: String,
    /// Loss of the newest rounds in the alert's window, oldest first, as SmokePing writes it: `loss: S, 0%, 20%`.
    pub loss: String,
    /// Median RTT of the same rounds, as SmokePing writes it: `rtt: S, 12ms, U`.
    pub rtt: String,
    /// The rule's text.
    pub pattern: String,
    /// The alert's comment.
    pub comment: String,
    /// Why the rule raised, with its figures.
    pub reason: String,
    /// The alert has an edge trigger.
    pub edgetrigger: bool,
    /// The alert's priority; 1 is the highest.
    pub priority: Option<u32>,
    /// Where to look at it, when the configuration says where the page is.
    pub url: Option<String>,
    /// A file with the text of the mail, when one is configured.
    pub mail_template: Option<std::path::PathBuf>,
}

/// Names a recipient in state, log, API and page. Holds no secret: `dingtalk:TOKEN` is called `dingtalk:…1a2b3c4d`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct RecipientId(Arc<str>);

impl RecipientId {
    /// A recipient of this name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq<&str> for RecipientId {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for RecipientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Event {
    /// The target as SmokePing's messages name it: `A.B`, or `A.B [from SLAVE]`.
    pub fn line(&self) -> String {
        match &self.series.vantage {
            Vantage::Local => self.series.target.to_string(),
            Vantage::Slave(slave) => format!("{} [from {slave}]", self.series.target),
        }
    }

    /// What became of it as SmokePing's messages say it: `was raised`, `was cleared` or `is active`.
    pub fn what_in_words(&self) -> &'static str {
        match self.what {
            What::Raised if self.facts.edgetrigger => "was raised",
            What::Raised | What::Active => "is active",
            What::Cleared => "was cleared",
        }
    }

    /// The whole of it in a line: `someloss was raised on Test.Lossy`.
    pub fn headline(&self) -> String {
        format!("{} {} on {}", self.alert, self.what_in_words(), self.line())
    }

    /// What became of it in one word, for programs, files and people: `raised`, `active` or `cleared`. An alert without edge
    /// trigger is only ever active.
    pub fn word(&self) -> &'static str {
        match self.what {
            What::Raised if self.facts.edgetrigger => "raised",
            What::Raised | What::Active => "active",
            What::Cleared => "cleared",
        }
    }

    /// Somebody is told.
    pub fn is_told(&self) -> bool {
        self.silent.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_for_what_became_of_it() {
        let event = |what, edgetrigger| Event {
            series: "A".parse().unwrap(),
            alert: "down".into(),
            what,
            time: 600,
            since: 300,
            silent: None,
            recipients: Arc::from([]),
            facts: Arc::new(Facts { edgetrigger, ..Facts::default() }),
        };
        let said = |what, edge| (event(what, edge).word(), event(what, edge).what_in_words());
        assert_eq!(said(What::Raised, true), ("raised", "was raised"));
        assert_eq!(said(What::Raised, false), ("active", "is active"));
        assert_eq!(said(What::Active, true), ("active", "is active"));
        assert_eq!(said(What::Cleared, true), ("cleared", "was cleared"));
    }
}
