//! HTML as people write it in a configuration → text, starts and ends of elements.

/// A piece of HTML. Names are in lower case, characters are what their references stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Start(String, Vec<(String, String)>),
    End(String),
}

/// Attributes of an element at most.
const ATTRIBUTES: usize = 32;

/// The references by name that people use, and those by which letters of a scheme could be hidden.
const NAMED: [(&str, &str); 39] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", "\u{a0}"),
    ("colon", ":"),
    ("Tab", "\t"),
    ("NewLine", "\n"),
    ("sol", "/"),
    ("copy", "©"),
    ("reg", "®"),
    ("deg", "°"),
    ("micro", "µ"),
    ("middot", "·"),
    ("bull", "•"),
    ("hellip", "…"),
    ("ndash", "–"),
    ("mdash", "—"),
    ("larr", "←"),
    ("uarr", "↑"),
    ("rarr", "→"),
    ("darr", "↓"),
    ("times", "×"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("agrave", "à"),
    ("ccedil", "ç"),
    ("eacute", "é"),
    ("egrave", "è"),
    ("ntilde", "ñ"),
    ("Auml", "Ä"),
    ("Ouml", "Ö"),
    ("Uuml", "Ü"),
    ("yen", "¥"),
    ("auml", "ä"),
    ("ouml", "ö"),
    ("uuml", "ü"),
    ("szlig", "ß"),
];

/// The pieces of `text`, in order. Comments and declarations are none; what looks like an element and is none is text.
pub(super) fn parts(text: &str) -> Vec<Part> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        push_text(&rest[..at], &mut found);
        let tail = &rest[at..];
        if let Some((part, after)) = piece(tail) {
            found.extend(part);
            rest = after;
        } else {
            push_text("<", &mut found);
            rest = &tail[1..];
        }
    }
    push_text(rest, &mut found);
    found
}

fn push_text(text: &str, found: &mut Vec<Part>) {
    if !text.is_empty() {
        found.push(Part::Text(decoded(text)));
    }
}

/// What begins with `<`, and what follows it. A comment or a declaration is nothing. One that does not end takes all the rest.
fn piece(text: &str) -> Option<(Option<Part>, &str)> {
    if let Some(comment) = text.strip_prefix("<!--") {
        return Some((None, comment.split_once("-->").map_or("", |(_, after)| after)));
    }
    if text.starts_with("<!") || text.starts_with("<?") {
        return Some((None, text.split_once('>').map_or("", |(_, after)| after)));
    }
    let (end, body) = match text.strip_prefix("</") {
        Some(body) => (true, body),
        None => (false, &text[1..]),
    };
    if !body.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let length = body.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>').unwrap_or(body.len());
    let name = body[..length].to_ascii_lowercase();
    let (attributes, after) = attributes(&body[length..]);
    Some((Some(if end { Part::End(name) } else { Part::Start(name, attributes) }), after))
}

/// The attributes up to `>`, and what follows that.
fn attributes(mut text: &str) -> (Vec<(String, String)>, &str) {
    let mut found = Vec::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if text.is_empty() {
            return (found, "");
        }
        if let Some(after) = text.strip_prefix('>') {
            return (found, after);
        }
        // A name may begin with `=`, and has none later.
        let length = text
            .char_indices()
            .skip(1)
            .find(|(_, c)| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '='))
            .map_or(text.len(), |(at, _)| at);
        let name = text[..length].to_ascii_lowercase();
        text = &text[length..];
        let mut value = String::new();
        let after_blanks = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
        if let Some(rest) = after_blanks.strip_prefix('=') {
            let (raw, after) = raw_value(rest.trim_start_matches(|c: char| c.is_ascii_whitespace()));
            value = decoded(raw);
            text = after;
        }
        if found.len() < ATTRIBUTES {
            found.push((name, value));
        }
    }
}

fn raw_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            return rest.split_once(quote).unwrap_or((rest, ""));
        }
    }
    let length = text.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(text.len());
    text.split_at(length)
}

/// Text with what its references stand for. One that is not known stays as it is written.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((meaning, length)) = reference(rest) {
            out.push_str(&meaning);
            rest = &rest[length..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// What a reference at the start stands for, and how long it is.
fn reference(text: &str) -> Option<(String, usize)> {
    let body = &text[1..];
    if let Some(digits) = body.strip_prefix('#') {
        let (radix, digits, head) = match digits.strip_prefix(['x', 'X']) {
            Some(digits) => (16, digits, 3),
            None => (10, digits, 2),
        };
        let length = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
        if length == 0 {
            return None;
        }
        // What is no character is shown as one that is missing.
        let number = u32::from_str_radix(&digits[..length], radix).ok();
        let meaning = number.filter(|number| *number != 0).and_then(char::from_u32).unwrap_or('\u{fffd}');
        let semicolon = usize::from(digits[length..].starts_with(';'));
        return Some((meaning.to_string(), head + length + semicolon));
    }
    let (name, _) = body.split_once(';')?;
    let (_, meaning) = NAMED.iter().find(|(known, _)| *known == name)?;
    Some(((*meaning).to_owned(), name.len() + 2))
}
