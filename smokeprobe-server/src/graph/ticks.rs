//! Where the axes are labelled.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};

use super::scale::{Scale, Spread};

/// A labelled place on an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Its x or y in pixels.
    pub at: f64,
    /// What it says.
    pub label: String,
}

/// The unit that RTTs up to `ceiling` seconds read best in: its name, and how many make a second.
pub fn unit_for(ceiling: f64) -> (&'static str, f64) {
    if ceiling >= 1.0 {
        ("s", 1.0)
    } else if ceiling >= 1e-3 {
        ("ms", 1e3)
    } else {
        ("µs", 1e6)
    }
}

/// Ticks of the RTT axis from the bottom up, in the unit that is returned beside them.
pub fn values(scale: &Scale) -> (Vec<Tick>, &'static str) {
    let (unit, per_second) = unit_for(scale.ceiling);
    let values = match scale.spread {
        Spread::Linear => even_values(scale.ceiling * per_second, scale.plot.height()),
        Spread::Logarithmic(floor) => decade_values(floor * per_second, scale.ceiling * per_second),
    };
    let ticks = values.into_iter().map(|(value, label)| Tick { at: scale.y(value / per_second), label }).collect();
    (ticks, unit)
}

fn even_values(ceiling: f64, height: f64) -> Vec<(f64, String)> {
    let most = (height / 30.0).clamp(2.0, 6.0);
    let decade = 10f64.powf((ceiling / most).log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|nice| nice * decade);
    let step = step.into_iter().find(|step| ceiling / step <= most).unwrap_or(decade * 10.0);
    let decimals = (0..4).find(|&d| ((step * 10f64.powi(d)).round() - step * 10f64.powi(d)).abs() < 1e-6).unwrap_or(4);
    let count = (ceiling / step + 1e-9).floor() as u32;
    (0..=count).map(|i| (f64::from(i) * step, format!("{:.*}", decimals as usize, f64::from(i) * step))).collect()
}

fn decade_values(floor: f64, ceiling: f64) -> Vec<(f64, String)> {
    let mut values = Vec::new();
    let decades = (ceiling / floor).log10().ceil() as i32;
    let multiples: &[f64] = if decades <= 2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    for decade in 0..=decades.clamp(0, 18) {
        for multiple in multiples {
            let value = floor * 10f64.powi(decade) * multiple;
            if value <= ceiling * 1.000_001 {
                let decimals = (-value.log10().floor()).clamp(0.0, 9.0) as usize;
                values.push((value, format!("{value:.decimals$}")));
            }
        }
    }
    values
}

/// How far apart time ticks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Every {
    Seconds(i64),
    Days(i64),
    Months(i32),
}

const STEPS: [Every; 29] = [
    Every::Seconds(1),
    Every::Seconds(5),
    Every::Seconds(10),
    Every::Seconds(30),
    Every::Seconds(60),
    Every::Seconds(120),
    Every::Seconds(300),
    Every::Seconds(600),
    Every::Seconds(900),
    Every::Seconds(1800),
    Every::Seconds(3600),
    Every::Seconds(2 * 3600),
    Every::Seconds(3 * 3600),
    Every::Seconds(6 * 3600),
    Every::Seconds(12 * 3600),
    Every::Days(1),
    Every::Days(2),
    Every::Days(7),
    Every::Days(14),
    Every::Months(1),
    Every::Months(2),
    Every::Months(3),
    Every::Months(6),
    Every::Months(12),
    Every::Months(24),
    Every::Months(60),
    Every::Months(120),
    Every::Months(1200),
    Every::Months(12_000),
];

impl Every {
    fn seconds(self) -> i64 {
        match self {
            Self::Seconds(count) => count,
            Self::Days(count) => count * 86_400,
            Self::Months(count) => i64::from(count) * 2_629_746,
        }
    }
}

/// Ticks of the time axis, left to right, in the local time that `utc_offset` tells. Labels are numbers only, so that
/// they read the same in every language: `09:30`, `11-22`, `2026-11`, `2026`.
pub fn times(scale: &Scale, utc_offset: fn(i64) -> i32) -> Vec<Tick> {
    let span = scale.to.saturating_sub(scale.from).max(1);
    let most = (scale.plot.width() / 72.0).max(1.0);
    let every = STEPS.into_iter().find(|every| span as f64 / every.seconds() as f64 <= most).unwrap_or(STEPS[28]);
    let Some(mut local) = local_time(scale.from, utc_offset).and_then(|local| floor(local, every)) else {
        return Vec::new();
    };
    let mut ticks = Vec::new();
    // One more than fits on either side, and some for months that are shorter than their mean.
    for _ in 0..most as usize + 8 {
        let at = unix_time(local, utc_offset);
        if at > scale.to {
            break;
        }
        if at >= scale.from {
            ticks.push(Tick { at: scale.x(at), label: label(local, every) });
        }
        match next(local, every) {
            Some(later) => local = later,
            None => break,
        }
    }
    ticks
}

fn local_time(at: i64, utc_offset: fn(i64) -> i32) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(at.checked_add(utc_offset(at).into())?, 0).map(|local| local.naive_utc())
}

