//! What is watched: the alerts of each series, as an embedder or a configuration asks for them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use smokeprobe_core::{SeriesId, Step};

use crate::event::{AlertName, RecipientId};
use crate::rule::AlertRule;
use crate::rules::Semantics;
use crate::silence::Silence;

/// An alert: a rule, and how to tell of it.
#[derive(Clone)]
pub struct Alert {
    /// Its name.
    pub name: AlertName,
    /// Its rule.
    pub rule: Arc<dyn AlertRule>,
    /// What tells this rule from others: kind, semantics and text. While it stays the same over a reload, state stays.
    pub meaning: Arc<str>,
    /// Whose meaning the rule has. Decides the start too: a legacy series begins with `S`, and a round that could not be
    /// measured counts as one without loss.
    pub semantics: Semantics,
    /// Tell only when it is raised and when it is cleared.
    pub edgetrigger: bool,
    /// Of several with a priority only the first tells in a round; 1 is the highest.
    pub priority: Option<u32>,
    /// How often to tell again while it is raised. `None`: every round without edge trigger, never with it.
    pub again: Option<Duration>,
    /// The rule's text, for messages.
    pub pattern: String,
    /// What people are told.
    pub comment: String,
    /// A file with the text of mails.
    pub mail_template: Option<PathBuf>,
}

/// A series with its alerts.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Which series.
    pub series: SeriesId,
    /// Its step: a slot of this length without a round counts as one that could not be measured.
    pub step: Step,
    /// Its host as configured.
    pub host: String,
    /// Its title.
    pub title: String,
    /// Where to look at it.
    pub url: Option<String>,
    /// Its labels, which silences choose by.
    pub labels: Arc<BTreeMap<String, String>>,
    /// While this series loses everything, alerts of ours raise silently. As which of the two is measured first is
    /// chance, a raise waits for the next round of this series, where that can be at fault. It must be watched too,
    /// without alerts when it has none: one that is not watched never is down.
    pub depends: Option<SeriesId>,
    /// Its alerts, each with those who are told.
    pub alerts: Vec<(Arc<Alert>, Arc<[RecipientId]>)>,
}

/// All that is watched.
#[derive(Debug, Clone, Default)]
pub struct AlertPlan {
    /// The series.
    pub watched: Vec<Watched>,
    /// Maintenance windows of the configuration.
    pub maintenance: Vec<Silence>,
}

/// By hand, as a rule need not have `Debug`.
impl std::fmt::Debug for Alert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alert").field("name", &self.name).field("meaning", &self.meaning).finish_non_exhaustive()
    }
}
