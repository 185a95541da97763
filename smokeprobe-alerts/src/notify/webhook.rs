//! Webhooks: a POST of a documented JSON, or of the user's own text. What is sent is a contract: `docs/alerts-webhook.md`
//! tells of it, and a test compares.

mod template;

use std::path::PathBuf;

use async_trait::async_trait;
use serde_json::{Value, json};
use smokeprobe_core::Vantage;

use super::http::{Answer, Client, Request, Service, hmac_hex};
use super::{Delivered, DeliveryError, Notifier, Secret};
use crate::event::Event;
use crate::outbox::Message;

pub(crate) use template::Template;

/// Of the body of a message. Counts up when a field changes its meaning or goes away, not when one is new.
const VERSION: u32 = 1;

/// An address that takes messages by POST.
#[derive(Debug)]
pub struct Webhook {
    client: Client,
    url: Secret,
    service: Service,
    template: Option<PathBuf>,
}

impl Webhook {
    /// With its address, and a file with the text that it wants instead of our JSON.
    ///
    /// A service with a secret gets a signature; its endpoint, when there is one, is asked instead of `url`. A template
    /// tells of one event: give the recipient [`Terms`](crate::Terms) without a time to group in, as else a failure of
    /// one event repeats those before it.
    pub fn new(client: Client, url: Secret, service: Service, template: Option<PathBuf>) -> Self {
        Self { client, url, service, template }
    }

    async fn post(&self, key: &str, kind: &str, body: String) -> Result<Answer, DeliveryError> {
        let url = match &self.service.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => self.url.reveal(self.service.timeout).await?,
        };
        let mut request = Request::post(url, body.clone()).header("content-type", kind).header("idempotency-key", key);
        if let Some(secret) = self.service.key().await? {
            let stamp = self.client.now().unix_secs();
            let signature = hmac_hex(secret.as_bytes(), format!("{stamp}.{body}").as_bytes());
            request = request
                .header("x-smokeprobe-timestamp", stamp.to_string())
                .header("x-smokeprobe-signature", format!("sha256={signature}"));
        }
        let answer = self.service.ask(&self.client, request).await?;
        answer.refusal().map_or(Ok(answer), Err)
    }

    /// What the user calls the body, or JSON.
    async fn content_type(&self) -> Result<String, DeliveryError> {
        let own = self.service.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        match own {
            Some((_, value)) => Ok(value.reveal(self.service.timeout).await?),
            None => Ok("application/json; charset=utf-8".to_owned()),
        }
    }
}

#[async_trait]
impl Notifier for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        let kind = self.content_type().await?;
        let key = format!("{}-{}", message.id.0, message.created.unix_secs());
        let Some(path) = &self.template else {
            let answer = self.post(&key, &kind, document(message).to_string()).await?;
            return Ok(noted(&answer));
        };
        let template = Template::read(path, self.service.timeout).await?;
        let mut delivered = Delivered::default();
        for (number, event) in message.events.iter().enumerate() {
            // Whoever makes messages knows that we want one event in each. Should there be more, each has its own key.
            let key = if message.events.len() == 1 { key.clone() } else { format!("{key}-{number}") };
            delivered = noted(&self.post(&key, &kind, template.fill(message, event, &kind)).await?);
        }
        Ok(delivered)
    }
}

fn noted(answer: &Answer) -> Delivered {
    let said = answer.excerpt();
    Delivered::with(if said.is_empty() { answer.status.to_string() } else { format!("{}: {said}", answer.status) })
}

/// The message as JSON.
pub(crate) fn document(message: &Message) -> Value {
    json!({
        "version": VERSION,
        "message": message.id.0,
        "created": message.created.unix_secs(),
        "events": message.events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn event(event: &Event) -> Value {
    let facts = &*event.facts;
    json!({
        "alert": &*event.alert,
        "target": event.series.target.to_string(),
        "vantage": vantage(event),
        "line": event.line(),
        "what": event.word(),
        "time": event.time,
        "since": event.since,
        "loss": facts.loss,
        "rtt": facts.rtt,
        "host": facts.host,
        "title": facts.title,
        "comment": facts.comment,
        "pattern": facts.pattern,
        "reason": facts.reason,
        "edgetrigger": facts.edgetrigger,
        "priority": facts.priority,
        "url": facts.url,
    })
}

fn vantage(event: &Event) -> Option<&str> {
    match &event.series.vantage {
        Vantage::Local => None,
        Vantage::Slave(slave) => Some(slave),
    }
}
