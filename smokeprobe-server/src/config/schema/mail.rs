//! How mail leaves, and pages: `mailhost` and its like in `*** General ***`.

use smokeprobe_alerts::notify::Secret;

use super::super::check::Check;
use super::super::grammar::Values;
use super::super::plan::{Mail, MailTls};
use super::super::source::{FileKind, Text};
use super::super::tree::clipped;
use super::Context;
use super::recipients::{check_secret, secret};

/// Whether mail is encrypted on its way.
pub(super) const MAILTLS: Check = Check::OneOf(&["opportunistic", "starttls", "wrapped", "none"]);

/// What the section says of mail, and of the host of pagers.
pub(super) fn read(values: &Values<'_>, cx: &mut Context<'_>) -> (Mail, Option<String>) {
    let hosts = |name: &str, cx: &mut Context<'_>| -> Vec<String> {
        let parts = values.text(name).map(|text| text.split(|c| c == ',')).unwrap_or_default();
        let mut good = Vec::new();
        for (part, span) in parts {
            if host_and_port(part) {
                good.push(part.to_owned());
            } else {
                cx.problems
                    .warn(span, format!("`{name}`: `{}` is no host, and is left out", clipped(part)))
                    .help("write `host` or `host:port`, with commas between several");
            }
        }
        good
    };
    let mail = Mail {
        hosts: hosts("mailhost", cx),
        user: own_secret(values.text("mailuser"), cx),
        pass: own_secret(values.text("mailpass"), cx),
        tls: match values.text("mailtls").map(|text| text.text.as_str()) {
            Some("starttls") => MailTls::StartTls,
            Some("wrapped") => MailTls::Wrapped,
            Some("none") => MailTls::None,
            _ => MailTls::Opportunistic,
        },
        ca: values.text("mailca").map(|text| {
            let path = cx.path(text);
            if !matches!(cx.files.kind(&path), FileKind::File { .. }) {
                cx.problems
                    .warn(text.span, format!("there is no file {} with certificates", clipped(&text.text)))
                    .help("name a PEM file, or take the line away: the system's certificates are trusted");
            }
            path
        }),
        sendmail: values.text("sendmail").filter(|text| !text.text.is_empty()).map(|text| cx.path(text)),
    };
    if let (Some(one), None) | (None, Some(one)) = (values.text("mailuser"), values.text("mailpass"))
        && !one.text.is_empty()
    {
        cx.problems
            .warn(one.span, "of `mailuser` and `mailpass` there is only one: nobody logs in to the mail host")
            .help("set both, or neither");
    }
    (mail, hosts("snpphost", cx).into_iter().next())
}

fn own_secret(value: Option<&Text>, cx: &mut Context<'_>) -> Option<Secret> {
    let value = value.filter(|value| !value.text.is_empty())?;
    let secret = secret(&value.text, &cx.folder(value));
    check_secret(&secret, value.span, cx);
    Some(secret)
}

/// `host`, `host:port`, `192.0.2.1`, `[2001:db8::1]:25`.
fn host_and_port(text: &str) -> bool {
    let port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let address = host.parse::<std::net::Ipv6Addr>().is_ok();
        return address && (rest.is_empty() || rest.strip_prefix(':').is_some_and(port));
    }
    let (host, given) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let name = !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    name && given.is_none_or(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_may_have_ports() {
        for text in ["mail", "mail.example.net:587", "192.0.2.1", "[2001:db8::1]", "[2001:db8::1]:25"] {
            assert!(host_and_port(text), "{text}");
        }
        for text in ["", "a=b", "mail:", "mail:0", "mail:99999", "2001:db8::1", "[mail]", "a b", "smtp://mail"] {
            assert!(!host_and_port(text), "{text}");
        }
    }
}
