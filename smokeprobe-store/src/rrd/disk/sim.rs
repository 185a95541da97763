//! A file system in memory that can be killed in the middle of any write, and can lose power.
//!
//! What it assumes of a disk, which is what `docs/journal-format.md` asks of one:
//!
//! - A killed process leaves every finished call, and of an interrupted write a beginning that ends between two pages.
//! - A power cut leaves everything synced. Of what was not, each sector of 512 bytes is as it was after any one of the
//!   writes since, whatever has become of its neighbours.
//! - Changes of names survive in the order in which they were made; syncing a folder keeps all of them so far.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::rrd::disk::{Disk, DiskFile, Entry, EntryKind};

const PAGE: u64 = 4096;
#[cfg(test)]
const SECTOR: usize = 512;

/// A file system in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct SimDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    files: Vec<SimFile>,
    names: BTreeMap<PathBuf, usize>,
    folders: BTreeSet<PathBuf>,
    /// The names that survive a power cut, and the changes since.
    safe_names: BTreeMap<PathBuf, usize>,
    name_changes: Vec<(PathBuf, Option<usize>)>,
    /// Changing calls that still succeed; the one after is cut short, and all later ones fail.
    calls_left: Option<u64>,
    /// Bytes that files may still grow by; `None` where there is no end to them.
    free: Option<u64>,
    seed: u64,
}

#[derive(Debug, Clone, Default)]
struct SimFile {
    now: Vec<u8>,
    /// What survives a power cut.
    safe: Vec<u8>,
    /// The writes since.
    unsafe_changes: Vec<Change>,
}

/// Bytes written at an offset.
#[derive(Debug, Clone)]
struct Change(u64, Vec<u8>);

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let Self(at, written) = self;
        let end = *at as usize + written.len();
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[*at as usize..end].copy_from_slice(written);
    }
}

impl SimDisk {
    /// Puts a file in place that is safe at once.
    #[cfg(feature = "test-util")]
    pub(crate) fn put(&self, path: &Path, bytes: Vec<u8>) {
        let mut state = self.lock();
        let file = state.files.len();
        state.files.push(SimFile { safe: bytes.clone(), now: bytes, unsafe_changes: Vec::new() });
        state.names.insert(path.to_owned(), file);
        state.safe_names.insert(path.to_owned(), file);
        state.folders.extend(path.ancestors().skip(1).map(Path::to_owned));
    }

    /// Lets `calls` more changing calls succeed.
    #[cfg(test)]
    pub(crate) fn die_after(&self, calls: u64, seed: u64) {
        let mut state = self.lock();
        state.calls_left = Some(calls);
        state.seed = seed;
    }

    /// Lets files grow by `bytes` more.
    #[cfg(test)]
    pub(crate) fn leave_free(&self, bytes: u64) {
        self.lock().free = Some(bytes);
    }

    /// How many bytes files may still grow by.
    #[cfg(test)]
    pub(crate) fn free(&self) -> u64 {
        self.lock().free.unwrap_or(u64::MAX)
    }

    /// The file system that a process finds after the one before was killed.
    #[cfg(test)]
    pub(crate) fn after_kill(&self) -> Self {
        let mut state = self.lock();
        let files = state.files.clone();
        let revived = State {
            files,
            names: state.names.clone(),
            folders: state.folders.clone(),
            safe_names: state.safe_names.clone(),
            name_changes: state.name_changes.clone(),
            seed: state.random(),
            ..State::default()
        };
        Self(Arc::new(Mutex::new(revived)))
    }

    /// The file system that is found when the power comes back.
    #[cfg(test)]
    pub(crate) fn after_power_cut(&self) -> Self {
        let mut state = self.lock();
        let mut names = state.safe_names.clone();
        let survive = state.random() as usize % (state.name_changes.len() + 1);
        for (path, file) in &state.name_changes[..survive] {
            change_name(&mut names, path, *file);
        }
        let files = state.files.clone();
        let files = files
            .iter()
            .map(|file| {
                let now = file.survivor(&mut state);
                SimFile { safe: now.clone(), now, unsafe_changes: Vec::new() }
            })
            .collect();
        let folders = state.folders.clone();
        let seed = state.random();
        let revived = State { files, safe_names: names.clone(), names, folders, seed, ..State::default() };
        Self(Arc::new(Mutex::new(revived)))
    }

    /// The contents of a file.
    #[cfg(test)]
    pub(crate) fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.lock();
        Some(state.files[*state.names.get(path)?].now.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self, file: usize) -> Box<dyn DiskFile> {
        Box::new(SimHandle { disk: self.clone(), file })
    }
}

#[cfg(test)]
impl SimFile {
    fn survivor(&self, state: &mut State) -> Vec<u8> {
        let mut versions = vec![self.safe.clone()];
        for change in &self.unsafe_changes {
            let mut next = versions.last().cloned().unwrap_or_default();
            change.apply(&mut next);
            versions.push(next);
        }
        let mut pick = || state.random() as usize % versions.len();
        let mut bytes = vec![0; versions[pick()].len()];
        for (number, sector) in bytes.chunks_mut(SECTOR).enumerate() {
            let version = &versions[pick()];
            let there = version.get(number * SECTOR..).unwrap_or_default();
            let len = there.len().min(sector.len());
            sector[..len].copy_from_slice(&there[..len]);
        }
        bytes
    }
}

