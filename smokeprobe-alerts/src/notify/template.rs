//! SmokePing's template files for mails, with their tags.
//!
//! A template file is header lines (`Subject: …` among them), an empty line, and the text. In both, tags are replaced,
//! once: a value that holds a tag is not looked at again.
//!
//! | tag | value |
//! |---|---|
//! | `<##ALERT##>` | the alert's name |
//! | `<##WHAT##>` | `was raised`, `was cleared` or `is active` |
//! | `<##LINE##>` | the target, `A.B` or `A.B [from SLAVE]` |
//! | `<##URL##>` | where to look at it |
//! | `<##STAMP##>` | local time of the end of the round's slot, `Sun Nov 22 10:28:28 2026` |
//! | `<##PAT##>` | the rule's text |
//! | `<##LOSS##>`, `<##RTT##>` | the newest rounds, `loss: S, 0%, 20%` and `rtt: S, 12ms, U` |
//! | `<##COMMENT##>` | the alert's comment |

use std::borrow::Cow;
use std::path::Path;

use thiserror::Error;

use super::file;
use super::text::{on_one_line, stamp};
use crate::event::Event;

/// Longer templates are refused, in bytes.
pub const LONGEST: u64 = 256 << 10;

/// Why a file is no template for mails.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TemplateFault {
    /// It is longer than we take.
    #[error("it is longer than {LONGEST} bytes")]
    TooLong,
    /// This line is before the first empty one, and no header.
    #[error("it must start with mail header lines, and this is none: {0}")]
    NoHeader(String),
    /// No header is the subject.
    #[error("it has no Subject: line")]
    NoSubject,
}

/// What would keep a file with this content from being the template of a mail.
pub fn check(content: Vec<u8>) -> Result<(), TemplateFault> {
    if content.len() as u64 > LONGEST {
        return Err(TemplateFault::TooLong);
    }
    Template::parse(&text(content)).map(drop)
}

/// Headers that are ours to write: who gets a mail is for the configuration alone to say, and what is in it follows
/// from how it was made.
const OURS: [&str; 13] = [
    "to",
    "cc",
    "bcc",
    "from",
    "sender",
    "date",
    "message-id",
    "mime-version",
    "auto-submitted",
    "received",
    "return-path",
    "dkim-signature",
    "subject",
];

/// The tags, [`value`] by value.
const TAGS: [&str; 9] = ["ALERT", "WHAT", "LINE", "URL", "STAMP", "PAT", "LOSS", "RTT", "COMMENT"];

/// A template file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    subject: String,
    headers: Vec<(String, String)>,
    body: String,
    /// Its `Content-Type` says that the text is HTML.
    html: bool,
}

/// A template with its tags replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) subject: String,
    /// More header lines; single lines without control characters.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) html: bool,
}

impl Template {
    /// Reads a file. The error says what is wrong with it.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let bytes = file::read_now(path, LONGEST).map_err(|error| error.to_string())?;
        Self::parse(&text(bytes)).map_err(|fault| fault.to_string())
    }

    /// Reads the text of a file.
    pub(super) fn parse(text: &str) -> Result<Self, TemplateFault> {
        let mut lines = text.trim_start_matches('\u{feff}').lines();
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines.by_ref().take_while(|line| !line.trim().is_empty()) {
            if let (true, Some((_, value))) = (line.starts_with([' ', '\t']), headers.last_mut()) {
                value.push(' ');
                value.push_str(line.trim());
                continue;
            }
            let header = line.split_once(':').filter(|(name, _)| is_header_name(name));
            let Some((name, value)) = header else {
                return Err(TemplateFault::NoHeader(line.trim().to_owned()));
            };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let find = |wanted: &str| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let Some((_, subject)) = find("subject").cloned() else {
            return Err(TemplateFault::NoSubject);
        };
        let html = find("content-type").is_some_and(|(_, value)| value.to_ascii_lowercase().starts_with("text/html"));
        headers.retain(|(name, _)| {
            let name = name.to_ascii_lowercase();
            !OURS.contains(&name.as_str()) && !name.starts_with("content-") && !name.starts_with("resent-")
        });
        let body = lines.fold(String::new(), |body, line| body + line + "\n");
        Ok(Self { subject, headers, body, html })
    }

    /// Replaces the tags.
    pub(super) fn fill(&self, event: &Event) -> Filled {
        let header = |text: &str| on_one_line(&fill(text, event, false));
        Filled {
            subject: header(&self.subject),
            headers: self.headers.iter().map(|(name, value)| (name.clone(), header(value))).collect(),
            body: fill(&self.body, event, self.html),
            html: self.html,
        }
    }
}

/// Old files are Latin-1, in which every byte is the character of that number.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| error.as_bytes().iter().map(|b| *b as char).collect())
}

/// Replaces each tag once. What is no tag stays.
fn fill(text: &str, event: &Event, html: bool) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("<##") {
        let (before, tag) = rest.split_at(start);
        filled.push_str(before);
        let named = TAGS.iter().find_map(|name| Some((name, tag[3..].strip_prefix(name)?.strip_prefix("##>")?)));
        if let Some((name, after)) = named {
            let value = value(name, event);
            filled.push_str(&if html { escape(&value).into() } else { value });
            rest = after;
        } else {
            filled.push_str("<##");
            rest = &tag[3..];
        }
    }
    filled + rest
}

