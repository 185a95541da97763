//! Notices when a configuration file has changed.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::Sleep;

use crate::timer::timer;

/// After an event this much time passes before the files are read: an editor may not be done yet.
const SETTLE: Duration = Duration::from_millis(300);

/// The files are looked at this often in any case, for file systems that report nothing.
const LOOK: Duration = Duration::from_secs(60);

/// Files that are no longer than this are read to see whether they changed.
const LONGEST: u64 = 16 << 20;

/// Watches the files of a configuration, by what is in them: a file that is saved as it was is no change.
#[derive(Debug)]
pub struct Watch {
    files: Vec<PathBuf>,
    digest: u64,
    /// Folders that are watched. Files themselves are not: saving often means that a new file takes the name.
    folders: BTreeSet<PathBuf>,
    /// `None` where the system has no such service, or no room for one more.
    watcher: Option<RecommendedWatcher>,
    events: mpsc::Receiver<()>,
    /// When the files are looked at next.
    look: Pin<Box<Sleep>>,
    /// That is soon, because something may have changed.
    soon: bool,
}

impl Watch {
    /// Watches `files` for changes of what [`digest`] had found in them.
    pub fn new(files: Vec<PathBuf>, digest: u64) -> Self {
        let (sender, events) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading them ourselves is no news. An error may mean that events were lost.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                let _ = sender.try_send(());
            }
        });
        let watcher = watcher.inspect_err(tell).ok();
        let mut watch = Self {
            files: Vec::new(),
            digest: 0,
            folders: BTreeSet::new(),
            watcher,
            events,
            look: Box::pin(timer(SETTLE)),
            soon: true,
        };
        watch.follow(files, digest);
        watch
    }

    /// Watches `files` instead.
    pub fn follow(&mut self, files: Vec<PathBuf>, digest: u64) {
        self.digest = digest;
        let folders: BTreeSet<PathBuf> = files.iter().map(|file| folder_of(file)).collect();
        if let Some(watcher) = &mut self.watcher {
            for gone in self.folders.difference(&folders) {
                // It may be gone from the disk as well.
                let _ = watcher.unwatch(gone);
            }
            for new in folders.difference(&self.folders) {
                let _ = watcher.watch(new, RecursiveMode::NonRecursive).inspect_err(tell);
            }
        }
        (self.files, self.folders) = (files, folders);
        // Between the reading of new files and the watching of their folders they may have changed.
        self.look_soon();
    }

    /// The files that are watched.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Waits until what is in the files is not what it was. Can be dropped and called again.
    pub async fn changed(&mut self) {
        loop {
            tokio::select! {
                // One event is enough: a folder may hold files that are written all the time.
                event = self.events.recv(), if self.watcher.is_some() && !self.soon => {
                    if event.is_none() {
                        self.watcher = None;
                    }
                    self.look_soon();
                    continue;
                }
                () = self.look.as_mut() => {}
            }
            // Should we be dropped before the answer, it is asked for again.
            self.look_soon();
            let files = self.files.clone();
            // Files may lie on a slow disk. That task panics only if ours does.
            let now = tokio::task::spawn_blocking(move || digest(&files)).await.unwrap_or(self.digest);
            self.look = Box::pin(timer(LOOK));
            self.soon = false;
            if now != self.digest {
                return;
            }
        }
    }

    fn look_soon(&mut self) {
        self.look = Box::pin(timer(SETTLE));
        self.soon = true;
    }
}

fn tell(error: &notify::Error) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "changes of the configuration are noticed within a minute only");
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// What is in the files, as a number that holds while this process runs. A file that cannot be read counts as its error.
pub fn digest(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        match fs::metadata(file) {
            // Too large for a configuration: its size and time will do.
            Ok(about) if about.len() > LONGEST => (about.len(), about.modified().ok()).hash(&mut hasher),
            Ok(_) => fs::read(file).map_err(|error| error.kind()).hash(&mut hasher),
            Err(error) => error.kind().hash(&mut hasher),
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn change_of_an_included_file_is_noticed_however_it_is_saved() {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<PathBuf> = ["config", "Targets"].map(|name| folder.path().join(name)).into();
        for file in &files {
            fs::write(file, "old").unwrap();
        }
        let mut watch = Watch::new(files.clone(), digest(&files));
        assert!(watch.watcher.is_some(), "this test needs inotify");

        fs::write(&files[1], "new").unwrap();
        watch.changed().await;
        watch.follow(files.clone(), digest(&files));

        // As many editors do.
        fs::write(folder.path().join("Targets.new"), "newer").unwrap();
        fs::rename(folder.path().join("Targets.new"), &files[1]).unwrap();
        watch.changed().await;
        watch.follow(files.clone(), digest(&files));

        fs::remove_file(&files[0]).unwrap();
        watch.changed().await;
    }

    #[test]
    fn file_saved_as_it_was_is_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        fs::write(&file, "same").unwrap();
        let before = digest(std::slice::from_ref(&file));
        fs::remove_file(&file).unwrap();
        assert_ne!(digest(std::slice::from_ref(&file)), before);
        fs::write(&file, "same").unwrap();
        assert_eq!(digest(std::slice::from_ref(&file)), before);
    }
}
