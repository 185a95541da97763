//! `/api/v1/outline`: what the configuration says. It changes only with the plan: made and compressed once for each, and
//! then served from memory.

mod section;
mod shape;

use std::io::Write as _;
use std::sync::OnceLock;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::WebState;
use super::error::ApiError;
use super::params::Params;
use crate::config::Plan;

/// What the page is told of a plan.
#[derive(Debug)]
pub(super) struct Outline {
    id: String,
    body: Bytes,
    gzip: OnceLock<Bytes>,
}

pub(super) async fn outline(
    State(web): State<WebState>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    params.only(&[])?;
    let gzip = accepts_gzip(&headers);
    let workers = web.workers.clone();
    workers.run(move || web.index().outline().answer(&headers, gzip)).await
}

impl Outline {
    pub(super) fn new(plan: &Plan) -> Self {
        let write = |id: &str| {
            // Types of ours, whose serialization has no errors.
            serde_json::to_vec(&shape::Outline::of(plan, id)).unwrap_or_default()
        };
        let hash = Sha256::digest(write(""));
        // A quarter of the hash tells the plans of one server apart.
        let id = hash.iter().take(8).fold(String::new(), |id, byte| format!("{id}{byte:02x}"));
        let body = write(&id).into();
        Self { id, body, gzip: OnceLock::new() }
    }

    /// The plan by a name: 16 hexadecimal digits, the same for all plans with the same outline.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn gzip(&self) -> Bytes {
        let packed = || {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            // A `Vec` takes whatever is written.
            let written = encoder.write_all(&self.body).and_then(|()| encoder.finish());
            written.unwrap_or_default().into()
        };
        self.gzip.get_or_init(packed).clone()
    }

    fn answer(&self, headers: &HeaderMap, gzip: bool) -> Result<Response, ApiError> {
        // Weak, as the same outline goes out compressed and not (RFC 9110, section 8.8.1).
        let tag = format!("W/\"{}\"", self.id);
        let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
        let unchanged = known.split(',').any(|known| known.trim() == tag || known.trim() == "*");
        let tag = HeaderValue::from_str(&tag).map_err(|_| ApiError::internal("the plan has no name"))?;
        let caching = [
            (header::ETAG, tag),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
        ];
        if unchanged {
            return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
        }
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        if gzip {
            let encoding = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
            return Ok((caching, kind, encoding, self.gzip()).into_response());
        }
        Ok((caching, kind, self.body.clone()).into_response())
    }
}

/// Whether a client takes gzip: it names it, and not with `q=0` (RFC 9110, section 12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = named.flat_map(|value| value.split(',')).map(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse::<f64>);
        (name, weight.is_ok_and(|weight| weight > 0.0))
    });
    codings.any(|(name, wanted)| wanted && (name.eq_ignore_ascii_case("gzip") || name == "*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_goes_to_those_who_take_it() {
        let takes = |accepted: &'static str| {
            accepts_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))]))
        };
        for accepted in ["gzip", "br, GZIP;q=0.5", "deflate, *", "gzip ; q=1"] {
            assert!(takes(accepted), "{accepted}");
        }
        for refused in ["", "br", "gzip;q=0", "gzip;q=0.0, br", "gzip;q=much", "identity"] {
            assert!(!takes(refused), "{refused}");
        }
    }
}
