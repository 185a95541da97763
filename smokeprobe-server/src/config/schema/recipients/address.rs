//! One recipient as written: `|/path/prog`, `name@host`, `sns:ARN`, `dingtalk:TOKEN`, `https://…`.

use std::path::Path;

use sha2::{Digest, Sha256};
use smokeprobe_alerts::RecipientId;
use smokeprobe_alerts::notify::Secret;
use url::Url;

use super::super::super::diagnostics::nearest;
use super::super::super::lexer::blank;
use super::super::super::plan::Way;
use super::super::super::tree::clipped;
use super::arn;

/// What stands before the colon of a recipient that is neither mail, program nor web address.
const KINDS: [&str; 11] =
    ["sns", "lambda", "webhook", "dingtalk", "feishu", "wecom", "slack", "telegram", "alertmanager", "snpp", "xmpp"];

/// What a recipient as written is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// Somebody to be told.
    Known {
        /// What they are called where people and programs see it.
        id: RecipientId,
        /// How to reach them.
        way: Way,
    },
    /// One word, which may be the name of a section.
    Word,
}

/// Why a recipient cannot be told. Says nothing of what may be secret in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Reads a recipient. Relative paths start at `folder`.
pub(super) fn read(text: &str, folder: &Path) -> Result<Address, Fault> {
    if let Some(program) = text.strip_prefix('|') {
        if program.is_empty() {
            return Err(Fault::new("`|` without a program", "write the path of a program after it: `|/path/program`"));
        }
        // One without a folder is sought where programs are.
        let path = if program.contains('/') { folder.join(program) } else { program.into() };
        return Ok(known(text, Way::Exec(path)));
    }
    if web_address(text) {
        let way = Way::Webhook(Secret::Plain(url(text)?.into()));
        return Ok(Address::Known { id: web_id("", text)?, way });
    }
    if let Some((kind, rest)) = text.split_once(':')
        && KINDS.contains(&kind)
    {
        return special(kind, rest, text, folder);
    }
    if let Some(address) = mail(text) {
        return Ok(Address::Known { id: RecipientId::new(address), way: Way::Mail(text.to_owned()) });
    }
    match text.split_once(':') {
        None if !text.contains('@') && !text.contains(blank) => Ok(Address::Word),
        Some((kind, _)) if !kind.contains(blank) => {
            let help = match nearest(kind, KINDS.into_iter().chain(["http", "https"])) {
                Some(near) => format!("did you mean `{near}:`?"),
                None => format!("known are {}:, http: and https:", KINDS.join(":, ")),
            };
            Err(Fault { message: format!("there is no way `{}:` to reach anybody", clipped(kind)), help: Some(help) })
        }
        _ => Err(Fault::new(
            "this is neither a mail address nor anybody else who could be told",
            "write a mail address, or `|` and the path of a program",
        )),
    }
}

/// Whether the text starts as a recipient that is none without it.
pub(super) fn begins(text: &str) -> bool {
    text.starts_with('|')
        || web_address(text)
        || text.split_once(':').is_some_and(|(kind, _)| KINDS.contains(&kind))
        || mail(text).is_some()
}

/// Whether a comma may be part of the text that starts so.
pub(super) fn may_hold_commas(text: &str) -> bool {
    web_address(text) || ["webhook:http", "alertmanager:http", "slack:http"].iter().any(|start| text.starts_with(start))
}

/// The address of a mail box: `name@host`, or what is so between the `<` and `>` that follow a name.
fn mail(text: &str) -> Option<&str> {
    let address = match text.strip_suffix('>') {
        Some(inside) => inside.rsplit_once('<')?.1,
        None => text,
    };
    let (name, host) = address.rsplit_once('@')?;
    let good = |c: char| !blank(c) && !c.is_control() && !matches!(c, '<' | '>' | ',' | ';');
    (!name.is_empty() && !host.is_empty() && address.chars().all(good)).then_some(address)
}

