//! A configuration in a folder of its own, and the daemon that runs it.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// How often a condition is looked at before a test gives up, and the longest time between two looks.
const LOOKS: usize = 1200;
const BETWEEN: Duration = Duration::from_millis(100);

/// A configuration and its data.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// A configuration with this step, pings, and seconds between pings. `Targets` is to be written.
    pub(crate) fn new(step: u32, pings: u32, interval: f64) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::create_dir(folder.path("data")).unwrap();
        folder.write(
            "config",
            &format!(
                "*** General ***\ndatadir = {}\n*** Database ***\nstep = {step}\npings = {pings}\n\
             AVERAGE 0.5 1 1000\n*** Probes ***\n+ TCPPing\nhostinterval = {interval}\ntimeout = 5\n\
             *** Targets ***\nprobe = TCPPing\nmenu = Top\ntitle = Top\n@include {}\n",
                folder.path("data"),
                folder.path("Targets"),
            ),
        );
        folder
    }

    /// Puts a file there, or another into its place: whole, as a daemon may look at any time.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let new = self.path(&format!(".{name}.new"));
        fs::write(&new, text).unwrap();
        if let Ok(before) = fs::metadata(self.path(name)) {
            fs::set_permissions(&new, before.permissions()).unwrap();
        }
        fs::rename(new, self.path(name)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

/// A running daemon. It is killed when a test fails.
pub(crate) struct Daemon {
    child: RefCell<Child>,
    log: Receiver<String>,
    port: u16,
    /// What it logged so far, for people who look why a test failed.
    said: RefCell<String>,
}

impl Daemon {
    pub(crate) fn start(folder: &Folder) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_smokeprobe-server")), folder)
    }

    /// Starts it with more in its environment.
    pub(crate) fn start_with(folder: &Folder, environment: &[(&str, String)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_smokeprobe-server"));
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        Self::spawn(command, folder)
    }

    /// Starts it with more on its command line.
    pub(crate) fn start_as(folder: &Folder, options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_smokeprobe-server"));
        command.args(options);
        Self::spawn(command, folder)
    }

    /// Starts it with four megabytes for its data.
    pub(crate) fn start_on_small_disk(folder: &Folder) -> Self {
        let mut command = Command::new("unshare");
        let script = "mount -t tmpfs -o size=4m smokeprobe-test \"$1\" && shift && exec \"$@\"";
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", &folder.path("data")]);
        command.arg(env!("CARGO_BIN_EXE_smokeprobe-server"));
        Self::spawn(command, folder)
    }

    /// Starts it where it cannot run. Returns what it said, and its exit code.
    pub(crate) fn start_in_vain(folder: &Folder) -> (String, Option<i32>) {
        Self::start_in_vain_as(folder, &[])
    }

    /// The same with more on its command line.
    pub(crate) fn start_in_vain_as(folder: &Folder, options: &[&str]) -> (String, Option<i32>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_smokeprobe-server"));
        command.args(options);
        let output = arguments(command, folder).output().unwrap();
        (String::from_utf8(output.stderr).unwrap(), output.status.code())
    }

    fn spawn(command: Command, folder: &Folder) -> Self {
        let mut child = arguments(command, folder)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the daemon, or unshare of Debian's util-linux");
        let (sender, log) = mpsc::channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut daemon = Self { child: child.into(), log, port: 0, said: RefCell::default() };
        let line = daemon.until_logged("serving http://");
        daemon.port = line.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        daemon
    }

    /// Waits for a line that contains `text`.
    pub(crate) fn until_logged(&self, text: &str) -> String {
        for _ in 0..LOOKS {
            if let Ok(line) = self.log.recv_timeout(BETWEEN) {
                self.said.borrow_mut().push_str(&(line.clone() + "\n"));
                if line.contains(text) {
                    return line;
                }
            }
        }
        panic!("waited in vain for {text:?} in\n{}", self.said.borrow());
    }

    /// What it said so far.
    pub(crate) fn said(&self) -> String {
        self.said.borrow_mut().extend(self.log.try_iter().map(|line| line + "\n"));
        self.said.borrow().clone()
    }

    /// Waits until `condition` holds.
    pub(crate) fn until(&self, what: &str, condition: impl Fn() -> bool) {
        let (_keep, never) = mpsc::channel::<()>();
        for _ in 0..LOOKS {
            if condition() {
                return;
            }
            let _ = never.recv_timeout(BETWEEN);
        }
        self.said.borrow_mut().extend(self.log.try_iter().map(|line| line + "\n"));
        panic!("waited in vain until {what}; the daemon said\n{}", self.said.borrow());
    }

    /// What the web answers.
    pub(crate) fn json(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port())).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        // Chunks of a body begin with a line of their length.
        let (start, end) = (body.find('{').unwrap(), body.rfind('}').unwrap());
        serde_json::from_str(&body[start..=end]).unwrap()
    }

    /// Where it serves the web.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn signal(&self, signal: i32) {
        let id = self.child.borrow().id();
        let status = Command::new("kill").args([format!("-{signal}"), id.to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Asks it to stop, and waits until it has. Returns its exit code.
    pub(crate) fn stop(self) -> Option<i32> {
        self.signal(libc::SIGTERM);
        self.until("it has stopped", || self.child.borrow_mut().try_wait().unwrap().is_some());
        self.child.borrow_mut().wait().unwrap().code()
    }

    /// A path as the daemon sees it, in its namespace.
    pub(crate) fn sees(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.child.borrow().id()))
    }

    /// Fills a file system up.
    pub(crate) fn fill(folder: &Path) {
        let mut filler = fs::File::create(folder.join("filler")).unwrap();
        let block = [0_u8; 4096];
        // No more than a hundred megabytes, should this be another file system than the small one.
        let written = (0..25_000).take_while(|_| filler.write_all(&block).is_ok()).count();
        assert!(written < 25_000, "the file system did not fill up");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.borrow_mut().kill();
        let _ = self.child.borrow_mut().wait();
    }
}

fn arguments(mut command: Command, folder: &Folder) -> Command {
    command.args(["--config", &folder.path("config")]).env_remove("RUST_LOG");
    if !command.get_args().any(|argument| argument == "--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command
}

pub(crate) fn rrdtool(args: &[&str]) -> String {
    let output = Command::new("rrdtool").args(args).output().expect("rrdtool; install Debian's package rrdtool");
    assert!(output.status.success(), "rrdtool {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The rows of a file in which something is known: their time and values.
pub(crate) fn rows(file: &str) -> Vec<(i64, Vec<String>)> {
    let fetched = rrdtool(&["fetch", file, "AVERAGE", "--start", "end-500s"]);
    fetched
        .lines()
        .filter_map(|line| {
            let (time, values) = line.split_once(':')?;
            let values: Vec<String> = values.split_whitespace().map(str::to_owned).collect();
            let known = values.iter().any(|value| !value.contains("nan"));
            known.then(|| Some((time.trim().parse().ok()?, values)))?
        })
        .collect()
}
