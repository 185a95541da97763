//! `alerts list`: what stands, for people and for programs.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;
use smokeprobe_core::WallTime;

use super::remote::ServerArg;
use crate::cli::terminal;

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// Print what /api/v1/alerts answers.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArg,
}

pub(super) fn execute(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let answer = args.server.get("/api/v1/alerts")?;
    let text = if args.json { format!("{answer}\n") } else { describe(&answer) };
    std::io::stdout().write_all(text.as_bytes()).context("cannot write")?;
    Ok(ExitCode::SUCCESS)
}

/// The answer in lines. What a newer server leaves out is left out.
fn describe(answer: &Value) -> String {
    let mut text = String::new();
    let standing = list(&answer["standing"]);
    line(&mut text, &format!("{} raised", standing.len()));
    for one in standing {
        let acknowledged = match &one["acknowledged"] {
            Value::Null => String::new(),
            by => format!(", acknowledged by {}{}", words(&by["author"]), remark(&by["comment"])),
        };
        let told = match (&one["told"], &one["silent"]) {
            (_, silent) if silent.is_object() => format!(", silent: {}", why(silent)),
            (Value::Null, _) => ", nobody was told".to_owned(),
            _ => String::new(),
        };
        let since = date(&one["since"]);
        line(
            &mut text,
            &format!("  {} {} since {since}{told}{acknowledged}", words(&one["series"]), words(&one["alert"])),
        );
        line(&mut text, &format!("      {}", words(&one["reason"])));
    }
    let silences = list(&answer["silences"]);
    if !silences.is_empty() {
        line(&mut text, &format!("{} silences", silences.len()));
    }
    for one in silences {
        let active = if one["active"] == true { "holds" } else { "does not hold now" };
        let until = if one["until"].is_null() { String::new() } else { format!(" until {}", date(&one["until"])) };
        let kind = if one["maintenance"] == true { "maintenance window" } else { "silence" };
        let comment = remark(&one["comment"]);
        line(&mut text, &format!("  {kind} {} {active}{until}: {}{comment}", words(&one["id"]), scope(one)));
    }
    let outbox = &answer["outbox"];
    let count = |name: &str| outbox[name].as_u64().unwrap_or_default();
    line(&mut text, &format!("{} messages wait, {} were given up", count("waiting"), count("dead")));
    for one in list(&outbox["messages"]) {
        let (attempts, recipient) = (&one["attempts"], words(&one["recipient"]));
        line(&mut text, &format!("  {} to {recipient}, {attempts} attempts, due {}", one["id"], date(&one["due"])));
    }
    for one in list(&outbox["dead_letters"]) {
        line(
            &mut text,
            &format!("  {} to {} was given up: {}", one["id"], words(&one["recipient"]), words(&one["dead"])),
        );
    }
    if let Some(why) = answer["state"]["blocked"].as_str() {
        line(&mut text, &format!("the state cannot be written: {why}"));
    }
    text
}

fn scope(silence: &Value) -> String {
    let names = |name: &str| list(&silence[name]).iter().map(words).collect::<Vec<_>>().join(", ");
    let labels = silence["labels"].as_object().into_iter().flatten();
    let labels = labels.map(|(name, value)| format!("{name}={}", words(value))).collect::<Vec<_>>().join(", ");
    let parts: Vec<String> = [("targets", names("targets")), ("alerts", names("alerts")), ("labels", labels)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what} {names}"))
        .collect();
    if parts.is_empty() { "everything".to_owned() } else { parts.join("; ") }
}

fn why(silent: &Value) -> String {
    let why = words(&silent["why"]).replace('_', " ");
    if silent["by"].is_string() { format!("{why} ({})", words(&silent["by"])) } else { why }
}

fn remark(comment: &Value) -> String {
    match words(comment) {
        comment if comment.is_empty() => String::new(),
        comment => format!(" ({comment})"),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A text, without what could move a terminal's cursor.
fn words(value: &Value) -> String {
    value.as_str().unwrap_or_default().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn date(value: &Value) -> String {
    value.as_f64().map_or_else(|| "?".to_owned(), |secs| terminal::date(WallTime::from_unix_secs(secs as i64)))
}

fn line(text: &mut String, line: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{line}");
}
