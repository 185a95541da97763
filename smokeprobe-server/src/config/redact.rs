//! What is secret in a configuration is not in what is said about it.
//!
//! Diagnostics quote lines, and lines hold tokens and passwords. Two things find them, as either alone has gaps: the form
//! of a line, which is known even where the line is wrong, and the secrets that reading found, wherever they turn up.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::diagnostics::nearest;
use super::lexer::blank;
use super::source::Text;

/// Shorter secrets are sought by the form of the line alone: they would be found in every other word.
const SHORTEST: usize = 4;

/// So much text may be searched for secrets. What is not searched is hidden whole.
const SEARCHED: usize = 1 << 28;

/// A recipient, or something with its form.
static RECIPIENT: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)(?-u:\b)([a-z][a-z0-9+_-]*):([^\s,`<>]+)"));

/// Those whose rest is secret wherever they stand.
const SECRET_KINDS: [&str; 7] = ["dingtalk", "feishu", "wecom", "slack", "telegram", "webhook", "alertmanager"];

/// Those whose rest is not, in a list of recipients.
const OPEN_KINDS: [&str; 7] = ["snpp", "xmpp", "sns", "lambda", "env", "file", "arn"];

/// Variables with a secret. Whoever spells one wrong has not made it public.
const SECRET_NAMES: [&str; 4] = ["mailpass", "mailuser", "secret", "password"];

/// Variables that are spelt nearly so and hold none.
const OPEN_NAMES: [&str; 4] = ["secrets", "mailhost", "mailtls", "mailca"];

/// Variables whose web addresses are shown in graphs and pages, or measured.
const OPEN_ADDRESSES: [&str; 9] =
    ["cgiurl", "imgurl", "url", "urlformat", "host", "menuextra", "remark", "title", "menu"];

/// Hides secrets.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    secrets: BTreeSet<String>,
    searched: Cell<usize>,
}

impl Redactor {
    /// From now on this text is hidden.
    pub(super) fn hide(&mut self, secret: &str) {
        let secret = secret.trim_matches(blank);
        if let Some(colon) = secret.find("://").filter(|_| secret.starts_with("http")) {
            // Where it leads is no secret.
            for range in web_secrets(secret, colon + 1..secret.len()) {
                self.keep(&secret[range]);
            }
        } else {
            self.keep(secret);
        }
    }

    fn keep(&mut self, secret: &str) {
        if secret.chars().count() >= SHORTEST {
            self.secrets.insert(secret.to_owned());
        }
    }

    /// From now on all but the first word of a row is hidden.
    pub(super) fn hide_row(&mut self, row: &Text) {
        if let Some((_, rest)) = row.text.split_once(blank) {
            self.hide(rest);
            self.hide(rest.trim_matches(blank).trim_matches(['"', '\'']));
        }
    }

    /// A line of a file with each character of a secret as `*`, so that columns stay.
    pub(super) fn line<'a>(&self, line: &'a str) -> Cow<'a, str> {
        let ranges = self.secret_parts(line);
        let mut shown = String::new();
        let mut done = 0;
        for range in &ranges {
            shown.push_str(&line[done..range.start]);
            shown.extend(line[range.clone()].chars().map(|_| '*'));
            done = range.end;
        }
        if ranges.is_empty() { Cow::Borrowed(line) } else { Cow::Owned(shown + &line[done..]) }
    }

    /// A message about `line`, with each secret as `…`. What is quoted from a file stands between backticks.
    pub(super) fn message(&self, message: String, line: &str) -> String {
        let mut own: Vec<&str> = self.secret_parts(line).into_iter().map(|range| &line[range]).collect();
        // Without a blank before it, the last `=` ends the name, and a part of the value is in the name.
        own.extend(own.clone().into_iter().filter_map(|secret| secret.strip_suffix('=')));
        own.retain(|secret| secret.len() > 1);
        if own.is_empty() && self.secrets.is_empty() {
            return message;
        }
        let mut shown = String::with_capacity(message.len());
        for (number, piece) in message.split('`').enumerate() {
            if number > 0 {
                shown.push('`');
            }
            let mut ranges = self.remembered(piece);
            if number % 2 == 1 {
                ranges.extend(own.iter().flat_map(|secret| found(piece, secret)));
            }
            let mut done = 0;
            for range in merged(ranges) {
                shown.push_str(&piece[done..range.start]);
                shown.push('…');
                done = range.end;
            }
            shown.push_str(&piece[done..]);
        }
        shown
    }

    fn secret_parts(&self, text: &str) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        let variable = name(text);
        let is_list = variable.is_some_and(|name| name == "to" || nearest(name, ["alertee"]).is_some());
        let addresses_are_open = variable.is_some_and(|name| OPEN_ADDRESSES.contains(&name));
        let mut hidden = 0;
        for found in RECIPIENT.captures_iter(text) {
            let (Some(kind), Some(rest)) = (found.get(1), found.get(2)) else { continue };
            if rest.start() < hidden {
                continue;
            }
            let (word, value) = (kind.as_str().to_ascii_lowercase(), rest.as_str());
            let secret = SECRET_KINDS.contains(&word.as_str()) || (is_list && !OPEN_KINDS.contains(&word.as_str()));
            if matches!(word.as_str(), "http" | "https") {
                ranges.extend(if addresses_are_open { Vec::new() } else { web_secrets(text, rest.range()) });
            } else if secret && (value.starts_with("http://") || value.starts_with("https://")) {
                let start = rest.start() + value.find(':').map_or(0, |colon| colon + 1);
                ranges.extend(web_secrets(text, start..rest.end()));
            } else if secret && !elsewhere(value) {
                ranges.push(rest.range());
            }
            hidden = ranges.last().map_or(hidden, |range| hidden.max(range.end));
        }
        ranges.extend(own_value(text));
        ranges.extend(self.remembered(text));
        merged(ranges)
    }

    /// Where secrets that reading found stand in a text.
    fn remembered(&self, text: &str) -> Vec<Range<usize>> {
        let searched = self.searched.get().saturating_add(self.secrets.len().saturating_mul(text.len()));
        self.searched.set(searched);
        if searched > SEARCHED {
            return std::iter::once(0..text.len()).collect();
        }
        self.secrets.iter().flat_map(|secret| found(text, secret)).collect()
    }
}

