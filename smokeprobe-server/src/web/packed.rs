//! What is compressed once, kept, and served to many.

use std::io::{self, Write};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Of brotli's 0 to 11. The highest takes ten times as long for the last tenth: well spent on the page's files, which are
/// packed once, one by one as they are asked for.
const SMALL_QUALITY: i32 = 11;

/// The quality of what is longer than this many bytes, as the outline of many targets.
const LARGE_QUALITY: i32 = 9;
const LARGE: usize = 64 * 1024;

/// A body in every form that is asked for.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    /// Weak, as the same body goes out compressed and not (RFC 9110, section 8.8.1).
    tag: HeaderValue,
    plain: Bytes,
    /// Missing where it would not be shorter, as of fonts.
    gzip: Option<Bytes>,
    brotli: Option<Bytes>,
}

impl Packed {
    /// Compresses `plain`, which has this version among all bodies of its address.
    pub(super) fn new(plain: Bytes, version: &str) -> Self {
        let shorter =
            |packed: io::Result<Vec<u8>>| packed.ok().filter(|packed| packed.len() < plain.len()).map(Bytes::from);
        let tag = HeaderValue::from_str(&format!("W/\"{version}\""));
        Self {
            tag: tag.unwrap_or_else(|_| HeaderValue::from_static("W/\"0\"")),
            gzip: shorter(gzip(&plain)),
            brotli: shorter(brotli(&plain)),
            plain,
        }
    }

    /// As it was given.
    #[cfg(test)]
    pub(super) const fn plain(&self) -> &Bytes {
        &self.plain
    }

    /// What a browser of today is sent.
    #[cfg(test)]
    pub(super) fn shortest(&self) -> &Bytes {
        self.brotli.as_ref().unwrap_or(&self.plain)
    }

    /// The answer to a request with these headers: a few bytes to a client that has this version already.
    pub(super) fn answer(&self, media_type: &'static str, caching: HeaderValue, headers: &HeaderMap) -> Response {
        let caching = [
            (header::ETAG, self.tag.clone()),
            (header::CACHE_CONTROL, caching),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
        ];
        let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
        if known.split(',').any(|known| known.trim().as_bytes() == self.tag.as_bytes()) {
            return (StatusCode::NOT_MODIFIED, caching).into_response();
        }
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(media_type))];
        match self.encoding(headers) {
            Some((name, body)) => {
                let encoding = [(header::CONTENT_ENCODING, HeaderValue::from_static(name))];
                (caching, kind, encoding, body.clone()).into_response()
            }
            None => (caching, kind, self.plain.clone()).into_response(),
        }
    }

    /// The shortest form that the client takes; none but the plain one, when it asked for none.
    fn encoding(&self, headers: &HeaderMap) -> Option<(&'static str, &Bytes)> {
        let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
        [("br", &self.brotli), ("gzip", &self.gzip)]
            .into_iter()
            .find_map(|(name, body)| body.as_ref().filter(|_| accepts(accepted, name)).map(|body| (name, body)))
    }
}

/// Whether an `Accept-Encoding` names `coding`, and not with a weight of zero (RFC 9110, section 12.5.3).
fn accepts(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|part| {
        let (name, parameter) = part.split_once(';').unwrap_or((part, ""));
        let weight = parameter.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok()).unwrap_or(1.0_f32);
        name.trim().eq_ignore_ascii_case(coding) && weight > 0.0
    })
}

fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    out.write_all(plain)?;
    out.finish()
}

fn brotli(mut plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let quality = if plain.len() > LARGE { LARGE_QUALITY } else { SMALL_QUALITY };
    let parameters = brotli::enc::BrotliEncoderParams { quality, ..Default::default() };
    brotli::BrotliCompress(&mut plain, &mut out, &parameters)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_with_a_weight_of_zero_are_not_accepted() {
        assert!(accepts("gzip, deflate, br;q=0.9", "br") && accepts("BR", "br"));
        assert!(!accepts("gzip, br;q=0", "br") && !accepts("gzip, br; q=0.0", "br") && !accepts("", "gzip"));
        assert!(!accepts("brotli", "br"));
    }

    #[test]
    fn every_form_unpacks_to_the_same_body() {
        let plain = Bytes::from("everything is said twice; ".repeat(50));
        let packed = Packed::new(plain.clone(), "1");
        let mut gzip = Vec::new();
        io::copy(&mut flate2::read::GzDecoder::new(&packed.gzip.as_ref().unwrap()[..]), &mut gzip).unwrap();
        let mut brotli = Vec::new();
        brotli::BrotliDecompress(&mut &packed.brotli.as_ref().unwrap()[..], &mut brotli).unwrap();
        assert_eq!((&gzip[..], &brotli[..]), (&plain[..], &plain[..]));
        assert!(packed.shortest().len() < plain.len());
    }

    #[test]
    fn what_does_not_get_shorter_goes_out_as_it_is() {
        let packed = Packed::new(Bytes::from_static(b"{}"), "1");
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("br, gzip"))]);
        assert!(packed.encoding(&headers).is_none());
    }
}
