//! A message as SNS takes it: subject, text, attributes.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::super::refusal::utc;
use crate::event::Event;
use crate::outbox::Message;

/// A subject has fewer than 100 characters (API reference of `Publish`).
const SUBJECT: usize = 99;

/// Bytes of an attribute at most: what filters look for is short, and the text needs the room.
const ATTRIBUTE: usize = 8 * 1024;

/// The last line of a text that was too long.
const CUT: &str = "\n… (the rest was left out: a message has at most 256 KiB)\n";

/// One line in ASCII. SNS wants it to begin with a letter, a digit or a punctuation mark.
pub(super) fn subject(message: &Message) -> String {
    let text = match &message.events[..] {
        [event] => event.headline(),
        events => {
            format!("{} alerts: {} and others", events.len(), events.first().map(Event::headline).unwrap_or_default())
        }
    };
    let ascii: String = text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect();
    let ascii = ascii.trim_start();
    match ascii.get(SUBJECT..) {
        Some("") | None => ascii.to_owned(),
        Some(_) => format!("{}...", &ascii[..SUBJECT - 3]),
    }
}

/// What happened, event by event, until that is longer than `limit` bytes.
pub(super) fn body(message: &Message, limit: usize) -> String {
    let mut text = String::new();
    if message.events.len() > 1 {
        let _ = writeln!(text, "{} alerts", message.events.len());
    }
    for event in &message.events {
        if !text.is_empty() {
            text.push('\n');
        }
        // Writing to a `String` cannot fail.
        let _ = describe(&mut text, event);
        if text.len() > limit {
            break;
        }
    }
    text
}

/// At most `limit` bytes of UTF-8 that SNS takes, with a word about it when something is left out.
pub(super) fn cut(text: &str, limit: usize) -> String {
    let mut text = clean(text);
    if text.len() > limit {
        let room = limit.saturating_sub(CUT.len());
        let end = (0..=room).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text.truncate(end);
        text.push_str(CUT);
    }
    text
}

/// SNS takes what XML can hold: of the control characters tabs and ends of lines.
fn clean(text: &str) -> String {
    text.replace(
        |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}'),
        "\u{fffd}",
    )
}

fn describe(text: &mut String, event: &Event) -> std::fmt::Result {
    let facts = &event.facts;
    writeln!(text, "{}", event.headline())?;
    if facts.title.is_empty() {
        writeln!(text, "host: {}", facts.host)?;
    } else {
        writeln!(text, "host: {} ({})", facts.host, facts.title)?;
    }
    writeln!(text, "time: {}", utc(event.time))?;
    if event.since != event.time {
        writeln!(text, "since: {}", utc(event.since))?;
    }
    // These two begin with their names.
    for fact in [&facts.loss, &facts.rtt] {
        if !fact.is_empty() {
            writeln!(text, "{fact}")?;
        }
    }
    for (name, fact) in [("reason", &facts.reason), ("pattern", &facts.pattern), ("comment", &facts.comment)] {
        if !fact.is_empty() {
            writeln!(text, "{name}: {fact}")?;
        }
    }
    match &facts.url {
        Some(url) => writeln!(text, "{url}"),
        None => Ok(()),
    }
}

/// Name, type and value of each attribute.
pub(super) fn attributes(message: &Message) -> Vec<(&'static str, &'static str, String)> {
    let values = |of: &dyn Fn(&Event) -> String| {
        let values: BTreeSet<String> =
            message.events.iter().map(|event| clean(&of(event))).filter(|value| !value.is_empty()).collect();
        values.into_iter().collect::<Vec<String>>()
    };
    [
        ("alert", values(&|event| event.alert.to_string())),
        ("target", values(&Event::line)),
        ("what", values(&|event| event.word().to_owned())),
    ]
    .into_iter()
    .filter_map(|(name, mut values)| match values.len() {
        0 => None,
        1 => values.pop().map(|value| (name, "String", value)),
        _ => Some((name, "String.Array", serde_json::Value::from(values).to_string())),
    })
    .filter(|(_, _, value)| value.len() <= ATTRIBUTE)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::What;
    use crate::notify::testing::{event, message};

    #[test]
    fn a_subject_is_short_ascii_in_one_line() {
        let subject = |alert: &str| subject(&message("sns:x", vec![event("Test.Lossy", alert, What::Raised)]));
        assert_eq!(subject("someloss"), "someloss was raised on Test.Lossy");
        assert_eq!(subject("丢包\n\u{1b}x"), "????x was raised on Test.Lossy");
        assert_eq!(subject(" \tx"), "?x was raised on Test.Lossy");
        for length in [70, 76, 77, 78, 200] {
            let long = subject(&"a".repeat(length));
            assert!(long.len() <= SUBJECT, "{length}: {}", long.len());
            assert_eq!(long.ends_with("..."), length > 99 - " was raised on Test.Lossy".len(), "{length}: {long}");
        }
    }

    #[test]
    fn a_text_tells_what_a_person_needs() {
        let text = body(&message("sns:x", vec![event("Test.Lossy~boomer", "someloss", What::Cleared)]), 10_000);
        assert_eq!(
            text,
            "someloss was cleared on Test.Lossy [from boomer]\nhost: lossy.example (北京 <Storage> & \"S3\")\n\
             time: 2026-11-22 10:30:00 UTC\nsince: 2026-11-22 10:20:00 UTC\nloss: S, 0%, 20%\nrtt: S, 12ms, U\n\
             reason: loss 20 % is above 0 %\npattern: >0%,*12*,>0%,*12*,>0%\ncomment: 连续三次丢包 loss 3 times in a row\n\
             https://smoke.example/?target=Test.Lossy\n"
        );
    }

    #[test]
    fn a_text_that_is_too_long_says_that_it_was_cut() {
        let many = message("sns:x", (0..2000).map(|_| event("Test.Lossy", "someloss", What::Raised)).collect());
        assert!(body(&many, usize::MAX).len() > super::super::AT_MOST);
        // Wherever the cut falls, also within a character.
        for limit in 100_000..100_010 {
            let text = cut(&body(&many, limit), limit);
            assert!(text.len() <= limit && text.len() > limit - 4 && text.ends_with(CUT), "{limit}: {}", text.len());
            assert!(text.starts_with("2000 alerts\n\nsomeloss was raised"));
        }
    }

    #[test]
    fn what_sns_does_not_take_is_replaced() {
        assert_eq!(cut("a\u{1b}[1m\tb\u{0}\r\n字\u{ffff}", 100), "a\u{fffd}[1m\tb\u{fffd}\r\n字\u{fffd}");
        let odd = message("sns:x", vec![event("A.B", "o\u{7}dd", What::Raised)]);
        assert_eq!(attributes(&odd)[0].2, "o\u{fffd}dd");
    }

    #[test]
    fn attributes_of_several_events_have_each_value_once() {
        let events = vec![
            event("A.B", "loss", What::Raised),
            event("A.C", "loss", What::Raised),
            event("A.B", "loss", What::Cleared),
        ];
        let expected = [
            ("alert", "String", "loss".to_owned()),
            ("target", "String.Array", r#"["A.B","A.C"]"#.to_owned()),
            ("what", "String.Array", r#"["cleared","raised"]"#.to_owned()),
        ];
        assert_eq!(attributes(&message("sns:x", events)), expected);
    }
}