fn special(kind: &str, rest: &str, text: &str, folder: &Path) -> Result<Address, Fault> {
    let need = |what: &str| match rest {
        "" => Err(Fault::new(format!("`{kind}:` without {what}"), format!("write {what} after it"))),
        _ if rest.contains(|c: char| blank(c) || c.is_control()) => {
            Err(Fault::new(format!("there are no blanks in {what}"), "commas separate recipients"))
        }
        _ => Ok(()),
    };
    match kind {
        "snpp" => need("the number of a pager").map(|()| known(text, Way::Snpp(rest.to_owned()))),
        "xmpp" => need("an account").map(|()| known(text, Way::Xmpp(rest.to_owned()))),
        "sns" => {
            need("the ARN of a topic")?;
            arn::topic(rest).map(|()| known(text, Way::Sns(rest.to_owned())))
        }
        "lambda" => {
            need("the name or the ARN of a function")?;
            arn::function(rest).map(|()| known(text, Way::Lambda(rest.to_owned())))
        }
        "telegram" => {
            need("the bot's token and the chat")?;
            let Some((token, chat)) =
                rest.rsplit_once('/').filter(|(token, chat)| !token.is_empty() && !chat.is_empty())
            else {
                return Err(Fault::new("`telegram:` without a chat", "write `telegram:TOKEN/CHAT`"));
            };
            let token = secret(token, folder);
            let id = match token {
                Secret::Plain(_) => masked("telegram:…", rest),
                _ => RecipientId::new(text),
            };
            Ok(Address::Known { id, way: Way::Telegram { token, chat: chat.to_owned() } })
        }
        "webhook" | "alertmanager" => {
            need("a web address")?;
            let secret = secret(rest, folder);
            let id = match &secret {
                Secret::Plain(address) => {
                    url(address)?;
                    web_id(if kind == "webhook" { "" } else { "alertmanager:" }, address)?
                }
                _ => RecipientId::new(text),
            };
            let way = if kind == "webhook" { Way::Webhook(secret) } else { Way::Alertmanager(secret) };
            Ok(Address::Known { id, way })
        }
        _ => {
            need("a token")?;
            let secret = secret(rest, folder);
            let id = match &secret {
                Secret::Plain(token) => {
                    if web_address(token) {
                        url(token)?;
                    }
                    masked(&format!("{kind}:…"), rest)
                }
                _ => RecipientId::new(text),
            };
            let way = match kind {
                "dingtalk" => Way::Dingtalk(secret),
                "feishu" => Way::Feishu(secret),
                "wecom" => Way::Wecom(secret),
                _ => Way::Slack(secret),
            };
            Ok(Address::Known { id, way })
        }
    }
}

/// What a text that may be a secret means: `env:NAME`, `file:PATH`, or itself.
pub(in super::super) fn secret(text: &str, folder: &Path) -> Secret {
    match Secret::parse(text) {
        // An absolute path replaces the folder that it is joined to.
        Secret::File(path) => Secret::File(folder.join(path)),
        other => other,
    }
}

fn known(text: &str, way: Way) -> Address {
    Address::Known { id: RecipientId::new(text), way }
}

/// So much of a digest tells secrets apart and tells nothing about them.
fn masked(shown: &str, hidden: &str) -> RecipientId {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(hidden.as_bytes()));
    RecipientId::new(&format!("{shown}{a:02x}{b:02x}{c:02x}{d:02x}"))
}

fn web_address(text: &str) -> bool {
    let (start, rest) = text.split_at_checked(8).unwrap_or((text, ""));
    let start = start.to_ascii_lowercase();
    start.starts_with("http://") || (start == "https://" && !rest.starts_with(blank))
}

fn url(text: &str) -> Result<Url, Fault> {
    let bad = |message: &str| Fault::new(message, "write an address such as `https://hooks.example.net/path`");
    if !web_address(text) {
        return Err(bad("a web address starts with `https://` or `http://`"));
    }
    if text.contains(|c: char| blank(c) || c.is_control()) {
        return Err(bad("there are no blanks in a web address"));
    }
    Url::parse(text).map_err(|error| bad(&format!("this is no web address: {error}")))
}

