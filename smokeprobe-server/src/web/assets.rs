//! The page: plain files, embedded in the program. A debug build reads them from the source tree at each request, so that
//! whoever works on them sees a change without a build. Comments of our scripts stay behind.
//!
//! | address | caching |
//! |---|---|
//! | `/` | asked again at each visit, answered with a few bytes while nothing changed: an upgrade is seen at once |
//! | `/assets/<hash>/app.js`, as `/` links them | kept for a year: another version has another hash |
//! | `/assets/app.js` | as `/` |

mod comments;
mod modules;
mod packed;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use super::WebState;
use super::error::ApiError;
use super::params::Name;

const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(super) async fn page(State(web): State<WebState>, headers: HeaderMap) -> Result<Response, ApiError> {
    let page = match packed::kept_page() {
        Some(page) => page,
        None => web.workers.run_patiently(|| packed::page().ok_or_else(missing)).await?,
    };
    Ok(page.answer(media_type("index.html"), REVALIDATE, &headers))
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
        web.workers.run_patiently(move || packed::file(&path).ok_or_else(missing)).await?
    };
    Ok(file.answer(media_type(path), caching, &headers))
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
}
