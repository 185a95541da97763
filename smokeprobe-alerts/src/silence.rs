//! When alerts of what raise without telling: silences that people set, and maintenance windows of a configuration.

mod weekly;

use std::collections::BTreeMap;
use std::sync::Arc;

use smokeprobe_core::{TargetPath, WallTime};
use thiserror::Error;

/// Filters delivery, never state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Silence {
    /// Its id: the name of a maintenance window, or what whoever set it called it.
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

/// Why a silence would never hold, or not as it was meant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SilenceError {
    /// It ends before it begins.
    #[error("it ends at {until}, not after it begins at {from}")]
    Empty {
        /// Unix seconds.
        from: i64,
        /// Unix seconds.
        until: i64,
    },
    /// There is no such day.
    #[error("day {0} is not one of 0 (Monday) to 6 (Sunday)")]
    NoSuchDay(u8),
    /// It begins on no day at all.
    #[error("it names no day of the week")]
    NoDay,
    /// There is no such minute of a day.
    #[error("minute {0} is not in a day")]
    NoSuchMinute(u16),
    /// There is no such time zone.
    #[error("time zone {0} is not in the IANA database; write one such as Europe/Berlin, or UTC")]
    NoSuchZone(String),
}

impl Silence {
    /// Whether it can hold at all.
    pub fn check(&self) -> Result<(), SilenceError> {
        match &self.when {
            &When::Between { from, until: Some(until) } if until <= from => Err(SilenceError::Empty { from, until }),
            When::Between { .. } => Ok(()),
            When::Weekly(weekly) => weekly.check(),
        }
    }

    /// Whether it holds at `now`.
    pub fn holds(&self, now: WallTime) -> bool {
        match &self.when {
            When::Between { from, until } => {
                *from <= now.unix_secs() && until.is_none_or(|until| now.unix_secs() < until)
            }
            When::Weekly(weekly) => weekly.holds(now),
        }
    }

    /// Whether it will never hold again.
    pub fn is_over(&self, now: WallTime) -> bool {
        self.until().is_some_and(|until| until <= now.unix_secs())
    }

    /// Unix seconds of its end, when it has one.
    pub const fn until(&self) -> Option<i64> {
        match &self.when {
            When::Between { until, .. } => *until,
            When::Weekly(_) => None,
        }
    }
}

impl Scope {
    /// Whether it is about this alert of a target with these labels.
    pub fn covers(&self, target: &TargetPath, alert: &str, labels: &BTreeMap<String, String>) -> bool {
        (self.targets.is_empty() || self.targets.iter().any(|top| is_below(target, top)))
            && (self.alerts.is_empty() || self.alerts.iter().any(|name| name == alert))
            && self.labels.iter().all(|(name, value)| labels.get(name) == Some(value))
    }
}

/// Whether `target` is `top`, or in it.
fn is_below(target: &TargetPath, top: &TargetPath) -> bool {
    target.as_str().strip_prefix(top.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(scope: &Scope, target: &str, alert: &str) -> bool {
        let labels = BTreeMap::from([("site".into(), "paris".into()), ("role".into(), "edge".into())]);
        scope.covers(&target.parse().unwrap(), alert, &labels)
    }

    #[test]
    fn scope_is_a_subtree_an_alert_and_all_of_its_labels() {
        let tree = Scope { targets: vec!["A.B".parse().unwrap(), "C".parse().unwrap()], ..Scope::default() };
        for (target, inside) in [("A.B", true), ("A.B.C", true), ("C.x", true), ("A", false), ("A.Bc", false)] {
            assert_eq!(covers(&tree, target, "x"), inside, "{target}");
        }
        let alert = Scope { alerts: vec!["x".into()], ..tree };
        assert!(covers(&alert, "A.B", "x") && !covers(&alert, "A.B", "y"));
        let labels = |pairs: &[(&str, &str)]| Scope {
            labels: pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            ..Scope::default()
        };
        assert!(covers(&labels(&[("site", "paris"), ("role", "edge")]), "A", "x"));
        assert!(!covers(&labels(&[("site", "paris"), ("role", "core")]), "A", "x"));
        assert!(!covers(&labels(&[("rack", "")]), "A", "x"));
        assert!(covers(&Scope::default(), "A", "x"));
    }

    #[test]
    fn between_holds_from_its_first_second_to_before_its_last() {
        let silence = |from, until| Silence {
            id: "1".into(),
            scope: Scope::default(),
            when: When::Between { from, until },
            comment: String::new(),
            author: String::new(),
        };
        let at = WallTime::from_unix_secs;
        let hour = silence(100, Some(200));
        assert_eq!([99, 100, 199, 200].map(|now| hour.holds(at(now))), [false, true, true, false]);
        assert_eq!([199, 200].map(|now| hour.is_over(at(now))), [false, true]);
        let open = silence(100, None);
        assert!(open.holds(at(i64::MAX / 2_000_000_000)) && !open.is_over(at(1 << 40)));
        assert_eq!(silence(5, Some(5)).check(), Err(SilenceError::Empty { from: 5, until: 5 }));
    }
}
