//! What messages say in our own words.

use std::fmt::Write as _;

use chrono::TimeZone as _;

use crate::event::{Event, What};

/// A message lists at most this many events, and says how many more there are.
pub(super) const LISTED: usize = 200;

/// A subject ends here, in characters.
#[cfg(feature = "smtp")]
const SUBJECT: usize = 180;

/// `[SmokeAlert] someloss was raised on Test.Lossy`, which is what people's mail filters look for.
#[cfg(feature = "smtp")]
pub(super) fn subject(events: &[Event]) -> String {
    let subject = match events {
        [event] => format!("[SmokeAlert] {}", event.headline()),
        events => format!("[SmokeAlert] {} alerts: {}", events.len(), kinds(events)),
    };
    shorten(&on_one_line(&subject), SUBJECT)
}

/// What became of which alert, and how often: `someloss was raised (3), hostdown was cleared`.
#[cfg(feature = "smtp")]
fn kinds(events: &[Event]) -> String {
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for event in events.iter().take(LISTED) {
        let kind = format!("{} {}", event.alert, event.what_in_words());
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((kind, 1)),
        }
    }
    let kinds = kinds.into_iter().map(|(kind, count)| if count > 1 { format!("{kind} ({count})") } else { kind });
    kinds.collect::<Vec<_>>().join(", ")
}

/// The whole message as plain text.
pub(super) fn text(events: &[Event]) -> String {
    match events {
        [event] => one(event),
        events => list(events),
    }
}

fn one(event: &Event) -> String {
    let facts = &event.facts;
    let mut text = format!("{}\n\n{}\n\n", stamp(event.time), event.headline());
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{name:<9}{value}");
        }
    };
    line("Title", &facts.title);
    line("Host", &facts.host);
    line("Because", &facts.reason);
    if event.what != What::Raised {
        line("Since", &stamp(event.since));
    }
    line("Rule", &facts.pattern);
    line("Comment", &facts.comment);
    line("See", facts.url.as_deref().unwrap_or_default());
    if !facts.loss.is_empty() || !facts.rtt.is_empty() {
        let _ = write!(text, "\nNewest rounds, oldest first:\n{}\n{}\n", facts.loss, facts.rtt);
    }
    text
}

fn list(events: &[Event]) -> String {
    let mut text = format!("{} alerts, oldest first:\n", events.len());
    for event in events.iter().take(LISTED) {
        let facts = &event.facts;
        let _ = write!(text, "\n{}  {}\n", stamp(event.time), event.headline());
        let more = [&facts.title, &facts.host, &facts.comment, &facts.reason];
        let more: Vec<&str> = more.into_iter().map(String::as_str).filter(|fact| !fact.is_empty()).collect();
        for line in [&more.join(" · "), &facts.loss, &facts.rtt, facts.url.as_deref().unwrap_or_default()] {
            if !line.is_empty() {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
    if let more @ 1.. = events.len().saturating_sub(LISTED) {
        let _ = write!(text, "\nand {more} more\n");
    }
    text
}

#[cfg(feature = "smtp")]
fn shorten(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some(_) => text.chars().take(longest - 1).chain(['…']).collect(),
    }
}

/// Local time as C's `ctime` writes it, which is how SmokePing does.
pub(super) fn stamp(time: i64) -> String {
    match chrono::Local.timestamp_opt(time, 0) {
        chrono::LocalResult::Single(time) | chrono::LocalResult::Ambiguous(time, _) => {
            time.format("%a %b %e %H:%M:%S %Y").to_string()
        }
        chrono::LocalResult::None => time.to_string(),
    }
}

/// Without line ends and other control characters: for headers and for protocols of lines.
pub(super) fn on_one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(all(test, feature = "smtp", feature = "test-util"))]
mod tests {
    use super::*;
    use crate::notify::testing::{TIME, event, plain_event};

    #[test]
    fn the_stamp_is_as_perls_localtime() {
        for time in [TIME, 0, 1_793_500_000, 1_774_742_400] {
            let script = format!("print scalar localtime {time}");
            let perl = std::process::Command::new("perl").args(["-e", &script]).output().expect("install perl");
            assert_eq!(stamp(time), String::from_utf8(perl.stdout).unwrap());
        }
    }

    #[test]
    fn a_subject_is_what_peoples_filters_know() {
        let events = [event("Test.Lossy", "someloss", What::Raised)];
        assert_eq!(subject(&events), "[SmokeAlert] someloss was raised on Test.Lossy");
        let mut many = vec![plain_event("Test.Lossy~boomer", "someloss", What::Raised)];
        assert_eq!(subject(&many), "[SmokeAlert] someloss is active on Test.Lossy [from boomer]");
        many.extend((0..10).map(|n| event(&format!("Test.N{n}"), "down", What::Raised)));
        many.push(event("Test.X", "down", What::Cleared));
        assert_eq!(
            subject(&many),
            "[SmokeAlert] 12 alerts: someloss is active, down was raised (10), down was cleared"
        );
        many.extend((0..100).map(|n| event("Test.X", &format!("alert{n}"), What::Cleared)));
        assert!(subject(&many).chars().count() <= 180 && subject(&many).ends_with('…'), "{}", subject(&many));
    }
}
