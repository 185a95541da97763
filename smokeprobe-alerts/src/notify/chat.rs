//! What people are told in chats: the same in every service, each in its own markup, and never longer than it takes.

use chrono::{DateTime, Local};
use url::Url;

use crate::event::{Event, Facts, What};

/// Bots of some services take only messages with a keyword: this is in every one.
const KEYWORD: &str = "[SmokeAlert]";
/// With more events each has one line.
const IN_FULL: usize = 3;
/// Characters of a value, from generous to what always fits.
const WIDTHS: [usize; 4] = [400, 160, 60, TIGHT];
/// Where space is so tight that there is none for an address.
const TIGHT: usize = 20;
/// Longer addresses are left out.
const LONGEST_URL: usize = 500;
/// Characters that say what happened, which is never cut more.
const HEADLINE: usize = 150;

/// What is said of one event: plain text without line breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paragraph {
    /// What happened. Empty when the headline says it.
    pub(super) head: String,
    /// Labels and values.
    pub(super) lines: Vec<(&'static str, String)>,
    /// Where to look at it.
    pub(super) url: Option<String>,
}

/// The paragraphs that fit.
#[derive(Debug)]
pub(super) struct Fitted<T> {
    pub(super) paragraphs: Vec<T>,
    /// So many events are left out.
    pub(super) rest: usize,
}

/// How a service that has a markup language writes.
pub(super) struct Markup {
    /// Makes a text mean itself.
    pub(super) plain: fn(&str) -> String,
    /// Makes a text bold, which means itself already.
    pub(super) bold: fn(&str) -> String,
    /// A link to an address, with a text that means itself already.
    pub(super) link: fn(&str, &str) -> String,
    /// Ends a line.
    pub(super) newline: &'static str,
    /// How long a text is to the service.
    pub(super) size: fn(&str) -> usize,
    /// How long a text may be.
    pub(super) limit: usize,
}

/// The message in one line of at most [`HEADLINE`] characters.
pub(super) fn headline(events: &[Event]) -> String {
    let line = match events {
        [event] => event.headline(),
        events => {
            let count = |words: &str| events.iter().filter(|event| event.what_in_words().ends_with(words)).count();
            let kinds = ["raised", "active", "cleared"].map(|words| (count(words), words));
            let kinds = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}"));
            format!("{} alerts: {}", events.len(), kinds.collect::<Vec<_>>().join(", "))
        }
    };
    clip(&format!("{KEYWORD} {}", clean(&line)), HEADLINE)
}

/// Something of it is wrong at the end of the message.
pub(super) fn is_bad(events: &[Event]) -> bool {
    events.iter().any(|event| event.what != What::Cleared)
}

/// As many paragraphs as fit into `limit`, in the order of the events. Values are shortened before events are left out.
pub(super) fn fit<T>(
    events: &[Event],
    limit: usize,
    render: impl Fn(&Paragraph) -> T,
    size: impl Fn(&T) -> usize,
) -> Fitted<T> {
    let mut best = Vec::new();
    for width in WIDTHS {
        let mut paragraphs = Vec::new();
        let mut left = limit;
        for event in events {
            let paragraph = render(&paragraph(event, events.len(), width));
            let Some(rest) = left.checked_sub(size(&paragraph)) else { break };
            left = rest;
            paragraphs.push(paragraph);
        }
        if paragraphs.len() > best.len() {
            best = paragraphs;
        }
        if best.len() == events.len() {
            break;
        }
    }
    Fitted { rest: events.len() - best.len(), paragraphs: best }
}

/// What stands for events that are left out.
pub(super) fn and_more(rest: usize) -> String {
    format!("and {rest} more")
}

impl Markup {
    /// The whole message with its headline.
    pub(super) fn write(&self, events: &[Event]) -> String {
        let mut text = (self.bold)(&(self.plain)(&headline(events)));
        let gap = self.newline.repeat(2);
        let more = (self.size)(&gap) + (self.size)(&and_more(events.len()));
        let limit = self.limit.saturating_sub((self.size)(&text) + more);
        let render = |paragraph: &Paragraph| format!("{gap}{}", self.paragraph(paragraph));
        let fitted = fit(events, limit, render, |text| (self.size)(text));
        text.extend(fitted.paragraphs);
        if fitted.rest > 0 {
            text.push_str(&gap);
            text.push_str(&and_more(fitted.rest));
        }
        text
    }

