//! `*** Recipients ***`, and everybody else who is told: who is in the lists `to` and `alertee`, and on which terms.

mod address;
mod arn;
mod list;
mod section;
mod terms;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use smokeprobe_alerts::RecipientId;
use smokeprobe_alerts::notify::Secret;

use super::super::diagnostics::did_you_mean;
use super::super::grammar::no_table;
use super::super::lexer::blank;
use super::super::plan::{Recipient, Way};
use super::super::source::{FileKind, Span, Text};
use super::super::tree::{Section, clipped};
use super::Context;
pub(super) use address::secret;
use address::{Address, Fault};
pub(super) use terms::{DEFAULTS, Defaults, RATE, TIMEOUT};

/// A list names at most this many: each alert and each target keeps its own.
const MOST: usize = 100;

/// Everybody who is told of anything.
#[derive(Debug, Default)]
pub(super) struct Book {
    defaults: Defaults,
    /// The names of sections, good or bad: one that is bad is noted where it stands, not where it is named.
    names: BTreeSet<String>,
    all: BTreeMap<RecipientId, Recipient>,
    /// There is a section of recipients: then a word is meant as a name in it.
    has_section: bool,
}

impl Book {
    /// The book with the recipients that have a section.
    pub(super) fn read(section: Option<&Section>, defaults: Defaults, cx: &mut Context<'_>) -> Self {
        let mut book = Self { defaults, has_section: section.is_some(), ..Self::default() };
        let Some(section) = section else { return book };
        for (name, value) in &section.variables {
            super::unknown_variable(name, value, std::iter::empty, cx.problems);
        }
        no_table(&section.rows, cx.problems);
        for inner in &section.sections {
            book.names.insert(inner.name.text.clone());
            if let Some(recipient) = section::read(inner, &book.defaults, cx) {
                book.all.insert(RecipientId::new(&inner.name.text), recipient);
            }
        }
        book
    }

    /// Those in a list, each once. `what` is the variable, for messages.
    ///
    /// SmokePing looks at a list as a whole: it must start with `|` or end like a mail address. Where it would pass a
    /// list with a part that nobody can be told by, so do we, with a word about that part.
    pub(super) fn list(&mut self, what: &str, list: &Text, cx: &mut Context<'_>) -> Vec<RecipientId> {
        if list.text.is_empty() {
            cx.problems
                .error(list.span, format!("`{what}` must name somebody to tell, and is empty"))
                .help("write a mail address, or `|` and the path of a program");
            return Vec::new();
        }
        let folder = cx.folder(list);
        let lenient = !self.has_section && passes_of_old(&list.text);
        let mut found: Vec<RecipientId> = Vec::new();
        let parts = list::split(&list.text, |name| self.names.contains(name));
        if parts.len() > MOST {
            cx.problems
                .error(list.span, format!("this list has {} recipients, more than {MOST}", parts.len()))
                .help("let one of them be a mailing list or a topic");
            return Vec::new();
        }
        for range in parts {
            let (part, span) = (&list.text[range.clone()], list.part(range));
            match self.one(part, &folder) {
                Ok(Some((id, way))) => {
                    check_way(&way, span, cx);
                    let recipient = Recipient {
                        terms: self.defaults.terms(&way),
                        timeout: self.defaults.timeout(&way),
                        way,
                        endpoint: None,
                        secret: None,
                        headers: Vec::new(),
                        template: None,
                    };
                    self.all.entry(id.clone()).or_insert(recipient);
                    push(&mut found, id);
                }
                Ok(None) => push(&mut found, RecipientId::new(part)),
                Err(Fault { message, help }) if lenient => {
                    cx.problems.warn(span, format!("{message}; it is left out")).maybe(help);
                }
                Err(Fault { message, help }) => cx.problems.error(span, message).maybe(help),
            }
        }
        found
    }

    /// One of a list; `None` for the name of a section.
    fn one(&self, part: &str, folder: &Path) -> Result<Option<(RecipientId, Way)>, Fault> {
        if self.names.contains(part) {
            return Ok(None);
        }
        if part.is_empty() {
            let help = Some("take one of the commas away".to_owned());
            return Err(Fault { message: "nobody is named between two commas".to_owned(), help });
        }
        match address::read(part, folder)? {
            Address::Known { id, way } => Ok(Some((id, way))),
            Address::Word => {
                let help = did_you_mean(part, self.names.iter().map(String::as_str));
                let message = format!("there is no recipient section `{}`", clipped(part));
                let ways = "write a mail address, `|/path/program`, `sns:ARN`, `https://…`";
                let add = || format!("{ways}, or add `+ {}` to `*** Recipients ***`", clipped(part));
                Err(Fault { message, help: Some(help.unwrap_or_else(add)) })
            }
        }
    }

