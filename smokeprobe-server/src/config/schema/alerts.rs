//! `*** Alerts ***`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use smokeprobe_alerts::{RecipientId, Semantics};

use super::super::check::{Check, Verdict, YES_NO, digits};
use super::super::grammar::{Rules, Sections, Values, examine, must, rule};
use super::super::plan::Alert;
use super::super::source::Text;
use super::super::tree::{Section, clipped};
use super::Context;

const RULES: Rules = Rules {
    variables: &[
        rule("to", Check::With(recipients)),
        rule(
            "from",
            Check::With(|value| Verdict::good_if(address(value), "a mail address such as `name@example.net`")),
        ),
        rule("edgetrigger", YES_NO),
        rule("mailtemplate", Check::Any),
    ],
    table: None,
    sections: Sections::Keyed(
        |name| !name.is_empty() && !name.contains(|c| c == ',' || super::super::lexer::blank(c)),
        "characters other than blanks and commas",
    ),
};

const ALERT: Rules = Rules {
    variables: &[
        must("type", Check::OneOf(&["loss", "rtt", "matcher"])),
        must("pattern", Check::With(pattern)),
        must("comment", Check::Any),
        rule("to", Check::With(recipients)),
        rule("edgetrigger", YES_NO),
        rule("mailtemplate", Check::Any),
        rule("priority", Check::With(priority)),
    ],
    table: None,
    sections: Sections::None,
};

fn priority(value: &str) -> Verdict {
    Verdict::good_if(digits(value) && !value.starts_with('0'), "a whole number of at least 1; 1 is the most urgent")
}

fn pattern(value: &str) -> Verdict {
    let whole = value.split(',').all(|element| !element.is_empty());
    let bad = Verdict::expected("elements with one comma between them, none of them empty");
    if whole { Verdict::Good } else { bad.help("take the comma away, such as in `>0%,*12*,>0%`") }
}

/// Mail address, program, pager or chat account.
pub(super) fn recipient(value: &str) -> bool {
    let longer = |prefix| value.strip_prefix(prefix).is_some_and(|rest: &str| !rest.is_empty());
    longer("|") || longer("snpp:") || longer("xmpp:") || address(value)
}

fn address(value: &str) -> bool {
    value.rsplit_once('@').is_some_and(|(name, place)| {
        !name.is_empty() && !place.is_empty() && !place.contains(super::super::lexer::blank)
    })
}

/// The reference looks at the list as a whole: it must start with `|` or end like a mail address. Where it would pass
/// a list with a part that is neither, so do we, with a word about that part.
pub(super) fn recipients(value: &str) -> Verdict {
    let Some(bad) = value.split(',').map(str::trim).find(|part| !recipient(part)) else { return Verdict::Good };
    if (value.len() > 1 && value.starts_with('|')) || address(value) {
        return Verdict::Doubtful(format!("`{}` is neither a mail address nor `|program`", clipped(bad)));
    }
    Verdict::expected("a mail address, or `|` and the path of a program")
}

pub(super) fn read(section: Option<&Section>, cx: &mut Context<'_>) -> BTreeMap<String, Alert> {
    let Some(section) = section else { return BTreeMap::new() };
    let values = examine(section, &RULES, cx.problems);
    let template = mail_template(&values, cx);
    let common = Common {
        to: split(values.text("to")),
        edgetrigger: values.yes("edgetrigger").unwrap_or(false),
        mailtemplate: template,
    };
    values.sections.iter().map(|inner| (inner.name.text.clone(), alert(inner, &common, cx))).collect()
}

/// What alerts inherit.
struct Common {
    to: Vec<String>,
    edgetrigger: bool,
    mailtemplate: Option<PathBuf>,
}

fn alert(section: &Section, common: &Common, cx: &mut Context<'_>) -> Alert {
    let values = examine(section, &ALERT, cx.problems);
    let kind = values.string("type").unwrap_or_default();
    if let (Some(_), Some(text)) = (values.text("type"), values.text("pattern"))
        && let Err(error) = smokeprobe_alerts::parse(rule_kind(&kind), &text.text)
    {
        cx.problems.error(text.part(error.span), error.message).maybe(error.help);
    }
    let mut to = common.to.clone();
    to.extend(split(values.text("to")));
    let to = to.iter().map(|to| RecipientId::new(to)).collect();
    Alert {
        name: section.name.text.clone(),
        kind,
        pattern: values.string("pattern").unwrap_or_default(),
        comment: values.string("comment").unwrap_or_default(),
        semantics: Semantics::Documented,
        again: None,
        edgetrigger: values.yes("edgetrigger").unwrap_or(common.edgetrigger),
        priority: values.number("priority"),
        to,
        mailtemplate: mail_template(&values, cx).or_else(|| common.mailtemplate.clone()),
    }
}

fn rule_kind(kind: &str) -> smokeprobe_alerts::Kind {
    match kind {
        "rtt" => smokeprobe_alerts::Kind::Rtt,
        "matcher" => smokeprobe_alerts::Kind::Matcher,
        _ => smokeprobe_alerts::Kind::Loss,
    }
}

fn split(list: Option<&Text>) -> Vec<String> {
    list.map(|list| list.split(|c| c == ',').into_iter().map(|(part, _)| part.to_owned()).collect()).unwrap_or_default()
}

/// The template of a mail: header lines, one of them `Subject:`, an empty line, the text.
fn mail_template(values: &Values<'_>, cx: &mut Context<'_>) -> Option<PathBuf> {
    const LONGEST: u64 = 1 << 20;
    let value = values.text("mailtemplate")?;
    let bytes = match cx.files.read(&cx.path(value), LONGEST) {
        Ok(bytes) => bytes,
        Err(error) => {
            let reason = super::super::lexer::plain(&error);
            cx.problems
                .error(value.span, format!("cannot read the mail template {}: {reason}", clipped(&value.text)))
                .help("without `mailtemplate` a built-in text is sent");
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let headers: Vec<_> = text.lines().take_while(|line| !line.trim().is_empty()).collect();
    let header = |line: &&str| {
        line.split_once(':').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        })
    };
    if let Some(bad) = headers.iter().find(|line| !header(line) && !line.starts_with([' ', '\t'])) {
        cx.problems
            .error(value.span, format!("the mail template {} has no mail headers at its top", clipped(&value.text)))
            .help(format!("`{}` is no header; write `Subject: …` and an empty line first", clipped(bad)));
        return None;
    }
    if !headers.iter().any(|line| line.starts_with("Subject:")) {
        cx.problems
            .error(value.span, format!("the mail template {} has no `Subject:`", clipped(&value.text)))
            .help("start it with a line such as `Subject: [alert] <##ALERT##> <##WHAT##> on <##LINE##>`");
        return None;
    }
    Some(cx.path(value))
}
