//! The page: plain files, embedded in the program. A debug build reads them from the source tree at each request, so that
//! whoever works on them sees a change without a build.
//!
//! | address | caching |
//! |---|---|
//! | `/` | asked again at each visit, answered with a few bytes while nothing changed: an upgrade is seen at once |
//! | `/assets/<hash>/app.js`, as `/` links them | kept for a year: another version has another hash |
//! | `/assets/app.js` | as `/` |

mod packed;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::WebState;
use super::error::ApiError;
use super::params::Name;
use packed::Packed;

const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(super) async fn page(State(web): State<WebState>, headers: HeaderMap) -> Result<Response, ApiError> {
    let page = match packed::kept_page() {
        Some(page) => page,
        None => web.workers.run(|| packed::page().ok_or_else(missing)).await?,
    };
    Ok(answer(&page, "index.html", REVALIDATE, &headers))
}

pub(super) async fn asset(
    State(web): State<WebState>,
    Name(path): Name,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (hash, path) = versioned(&path).map_or((None, path.as_str()), |(hash, path)| (Some(hash), path));
    // Of a page from before an upgrade: it gets what there is now, and must not keep it.
    let caching = if hash.is_some_and(packed::is_current) { FOREVER } else { REVALIDATE };
    let file = if let Some(file) = packed::kept_file(path) {
        file
    } else {
        let path = path.to_owned();
        web.workers.run(move || packed::file(&path).ok_or_else(missing)).await?
    };
    Ok(answer(&file, path, caching, &headers))
}

fn missing() -> ApiError {
    ApiError::not_found("the page has no such part")
}

/// The hash that `path` begins with, and the rest.
fn versioned(path: &str) -> Option<(&str, &str)> {
    let (hash, rest) = path.split_once('/')?;
    let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (hash.len() == packed::HASH_DIGITS && hash.bytes().all(hexadecimal)).then_some((hash, rest))
}

fn answer(file: &Packed, path: &str, caching: HeaderValue, headers: &HeaderMap) -> Response {
    let caching =
        [(header::ETAG, file.tag.clone()), (header::CACHE_CONTROL, caching), (header::VARY, ACCEPT_ENCODING.clone())];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    if known.split(',').any(|known| known.trim().as_bytes() == file.tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(media_type(path)))];
    match encoding(file, headers) {
        Some((name, body)) => {
            let encoding = [(header::CONTENT_ENCODING, HeaderValue::from_static(name))];
            (caching, kind, encoding, body.clone()).into_response()
        }
        None => (caching, kind, file.plain.clone()).into_response(),
    }
}

const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("accept-encoding");

/// The shortest form that the client takes; none but the plain one, when it asked for none.
fn encoding<'a>(file: &'a Packed, headers: &HeaderMap) -> Option<(&'static str, &'a Bytes)> {
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    [("br", &file.brotli), ("gzip", &file.gzip)]
        .into_iter()
        .find_map(|(name, body)| body.as_ref().filter(|_| accepts(accepted, name)).map(|body| (name, body)))
}

/// Whether an `Accept-Encoding` names `coding`, and not with a weight of zero (RFC 9110, section 12.5.3).
fn accepts(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|part| {
        let (name, parameter) = part.split_once(';').unwrap_or((part, ""));
        let weight = parameter.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok()).unwrap_or(1.0_f32);
        name.trim().eq_ignore_ascii_case(coding) && weight > 0.0
    })
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        Some((_, "png")) => "image/png",
        Some((_, "woff2")) => "font/woff2",
        Some((_, "json")) => "application/json",
        // Licences of what others wrote have no ending.
        Some((_, "txt")) | None => "text/plain; charset=utf-8",
        Some((_, "md")) => "text/markdown; charset=utf-8",
        Some(_) => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_hash_is_taken_off_a_path() {
        assert_eq!(versioned("0123456789abcdef/lang/en.js"), Some(("0123456789abcdef", "lang/en.js")));
        for path in ["app.js", "lang/en.js", "0123456789abcde/app.js", "0123456789ABCDEF/app.js", "0123456789abcdef"] {
            assert_eq!(versioned(path), None, "{path}");
        }
    }

    #[test]
    fn encodings_with_a_weight_of_zero_are_not_accepted() {
        assert!(accepts("gzip, deflate, br;q=0.9", "br") && accepts("BR", "br"));
        assert!(!accepts("gzip, br;q=0", "br") && !accepts("gzip, br; q=0.0", "br") && !accepts("", "gzip"));
        assert!(!accepts("brotli", "br"));
    }
}
