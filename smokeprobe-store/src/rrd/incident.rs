//! What happened to files that an operator should know of.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use smokeprobe_core::WallTime;

/// Something that happened to a file: it was set aside, converted, or rounds for it were dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// When.
    pub at: WallTime,
    /// To which file.
    pub path: PathBuf,
    /// What kind of incident it is.
    pub kind: IncidentKind,
    /// A sentence about it, for people.
    pub detail: String,
}

/// What can happen to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IncidentKind {
    /// It was damaged, and lies beside a new one under another name.
    SetAside,
    /// Its pings, step or archives were changed, and the old file is kept beside it.
    Converted,
    /// It could not be converted, and goes on with the archives that it has.
    NotConverted,
    /// Rounds could not be kept: another program has changed or removed the file.
    RoundsDropped,
    /// A part of the journal could not be read.
    JournalDamaged,
}

impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.detail)
    }
}

/// The last incidents, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Incidents(Mutex<VecDeque<Incident>>);

impl Incidents {
    /// More are not remembered; each has been logged.
    const MOST: usize = 1000;

    pub(crate) fn report(&self, incident: Incident) {
        tracing::warn!(path = %incident.path.display(), kind = ?incident.kind, "{}", incident.detail);
        let mut incidents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if incidents.len() >= Self::MOST {
            incidents.pop_front();
        }
        incidents.push_back(incident);
    }

    pub(crate) fn list(&self) -> Vec<Incident> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
