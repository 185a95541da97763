//! Feishu (飞书) and Lark: custom bots of group chats.
//!
//! The format is that of "Use custom bots in groups" in the documentation of the Feishu Open Platform: a message card to
//! `/open-apis/bot/v2/hook/TOKEN`. Signed: `timestamp` in seconds, and `sign`, the Base64 of HMAC-SHA256 of nothing with
//! `timestamp + "\n" + secret` as its key. Errors come with a `code`, older ones with a `StatusCode`.
//!
//! The card's texts are plain, so that nothing in them can be markup or mention somebody.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::chat::{self, Paragraph};
use super::http::{Client, Coded, Service, encoded, hmac_base64};
use super::{Delivered, DeliveryError, Notifier, Secret};
use crate::event::Event;
use crate::outbox::Message;

const PUBLIC: &str = "https://open.feishu.cn";

/// A request may be 20 KB long; the rest is for what is around the elements.
const ELEMENTS_AT_MOST: usize = 16_000;

/// A group chat with a bot of ours.
#[derive(Debug)]
pub struct Feishu {
    client: Client,
    token: Secret,
    service: Service,
}

impl Feishu {
    /// With the bot's token: what stands after `hook/` in its address, or that whole address. Lark, outside of China,
    /// is `https://open.larksuite.com` as the endpoint of `service`; its secret is that of a bot with "signature
    /// verification".
    pub fn new(client: Client, token: Secret, service: Service) -> Self {
        Self { client, token, service }
    }
}

#[async_trait]
impl Notifier for Feishu {
    fn name(&self) -> &'static str {
        "feishu"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        let token = self.token.reveal(self.service.timeout).await?;
        let url = self.service.address(&token, PUBLIC, |token| format!("/open-apis/bot/v2/hook/{}", encoded(token)));
        let mut body = json!({"msg_type": "interactive", "card": card(&message.events)});
        if let Some(key) = self.service.key().await? {
            let stamp = self.client.now().unix_secs().to_string();
            body["sign"] = hmac_base64(format!("{stamp}\n{key}").as_bytes(), b"").into();
            body["timestamp"] = stamp.into();
        }
        let answer = self.service.ask(&self.client, super::http::json(url, &body)).await?;
        let coded = match (Coded::read(&answer, &["code", "StatusCode"], "msg"), answer.refusal()) {
            // Some errors come with a status of their own, which says less than the code does.
            (Ok(coded), refusal) if refusal.is_none() || coded.failed() => coded,
            (_, Some(refusal)) => return Err(refusal),
            (coded, None) => coded?,
        };
        coded.judge(|code, said| match code {
            19_001 => Coded::hopeless("the bot does not exist (any more), check its token"),
            19_021 => Coded::hopeless("the signature does not fit, check the bot's secret and this machine's clock"),
            19_022 => Coded::hopeless("the bot does not take messages from our address"),
            19_024 => Coded::hopeless("the bot wants a keyword (every message has \"SmokeAlert\")"),
            // 100 messages a minute and 5 a second are taken.
            11_232 | 11_233 => Coded::later("we send too much", Some(Duration::from_secs(60))),
            9_499 if said.to_ascii_lowercase().contains("too many") => {
                Coded::later("we send too much", Some(Duration::from_secs(60)))
            }
            9_499 | 19_002 | 19_003 => Coded::hopeless("it does not understand the message"),
            _ => Coded::later("unknown to us", None),
        })
    }
}

fn card(events: &[Event]) -> Value {
    let fitted = chat::fit(events, ELEMENTS_AT_MOST, elements, |elements| elements.to_string().len());
    let mut all: Vec<Value> = Vec::new();
    for paragraph in fitted.paragraphs {
        if let Value::Array(elements) = paragraph {
            all.extend(elements);
        }
    }
    if fitted.rest > 0 {
        all.push(plain(&chat::and_more(fitted.rest)));
    }
    json!({
        "config": {"wide_screen_mode": true},
        "header": {
            "template": if chat::is_bad(events) { "red" } else { "green" },
            "title": {"tag": "plain_text", "content": chat::headline(events)},
        },
        "elements": all,
    })
}

fn elements(paragraph: &Paragraph) -> Value {
    let lines = paragraph.lines.iter().map(|(label, value)| format!("{label}: {value}"));
    let head = Some(paragraph.head.clone()).filter(|head| !head.is_empty());
    let text = head.into_iter().chain(lines).collect::<Vec<_>>().join("\n");
    let mut elements = vec![plain(&text)];
    if let Some(url) = &paragraph.url {
        elements.push(json!({
            "tag": "action",
            "actions": [{"tag": "button", "text": {"tag": "plain_text", "content": "Graph"}, "type": "default", "url": url}],
        }));
    }
    Value::Array(elements)
}

fn plain(text: &str) -> Value {
    json!({"tag": "div", "text": {"tag": "plain_text", "content": text}})
}
