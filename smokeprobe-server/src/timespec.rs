//! Times as people write them: in the page's address, the web's parameters and `export --from -3h --to now`.

use chrono::{DateTime, Days, Local, Months, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use smokeprobe_core::WallTime;
use thiserror::Error;

/// What is understood, for help texts and errors.
pub const FORMS: &str =
    "unix seconds, now, -3h, now-2d (s m h d w mo y), 2026-11-22, 2026-11-22 09:30[:15], with T, Z or +08:00 if wanted";

/// Why a text is no time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TimespecError {
    /// The text has none of the forms.
    #[error("{text:?} is not a time; give {FORMS}")]
    Form {
        /// The text, cut to a length that fits a message.
        text: String,
    },
    /// The text is a time, but not one that can be counted in nanoseconds since 1970 (1677 to 2262).
    #[error("{text:?} is too far away")]
    TooFar {
        /// The text, cut to a length that fits a message.
        text: String,
    },
}

/// A stretch of time in Unix seconds, `from < to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Its begin.
    pub from: i64,
    /// Its end.
    pub to: i64,
}

/// The time that `text` names at `now`. A date without an offset is in the machine's time zone.
pub fn parse(text: &str, now: WallTime) -> Result<WallTime, TimespecError> {
    parse_in(text, now, &Local)
}

/// As [`parse`], with dates in `zone`.
pub fn parse_in<Z: TimeZone>(text: &str, now: WallTime, zone: &Z) -> Result<WallTime, TimespecError> {
    let text = text.trim();
    let read = if text.len() > MAX_LEN {
        Err(Fault::Form)
    } else if text.is_empty() || text == "now" {
        Ok(now)
    } else if text.starts_with(['-', '+']) {
        relative(text, now)
    } else if let Some(shift) = text.strip_prefix("now") {
        relative(shift, now)
    } else if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        seconds(text)
    } else {
        date(text, zone)
    };
    let shown = || text.chars().take(40).collect();
    read.map_err(|fault| match fault {
        Fault::Form => TimespecError::Form { text: shown() },
        Fault::TooFar => TimespecError::TooFar { text: shown() },
    })
}

/// No form is longer; what is longer is not even looked at.
const MAX_LEN: usize = 64;

enum Fault {
    Form,
    TooFar,
}

fn seconds(text: &str) -> Result<WallTime, Fault> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.contains('.') || whole.is_empty() {
        return Err(Fault::Form);
    }
    let nanos = whole.parse::<i64>().ok().and_then(|secs| secs.checked_mul(1_000_000_000)).ok_or(Fault::TooFar)?;
    // Nine digits after the point are all that counts.
    let digits = format!("{fraction:0<9.9}");
    let fraction = digits.parse::<i64>().map_err(|_| Fault::Form)?;
    nanos.checked_add(fraction).map(WallTime::from_unix_nanos).ok_or(Fault::TooFar)
}

/// One sign, then numbers with units: `-1h30m`.
fn relative(shift: &str, now: WallTime) -> Result<WallTime, Fault> {
    let (back, mut rest) = match (shift.strip_prefix('-'), shift.strip_prefix('+')) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Err(Fault::Form),
    };
    if rest.is_empty() {
        return Err(Fault::Form);
    }
    let mut at = DateTime::from_timestamp_nanos(now.unix_nanos());
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let (number, unit) = (&rest[..digits], &rest[digits..digits + letters]);
        if number.is_empty() {
            return Err(Fault::Form);
        }
        let count = number.parse::<u32>().map_err(|_| Fault::TooFar)?;
        at = moved(at, back, count, unit)?;
        rest = &rest[digits + letters..];
    }
    wall(at)
}

fn moved(at: DateTime<Utc>, back: bool, count: u32, unit: &str) -> Result<DateTime<Utc>, Fault> {
    let seconds_each = match unit {
        "" | "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => {
            let days = Days::new(count.into());
            return if back { at.checked_sub_days(days) } else { at.checked_add_days(days) }.ok_or(Fault::TooFar);
        }
        "w" | "week" | "weeks" => 7 * 86_400,
        "mo" | "mon" | "month" | "months" | "y" | "year" | "years" => {
            let each = if unit.starts_with('m') { 1 } else { 12 };
            let months = Months::new(count.checked_mul(each).ok_or(Fault::TooFar)?);
            return if back { at.checked_sub_months(months) } else { at.checked_add_months(months) }
                .ok_or(Fault::TooFar);
        }
        _ => return Err(Fault::Form),
    };
    let seconds = i64::from(count) * seconds_each;
    let delta = TimeDelta::try_seconds(if back { -seconds } else { seconds }).ok_or(Fault::TooFar)?;
    at.checked_add_signed(delta).ok_or(Fault::TooFar)
}

