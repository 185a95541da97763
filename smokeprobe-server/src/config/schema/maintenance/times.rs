//! Times as a configuration writes them, in a zone.

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::super::super::diagnostics::did_you_mean;
use super::super::super::source::{Span, Text};
use super::super::super::tree::clipped;
use super::super::Context;

/// The zone of times without one.
pub(super) struct Zone(Tz);

/// Which end of a window a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// It begins.
    From,
    /// It ends: a day without a time is part of it.
    Until,
}

impl Zone {
    /// The zone that is named, else this machine's; notes when there is none. `window` is where that is said.
    pub(super) fn find(named: Option<&Text>, window: Span, cx: &mut Context<'_>) -> Option<Self> {
        if let Some(text) = named {
            let zone = text.text.parse().ok().map(Self);
            if zone.is_none() {
                cx.problems.error(text.span, format!("there is no time zone `{}`", clipped(&text.text))).with(|| {
                    let near = did_you_mean(&text.text, TZ_VARIANTS.iter().map(|zone| zone.name()));
                    Some(near.unwrap_or_else(|| "write a name such as `Asia/Shanghai`, or `UTC`".to_owned()))
                });
            }
            return zone;
        }
        let local = cx.files.zone().and_then(|name| name.parse().ok());
        if local.is_none() {
            cx.problems
                .warn(window, "the time zone of this machine has no name; times are read as UTC")
                .help("add a line such as `zone = Asia/Shanghai`");
        }
        Some(Self(local.unwrap_or(Tz::UTC)))
    }

    pub(super) fn name(&self) -> &'static str {
        self.0.name()
    }

    /// Unix seconds of a time; notes what is none.
    pub(super) fn time(&self, value: &Text, edge: Edge, cx: &mut Context<'_>) -> Option<i64> {
        let time = parse(&value.text, edge, self.0);
        if time.is_none() {
            cx.problems
                .error(value.span, format!("`{}` is no date and no time", clipped(&value.text)))
                .help("write `2030-01-31`, `2030-01-31 22:00` or `2030-01-31T22:00:00+08:00`");
        }
        time
    }
}

fn parse(text: &str, edge: Edge, zone: Tz) -> Option<i64> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        let day = if edge == Edge::Until { date.checked_add_days(Days::new(1))? } else { date };
        return local(day.and_time(NaiveTime::MIN), edge, zone);
    }
    let text = text.replacen(' ', "T", 1);
    let naive = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
    if let Some(time) = naive.iter().find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok()) {
        return local(time, edge, zone);
    }
    let text = text.strip_suffix('Z').map_or_else(|| text.clone(), |text| format!("{text}+00:00"));
    let offset = ["%Y-%m-%dT%H:%M:%S%:z", "%Y-%m-%dT%H:%M%:z"];
    offset.iter().find_map(|format| DateTime::parse_from_str(&text, format).ok()).map(|time| time.timestamp())
}

/// The time in a zone. Of an hour that comes twice the window has both; one that is left out is where it would have begun.
fn local(time: NaiveDateTime, edge: Edge, zone: Tz) -> Option<i64> {
    let found = match zone.from_local_datetime(&time) {
        LocalResult::Single(time) => time,
        LocalResult::Ambiguous(first, last) => {
            if edge == Edge::From {
                first
            } else {
                last
            }
        }
        // The clock goes forward by less than a day: the zone's offset of the day before holds up to the gap.
        LocalResult::None => {
            let before = zone.from_local_datetime(&time.checked_sub_signed(TimeDelta::days(1))?).earliest()?;
            before.checked_add_signed(TimeDelta::days(1))?
        }
    };
    Some(found.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_of_their_zone_and_the_last_day_counts() {
        let shanghai: Tz = "Asia/Shanghai".parse().unwrap();
        for (text, edge, zone, expected) in [
            ("2026-11-22", Edge::From, Tz::UTC, "2026-11-22T00:00:00Z"),
            ("2026-11-22", Edge::Until, Tz::UTC, "2026-11-23T00:00:00Z"),
            ("2026-11-22", Edge::From, shanghai, "2026-11-21T16:00:00Z"),
            ("2026-11-22 15:30", Edge::Until, shanghai, "2026-11-22T07:30:00Z"),
            ("2026-11-22T15:30:05", Edge::From, Tz::UTC, "2026-11-22T15:30:05Z"),
            ("2026-11-22T15:30Z", Edge::From, shanghai, "2026-11-22T15:30:00Z"),
            ("2026-11-22 15:30:05+08:00", Edge::From, Tz::UTC, "2026-11-22T07:30:05Z"),
            // The clock jumps from 2 to 3; it goes back from 3 to 2.
            ("2026-03-29 02:30", Edge::From, Tz::Europe__Zurich, "2026-03-29T01:30:00Z"),
            ("2026-10-25 02:30", Edge::From, Tz::Europe__Zurich, "2026-10-25T00:30:00Z"),
            ("2026-10-25 02:30", Edge::Until, Tz::Europe__Zurich, "2026-10-25T01:30:00Z"),
        ] {
            let expected = DateTime::parse_from_rfc3339(expected).unwrap().timestamp();
            assert_eq!(parse(text, edge, zone), Some(expected), "{text} {zone}");
        }
        for text in ["", "today", "2026-13-01", "2026-11-22 25:00", "22.11.2026", "999999-01-01", "2026-11-22T"] {
            assert_eq!(parse(text, Edge::Until, Tz::UTC), None, "{text}");
        }
    }
}
