//! The layer before all addresses: who is it, and may they look?

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use smokeprobe_core::WallTime;

use super::super::error::ApiError;
use super::super::{WebState, legacy};
use super::seal::IDLE;
use super::session::with_cookie;
use super::visitor::{By, Visitor};
use super::{Access, Arrival};

/// The page as frames of other sites show it.
pub(in crate::web) const FRAME: &str = "/embed";

/// What asks a program for a password, and has a browser show its box for one.
const CHALLENGE: &str = "Basic realm=\"smokeprobe\", charset=\"UTF-8\"";

/// Nothing is fetched from elsewhere, nothing runs or is styled from within the page.
const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// The same in a frame of any site.
const FRAMED: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors *";

/// Everything that is no page: an SVG document opened on its own runs and fetches nothing at all.
const OTHER: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox";

/// Who is asked for at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Nobody.
    Open,
    /// Whoever it is comes in; what they find depends on who they are.
    Ajar,
    /// Those who may look come in.
    Closed,
}

impl Door {
    /// An address that is written in another way than here is closed.
    fn of(path: &str, access: &Access) -> Self {
        match path {
            "/" | "/healthz" => Self::Open,
            "/metrics" if access.options.open_metrics => Self::Open,
            "/api/v1/session" | "/readyz" => Self::Ajar,
            // A dynamic host proves itself by its secret.
            _ if legacy::is_old(path) => Self::Ajar,
            _ if path.starts_with("/assets/") => Self::Open,
            _ => Self::Closed,
        }
    }
}

/// Lets those in who may come in, and tells whatever lies behind who it is.
pub(in crate::web) async fn guard(State(web): State<WebState>, request: Request, next: Next) -> Response {
    let door = Door::of(request.uri().path(), &web.access);
    if door == Door::Open {
        return next.run(request).await;
    }
    let challenged = challenged(request.headers());
    let mut response = let_in(&web, door, request, next).await.unwrap_or_else(IntoResponse::into_response);
    if web.access.knows_people() && !web.access.options.open {
        keep_private(response.headers_mut());
    }
    if response.status() == StatusCode::UNAUTHORIZED && challenged {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
    }
    response
}

async fn let_in(web: &WebState, door: Door, request: Request, next: Next) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let (access, now) = (&web.access, web.clock.wall());
    let visitor = match access.identify(&parts, now, web.clock.mono()).await {
        Err(_) if door == Door::Ajar => access.anonymous(Arrival::of(&access.options, &parts), &parts.headers),
        visitor => visitor?,
    };
    if door == Door::Closed {
        visitor.viewing()?;
    }
    let renewed = access.renewed(&visitor, now);
    parts.extensions.insert(visitor);
    let response = next.run(Request::from_parts(parts, body)).await;
    match renewed {
        // Signing in and out have their own.
        Some(cookie) if !response.headers().contains_key(header::SET_COOKIE) => with_cookie(response, &cookie),
        _ => Ok(response),
    }
}

impl Access {
    /// The cookie of a session that is used, once it is worth a new one.
    fn renewed(&self, visitor: &Visitor, now: WallTime) -> Option<String> {
        let (Some(sign_ins), By::Cookie(session)) = (&self.users, &visitor.by) else { return None };
        let renewed = session.renewed(now)?;
        Some(sign_ins.cookie(&sign_ins.seals.seal(&renewed), IDLE, visitor.arrival.https))
    }
}

/// Whether to ask for a password by HTTP: a program, or a browser that was sent to an address of ours that is no page. Our page
/// has a form of its own, and a picture of ours in somebody else's page is no reason for a box there.
fn challenged(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let of_page = text("x-requested-with") == Some("smokeprobe");
    let sent_there = text("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
        && text("sec-fetch-dest").is_none_or(|dest| dest == "document");
    !of_page && sent_there
}

/// What only some may see is kept by no cache that serves others.
fn keep_private(headers: &mut HeaderMap) {
    let caching = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if caching.contains("no-store") || caching.contains("private") {
        return;
    }
    let caching = if caching.is_empty() || caching.contains("public") {
        "private, no-cache".to_owned()
    } else {
        format!("private, {caching}")
    };
    if let Ok(value) = HeaderValue::from_str(&caching) {
        headers.insert(header::CACHE_CONTROL, value);
    }
}

/// Says what an answer may do in a browser.
pub(in crate::web) async fn policy(request: Request, next: Next) -> Response {
    let framed = request.uri().path() == FRAME;
    let mut response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let policy = match kind {
        Some(kind) if kind.starts_with(b"text/html") => {
            if framed {
                FRAMED
            } else {
                PAGE
            }
        }
        // Nothing new came: what the browser has keeps its policy, and it must not be a stricter one.
        None if response.status() == StatusCode::NOT_MODIFIED => return response,
        _ => OTHER,
    };
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
