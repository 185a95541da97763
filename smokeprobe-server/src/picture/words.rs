//! Times of a picture in words, in the server's time zone.

use chrono::{DateTime, Local, Offset, TimeZone};

use crate::timespec::Range;

/// `last 3 hours`, or from when to when in the server's time zone.
pub(super) fn describe_range(range: Range, now: i64) -> String {
    let seconds = range.to - range.from;
    if range.to < now {
        return describe_dates(range);
    }
    let (count, unit) = match seconds {
        _ if seconds % 86_400 == 0 && seconds > 2 * 86_400 => (seconds / 86_400, "days"),
        _ if seconds % 3600 == 0 => (seconds / 3600, "hours"),
        _ if seconds % 60 == 0 => (seconds / 60, "minutes"),
        _ => return format!("since {}", local(range.from)),
    };
    match count {
        1 => format!("last {}", unit.trim_end_matches('s')),
        _ => format!("last {count} {unit}"),
    }
}

pub(crate) fn describe_dates(range: Range) -> String {
    let (from, to) = (local(range.from), local(range.to));
    // On one day, the day once.
    match (from.split_once(' '), to.split_once(' ')) {
        (Some((first, _)), Some((last, time))) if first == last => format!("{from} – {time}"),
        _ => format!("{from} – {to}"),
    }
}

fn local(at: i64) -> String {
    match DateTime::from_timestamp(at, 0) {
        Some(at) => at.with_timezone(&Local).format("%Y-%m-%d %H:%M").to_string(),
        None => at.to_string(),
    }
}

/// The server's time zone, as SmokePing's graphs have it.
pub(super) fn utc_offset(at: i64) -> i32 {
    DateTime::from_timestamp(at, 0)
        .map_or(0, |at| Local.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_up_to_now_are_called_by_their_length() {
        let range = |seconds: i64| describe_range(Range { from: 1_000_000 - seconds, to: 1_000_000 }, 1_000_000);
        assert_eq!(range(3 * 3600), "last 3 hours");
        assert_eq!(range(3600), "last hour");
        assert_eq!(range(30 * 3600), "last 30 hours");
        assert_eq!(range(360 * 86_400), "last 360 days");
        assert_eq!(range(600), "last 10 minutes");
        assert!(range(601).starts_with("since 1970-"));
        assert!(describe_range(Range { from: 0, to: 10 }, 1_000_000).contains(" – "));
    }
}
