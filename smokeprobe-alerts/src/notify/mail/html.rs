//! The HTML part of a mail: one event in full, or a table of several; then the graphs.
//!
//! All styles are inline and all pictures are parts of the mail: mail programs load nothing from elsewhere.

use std::fmt::Write as _;

use smokeprobe_core::SeriesId;

use crate::event::{Event, What};
use crate::notify::template::escape;
use crate::notify::text::{LISTED, stamp};

const CELL: &str = "padding:4px 12px 4px 0;vertical-align:top;text-align:left";

/// The page. `graphs` are the series with pictures, each with the `Content-ID` of its own.
pub(super) fn page(events: &[Event], graphs: &[(SeriesId, String)]) -> String {
    let mut html = String::from(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head>\n\
         <body style=\"font-family:sans-serif;font-size:14px;color:#222\">\n",
    );
    match events {
        [event] => one(&mut html, event),
        events => several(&mut html, events),
    }
    for (series, id) in graphs {
        let series = escape(&series.to_string());
        let _ = writeln!(
            html,
            "<p><img src=\"cid:{}\" alt=\"The last rounds of {series}\" style=\"max-width:100%\"></p>",
            escape(id)
        );
    }
    html + "</body></html>\n"
}

fn one(html: &mut String, event: &Event) {
    let facts = &event.facts;
    let _ = write!(html, "<h2 style=\"font-size:18px;color:{}\">{}</h2>\n<table>\n", color(event), headline(event));
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(html, "<tr><th style=\"{CELL}\">{name}</th><td style=\"{CELL}\">{value}</td></tr>");
        }
    };
    row("Time", &stamp(event.time));
    row("Title", &escape(&facts.title));
    row("Host", &escape(&facts.host));
    row("Because", &escape(&facts.reason));
    if event.what != What::Raised {
        row("Since", &stamp(event.since));
    }
    row("Rule", &escape(&facts.pattern));
    row("Comment", &escape(&facts.comment));
    row("Rounds", &[&facts.loss, &facts.rtt].map(|text| escape(text)).join("<br>"));
    html.push_str("</table>\n");
}

fn several(html: &mut String, events: &[Event]) {
    let _ = write!(html, "<h2 style=\"font-size:18px\">{} alerts</h2>\n<table>\n<tr>", events.len());
    for name in ["Time", "Alert", "Target", "Host", "Comment", "Because", "Rounds"] {
        let _ = write!(html, "<th style=\"{CELL}\">{name}</th>");
    }
    html.push_str("</tr>\n");
    for event in events.iter().take(LISTED) {
        let facts = &event.facts;
        let what =
            format!("<span style=\"color:{}\">{} {}</span>", color(event), escape(&event.alert), event.what_in_words());
        let target = format!("{}<br>{}", line(event), escape(&facts.title));
        let rounds = [&facts.loss, &facts.rtt].map(|text| escape(text)).join("<br>");
        html.push_str("<tr>");
        let texts = [&facts.host, &facts.comment, &facts.reason].map(|text| escape(text));
        for cell in [stamp(event.time), what, target].into_iter().chain(texts).chain([rounds]) {
            let _ = write!(html, "<td style=\"{CELL}\">{cell}</td>");
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</table>\n");
    if let more @ 1.. = events.len().saturating_sub(LISTED) {
        let _ = writeln!(html, "<p>and {more} more</p>");
    }
}

fn headline(event: &Event) -> String {
    format!("{} {} on {}", escape(&event.alert), event.what_in_words(), line(event))
}

/// The target, as a link where there is one.
fn line(event: &Event) -> String {
    let line = escape(&event.line());
    match event.facts.url.as_deref().filter(|url| url.starts_with("https://") || url.starts_with("http://")) {
        Some(url) => format!("<a href=\"{}\">{line}</a>", escape(url)),
        None => line,
    }
}

fn color(event: &Event) -> &'static str {
    match event.what {
        What::Raised | What::Active => "#b00020",
        What::Cleared => "#1b7f3b",
    }
}
