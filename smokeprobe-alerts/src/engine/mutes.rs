//! What keeps alerts from telling: silences that people set, and maintenance windows.

use std::collections::BTreeMap;
use std::sync::Arc;

use smokeprobe_core::WallTime;

use crate::alert::Watched;
use crate::engine::EngineError;
use crate::silence::Silence;
use crate::state::Change;

/// Silences and maintenance windows, and what changed of them.
#[derive(Debug, Default)]
pub(super) struct Mutes {
    /// Set by people, by id: which of two is named must not depend on the order in which they were kept.
    set: BTreeMap<Arc<str>, Silence>,
    maintenance: Vec<Silence>,
    /// Ids of `set` that are new.
    added: Vec<Arc<str>>,
    /// Ids that are no more.
    removed: Vec<Arc<str>>,
}

impl Mutes {
    /// The silences as they were kept.
    pub(super) fn restored(silences: Vec<Silence>) -> Self {
        let set = silences.into_iter().map(|silence| (silence.id.clone(), silence)).collect();
        Self { set, ..Self::default() }
    }

    /// From now on these are the maintenance windows.
    pub(super) fn maintain(&mut self, maintenance: Vec<Silence>) {
        self.maintenance = maintenance;
    }

    /// Sets a silence; one of the same id is replaced.
    pub(super) fn set(&mut self, silence: Silence) {
        let id = silence.id.clone();
        self.set.insert(id.clone(), silence);
        self.removed.retain(|removed| *removed != id);
        if !self.added.contains(&id) {
            self.added.push(id);
        }
    }

    /// Takes a silence back.
    pub(super) fn unset(&mut self, id: &str) -> Result<(), EngineError> {
        if self.set.contains_key(id) {
            self.remove(id);
            return Ok(());
        }
        let of_configuration = self.maintenance.iter().any(|window| &*window.id == id);
        let error = if of_configuration { EngineError::Maintenance } else { EngineError::NoSuchSilence };
        Err(error(id.to_owned()))
    }

    /// Drops silences that are over.
    pub(super) fn expire(&mut self, now: WallTime) {
        let over = self.set.values().filter(|silence| silence.is_over(now));
        let over: Vec<Arc<str>> = over.map(|silence| silence.id.clone()).collect();
        for id in over {
            self.remove(&id);
        }
    }

    /// When the next silence is over.
    pub(super) fn next(&self) -> Option<i64> {
        self.set.values().filter_map(Silence::until).min()
    }

    /// The silence or maintenance window that keeps an alert of a series from telling at `now`.
    pub(super) fn mutes(&self, watched: &Watched, alert: &str, now: WallTime) -> Option<Arc<str>> {
        let holds = |silence: &&Silence| {
            silence.scope.covers(&watched.series.target, alert, &watched.labels) && silence.holds(now)
        };
        self.all().find(holds).map(|silence| silence.id.clone())
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Silence> {
        self.set.values().chain(&self.maintenance)
    }

    /// What changed since the last call.
    pub(super) fn take_changes(&mut self, change: &mut Change) {
        let added = std::mem::take(&mut self.added);
        change.silences.extend(added.iter().filter_map(|id| self.set.get(id)).cloned());
        change.unsilenced.append(&mut self.removed);
    }

    fn remove(&mut self, id: &str) {
        if let Some((id, _)) = self.set.remove_entry(id) {
            self.added.retain(|added| *added != id);
            self.removed.push(id);
        }
    }
}
