//! Runs one program to its end, or to the end of its time, and keeps the first of what it prints.
//!
//! 1. No shell. A script without a `#!` line is given to `/bin/sh` as a file, as `execvp` does it.
//! 2. It leads a process group of its own. When its time is over the whole group gets `SIGTERM`, and what is left of it
//!    [`GRACE`] later `SIGKILL`. The same at once when whoever waits for it stops waiting.
//! 3. What it prints is read for as long as it runs, and thrown away after the first [`KEPT`] bytes, so that a program
//!    that prints much is not held up.
//! 4. It has ended when it has ended: what it left running in the background with the pipe open is not waited for. Its
//!    output is read away until the time would have been over.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, ChildStdin, Command};

use super::excuse::excuse;

/// How much of the output is kept, in bytes.
const KEPT: usize = 4096;

/// The time between `SIGTERM` and `SIGKILL`, and how long a killed program is waited for.
const GRACE: Duration = Duration::from_secs(2);

/// What a program that has ended left in the pipe is no more than the pipe holds; this is more than any pipe.
const PIPE: usize = 2 << 20;

/// A program with its arguments.
#[derive(Debug, Clone)]
pub(in crate::notify) struct Program {
    /// Where it is. A name without a slash is looked up in `PATH`.
    pub(in crate::notify) path: PathBuf,
    /// Its arguments, without its own name.
    pub(in crate::notify) args: Vec<OsString>,
    /// Added to our own environment.
    pub(in crate::notify) environment: Vec<(String, OsString)>,
    /// What it reads on its standard input; `None` for nothing at all.
    pub(in crate::notify) input: Option<Vec<u8>>,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::notify) struct Ended {
    pub(in crate::notify) how: How,
    /// The first of what it printed, on one line; empty when it printed nothing.
    pub(in crate::notify) output: String,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::notify) enum How {
    Exit(i32),
    Signal(i32),
    TimeOver(Duration),
}

/// Why a program could not be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::notify) struct CannotStart {
    /// What is wrong, and what to do.
    pub(in crate::notify) reason: String,
    /// A later try may go better, or somebody may mend it until then.
    pub(in crate::notify) may_pass: bool,
}

impl Program {
    /// Runs it. Returns at the latest after `limit` and twice [`GRACE`].
    pub(in crate::notify) async fn run(self, limit: Duration) -> Result<Ended, CannotStart> {
        let path = self.path.clone();
        let input = self.input.clone();
        // Starting reads the program from a disk that may hang: it is not done on a thread that others need.
        let start = tokio::task::spawn_blocking(move || self.start());
        let mut running = match tokio::time::timeout(limit, start).await {
            Ok(Ok(started)) => started?,
            Ok(Err(gone)) => {
                return Err(CannotStart::for_now(&path, &format!("the task that starts it ended: {gone}")));
            }
            Err(_) => return Err(CannotStart::for_now(&path, "it could not be read in time: is its disk there?")),
        };
        let ended = tokio::time::timeout(limit, running.end(input)).await;
        let how = match ended {
            Ok(Ok(status)) => how(status),
            Ok(Err(error)) => return Err(CannotStart::for_now(&path, &format!("it cannot be waited for: {error}"))),
            Err(_) => {
                running.kill().await;
                return Ok(Ended { how: How::TimeOver(limit), output: running.finish(None) });
            }
        };
        Ok(Ended { how, output: running.finish(Some(limit)) })
    }

    fn start(&self) -> Result<Running, CannotStart> {
        match self.spawn(&self.path, &self.args) {
            // "Exec format error": not a binary of this machine, and no `#!`.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
                if !is_text(&self.path) {
                    return Err(CannotStart::for_now(&self.path, "it is not a program for this machine"));
                }
                let mut args = vec![self.path.clone().into_os_string()];
                args.extend(self.args.iter().cloned());
                self.spawn(Path::new("/bin/sh"), &args).map_err(|error| excuse(Path::new("/bin/sh"), &error))
            }
            result => result.map_err(|error| excuse(&self.path, &error)),
        }
    }

    fn spawn(&self, path: &Path, args: &[OsString]) -> io::Result<Running> {
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(path);
        command
            .args(args)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0);
        let output = Receiver::from_owned_fd(OwnedFd::from(reader))?;
        let mut child = command.spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let input = child.stdin.take();
        Ok(Running { group: Group(group), child, input, output: Some(output), kept: Kept::default() })
    }
}