/// Where a secret stands in a text, also where its end is cut off with `…`.
fn found(text: &str, secret: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<_> = text.match_indices(secret).map(|(at, part)| at..at + part.len()).collect();
    for (cut, _) in text.match_indices('…') {
        let starts = text[..cut].char_indices().map(|(at, _)| at);
        ranges.extend(starts.map(|at| at..cut).find(|range| secret.starts_with(&text[range.clone()])));
    }
    ranges
}

/// The secret is in the environment or in a file, and where is no secret.
fn elsewhere(value: &str) -> bool {
    value.starts_with("env:") || value.starts_with("file:")
}

/// The name of the variable that a line sets.
fn name(line: &str) -> Option<&str> {
    let (name, _) = line.split_once('=')?;
    Some(name.trim_matches(blank))
}

/// The value of a variable with a secret, or what follows its name where the `=` was forgotten.
fn own_value(line: &str) -> Option<Range<usize>> {
    let start = line.len() - line.trim_start_matches(blank).len();
    let end = line[start..].find(|c| c == '=' || blank(c)).map_or(line.len(), |at| start + at);
    let equals = line[start..].find('=').map(|at| start + at);
    // `mail pass = …`: whoever puts a blank into the name means the name without it.
    let whole = equals.map(|equals| line[start..equals].replace([' ', '\t', '_', '-'], ""));
    let secret = |name: &str| !OPEN_NAMES.contains(&name) && nearest(name, SECRET_NAMES).is_some();
    let from = if equals.is_some_and(|_| whole.as_deref().is_some_and(secret)) {
        equals? + 1
    } else if equals.is_none() && secret(&line[start..end]) {
        end
    } else {
        return None;
    };
    let value = line[from..].trim_start_matches(blank);
    let from = line.len() - value.len();
    let value = value.trim_end_matches(blank);
    (!value.is_empty() && !elsewhere(value)).then(|| from..from + value.len())
}

