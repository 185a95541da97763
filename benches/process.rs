//! A process that goes on running, and what it costs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A process that is ended with its owner.
#[derive(Debug)]
pub struct Running {
    child: Child,
    name: String,
}

/// What a process has cost so far.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Processor time in user and kernel mode, with that of its children that have ended.
    pub cpu: Duration,
    /// Bytes of memory that it has now.
    pub resident: u64,
    /// The most that it ever had.
    pub peak: u64,
}

impl Running {
    /// Starts `command`, its output going nowhere.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Self { child, name })
    }

    /// What it has cost so far.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn cost(&mut self) -> io::Result<Cost> {
        if let Some(status) = self.child.try_wait()? {
            return Err(io::Error::other(format!("{} has ended: {status}", self.name)));
        }
        let folder = format!("/proc/{}", self.child.id());
        let stat = std::fs::read_to_string(format!("{folder}/stat"))?;
        let status = std::fs::read_to_string(format!("{folder}/status"))?;
        Ok(Cost { cpu: cpu(&stat), resident: kilobytes(&status, "VmRSS:"), peak: kilobytes(&status, "VmHWM:") })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // SAFETY: the child is ours and not waited for yet, so that its number is not another's.
        unsafe { libc::kill(self.child.id() as i32, libc::SIGTERM) };
        // Nothing can be done about a failure here.
        let _ = self.child.wait();
    }
}

/// The daemon, as released and as the sources are now: beside the folder of whoever asks.
///
/// # Panics
///
/// When it cannot be built.
pub fn daemon() -> PathBuf {
    let built = Command::new(env!("CARGO")).args(["build", "--quiet", "--release", "-p", "smokeprobe-server"]).status();
    assert!(built.is_ok_and(|status| status.success()), "cannot build the daemon");
    let this = std::env::current_exe().expect("the path of this program");
    let release = this.parent().and_then(Path::parent).expect("a folder of builds");
    release.join("smokeprobe-server")
}

/// An address that nobody listens on.
///
/// # Panics
///
/// When there is none.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its number")
}

/// The fields utime, stime, cutime and cstime of proc(5), in clock ticks. The second field may hold blanks and ends with
/// the last parenthesis.
fn cpu(stat: &str) -> Duration {
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: u64 = fields.skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    // SAFETY: asks for a number of the system.
    let a_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    Duration::from_secs_f64(ticks as f64 / a_second as f64)
}

fn kilobytes(status: &str, key: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) * 1024
}
