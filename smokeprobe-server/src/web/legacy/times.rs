//! Times as old addresses have them: those of SmokePing's navigator and, behind them, rrdtool's.
//!
//! 1. Unix seconds; more than 2³² of them mean now.
//! 2. `2026-11-22`, `2026-11-22 10:00[:15]`, in the server's time zone.
//! 3. `now`, of `start` also `end` and of `end` also `start`, or nothing: then one or more shifts such as `-3h`, `-1d+2h`,
//!    `-1h30m`. An `m` is months after a shift by days or more, and where it comes first with less than 6; else minutes
//!    (rrdfetch(1), "Time offset specification", and rrdtool's own reading of it).

use chrono::{Local, TimeZone};
use smokeprobe_core::WallTime;

use super::super::error::ApiError;
use super::super::params::Params;
use crate::timespec::{self, Range};

/// The range that is shown when only its end is given.
const USUAL: i64 = super::super::params::USUAL as i64;

const FORMS: &str =
    "is not a time, or one too far away; give Unix seconds, 2026-11-22 10:00, now, -3h, now-1d or end-1d";

/// What an old address asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// In Unix seconds.
    pub(super) range: Range,
    /// The start as our own addresses have it, unless it was left out.
    pub(super) from: Option<String>,
    /// The end in the same way, unless it is now.
    pub(super) to: Option<String>,
}

/// A time, with the shift from now when it was given as one.
struct Moment {
    at: WallTime,
    shift: Option<String>,
}

/// The range that the parameters name, if they name one.
pub(super) fn span(params: &Params, now: WallTime) -> Result<Option<Span>, ApiError> {
    span_in(params, now, &Local)
}

fn span_in<Z: TimeZone>(params: &Params, now: WallTime, zone: &Z) -> Result<Option<Span>, ApiError> {
    let given = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, params.text(name)?.trim())));
    let (start, end) = (given(["start", "epoch_start"]), given(["end", "epoch_end"]));
    if start.is_none() && end.is_none() {
        return Ok(None);
    }
    let fault = |name: &'static str| move || ApiError::bad_parameter(name, FORMS);
    let reading = Reading { now, zone };
    let by_start = end.and_then(|(_, text)| behind(text, &["start", "s"]));
    let (from, to) = if let (Some((start_name, start)), Some((end_name, _)), Some(shift)) = (start, end, by_start) {
        // The end is told from the start.
        let from = reading.time(start).ok_or_else(fault(start_name))?;
        let to = shifted(from.at, shift).ok_or_else(fault(end_name))?;
        (Some(from), Moment { at: to, shift: None })
    } else {
        let to = match end {
            None => Moment { at: now, shift: None },
            Some((name, end)) => reading.time(end).ok_or_else(fault(name))?,
        };
        let from = match start {
            None => None,
            Some((name, start)) => {
                let from = match behind(start, &["end", "e"]) {
                    None => reading.time(start),
                    Some(shift) if to.at == now => reading.shifted_now(shift),
                    Some(shift) => shifted(to.at, shift).map(|at| Moment { at, shift: None }),
                };
                Some(from.ok_or_else(fault(name))?)
            }
        };
        (from, to)
    };
    let start = from.as_ref().map_or(to.at.min(now).unix_secs().saturating_sub(USUAL), |from| from.at.unix_secs());
    let range = range(start, to.at.unix_secs(), now.unix_secs())?;
    let words = |moment: &Moment| moment.shift.clone().unwrap_or_else(|| moment.at.unix_secs().to_string());
    let from = from.as_ref().map(words);
    let to = (range.to < now.unix_secs()).then(|| words(&to));
    Ok(Some(Span { range, from, to }))
}

/// Checks the ends. An end in the future means now.
fn range(from: i64, to: i64, now: i64) -> Result<Range, ApiError> {
    let fault = |message: &str| Err(ApiError::bad_parameter("start", message));
    if from < 0 {
        return fault("lies before 1970, when there was nothing to measure with");
    }
    if from >= to {
        return fault("must lie before end");
    }
    if from >= now {
        return fault("lies in the future");
    }
    Ok(Range { from, to: to.min(now) })
}

