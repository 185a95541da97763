//! `*** Maintenance ***`: when alerts of what are not told.

mod times;
mod weekly;

use std::collections::BTreeMap;

use smokeprobe_alerts::{Scope, Silence, When};
use smokeprobe_core::TargetPath;

use super::super::check::{Check, name};
use super::super::diagnostics::did_you_mean;
use super::super::grammar::{Rules, Sections, Values, examine, rule};
use super::super::lexer::blank;
use super::super::plan::Alert;
use super::super::source::{Span, Text};
use super::super::tree::{Section, clipped};
use super::paths::{self, Paths};
use super::{Context, NAME_FORM, labels};
use times::{Edge, Zone};

const RULES: Rules =
    Rules { variables: &[rule("zone", Check::Any)], table: None, sections: Sections::Keyed(name, NAME_FORM) };

const WINDOW: Rules = Rules {
    variables: &[
        rule("targets", Check::Any),
        rule("alerts", Check::Any),
        rule("labels", Check::Any),
        rule("from", Check::Any),
        rule("until", Check::Any),
        rule("weekly", Check::Any),
        rule("zone", Check::Any),
        rule("comment", Check::Any),
    ],
    table: None,
    sections: Sections::None,
};

/// What the windows may be about.
pub(super) struct About<'a> {
    pub(super) alerts: &'a BTreeMap<String, Alert>,
    pub(super) paths: &'a Paths<'a>,
}

pub(super) fn read(section: Option<&Section>, about: &About<'_>, cx: &mut Context<'_>) -> Vec<Silence> {
    let Some(section) = section else { return Vec::new() };
    let values = examine(section, &RULES, cx.problems);
    let common = values.text("zone");
    values.sections.iter().filter_map(|inner| window(inner, common, about, cx)).collect()
}

fn window(section: &Section, zone: Option<&Text>, about: &About<'_>, cx: &mut Context<'_>) -> Option<Silence> {
    let values = examine(section, &WINDOW, cx.problems);
    let scope = scope(&values, about, cx);
    let when = when(section, &values, values.text("zone").or(zone), cx)?;
    Some(Silence {
        id: section.name.text.as_str().into(),
        scope,
        when,
        comment: values.string("comment").unwrap_or_default(),
        author: "configuration".to_owned(),
    })
}

/// What is named and is not there is an error: a window that is about less than it says lets messages through, one that
/// is about nothing in particular is about everything.
fn scope(values: &Values<'_>, about: &About<'_>, cx: &mut Context<'_>) -> Scope {
    let parts = |name: &str| -> Vec<(&str, Span)> {
        values.text(name).map(|text| text.split(|c| c == ',' || blank(c))).unwrap_or_default()
    };
    let mut targets: Vec<TargetPath> = Vec::new();
    for (part, span) in parts("targets") {
        if let Some(path) = paths::read(part, span, cx.problems)
            && about.paths.find(&path, span, cx.problems).is_some()
        {
            targets.push(path);
        }
    }
    let mut alerts = Vec::new();
    for (part, span) in parts("alerts") {
        if about.alerts.contains_key(part) {
            alerts.push(part.to_owned());
        } else {
            cx.problems
                .error(span, format!("there is no alert `{}`", clipped(part)))
                .with(|| did_you_mean(part, about.alerts.keys().map(String::as_str)));
        }
    }
    let mut wanted = BTreeMap::new();
    if let Some(text) = values.text("labels") {
        labels::merge(&mut wanted, text, cx.problems);
        let has =
            |labels: &BTreeMap<String, String>| wanted.iter().all(|(name, value)| labels.get(name) == Some(value));
        if !wanted.is_empty() && !about.paths.targets().any(|target| has(&target.labels)) {
            cx.problems
                .warn(text.span, "no target has these labels")
                .help("set them with `labels = …` in a section of Targets");
        }
    }
    Scope { targets, alerts, labels: wanted }
}

fn when(section: &Section, values: &Values<'_>, zone: Option<&Text>, cx: &mut Context<'_>) -> Option<When> {
    let (from, until, weekly) = (values.text("from"), values.text("until"), values.text("weekly"));
    if let (Some(weekly), Some(other)) = (weekly, from.or(until)) {
        cx.problems
            .error(weekly.span, "a window is either weekly or has one time from which and until which it lasts")
            .help(format!("take this line away, or line {}; or make two windows", other.span.line));
        return None;
    }
    if weekly.is_none() && from.is_none() && until.is_none() {
        cx.problems
            .error(
                section.name.span,
                format!("section `{}` needs `from`, `until` or `weekly`", clipped(&section.name.text)),
            )
            .help("add a line such as `weekly = Sun 02:00-04:00`, or `until = 2030-01-31`");
        return None;
    }
    let zone = Zone::find(zone, section.name.span, cx)?;
    if let Some(text) = weekly {
        return match weekly::parse(&text.text, zone.name()) {
            Ok(weekly) => Some(When::Weekly(weekly)),
            Err(help) => {
                cx.problems
                    .error(
                        text.span,
                        format!(
                            "`weekly` must be days and times, such as `Sun 02:00-04:00`, not `{}`",
                            clipped(&text.text)
                        ),
                    )
                    .help(help);
                None
            }
        };
    }
    let mut read = |text: Option<&Text>, edge| match text {
        None => Some(None),
        Some(text) => zone.time(text, edge, cx).map(Some),
    };
    let (from, end) = (read(from, Edge::From), read(until, Edge::Until));
    let (from, end) = (from?.unwrap_or(0), end?);
    if let (Some(text), Some(end)) = (until, end)
        && end <= from
    {
        cx.problems.error(text.span, "`until` is not after `from`").help("a window ends after it begins");
        return None;
    }
    Some(When::Between { from, until: end })
}
