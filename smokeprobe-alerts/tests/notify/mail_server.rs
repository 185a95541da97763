//! The mail server of `mail_server.py`, as a child process.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

pub(crate) struct MailServer {
    child: Child,
    lines: Receiver<String>,
    port: u16,
}

/// A certificate of the test's own for 127.0.0.1.
pub(crate) struct Certificate {
    directory: tempfile::TempDir,
}

impl MailServer {
    pub(crate) fn start(args: &[&str]) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let script = here.join("tests/notify/mail_server.py");
        let mut child = Command::new(python())
            .arg(script)
            .args(args)
            .env("PYTHONWARNINGS", "ignore")
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        // Read on, or the server would stop at a pipe that is full.
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let port = lines.recv().expect("the mail server prints its port").parse().unwrap();
        Self { child, lines, port }
    }

    pub(crate) fn encrypting(certificate: &Certificate, args: &[&str]) -> Self {
        let (cert, key) = (certificate.file(), certificate.directory.path().join("key.pem"));
        let mut all = vec!["--cert", cert.to_str().unwrap(), "--key", key.to_str().unwrap()];
        all.extend(args);
        Self::start(&all)
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The next mail that it took.
    pub(crate) fn mail(&self) -> Value {
        serde_json::from_str(&self.lines.recv().unwrap()).unwrap()
    }

    /// It took no more mails than those that were asked for.
    pub(crate) fn ends(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.lines.iter().next(), None);
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Certificate {
    pub(crate) fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(directory.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        Self { directory }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("cert.pem")
    }
}

/// The interpreter with the packages of `scripts/requirements.txt`.
fn python() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/python");
    let output = Command::new(script).output().unwrap();
    assert!(output.status.success(), "scripts/python: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
