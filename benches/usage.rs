//! A child process, its output, and what it cost.

use std::io::{self, Read as _};
use std::mem;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What a child did.
#[derive(Debug)]
pub struct Usage {
    /// Processor time in user and kernel mode, of the whole process.
    pub cpu: Duration,
    /// The most memory it had at once, in bytes.
    pub resident: u64,
    /// Its standard output and error.
    pub output: String,
}

/// Runs `command` to its end.
///
/// # Errors
///
/// When it cannot be started.
pub fn run(command: &mut Command) -> io::Result<Usage> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // Together they must fit the pipes' 64 KiB, or be read here; one thread reads each.
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let mut output = String::new();
    let errors = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut text = String::new();
            err.as_mut().map(|err| err.read_to_string(&mut text));
            text
        });
        out.as_mut().map(|out| out.read_to_string(&mut output));
        reader.join().unwrap_or_default()
    });
    output.push_str(&errors);
    // SAFETY: a plain C structure of integers, for which all zeroes is a value.
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    // SAFETY: the child is ours and not waited for by anyone else; no status is asked for.
    let waited = unsafe { libc::wait4(child.id() as i32, std::ptr::null_mut(), 0, &raw mut usage) };
    if waited < 0 {
        return Err(io::Error::last_os_error());
    }
    let time = |time: libc::timeval| Duration::from_micros(time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64);
    Ok(Usage { cpu: time(usage.ru_utime) + time(usage.ru_stime), resident: usage.ru_maxrss as u64 * 1024, output })
}
