//! Notifiers that run programs and send mail, against real programs and servers.

#![cfg(feature = "test-util")]

mod exec;
mod mail;
mod mail_server;
mod snpp;
mod xmpp;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A program of this folder in a directory of its own. Linked, not copied: a file that is being written cannot be
/// executed, and another test that forks meanwhile would keep it open.
struct Place {
    directory: tempfile::TempDir,
    program: PathBuf,
}

fn place(name: &str) -> Place {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join(name);
    symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/notify/programs").join(name), &program).unwrap();
    Place { directory, program }
}

impl Place {
    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(name)).unwrap()
    }
}