/// Exact but for the hour that summer time repeats or skips, where either neighbour will do.
fn unix_time(local: NaiveDateTime, utc_offset: fn(i64) -> i32) -> i64 {
    let as_utc = local.and_utc().timestamp();
    let guess = as_utc - i64::from(utc_offset(as_utc));
    as_utc - i64::from(utc_offset(guess))
}

fn floor(local: NaiveDateTime, every: Every) -> Option<NaiveDateTime> {
    match every {
        Every::Seconds(step) => {
            let seconds = local.and_utc().timestamp();
            DateTime::from_timestamp(seconds - seconds.rem_euclid(step), 0).map(|floored| floored.naive_utc())
        }
        Every::Days(days) => {
            // Day 1 of the common era was a Monday, so that weeks start on Mondays.
            let day = local.date().num_days_from_ce();
            let floored = day - (day - 1).rem_euclid(days as i32);
            NaiveDate::from_num_days_from_ce_opt(floored)?.and_hms_opt(0, 0, 0)
        }
        Every::Months(months) => {
            let month = local.year() * 12 + local.month0() as i32;
            month_start(month - month.rem_euclid(months))
        }
    }
}

fn next(local: NaiveDateTime, every: Every) -> Option<NaiveDateTime> {
    match every {
        Every::Seconds(step) => local.checked_add_signed(chrono::TimeDelta::seconds(step)),
        Every::Days(days) => local.checked_add_days(chrono::Days::new(days.unsigned_abs())),
        Every::Months(months) => month_start((local.year() * 12 + local.month0() as i32).checked_add(months)?),
    }
}

fn month_start(month: i32) -> Option<NaiveDateTime> {
    NaiveDate::from_ymd_opt(month.div_euclid(12), month.rem_euclid(12).unsigned_abs() + 1, 1)?.and_hms_opt(0, 0, 0)
}

fn label(local: NaiveDateTime, every: Every) -> String {
    let midnight = local.and_utc().timestamp().rem_euclid(86_400) == 0;
    let form = match every {
        Every::Seconds(step) if step < 60 => "%H:%M:%S",
        Every::Seconds(_) if !midnight => "%H:%M",
        Every::Seconds(_) | Every::Days(_) => "%m-%d",
        Every::Months(months) if months < 12 => "%Y-%m",
        Every::Months(_) => "%Y",
    };
    local.format(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::scale::Plot;
    use super::*;

    const NOON: i64 = 1_795_348_800;

    fn scale(from: i64, to: i64, ceiling: f64) -> Scale {
        let plot = Plot { left: 0.0, top: 0.0, right: 600.0, bottom: 200.0 };
        Scale { plot, from, to, ceiling, spread: Spread::Linear }
    }

    fn time_labels(seconds: i64, offset: fn(i64) -> i32) -> Vec<String> {
        times(&scale(NOON - seconds, NOON, 1.0), offset).into_iter().map(|tick| tick.label).collect()
    }

    fn value_labels(ceiling: f64) -> String {
        let (ticks, unit) = values(&scale(0, 1, ceiling));
        ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>().join(" ") + " " + unit
    }

    #[test]
    fn values_read_in_the_unit_that_fits() {
        assert_eq!(value_labels(0.0052), "0 1 2 3 4 5 ms");
        assert_eq!(value_labels(0.012), "0 2 4 6 8 10 12 ms");
        assert_eq!(value_labels(0.000_24), "0 50 100 150 200 µs");
        assert_eq!(value_labels(2.1), "0.0 0.5 1.0 1.5 2.0 s");
    }

    #[test]
    fn there_are_four_to_seven_values_whatever_the_ceiling() {
        let mut ceiling = 1e-6;
        while ceiling < 1e4 {
            let count = values(&scale(0, 1, ceiling)).0.len();
            assert!((3..=7).contains(&count), "{ceiling}: {count}");
            ceiling *= 1.037;
        }
    }

    #[test]
    fn decades_are_labelled_exactly() {
        let log = Scale { spread: Spread::Logarithmic(1e-4), ..scale(0, 1, 0.05) };
        let labels: Vec<String> = values(&log).0.into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, ["0.1", "1", "10"]);
    }

    #[test]
    fn times_stand_on_round_local_times() {
        let utc = |_| 0;
        assert_eq!(time_labels(10_800, utc), ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00"]);
        assert_eq!(time_labels(30 * 3600, utc), ["06:00", "12:00", "18:00", "11-22", "06:00", "12:00"]);
        assert_eq!(time_labels(10 * 86_400, utc), ["11-13", "11-15", "11-17", "11-19", "11-21"]);
        assert_eq!(time_labels(360 * 86_400, utc), ["2026-01", "2026-03", "2026-05", "2026-07", "2026-09", "2026-11"]);
        assert_eq!(time_labels(86_400, |_| 8 * 3600)[0], "21:00");
    }

    #[test]
    fn any_range_has_a_bounded_number_of_ticks() {
        for power in 0..62 {
            let scale = scale(0, 1 << power, 1.0);
            assert!(times(&scale, |_| 0).len() <= 16, "2^{power} s");
        }
    }
}
