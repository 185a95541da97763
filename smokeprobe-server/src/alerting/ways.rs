//! From a plan's recipients to what reaches them.

use std::collections::BTreeMap;
use std::fmt;
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
    Alertmanager, Delivered, DeliveryError, Dingtalk, Feishu, Slack, Telegram, Webhook, Wecom,
};
use smokeprobe_alerts::{Message, Notifier, RecipientId, Rules};
use smokeprobe_core::Clock;

use super::{Arrangement, Pictures, compose};
use crate::config::Plan;
use crate::config::plan::{self, Recipient, Way};

/// What all recipients have in common. Kept over reloads, so that connections' places and credentials are shared.
pub struct Ways {
    client: Result<Client, String>,
    /// Recipients at Amazon share their credentials.
    aws: Result<Aws, String>,
    pictures: Arc<Pictures>,
}

impl Ways {
    /// Reaches the world as the environment says.
    pub fn new(clock: Arc<dyn Clock>, pictures: Arc<Pictures>) -> Self {
        let client = Client::new(clock, &ClientOptions::default()).map_err(|error| error.to_string());
        let aws = client.clone().map(|client| Aws::new(client, Env::of_process()));
        Self { client, aws, pictures }
    }

    /// All of a plan that has to do with alerts.
    pub fn arrange(&self, plan: &Plan, rules: &Rules) -> Arrangement {
        let notifiers = plan.alerting.recipients.iter().map(|(id, recipient)| {
            let notifier = self.notifier(plan, recipient).unwrap_or_else(|why| {
                tracing::error!(recipient = %id, "cannot be told of alerts: {why}");
                Arc::new(Unreachable(why))
            });
            (id.clone(), notifier)
        });
        Arrangement {
            notifiers: notifiers.collect::<BTreeMap<RecipientId, _>>(),
            plan: compose::alert_plan(plan, rules),
            terms: compose::terms(plan),
        }
    }

    /// What reaches a recipient; or why nothing can.
    fn notifier(&self, plan: &Plan, recipient: &Recipient) -> Result<Arc<dyn Notifier>, String> {
        let Recipient { way, timeout, endpoint, secret, headers, template, terms: _ } = recipient;
        let client = || self.client.clone();
        let service = || Service {
            endpoint: endpoint.clone(),
            secret: secret.clone(),
            headers: headers.clone(),
            timeout: *timeout,
        };
        let amazon = || AwsOptions { endpoint: endpoint.clone(), timeout: *timeout, template: template.clone() };
        Ok(match way {
            Way::Exec(path) => Arc::new(Exec::new(path.clone(), *timeout)),
            Way::Mail(to) => {
                let mail = Smtp::new(to, mail_options(plan, *timeout)).map_err(|error| error.to_string())?;
                Arc::new(mail.illustrated(Arc::<Pictures>::clone(&self.pictures)))
            }
            Way::Snpp(pager) => {
                let host = plan.alerting.snpp_host.as_deref().unwrap_or("localhost");
                Arc::new(Snpp::new(host, pager, *timeout))
            }
            Way::Xmpp(account) => Arc::new(Xmpp::new(account).timeout(*timeout)),
            Way::Sns(arn) => Arc::new(Sns::new(self.aws.as_ref()?, arn, amazon()).map_err(|error| error.to_string())?),
            Way::Lambda(name) => {
                Arc::new(Lambda::new(self.aws.as_ref()?, name, amazon()).map_err(|error| error.to_string())?)
            }
            Way::Webhook(url) => Arc::new(Webhook::new(client()?, url.clone(), service(), template.clone())),
            Way::Dingtalk(token) => Arc::new(Dingtalk::new(client()?, token.clone(), service())),
            Way::Feishu(token) => Arc::new(Feishu::new(client()?, token.clone(), service())),
            Way::Wecom(key) => Arc::new(Wecom::new(client()?, key.clone(), service())),
            Way::Slack(hook) => Arc::new(Slack::new(client()?, hook.clone(), service())),
            Way::Telegram { token, chat } => Arc::new(Telegram::new(client()?, token.clone(), chat.clone(), service())),
            Way::Alertmanager(address) => Arc::new(Alertmanager::new(client()?, address.clone(), service())),
        })
    }
}

/// By hand, as a client has no `Debug`.
impl fmt::Debug for Ways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ways").field("pictures", &self.pictures).finish_non_exhaustive()
    }
}

fn mail_options(plan: &Plan, timeout: Duration) -> MailOptions {
    let plan::Alerting { from, mail, .. } = &plan.alerting;
    let usual = MailOptions::default();
    MailOptions {
        from: from.clone().unwrap_or(usual.from),
        hosts: mail.hosts.clone(),
        user: mail.user.clone(),
        pass: mail.pass.clone(),
        tls: match mail.tls {
            plan::MailTls::Opportunistic => smtp::MailTls::Opportunistic,
            plan::MailTls::StartTls => smtp::MailTls::StartTls,
            plan::MailTls::Wrapped => smtp::MailTls::Wrapped,
            plan::MailTls::None => smtp::MailTls::None,
        },
        ca: mail.ca.clone(),
        sendmail: mail.sendmail.clone(),
        timeout,
        ..usual
    }
}

/// A recipient that cannot be told as it is configured: each message becomes a dead letter that says why.
#[derive(Debug)]
struct Unreachable(String);

#[async_trait]
impl Notifier for Unreachable {
    fn name(&self) -> &'static str {
        "nothing"
    }

    async fn deliver(&self, _: &Message) -> Result<Delivered, DeliveryError> {
        Err(DeliveryError::permanent(self.0.clone()))
    }
}
