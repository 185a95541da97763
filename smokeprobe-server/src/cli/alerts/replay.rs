//! `alerts replay`: the alerts of a target over rounds of the past.

mod lines;
mod print;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use smokeprobe_alerts::{Event, Observation, Replay, Rules, SeasonOrder, Summary, Watched};
use smokeprobe_core::{Clock as _, SeriesId, SystemClock};
use smokeprobe_store::{RrdStore, Store};

use super::super::{ConfigArg, terminal};
use crate::alerting::hindsight::{self, Stored};
use crate::config::{self, Plan};
use crate::timespec;

#[derive(Debug, Args)]
pub(in crate::cli) struct ReplayArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// The target, as A.B, or A.B~slave for what a slave measured.
    #[arg(long, value_name = "TARGET")]
    target: SeriesId,
    /// Only this alert: one of the target's, or any other of the configuration to see what it would say here.
    #[arg(long, value_name = "NAME")]
    alert: Option<String>,
    /// From when: -30d, 2026-11-22, "2026-11-22 10:00", Unix seconds.
    #[arg(long, default_value = "-30d", allow_hyphen_values = true, conflicts_with = "rounds")]
    from: String,
    /// Until when.
    #[arg(long, default_value = "now", allow_hyphen_values = true, conflicts_with = "rounds")]
    to: String,
    /// Rounds from a file instead, or from standard input for `-`: a line each, oldest first, of
    /// unix_time,lost,median_seconds, the last two a number or U; or what `export` prints.
    #[arg(long, value_name = "FILE")]
    rounds: Option<PathBuf>,
    /// The folder of the RRD files, instead of the configuration's.
    #[arg(long, value_name = "FOLDER")]
    datadir: Option<PathBuf>,
    /// Print one JSON object a line for each event.
    #[arg(long)]
    json: bool,
    /// Print instead what this other configuration would have told and the first one not, and the other way round.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

/// The rounds to replay.
enum Source {
    Lines(Vec<lines::Line>),
    Stored { store: Box<dyn Store>, from: i64, to: i64 },
}

/// One configuration's side of a replay.
struct Side {
    /// What somebody would have been told.
    told: Vec<Event>,
    summary: Summary,
    notes: Vec<String>,
}

