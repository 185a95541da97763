//! When alerts of what raise without telling: silences that people set, and maintenance windows of a configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use smokeprobe_core::TargetPath;

/// Filters delivery, never state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Silence {
    /// Its id: the name of a maintenance window, or what [`Engine::silence`](crate::Engine::silence) gave it.
    pub id: Arc<str>,
    /// What it is about.
    pub scope: Scope,
    /// When.
    pub when: When,
    /// Why, for people.
    pub comment: String,
    /// Who set it.
    pub author: String,
}

/// What a silence is about. What is empty restricts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Scope {
    /// These targets and everything below them.
    pub targets: Vec<TargetPath>,
    /// Alerts of these names.
    pub alerts: Vec<String>,
    /// Targets with all of these labels.
    pub labels: BTreeMap<String, String>,
}

/// When a silence holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum When {
    /// From `from` until just before `until`, Unix seconds. Without an end, until it is taken back.
    Between {
        /// The first second.
        from: i64,
        /// The first second after it.
        until: Option<i64>,
    },
    /// Every week.
    Weekly(Weekly),
}

/// The same hours on the same days of every week.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Weekly {
    /// Days on which it begins, 0 for Monday to 6 for Sunday.
    pub days: Vec<u8>,
    /// Minutes after midnight at which it begins.
    pub from: u16,
    /// Minutes after midnight at which it ends; not after `from`, it is those of the next day.
    pub until: u16,
    /// The zone of those times, a name of the IANA database such as `Asia/Shanghai`.
    pub zone: String,
}
