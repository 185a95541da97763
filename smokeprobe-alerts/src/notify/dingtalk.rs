//! DingTalk (钉钉): custom robots of group chats.
//!
//! The format is that of "Custom robot access" in the documentation of the DingTalk Open Platform: a Markdown message to
//! `/robot/send?access_token=TOKEN`. Signed: `timestamp` in milliseconds, and `sign`, the Base64 of HMAC-SHA256 of
//! `timestamp + "\n" + secret` with the secret as its key. Errors come with status 200 and an `errcode`.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::chat::{self, Markup};
use super::http::{Client, Coded, Service, encoded, hmac_base64};
use super::{Delivered, DeliveryError, Notifier, Secret};
use crate::outbox::Message;

const PUBLIC: &str = "https://oapi.dingtalk.com";

/// A message may be 20,000 bytes long, counted as JSON; the rest is for what is around the text.
const MARKDOWN: Markup = Markup {
    plain: escape,
    bold: |text| format!("**{text}**"),
    link: |text, url| format!("[{text}]({url})"),
    newline: "  \n",
    size: |text| serde_json::Value::from(text).to_string().len(),
    limit: 18_000,
};

/// A group chat with a robot of ours.
#[derive(Debug)]
pub struct Dingtalk {
    client: Client,
    token: Secret,
    service: Service,
}

impl Dingtalk {
    /// With the robot's token: what stands after `access_token=` in its address, or that whole address. The secret of
    /// `service` is that of a robot with the security setting "signature".
    pub fn new(client: Client, token: Secret, service: Service) -> Self {
        Self { client, token, service }
    }
}

#[async_trait]
impl Notifier for Dingtalk {
    fn name(&self) -> &'static str {
        "dingtalk"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        let token = self.token.reveal(self.service.timeout).await?;
        let mut url =
            self.service.address(&token, PUBLIC, |token| format!("/robot/send?access_token={}", encoded(token)));
        if let Some(key) = self.service.key().await? {
            let stamp = self.client.now().unix_nanos().div_euclid(1_000_000);
            let sign = hmac_base64(key.as_bytes(), format!("{stamp}\n{key}").as_bytes());
            url = format!("{url}&timestamp={stamp}&sign={}", encoded(&sign));
        }
        let body = json!({
            "msgtype": "markdown",
            "markdown": {"title": chat::headline(&message.events), "text": MARKDOWN.write(&message.events)},
        });
        let answer = self.service.tell(&self.client, url, &body).await?;
        Coded::read(&answer, &["errcode"], "errmsg")?.judge(|code, _| match code {
            300_001 | 300_005 | 400_013 | 400_101 | 400_106 => {
                Coded::hopeless("the robot does not exist (any more), check its token")
            }
            400_102 => Coded::hopeless("the robot is switched off in its group"),
            310_000 => Coded::hopeless(
                "check the robot's security settings: signature and secret, keyword (every message has \"SmokeAlert\"), \
                 addresses that may send; and this machine's clock",
            ),
            460_101 | 400_105 | 430_101..=430_104 => Coded::hopeless("it does not take this content"),
            // 20 messages a minute are taken.
            130_101 | 410_100 => Coded::later("we send too much", Some(Duration::from_secs(60))),
            _ => Coded::later("unknown to us", None),
        })
    }
}

/// Markdown's own characters mean themselves after a backslash; an underscore inside a word does anyhow.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let in_word = before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        if matches!(c, '\\' | '`' | '*' | '[' | ']' | '<' | '~') || (c == '_' && !in_word) {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_means_itself() {
        assert_eq!(escape(">0%,*12*"), ">0%,\\*12\\*");
        assert_eq!(escape("[a](b) <x> Demo_Monitor _b_"), "\\[a\\](b) \\<x> Demo_Monitor \\_b\\_");
    }
}