/// Scheme and host are shown; the rest may be as good as a password.
fn web_id(kind: &str, text: &str) -> Result<RecipientId, Fault> {
    let url = url(text)?;
    let open = format!(
        "{kind}{}",
        url[..url::Position::BeforeUsername].to_owned() + &url[url::Position::BeforeHost..url::Position::BeforePath]
    );
    let whole = url[url::Position::BeforeUsername..url::Position::BeforeHost].is_empty()
        && matches!(&url[url::Position::BeforePath..], "" | "/");
    Ok(if whole { RecipientId::new(&open) } else { masked(&format!("{open}/…"), text) })
}

impl Fault {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> String {
        match read(text, Path::new("/etc/smokeping")) {
            Ok(Address::Known { id, .. }) => id.to_string(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_holds_no_secret_is_called_as_it_is_written() {
        for text in [
            "|/config/alertsns.py",
            "ops@company.example",
            "snpp:12345",
            "xmpp:ann@example.net",
            "sns:arn:aws-cn:sns:cn-north-1:123456789012:netops",
            "lambda:pager",
            "dingtalk:env:DINGTALK_TOKEN",
            "webhook:file:hook",
            "telegram:env:BOT/-100200",
            "http://127.0.0.1:8080",
            "alertmanager:http://alertmanager:9093",
        ] {
            assert_eq!(id(text), text);
        }
        assert_eq!(id("Ann Example <ann@example.net>"), "ann@example.net");
    }

    #[test]
    fn what_is_secret_is_not_in_the_name() {
        for (text, shown) in [
            ("dingtalk:0123456789abcdef", "dingtalk:…"),
            ("feishu:s3cretword", "feishu:…"),
            ("telegram:12345:s3cretword/-100", "telegram:…"),
            ("slack:T0/B0/s3cretword", "slack:…"),
            ("https://hooks.example/s3cretword?key=1,2", "https://hooks.example/…"),
            ("https://ann:s3cretword@hooks.example:8443/", "https://hooks.example:8443/…"),
            ("https://hooks.example?s3cretword", "https://hooks.example/…"),
            ("alertmanager:https://am.example/s3cretword", "alertmanager:https://am.example/…"),
        ] {
            let id = id(text);
            assert!(id.starts_with(shown) && id.len() == shown.len() + 8, "{text}: {id}");
            assert!(!id.contains("s3cretword"), "{id}");
        }
        assert_ne!(id("dingtalk:a"), id("dingtalk:b"));
        assert_eq!(id("dingtalk:a"), id("dingtalk:a"));
    }

    #[test]
    fn files_start_at_the_folder_of_the_configuration() {
        let way = |text: &str| match read(text, Path::new("/etc/smokeping")) {
            Ok(Address::Known { way, .. }) => way,
            other => panic!("{other:?}"),
        };
        assert_eq!(way("|bin/tell"), Way::Exec("/etc/smokeping/bin/tell".into()));
        assert_eq!((way("|/bin/tell"), way("|tell")), (Way::Exec("/bin/tell".into()), Way::Exec("tell".into())));
        assert_eq!(way("wecom:file:key"), Way::Wecom(Secret::File("/etc/smokeping/key".into())));
        assert_eq!(way("wecom:file:/run/key"), Way::Wecom(Secret::File("/run/key".into())));
        let telegram = Way::Telegram { token: Secret::File("/run/bot".into()), chat: "@ops".to_owned() };
        assert_eq!(way("telegram:file:/run/bot/@ops"), telegram);
    }

    #[test]
    fn what_cannot_be_told_has_a_likely_fix() {
        let fault = |text: &str| read(text, Path::new("")).unwrap_err();
        assert_eq!(fault("dingtak:x").help.as_deref(), Some("did you mean `dingtalk:`?"));
        for text in [
            "|",
            "snpp:",
            "sns:",
            "sns:netops",
            "slack:",
            "telegram:token",
            "webhook:hook",
            "https://",
            "http://a b",
            "Ann Example",
            "a@b c:d",
        ] {
            assert!(fault(text).help.is_some(), "{text}");
        }
        assert_eq!(read("ops", Path::new("")), Ok(Address::Word));
    }
}
