//! A message as a mail: headers, text, HTML and pictures.

mod html;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use smokeprobe_core::SeriesId;
use thiserror::Error;

use super::template::{Filled, Template};
use super::text::{LISTED, on_one_line, subject, text};
use crate::event::Event;
use crate::outbox::Message;

/// A header value is cut here, in characters: what a line may hold (RFC 5322, 2.1.1) with room for its encoding.
const VALUE: usize = 300;

/// An address that mail cannot be sent to or from.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text} is not a mail address: {reason}; write name@host or First Last <name@host>")]
pub struct AddressError {
    text: String,
    reason: String,
}

/// A graph, and what it shows.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) series: SeriesId,
    pub(super) png: Vec<u8>,
}

/// Reads `name@host` or `First Last <name@host>`.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, AddressError> {
    let error = |reason: &str| AddressError { text: text.to_owned(), reason: reason.to_owned() };
    if text.chars().any(char::is_control) {
        return Err(error("it holds control characters"));
    }
    let (name, address) = match text.split_once('<') {
        Some((name, rest)) => {
            let address = rest.trim_end().strip_suffix('>').ok_or_else(|| error("there is no > at its end"))?;
            (name.trim().trim_matches('"').trim(), address.trim())
        }
        None => ("", text.trim()),
    };
    let address = address.parse().map_err(|reason: lettre::address::AddressError| error(&reason.to_string()))?;
    Ok(Mailbox::new((!name.is_empty()).then(|| name.to_owned()), address))
}

/// Writes the mail. Reads template files: not for a thread that must not wait.
pub(super) fn compose(
    from: &Mailbox,
    to: &Mailbox,
    message: &Message,
    pictures: Vec<Picture>,
) -> Result<lettre::Message, lettre::error::Error> {
    let domain = from.email.domain();
    // The same in each try, so that who gets it twice can tell.
    let name = format!("{}.{}", message.id.0, message.created.unix_nanos());
    let date = u64::try_from(message.created.unix_secs()).unwrap_or_default();
    let mut builder = lettre::Message::builder()
        .from(from.clone())
        .to(to.clone())
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(date))
        .message_id(Some(format!("<smokeprobe.{name}@{domain}>")))
        // RFC 3834: what answers mails by itself leaves these alone.
        .raw_header(header("Auto-Submitted", "auto-generated"));
    for (name, value) in facts(&message.events) {
        builder = builder.raw_header(header(name, &value));
    }
    let letter = Letter::write(&message.events);
    builder = builder.subject(on_one_line(&letter.subject));
    for (name, value) in &letter.headers {
        if let Ok(name) = HeaderName::new_from_ascii(name.clone()) {
            builder = builder.raw_header(HeaderValue::new(name, cut(value)));
        }
    }
    match letter.body {
        Body::Theirs { text, html: false } => builder.singlepart(SinglePart::plain(text)),
        Body::Theirs { text, html: true } => builder.singlepart(SinglePart::html(text)),
        Body::Ours { text } => {
            let ids: Vec<(SeriesId, String)> = pictures
                .iter()
                .enumerate()
                .map(|(number, picture)| (picture.series.clone(), format!("graph{number}.{name}@{domain}")))
                .collect();
            let page = SinglePart::html(html::page(&message.events, &ids));
            let alternative = MultiPart::alternative().singlepart(SinglePart::plain(text));
            if pictures.is_empty() {
                return builder.multipart(alternative.singlepart(page));
            }
            let mut related = MultiPart::related().singlepart(page);
            for (picture, (series, id)) in pictures.into_iter().zip(ids) {
                let inline = Attachment::new_inline_with_name(id, format!("{series}.png"));
                related = related.singlepart(inline.body(picture.png, png()));
            }
            builder.multipart(alternative.multipart(related))
        }
    }
}

/// What a mail says, before it is one.
struct Letter {
    subject: String,
    headers: Vec<(String, String)>,
    body: Body,
}

enum Body {
    /// Of a template: sent as it is.
    Theirs { text: String, html: bool },
    /// Our own words; an HTML page goes with it.
    Ours { text: String },
}

impl Letter {
    /// By the alerts' templates, else in our own words.
    ///
    /// Several events make one mail: under a subject of ours come their texts one after the other, each by its own
    /// template. Headers are those of the first.
    fn write(events: &[Event]) -> Self {
        if events.iter().all(|event| event.facts.mail_template.is_none()) {
            return Self { subject: subject(events), headers: Vec::new(), body: Body::Ours { text: text(events) } };
        }
        let mut templates = Templates::default();
        let filled: Vec<Filled> = events.iter().take(LISTED).map(|event| templates.fill(event)).collect();
        let headers = filled.iter().map(|filled| &filled.headers).find(|headers| !headers.is_empty()).cloned();
        let subject = match filled.as_slice() {
            [filled] => filled.subject.clone(),
            _ => subject(events),
        };
        let html = filled.iter().all(|filled| filled.html);
        let between =
            if html { "<hr>\n" } else { "\n------------------------------------------------------------\n\n" };
        let texts = filled.into_iter().zip(events);
        // A page among plain texts would be shown as its source.
        let texts = texts.map(|(filled, event)| if filled.html == html { filled.body } else { own(event) });
        let mut text = texts.collect::<Vec<_>>().join(between);
        if let more @ 1.. = events.len().saturating_sub(LISTED) {
            let _ = writeln!(text, "{between}and {more} more");
        }
        Self { subject, headers: headers.unwrap_or_default(), body: Body::Theirs { text, html } }
    }
}

/// Template files, each read once for a mail.
#[derive(Default)]
struct Templates(std::collections::BTreeMap<Arc<Path>, Result<Template, String>>);

impl Templates {
    fn fill(&mut self, event: &Event) -> Filled {
        let plain = |subject, body| Filled { subject, headers: Vec::new(), body, html: false };
        let Some(path) = event.facts.mail_template.as_deref() else {
            return plain(subject(std::slice::from_ref(event)), own(event));
        };
        match self.0.entry(path.into()).or_insert_with(|| Template::read(path)) {
            Ok(template) => template.fill(event),
            Err(reason) => plain(
                format!("[SmokeAlert] cannot use mail template {}: {}", path.display(), event.headline()),
                format!("The mail template {} cannot be used: {reason}.\n\n{}", path.display(), own(event)),
            ),
        }
    }
}

fn own(event: &Event) -> String {
    text(std::slice::from_ref(event))
}

/// Headers that programs can sort by.
fn facts(events: &[Event]) -> Vec<(&'static str, String)> {
    match events {
        [event] => vec![
            ("X-SmokeProbe-Alert", event.alert.to_string()),
            ("X-SmokeProbe-Target", event.series.to_string()),
            ("X-SmokeProbe-What", event.what_in_words().to_owned()),
        ],
        events => vec![("X-SmokeProbe-Events", events.len().to_string())],
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), cut(&on_one_line(value)))
}

fn cut(value: &str) -> String {
    value.chars().take(VALUE).collect()
}

fn png() -> ContentType {
    // The name of a type that is well formed.
    ContentType::parse("image/png").unwrap_or(ContentType::TEXT_PLAIN)
}
