//! Who may change something: whoever sits at this machine, and no page of another site in their browser.
//!
//! 1. The connection comes from a loopback address, and not through a proxy, which would say so.
//! 2. The request is meant for a loopback name: a name of another site that was made to point here is not one.
//! 3. A browser that says where the request comes from says: from here.
//! 4. What is sent is JSON, which a page of another site cannot send without asking first. `DELETE` needs no body: no
//!    form can send it.

use std::net::IpAddr;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use serde::de::DeserializeOwned;

use super::super::error::ApiError;
use super::super::serve::Peer;

/// Bytes of a request's body at most.
const MAX_BODY: usize = 64 * 1024;

/// Headers by which a proxy says that there is somebody behind it.
const PROXY: [&str; 6] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "x-client-ip", "via"];

/// Proof that whoever asks may change something.
#[derive(Debug)]
pub(in crate::web) struct Operator;

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let peer = parts.extensions.get::<Peer>().map(|Peer(address)| address.ip());
        match refusal(peer, &parts.method, &parts.headers) {
            None => Ok(Self),
            Some(why) => Err(ApiError::forbidden(why)),
        }
    }
}

/// A body in JSON from somebody who may send it.
#[derive(Debug)]
pub(in crate::web) struct Sent<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        Operator::from_request_parts(&mut parts, state).await?;
        let body: Bytes = to_bytes(body, MAX_BODY)
            .await
            .map_err(|_| ApiError::bad_body(format!("the body is longer than {MAX_BODY} bytes, or was cut off")))?;
        let body = serde_json::from_slice(&body);
        body.map(Self).map_err(|error| ApiError::bad_body(format!("the body is not what it should be: {error}")))
    }
}

/// Why a request may not change anything.
fn refusal(peer: Option<IpAddr>, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if !peer.is_some_and(|address| address.to_canonical().is_loopback()) {
        return Some("only from the machine itself may this be changed: connect to it by 127.0.0.1 or ::1");
    }
    if through_proxy(headers) {
        return Some("through a proxy nothing may be changed: connect to the server itself");
    }
    let Some(host) = text("host").filter(|host| is_loopback(host)) else {
        return Some("nothing may be changed by this name of the server: use localhost, 127.0.0.1 or [::1]");
    };
    let origin = text("origin").is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
    let site = text("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    if !origin || !site {
        return Some("a page of another site may not change anything here");
    }
    let json = text(header::CONTENT_TYPE.as_str()).is_some_and(|kind| {
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    });
    if !json && *method != Method::DELETE {
        return Some("what changes something is sent as JSON, with the header Content-Type: application/json");
    }
    None
}

/// Whether a proxy says that there is somebody behind it.
pub(in crate::web) fn through_proxy(headers: &HeaderMap) -> bool {
    PROXY.iter().any(|name| headers.contains_key(*name))
}

/// Whether a `Host` header names this machine for itself.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if port.is_empty() || port.starts_with(':') => address,
            _ => return false,
        },
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn refused(peer: &str, method: &Method, headers: &[(&'static str, &'static str)]) -> Option<&'static str> {
        let given =
            headers.iter().map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut all = HeaderMap::from_iter([
            (header::HOST, HeaderValue::from_static("127.0.0.1:8888")),
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]);
        for (name, value) in given {
            if value.is_empty() {
                all.remove(name)
            } else {
                all.insert(name, value)
            };
        }
        refusal(Some(peer.parse().unwrap()), method, &all)
    }

    #[test]
    fn whoever_sits_at_the_machine_may() {
        for peer in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(refused(peer, &Method::POST, &[]), None, "{peer}");
        }
        for host in ["localhost", "LOCALHOST:80", "[::1]:8888", "[::1]", "127.0.0.2"] {
            assert_eq!(refused("::1", &Method::POST, &[("host", host)]), None, "{host}");
        }
        let own_page = [("origin", "http://127.0.0.1:8888"), ("sec-fetch-site", "same-origin")];
        assert_eq!(refused("::1", &Method::POST, &own_page), None);
        assert_eq!(refused("::1", &Method::DELETE, &[("content-type", "")]), None);
    }

    #[test]
    fn whoever_comes_from_elsewhere_may_not() {
        for peer in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "0.0.0.0"] {
            assert!(refused(peer, &Method::POST, &[]).is_some(), "{peer}");
        }
        assert!(refusal(None, &Method::POST, &HeaderMap::new()).is_some());
        for headers in [
            // A name that was made to point here.
            [("host", "rebound.example:8888")],
            [("host", "127.0.0.1.example")],
            [("host", "localhost.example")],
            [("host", "[::1].example")],
            [("host", "")],
            [("origin", "http://evil.example")],
            [("origin", "http://127.0.0.1:9999")],
            [("origin", "null")],
            [("sec-fetch-site", "cross-site")],
            [("sec-fetch-site", "same-site")],
            [("x-forwarded-for", "127.0.0.1")],
            [("forwarded", "for=127.0.0.1")],
            [("content-type", "text/plain")],
            [("content-type", "application/x-www-form-urlencoded")],
            [("content-type", "")],
        ] {
            assert!(refused("127.0.0.1", &Method::POST, &headers).is_some(), "{headers:?}");
        }
        assert!(refused("127.0.0.1", &Method::DELETE, &[("sec-fetch-site", "cross-site")]).is_some());
    }
}
