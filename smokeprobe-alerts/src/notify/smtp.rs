//! Tells by mail: through the first mail host that takes it, else through sendmail.

mod host;
mod stream;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lettre::Address;
use lettre::message::Mailbox;

use super::mail::{Picture, compose, mailbox};
use super::sendmail;
use super::{Delivered, DeliveryError, Illustrator, Notifier, Secret};
use crate::outbox::Message;

use host::{Failure, MailHost};

pub use super::mail::AddressError;
pub use super::template::{LONGEST as TEMPLATE_AT_MOST, TemplateFault, check as check_template};

/// How long drawing all graphs of a mail may take; it goes without those that are not ready.
const DRAWING: Duration = Duration::from_secs(10);

/// A larger picture is left out, in bytes.
const PICTURE: usize = 2 << 20;

/// How mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailOptions {
    /// The sender: `name@host` or `First Last <name@host>`.
    pub from: String,
    /// Mail hosts, `host` or `host:port` each, tried in order. The port is 25, or 465 with [`MailTls::Wrapped`].
    pub hosts: Vec<String>,
    /// The user to log in as. Only with a password too.
    pub user: Option<Secret>,
    /// The password.
    pub pass: Option<Secret>,
    /// Whether the way to the mail host is encrypted.
    pub tls: MailTls,
    /// A file with certificates (PEM) that are trusted besides the system's.
    pub ca: Option<PathBuf>,
    /// The program to hand the mail to when no host takes it. `None`: `/usr/sbin/sendmail` or `/usr/lib/sendmail`.
    pub sendmail: Option<PathBuf>,
    /// A host that cannot be connected to within this time is given up.
    pub connect_timeout: Duration,
    /// All hosts together have this much time, each the same share.
    pub timeout: Duration,
    /// At most this many graphs in a mail.
    pub graphs: usize,
}

/// Whether mail is encrypted on its way to the mail host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MailTls {
    /// By STARTTLS when the host offers it; from the first byte on port 465.
    ///
    /// Whoever could change our packets could also take the offer away: so certificates are not looked at (RFC 7435).
    /// With a user and a password it is [`StartTls`](Self::StartTls), certificates and all.
    #[default]
    Opportunistic,
    /// By STARTTLS, or not at all.
    StartTls,
    /// From the first byte.
    Wrapped,
    /// Never. User and password are sent in the clear.
    None,
}

/// Sends mail to one recipient.
///
/// It has text and HTML, with graphs of the first series that it tells of; where the alert has a template file, that
/// text alone. See [`Notifier::deliver`] for how it ends:
///
/// 1. Each host is tried in order. One that is not there, hangs, or drops the connection is passed over.
/// 2. Then sendmail is.
/// 3. When nobody took it, the error names everybody who was asked, with what they said. It is permanent when everybody
///    said so (5xx).
#[derive(Clone)]
pub struct Smtp {
    from: Mailbox,
    to: Mailbox,
    options: Arc<MailOptions>,
    illustrator: Option<Arc<dyn Illustrator>>,
}

impl Default for MailOptions {
    fn default() -> Self {
        Self {
            from: "smokeprobe@localhost".to_owned(),
            hosts: Vec::new(),
            user: None,
            pass: None,
            tls: MailTls::default(),
            ca: None,
            sendmail: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(60),
            graphs: 4,
        }
    }
}

impl Smtp {
    /// Sends to `name@host` or `First Last <name@host>`.
    pub fn new(to: &str, options: MailOptions) -> Result<Self, AddressError> {
        Ok(Self { from: mailbox(&options.from)?, to: mailbox(to)?, options: options.into(), illustrator: None })
    }

    /// With graphs.
    #[must_use]
    pub fn illustrated(self, illustrator: Arc<dyn Illustrator>) -> Self {
        Self { illustrator: Some(illustrator), ..self }
    }

    /// Graphs of the first few series.
    async fn pictures(&self, message: &Message) -> Vec<Picture> {
        let mut pictures: Vec<Picture> = Vec::new();
        let Some(illustrator) = &self.illustrator else {
            return pictures;
        };
        let draw = async {
            for event in &message.events {
                if pictures.len() >= self.options.graphs || pictures.iter().any(|known| known.series == event.series) {
                    continue;
                }
                let png = illustrator.png(&event.series, event.time).await;
                if let Some(png) = png.filter(|png| png.len() <= PICTURE) {
                    pictures.push(Picture { series: event.series.clone(), png });
                }
            }
        };
        // What is not drawn by then is left out: a mail without a graph is better than none.
        let _ = tokio::time::timeout(DRAWING, draw).await;
        pictures
    }

    async fn compose(&self, message: &Message) -> Result<Vec<u8>, DeliveryError> {
        let pictures = self.pictures(message).await;
        let (from, to, message) = (self.from.clone(), self.to.clone(), message.clone());
        // Templates are files, whose disk may hang.
        let written = tokio::task::spawn_blocking(move || compose(&from, &to, &message, pictures));
        match tokio::time::timeout(self.options.timeout, written).await {
            Ok(Ok(Ok(mail))) => Ok(mail.formatted()),
            Ok(Ok(Err(error))) => Err(DeliveryError::permanent(format!("the mail cannot be written: {error}"))),
            Ok(Err(error)) => Err(DeliveryError::transient(format!("the mail was not written: {error}"))),
            Err(_) => Err(DeliveryError::transient("the mail template could not be read in time: is its disk there?")),
        }
    }

    /// Tries the hosts in order; what was wrong with each when none took it.
    async fn by_hosts(&self, to: &Address, mail: &[u8]) -> Result<String, Vec<Failure>> {
        let options = &*self.options;
        let mut failures = Vec::new();
        let share = options.timeout / u32::try_from(options.hosts.len().max(1)).unwrap_or(u32::MAX);
        for host in &options.hosts {
            match MailHost::new(host, options).send(&self.from.email, to, mail, share).await {
                Ok(said) => return Ok(format!("{host} took it: {said}")),
                Err(failure) => failures.push(failure),
            }
        }
        Err(failures)
    }
}

#[async_trait]
impl Notifier for Smtp {
    fn name(&self) -> &'static str {
        "mail"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        let mail = self.compose(message).await?;
        let mut failures = match self.by_hosts(&self.to.email, &mail).await {
            Ok(note) => return Ok(Delivered::with(note)),
            Err(failures) => failures,
        };
        match sendmail::program(self.options.sendmail.as_deref()) {
            Some(program) => {
                match sendmail::send(&program, self.from.email.as_ref(), self.to.email.as_ref(), &mail).await {
                    Ok(note) => return Ok(Delivered::with(Failure::list(&failures, note))),
                    Err(failure) => failures.push(Failure { reason: failure.reason, may_pass: failure.may_pass }),
                }
            }
            None if failures.is_empty() => failures.push(Failure::transient(
                "there is neither a mail host nor sendmail: set mailhost in General, or install a mail server"
                    .to_owned(),
            )),
            None => {}
        }
        let may_pass = failures.iter().any(|failure| failure.may_pass);
        let reason = Failure::list(&failures, String::new());
        Err(if may_pass { DeliveryError::transient(reason) } else { DeliveryError::permanent(reason) })
    }
}

/// By hand, as an illustrator need not have `Debug`.
impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("to", &self.to.to_string()).field("options", &self.options).finish_non_exhaustive()
    }
}