/// User, password, path and query of the web address whose part after `http:` is at `range`.
fn web_secrets(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let part = &text[range.clone()];
    let Some(rest) = part.strip_prefix("//") else { return Vec::new() };
    let start = range.start + 2;
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let mut ranges = Vec::new();
    if let Some(at) = rest[..host_end].rfind('@') {
        ranges.push(start..start + at);
    }
    if !matches!(&rest[host_end..], "" | "/") {
        // A comma may go on with the address; what follows it up to a blank is hidden too.
        let tail = match text[range.end..].strip_prefix(',').filter(|rest| !rest.starts_with(blank)) {
            Some(rest) => rest.find(blank).map_or(text.len(), |at| range.end + 1 + at),
            None => range.end,
        };
        ranges.push(start + host_end + usize::from(rest[host_end..].starts_with('/'))..tail);
    }
    ranges
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

fn regex(pattern: &str) -> Regex {
    // A constant that the tests compile.
    Regex::new(pattern).expect("a regular expression")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_by_the_form_of_their_line() {
        let redactor = Redactor::default();
        for (line, shown) in [
            ("to = dingtalk:s3cret, a@b", "to = dingtalk:******, a@b"),
            ("  too = Slack:T0/B0/x", "  too = Slack:*******"),
            ("to = dingtak:s3cret", "to = dingtak:******"),
            ("to = dingtalk:env:TOKEN,wecom:file:/run/x", "to = dingtalk:env:TOKEN,wecom:file:/run/x"),
            ("to = sns:arn:aws:sns:x, lambda:pager, snpp:1", "to = sns:arn:aws:sns:x, lambda:pager, snpp:1"),
            ("to = https://a.example/s3cret?k=1", "to = https://a.example/**********"),
            ("to = https://u:p@a.example/, b@c", "to = https://***@a.example/, b@c"),
            ("to = https://a.example/s3?a=1,2,b@c d", "to = https://a.example/************ d"),
            ("to = https://a.example/s3, b@c", "to = https://a.example/**, b@c"),
            ("to = alertmanager:http://am:9093/s3", "to = alertmanager:http://am:9093/**"),
            ("mailpass = hunter2 and more", "mailpass = ****************"),
            ("mailpas=hunter2", "mailpas=*******"),
            ("mail pass = hunter2", "mail pass = *******"),
            ("mailpass hunter2", "mailpass *******"),
            ("mailpass = env:MAILPASS", "mailpass = env:MAILPASS"),
            ("\tsecret = SEC0", "\tsecret = ****"),
            ("secrets = /etc/smokeping/secrets", "secrets = /etc/smokeping/secrets"),
            ("mailhost = mail.example.net", "mailhost = mail.example.net"),
            ("cgiurl = https://a.example/cgi", "cgiurl = https://a.example/cgi"),
            ("host = https://a.example/x", "host = https://a.example/x"),
            ("comment = 12:30 is late", "comment = 12:30 is late"),
        ] {
            assert_eq!(redactor.line(line), shown);
        }
    }

    #[test]
    fn secrets_that_were_found_are_hidden_wherever_they_turn_up() {
        let mut redactor = Redactor::default();
        redactor.hide("s3cret-long");
        redactor.hide("abc");
        redactor.hide("https://ann:word@hooks.example/path");
        assert_eq!(redactor.line("x https://hooks.example/path, ann:word"), "x https://hooks.example/****, ********");
        assert_eq!(redactor.line("@define TOKEN s3cret-long"), "@define TOKEN ***********");
        let message = |text: &str, line| redactor.message(text.to_owned(), line);
        assert_eq!(
            message("`x=s3cret-long` is nothing, nor is `abc`, nor `a s3cret…=`", ""),
            "`x=…` is nothing, nor is `abc`, nor `a ……=`"
        );
        assert_eq!(message("write `secret = uvw=`, such as uvw", "secret=uvw="), "write `secret = …`, such as uvw");
        assert_eq!(message("there is no `secret=uvw` here", "secret=uvw="), "there is no `secret=…` here");
        assert_eq!(message("write `telegram:TOKEN/CHAT`", "to = telegram:s3"), "write `telegram:TOKEN/CHAT`");
    }
}