fn date<Z: TimeZone>(text: &str, zone: &Z) -> Result<WallTime, Fault> {
    // A `+` in an address arrives as a blank: `10:00:00 08:00`.
    let joined = match text.rsplit_once(' ') {
        Some((head, offset)) if head.contains(':') => format!("{head}+{offset}"),
        _ => text.to_owned(),
    };
    for form in ["%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%d %H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M%:z", "%Y-%m-%d %H:%M%:z"] {
        if let Ok(at) = DateTime::parse_from_str(&joined, form) {
            return wall(at.to_utc());
        }
    }
    let (local, utc) = text.strip_suffix('Z').map_or((text, false), |local| (local, true));
    let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(local, form).ok())
        .or_else(|| NaiveDate::parse_from_str(local, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
        .ok_or(Fault::Form)?;
    if utc {
        return wall(naive.and_utc());
    }
    // An hour that summer time repeats means its first pass; one that it skips, the time as far after the skip.
    let at = zone.from_local_datetime(&naive).earliest().or_else(|| {
        let before = zone.from_local_datetime(&(naive - TimeDelta::hours(1))).latest()?;
        before.checked_add_signed(TimeDelta::hours(1))
    });
    wall(at.ok_or(Fault::TooFar)?.to_utc())
}

fn wall(at: DateTime<Utc>) -> Result<WallTime, Fault> {
    at.timestamp_nanos_opt().map(WallTime::from_unix_nanos).ok_or(Fault::TooFar)
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    /// 2026-11-22 12:00:00 UTC.
    const NOW: i64 = 1_795_348_800;

    fn at(text: &str) -> i64 {
        let beijing = FixedOffset::east_opt(8 * 3600).unwrap();
        parse_in(text, WallTime::from_unix_secs(NOW), &beijing).unwrap_or_else(|err| panic!("{err}")).unix_secs()
    }

    #[test]
    fn every_form_names_its_time() {
        assert_eq!(at("now"), NOW);
        assert_eq!(at(""), NOW);
        assert_eq!(at("-3h"), NOW - 10_800);
        assert_eq!(at("now-3h"), NOW - 10_800);
        assert_eq!(at("now+90"), NOW + 90);
        assert_eq!(at("-1h30m"), NOW - 5400);
        assert_eq!(at("-2w"), NOW - 14 * 86_400);
        assert_eq!(at("-360d"), NOW - 360 * 86_400);
        assert_eq!(at("1700000000"), 1_700_000_000);
        assert_eq!(at("1700000000.75"), 1_700_000_000);
        assert_eq!(at("2026-11-22T12:00:00Z"), NOW);
        assert_eq!(at("2026-11-22T20:00:00+08:00"), NOW);
        assert_eq!(at("2026-11-22T20:00:00 08:00"), NOW, "a plus sign that became a blank");
        assert_eq!(at("2026-11-22 20:00"), NOW, "a date without an offset is in the zone");
        assert_eq!(at("2026-11-22"), NOW - 20 * 3600);
    }

    #[test]
    fn months_and_years_follow_the_calendar() {
        assert_eq!(at("-1mo"), NOW - 31 * 86_400);
        assert_eq!(at("-1y"), NOW - 365 * 86_400);
    }

    #[test]
    fn hours_that_summer_time_skips_and_repeats_have_a_time() {
        // No zone database here: the machine's zone must at least answer for every hour of a year.
        for hour in 0..24 * 365 {
            let text = format!("2025-01-01 {:02}:30", hour % 24).replace("01-01", &day(hour / 24));
            parse(&text, WallTime::from_unix_secs(NOW)).unwrap();
        }
    }

    fn day(ordinal: u32) -> String {
        NaiveDate::from_yo_opt(2025, ordinal + 1).unwrap().format("%m-%d").to_string()
    }

    #[test]
    fn what_is_no_time_is_refused_with_the_forms() {
        let now = WallTime::from_unix_secs(NOW);
        for text in ["yesterday", "-", "+", "now-", "-3x", "3h", "1e9", "1.2.3", ".", "2026-13-01", "-3h x", "-h", "時"]
        {
            let err = parse(text, now).unwrap_err();
            assert!(matches!(err, TimespecError::Form { .. }), "{text:?}: {err}");
            assert!(err.to_string().contains("unix seconds"), "{err}");
        }
        for text in ["99999999999999999999", "-4000000000y", "-99999999999h", "9999-01-01", "-9999y"] {
            let err = parse(text, now).unwrap_err();
            assert!(matches!(err, TimespecError::TooFar { .. }), "{text:?}: {err}");
        }
        assert!(parse(&"9".repeat(1_000_000), now).unwrap_err().to_string().len() < 300);
    }
}
