//! Why a program cannot be started, as a sentence that says what to do.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::io::Errno;

use super::program::CannotStart;

/// What the system's error means for this program.
pub(super) fn excuse(path: &Path, error: &io::Error) -> CannotStart {
    let meta = std::fs::metadata(path);
    let mode = meta.as_ref().map(|meta| meta.permissions().mode()).unwrap_or_default();
    let reason = match error.kind() {
        io::ErrorKind::NotFound if meta.is_ok() => match interpreter(path) {
            Some(name) => {
                format!("its first line asks for {name}, which is not there: install it, or correct the line")
            }
            None => "its loader or interpreter is not there".to_owned(),
        },
        io::ErrorKind::NotFound => "there is no such program: correct the path, or install it".to_owned(),
        io::ErrorKind::PermissionDenied if meta.as_ref().is_ok_and(std::fs::Metadata::is_dir) => {
            "it is a directory, not a program".to_owned()
        }
        io::ErrorKind::PermissionDenied if meta.is_ok() && mode & 0o111 == 0 => {
            format!("it is not executable: chmod +x {}", path.display())
        }
        io::ErrorKind::PermissionDenied => {
            "permission denied: the server's user must be able to read and execute it, and to enter its directories; \
             its file system must not be mounted noexec"
                .to_owned()
        }
        io::ErrorKind::ExecutableFileBusy => "somebody is writing it just now".to_owned(),
        io::ErrorKind::ArgumentListTooLong => {
            "the alert's texts are too long for a command line: shorten its comment or its window".to_owned()
        }
        _ => error.to_string(),
    };
    let too_long = error.raw_os_error() == Some(Errno::TOOBIG.raw_os_error());
    CannotStart { may_pass: !too_long, ..CannotStart::for_now(path, &reason) }
}

/// What the `#!` line names.
fn interpreter(path: &Path) -> Option<String> {
    let mut start = Vec::new();
    File::open(path).ok()?.take(256).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line).trim_end_matches('\r').trim().to_owned();
    let name = line.split_whitespace().next()?.to_owned();
    // A script saved on Windows asks for `/bin/sh\r`.
    Some(if start.contains(&b'\r') {
        format!("{name} with a carriage return (save it with Unix line ends)")
    } else {
        name
    })
}
