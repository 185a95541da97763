//! What a request must be like to change something, beside coming from somebody who may.
//!
//! 1. A browser that says where the request comes from says: from a page of this server. A page in a frame of another site
//!    changes nothing: whoever clicks there may not know where.
//! 2. What is sent is JSON, which a page of another site cannot send without asking first. `DELETE` needs no body: no
//!    form can send it.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use serde::de::DeserializeOwned;

use super::super::body;
use super::super::error::ApiError;
use super::visitor::{By, Visitor};
use super::{Arrival, guard};

/// Bytes of a request's body at most.
const MAX_BODY: usize = 64 * 1024;

/// Proof that whoever asks may change something.
#[derive(Debug)]
pub(in crate::web) struct Operator;

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        visitor.operating()?;
        of_own_page(&visitor, &parts.method, &parts.headers)?;
        Ok(Self)
    }
}

/// A body in JSON from somebody who may send it.
#[derive(Debug)]
pub(in crate::web) struct Sent<T>(pub(in crate::web) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        Operator::from_request_parts(&mut parts, state).await?;
        json(body).await.map(Self)
    }
}

/// What is in a body.
pub(super) async fn json<T: DeserializeOwned>(body: axum::body::Body) -> Result<T, ApiError> {
    let body = body::read(body, MAX_BODY, "body").await?;
    serde_json::from_slice(&body)
        .map_err(|error| ApiError::bad_body(format!("the body is not what it should be: {error}")))
}

/// Refused unless the request is one that a page of another site cannot make.
pub(super) fn of_own_page(visitor: &Visitor, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site");
    let by_machine = matches!(visitor.by, By::Machine);
    // The browser's own verdict needs no comparing of names, which proxies change. Whoever is known by nothing but sitting
    // here is believed less: a name of another site that points here is one site with itself.
    let origin = match text("origin") {
        _ if !by_machine && site == Some("same-origin") => true,
        None => true,
        Some(origin) if by_machine => text("host").is_some_and(|host| origin.strip_prefix("http://") == Some(host)),
        Some(origin) => is_own(origin, &visitor.arrival, headers),
    };
    if !origin || !site.is_none_or(|site| site == "same-origin" || site == "none") {
        return Err(ApiError::forbidden(
            "a page of another site may not change anything here; behind a proxy, let it hand on the Host header",
        ));
    }
    let in_frame = text("referer").and_then(|referer| referer.parse::<Uri>().ok());
    if in_frame.is_some_and(|page| page.path().ends_with(guard::FRAME)) {
        return Err(ApiError::forbidden("in a frame nothing may be changed: open the page itself"));
    }
    let json = text(header::CONTENT_TYPE.as_str()).is_some_and(|kind| {
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    });
    if !json && *method != Method::DELETE {
        return Err(ApiError::forbidden(
            "what changes something is sent as JSON, with the header Content-Type: application/json",
        ));
    }
    Ok(())
}

/// Whether an origin is this server, by the name that the request was sent to.
fn is_own(origin: &str, arrival: &Arrival, headers: &HeaderMap) -> bool {
    let Some((scheme @ ("http" | "https"), authority)) = origin.split_once("://") else { return false };
    let port = if scheme == "https" { ":443" } else { ":80" };
    let bare = |name: &str| name.strip_suffix(port).unwrap_or(name).to_ascii_lowercase();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    [host, arrival.host.as_deref()].into_iter().flatten().any(|host| bare(host) == bare(authority))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::http::{HeaderName, HeaderValue};

    use super::super::{Access, AccessOptions};
    use super::*;
    use crate::users::Role;
    use crate::web::serve::Peer;

    /// Why a change is refused that comes from `peer` with these headers, by the rules of a server without users.
    fn refused(peer: &str, method: &Method, headers: &[(&'static str, &'static str)]) -> Option<ApiError> {
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
        let mut request = Request::new(());
        *request.headers_mut() = all;
        let peer: IpAddr = peer.parse().unwrap();
        request.extensions_mut().insert(Peer((peer, 4711).into()));
        let (parts, ()) = request.into_parts();
        let access = Access::default();
        let visitor = access.anonymous(Arrival::of(&access.options, &parts), &parts.headers);
        visitor.operating().and_then(|()| of_own_page(&visitor, method, &parts.headers)).err()
    }

    #[tokio::test(start_paused = true)]
    async fn body_that_does_not_end_is_given_up() {
        let pending = futures_util::stream::pending::<Result<axum::body::Bytes, std::io::Error>>();
        let waited = json::<u8>(axum::body::Body::from_stream(pending));
        let answer = tokio::time::timeout(std::time::Duration::from_secs(60), waited).await;
        assert!(answer.expect("a bound in time").is_err());
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
            [("referer", "http://127.0.0.1:8888/embed?target=A.B")],
        ] {
            assert!(refused("127.0.0.1", &Method::POST, &headers).is_some(), "{headers:?}");
        }
        assert!(refused("127.0.0.1", &Method::DELETE, &[("sec-fetch-site", "cross-site")]).is_some());
        let rebound = [("host", "rebound.example"), ("origin", "http://rebound.example")];
        assert!(refused("127.0.0.1", &Method::POST, &rebound).is_some());
        let rebound = [("host", "localhost"), ("origin", "http://rebound.example"), ("sec-fetch-site", "same-origin")];
        assert!(refused("127.0.0.1", &Method::POST, &rebound).is_some());
    }

    #[test]
    fn page_by_the_public_name_is_the_servers_own() {
        let may = |trusted: bool, headers: &[(&'static str, &'static str)]| {
            let options = AccessOptions {
                trusted: if trusted { vec!["192.0.2.1".parse().unwrap()] } else { Vec::new() },
                ..AccessOptions::default()
            };
            let mut request = Request::new(());
            for &(name, value) in headers {
                request.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            request.extensions_mut().insert(Peer("192.0.2.1:4711".parse().unwrap()));
            let (parts, ()) = request.into_parts();
            let arrival = Arrival::of(&options, &parts);
            let visitor = Visitor::new(arrival, By::Proxy, Some("ann".into()), Some(Role::Operate));
            of_own_page(&visitor, &Method::POST, &parts.headers).is_ok()
        };
        let (host, inner) = (("host", "noc.example"), ("host", "127.0.0.1:8888"));
        let (origin, public) = (("origin", "https://noc.example"), ("x-forwarded-host", "noc.example"));
        assert!(may(false, &[host]), "programs send no origin");
        assert!(may(false, &[host, origin]) && may(false, &[("host", "NOC.example:443"), origin]));
        assert!(!may(false, &[("host", "noc.example:8443"), origin]));
        assert!(!may(false, &[inner, origin]));
        assert!(!may(false, &[inner, origin, public]), "only a trusted proxy says by which name it was asked");
        assert!(may(true, &[inner, origin, public]));
        assert!(may(false, &[inner, origin, ("sec-fetch-site", "same-origin")]), "the browser knows best");
        for (origin, site) in [
            ("https://evil.example", "cross-site"),
            ("https://wiki.noc.example", "same-site"),
            ("http://noc.example", "cross-site"),
        ] {
            assert!(!may(true, &[host, public, ("origin", origin), ("sec-fetch-site", site)]), "{origin}");
        }
        for origin in ["null", "file://", "https://evil.example", "noc.example", "ftp://noc.example"] {
            assert!(!may(true, &[host, public, ("origin", origin)]), "{origin}");
        }
    }
}
