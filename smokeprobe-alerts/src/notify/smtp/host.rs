//! One try at one mail host, step by step, so that a failure can name the step.

use std::path::Path;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use tokio::net::TcpStream;

use super::stream::{Encrypted, Limited};
use super::{MailOptions, MailTls};
use crate::notify::host_port::host_port;
use crate::notify::text::on_one_line;
use crate::notify::{SecretError, file};

/// More of what a host says is not told on, in characters.
const SAID: usize = 400;

/// Longer files are not certificates, in bytes: all that a system trusts are a few hundred KiB.
const CERTIFICATES: u64 = 4 << 20;

/// How long a host may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// A mail host.
#[derive(Debug)]
pub(super) struct MailHost<'a> {
    text: &'a str,
    options: &'a MailOptions,
}

/// Why one of those who were asked did not take the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// Who, and why.
    pub(super) reason: String,
    /// A later try may go better.
    pub(super) may_pass: bool,
}

/// How the connection becomes encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Wrapped,
    StartTls { required: bool },
    Plain,
}

impl<'a> MailHost<'a> {
    pub(super) fn new(text: &'a str, options: &'a MailOptions) -> Self {
        Self { text, options }
    }

    /// Hands it one mail; what it said. Ends within `limit`.
    pub(super) async fn send(
        &self,
        from: &Address,
        to: &Address,
        mail: &[u8],
        limit: Duration,
    ) -> Result<String, Failure> {
        let mut step = "connecting";
        let result = tokio::time::timeout(limit, self.talk(&mut step, from, to, mail)).await;
        match result {
            Ok(Ok((said, mut connection))) => {
                // It has the mail: how it says goodbye changes nothing.
                let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
                Ok(said)
            }
            Ok(Err(failure)) => {
                Err(Failure { reason: format!("{}: {step}: {}", self.text, failure.reason), ..failure })
            }
            Err(_) => {
                let reason =
                    format!("{}: {step}: it did not answer within {:.0} s", self.text, limit.as_secs_f64().ceil());
                Err(Failure::transient(reason))
            }
        }
    }

    async fn talk(
        &self,
        step: &mut &'static str,
        from: &Address,
        to: &Address,
        mail: &[u8],
    ) -> Result<(String, AsyncSmtpConnection), Failure> {
        let default = if self.options.tls == MailTls::Wrapped { 465 } else { 25 };
        let (name, port) = host_port(self.text, default).map_err(Failure::permanent)?;
        let credentials = self.credentials().await?;
        let way = self.way(port, credentials.is_some());
        let tls = match way {
            Way::Plain => None,
            _ => Some(self.tls(name, credentials.is_some()).await?),
        };
        let hello = ClientId::default();

        let connecting = tokio::time::timeout(self.options.connect_timeout, TcpStream::connect((name, port)));
        let stream = match connecting.await {
            Ok(Ok(stream)) => Limited::new(stream),
            Ok(Err(error)) => return Err(Failure::transient(error.to_string())),
            Err(_) => return Err(Failure::transient("it cannot be reached in time".to_owned())),
        };
        let stream: Box<dyn AsyncTokioStream> = match (way, &tls) {
            (Way::Wrapped, Some(tls)) => {
                *step = "encrypting";
                Box::new(Encrypted::new(stream, tls.clone()).await.map_err(|error| self.advise(error))?)
            }
            _ => Box::new(stream),
        };
        *step = "greeting";
        let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &hello).await?;
        if let (Way::StartTls { required }, Some(tls)) = (way, tls) {
            *step = "encrypting";
            if connection.can_starttls() {
                connection.starttls(tls, &hello).await.map_err(|error| self.advise(error))?;
            } else if required {
                return Err(Failure::transient(match credentials {
                    Some(_) => "it does not offer STARTTLS, and the password is not sent in the clear (mailtls = none \
                                would do so)"
                        .to_owned(),
                    None => "it does not offer STARTTLS".to_owned(),
                }));
            }
        }
        if let Some(credentials) = &credentials {
            *step = "logging in";
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        *step = "giving the sender";
        connection.command(Mail::new(Some(from.clone()), Vec::new())).await?;
        *step = "giving the recipient";
        connection.command(Rcpt::new(to.clone(), Vec::new())).await?;
        *step = "giving the mail";
        connection.command(Data).await?;
        let taken = connection.message(mail).await?;
        Ok((said(&taken), connection))
    }

