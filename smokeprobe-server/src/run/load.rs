//! Reading the configuration, so that no change of it goes unnoticed.

use std::path::{Path, PathBuf};

use smokeprobe_store::{SeriesMeta, Store};

use crate::config::{self, Loaded, Plan, Severity};
use crate::watch::digest;

/// A configuration that was just read.
#[derive(Debug)]
pub(super) struct Fresh {
    /// What it means; `None` when there is an error in it.
    pub(super) plan: Option<Plan>,
    /// What is wrong with it, for people.
    pub(super) report: String,
    /// What is odd in it, for people too.
    pub(super) warnings: String,
    /// The files to watch.
    pub(super) files: Vec<PathBuf>,
    /// What was in them when they were read, or before.
    pub(super) digest: u64,
    /// What the store has.
    pub(super) stored: Vec<SeriesMeta>,
}

/// Reads the configuration in `main`. `files` are those that it was last seen to be made of.
pub(super) fn load(main: &Path, mut files: Vec<PathBuf>, store: Option<&dyn Store>) -> Fresh {
    let (mut seen, mut loaded) = (digest(&files), config::load(main));
    // The digest must be taken before the files are read, and which they are is known only afterwards. Who changes
    // the list of files three times meanwhile is noticed by the next look at them.
    for _ in 0..3 {
        if loaded.files == files {
            break;
        }
        files.clone_from(&loaded.files);
        (seen, loaded) = (digest(&files), config::load(main));
    }
    let stored = store.filter(|_| loaded.plan.is_some()).map_or_else(Vec::new, |store| {
        store.catalog().unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot list the files there are");
            Vec::new()
        })
    });
    let Loaded { plan, mut diagnostics, .. } = loaded;
    for warning in diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Warning) {
        let (file, line) = (warning.file.display(), warning.line);
        tracing::warn!("{file}:{line}: {}", warning.message);
    }
    let (errors, warnings): (Vec<_>, Vec<_>) =
        diagnostics.drain(..).partition(|diagnostic| diagnostic.severity == Severity::Error);
    let (report, warnings) = (config::human(&errors, false), config::human(&warnings, false));
    Fresh { plan, report, warnings, files, digest: seen, stored }
}
