//! When the state is written, and what happens when it cannot be.

use std::time::Duration;

use smokeprobe_alerts::{Change, StateStore};
use smokeprobe_core::{Clock, MonoTime, WallTime};

use crate::sentence::sentence;

/// Windows alone may wait this long.
const LAZY: Duration = Duration::from_secs(10);

/// After a commit there is a pause of this many times its length, so that the disk has time for others.
const SPARING: u32 = 10;

/// The pause at most, and the time until a commit that failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// How long the history is kept.
const HISTORY: Duration = Duration::from_secs(400 * 86_400);

/// How often it is cut, to that and to a number of entries: a bad day may have very many.
const PRUNE: Duration = Duration::from_secs(3600);

/// Writes changes to the state.
pub(super) struct Ledger {
    state: Option<Box<dyn StateStore>>,
    /// What could not be written so far.
    unkept: Change,
    /// Why not.
    trouble: Option<String>,
    failures: u64,
    /// Something waits that must be written before anything is told.
    urgent: bool,
    /// When something that is not written changed first.
    since: Option<MonoTime>,
    not_before: MonoTime,
    pruned: Option<MonoTime>,
}

impl Ledger {
    /// `state` is none when it could not be opened: `trouble` says why.
    pub(super) fn new(state: Option<Box<dyn StateStore>>, trouble: Option<String>) -> Self {
        let failures = u64::from(trouble.is_some());
        Self {
            state,
            unkept: Change::default(),
            trouble,
            failures,
            urgent: false,
            since: None,
            not_before: MonoTime::ORIGIN,
            pruned: None,
        }
    }

    /// Something changed.
    pub(super) fn note(&mut self, now: MonoTime, urgent: bool) {
        self.urgent |= urgent;
        self.since.get_or_insert(now);
    }

    /// Something waits that must be written before anything is told.
    pub(super) const fn is_urgent(&self) -> bool {
        self.urgent
    }

    /// When to commit, if there is anything to.
    pub(super) fn due(&self) -> Option<MonoTime> {
        let since = self.since?;
        Some(if self.urgent || self.trouble.is_some() { self.not_before } else { self.not_before.max(since + LAZY) })
    }

    /// Writes a change, with what could not be written before.
    pub(super) fn commit(&mut self, clock: &dyn Clock, change: Change) {
        self.unkept.extend(change);
        let begun = clock.mono();
        let outcome = match &mut self.state {
            Some(state) => state.commit(&self.unkept).map_err(|error| sentence(&error)),
            None => Err(self.trouble.clone().unwrap_or_default()),
        };
        let now = clock.mono();
        self.urgent = false;
        match outcome {
            Ok(()) => {
                self.unkept = Change::default();
                self.since = None;
                self.not_before = now + (now.saturating_since(begun) * SPARING).min(PAUSE);
                if self.trouble.take().is_some() {
                    tracing::info!("the state of the alerts is written again");
                }
                self.prune(now, clock.wall());
            }
            Err(why) => {
                self.not_before = now + PAUSE;
                self.since.get_or_insert(now);
                self.failures += 1;
                if self.trouble.is_none() {
                    tracing::error!("alerts are told, but their state cannot be written and waits in memory: {why}");
                }
                self.trouble = Some(why);
                if self.state.is_none() {
                    // It will not be written later either.
                    self.unkept = Change::default();
                    self.since = None;
                }
            }
        }
    }

    /// Cuts the history from time to time.
    fn prune(&mut self, now: MonoTime, wall: WallTime) {
        let is_time = self.pruned.is_none_or(|at| now.saturating_since(at) >= PRUNE);
        let Some(state) = self.state.as_mut().filter(|_| is_time) else { return };
        self.pruned = Some(now);
        if let Err(error) = state.prune(wall - HISTORY) {
            tracing::warn!("the history of the alerts cannot be cut: {}", sentence(&error));
        }
    }

    /// Why the state is not written, when it is not.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Commits that failed.
    pub(super) const fn failures(&self) -> u64 {
        self.failures
    }
}
