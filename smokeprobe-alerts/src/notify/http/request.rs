//! A request: what is asked, and what of it is secret.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use url::Url;

use super::scrub::{self, Scrub};
use super::{DEFAULT_TIMEOUT, HttpError, shown};

/// One request, to be made with [`get`](Self::get), [`put`](Self::put) or [`post`](Self::post).
///
/// Path and query of its address and the values of its headers count as secrets; what else is one is said with
/// [`secret`](Self::secret).
#[derive(Clone)]
pub struct Request {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    timeout: Duration,
    secrets: Vec<String>,
    direct: bool,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Put,
    Post,
}

/// A request that can be sent: its parts fit each other.
pub(super) struct Ready {
    pub(super) request: ureq::http::Request<Vec<u8>>,
    pub(super) method: Method,
    pub(super) direct: bool,
    pub(super) timeout: Duration,
    pub(super) url: Url,
    pub(super) scrub: Scrub,
}

impl Request {
    /// Asks for what is there.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url.into(), Vec::new())
    }

    /// Puts a body there.
    pub fn put(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self::new(Method::Put, url.into(), body.into())
    }

    /// Posts a body there.
    pub fn post(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self::new(Method::Post, url.into(), body.into())
    }

    fn new(method: Method, url: String, body: Vec<u8>) -> Self {
        Self { method, url, headers: Vec::new(), body, timeout: DEFAULT_TIMEOUT, secrets: Vec::new(), direct: false }
    }

    /// With one more header. An earlier one of the same name gives way.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With another time-out than [`DEFAULT_TIMEOUT`]: for everything from resolving the name to the end of the answer.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// With a secret that must not be shown, should the other side repeat it.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secrets.push(secret.into());
        self
    }

    /// Past any proxy, for addresses that only this machine can reach, such as those of metadata services.
    #[must_use]
    pub fn direct(mut self) -> Self {
        self.direct = true;
        self
    }

    pub(super) fn ready(self) -> Result<Ready, HttpError> {
        let unsendable = |what: &str| HttpError::Unsendable(what.to_owned());
        let mut url = Url::parse(self.url.trim())
            .map_err(|_| unsendable("the address is not one: it must look like https://host/path"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(unsendable("the address must begin with https:// or http://"));
        }
        let mut scrub = Scrub::new(&url, &self.secrets);
        let mut headers = self.headers;
        // User and password in an address are sent as RFC 7617 has it.
        if !url.username().is_empty() || url.password().is_some() {
            let pair = [scrub::decoded(url.username()), scrub::decoded(url.password().unwrap_or_default())].join(":");
            headers.insert(0, ("authorization".into(), format!("Basic {}", BASE64_STANDARD.encode(pair))));
            // Neither fails for an address with a host, which these two schemes have.
            let _ = url.set_username("");
            let _ = url.set_password(None);
        }
        url.set_fragment(None);
        let method = match self.method {
            Method::Get => ureq::http::Method::GET,
            Method::Put => ureq::http::Method::PUT,
            Method::Post => ureq::http::Method::POST,
        };
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(url.as_str())
            .body(self.body)
            .map_err(|_| HttpError::Unsendable(format!("the address {} cannot be asked for", shown(&url))))?;
        for (name, value) in headers {
            let (Ok(key), Ok(content)) =
                (name.parse::<ureq::http::HeaderName>(), value.parse::<ureq::http::HeaderValue>())
            else {
                return Err(HttpError::Unsendable(format!(
                    "the header {name:?} cannot be sent: name or value has characters that headers cannot have"
                )));
            };
            scrub.header(&value);
            request.headers_mut().insert(key, content);
        }
        Ok(Ready { request, method: self.method, direct: self.direct, timeout: self.timeout, url, scrub })
    }
}

/// Without the address's path, headers, body and secrets.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = Url::parse(&self.url).map_or_else(|_| "…".to_owned(), |url| shown(&url));
        f.debug_struct("Request").field("method", &self.method).field("to", &place).finish_non_exhaustive()
    }
}
