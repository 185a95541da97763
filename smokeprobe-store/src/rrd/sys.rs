//! The system calls that the standard library does not wrap.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;

/// The exclusive advisory lock of an open file or folder, until it is dropped or the process ends, also by a kill.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// Takes the lock; `None` if another process has it. Source: flock(2).
    pub(crate) fn take(file: File) -> io::Result<Option<Self>> {
        match flock(&file, libc::LOCK_EX | libc::LOCK_NB) {
            Ok(()) => Ok(Some(Self(file))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Lock {
    /// Closing is not enough: a child that is being started has the same open file until it runs its program.
    fn drop(&mut self) {
        // Closing releases it in the end, so that nothing is left to do when this fails.
        let _ = flock(&self.0, libc::LOCK_UN);
    }
}

fn flock(file: &File, operation: libc::c_int) -> io::Result<()> {
    // SAFETY: flock takes two integers; the descriptor is open as long as `file` is borrowed.
    if unsafe { libc::flock(file.as_raw_fd(), operation) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Writes everything that a file system still holds in memory to its disk. Source: syncfs(2); errors of earlier
/// writes are reported since Linux 5.8.
pub(crate) fn sync_file_system(on: &File) -> io::Result<()> {
    // SAFETY: syncfs takes one integer; the descriptor is open as long as `on` is borrowed.
    if unsafe { libc::syncfs(on.as_raw_fd()) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Bytes that an unprivileged process may still write to a file system. Source: fstatvfs(3).
pub(crate) fn free_space(on: &File) -> io::Result<u64> {
    let mut stat = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: `stat` has room for the structure, and the descriptor is open as long as `on` is borrowed.
    if unsafe { libc::fstatvfs(on.as_raw_fd(), stat.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, and so has filled the whole structure.
    let stat = unsafe { stat.assume_init() };
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}
