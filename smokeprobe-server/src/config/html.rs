//! The HTML that titles, remarks and additions to the menu may hold where the configuration says `html = yes`.
//!
//! What goes out is written anew, from a short list of elements and attributes: every element is closed, every value quoted,
//! everything else is text or left out. So whatever is written in a configuration, nothing of it runs, is fetched from
//! elsewhere or reaches beyond its place.

mod parts;

use std::borrow::Cow;
use std::fmt::Write as _;

use super::plan::{Node, Plan};
use parts::{Part, parts};

/// Elements that hold others. Neither `class` nor `style`: what stands here must not look like a part of the page.
const ELEMENTS: [&str; 44] = [
    "a",
    "abbr",
    "b",
    "big",
    "blockquote",
    "caption",
    "center",
    "cite",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "i",
    "ins",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

/// Elements without an end.
const VOID: [&str; 3] = ["br", "hr", "img"];

/// Elements whose content is no text either.
const HIDDEN: [&str; 18] = [
    "applet", "audio", "canvas", "embed", "head", "iframe", "math", "noembed", "noframes", "noscript", "object",
    "script", "select", "style", "svg", "template", "textarea", "video",
];

/// How deep elements may lie in one another.
const DEEPEST: usize = 32;

/// What a section shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<'a> {
    /// They are HTML, which is safe to put into a page. Else they are text.
    pub html: bool,
    /// The title.
    pub title: Cow<'a, str>,
    /// The remark.
    pub remark: Option<Cow<'a, str>>,
    /// What the menu has beside the section's name.
    pub menuextra: Option<Cow<'a, str>>,
}

impl Plan {
    /// What a section shows, with its HTML made safe where the configuration allows HTML at all. Only those are HTML that have
    /// some: text stays text.
    pub fn shown<'a>(&self, node: &'a Node) -> Shown<'a> {
        let title = Cow::Borrowed(node.title.as_str());
        let remark = node.remark.as_deref().map(Cow::Borrowed);
        let menuextra = node.menuextra.as_deref().map(Cow::Borrowed);
        let texts = [Some(&title), remark.as_ref(), menuextra.as_ref()];
        if !self.presentation.html || !texts.into_iter().flatten().any(|text| has_markup(text)) {
            return Shown { html: false, title, remark, menuextra };
        }
        let safe = |text: Cow<'a, str>| Cow::Owned(sanitised(&text));
        Shown {
            html: true,
            title: safe(title),
            remark: remark.map(safe),
            menuextra: node.menuextra.as_deref().map(|extra| safe(filled_in(extra, node))),
        }
    }

    /// A title as plain text, for pictures, mails and windows.
    pub fn plain_title<'a>(&self, title: &'a str) -> Cow<'a, str> {
        if self.presentation.html && has_markup(title) { plain(title).into() } else { title.into() }
    }
}

fn has_markup(text: &str) -> bool {
    text.contains(['<', '&'])
}

/// SmokePing's words in `menuextra`.
fn filled_in<'a>(extra: &'a str, node: &Node) -> Cow<'a, str> {
    if !extra.contains('{') {
        return extra.into();
    }
    let host = node.host.as_deref().unwrap_or_default();
    // The hash of a dynamic host's secret is nobody's business.
    let host = if host.starts_with("DYNAMIC") { "DYNAMIC" } else { host };
    let filled = extra.replace("{HOSTNAME}", host).replace("{HOST}", &format!("#{host}"));
    filled.replace("{CLASS}", "menulink").replace("{HASH}", "#").into()
}

/// HTML that is safe to put into a page.
pub fn sanitised(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut open: Vec<&'static str> = Vec::new();
    // The element whose content is skipped.
    let mut hidden: Option<String> = None;
    for part in parts(text) {
        if let Some(name) = &hidden {
            if matches!(&part, Part::End(end) if end == name) {
                hidden = None;
            }
            continue;
        }
        match part {
            Part::Text(text) => escape(&text, &mut out),
            Part::Start(name, attributes) => {
                if let Some(name) = VOID.into_iter().find(|known| *known == name) {
                    start(name, &attributes, &mut out);
                } else if let Some(name) = ELEMENTS.into_iter().find(|known| *known == name) {
                    if open.len() < DEEPEST {
                        start(name, &attributes, &mut out);
                        open.push(name);
                    }
                } else if HIDDEN.contains(&name.as_str()) {
                    hidden = Some(name);
                }
            }
            Part::End(name) => {
                if let Some(at) = open.iter().rposition(|known| *known == name) {
                    close(&mut open, at, &mut out);
                }
            }
        }
    }
    close(&mut open, 0, &mut out);
    out
}

/// The text of HTML, in one line.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut hidden: Option<String> = None;
    for part in parts(text) {
        if let Some(name) = &hidden {
            if matches!(&part, Part::End(end) if end == name) {
                hidden = None;
            }
            continue;
        }
        match part {
            Part::Text(text) => out.push_str(&text),
            Part::Start(name, _) if HIDDEN.contains(&name.as_str()) => hidden = Some(name),
            // Whatever begins a line does not stick to what was before it.
            Part::Start(name, _) if ["br", "p", "div", "li", "tr", "td"].contains(&name.as_str()) => out.push(' '),
            Part::Start(..) | Part::End(_) => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Ends the elements from `at` on.
fn close(open: &mut Vec<&'static str>, at: usize, out: &mut String) {
    for name in open.drain(at..).rev() {
        let _ = write!(out, "</{name}>");
    }
}

fn start(name: &str, attributes: &[(String, String)], out: &mut String) {
    let find = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let set = |out: &mut String, name: &str, value: &str| {
        let _ = write!(out, " {name}=\"");
        escape(value, out);
        out.push('"');
    };
    if name == "img" && !find("src").is_some_and(is_own) {
        return;
    }
    let _ = write!(out, "<{name}");
    for (attribute, value) in attributes.iter().enumerate().filter_map(|(at, (name, value))| {
        // The first of two counts.
        let first = !attributes[..at].iter().any(|(earlier, _)| earlier == name);
        first.then_some((name.as_str(), value.as_str()))
    }) {
        let number = || !value.is_empty() && value.len() <= 4 && value.bytes().all(|byte| byte.is_ascii_digit());
        let taken = match (name, attribute) {
            ("a", "href") => is_link(value),
            ("img", "src" | "alt") | (_, "title") => true,
            ("img", "width" | "height") | ("td" | "th", "colspan" | "rowspan") => number(),
            _ => false,
        };
        if taken {
            set(out, attribute, value);
        }
    }
    if name == "a" {
        if find("target").is_some() {
            set(out, "target", "_blank");
        }
        set(out, "rel", "noopener noreferrer nofollow");
    }
    out.push('>');
}

/// Whether this is an address of the web, or one beside the page. Browsers overlook blanks and control characters, and so does
/// nothing here: with any in it, it is none.
fn is_link(address: &str) -> bool {
    if address.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return false;
    }
    match address.split_once(':') {
        // A colon further on belongs to a query or a path.
        Some((scheme, _)) if !scheme.contains(['/', '?', '#']) => {
            ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
        }
        _ => true,
    }
}

/// Whether this is an address of this server: pictures of others are not fetched.
fn is_own(address: &str) -> bool {
    let begins_elsewhere = address.get(..2).is_some_and(|two| two.bytes().all(|byte| byte == b'/' || byte == b'\\'));
    let has_scheme = address.split_once(':').is_some_and(|(scheme, _)| !scheme.contains(['/', '?', '#']));
    is_link(address) && !has_scheme && !begins_elsewhere
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No document may hold them.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push(' '),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests;