    fn paragraph(&self, paragraph: &Paragraph) -> String {
        let mut lines = Vec::new();
        if !paragraph.head.is_empty() {
            lines.push((self.bold)(&(self.plain)(&paragraph.head)));
        }
        lines.extend(paragraph.lines.iter().map(|(label, value)| format!("{label}: {}", (self.plain)(value))));
        lines.extend(paragraph.url.iter().map(|url| (self.link)("Graph", url)));
        lines.join(self.newline)
    }
}

/// Everything, or one line where there are many.
fn paragraph(event: &Event, of: usize, width: usize) -> Paragraph {
    let happened = clip(&clean(&event.headline()), HEADLINE);
    if of > IN_FULL {
        return Paragraph { head: happened, lines: Vec::new(), url: None };
    }
    let facts = &*event.facts;
    let mut lines = Vec::new();
    let mut line = |label, value: String| {
        if !value.is_empty() {
            lines.push((label, value));
        }
    };
    line("Target", clip(&title(facts), width));
    // The newest rounds are at the end.
    line("Loss", clip_start(&clean(facts.loss.strip_prefix("loss: ").unwrap_or(&facts.loss)), width));
    line("RTT", clip_start(&clean(facts.rtt.strip_prefix("rtt: ").unwrap_or(&facts.rtt)), width));
    line("Reason", clip(&clean(&facts.reason), width));
    line("Pattern", clip(&clean(&facts.pattern), width));
    line("Comment", clip(&clean(&facts.comment), width));
    if event.since != event.time {
        line("Since", local(event.since));
    }
    line("Time", local(event.time));
    let url = link(facts.url.as_deref()).filter(|_| width > TIGHT);
    Paragraph { head: if of == 1 { String::new() } else { happened }, lines, url }
}

fn title(facts: &Facts) -> String {
    match (facts.title.trim(), facts.host.trim()) {
        ("", host) => clean(host),
        (title, "") => clean(title),
        (title, host) => clean(&format!("{title} ({host})")),
    }
}

/// A time as people here read it, and with its zone, as others may read it too.
fn local(unix: i64) -> String {
    let Some(time) = DateTime::from_timestamp(unix, 0) else { return unix.to_string() };
    time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// An address that can stand in any markup.
fn link(url: Option<&str>) -> Option<String> {
    let url = Url::parse(url?).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let url = url.as_str().replace('(', "%28").replace(')', "%29").replace('\'', "%27");
    (url.len() <= LONGEST_URL).then_some(url)
}

/// On one line, without control characters.
fn clean(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control() || is_direction(c));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Characters that turn around what comes after them (Unicode Bidirectional Algorithm, 2).
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn clip(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        None => text.to_owned(),
        Some(_) => text.chars().take(width - 1).chain(['…']).collect(),
    }
}

fn clip_start(text: &str, width: usize) -> String {
    let over = text.chars().count().saturating_sub(width);
    if over == 0 { text.to_owned() } else { "…".chars().chain(text.chars().skip(over + 1)).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_clipped_by_characters() {
        assert_eq!(clip("北京上海", 4), "北京上海");
        assert_eq!(clip("北京上海", 3), "北京…");
        assert_eq!(clip_start("0%, 10%, 20%", 4), "…20%");
        assert_eq!(clean(" a\r\n\tb\u{0}c \u{202e}d"), "a b c d");
    }

    #[test]
    fn only_addresses_of_pages_become_links() {
        assert_eq!(link(Some("https://h/?t=A.B (x)")).unwrap(), "https://h/?t=A.B%20%28x%29");
        for bad in ["javascript:alert(1)", "A.B", ""] {
            assert_eq!(link(Some(bad)), None, "{bad}");
        }
    }
}