/// A program that runs. Dropped, it is killed with all its children; the runtime buries it.
#[derive(Debug)]
struct Running {
    group: Group,
    child: Child,
    input: Option<ChildStdin>,
    output: Option<Receiver>,
    kept: Kept,
}

impl Running {
    /// Feeds it and reads from it until it has ended.
    async fn end(&mut self, input: Option<Vec<u8>>) -> io::Result<ExitStatus> {
        let Self { child, input: stdin, output, kept, .. } = self;
        let feed = async {
            if let (Some(mut stdin), Some(input)) = (stdin.take(), input) {
                // A program that does not care for its input has its reasons; its exit status counts.
                let _ = stdin.write_all(&input).await;
            }
            std::future::pending::<()>().await;
        };
        let read = async {
            if let Some(output) = output.as_mut() {
                kept.read(output).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            status = child.wait() => status,
            () = feed => unreachable!("it is pending for ever"),
            () = read => unreachable!("it is pending for ever"),
        }
    }

    /// Ends it and all its children.
    async fn kill(&mut self) {
        self.group.signal(Signal::TERM);
        let Self { child, output, kept, .. } = self;
        let gone = async {
            let _ = child.wait().await;
            // Its children hold the other end of the pipe for as long as they live.
            if let Some(output) = output.as_mut() {
                kept.read(output).await;
            }
        };
        let _ = tokio::time::timeout(GRACE, gone).await;
        // The group's number belongs to nobody else: while a member lives it is not given out again, and when none
        // does, not before all other numbers were.
        self.group.signal(Signal::KILL);
        let _ = tokio::time::timeout(GRACE, self.child.wait()).await;
    }

    /// What it printed. What it left running may go on printing for this long.
    fn finish(mut self, patience: Option<Duration>) -> String {
        self.group.0 = None;
        if let Some(output) = self.output.take() {
            let rest = self.kept.read_rest(output);
            if let (Some(patience), Some(mut rest)) = (patience, rest) {
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(patience, Kept::default().read(&mut rest)).await;
                });
            }
        }
        self.kept.on_one_line()
    }
}

/// A process group, killed when it is dropped unless it has ended.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // Fails only when nobody is left, which is what is wanted.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// The first of an output.
#[derive(Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    more: bool,
}

impl Kept {
    fn take(&mut self, bytes: &[u8]) {
        let room = (KEPT - self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        self.more |= room < bytes.len();
    }

    async fn read(&mut self, output: &mut Receiver) {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = output.read(&mut buffer).await {
            self.take(&buffer[..count]);
        }
    }

    /// Reads what is in the pipe now; gives the pipe back when somebody else still holds the other end.
    fn read_rest(&mut self, output: Receiver) -> Option<Receiver> {
        let mut pipe = File::from(output.into_nonblocking_fd().ok()?);
        let mut buffer = vec![0; 64 << 10];
        let mut total = 0;
        while total < PIPE {
            match pipe.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => {
                    self.take(&buffer[..count]);
                    total += count;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return None,
            }
        }
        Receiver::from_owned_fd(pipe.into()).ok()
    }

    /// For logs and pages: one line, without control characters.
    fn on_one_line(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let lines = text.lines().map(|line| line.chars().filter(|c| !c.is_control()).collect::<String>());
        let lines: Vec<String> = lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
        lines.join(" | ") + if self.more { " …" } else { "" }
    }
}

impl Ended {
    /// `PATH ended with exit status 3 and printed: …`, as a part of a sentence.
    pub(in crate::notify) fn describe(&self) -> String {
        let how = match self.how {
            How::Exit(status) => format!("ended with exit status {status}"),
            How::Signal(signal) => format!("was ended by signal {signal}"),
            How::TimeOver(limit) => format!("did not end within {} s and was killed", limit.as_secs_f64()),
        };
        match self.output.as_str() {
            "" => how,
            output => format!("{how}; it printed: {output}"),
        }
    }
}

impl CannotStart {
    /// Something that may pass, or that somebody mends.
    pub(super) fn for_now(path: &Path, reason: &str) -> Self {
        Self { reason: format!("cannot run {}: {reason}", path.display()), may_pass: true }
    }
}

fn how(status: ExitStatus) -> How {
    match (status.code(), status.signal()) {
        (Some(code), _) => How::Exit(code),
        (None, signal) => How::Signal(signal.unwrap_or_default()),
    }
}

/// The beginning holds no zero byte, by which shells tell binaries.
fn is_text(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(256).read_to_end(&mut start));
    read.is_ok() && !start.contains(&0)
}
