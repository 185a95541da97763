//! Windows that come back every week, in the time of a place: across midnight, and on the days when its clocks change.
//!
//! A time that the clocks skip is the moment of the change; of one that comes twice the first begins a window and the
//! second ends it, so that on such days a window is rather too long than too short. A window that is skipped altogether
//! is empty.

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use smokeprobe_core::WallTime;

use super::{SilenceError, Weekly};

const MINUTES_A_DAY: u16 = 24 * 60;

/// No place's clocks are further from UTC, or set by more at once: Samoa has skipped a whole day.
const FURTHEST: i64 = 60 * 3600;

impl Weekly {
    /// Whether it can hold at all.
    pub fn check(&self) -> Result<(), SilenceError> {
        if self.days.is_empty() {
            return Err(SilenceError::NoDay);
        }
        if let Some(day) = self.days.iter().find(|&&day| day > 6) {
            return Err(SilenceError::NoSuchDay(*day));
        }
        // An end at the last midnight may be written as 24:00.
        if let Some(minute) =
            [(self.from, MINUTES_A_DAY - 1), (self.until, MINUTES_A_DAY)].iter().find(|(minute, most)| minute > most)
        {
            return Err(SilenceError::NoSuchMinute(minute.0));
        }
        self.zone.parse::<Tz>().map_err(|_| SilenceError::NoSuchZone(self.zone.clone()))?;
        Ok(())
    }

    /// Whether it holds at `now`.
    pub fn holds(&self, now: WallTime) -> bool {
        let Ok(zone) = self.zone.parse::<Tz>() else {
            return false;
        };
        let Some(utc) = DateTime::<Utc>::from_timestamp(now.unix_secs(), 0) else {
            return false;
        };
        let today = utc.with_timezone(&zone).date_naive();
        // The day before for a window across midnight; the day after where clocks are set back over midnight.
        let days = [today.checked_sub_days(Days::new(1)), Some(today), today.checked_add_days(Days::new(1))];
        days.into_iter().flatten().any(|day| self.holds_on(day, zone, now.unix_secs()))
    }

    /// Whether the window that begins on `day` holds at `now`, Unix seconds.
    fn holds_on(&self, day: NaiveDate, zone: Tz, now: i64) -> bool {
        let number = day.weekday().num_days_from_monday();
        if !self.days.iter().any(|&known| u32::from(known) == number) {
            return false;
        }
        let until = i64::from(self.until) + if self.until <= self.from { i64::from(MINUTES_A_DAY) } else { 0 };
        let local = |minutes: i64| day.and_time(chrono::NaiveTime::MIN).checked_add_signed(TimeDelta::minutes(minutes));
        let (Some(from), Some(until)) = (local(i64::from(self.from)), local(until)) else {
            return false;
        };
        instants(zone, from).0 <= now && now < instants(zone, until).1
    }
}

