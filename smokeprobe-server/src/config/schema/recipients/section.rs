//! `+ NAME` of `*** Recipients ***`: one recipient with terms, secret, headers and template of its own.

use std::time::Duration;

use smokeprobe_alerts::Terms;
use smokeprobe_alerts::notify::Secret;

use super::super::super::check::{Check, DURATION, Verdict, name};
use super::super::super::grammar::{Rules, Sections, column, examine, must, rule};
use super::super::super::plan::{Recipient, Way};
use super::super::super::source::{FileKind, Text};
use super::super::super::tree::{Section, clipped};
use super::super::{Context, NAME_FORM};
use super::address::{self, Address};
use super::{Defaults, RATE, TIMEOUT, check_secret, check_way};

const RULES: Rules = Rules {
    variables: &[
        must("to", Check::Any),
        rule("endpoint", Check::With(endpoint)),
        rule("secret", Check::Any),
        rule("template", Check::Any),
        rule("group", DURATION),
        rule("rate", RATE),
        rule("expire", DURATION),
        rule("timeout", TIMEOUT),
    ],
    table: Some(&[column("header", Check::With(header)), column("value", Check::Any)]),
    sections: Sections::None,
};

fn endpoint(value: &str) -> Verdict {
    let bad = Verdict::expected("an address such as `https://vpce-1.sns.cn-north-1.vpce.amazonaws.com.cn`");
    match url::Url::parse(value) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => bad.help("there is no user in it"),
        Ok(url) if matches!(url.scheme(), "http" | "https") => Verdict::Good,
        _ => bad,
    }
}

fn header(value: &str) -> Verdict {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    Verdict::good_if(!value.is_empty() && value.bytes().all(token), "the name of an HTTP header, such as `X-Token`")
}

pub(super) fn read(section: &Section, defaults: &Defaults, cx: &mut Context<'_>) -> Option<Recipient> {
    hide(section, cx);
    if !name(&section.name.text) {
        let message = format!("section name `{}` is not made of {NAME_FORM}", clipped(&section.name.text));
        cx.problems.error(section.name.span, message).help("choose another name");
        return None;
    }
    let values = examine(section, &RULES, cx.problems);
    let to = values.text("to")?;
    let way = way(to, cx)?;
    check_way(&way, to.span, cx);
    let own = Defaults::read(&values);
    let unused = |name: &str, used: bool, cx: &mut Context<'_>| {
        if let Some(text) = values.text(name).filter(|_| !used) {
            cx.problems.warn(text.span, format!("`{name}` has no meaning for this recipient")).help(
                match (name, &way) {
                    ("template", Way::Mail(_)) => "write `mailtemplate` in the alert, or in `*** Alerts ***`",
                    _ => "take the line away",
                },
            );
        }
    };
    let template = values.text("template").and_then(|text| text_template(text, cx));
    // A template of a webhook tells of one event: were there several, a failure of one would repeat those before it.
    let is_alone = matches!(way, Way::Webhook(_)) && template.is_some();
    if own.groups() && (is_alone || matches!(way, Way::Exec(_))) {
        unused("group", false, cx);
    }
    unused("secret", matches!(way, Way::Webhook(_) | Way::Dingtalk(_) | Way::Feishu(_)), cx);
    unused("endpoint", !matches!(way, Way::Exec(_) | Way::Mail(_) | Way::Snpp(_) | Way::Xmpp(_)), cx);
    unused("template", matches!(way, Way::Webhook(_) | Way::Sns(_)), cx);
    let secret = values.text("secret").map(|text| {
        let secret = address::secret(&text.text, &cx.folder(text));
        check_secret(&secret, text.span, cx);
        secret
    });
    let defaults = own.or(defaults);
    let usual = defaults.terms(&way);
    Some(Recipient {
        terms: if is_alone { Terms { group: Duration::ZERO, ..usual } } else { usual },
        timeout: defaults.timeout(&way),
        headers: headers(section, &values.rows, &way, cx),
        endpoint: values.string("endpoint"),
        template,
        secret,
        way,
    })
}

/// Whatever is wrong with the section, what may be secret in it is not shown.
fn hide(section: &Section, cx: &mut Context<'_>) {
    for row in &section.rows {
        cx.problems.hide_row(row);
    }
    for (name, value) in &section.variables {
        // Where the last `=` counts, a part of the value is in the name.
        let harmless =
            RULES.variables.iter().any(|rule| rule.name == name.text && rule.name != "secret" && rule.name != "to");
        if !harmless && !value.text.starts_with("env:") && !value.text.starts_with("file:") && name.text != "to" {
            cx.problems.hide(&value.text);
            if let Some((_, rest)) = name.text.split_once('=') {
                cx.problems.hide(rest);
            }
        }
    }
}

fn way(to: &Text, cx: &mut Context<'_>) -> Option<Way> {
    let fault = match address::read(&to.text, &cx.folder(to)) {
        Ok(Address::Known { way, .. }) => return Some(way),
        Ok(Address::Word) => address::Fault {
            message: format!("`to` must be a recipient, not `{}`", clipped(&to.text)),
            help: Some("write one, such as `dingtalk:env:DINGTALK_TOKEN`".to_owned()),
        },
        Err(fault) if super::list::split(&to.text, |_| false).len() > 1 => address::Fault {
            message: "a section of recipients has one of them".to_owned(),
            help: fault.help.map(|_| "write a section for each".to_owned()),
        },
        Err(fault) => fault,
    };
    cx.problems.error(to.span, fault.message).maybe(fault.help);
    None
}

fn headers(section: &Section, rows: &[Vec<String>], way: &Way, cx: &mut Context<'_>) -> Vec<(String, Secret)> {
    let Some(first) = section.rows.first() else { return Vec::new() };
    if matches!(way, Way::Exec(_) | Way::Mail(_) | Way::Snpp(_) | Way::Xmpp(_) | Way::Sns(_) | Way::Lambda(_)) {
        cx.problems.warn(first.span, "this recipient has no HTTP headers").help("take the rows away");
        return Vec::new();
    }
    let folder = cx.folder(first);
    let mut headers = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let [name, value] = row.as_slice() else { continue };
        // Rows that are faulty are not among these, and then nobody uses what is read here.
        let span = section.rows.get(number).map_or(first.span, |row| row.span);
        if value.contains(char::is_control) {
            cx.problems
                .error(span, format!("the header `{}` has control characters", clipped(name)))
                .help("write it without");
            continue;
        }
        let secret = address::secret(value, &folder);
        check_secret(&secret, span, cx);
        headers.push((name.clone(), secret));
    }
    headers
}

fn text_template(value: &Text, cx: &mut Context<'_>) -> Option<std::path::PathBuf> {
    let path = cx.path(value);
    if matches!(cx.files.kind(&path), FileKind::File { .. }) {
        return Some(path);
    }
    cx.problems
        .error(value.span, format!("there is no template {}", clipped(&value.text)))
        .help("without `template` a built-in text is sent");
    None
}