fn value<'a>(tag: &str, event: &'a Event) -> Cow<'a, str> {
    let facts = &event.facts;
    match tag {
        "ALERT" => (&*event.alert).into(),
        "WHAT" => event.what_in_words().into(),
        "LINE" => event.line().into(),
        "URL" => facts.url.as_deref().unwrap_or_default().into(),
        "STAMP" => stamp(event.time).into(),
        "PAT" => facts.pattern.as_str().into(),
        "LOSS" => facts.loss.as_str().into(),
        "RTT" => facts.rtt.as_str().into(),
        _ => facts.comment.as_str().into(),
    }
}

/// For the text and the attributes of HTML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 60
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(all(test, feature = "test-util"))]
mod tests {
    use super::*;
    use crate::event::What;
    use crate::notify::testing::event;

    const FILE: &str = "Subject: <##ALERT##> <##WHAT##>\nReply-To: noc@company.xy\nX-Long: one\n  two\n\n\
                        <##LINE##>|<##URL##>|<##PAT##>|<##LOSS##>|<##RTT##>|<##COMMENT##>|<##NO##>|<##\n";

    #[test]
    fn all_tags_are_replaced_and_others_stay() {
        let filled = Template::parse(FILE).unwrap().fill(&event("Test.Lossy~boomer", "someloss", What::Cleared));
        assert_eq!(filled.subject, "someloss was cleared");
        assert_eq!(
            filled.body,
            "Test.Lossy [from boomer]|https://smoke.example/?target=Test.Lossy|>0%,*12*,>0%,*12*,>0%|\
             loss: S, 0%, 20%|rtt: S, 12ms, U|连续三次丢包 loss 3 times in a row|<##NO##>|<##\n"
        );
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(filled.headers, [header("Reply-To", "noc@company.xy"), header("X-Long", "one two")]);
    }

    #[test]
    fn a_value_that_holds_a_tag_is_not_replaced_again() {
        let mut event = event("Test.Lossy", "someloss", What::Raised);
        let mut facts = (*event.facts).clone();
        facts.comment = "<##ALERT##>".to_owned();
        facts.pattern = "<##COM".to_owned();
        event.facts = facts.into();
        let filled = Template::parse("Subject: x\n\n<##COMMENT##> <##PAT##>MENT##>\n").unwrap().fill(&event);
        assert_eq!(filled.body, "<##ALERT##> <##COMMENT##>\n");
    }

    #[test]
    fn a_header_cannot_be_smuggled_in_by_a_value() {
        let mut event = event("Test.Lossy", "someloss", What::Raised);
        let mut facts = (*event.facts).clone();
        facts.comment = "all\r\nBcc: everybody@company.xy\r\n\r\n<html>".to_owned();
        event.facts = facts.into();
        let filled = Template::parse("Subject: <##COMMENT##>\nX-A: <##COMMENT##>\n\n").unwrap().fill(&event);
        assert_eq!(filled.subject, "all Bcc: everybody@company.xy <html>");
        assert_eq!(filled.headers[0].1, filled.subject);
    }

    #[test]
    fn headers_of_ours_are_not_taken_from_a_file() {
        let file = "Subject: s\nTo: a@b.c\nBCC: a@b.c\nFrom: a@b.c\nContent-Type: text/html\nX-Priority: 1\n\n<p>\n";
        let template = Template::parse(file).unwrap();
        assert_eq!(template.headers, [("X-Priority".to_owned(), "1".to_owned())]);
        assert!(template.html);
    }

    #[test]
    fn values_in_html_are_escaped() {
        let template = Template::parse("Subject: s\nContent-Type: text/html\n\n<b><##PAT##></b>\n").unwrap();
        let filled = template.fill(&event("Test.Lossy", "someloss", What::Raised));
        assert_eq!(filled.body, "<b>&gt;0%,*12*,&gt;0%,*12*,&gt;0%</b>\n");
    }

    #[test]
    fn a_file_that_is_no_template_says_why() {
        assert!(Template::parse("Hello\n\n").unwrap_err() == TemplateFault::NoHeader("Hello".into()));
        assert_eq!(Template::parse("X-A: b\n\nSubject: s\n"), Err(TemplateFault::NoSubject));
        assert_eq!(Template::parse(""), Err(TemplateFault::NoSubject));
        assert!(Template::read(Path::new("/no/such/file")).unwrap_err().contains("No such file"));
        assert!(Template::read(Path::new("/dev/zero")).unwrap_err().contains("not a file"));
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_file_holds_it_is_refused_or_filled(text in "(Subject: .{0,20}\n|[A-Z]: .{0,9}\n| .{0,9}\n|\n|<##|##>|[A-Z]{3,7}|.){0,40}") {
            if let Ok(template) = Template::parse(&text) {
                let filled = template.fill(&event("Test.Lossy", "<##LINE##>", What::Raised));
                let lines = filled.headers.iter().map(|(_, value)| value).chain([&filled.subject]);
                assert!(lines.into_iter().all(|line| !line.contains(char::is_control)));
            }
        }

        #[test]
        fn a_text_without_tags_stays_as_it_is(text in "[^#]{0,60}") {
            let event = event("Test.Lossy", "someloss", What::Raised);
            assert_eq!(fill(&text, &event, true), text);
        }
    }
}
