//! What keeps alerts from telling: silences that people set, and maintenance windows.

use std::sync::Arc;

use smokeprobe_core::WallTime;

use crate::alert::Watched;
use crate::engine::EngineError;
use crate::silence::Silence;
use crate::state::Change;

/// Silences and maintenance windows, and what changed of them.
#[derive(Debug, Default)]
pub(super) struct Mutes {
    /// Set by people, oldest first.
    set: Vec<Silence>,
    maintenance: Vec<Silence>,
    /// Ids of `set` that are new.
    added: Vec<Arc<str>>,
    /// Ids that are no more.
    removed: Vec<Arc<str>>,
}

impl Mutes {
    /// The silences as they were kept.
    pub(super) fn restored(silences: Vec<Silence>) -> Self {
        Self { set: silences, ..Self::default() }
    }

    /// From now on these are the maintenance windows.
    pub(super) fn maintain(&mut self, maintenance: Vec<Silence>) {
        self.maintenance = maintenance;
    }

    /// Sets a silence; one of the same id is replaced.
    pub(super) fn set(&mut self, silence: Silence) {
        let id = silence.id.clone();
        match self.set.iter_mut().find(|known| known.id == id) {
            Some(known) => *known = silence,
            None => self.set.push(silence),
        }
        self.removed.retain(|removed| *removed != id);
        if !self.added.contains(&id) {
            self.added.push(id);
        }
    }

    /// Takes a silence back.
    pub(super) fn unset(&mut self, id: &str) -> Result<(), EngineError> {
        let Some(at) = self.set.iter().position(|silence| &*silence.id == id) else {
            let of_configuration = self.maintenance.iter().any(|window| &*window.id == id);
            let error = if of_configuration { EngineError::Maintenance } else { EngineError::NoSuchSilence };
            return Err(error(id.to_owned()));
        };
        self.drop_at(at);
        Ok(())
    }

    /// Drops silences that are over.
    pub(super) fn expire(&mut self, now: WallTime) {
        while let Some(at) = self.set.iter().position(|silence| silence.is_over(now)) {
            self.drop_at(at);
        }
    }

    /// When the next silence is over.
    pub(super) fn next(&self) -> Option<i64> {
        self.set.iter().filter_map(Silence::until).min()
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
        self.set.iter().chain(&self.maintenance)
    }

    /// What changed since the last call.
    pub(super) fn take_changes(&mut self, change: &mut Change) {
        let added = std::mem::take(&mut self.added);
        change.silences.extend(self.set.iter().filter(|silence| added.contains(&silence.id)).cloned());
        change.unsilenced.append(&mut self.removed);
    }

    fn drop_at(&mut self, at: usize) {
        let id = self.set.remove(at).id;
        self.added.retain(|added| *added != id);
        self.removed.push(id);
    }
}