    /// Whether anybody of these is told by mail.
    pub(super) fn has_mail<'a>(&self, ids: impl IntoIterator<Item = &'a RecipientId>) -> bool {
        ids.into_iter().any(|id| self.all.get(id).is_some_and(|recipient| matches!(recipient.way, Way::Mail(_))))
    }

    /// Notes where somebody is told by a pager and nobody is asked to page them.
    pub(super) fn check_pagers(&self, span: Span, host: Option<&str>, cx: &mut Context<'_>) {
        if host.is_none() && self.all.values().any(|recipient| matches!(recipient.way, Way::Snpp(_))) {
            cx.problems
                .warn(span, "there is no `snpphost`: pages go to the machine itself")
                .help("add a line `snpphost = …` to `*** General ***`");
        }
    }

    /// Everybody.
    pub(super) fn finish(self) -> BTreeMap<RecipientId, Recipient> {
        self.all
    }
}

/// What one recipient outside of any configuration means, on the terms that hold by default.
pub(in super::super) fn single(text: &str) -> Result<(RecipientId, Recipient), String> {
    let fault = |Fault { message, help }| match help {
        Some(help) => format!("{message}; {help}"),
        None => message,
    };
    let mut book = Book::default();
    match book.one(text, Path::new("")).map_err(fault)? {
        Some((id, way)) => {
            let defaults = std::mem::take(&mut book.defaults);
            let (terms, timeout) = (defaults.terms(&way), defaults.timeout(&way));
            let (endpoint, secret, headers, template) = (None, None, Vec::new(), None);
            Ok((id, Recipient { way, terms, timeout, endpoint, secret, headers, template }))
        }
        None => Err("nobody is named".to_owned()),
    }
}

fn push(found: &mut Vec<RecipientId>, id: RecipientId) {
    if !found.contains(&id) {
        found.push(id);
    }
}

/// Whether SmokePing accepts the list.
fn passes_of_old(list: &str) -> bool {
    let address = |text: &str| {
        text.rsplit_once('@')
            .is_some_and(|(name, place)| !name.is_empty() && !place.is_empty() && !place.contains(blank))
    };
    let longer = |text: &str, start: &str| text.strip_prefix(start).is_some_and(|rest: &str| !rest.is_empty());
    let part = |text: &str| ["|", "snpp:", "xmpp:"].into_iter().any(|start| longer(text, start)) || address(text);
    longer(list, "|") || address(list) || list.split(',').all(|text| part(text.trim()))
}

/// Registers what is secret in it, and warns of what is missing on this machine.
fn check_way(way: &Way, span: Span, cx: &mut Context<'_>) {
    match way {
        Way::Exec(program) if program.components().count() > 1 => check_program(program, span, cx),
        Way::Webhook(secret)
        | Way::Dingtalk(secret)
        | Way::Feishu(secret)
        | Way::Wecom(secret)
        | Way::Slack(secret)
        | Way::Alertmanager(secret)
        | Way::Telegram { token: secret, .. } => check_secret(secret, span, cx),
        _ => {}
    }
}

fn check_program(program: &Path, span: Span, cx: &mut Context<'_>) {
    let shown = clipped(&program.to_string_lossy());
    match cx.files.kind(program) {
        FileKind::File { mode } if mode & 0o111 == 0 => {
            cx.problems.warn(span, format!("`{shown}` may not be run")).help(format!("chmod +x {shown}"));
        }
        FileKind::File { .. } => {}
        FileKind::Folder => {
            cx.problems.warn(span, format!("`{shown}` is a folder, not a program")).help("name a program");
        }
        FileKind::Missing => {
            let first = shown.split(blank).next().unwrap_or_default().to_owned();
            let whole = first == shown || cx.files.kind(Path::new(&first)) == FileKind::Missing;
            cx.problems.warn(span, format!("there is no program `{shown}`")).help(if whole {
                "put it there, readable and executable to the user that the server runs as".to_owned()
            } else {
                format!("everything after `|` is the path, there are no arguments: write `|{first}`")
            });
        }
    }
}

/// Whether a secret can be had. It is never read here: it may be another one by the time it is used.
pub(super) fn check_secret(secret: &Secret, span: Span, cx: &mut Context<'_>) {
    match secret {
        Secret::Plain(text) => cx.problems.hide(text),
        Secret::Env(name) if !cx.files.has_variable(name) => cx
            .problems
            .warn(span, format!("the environment variable `{}` is not set", clipped(name)))
            .help("set it where the server is started"),
        Secret::Env(_) => {}
        Secret::File(path) => {
            let shown = clipped(&path.to_string_lossy());
            match cx.files.kind(path) {
                FileKind::File { mode } if mode & 0o004 != 0 => cx
                    .problems
                    .warn(span, format!("everybody may read the secret in `{shown}`"))
                    .help(format!("chmod o-r {shown}")),
                FileKind::File { .. } => {}
                FileKind::Missing | FileKind::Folder => cx
                    .problems
                    .warn(span, format!("there is no file `{shown}` with a secret"))
                    .help("make it, readable to the server alone; its first line is the secret"),
            }
        }
    }
}
