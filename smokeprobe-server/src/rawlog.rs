//! `rawlog`: every round as a line of text beside the RRD file, as SmokePing writes it.
//!
//! `<datadir>/A/B.<pattern>.csv`, the pattern filled in by the round's time; a line is the time, uptime, loss, median and
//! the pings, between tabs, `U` for what is not known. Lines are written by a thread of their own.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread;

use chrono::{Local, TimeZone};
use smokeprobe_core::{Round, RoundSink, Rtt, SeriesId, SinkError, TargetPath, Vantage};

use crate::config::Plan;
use crate::live::Live;

/// Lines that may wait to be written; more are dropped.
const WAITING: usize = 10_000;

/// The sink that writes raw logs.
#[derive(Debug)]
pub struct RawLogSink {
    live: Arc<Live>,
    plan: Option<Arc<Plan>>,
    /// The patterns of the targets that have a raw log.
    patterns: HashMap<TargetPath, String>,
    /// Starts with the first line. Once it cannot be started it is not tried again.
    writer: Option<Result<SyncSender<Line>, ()>>,
    dropping: bool,
}

#[derive(Debug)]
struct Line {
    path: PathBuf,
    text: String,
}

impl RawLogSink {
    /// Writes the logs of the plan that `live` names.
    pub fn new(live: Arc<Live>) -> Self {
        Self { live, plan: None, patterns: HashMap::new(), writer: None, dropping: false }
    }

    fn follow_plan(&mut self) {
        let plan = self.live.plan.load();
        if self.plan.as_ref().is_some_and(|known| Arc::ptr_eq(known, &plan)) {
            return;
        }
        let logged = |target: &crate::config::plan::Target| Some((target.path.clone(), target.rawlog.clone()?));
        self.patterns = plan.targets().filter_map(logged).collect();
        self.plan = Some(Arc::clone(&plan));
    }
}

impl RoundSink for RawLogSink {
    fn accept(&mut self, round: &Round) -> Result<(), SinkError> {
        self.follow_plan();
        let (Some(pattern), Some(plan)) = (self.patterns.get(&round.series.target), &self.plan) else { return Ok(()) };
        let Some(path) = path(&plan.general.datadir, &round.series, pattern, round.slot.end()) else { return Ok(()) };
        let writer = self.writer.get_or_insert_with(|| {
            start().map_err(|error| tracing::error!(error = &error as &dyn std::error::Error, "no raw logs"))
        });
        let Ok(writer) = writer else { return Err(SinkError::Closed) };
        match writer.try_send(Line { path, text: line(round) }) {
            Ok(()) => self.dropping = false,
            Err(TrySendError::Full(_)) => {
                if !self.dropping {
                    tracing::error!("{WAITING} lines wait to be written to raw logs; more are dropped");
                }
                self.dropping = true;
                return Err(SinkError::Full { capacity: WAITING });
            }
            Err(TrySendError::Disconnected(_)) => return Err(SinkError::Closed),
        }
        Ok(())
    }
}

/// The thread ends with its sink.
fn start() -> io::Result<SyncSender<Line>> {
    let (sender, lines) = mpsc::sync_channel::<Line>(WAITING);
    thread::Builder::new().name("rawlog".to_owned()).spawn(move || {
        let mut failing = false;
        for Line { path, text } in lines {
            let written = append(&path, &text);
            if let (Err(error), false) = (&written, failing) {
                let error = error as &dyn std::error::Error;
                tracing::error!(path = %path.display(), error, "cannot write a raw log");
            }
            failing = written.is_err();
        }
    })?;
    Ok(sender)
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    // One call a line: lines of others are not torn by ours.
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

/// The file of a round. `None` when the pattern is none of strftime's.
fn path(datadir: &Path, series: &SeriesId, pattern: &str, time: i64) -> Option<PathBuf> {
    let mut stem: PathBuf = series.target.names().collect();
    let mut name = stem.file_name()?.to_os_string();
    if let Vantage::Slave(slave) = &series.vantage {
        name.push(format!("~{slave}"));
    }
    let mut stamp = String::new();
    write!(stamp, "{}", Local.timestamp_opt(time, 0).single()?.format(pattern)).ok()?;
    name.push(format!(".{stamp}.csv"));
    stem.set_file_name(name);
    Some(datadir.join(stem))
}

fn line(round: &Round) -> String {
    let mut fields = vec![round.slot.end().to_string()];
    let unknown = || "U".to_owned();
    match round.measured() {
        None => fields.extend(std::iter::repeat_with(unknown).take(3 + round.pings as usize)),
        Some(measured) => {
            fields.push(measured.uptime.map_or_else(unknown, |uptime| uptime.as_secs().to_string()));
            fields.push(measured.lost().to_string());
            fields.push(measured.median().map_or_else(unknown, seconds));
            let missing = (round.pings as usize).saturating_sub(measured.rtts().len());
            fields.extend(std::iter::repeat_with(unknown).take(missing / 2));
            fields.extend(measured.rtts().iter().copied().map(seconds));
            fields.extend(std::iter::repeat_with(unknown).take(missing - missing / 2));
        }
    }
    fields.join("\t") + "\n"
}

/// As C's `%.10e` has it, which SmokePing's FPing uses: two digits of exponent at least.
fn seconds(rtt: Rtt) -> String {
    let text = format!("{:.10e}", rtt.as_secs_f64());
    let Some((number, exponent)) = text.split_once('e') else { return text };
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{number}e{sign}{digits:0>2}")
}

#[cfg(test)]
mod tests {
    use smokeprobe_core::{Measured, RoundOrder, Slot, Step, UnknownReason, WallTime};

    use super::*;

    fn order(pings: u32) -> RoundOrder {
        let slot = Slot::ending_at(1_700_000_100, Step::from_secs(300).unwrap());
        RoundOrder { series: "Homes.Ann~far".parse().unwrap(), slot, pings }
    }

    fn measured(pings: u32, millis: &[u64], lost: u32) -> Round {
        let rtts = millis.iter().map(|&millis| Rtt::from_nanos(millis * 1_000_000));
        let unknown = Round::unknown(&order(pings), WallTime::EPOCH, UnknownReason::Missed);
        Round { result: smokeprobe_core::RoundResult::Measured(Measured::from_samples(rtts, lost)), ..unknown }
    }

    #[test]
    fn line_is_smokepings() {
        let mut round = measured(4, &[10, 11], 2);
        assert_eq!(line(&round), "1700000100\tU\t2\t1.1000000000e-02\tU\t1.0000000000e-02\t1.1000000000e-02\tU\n");
        round = measured(1, &[12_000], 0);
        assert_eq!(line(&round), "1700000100\tU\t0\t1.2000000000e+01\t1.2000000000e+01\n");
        round = Round::unknown(&order(2), WallTime::EPOCH, UnknownReason::Hung);
        assert_eq!(line(&round), "1700000100\tU\tU\tU\tU\tU\n");
    }

    #[test]
    fn file_lies_beside_the_rrd_file() {
        let at = |pattern| path("/data".as_ref(), &"Homes.Ann~far".parse().unwrap(), pattern, 1_700_000_100);
        assert_eq!(at("%s").unwrap(), Path::new("/data/Homes/Ann~far.1700000100.csv"));
        assert_eq!(at("%Q"), None);
    }
}