/// The first and the last Unix second at which clocks of the zone show `local`; when they skip it, that of the change.
fn instants(zone: Tz, local: NaiveDateTime) -> (i64, i64) {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) => (time.timestamp(), time.timestamp()),
        LocalResult::Ambiguous(first, last) => (first.timestamp(), last.timestamp()),
        LocalResult::None => {
            // The first instant at which the clocks show something later.
            let wanted = local.and_utc().timestamp();
            let shown = |instant: i64| {
                DateTime::<Utc>::from_timestamp(instant, 0).map_or(i64::MAX, |utc| {
                    instant + i64::from(zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc())
                })
            };
            let (mut before, mut after) = (wanted - FURTHEST, wanted + FURTHEST);
            while after - before > 1 {
                let middle = i64::midpoint(before, after);
                if shown(middle) >= wanted {
                    after = middle;
                } else {
                    before = middle;
                }
            }
            (after, after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weekly(days: &[u8], from: u16, until: u16, zone: &str) -> Weekly {
        Weekly { days: days.to_vec(), from, until, zone: zone.into() }
    }

    /// Whether it holds at a time with its distance from UTC.
    fn holds(weekly: &Weekly, time: &str) -> bool {
        let instant = DateTime::parse_from_rfc3339(time).unwrap().timestamp();
        weekly.holds(WallTime::from_unix_secs(instant))
    }

    /// The hours of UTC from `start` on at whose first minute it holds.
    fn minutes(weekly: &Weekly, start: &str, count: i64) -> i64 {
        let start = DateTime::parse_from_rfc3339(start).unwrap().timestamp();
        (0..count).filter(|minute| weekly.holds(WallTime::from_unix_secs(start + minute * 60))).count() as i64
    }

    #[test]
    fn window_is_in_the_time_of_its_zone() {
        // 2026-11-21 is a Saturday.
        let night = weekly(&[5], 2 * 60, 4 * 60, "Asia/Shanghai");
        for (time, inside) in [
            ("2026-11-21T01:59:59+08:00", false),
            ("2026-11-21T02:00:00+08:00", true),
            ("2026-11-20T18:30:00Z", true),
            ("2026-11-21T03:59:59+08:00", true),
            ("2026-11-21T04:00:00+08:00", false),
            ("2026-11-22T03:00:00+08:00", false),
        ] {
            assert_eq!(holds(&night, time), inside, "{time}");
        }
    }

    #[test]
    fn window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        let sunday = weekly(&[6], 23 * 60, 60, "UTC");
        for (time, inside) in [
            ("2026-11-22T22:59:59Z", false),
            ("2026-11-22T23:00:00Z", true),
            ("2026-11-23T00:59:59Z", true),
            ("2026-11-23T01:00:00Z", false),
            ("2026-11-22T00:30:00Z", false),
        ] {
            assert_eq!(holds(&sunday, time), inside, "{time}");
        }
        // The same minute twice, and 24:00, are a whole day.
        for whole in [weekly(&[6], 0, 0, "UTC"), weekly(&[6], 0, 1440, "UTC")] {
            assert_eq!(minutes(&whole, "2026-11-20T00:00:00Z", 7 * 1440), 1440);
            assert!(holds(&whole, "2026-11-22T00:00:00Z") && holds(&whole, "2026-11-22T23:59:59Z"));
        }
    }

    #[test]
    fn clocks_set_ahead_shorten_a_window_and_may_swallow_it() {
        // Berlin, 2026-03-29: 02:00 becomes 03:00, at 01:00 UTC.
        let berlin = |from, until| weekly(&[6], from, until, "Europe/Berlin");
        let begins_in_the_gap = berlin(150, 240);
        assert!(
            !holds(&begins_in_the_gap, "2026-03-29T00:59:59Z") && holds(&begins_in_the_gap, "2026-03-29T01:00:00Z")
        );
        assert_eq!(minutes(&begins_in_the_gap, "2026-03-28T00:00:00Z", 2 * 1440), 60);
        assert_eq!(minutes(&berlin(60, 150), "2026-03-28T00:00:00Z", 2 * 1440), 60);
        assert_eq!(minutes(&berlin(130, 170), "2026-03-28T00:00:00Z", 2 * 1440), 0);
        assert_eq!(minutes(&berlin(0, 1440), "2026-03-28T00:00:00Z", 2 * 1440), 23 * 60);
    }

    #[test]
    fn clocks_set_back_lengthen_a_window() {
        // Berlin, 2026-10-25: 03:00 becomes 02:00, at 01:00 UTC.
        let berlin = |from, until| weekly(&[6], from, until, "Europe/Berlin");
        let twice = berlin(150, 165);
        assert!(holds(&twice, "2026-10-25T02:30:00+02:00") && holds(&twice, "2026-10-25T02:44:00+01:00"));
        assert_eq!(minutes(&twice, "2026-10-24T00:00:00Z", 2 * 1440), 75);
        assert_eq!(minutes(&berlin(60, 240), "2026-10-24T00:00:00Z", 2 * 1440), 4 * 60);
        assert_eq!(minutes(&berlin(0, 1440), "2026-10-24T00:00:00Z", 2 * 1440), 25 * 60);
    }

    #[test]
    fn clocks_that_change_at_midnight_lose_nothing() {
        // Beirut, 2026-03-29: 00:00 becomes 01:00.
        let beirut = weekly(&[6], 0, 120, "Asia/Beirut");
        assert_eq!(minutes(&beirut, "2026-03-28T00:00:00Z", 2 * 1440), 60);
        // Beirut, 2026-10-25: 00:00 becomes 23:00 of Saturday, which is there twice.
        let saturday = weekly(&[5], 23 * 60, 24 * 60, "Asia/Beirut");
        assert_eq!(minutes(&saturday, "2026-10-24T00:00:00Z", 2 * 1440), 120);
        // Samoa had no Friday, 2011-12-30.
        let friday = weekly(&[4], 60, 120, "Pacific/Apia");
        assert_eq!(minutes(&friday, "2011-12-29T00:00:00Z", 3 * 1440), 0);
    }

    #[test]
    fn what_can_never_hold_is_refused() {
        assert_eq!(weekly(&[], 0, 1, "UTC").check(), Err(SilenceError::NoDay));
        assert_eq!(weekly(&[7], 0, 1, "UTC").check(), Err(SilenceError::NoSuchDay(7)));
        assert_eq!(weekly(&[0], 1440, 1, "UTC").check(), Err(SilenceError::NoSuchMinute(1440)));
        assert_eq!(weekly(&[0], 0, 1441, "UTC").check(), Err(SilenceError::NoSuchMinute(1441)));
        let nowhere = weekly(&[0], 0, 1440, "Europe/Nowhere");
        assert_eq!(nowhere.check(), Err(SilenceError::NoSuchZone("Europe/Nowhere".into())));
        assert!(!nowhere.holds(WallTime::EPOCH));
        assert_eq!(weekly(&[0], 0, 1440, "Europe/Berlin").check(), Ok(()));
    }
}
