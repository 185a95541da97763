//! `rrdtool -`: one process that takes commands, so that its own start is not in the figure.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A process that takes commands.
#[derive(Debug)]
pub struct Rrdtool {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Rrdtool {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// When it is not installed.
    pub fn start() -> io::Result<Self> {
        let child = Command::new("rrdtool").arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child =
            child.map_err(|err| io::Error::other(format!("cannot run rrdtool: {err}; apt-get install rrdtool")))?;
        let answers = BufReader::new(child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
        Ok(Self { child, answers })
    }

    /// The means of a file from `from` to `to`, Unix seconds.
    ///
    /// # Errors
    ///
    /// When rrdtool says so.
    pub fn fetch(&mut self, file: &Path, from: i64, to: i64) -> io::Result<()> {
        let commands = self.child.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(commands, "fetch {} AVERAGE --start {from} --end {to}", file.display())?;
        let mut line = String::new();
        while !line.starts_with("OK") {
            line.clear();
            if self.answers.read_line(&mut line)? == 0 || line.starts_with("ERROR") {
                return Err(io::Error::other(line));
            }
        }
        Ok(())
    }
}

impl Drop for Rrdtool {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
