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
        // Who acknowledged it is said anyway.
        let says_more = |silent: &Value| acknowledged.is_empty() || silent["why"] != "acknowledged";
        let told = match (&one["told"], &one["silent"]) {
            (_, silent) if silent.is_object() && says_more(silent) => format!(", silent: {}", why(silent)),
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
        line(&mut text, &counted(silences.len() as u64, "silence", "silences"));
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
    let waiting = counted(count("waiting"), "message waits", "messages wait");
    line(&mut text, &format!("{waiting}, {}", counted(count("dead"), "was given up", "were given up")));
    for one in list(&outbox["messages"]) {
        let attempts = counted(one["attempts"].as_u64().unwrap_or_default(), "attempt", "attempts");
        let recipient = words(&one["recipient"]);
        line(&mut text, &format!("  {} to {recipient}, {attempts}, due {}", one["id"], date(&one["due"])));
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

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn acknowledgement_is_said_once_and_other_silence_beside_it() {
        let by = json!({"time": 0, "author": "Ann", "comment": "carrier called"});
        let standing = |told: Value, why: &str, by: &Value| {
            let one = json!({"series": "A.B", "alert": "down", "since": 0, "told": told, "silent": {"why": why}, "acknowledged": by});
            let text = describe(&json!({ "standing": [one] }));
            let (_, after) = text.lines().nth(1).unwrap().split_once("since ").unwrap();
            after.split_once(", ").unwrap().1.to_owned()
        };
        assert_eq!(standing(json!(0), "acknowledged", &by), "acknowledged by Ann (carrier called)");
        let never = standing(Value::Null, "acknowledged", &by);
        assert_eq!(never, "nobody was told, acknowledged by Ann (carrier called)");
        let silenced = standing(json!(0), "silenced", &by);
        assert_eq!(silenced, "silent: silenced, acknowledged by Ann (carrier called)");
        assert_eq!(standing(json!(0), "acknowledged", &Value::Null), "silent: acknowledged");
    }

    #[test]
    fn one_of_a_thing_is_not_many() {
        let text = |number: u64| {
            let things = |thing: Value| vec![thing; number as usize];
            describe(&json!({
                "silences": things(json!({"id": "1", "active": true})),
                "outbox": {
                    "waiting": number,
                    "dead": number,
                    "messages": things(json!({"id": 7, "recipient": "a@b", "attempts": number, "due": 0})),
                },
            }))
        };
        let (one, two) = (text(1), text(2));
        for expected in ["1 silence\n", "1 message waits, 1 was given up\n", ", 1 attempt, due"] {
            assert!(one.contains(expected), "{one}");
        }
        for expected in ["2 silences\n", "2 messages wait, 2 were given up\n", ", 2 attempts, due"] {
            assert!(two.contains(expected), "{two}");
        }
        assert!(text(0).contains("0 messages wait, 0 were given up\n"));
    }
}
