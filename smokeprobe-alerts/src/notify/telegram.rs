//! Telegram: a bot that writes to a chat.
//!
//! The format is that of `sendMessage` of the Bot API, with texts in its HTML style: `&`, `<` and `>` are escaped.
//! Errors come with `ok: false`, a `description`, and `parameters` that say how long to wait or where the chat is now.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::chat::Markup;
use super::http::{Answer, Client, Service, encoded, json};
use super::{Delivered, DeliveryError, Notifier, Secret};
use crate::outbox::Message;

const PUBLIC: &str = "https://api.telegram.org";

/// A text may be 4,096 characters long, UTF-16 ones, without the markup; we count that too.
const HTML: Markup = Markup {
    plain: escape,
    bold: |text| format!("<b>{text}</b>"),
    link: |text, url| format!("<a href=\"{}\">{text}</a>", escape(url).replace('"', "&quot;")),
    newline: "\n",
    size: |text| text.encode_utf16().count(),
    limit: 4_096,
};

/// A chat with a bot of ours in it.
#[derive(Debug)]
pub struct Telegram {
    client: Client,
    token: Secret,
    chat: String,
    service: Service,
}

impl Telegram {
    /// With the bot's token, and the id or `@name` of the chat.
    pub fn new(client: Client, token: Secret, chat: impl Into<String>, service: Service) -> Self {
        Self { client, token, chat: chat.into(), service }
    }
}

#[async_trait]
impl Notifier for Telegram {
    fn name(&self) -> &'static str {
        "telegram"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        let token = self.token.reveal(self.service.timeout).await?;
        let url = self.service.address(&token, PUBLIC, |token| {
            // The colon of a token stands in a path as it is.
            format!("/bot{}/sendMessage", encoded(token).replace("%3A", ":"))
        });
        let body = json!({
            "chat_id": self.chat,
            "text": HTML.write(&message.events),
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": true},
        });
        let answer = self.service.ask(&self.client, json(url, &body).secret(token)).await?;
        let said = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
        match answer.refusal() {
            None if said["ok"] == true => Ok(said["result"]["message_id"]
                .as_i64()
                .map_or_else(Delivered::default, |id| Delivered::with(format!("message {id}")))),
            None => Err(DeliveryError::transient(format!(
                "{} answered {}, but not as the Bot API does, check the address: {}",
                answer.place(),
                answer.status,
                answer.cut().map_or_else(|| answer.excerpt(), str::to_owned)
            ))),
            Some(refusal) => Err(explain(refusal, &answer, &said)),
        }
    }
}

/// What the Bot API says beyond the status.
fn explain(refusal: DeliveryError, answer: &Answer, said: &Value) -> DeliveryError {
    let description = answer.clean(said["description"].as_str().unwrap_or_default());
    let place = answer.place();
    match refusal {
        DeliveryError::Transient { reason, retry_after } => {
            let wait = said["parameters"]["retry_after"].as_u64().map(Duration::from_secs);
            DeliveryError::Transient { reason, retry_after: wait.or(retry_after) }
        }
        DeliveryError::Permanent { reason } => DeliveryError::permanent(match answer.status {
            401 | 404 => format!("{place} does not know the bot, check its token: {description}"),
            403 => format!("{place} does not let the bot write to the chat, let it in first: {description}"),
            400 => match said["parameters"]["migrate_to_chat_id"].as_i64() {
                Some(id) => format!("the chat has become another one, write {id} for it: {description}"),
                None if description.contains("chat not found") => {
                    format!("{place} does not know the chat, or the bot is not in it: {description}")
                }
                None => reason,
            },
            _ => reason,
        }),
    }
}

/// HTML's own characters, and what Telegram makes links of by itself: names of people and commands of bots.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("@\u{2060}"),
            c => out.push(c),
        }
    }
    out
}
