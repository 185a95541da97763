//! What the store asks of a file system, so that tests can put one below it that loses power.

#[cfg(any(test, feature = "test-util"))]
pub(crate) mod sim;

use std::any::Any;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::rrd::sys;

/// A file system.
pub(crate) trait Disk: Send + Sync + fmt::Debug {
    fn open(&self, path: &Path, write: bool) -> io::Result<Box<dyn DiskFile>>;

    /// Makes an empty file, in place of one that may be there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file a second name. Fails where the name is taken, or where the file system has no such thing.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file another name at once, in place of a file that may have it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    fn remove(&self, path: &Path) -> io::Result<()>;

    fn exists(&self, path: &Path) -> bool;

    /// Makes a folder and those above it.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// What lies in a folder.
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>>;

    /// Where a path leads once its symbolic links are followed.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;

    /// Returns once the names in a folder survive a power cut.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Returns once everything written to the file system that holds `path` survives a power cut.
    fn sync_all(&self, path: &Path) -> io::Result<()>;

    /// Tells file systems apart.
    fn device(&self, path: &Path) -> io::Result<u64>;

    /// Bytes that may still be written to the file system that holds `path`.
    fn free_space(&self, path: &Path) -> io::Result<u64>;

    /// Keeps other processes from locking the folder until the guard is dropped. `None` if another one has it.
    fn lock_dir(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send + Sync>>>;

    /// Runs a long task out of the way.
    fn spawn(&self, task: Box<dyn FnOnce() + Send>);
}

/// An open file.
pub(crate) trait DiskFile: Send + Sync {
    /// Reads from `at` on until `room` is full or the file ends, and says how much it was.
    fn read_at(&self, room: &mut [u8], at: u64) -> io::Result<usize>;

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;

    fn len(&self) -> io::Result<u64>;

    /// Returns once the contents survive a power cut.
    fn sync(&self) -> io::Result<()>;
}

/// Something in a folder.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) kind: EntryKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Dir,
    Link,
}

/// The file system of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OsDisk;

impl Disk for OsDisk {
    fn open(&self, path: &Path, write: bool) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenOptions::new().read(true).write(write).open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn exists(&self, path: &Path) -> bool {
        path.symlink_metadata().is_ok()
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o755).create(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            // A name that is not UTF-8 is none of ours.
            if let Ok(name) = entry.file_name().into_string() {
                let kind = match () {
                    () if kind.is_symlink() => EntryKind::Link,
                    () if kind.is_dir() => EntryKind::Dir,
                    () => EntryKind::File,
                };
                entries.push(Entry { name, kind });
            }
        }
        Ok(entries)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        path.canonicalize()
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn sync_all(&self, path: &Path) -> io::Result<()> {
        sys::sync_file_system(&File::open(path)?)
    }

    fn device(&self, path: &Path) -> io::Result<u64> {
        Ok(path.metadata()?.dev())
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        sys::free_space(&File::open(path)?)
    }

    fn lock_dir(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        let lock = sys::Lock::take(File::open(path)?)?;
        Ok(lock.map(|lock| Box::new(lock) as Box<dyn Any + Send + Sync>))
    }

    fn spawn(&self, task: Box<dyn FnOnce() + Send>) {
        std::thread::spawn(task);
    }
}

impl DiskFile for File {
    fn read_at(&self, room: &mut [u8], at: u64) -> io::Result<usize> {
        let mut read = 0;
        while read < room.len() {
            match FileExt::read_at(self, &mut room[read..], at + read as u64) {
                Ok(0) => break,
                Ok(n) => read += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn len(&self) -> io::Result<u64> {
        // A quarter of the price of asking for everything that is known of a file. The position is used by no one.
        let mut file = self;
        file.seek(SeekFrom::End(0))
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
