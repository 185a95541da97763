//! Tells by running a program, with the arguments that SmokePing gives.

mod excuse;
mod program;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use smokeprobe_core::Vantage;

use super::{Delivered, DeliveryError, Notifier};
use crate::event::{Event, What};
use crate::outbox::Message;

pub(super) use program::{CannotStart, How, Program};

/// Runs a program for each event: `|/path/prog`.
///
/// Its arguments are those of SmokePing, in this order:
///
/// 1. the alert's name,
/// 2. the target as `A.B`, or `A.B [from SLAVE]`,
/// 3. `loss: S, 0%, 20%`,
/// 4. `rtt: S, 12ms, U`,
/// 5. the host as configured,
/// 6. of an alert with edge trigger only: `1` when it is raised (or goes on), `0` when it is cleared.
///
/// No shell has a part in it: everything after `|` is the path. Its standard input is empty. In its environment are
/// more facts, each there only when there is one:
///
/// | variable | what |
/// |---|---|
/// | `SMOKEPROBE_ALERT` | the alert's name |
/// | `SMOKEPROBE_TARGET` | the target, `A.B` |
/// | `SMOKEPROBE_SLAVE` | the slave that measured |
/// | `SMOKEPROBE_WHAT` | `raised`, `active` or `cleared` |
/// | `SMOKEPROBE_TIME` | Unix seconds of the end of the round's slot |
/// | `SMOKEPROBE_SINCE` | the same of the round that raised it |
/// | `SMOKEPROBE_REASON` | why it was raised, with figures |
/// | `SMOKEPROBE_HOST`, `SMOKEPROBE_TITLE`, `SMOKEPROBE_URL` | the target's |
/// | `SMOKEPROBE_PATTERN`, `SMOKEPROBE_COMMENT`, `SMOKEPROBE_PRIORITY` | the alert's |
/// | `SMOKEPROBE_MESSAGE` | a number that is the same in each try at telling the same |
///
/// The program has a time limit; at its end it gets `SIGTERM` with all its children, 2 seconds later `SIGKILL`. Any
/// end but exit status 0 is an error, and a permanent one: it may have done its work, and running it again would do it
/// twice. One that cannot be started is tried again.
#[derive(Debug, Clone)]
pub struct Exec {
    path: PathBuf,
    timeout: Duration,
}

impl Exec {
    /// How long a program may run when nobody says.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// Runs this program, and ends it after `timeout`.
    pub fn new(path: impl Into<PathBuf>, timeout: Duration) -> Self {
        Self { path: path.into(), timeout }
    }

    async fn run(&self, message: &Message, event: &Event) -> Result<String, DeliveryError> {
        let program = Program {
            path: self.path.clone(),
            args: arguments(event),
            environment: environment(message, event),
            input: None,
        };
        let ended = program.run(self.timeout).await.map_err(|mut error| {
            if self.path.to_string_lossy().contains(char::is_whitespace) {
                error.reason.push_str(" (everything after `|` is the path: it cannot hold arguments)");
            }
            DeliveryError::from(error)
        })?;
        match ended.how {
            How::Exit(0) => Ok(ended.describe()),
            _ => Err(DeliveryError::permanent(format!(
                "{} {} (not run again: it may have done its work)",
                self.path.display(),
                ended.describe()
            ))),
        }
    }
}

#[async_trait]
impl Notifier for Exec {
    fn name(&self) -> &'static str {
        "exec"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        let mut notes = Vec::new();
        for event in &message.events {
            notes.push(self.run(message, event).await?);
        }
        Ok(Delivered::with(notes.join("; ")))
    }
}

fn arguments(event: &Event) -> Vec<OsString> {
    let facts = &event.facts;
    let mut arguments = vec![
        argument(&event.alert),
        argument(&event.line()),
        argument(&facts.loss),
        argument(&facts.rtt),
        argument(&facts.host),
    ];
    if facts.edgetrigger {
        arguments.push(argument(if event.what == What::Cleared { "0" } else { "1" }));
    }
    arguments
}

fn environment(message: &Message, event: &Event) -> Vec<(String, OsString)> {
    let facts = &event.facts;
    let mut all = vec![
        ("ALERT", event.alert.to_string()),
        ("TARGET", event.series.target.to_string()),
        ("WHAT", event.word().to_owned()),
        ("TIME", event.time.to_string()),
        ("SINCE", event.since.to_string()),
        ("REASON", facts.reason.clone()),
        ("HOST", facts.host.clone()),
        ("TITLE", facts.title.clone()),
        ("URL", facts.url.clone().unwrap_or_default()),
        ("PATTERN", facts.pattern.clone()),
        ("COMMENT", facts.comment.clone()),
        ("PRIORITY", facts.priority.map(|priority| priority.to_string()).unwrap_or_default()),
        ("MESSAGE", message.id.0.to_string()),
    ];
    if let Vantage::Slave(slave) = &event.series.vantage {
        all.push(("SLAVE", slave.to_string()));
    }
    all.retain(|(_, value)| !value.is_empty());
    all.into_iter().map(|(name, value)| (format!("SMOKEPROBE_{name}"), argument(&value))).collect()
}

impl From<CannotStart> for DeliveryError {
    fn from(error: CannotStart) -> Self {
        if error.may_pass { Self::transient(error.reason) } else { Self::permanent(error.reason) }
    }
}

/// A zero byte ends a C string, and no program can be given one.
fn argument(text: &str) -> OsString {
    text.replace('\0', "").into()
}
