//! Tells by XMPP, through the program `sendxmpp`.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

use super::exec::{How, Program};
use super::text::text;
use super::{Delivered, DeliveryError, Notifier};
use crate::outbox::Message;

/// Runs `sendxmpp ACCOUNT -s '[Smokeping] Alert'` with the text on its standard input: `xmpp:ACCOUNT`.
///
/// No shell has a part in it. Its own account is in the `.sendxmpprc` of the server's user.
#[derive(Debug, Clone)]
pub struct Xmpp {
    account: String,
    program: PathBuf,
    timeout: Duration,
}

impl Xmpp {
    /// How long the program may run when nobody says.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// Sends to this account, such as `ops@chat.company.xy`, through the `sendxmpp` of the `PATH`.
    pub fn new(account: &str) -> Self {
        Self { account: account.to_owned(), program: "sendxmpp".into(), timeout: Self::TIMEOUT }
    }

    /// Through another program.
    #[must_use]
    pub fn program(self, program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), ..self }
    }

    /// The program is ended after this time.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

#[async_trait]
impl Notifier for Xmpp {
    fn name(&self) -> &'static str {
        "xmpp"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        // As a first argument it would be an option.
        if self.account.is_empty() || self.account.starts_with('-') || self.account.contains(char::is_control) {
            return Err(DeliveryError::permanent(format!("{:?} is not an XMPP account", self.account)));
        }
        let program = Program {
            path: self.program.clone(),
            args: [&*self.account, "-s", "[Smokeping] Alert"].map(Into::into).to_vec(),
            environment: Vec::new(),
            input: Some(text(&message.events).into_bytes()),
        };
        let ended = program.run(self.timeout).await.map_err(|mut error| {
            error.reason.push_str(" (messages to xmpp: go through sendxmpp: install its package)");
            DeliveryError::from(error)
        })?;
        match ended.how {
            How::Exit(0) => Ok(Delivered::with(ended.describe())),
            // It fails when it cannot log in or is not connected, and then nothing was sent.
            _ => Err(DeliveryError::transient(format!("{} {}", self.program.display(), ended.describe()))),
        }
    }
}
