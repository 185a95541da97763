//! What a replay prints: events to standard output, figures to standard error.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use smokeprobe_alerts::{Event, Figures, Summary};
use smokeprobe_core::WallTime;

use crate::cli::terminal;

/// One event, as `--json` has it.
#[derive(Debug, Serialize)]
struct Line<'a> {
    /// Which configuration alone says so, when two are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<&'static str>,
    time: i64,
    alert: &'a str,
    target: String,
    what: &'static str,
    loss: &'a str,
    rtt: &'a str,
    reason: &'a str,
}

/// Prints events, each with the configuration that alone has it where two are compared.
pub(super) fn events<'a>(
    events: impl Iterator<Item = (&'a Event, Option<&'static str>)>,
    json: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    for (event, only) in events {
        if json {
            let facts = &event.facts;
            let line = Line {
                only,
                time: event.time,
                alert: &event.alert,
                target: event.line(),
                what: event.word(),
                loss: &facts.loss,
                rtt: &facts.rtt,
                reason: &facts.reason,
            };
            serde_json::to_writer(&mut *out, &line)?;
            writeln!(out)?;
        } else {
            human(event, only, out)?;
        }
    }
    Ok(())
}

fn human(event: &Event, only: Option<&'static str>, out: &mut impl Write) -> io::Result<()> {
    let facts = &event.facts;
    if let Some(only) = only {
        write!(out, "only the {only}: ")?;
    }
    write!(out, "{}  {} {}  {}  {}", date(event.time), event.alert, event.what_in_words(), facts.loss, facts.rtt)?;
    // The figures of a pattern are those that were just said.
    if !facts.reason.is_empty() && facts.reason != facts.loss && facts.reason != facts.rtt {
        write!(out, "  ({})", facts.reason)?;
    }
    writeln!(out)
}

/// The figures of a replay. `alert` is the only one that was asked for.
pub(super) fn summary(title: &str, summary: &Summary, alert: Option<&str>) -> String {
    let mut rows: Vec<(&str, Figures)> = match alert {
        Some(alert) => vec![(alert, summary.alerts.get(alert).copied().unwrap_or_default())],
        None => summary.alerts.iter().map(|(alert, figures)| (&**alert, *figures)).collect(),
    };
    if alert.is_none() {
        rows.push(("all", summary.total));
    }
    let rows: Vec<String> = rows.iter().map(|(name, figures)| format!("  {name}: {}\n", figures_of(figures))).collect();
    format!("{title}: {}\n{}", counted(summary.rounds, "round"), rows.concat())
}

fn figures_of(figures: &Figures) -> String {
    let longest = match figures.longest {
        None => "-".to_owned(),
        Some(seconds) => humantime::format_duration(Duration::from_secs(seconds.unsigned_abs())).to_string(),
    };
    format!(
        "{}, longest {longest}, {}, {} ({:.1} notifications a week)",
        counted(figures.firings, "firing"),
        counted(figures.flaps, "flap"),
        counted(figures.notifications, "notification"),
        figures.notifications_a_week
    )
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A time in Unix seconds as `2026-11-22T10:28:28Z`.
pub(super) fn date(unix_secs: i64) -> String {
    terminal::date(WallTime::from_unix_secs(unix_secs))
}