struct Reading<'a, Z> {
    now: WallTime,
    zone: &'a Z,
}

impl<Z: TimeZone> Reading<'_, Z> {
    fn time(&self, text: &str) -> Option<Moment> {
        let plain = |at| Some(Moment { at, shift: None });
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            // The reference takes what does not fit for now; it may be milliseconds.
            let seconds = text.parse::<u64>().ok().filter(|seconds| *seconds <= 1 << 32);
            return plain(seconds.map_or(self.now, |seconds| WallTime::from_unix_secs(seconds as i64)));
        }
        if text.starts_with(['-', '+']) {
            return self.shifted_now(text);
        }
        if let Some(shift) = behind(text, &["now", "n"]) {
            return self.shifted_now(shift);
        }
        let date = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // Nothing but a date begins with a digit here, and our own times that do not are read above.
        let date = date.starts_with(|first: char| first.is_ascii_digit()).then_some(date)?;
        plain(timespec::parse_in(&date, self.now, self.zone).ok()?)
    }

    fn shifted_now(&self, shift: &str) -> Option<Moment> {
        let at = shifted(self.now, shift)?;
        let words: String =
            steps(shift)?.iter().flat_map(|(_, count, unit)| [count.to_string(), (*unit).to_owned()]).collect();
        // Our own addresses know one direction at a time.
        let shift = match &steps(shift)?[..] {
            [] => None,
            all if all.iter().all(|(back, ..)| *back) => Some(format!("-{words}")),
            _ => None,
        };
        Some(Moment { at, shift })
    }
}

/// What follows one of `names`, nothing or a shift.
fn behind<'a>(text: &'a str, names: &[&str]) -> Option<&'a str> {
    let shift = names.iter().find_map(|name| text.strip_prefix(name))?.trim_start();
    (shift.is_empty() || shift.starts_with(['-', '+'])).then_some(shift)
}

fn shifted(base: WallTime, shift: &str) -> Option<WallTime> {
    steps(shift)?.into_iter().try_fold(base, |at, (back, count, unit)| {
        let sign = if back { '-' } else { '+' };
        timespec::parse(&format!("{sign}{count}{unit}"), at).ok()
    })
}