/// Reads files beside a server that runs, or without one, and sends nothing.
pub(super) fn execute(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let mut plans = Vec::new();
    for path in std::iter::once(&args.config.config).chain(&args.against) {
        plans.push((path, plan(path)?));
    }
    let (watched, source) = match arrange(args, &plans) {
        Ok(arranged) => arranged,
        Err(wrong) => return Ok(terminal::wrong_usage(&wrong)),
    };
    let mut sides = Vec::new();
    for ((path, _), (watched, pings)) in plans.iter().zip(watched) {
        sides.push(side(watched, pings, &source, args.alert.as_deref()).with_context(|| path.display().to_string())?);
    }
    let lines: Vec<(&Event, Option<&'static str>)> = match &sides[..] {
        [first, second] => differing(&first.told, &second.told),
        sides => sides.iter().flat_map(|side| &side.told).map(|event| (event, None)).collect(),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    print::events(lines.into_iter(), args.json, &mut out)?;
    out.flush()?;
    let mut said = Vec::new();
    for ((path, _), side) in plans.iter().zip(&sides) {
        for note in side.notes.iter().filter(|note| !said.contains(note)) {
            eprintln!("note: {note}");
        }
        said.extend(&side.notes);
        let title =
            if sides.len() > 1 { format!("{} by {}", args.target, path.display()) } else { args.target.to_string() };
        eprint!("{}", print::summary(&title, &side.summary, args.alert.as_deref()));
    }
    Ok(ExitCode::SUCCESS)
}

/// What each configuration watches, with the pings of a round, and the rounds.
fn arrange(args: &ReplayArgs, plans: &[(&PathBuf, Plan)]) -> anyhow::Result<(Vec<(Watched, u32)>, Source)> {
    let mut watched = Vec::new();
    for (path, plan) in plans {
        let one = hindsight::watched(plan, &Rules::standard(), &args.target, args.alert.as_deref());
        watched.push(one.with_context(|| path.display().to_string())?);
    }
    if let Some(path) = &args.rounds {
        return Ok((watched, Source::Lines(lines::read(path)?)));
    }
    let now = SystemClock.wall();
    let from = timespec::parse(&args.from, now).context("--from")?.unix_secs();
    let to = timespec::parse(&args.to, now).context("--to")?.unix_secs();
    if from > to {
        bail!("--from {} is later than --to {}", args.from, args.to);
    }
    let datadir = args.datadir.as_ref().unwrap_or(&plans[0].1.general.datadir);
    Ok((watched, Source::Stored { store: Box::new(RrdStore::read_only(datadir)), from, to }))
}

fn plan(path: &Path) -> anyhow::Result<Plan> {
    let loaded = config::load(path);
    loaded.plan.with_context(|| format!("{} has errors; `check` shows them", path.display()))
}

/// Replays the rounds by one configuration.
fn side(watched: Watched, pings: u32, source: &Source, alert: Option<&str>) -> anyhow::Result<Side> {
    let mut told = Vec::new();
    let mut keep = |events: Vec<Event>| {
        told.extend(
            events.into_iter().filter(|event| event.is_told() && alert.is_none_or(|alert| *event.alert == *alert)),
        );
    };
    match source {
        Source::Lines(lines) => {
            let rounds: Vec<(i64, Observation)> =
                lines.iter().map(|line| Ok((line.time, line.observation(pings)?))).collect::<anyhow::Result<_>>()?;
            let mut replay = Replay::new(watched);
            let mut past = |order: &SeasonOrder| lines::season(lines, order);
            for (time, round) in rounds {
                keep(replay.next(time, round, &mut past));
            }
            Ok(Side { told, summary: replay.summary(), notes: Vec::new() })
        }
        Source::Stored { store, from, to } => {
            let series = watched.series.clone();
            let window = hindsight::window(&watched);
            let stored = hindsight::read(&**store, &series, (*from, *to), window, usize::MAX)?;
            let notes = notes(&series, &stored).into_iter().collect();
            let replay = hindsight::replay(watched, &**store, stored, |_, events| {
                keep(events);
                true
            })?;
            Ok(Side { told, summary: replay.summary(), notes })
        }
    }
}

/// What a person should know of the rounds.
fn notes(series: &SeriesId, stored: &Stored) -> Option<String> {
    let Some((first, _)) = stored.rounds.first() else {
        return Some(format!("nothing is stored of {series} between these times"));
    };
    let (rows, seconds) = (stored.kept?, stored.step.as_secs());
    let begin = print::date(first - i64::from(seconds));
    Some(format!("single rounds of {series} are kept for {rows} rounds of {seconds} s only: the replay begins {begin}"))
}

/// Events that only one side has, by time, the first side's before the second's.
fn differing<'a>(first: &'a [Event], second: &'a [Event]) -> Vec<(&'a Event, Option<&'static str>)> {
    type Key<'a> = (i64, &'a str, &'static str);
    fn counts(events: &[Event]) -> BTreeMap<Key<'_>, usize> {
        let mut counts = BTreeMap::new();
        for event in events {
            *counts.entry((event.time, &*event.alert, event.word())).or_default() += 1;
        }
        counts
    }
    fn only<'a>(
        events: &'a [Event],
        others: &'a [Event],
        side: &'static str,
    ) -> Vec<(&'a Event, Option<&'static str>)> {
        let mut others = counts(others);
        let mut only = Vec::new();
        for event in events {
            match others.get_mut(&(event.time, &*event.alert, event.word())) {
                Some(count @ 1..) => *count -= 1,
                _ => only.push((event, Some(side))),
            }
        }
        only
    }
    let mut all = only(first, second, "first");
    all.extend(only(second, first, "second"));
    all.sort_by_key(|(event, _)| event.time);
    all
}
