//! `*** Alerts ***`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use smokeprobe_alerts::{RecipientId, Semantics};

use super::super::check::{Check, DURATION, Verdict, YES_NO, digits, one_of};
use super::super::grammar::{Rules, Sections, Values, examine, must, note, rule};
use super::super::lexer::blank;
use super::super::plan::{Alert, Node};
use super::super::source::Text;
use super::super::tree::Section;
use super::recipients::{Book, DEFAULTS, Defaults, RATE, TIMEOUT};
use super::{Context, template};

const SEMANTICS: Check = Check::OneOf(&["documented", "legacy"]);

/// What the reference does not have follows what it has.
const RULES: Rules = Rules {
    variables: &[
        rule("to", Check::Any),
        rule(
            "from",
            Check::With(|value| Verdict::good_if(address(value), "a mail address such as `name@example.net`")),
        ),
        rule("edgetrigger", YES_NO),
        rule("mailtemplate", Check::Any),
        rule("semantics", SEMANTICS),
        rule("repeat", DURATION),
        rule("remind", DURATION),
        DEFAULTS[0],
        rule("rate", RATE),
        DEFAULTS[2],
        rule("timeout", TIMEOUT),
    ],
    table: None,
    sections: Sections::Keyed(
        |name| !name.is_empty() && !name.contains(|c| c == ',' || blank(c)),
        "characters other than blanks and commas",
    ),
};

const ALERT: Rules = Rules {
    variables: &[
        must("type", Check::Any),
        must("pattern", Check::Any),
        must("comment", Check::Any),
        rule("to", Check::Any),
        rule("edgetrigger", YES_NO),
        rule("mailtemplate", Check::Any),
        rule("priority", Check::With(priority)),
        rule("semantics", SEMANTICS),
        rule("repeat", DURATION),
        rule("remind", DURATION),
    ],
    table: None,
    sections: Sections::None,
};

fn priority(value: &str) -> Verdict {
    Verdict::good_if(digits(value) && !value.starts_with('0'), "a whole number of at least 1; 1 is the most urgent")
}

/// The reference refuses two commas without anything between them, and reads a pattern without what is empty.
fn commas(value: &str) -> Verdict {
    let bad = Verdict::expected("elements with one comma between them, none of them empty");
    if empty_place(value).is_none() {
        Verdict::Good
    } else {
        bad.help("take the comma away, such as in `>0%,*12*,>0%`")
    }
}

/// Where in bytes an element is empty in the pattern of a rule of this kind: a comma too many.
pub(crate) fn empty_element(kind: &str, pattern: &str) -> Option<usize> {
    if WITH_ELEMENTS.contains(&kind) { empty_place(pattern) } else { None }
}

fn empty_place(pattern: &str) -> Option<usize> {
    let mut start = 0;
    for element in pattern.split(',') {
        if element.is_empty() {
            return Some(start.min(pattern.len().saturating_sub(1)));
        }
        start += element.len() + 1;
    }
    None
}

fn address(value: &str) -> bool {
    value.rsplit_once('@').is_some_and(|(name, place)| !name.is_empty() && !place.is_empty() && !place.contains(blank))
}

/// What the section says of all alerts and of all who are told.
#[derive(Debug, Default)]
pub(super) struct Common<'a> {
    values: Option<Values<'a>>,
    mailtemplate: Option<PathBuf>,
    /// The sender of mails.
    pub(super) from: Option<String>,
    /// The terms of recipients.
    pub(super) defaults: Defaults,
}

/// Reads what holds for all of them.
pub(super) fn common<'a>(section: Option<&'a Section>, cx: &mut Context<'_>) -> Common<'a> {
    let Some(section) = section else { return Common::default() };
    let values = examine(section, &RULES, cx.problems);
    Common {
        mailtemplate: values.text("mailtemplate").and_then(|text| template::mail(text, cx)),
        from: values.string("from"),
        defaults: Defaults::read(&values),
        values: Some(values),
    }
}

/// Reads the alerts.
pub(super) fn read(common: &Common<'_>, book: &mut Book, cx: &mut Context<'_>) -> BTreeMap<String, Alert> {
    let Some(values) = &common.values else { return BTreeMap::new() };
    let to = values.text("to").map(|to| book.list("to", to, cx)).unwrap_or_default();
    let alerts = values.sections.iter();
    alerts.map(|inner| (inner.name.text.clone(), alert(inner, values, common, &to, book, cx))).collect()
}

