//! One small HTTP client for every notifier that speaks HTTP: each request once, bounded in time, in what it reads, and in
//! what it shows.
//!
//! 1. A request ends within its time-out, and waits for a place at most as long again.
//! 2. A host that hangs holds at most [`PER_HOST`] places of [`AT_ONCE`], so that it delays nobody else.
//! 3. Redirects are not followed: a POST that is sent elsewhere is for the owner of the address to decide.
//! 4. Of an answer 64 KiB are read. Connections are not kept: one that the other side has closed meanwhile would fail a
//!    message.
//! 5. Errors and notes show of an address only `scheme://host:port/…`. Whatever of a request can be a secret is taken out
//!    of everything that is said about it.

mod answer;
mod coded;
mod failure;
mod request;
mod scrub;
mod service;
mod sign;
mod tls;

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use smokeprobe_core::{Clock, WallTime};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use super::DeliveryError;

pub use answer::Answer;
pub(super) use coded::Coded;
pub use request::Request;
use request::{Method, Ready};
pub use service::Service;
pub(super) use service::{encoded, json};
pub(super) use sign::{hmac_base64, hmac_hex};

/// How long a request may take where nobody says.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests at once.
pub const AT_ONCE: usize = 64;
/// Requests at once to one host and port.
pub const PER_HOST: usize = 4;

/// Bytes of an answer that are read. Our largest, a list of credentials, is below 4 KiB.
const ANSWER_AT_MOST: usize = 64 * 1024;
/// Beyond the time-out, for a thread that does not hold to it.
const GRACE: Duration = Duration::from_secs(1);

/// Sends requests. Clones share their places.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

/// How a [`Client`] reaches the world.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientOptions {
    /// A file of PEM certificates that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Through which proxy.
    pub proxy: ProxyChoice,
}

/// Through which proxy requests go.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum ProxyChoice {
    /// The first of `ALL_PROXY`, `HTTPS_PROXY` and `HTTP_PROXY`, in capitals or not, for every address that `NO_PROXY`
    /// does not except.
    #[default]
    Environment,
    /// Through none.
    Direct,
    /// Through this one, such as `http://proxy:3128`; the address may hold a password.
    At(String),
}

/// Why there is no answer. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The request cannot be sent as it is.
    #[error("{0}")]
    Unsendable(String),
    /// No answer came; trying again may help.
    #[error("{0}")]
    Failed(String),
}

