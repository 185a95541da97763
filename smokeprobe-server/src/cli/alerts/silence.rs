//! `alerts silence` and `alerts unsilence`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};
use smokeprobe_core::{Clock as _, SystemClock, TargetPath, WallTime};

use super::remote::{ServerArg, author, escape};
use crate::cli::terminal;
use crate::timespec;

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("end").required(true).args(["duration", "until"]))]
pub(in crate::cli) struct SilenceArgs {
    /// Only this target and everything below it. May be given several times.
    #[arg(long = "target", value_name = "A.B")]
    targets: Vec<TargetPath>,
    /// Only alerts of this name. May be given several times.
    #[arg(long = "alert", value_name = "NAME")]
    alerts: Vec<String>,
    /// Only targets with this label. May be given several times: they must have all of them.
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// For how long, as in 2h or 30m.
    #[arg(long = "for", value_name = "DURATION", value_parser = terminal::duration)]
    duration: Option<Duration>,
    /// Until when: +2h, 2026-11-22, "2026-11-22 10:00", Unix seconds.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<String>,
    /// From when on, instead of now.
    #[arg(long, value_name = "TIME", default_value = "now", allow_hyphen_values = true)]
    from: String,
    /// Why, for others.
    #[arg(long)]
    comment: String,
    /// Who wants it, instead of whoever is logged in.
    #[arg(long)]
    author: Option<String>,
    #[command(flatten)]
    server: ServerArg,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct UnsilenceArgs {
    /// The id that the silence was given.
    id: String,
    #[command(flatten)]
    server: ServerArg,
}

pub(super) fn execute(args: &SilenceArgs) -> anyhow::Result<ExitCode> {
    let (from, until) = match times(args) {
        Ok(times) => times,
        Err(wrong) => return Ok(terminal::wrong_usage(&wrong)),
    };
    let labels: serde_json::Map<String, Value> =
        args.labels.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let body = json!({
        "targets": args.targets,
        "alerts": args.alerts,
        "labels": labels,
        "from": from.unix_secs(),
        "until": until.unix_secs(),
        "comment": args.comment,
        "author": author(args.author.as_deref()),
    });
    let answer = args.server.post("/api/v1/alerts/silences", &body)?;
    let id = answer["id"].as_str().unwrap_or_default();
    println!("silence {id} holds until {}; `alerts unsilence {id}` takes it back", terminal::date(until));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn execute_unsilence(args: &UnsilenceArgs) -> anyhow::Result<ExitCode> {
    args.server.delete(&format!("/api/v1/alerts/silences/{}", escape(&args.id)))?;
    println!("silence {} is taken back", args.id);
    Ok(ExitCode::SUCCESS)
}

fn times(args: &SilenceArgs) -> anyhow::Result<(WallTime, WallTime)> {
    let now = SystemClock.wall();
    let from = timespec::parse(&args.from, now).context("--from")?;
    let until = match (&args.until, args.duration) {
        (Some(until), _) => timespec::parse(until, now).context("--until")?,
        (None, duration) => from + duration.unwrap_or_default(),
    };
    if until <= from.max(now) {
        anyhow::bail!("a silence must end after it begins, and in the future");
    }
    Ok((from, until))
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}
