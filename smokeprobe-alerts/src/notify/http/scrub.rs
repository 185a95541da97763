//! Takes out of a text what was secret of a request.

use url::Url;

/// Shorter pieces of addresses are words, not secrets; and taking them out would leave nothing to read.
const SHORTEST: usize = 10;
/// The same of headers, which hold fewer words.
const SHORTEST_IN_HEADER: usize = 6;
/// Of what the other side said this many bytes are shown.
const SHOWN: usize = 512;

/// The secrets of a request, in every form in which they may come back.
#[derive(Clone)]
pub(super) struct Scrub {
    /// Longest first, so that one that holds another goes as a whole.
    secrets: Vec<String>,
}

impl Scrub {
    /// Of a request to this address with these secrets.
    pub(super) fn new(url: &Url, secrets: &[String]) -> Self {
        let mut scrub = Self { secrets: Vec::new() };
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            scrub.add(secret);
        }
        let query = url.query_pairs().map(|(_, value)| value.into_owned());
        let path = url.path().split('/').map(str::to_owned);
        let rest = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        for piece in query.chain(path).chain([rest]).filter(|piece| piece.len() >= SHORTEST) {
            scrub.add(&piece);
        }
        for piece in [url.username(), url.password().unwrap_or_default()] {
            if !piece.is_empty() {
                scrub.add(&decoded(piece));
            }
        }
        scrub.sort();
        scrub
    }

    /// A header's value is secret too, and so is each word of it, such as that after `Bearer`.
    pub(super) fn header(&mut self, value: &str) {
        for piece in value.split_whitespace().chain([value]).filter(|piece| piece.len() >= SHORTEST_IN_HEADER) {
            // What everybody sends is no secret.
            if !["application/", "text/", "charset=", "Bearer", "bearer"].iter().any(|word| piece.starts_with(word)) {
                self.add(piece);
            }
        }
        self.sort();
    }

    /// The text without secrets.
    pub(super) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "…");
            }
        }
        text
    }

    /// The beginning of what the other side said, in one line, without secrets. `whole`: nothing is missing at its end.
    pub(super) fn excerpt(&self, bytes: &[u8], whole: bool) -> String {
        // Of a secret that was cut in two the first half would not be found.
        let longest = if whole { 0 } else { self.secrets.first().map_or(0, String::len) };
        let text = String::from_utf8_lossy(&bytes[..bytes.len().saturating_sub(longest)]);
        let mut line = String::new();
        for word in
            self.clean(&text).split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty())
        {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            if line.len() > SHOWN {
                let end = (0..=SHOWN).rev().find(|&end| line.is_char_boundary(end)).unwrap_or(0);
                line.truncate(end);
                line.push('…');
                break;
            }
        }
        line
    }

    fn add(&mut self, secret: &str) {
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let quoted = serde_json::Value::from(secret).to_string();
        let forms = [decoded(secret), encoded, quoted[1..quoted.len() - 1].to_owned(), secret.to_owned()];
        self.secrets.extend(forms);
    }

    fn sort(&mut self) {
        self.secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.secrets.dedup();
    }
}

/// A part of an address as it was meant (RFC 3986, 2.1).
pub(super) fn decoded(piece: &str) -> String {
    let mut bytes = Vec::with_capacity(piece.len());
    let mut rest = piece.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (first, digit(0), digit(1)) {
            bytes.push((high * 16 + low) as u8);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrub(url: &str, secrets: &[&str]) -> Scrub {
        let secrets: Vec<String> = secrets.iter().map(|&secret| secret.to_owned()).collect();
        Scrub::new(&Url::parse(url).unwrap(), &secrets)
    }

    #[test]
    fn path_query_and_said_secrets_go_in_every_form() {
        let scrub = scrub("https://u:pa%20ss@h.example/hooks/T0123456789?key=a+b%2Fc%3Dd%22efgh", &["s/1"]);
        let said = r#"T0123456789 a b/c=d"efgh a+b%2Fc%3Dd%22efgh a b/c=d\"efgh pa ss s/1 s%2F1 hooks"#;
        assert_eq!(scrub.clean(said), "… … … … … … … hooks");
    }

    #[test]
    fn a_header_goes_with_and_without_its_scheme() {
        let mut scrub = scrub("https://h.example/", &[]);
        scrub.header("Bearer 0123456789abc");
        assert_eq!(scrub.clean("bad token 0123456789abc in Bearer 0123456789abc"), "bad token … in Bearer …");
    }

    #[test]
    fn an_excerpt_is_one_short_line_and_shows_no_half_of_a_secret() {
        let scrub = scrub("https://h.example/", &["0123456789abcdef"]);
        assert_eq!(scrub.excerpt(b"a\r\n\tb\x1b[31m\0c", true), "a b [31m c");
        let long = "字 ".repeat(1000);
        let line = scrub.excerpt(long.as_bytes(), true);
        assert!(line.len() <= SHOWN + '…'.len_utf8() && line.ends_with('…'), "{}", line.len());
        assert!(!scrub.excerpt(b"the token is 0123456789abcd", false).contains("0123"));
    }
}