/// A shift as steps: whether back, how many, and of what.
fn steps(shift: &str) -> Option<Vec<(bool, u32, &'static str)>> {
    let mut steps: Vec<(bool, u32, &'static str)> = Vec::new();
    let mut rest = shift.trim();
    let mut back = None;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(['-', '+']) {
            back = Some(rest.starts_with('-'));
            rest = after.trim_start();
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (count, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(letters);
        let count = count.parse().ok()?;
        let unit = match unit {
            "" | "s" | "sec" | "second" | "seconds" => "s",
            "min" | "minute" | "minutes" => "m",
            "m" => match steps.last() {
                Some((.., "d" | "w" | "mo" | "y")) => "mo",
                None if count < 6 => "mo",
                _ => "m",
            },
            "h" | "hour" | "hours" => "h",
            "d" | "day" | "days" => "d",
            "w" | "week" | "weeks" => "w",
            "mon" | "month" | "months" => "mo",
            "y" | "year" | "years" => "y",
            _ => return None,
        };
        steps.push((back?, count, unit));
        rest = after.trim_start();
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use chrono::Utc;

    use super::*;

    /// 2026-11-22 12:00:10 UTC.
    const NOW: i64 = 1_795_348_810;

    fn read(start: &str, end: &str) -> Result<Option<Span>, ApiError> {
        let pairs = [("start", start), ("end", end)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        span_in(&Params::from(pairs.to_vec()), WallTime::from_unix_secs(NOW), &Utc)
    }

    fn span(start: &str, end: &str) -> (i64, i64, Option<String>, Option<String>) {
        let span = read(start, end).unwrap_or_else(|fault| panic!("{start} {end}: {fault:?}")).unwrap();
        (span.range.from, span.range.to, span.from, span.to)
    }

    #[test]
    fn times_of_the_navigator_are_read() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(span("2026-11-22 10:00", "now"), (NOW - 7210, NOW, text("1795341600"), None));
        assert_eq!(span("2026-11-22  9:00:10", ""), (NOW - 10_800, NOW, text("1795338010"), None));
        assert_eq!(
            span("1795341600", "1795345200"),
            (1_795_341_600, 1_795_345_200, text("1795341600"), text("1795345200"))
        );
        assert_eq!(span("-3h", "1795348810000"), (NOW - 10_800, NOW, text("-3h"), None), "milliseconds mean now");
        assert_eq!(span("", "-1h"), (NOW - 3600 - USUAL, NOW - 3600, None, text("-1h")));
        assert_eq!(read("", "").unwrap(), None);
        let epochs = [("epoch_start", "1795341600"), ("start", "")].map(|(name, value)| (name.into(), value.into()));
        let range =
            span_in(&Params::from(epochs.to_vec()), WallTime::from_unix_secs(NOW), &Utc).unwrap().unwrap().range;
        assert_eq!(range, Range { from: 1_795_341_600, to: NOW });
    }

    #[test]
    fn shifts_stay_shifts_while_our_addresses_know_them() {
        let words = |start: &str| span(start, "now").2.unwrap();
        assert_eq!(words("now-3h"), "-3h");
        assert_eq!(words("end-1day"), "-1d");
        assert_eq!(words("- 1h 30m"), "-1h30m");
        assert_eq!(words("-2m"), "-2mo");
        assert_eq!(words("-1d+2h"), (NOW - 22 * 3600).to_string());
        for start in ["-3h", "-1h30m", "-2mo", "-10m", "-1y"] {
            let ours = timespec::parse(start, WallTime::from_unix_secs(NOW)).unwrap().unix_secs();
            assert_eq!(span(start.replace("mo", "mon").as_str(), "now").0, ours, "{start}");
        }
    }

    #[test]
    fn what_is_no_range_names_its_parameter() {
        for (start, end, words) in [
            ("yesterday", "now", "is not a time"),
            ("-3x", "now", "is not a time"),
            ("now", "-3h", "before end"),
            ("+1h", "+2h", "future"),
            ("-1000y", "now", "too far away"),
            ("-57y", "now", "1970"),
            ("-99999999999h", "now", "is not a time"),
            ("-4294967295y", "now", "is not a time"),
            ("end-1h", "start+1h", "is not a time"),
            ("-3h", "北京", "is not a time"),
            ("'", "now", "is not a time"),
            ("end", "now", "before end"),
        ] {
            let fault = format!("{:?}", read(start, end).unwrap_err());
            assert!(fault.contains(words), "{start} {end}: {fault}");
        }
    }

    #[test]
    fn rrdtool_reads_the_same_times() {
        let end = NOW.to_string();
        let starts = [
            "end-3h",
            "e-1d",
            "end-1week",
            "end-90",
            "end-5m",
            "end-6m",
            "end-1h30m",
            "end-1h2m",
            "end-1d2m",
            "end-1d+2h",
            "end-2weeks",
            "end-1mon",
            "end-1y",
            "end-45min",
            "end-3 h",
            "1795341600",
        ];
        for start in starts {
            let output = Command::new("rrdtool")
                .args(["graphv", "-", "--end", &end, "--start", start, "HRULE:0#000000"])
                .env("TZ", "UTC")
                .output()
                .expect("rrdtool is installed (apt-get install rrdtool)");
            let text = String::from_utf8_lossy(&output.stdout);
            let theirs = text.lines().find_map(|line| line.strip_prefix("graph_start = "));
            let theirs = theirs.unwrap_or_else(|| panic!("{start}: {}", String::from_utf8_lossy(&output.stderr)));
            assert_eq!(span(start, &end).0.to_string(), theirs, "{start}");
        }
    }
}
