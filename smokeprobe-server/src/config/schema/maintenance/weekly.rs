//! Days and times that come back every week: `Mon-Fri,Sun 22:00-06:00`.

use smokeprobe_alerts::Weekly;

use super::super::super::lexer::blank;

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Reads days and times; what to write instead when they are none.
pub(super) fn parse(text: &str, zone: &str) -> Result<Weekly, String> {
    let last = text.rfind(blank).ok_or("write the days first, then the times: `Mon-Fri 22:00-06:00`")?;
    let (days, times) = text.split_at(last);
    let days = days.split(|c| c == ',' || blank(c)).filter(|part| !part.is_empty());
    let mut found = [false; 7];
    for part in days {
        mark(part, &mut found)?;
    }
    if !found.contains(&true) {
        return Err("name the days: `Sun`, `Mon-Fri`, `Mon,Thu` or `daily`".to_owned());
    }
    let (from, until) = times.trim().split_once('-').ok_or("write two times with `-` between them: `02:00-04:00`")?;
    let minutes = |text: &str| minutes(text).ok_or_else(|| format!("`{text}` is no time of the day; write `02:00`"));
    let (from, until) = (minutes(from)?, minutes(until)?);
    if from == 24 * 60 {
        return Err("a window that begins at 24:00 begins at 00:00 of the next day".to_owned());
    }
    // The end of a day is the start of the next one, which is how a time that is not after `from` is read.
    let until = until % (24 * 60);
    let days = (0..7).filter(|day| found[usize::from(*day)]).collect();
    Ok(Weekly { days, from, until, zone: zone.to_owned() })
}

fn mark(part: &str, found: &mut [bool; 7]) -> Result<(), String> {
    if part.eq_ignore_ascii_case("daily") {
        *found = [true; 7];
        return Ok(());
    }
    let day =
        |text: &str| day(text).ok_or_else(|| format!("`{}` is no day; write `Mon`, `Tue`, …", super::clipped(text)));
    let (first, last) = match part.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(part)?, day(part)?),
    };
    let mut at = first;
    loop {
        found[at] = true;
        if at == last {
            return Ok(());
        }
        at = (at + 1) % 7;
    }
}

fn day(text: &str) -> Option<usize> {
    let text = text.to_ascii_lowercase();
    DAYS.iter().position(|day| text.len() >= 2 && day.starts_with(&text))
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let number = |text: &str| -> Option<u16> {
        let good = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        good.then(|| text.parse().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|minutes| *minutes < 60)?);
    (hours < 24 || (hours == 24 && minutes == 0)).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_lists_and_ranges_and_times_may_go_past_midnight() {
        for (text, days, from, until) in [
            ("Sun 02:00-04:00", &[6][..], 120, 240),
            ("Mon-Fri 22:00-06:00", &[0, 1, 2, 3, 4], 1320, 360),
            ("Sat-Mon 2:30-24:00", &[0, 5, 6], 150, 0),
            ("mon,Thursday , sun 00:00-24:00", &[0, 3, 6], 0, 0),
            ("daily 03:00-03:15", &[0, 1, 2, 3, 4, 5, 6], 180, 195),
        ] {
            let weekly = parse(text, "Asia/Shanghai").unwrap();
            assert_eq!((weekly.days.as_slice(), weekly.from, weekly.until), (days, from, until), "{text}");
        }
        for text in [
            "",
            "Sun",
            "02:00-04:00",
            "Sun 02:00",
            "Su nday 02:00-04:00",
            "Som 02:00-04:00",
            "Sun 25:00-26:00",
            "Sun 24:00-01:00",
            "Sun 02:60-04:00",
            "Sun 02-04",
            "S 02:00-04:00",
            ", 02:00-04:00",
        ] {
            assert!(parse(text, "UTC").is_err(), "{text}");
        }
    }
}
