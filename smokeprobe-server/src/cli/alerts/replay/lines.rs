//! Rounds in a file: one a line, oldest first, `unix_time,lost,median_seconds`.
//!
//! What `export` prints is read too: unknown values may be empty, and more columns are the RTTs of the pings. A header,
//! blank lines and lines that end as on Windows are fine. Anything else is refused with its line.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use smokeprobe_alerts::{Measurement, Observation, Season, SeasonOrder};
use smokeprobe_core::deviation;

/// More than a year of rounds of a second, as `export` prints 20 pings of them, would be: a slip, not rounds.
const LONGEST: u64 = 1 << 30;

/// No round, and no year 100,000, is later.
const LATEST: i64 = 1 << 42;

/// What a line should be.
const FORM: &str = "expected `unix_time,lost,median_seconds`, the last two a number or `U`";

/// A line, before it is known how many pings a round has.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Its number in the file, from 1.
    number: usize,
    /// Unix seconds.
    pub(super) time: i64,
    /// Lost pings; `None` when the round could not be measured.
    lost: Option<f64>,
    /// In seconds.
    median: Option<f64>,
    deviation: Option<f64>,
}

/// Reads the file, or standard input for `-`.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Line>> {
    let mut bytes = Vec::new();
    let read = |source: &mut dyn Read, bytes: &mut Vec<u8>| source.take(LONGEST).read_to_end(bytes);
    let count = if path == Path::new("-") {
        read(&mut io::stdin().lock(), &mut bytes).context("cannot read standard input")?
    } else {
        let cannot = || format!("cannot read {}", path.display());
        read(&mut File::open(path).with_context(cannot)?, &mut bytes).with_context(cannot)?
    };
    if count as u64 == LONGEST {
        bail!("{} is larger than {} MiB; take a part of it", path.display(), LONGEST >> 20);
    }
    parse(&bytes).with_context(|| path.display().to_string())
}

fn parse(bytes: &[u8]) -> anyhow::Result<Vec<Line>> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut lines: Vec<Line> = Vec::new();
    let mut first = true;
    for (index, raw) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = index + 1;
        let Ok(text) = std::str::from_utf8(raw) else {
            bail!("line {number} is not text; {FORM}");
        };
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let header = std::mem::take(&mut first) && text.starts_with(|c: char| c.is_ascii_alphabetic());
        if header {
            continue;
        }
        let line = line(number, text)?;
        if let Some(before) = lines.last().filter(|before| before.time > line.time) {
            bail!(
                "line {number} is of {}, before line {} of {}; rounds go oldest first",
                line.time,
                before.number,
                before.time
            );
        }
        lines.push(line);
    }
    Ok(lines)
}

fn line(number: usize, text: &str) -> anyhow::Result<Line> {
    let refused = |what: &str| {
        let shown: String = text.chars().take(60).collect();
        anyhow::anyhow!("line {number}: {what} in `{shown}`; {FORM}")
    };
    let mut fields = text.split(',').map(str::trim);
    let mut field = || fields.next();
    let (Some(time), Some(lost), Some(median)) = (field(), field(), field()) else {
        return Err(refused("a column is missing"));
    };
    let time = time.parse().ok().filter(|time| (0..=LATEST).contains(time));
    let time = time.ok_or_else(|| refused("the time is not in Unix seconds"))?;
    let lost = known(lost).map_err(|()| refused("the lost pings are not a number"))?;
    let median = known(median).map_err(|()| refused("the median is not a number of seconds"))?;
    let mut pings = Vec::new();
    for ping in fields {
        pings.extend(known(ping).map_err(|()| refused("an RTT is not a number of seconds"))?);
    }
    Ok(Line { number, time, lost, median, deviation: deviation(pings.iter().copied()) })
}

/// A number of at least zero, or nothing.
fn known(text: &str) -> Result<Option<f64>, ()> {
    if matches!(text, "" | "U") {
        return Ok(None);
    }
    // Neither `inf` nor `nan`, which Rust reads as numbers.
    let number = text.parse::<f64>().map_err(|_| ())?;
    if number.is_finite() && number >= 0.0 { Ok(Some(number)) } else { Err(()) }
}

