//! What a request to an old address says, in its query or its form.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, header};

use super::super::body;
use super::super::error::ApiError;
use super::super::params::Params;

/// Parameters that mean something. Others are ignored, as SmokePing ignores them: old links carry all sorts of them.
const KNOWN: [&str; 13] = [
    "target",
    "hierarchy",
    "filter",
    "displaymode",
    "start",
    "end",
    "epoch_start",
    "epoch_end",
    "title",
    "width",
    "height",
    "secret",
    "slave",
];

/// Bytes of a query at most, and of a form.
const MAX_LEN: usize = 8 * 1024;

/// The parameters of the query and, of a POST, those of its form.
pub(super) async fn read(parts: &Parts, body: Body) -> Result<Params, ApiError> {
    let query = parts.uri.query().unwrap_or_default();
    if query.len() > MAX_LEN {
        return Err(ApiError::bad_parameter("", format!("the part after ? is longer than {MAX_LEN} bytes")));
    }
    let mut pairs = pairs(query)?;
    if parts.method == Method::POST {
        pairs.extend(self::pairs(&form(parts, body).await?)?);
    }
    let mut known: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs {
        let Some(name) = KNOWN.into_iter().find(|known| *known == name) else { continue };
        if known.iter().any(|(earlier, _)| earlier == name) {
            return Err(ApiError::bad_parameter(name, "is given twice"));
        }
        known.push((name.to_owned(), value));
    }
    Ok(Params::from(known))
}

async fn form(parts: &Parts, body: Body) -> Result<String, ApiError> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.is_empty() && !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let message = "send the parameters as a form: Content-Type: application/x-www-form-urlencoded";
        return Err(ApiError::bad_body(message));
    }
    let bytes = body::read(body, MAX_LEN, "form").await?;
    String::from_utf8(bytes.into()).map_err(|_| ApiError::bad_body("the form is not made of UTF-8"))
}

/// `name=value`, separated by `;` or `&`.
fn pairs(text: &str) -> Result<Vec<(String, String)>, ApiError> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name).ok_or_else(|| not_text(""))?;
        let value = decoded(value).ok_or_else(|| not_text(&name))?;
        Ok((name, value))
    };
    text.split([';', '&']).filter(|text| !text.is_empty()).map(pair).collect()
}

fn not_text(name: &str) -> ApiError {
    let name: String = name.chars().take(40).collect();
    ApiError::bad_parameter(name, "is not UTF-8 text without control characters, with %XX for special ones")
}

/// Takes the URL encoding away. `None` of what is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
                u8::try_from(high << 4 | low).ok()?
            }
            byte => byte,
        });
    }
    let plain = String::from_utf8(plain).ok()?;
    (!plain.contains(char::is_control)).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_separators_separate() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let read =
            pairs("target=A.B~x;displaymode=n&start=2026-11-22%2010:00;;end=now;Generate%21=Generate%21&_").unwrap();
        let wanted = [
            pair("target", "A.B~x"),
            pair("displaymode", "n"),
            pair("start", "2026-11-22 10:00"),
            pair("end", "now"),
            pair("Generate!", "Generate!"),
            pair("_", ""),
        ];
        assert_eq!(read, wanted);
        assert_eq!(pairs("filter=%E5%8C%97+%e4%ba%ac").unwrap(), [pair("filter", "北 京")]);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for text in ["%", "%4", "%zz", "%ff%fe", "%00", "a%0d%0aSet-Cookie:x", "%+1", "%é"] {
            assert_eq!(decoded(text), None, "{text}");
            assert!(pairs(&format!("target={text}")).is_err(), "{text}");
        }
    }
}
