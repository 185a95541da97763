//! A password from the terminal, unseen, or from a pipe.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Stdin, Write as _};

use anyhow::{Context as _, bail};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::users::{Password, PasswordError, UserName};

/// Bytes of a line at most.
const LONGEST: u64 = 4096;

/// What ends a line beside Enter: Ctrl-C.
const INTERRUPT: u8 = 3;

/// What came of asking.
pub(super) enum NewPassword {
    Chosen(Password),
    Refused(PasswordError),
}

/// Asks twice on a terminal; reads one line from anything else.
pub(super) fn new_password(name: &UserName) -> anyhow::Result<NewPassword> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(judged(&line(&stdin)?));
    }
    let first = unseen(&stdin, &format!("New password of {name}: "))?;
    let chosen = judged(&first);
    if matches!(chosen, NewPassword::Chosen(_)) && unseen(&stdin, "Again: ")? != first {
        bail!("these are two passwords: nothing is changed");
    }
    Ok(chosen)
}

/// The password by which somebody signs in.
pub(super) fn password(name: &UserName) -> anyhow::Result<String> {
    let stdin = io::stdin();
    if stdin.is_terminal() { unseen(&stdin, &format!("Password of {name}: ")) } else { line(&stdin) }
}

fn judged(text: &str) -> NewPassword {
    match Password::chosen(text) {
        Ok(password) => NewPassword::Chosen(password),
        Err(why) => NewPassword::Refused(why),
    }
}

/// A line that does not appear as it is typed.
fn unseen(stdin: &Stdin, prompt: &str) -> anyhow::Result<String> {
    let quiet = Quiet::begin(stdin).context("cannot turn off the echo of the terminal")?;
    eprint!("{prompt}");
    io::stderr().flush()?;
    let text = line(stdin);
    drop(quiet);
    eprintln!();
    let text = text?;
    if text.ends_with(char::from(INTERRUPT)) {
        bail!("interrupted: nothing is changed");
    }
    Ok(text)
}

/// One line, without its end.
fn line(stdin: &Stdin) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut input = stdin.lock().take(LONGEST);
    // Up to Ctrl-C, a line of a terminal comes in one reading, and is not waited for beyond.
    if stdin.is_terminal() {
        let mut bytes = vec![0; LONGEST as usize];
        let length = input.read(&mut bytes).context("cannot read the password")?;
        bytes.truncate(length);
        text = String::from_utf8(bytes).context("the password is not UTF-8")?;
    } else {
        input.read_line(&mut text).context("cannot read the password")?;
    }
    if text.is_empty() {
        bail!("there is no password on standard input");
    }
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

/// A terminal without echo, until dropped. Ctrl-C ends the line instead of the program, which would leave the terminal so.
struct Quiet<'a>(&'a Stdin, Termios);

impl<'a> Quiet<'a> {
    fn begin(terminal: &'a Stdin) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        // What was typed before the question is no answer to it.
        tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self(terminal, before))
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.0, OptionalActions::Now, &self.1);
    }
}
