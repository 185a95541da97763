//! WeCom (企业微信): robots of group chats.
//!
//! The format is that of "Group robot configuration" in the documentation of WeCom: a Markdown message to
//! `/cgi-bin/webhook/send?key=KEY`. There are no signatures. Errors come with status 200 and an `errcode`.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::chat::Markup;
use super::http::{Client, Coded, Service, encoded};
use super::{Delivered, DeliveryError, Notifier, Secret};
use crate::outbox::Message;

const PUBLIC: &str = "https://qyapi.weixin.qq.com";

/// The text may be 4,096 bytes of UTF-8.
const MARKDOWN: Markup = Markup {
    plain: defuse,
    bold: |text| format!("**{text}**"),
    link: |text, url| format!("[{text}]({url})"),
    newline: "\n",
    size: str::len,
    limit: 4_096,
};

/// A group chat with a robot of ours.
#[derive(Debug)]
pub struct Wecom {
    client: Client,
    key: Secret,
    service: Service,
}

impl Wecom {
    /// With the robot's key: what stands after `key=` in its address, or that whole address.
    pub fn new(client: Client, key: Secret, service: Service) -> Self {
        Self { client, key, service }
    }
}

#[async_trait]
impl Notifier for Wecom {
    fn name(&self) -> &'static str {
        "wecom"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        let key = self.key.reveal(self.service.timeout).await?;
        let url = self.service.address(&key, PUBLIC, |key| format!("/cgi-bin/webhook/send?key={}", encoded(key)));
        let body = json!({"msgtype": "markdown", "markdown": {"content": MARKDOWN.write(&message.events)}});
        let answer = self.service.tell(&self.client, url, &body).await?;
        Coded::read(&answer, &["errcode"], "errmsg")?.judge(|code, _| match code {
            93_000 => Coded::hopeless("there is no such robot, check its key"),
            93_004 | 93_008 => Coded::hopeless("the robot was taken out of its group"),
            40_008 | 40_058 | 44_004 | 45_002 => Coded::hopeless("it does not understand the message"),
            // 20 messages a minute are taken.
            45_009 | 45_033 => Coded::later("we send too much", Some(Duration::from_secs(60))),
            _ => Coded::later("unknown to us", None),
        })
    }
}

/// There are no escapes in this Markdown. What would mean something is taken apart by a space of no width.
fn defuse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(if c == '`' { '\'' } else { c });
        // `**bold**`, `[text](address)`, `<font …>` and `<@somebody>`.
        let means = match (c, rest.peek()) {
            ('*', Some('*')) | (']', Some('(')) => true,
            ('<', Some(next)) => !next.is_whitespace() && !next.is_ascii_digit() && *next != '=',
            _ => false,
        };
        if means {
            out.push('\u{200b}');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_means_itself() {
        assert_eq!(defuse(">0%,*12*,<5%,<=9%"), ">0%,*12*,<5%,<=9%");
        assert_eq!(
            defuse("**a** <@all> [x](y) <font>`"),
            "*\u{200b}*a*\u{200b}* <\u{200b}@all> [x]\u{200b}(y) <\u{200b}font>'"
        );
    }
}