fn alert(
    section: &Section,
    above: &Values<'_>,
    common: &Common<'_>,
    to: &[RecipientId],
    book: &mut Book,
    cx: &mut Context<'_>,
) -> Alert {
    let values = examine(section, &ALERT, cx.problems);
    let name = section.name.text.clone();
    let semantics = match values.text("semantics").or_else(|| above.text("semantics")) {
        Some(text) if text.text == "legacy" => Semantics::Legacy,
        _ => Semantics::Documented,
    };
    let kind = values.text("type").filter(|kind| check_kind(kind, cx));
    if let (Some(kind), Some(pattern)) = (kind, values.text("pattern")) {
        check_rule(&kind.text, pattern, semantics, &name, cx);
    }
    let edgetrigger = values.yes("edgetrigger").or_else(|| above.yes("edgetrigger")).unwrap_or(false);
    let mut to = to.to_vec();
    if let Some(own) = values.text("to") {
        for id in book.list("to", own, cx) {
            if !to.contains(&id) {
                to.push(id);
            }
        }
    }
    let mailtemplate = values.text("mailtemplate").and_then(|text| template::mail(text, cx));
    Alert {
        name,
        kind: values.string("type").unwrap_or_default(),
        pattern: values.string("pattern").unwrap_or_default(),
        comment: values.string("comment").unwrap_or_default(),
        semantics,
        again: again(&values, above, edgetrigger, cx),
        edgetrigger,
        priority: values.number("priority"),
        to,
        mailtemplate: mailtemplate.or_else(|| common.mailtemplate.clone()),
    }
}

/// How often to tell again: `remind` with an edge trigger, `repeat` without one. None of no time at all: that is what
/// happens without the variable.
fn again(values: &Values<'_>, above: &Values<'_>, edgetrigger: bool, cx: &mut Context<'_>) -> Option<Duration> {
    let (meant, other) = if edgetrigger { ("remind", "repeat") } else { ("repeat", "remind") };
    if let Some(text) = values.text(other) {
        let (with, does) = if edgetrigger {
            ("with", "is told once")
        } else {
            ("without", "is told of every round in which it matches")
        };
        let message = format!("`{other}` has no meaning here: an alert {with} an edge trigger {does}");
        cx.problems.warn(text.span, message).help(format!("write `{meant} = {}` to change that", text.text));
    }
    values.duration(meant).or_else(|| above.duration(meant)).filter(|again| !again.is_zero())
}

/// The kinds in whose text commas stand between elements.
const WITH_ELEMENTS: [&str; 4] = ["loss", "rtt", "matcher", "jitter"];

fn check_kind(kind: &Text, cx: &mut Context<'_>) -> bool {
    note("type", one_of(&kind.text, &cx.rules.kinds()), kind, cx.problems)
}

fn check_rule(kind: &str, pattern: &Text, semantics: Semantics, alert: &str, cx: &mut Context<'_>) {
    if WITH_ELEMENTS.contains(&kind) && !note("pattern", commas(&pattern.text), pattern, cx.problems) {
        return;
    }
    if let Err(error) = cx.rules.parse(kind, &pattern.text, semantics, alert) {
        cx.problems.error(pattern.part(error.span), error.message).maybe(error.help);
    }
}

/// The sender of mails. Without one in the section it is whom to write to about all this, which is said where mails are
/// sent.
pub(super) fn sender(
    section: Option<&Section>,
    common: &Common<'_>,
    contact: Option<&str>,
    told: (&BTreeMap<String, Alert>, &Node),
    book: &Book,
    cx: &mut Context<'_>,
) -> Option<String> {
    if common.from.is_some() {
        return common.from.clone();
    }
    let section = section?;
    let (alerts, root) = told;
    let mut pending = vec![root];
    let nodes = std::iter::from_fn(|| {
        let node = pending.pop()?;
        pending.extend(&node.children);
        Some(node)
    });
    let with_alerts = nodes.filter_map(|node| node.target.as_ref()).filter(|target| !target.alerts.is_empty());
    let alertees = with_alerts.flat_map(|target| &target.alertee);
    if !book.has_mail(alerts.values().flat_map(|alert| &alert.to).chain(alertees)) {
        return None;
    }
    let sender = contact.unwrap_or("smokeprobe@localhost");
    cx.problems
        .warn(section.name.span, format!("there is no `from`: mails are sent as {sender}"))
        .help("add a line `from = …` with the sender's address");
    Some(sender.to_owned())
}