struct Shared {
    agent: ureq::Agent,
    clock: Arc<dyn Clock>,
    places: Arc<Semaphore>,
    /// The places of each host and port that has a request under way.
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Client {
    /// A client. Fails when a file or an address among the options is of no use.
    pub fn new(clock: Arc<dyn Clock>, options: &ClientOptions) -> Result<Self, HttpError> {
        let proxy = match &options.proxy {
            ProxyChoice::Environment => ureq::Proxy::try_from_env(),
            ProxyChoice::Direct => None,
            ProxyChoice::At(address) => Some(ureq::Proxy::new(address).map_err(|_| {
                HttpError::Unsendable("the address of the proxy is not one, such as http://proxy:3128".into())
            })?),
        };
        let config = ureq::Agent::config_builder()
            .tls_config(tls::config(options.ca_file.as_deref())?)
            .proxy(proxy)
            .user_agent(concat!("smokeprobe/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .build();
        Ok(Self {
            shared: Arc::new(Shared {
                agent: config.new_agent(),
                clock,
                places: Arc::new(Semaphore::new(AT_ONCE)),
                hosts: Mutex::default(),
            }),
        })
    }

    /// The wall clock now, for signatures.
    pub fn now(&self) -> WallTime {
        self.shared.clock.wall()
    }

    /// Sends a request once and waits for the answer. Every status is an answer, redirects too.
    ///
    /// On a tokio runtime with its time enabled. Dropped, the request goes on in its thread until its time-out.
    pub async fn send(&self, request: Request) -> Result<Answer, HttpError> {
        let ready = request.ready()?;
        let limit = ready.timeout;
        let shown = shown(&ready.url);
        let places = tokio::time::timeout(limit, self.shared.places(&ready.url)).await.map_err(|_| {
            HttpError::Failed(format!(
                "cannot send to {shown}: other messages to it waited for answers and held every connection for {limit:?}"
            ))
        })?;
        let shared = Arc::clone(&self.shared);
        let exchange = tokio::task::spawn_blocking(move || {
            let answer = shared.exchange(&ready);
            // The places are free when the thread is, not when somebody stops to wait for it.
            drop(places);
            answer
        });
        match tokio::time::timeout(limit + GRACE, exchange).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(HttpError::Failed(format!("cannot send to {shown}: the sending was broken off"))),
            Err(_) => Err(HttpError::Failed(format!("no answer from {shown} within {limit:?}"))),
        }
    }
}

impl Shared {
    /// A place among the requests to this host, and one among all. Those of the host first: who waits for a slow host must
    /// not hold what others need.
    async fn places(&self, url: &Url) -> (Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>) {
        let host =
            format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        let host = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            // A host that only the map knows has nothing under way.
            hosts.retain(|_, places| Arc::strong_count(places) > 1);
            Arc::clone(hosts.entry(host).or_insert_with(|| Arc::new(Semaphore::new(PER_HOST))))
        };
        // The semaphores are never closed; were one, nobody would have to wait.
        let of_host = host.acquire_owned().await.ok();
        (of_host, Arc::clone(&self.places).acquire_owned().await.ok())
    }

    /// Blocks for at most the time-out.
    fn exchange(&self, ready: &Ready) -> Result<Answer, HttpError> {
        let failed = |error: &ureq::Error| failure::explain(error, ready, self.proxy(ready).as_deref());
        let answer = match ready.method {
            Method::Get => self.run(ready.request.clone().map(|_| ()), ready),
            Method::Put | Method::Post => self.run(ready.request.clone(), ready),
        }
        .map_err(|error| failed(&error))?;
        let (parts, body) = answer.into_parts();
        let mut bytes = Vec::new();
        let cut = match body.into_reader().take(ANSWER_AT_MOST as u64).read_to_end(&mut bytes) {
            Ok(_) if bytes.len() < ANSWER_AT_MOST => None,
            Ok(_) => Some("it is longer than 64 KiB".to_owned()),
            Err(error) => Some(match ureq::Error::from(error) {
                ureq::Error::Timeout(_) => "it did not end in time".to_owned(),
                error => failed(&error).to_string(),
            }),
        };
        let headers = parts.headers.iter();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: headers.map(|(name, value)| (name.to_string(), lossy(value.as_bytes()))).collect(),
            body: bytes,
            cut,
            came: self.clock.wall(),
            url: ready.url.clone(),
            scrub: ready.scrub.clone(),
        })
    }

    /// Through which proxy a request goes, without what can be secret of it.
    fn proxy(&self, ready: &Ready) -> Option<String> {
        let proxy = self.agent.config().proxy()?;
        let through = !ready.direct && !proxy.is_no_proxy(ready.request.uri());
        through.then(|| format!("{}:{}", proxy.host(), proxy.port()))
    }

    fn run(
        &self,
        request: ureq::http::Request<impl ureq::AsSendBody>,
        ready: &Ready,
    ) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        let limit = ready.timeout;
        let configured = self.agent.configure_request(request).timeout_global(Some(limit));
        // So that who reads of it knows what hung.
        let configured = configured.timeout_resolve(Some(limit / 2)).timeout_connect(Some(limit / 2));
        self.agent.run(if ready.direct { configured.proxy(None).build() } else { configured.build() })
    }
}

impl From<HttpError> for DeliveryError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Unsendable(reason) => Self::permanent(reason),
            HttpError::Failed(reason) => Self::transient(reason),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl fmt::Debug for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::Direct => "Direct",
            Self::At(_) => "At(…)",
        })
    }
}

/// An address without what can be secret of it.
fn shown(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{}://{host}:{port}/…", url.scheme()),
        (Some(host), None) => format!("{}://{host}/…", url.scheme()),
        (None, _) => format!("{}:…", url.scheme()),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
