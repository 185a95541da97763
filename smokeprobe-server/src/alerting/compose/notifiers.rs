//! From recipients to what reaches them.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use smokeprobe_alerts::notify::aws::{Aws, AwsOptions, Env, Lambda, Sns};
use smokeprobe_alerts::notify::exec::Exec;
use smokeprobe_alerts::notify::http::{Client, ClientOptions, Service};
use smokeprobe_alerts::notify::smtp::{self, MailOptions, Smtp};
use smokeprobe_alerts::notify::snpp::Snpp;
use smokeprobe_alerts::notify::xmpp::Xmpp;
use smokeprobe_alerts::notify::{
    Alertmanager, Delivered, DeliveryError, Dingtalk, Feishu, Illustrator, Slack, Telegram, Webhook, Wecom,
};
use smokeprobe_alerts::{Message, Notifier, RecipientId};
use smokeprobe_core::Clock;

use crate::config::Plan;
use crate::config::plan::{Alerting, MailTls, Recipient, Way};

/// Who sends mails that nobody gave a sender.
const SENDER: &str = "smokeprobe@localhost";

/// What notifiers share, and keep over a reload.
#[derive(Clone)]
pub struct Parts {
    /// Why there is no client is what everybody is told who would need it.
    client: Result<Client, String>,
    env: Env,
    illustrator: Option<Arc<dyn Illustrator>>,
}

impl Parts {
    /// Without pictures in mails. `clock` dates what is signed.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let client = Client::new(clock, &ClientOptions::default()).map_err(|error| error.to_string());
        Self { client, env: Env::of_process(), illustrator: None }
    }

    /// With pictures in mails.
    #[must_use]
    pub fn illustrated(self, illustrator: Arc<dyn Illustrator>) -> Self {
        Self { illustrator: Some(illustrator), ..self }
    }
}

/// By hand, as an illustrator need not have `Debug`.
impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("client", &self.client).finish_non_exhaustive()
    }
}

/// What reaches everybody who is told of anything. Nothing is read or asked before the first message.
///
/// Where that cannot be made, there is something in its place by which each delivery fails, and says why.
pub fn notifiers(plan: &Plan, parts: &Parts) -> BTreeMap<RecipientId, Arc<dyn Notifier>> {
    let mut maker = Maker { alerting: &plan.alerting, parts, aws: HashMap::new() };
    let recipients = plan.alerting.recipients.iter();
    recipients.map(|(id, recipient)| (id.clone(), maker.make(recipient))).collect()
}

struct Maker<'a> {
    alerting: &'a Alerting,
    parts: &'a Parts,
    /// Topics and functions at the public addresses, by the time that a try may take: they share credentials.
    aws: HashMap<Duration, Aws>,
}

