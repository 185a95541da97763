//! Hands a mail to the machine's own mail system through its `sendmail` program.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::exec::{How, Program};

/// Where it usually is.
const PLACES: [&str; 2] = ["/usr/sbin/sendmail", "/usr/lib/sendmail"];

/// It only puts the mail into a queue.
const LIMIT: Duration = Duration::from_secs(30);

/// Exit statuses that another try does not change: the data, the user, the host (`sysexits.h`).
const FOR_GOOD: [i32; 3] = [65, 67, 68];

/// Why it did not take the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) reason: String,
    pub(super) may_pass: bool,
}

/// The program as configured, else where it usually is.
pub(super) fn program(configured: Option<&Path>) -> Option<PathBuf> {
    configured.map(Path::to_owned).or_else(|| PLACES.iter().map(PathBuf::from).find(|path| path.is_file()))
}

/// `sendmail -i -f FROM -- TO` with the mail on its standard input. A line with a dot alone is a part of the mail (`-i`).
pub(super) async fn send(program: &Path, from: &str, to: &str, mail: &[u8]) -> Result<String, Failure> {
    let args = ["-i", "-f", from, "--", to].map(Into::into).to_vec();
    let program = Program { path: program.to_owned(), args, environment: Vec::new(), input: Some(unix(mail)) };
    let path = program.path.display().to_string();
    match program.run(LIMIT).await {
        Ok(ended) if ended.how == How::Exit(0) => Ok(format!("{path} took it")),
        Ok(ended) => {
            let may_pass = !matches!(ended.how, How::Exit(status) if FOR_GOOD.contains(&status));
            Err(Failure { reason: format!("{path} {}", ended.describe()), may_pass })
        }
        Err(error) => Err(Failure { reason: error.reason, may_pass: error.may_pass }),
    }
}

/// Programs of this machine end lines as this machine does.
fn unix(mail: &[u8]) -> Vec<u8> {
    let mut bytes = mail.iter().copied().peekable();
    let mut lines = Vec::with_capacity(mail.len());
    while let Some(byte) = bytes.next() {
        if byte != b'\r' || bytes.peek() != Some(&b'\n') {
            lines.push(byte);
        }
    }
    lines
}