impl State {
    /// Counts a changing call. `Ok(false)` when it is the one that is cut short.
    fn call(&mut self) -> io::Result<bool> {
        match &mut self.calls_left {
            None => Ok(true),
            Some(0) => Err(dead()),
            Some(left) => {
                *left -= 1;
                Ok(*left > 0)
            }
        }
    }

    fn name(&mut self, path: &Path, file: Option<usize>) {
        change_name(&mut self.names, path, file);
        self.name_changes.push((path.to_owned(), file));
    }

    fn change(&mut self, file: usize, change: Change) {
        change.apply(&mut self.files[file].now);
        self.files[file].unsafe_changes.push(change);
    }

    /// Xorshift, so that each run is the same.
    fn random(&mut self) -> u64 {
        let mut x = self.seed.max(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x ^= x >> 29;
        x ^= x << 17;
        x ^= x >> 31;
        self.seed = self.seed.wrapping_add(x | 1);
        x >> 8
    }

    fn file(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn change_name(names: &mut BTreeMap<PathBuf, usize>, path: &Path, file: Option<usize>) {
    match file {
        Some(file) => names.insert(path.to_owned(), file),
        None => names.remove(path),
    };
}

fn dead() -> io::Error {
    io::Error::other("the simulated machine is dead")
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, _write: bool) -> io::Result<Box<dyn DiskFile>> {
        let file = self.lock().file(path)?;
        Ok(self.opened(file))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.lock();
        if !state.call()? {
            return Err(dead());
        }
        let file = state.files.len();
        state.files.push(SimFile::default());
        state.name(path, Some(file));
        drop(state);
        Ok(self.opened(file))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let file = state.file(from)?;
        if state.names.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !state.call()? {
            return Err(dead());
        }
        state.name(to, Some(file));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let file = state.file(from)?;
        if !state.call()? {
            return Err(dead());
        }
        state.name(to, Some(file));
        state.name(from, None);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.file(path)?;
        if !state.call()? {
            return Err(dead());
        }
        state.name(path, None);
        Ok(())
    }

    fn exists(&self, path: &Path) -> bool {
        let state = self.lock();
        state.names.contains_key(path) || state.folders.contains(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.lock().folders.extend(path.ancestors().map(Path::to_owned));
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let state = self.lock();
        let entries = |paths: &mut dyn Iterator<Item = &PathBuf>, kind| {
            let inside = paths.filter(|inside| inside.parent() == Some(path));
            let names = inside.filter_map(|inside| Some(inside.file_name()?.to_str()?.to_owned()));
            names.map(|name| Entry { name, kind }).collect::<Vec<_>>()
        };
        let mut all = entries(&mut state.names.keys(), EntryKind::File);
        all.extend(entries(&mut state.folders.iter(), EntryKind::Dir));
        Ok(all)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        if !state.call()? {
            return Err(dead());
        }
        state.safe_names = state.names.clone();
        state.name_changes.clear();
        Ok(())
    }

    fn sync_all(&self, path: &Path) -> io::Result<()> {
        self.sync_dir(path)?;
        for file in &mut self.lock().files {
            file.safe.clone_from(&file.now);
            file.unsafe_changes.clear();
        }
        Ok(())
    }

    fn device(&self, _path: &Path) -> io::Result<u64> {
        Ok(0)
    }

    fn free_space(&self, _path: &Path) -> io::Result<u64> {
        Ok(self.lock().free.unwrap_or(u64::MAX))
    }

    fn lock_dir(&self, _path: &Path) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        Ok(Some(Box::new(())))
    }

    fn spawn(&self, task: Box<dyn FnOnce() + Send>) {
        task();
    }
}

struct SimHandle {
    disk: SimDisk,
    file: usize,
}

impl DiskFile for SimHandle {
    fn read_at(&self, room: &mut [u8], at: u64) -> io::Result<usize> {
        let state = self.disk.lock();
        let there = state.files[self.file].now.get(at as usize..).unwrap_or_default();
        let len = there.len().min(room.len());
        room[..len].copy_from_slice(&there[..len]);
        Ok(len)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut state = self.disk.lock();
        if state.call()? {
            let len = state.files[self.file].now.len() as u64;
            let grows = (at + bytes.len() as u64).saturating_sub(len);
            let fits = grows.min(state.free.unwrap_or(u64::MAX));
            let written = bytes.len() - (grows - fits) as usize;
            state.free = state.free.map(|free| free - fits);
            state.change(self.file, Change(at, bytes[..written].to_vec()));
            return if fits == grows { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) };
        }
        let pages = (at + bytes.len() as u64) / PAGE - at / PAGE;
        let written = match state.random() % (pages + 1) {
            0 => 0,
            page => ((at / PAGE + page) * PAGE - at) as usize,
        };
        state.change(self.file, Change(at, bytes[..written].to_vec()));
        Err(dead())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.lock().files[self.file].now.len() as u64)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.lock();
        if !state.call()? {
            return Err(dead());
        }
        let file = &mut state.files[self.file];
        file.safe.clone_from(&file.now);
        file.unsafe_changes.clear();
        Ok(())
    }
}