    /// What to do when the encryption cannot be agreed on.
    fn advise(&self, error: Error) -> Failure {
        let failure = Failure::from(error);
        let advice = if failure.reason.contains("certificate") {
            "mailca names certificates to trust besides the system's"
        } else if self.options.tls == MailTls::Opportunistic {
            "mailtls = none does without encryption"
        } else {
            "is it the right port for this mailtls?"
        };
        Failure { reason: format!("{} ({advice})", failure.reason), ..failure }
    }

    async fn credentials(&self) -> Result<Option<Credentials>, Failure> {
        let (Some(user), Some(pass)) = (&self.options.user, &self.options.pass) else { return Ok(None) };
        let failure = |error: SecretError| Failure::transient(error.to_string());
        let user = user.reveal(file::PATIENCE).await.map_err(failure)?;
        let pass = pass.reveal(file::PATIENCE).await.map_err(failure)?;
        Ok(Some(Credentials::new(user, pass)))
    }

    fn way(&self, port: u16, credentials: bool) -> Way {
        match self.options.tls {
            MailTls::None => Way::Plain,
            MailTls::Wrapped => Way::Wrapped,
            MailTls::Opportunistic if port == 465 => Way::Wrapped,
            MailTls::Opportunistic => Way::StartTls { required: credentials },
            MailTls::StartTls => Way::StartTls { required: true },
        }
    }

    async fn tls(&self, name: &str, credentials: bool) -> Result<TlsParameters, Failure> {
        let (name, file) = (name.to_owned(), self.options.ca.clone());
        let trusting = self.options.tls == MailTls::Opportunistic && !credentials;
        // It reads the system's certificates.
        let made = tokio::task::spawn_blocking(move || tls(name, file.as_deref(), trusting)).await;
        made.map_err(|error| Failure::transient(error.to_string()))?
    }
}

fn tls(name: String, ca_file: Option<&Path>, trusting: bool) -> Result<TlsParameters, Failure> {
    let mut tls = TlsParameters::builder(name);
    if let Some(path) = ca_file {
        let unusable = |reason: String| {
            Failure::transient(format!("cannot read the certificates in {}: {reason}", path.display()))
        };
        let pem = file::read_now(path, CERTIFICATES).map_err(|error| unusable(error.to_string()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
        tls = tls.add_root_certificate(certificate);
    }
    tls = tls.dangerous_accept_invalid_certs(trusting).dangerous_accept_invalid_hostnames(trusting);
    Ok(tls.build()?)
}

impl Failure {
    pub(super) fn transient(reason: String) -> Self {
        Self { reason, may_pass: true }
    }

    fn permanent(reason: String) -> Self {
        Self { reason, may_pass: false }
    }

    /// All of them in one sentence, and what came after.
    pub(super) fn list(failures: &[Self], after: String) -> String {
        let reasons = failures.iter().map(|failure| failure.reason.clone());
        reasons.chain((!after.is_empty()).then_some(after)).collect::<Vec<_>>().join("; ")
    }
}

/// What a host answered, or what is wrong with the connection.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut text = String::new();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Their own errors within their own say nothing more.
            if !cause.is::<Error>() && !text.contains(&cause_text) {
                text = if text.is_empty() { cause_text } else { format!("{text}: {cause_text}") };
            }
            source = cause.source();
        }
        let text: String = on_one_line(&text).chars().take(SAID).collect();
        match error.status() {
            Some(code) => Self { reason: format!("it said {code} {text}"), may_pass: error.is_transient() },
            None if error.is_response() && text == "incomplete response" => {
                Self::transient("it closed the connection".to_owned())
            }
            None if error.is_response() => Self::transient(format!("it does not speak SMTP: {text}")),
            None => Self::transient(text),
        }
    }
}

fn said(response: &Response) -> String {
    let text = response.message().collect::<Vec<_>>().join(" ");
    format!("{} {}", response.code(), on_one_line(&text).chars().take(SAID).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_asks_for_encryption() {
        let way = |tls, port, credentials| {
            MailHost::new("h", &MailOptions { tls, ..MailOptions::default() }).way(port, credentials)
        };
        assert_eq!(way(MailTls::Opportunistic, 25, false), Way::StartTls { required: false });
        assert_eq!(way(MailTls::Opportunistic, 587, true), Way::StartTls { required: true });
        assert_eq!(way(MailTls::Opportunistic, 465, false), Way::Wrapped);
        assert_eq!(way(MailTls::None, 25, true), Way::Plain);
    }
}