impl Maker<'_> {
    fn make(&mut self, recipient: &Recipient) -> Arc<dyn Notifier> {
        match self.try_make(recipient) {
            Ok(notifier) => notifier,
            Err(reason) => Arc::new(Unreachable { reason }),
        }
    }

    fn try_make(&mut self, recipient: &Recipient) -> Result<Arc<dyn Notifier>, String> {
        let timeout = recipient.timeout;
        let client = || self.parts.client.clone();
        let service = || service(recipient);
        Ok(match &recipient.way {
            Way::Exec(path) => Arc::new(Exec::new(path.clone(), timeout)),
            Way::Mail(to) => {
                let mail = self.mail(to, timeout)?;
                match &recipient.template {
                    Some(template) => Arc::new(Templated { mail, template: template.clone() }),
                    None => mail,
                }
            }
            Way::Snpp(pager) => match &self.alerting.snpp_host {
                Some(host) => Arc::new(Snpp::new(host, pager, timeout)),
                None => return Err("there is no `snpphost` in `*** General ***`: name the host of pagers".to_owned()),
            },
            Way::Xmpp(account) => Arc::new(Xmpp::new(account).timeout(timeout)),
            Way::Sns(arn) => Arc::new(Sns::new(&self.aws(recipient)?, arn).map_err(|error| error.to_string())?),
            Way::Lambda(name) => Arc::new(Lambda::new(&self.aws(recipient)?, name).map_err(|error| error.to_string())?),
            Way::Webhook(url) => Arc::new(Webhook::new(client()?, url.clone(), service(), recipient.template.clone())),
            Way::Dingtalk(token) => Arc::new(Dingtalk::new(client()?, token.clone(), service())),
            Way::Feishu(token) => Arc::new(Feishu::new(client()?, token.clone(), service())),
            Way::Wecom(key) => Arc::new(Wecom::new(client()?, key.clone(), service())),
            Way::Slack(hook) => Arc::new(Slack::new(client()?, hook.clone(), service())),
            Way::Telegram { token, chat } => {
                Arc::new(Telegram::new(client()?, token.clone(), chat.as_str(), service()))
            }
            Way::Alertmanager(address) => Arc::new(Alertmanager::new(client()?, address.clone(), service())),
        })
    }

    fn mail(&self, to: &str, timeout: Duration) -> Result<Arc<dyn Notifier>, String> {
        let mail = &self.alerting.mail;
        let options = MailOptions {
            from: self.alerting.from.clone().unwrap_or_else(|| SENDER.to_owned()),
            hosts: mail.hosts.clone(),
            user: mail.user.clone(),
            pass: mail.pass.clone(),
            tls: match mail.tls {
                MailTls::Opportunistic => smtp::MailTls::Opportunistic,
                MailTls::StartTls => smtp::MailTls::StartTls,
                MailTls::Wrapped => smtp::MailTls::Wrapped,
                MailTls::None => smtp::MailTls::None,
            },
            ca_file: mail.ca.clone(),
            sendmail: mail.sendmail.clone(),
            timeout,
            ..MailOptions::default()
        };
        let smtp = Smtp::new(to, options).map_err(|error| error.to_string())?;
        Ok(match &self.parts.illustrator {
            Some(illustrator) => Arc::new(smtp.illustrated(Arc::clone(illustrator))),
            None => Arc::new(smtp),
        })
    }

    fn aws(&mut self, recipient: &Recipient) -> Result<Aws, String> {
        let shared = recipient.endpoint.is_none().then(|| self.aws.get(&recipient.timeout)).flatten();
        if let Some(aws) = shared {
            return Ok(aws.clone());
        }
        let mut options = AwsOptions { timeout: recipient.timeout, ..AwsOptions::default() };
        let endpoint = recipient.endpoint.clone();
        match recipient.way {
            Way::Lambda(_) => options.lambda_endpoint = endpoint,
            _ => options.sns_endpoint = endpoint,
        }
        let aws = Aws::new(self.parts.client.clone()?, self.parts.env.clone(), options);
        if recipient.endpoint.is_none() {
            self.aws.insert(recipient.timeout, aws.clone());
        }
        Ok(aws)
    }
}

fn service(recipient: &Recipient) -> Service {
    Service {
        endpoint: recipient.endpoint.clone(),
        secret: recipient.secret.clone(),
        headers: recipient.headers.clone(),
        timeout: recipient.timeout,
    }
}

/// Mails with a recipient's own template instead of the alert's.
struct Templated {
    mail: Arc<dyn Notifier>,
    template: PathBuf,
}

#[async_trait]
impl Notifier for Templated {
    fn name(&self) -> &str {
        self.mail.name()
    }

    fn groups(&self) -> bool {
        self.mail.groups()
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        let mut message = message.clone();
        for event in &mut message.events {
            Arc::make_mut(&mut event.facts).mail_template = Some(self.template.clone());
        }
        self.mail.deliver(&message).await
    }
}

/// In the place of a notifier that cannot be made.
#[derive(Debug)]
struct Unreachable {
    reason: String,
}

#[async_trait]
impl Notifier for Unreachable {
    fn name(&self) -> &'static str {
        "unreachable"
    }

    async fn deliver(&self, _: &Message) -> Result<Delivered, DeliveryError> {
        Err(DeliveryError::permanent(self.reason.clone()))
    }
}
