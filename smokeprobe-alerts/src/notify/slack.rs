//! Slack: incoming webhooks, and services that take the same, such as Mattermost.
//!
//! The format is that of "Sending messages using incoming webhooks" and of Block Kit's rich text in Slack's
//! documentation. Rich text is text alone: nothing in it can be markup or mention somebody. `text`, for notifications
//! and for services that know no blocks, has `&`, `<` and `>` escaped, by which all of its control sequences begin.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::chat::{self, Markup, Paragraph};
use super::http::{Client, Service, json};
use super::{Delivered, DeliveryError, Notifier, Secret};
use crate::event::Event;
use crate::outbox::Message;

const PUBLIC: &str = "https://hooks.slack.com";

/// What Slack says of the length of a text block; a text of its own may be longer.
const BLOCK_AT_MOST: usize = 3_000;

const TEXT: Markup = Markup {
    plain: escape,
    bold: str::to_owned,
    link: |text, url| format!("<{}|{text}>", escape(&url.replace('|', "%7C"))),
    newline: "\n",
    size: |text| text.chars().count(),
    limit: 3_000,
};

/// A channel with a webhook of ours.
#[derive(Debug)]
pub struct Slack {
    client: Client,
    hook: Secret,
    service: Service,
}

impl Slack {
    /// With what stands after `/services/` in the webhook's address, or that whole address.
    pub fn new(client: Client, hook: Secret, service: Service) -> Self {
        Self { client, hook, service }
    }
}

#[async_trait]
impl Notifier for Slack {
    fn name(&self) -> &'static str {
        "slack"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        let hook = self.hook.reveal(self.service.timeout).await?;
        let url = self.service.address(&hook, PUBLIC, |hook| format!("/services/{}", hook.trim_start_matches('/')));
        let events = &message.events;
        let body = json!({
            "text": TEXT.write(events),
            "mrkdwn": false,
            "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": chat::headline(events), "emoji": false}},
                {"type": "rich_text", "elements": sections(events)},
            ],
        });
        let answer = self.service.ask(&self.client, json(url, &body)).await?;
        match (answer.refusal(), meaning(&answer.excerpt())) {
            (None, _) => Ok(Delivered::with(answer.excerpt())),
            (Some(DeliveryError::Permanent { reason }), Some(what)) => {
                Err(DeliveryError::permanent(format!("{reason}; that is: {what}")))
            }
            (Some(refusal), _) => Err(refusal),
        }
    }
}

fn sections(events: &[Event]) -> Vec<Value> {
    let size = |elements: &Vec<Value>| {
        let text = |element: &Value| element["text"].as_str().map_or(0, |text| text.chars().count());
        elements.iter().map(text).sum()
    };
    let more = chat::and_more(events.len()).len();
    let fitted = chat::fit(events, BLOCK_AT_MOST - more, elements, size);
    let rest = (fitted.rest > 0).then(|| vec![text(&chat::and_more(fitted.rest), false)]);
    let sections = fitted.paragraphs.into_iter().chain(rest);
    sections.map(|elements| json!({"type": "rich_text_section", "elements": elements})).collect()
}

fn elements(paragraph: &Paragraph) -> Vec<Value> {
    let mut elements = Vec::new();
    if !paragraph.head.is_empty() {
        elements.push(text(&format!("{}\n", paragraph.head), true));
    }
    for (label, value) in &paragraph.lines {
        elements.push(text(&format!("{label}: "), true));
        elements.push(text(&format!("{value}\n"), false));
    }
    if let Some(url) = &paragraph.url {
        elements.push(json!({"type": "link", "url": url, "text": "Graph"}));
        elements.push(text("\n", false));
    }
    elements
}

fn text(text: &str, bold: bool) -> Value {
    if bold {
        return json!({"type": "text", "text": text, "style": {"bold": true}});
    }
    json!({"type": "text", "text": text})
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What the words of an answer mean.
fn meaning(said: &str) -> Option<&'static str> {
    Some(match said {
        "no_service" | "no_service_id" | "no_active_hooks" | "no_team" | "invalid_token" => {
            "the webhook was taken away, make a new one"
        }
        "channel_not_found" | "channel_is_archived" => "its channel is gone, make a webhook for another one",
        "action_prohibited" | "posting_to_general_channel_denied" => "the workspace does not let it post there",
        "invalid_payload" | "invalid_blocks" | "no_text" | "missing_text_or_fallback_or_attachments" => {
            "it does not understand the message"
        }
        _ => return None,
    })
}
