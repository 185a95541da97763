//! The system calls that the standard library does not wrap.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;

/// Takes the exclusive advisory lock of an open file or folder; `false` if another process has it. It is released
/// when the file is closed, also by a kill. Source: flock(2).
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    // SAFETY: flock takes two integers; the descriptor is open as long as `file` is borrowed.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    if error.kind() == io::ErrorKind::WouldBlock { Ok(false) } else { Err(error) }
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
