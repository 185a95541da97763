//! The page: plain files, embedded in the program.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::ApiError;
use super::params::Name;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

pub(super) async fn page(headers: HeaderMap) -> Result<Response, ApiError> {
    answer("index.html", &headers)
}

pub(super) async fn asset(Name(path): Name, headers: HeaderMap) -> Result<Response, ApiError> {
    answer(&path, &headers)
}

fn answer(path: &str, headers: &HeaderMap) -> Result<Response, ApiError> {
    let file = Assets::get(path).ok_or_else(|| ApiError::not_found("the page has no such part"))?;
    let tag = tag(&file);
    // Asked again at each visit, answered with a few bytes while nothing changed: an upgrade is seen at once.
    let caching = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    if known.split(',').any(|known| known.trim().as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(media_type(path)))];
    Ok((caching, kind, file.data).into_response())
}

/// Weak, as the same file goes out compressed and not (RFC 9110, section 8.8.1).
fn tag(file: &EmbeddedFile) -> HeaderValue {
    let hash = file.metadata.sha256_hash();
    // A quarter of the hash tells the versions of one file apart.
    let short = hash.iter().take(8).fold(0_u64, |short, &byte| short << 8 | u64::from(byte));
    HeaderValue::from_str(&format!("W/\"{short:016x}\"")).unwrap_or_else(|_| HeaderValue::from_static("W/\"0\""))
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        Some((_, "json")) => "application/json",
        _ => "application/octet-stream",
    }
}
