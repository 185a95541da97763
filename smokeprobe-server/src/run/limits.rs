//! How many files and sockets the system lets us have open.

use std::io;

/// Raises the soft limit of open files to the hard one, and returns it. Thousands of targets that connect need a socket
/// each, and the usual soft limit of 1024 is for programs that call select(2), which nothing here does. Source:
/// getrlimit(2).
///
/// # Errors
///
/// What the system said; the limit is then as it was.
pub(super) fn raise_open_files() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call writes one structure, which lives on our stack.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    if limit.rlim_cur < limit.rlim_max {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: the call reads one structure, which lives on our stack.
        if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(limit.rlim_cur)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_soft_limit_of_open_files_becomes_the_hard_one() {
        let limit = raise_open_files().unwrap();
        let told = fs::read_to_string("/proc/self/limits").unwrap();
        let line = told.lines().find(|line| line.starts_with("Max open files")).unwrap();
        let (soft, hard) = (line.split_whitespace().nth(3).unwrap(), line.split_whitespace().nth(4).unwrap());
        assert_eq!((soft, soft), (hard, limit.to_string().as_str()));
    }
}