/// What the same hour of the week was like in earlier lines.
pub(super) fn season(lines: &[Line], order: &SeasonOrder) -> Season {
    let at = |time: i64| lines.partition_point(|line| line.time <= time);
    let weeks: Vec<Vec<f64>> = order
        .hours()
        .map(|(from, to)| lines[at(from)..at(to)].iter().filter_map(|line| line.median).collect())
        .collect();
    Season::from_medians(order.hour, &weeks)
}

impl Line {
    /// The round, of which this many pings were ordered.
    pub(super) fn observation(&self, pings: u32) -> anyhow::Result<Observation> {
        let Some(lost) = self.lost else {
            return Ok(Observation::Unknown);
        };
        if lost > f64::from(pings) {
            bail!("line {}: {lost} pings are lost, and a round of the target has {pings}", self.number);
        }
        // In this order, as everywhere: 1 of 3 must be the same number.
        let loss = lost * 100.0 / f64::from(pings.max(1));
        Ok(Observation::Measured(Measurement { loss, median: self.median, deviation: self.deviation, suspect: false }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observations(text: &str) -> Vec<(i64, Observation)> {
        let lines = parse(text.as_bytes()).unwrap();
        lines.iter().map(|line| (line.time, line.observation(20).unwrap())).collect()
    }

    fn measured(loss: f64, median: Option<f64>) -> Observation {
        Observation::Measured(Measurement { loss, median, ..Measurement::default() })
    }

    #[test]
    fn every_line_is_a_round() {
        let expected = [
            (300, measured(0.0, Some(0.0123))),
            (600, measured(15.0, Some(0.5))),
            (900, measured(100.0, None)),
            (1200, Observation::Unknown),
            (1200, Observation::Unknown),
        ];
        let plain = "300,0,0.0123\n600,3,0.5\n900,20,U\n1200,U,U\n1200,U,0.01\n";
        assert_eq!(observations(plain), expected);
        let windows = "\u{feff}unix_time,lost,median_seconds\r\n\r\n300, 0 ,1.23e-2\r\n600,3,0.5\r\n\n900,20,\r\n1200,,\r\n1200,U,1";
        assert_eq!(observations(windows), expected);
        assert_eq!(observations("\n\n"), []);
    }

    #[test]
    fn rounds_that_export_prints_keep_their_spread() {
        let rounds = observations("time,loss,median,ping1,ping2,ping3\n600,1,0.03,0.01,0.03,\n900,,,,,\n");
        let Observation::Measured(round) = rounds[0].1 else { panic!("{rounds:?}") };
        assert!((round.deviation.unwrap() - 0.01).abs() < 1e-12);
        assert_eq!(rounds[1].1, Observation::Unknown);
    }

    #[test]
    fn bad_line_is_refused_with_its_number_and_what_was_expected() {
        for (text, wanted) in [
            ("300,0,0.1\n600,0", "line 2: a column is missing in `600,0`"),
            ("time,lost,median\nx,0,0.1", "line 2: the time is not in Unix seconds"),
            ("300,0,0.1\n\ntime,0,0.1", "line 3: the time"),
            ("300.5,0,0.1", "line 1: the time"),
            ("-300,0,0.1", "line 1: the time"),
            ("99999999999999,0,0.1", "line 1: the time"),
            ("300,-1,0.1", "line 1: the lost pings"),
            ("300,u,0.1", "line 1: the lost pings"),
            ("300,NaN,0.1", "line 1: the lost pings"),
            ("300,0,inf", "line 1: the median"),
            ("300,0,12ms", "line 1: the median"),
            ("300;0;0.1", "line 1: a column is missing"),
            ("300,0,0.1,x", "line 1: an RTT"),
            ("600,0,0.1\n300,0,0.1", "line 2 is of 300, before line 1 of 600"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(wanted), "{text}: {error}");
            assert!(error.contains("expected `unix_time,") || error.contains("oldest first"), "{error}");
        }
        assert!(parse(b"300,0,0.1\n\xff").unwrap_err().to_string().starts_with("line 2 is not text"));
        assert!(parse(format!("300,{}", "9".repeat(1 << 20)).as_bytes()).unwrap_err().to_string().len() < 300);
    }

    #[test]
    fn more_lost_than_ordered_is_refused() {
        let lines = parse(b"300,21,U").unwrap();
        let error = lines[0].observation(20).unwrap_err().to_string();
        assert_eq!(error, "line 1: 21 pings are lost, and a round of the target has 20");
    }
}
