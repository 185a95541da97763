//! HTTP and HTTPS requests, phase by phase.

mod body;
mod fetch;
mod stamped;
mod target;
mod times;

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hyper::StatusCode;
use hyper::header::HeaderMap;
use rustls::ClientConfig;
use url::Url;

use self::fetch::{Failure, Fetch, Response};
use super::ConnectOptions;
use crate::net::budget::Budget;
use crate::net::tls::{self, Trust};
use crate::probe::{OneShot, Pace, Paced, Probe, ProbeDescriptor, ProbeError, RoundCx};
use crate::round::{LossReason, Outcome, Phases};
use crate::target::Host;

/// What to fetch, and which answers count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HttpOptions {
    /// What the connecting probes have in common.
    pub connect: ConnectOptions,
    /// The URLs to fetch one after another for one sample; their times add up. `%host%` stands for the round's host.
    pub urls: Vec<String>,
    /// The `User-Agent` header. `None`: `smokeprobe/<version>`.
    pub agent: Option<String>,
    /// More request headers.
    pub headers: Vec<(String, String)>,
    /// Follow up to this many redirects.
    pub redirects: u8,
    /// Count the time of redirects.
    pub time_redirects: bool,
    /// Accept any certificate.
    pub insecure: bool,
    /// Which status codes count, as inclusive ranges. Empty: any.
    pub status: Vec<(u16, u16)>,
    /// Demand that this text occurs in the body.
    pub expect: Option<String>,
    /// Which part is the sample's RTT.
    pub measure: HttpMeasure,
}

/// Which part of a request is the RTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum HttpMeasure {
    /// All but name resolution.
    #[default]
    TotalWithoutResolve,
    /// Everything, with name resolution.
    Total,
    /// Name resolution.
    Resolve,
    /// Until the TCP connection stands, with name resolution.
    Connect,
    /// Until the TLS handshake is done, with name resolution.
    AppConnect,
    /// Until the request is about to be sent, with name resolution.
    PreTransfer,
    /// Until the first byte of the answer, with name resolution.
    StartTransfer,
    /// The time spent in redirects.
    Redirect,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect: ConnectOptions { timeout: std::time::Duration::from_secs(10), ..ConnectOptions::default() },
            urls: vec!["http://%host%/".to_owned()],
            agent: None,
            headers: Vec::new(),
            redirects: 0,
            time_redirects: false,
            insecure: false,
            status: Vec::new(),
            expect: None,
            measure: HttpMeasure::default(),
        }
    }
}

/// Measures fetching one or more URLs: a connection for each, opened for the sample and closed after it.
///
/// 1. The URL's host is what is resolved, connected to, and checked against the certificate; it may differ from the
///    round's. Names are looked up once a round, so only the first sample has a resolution time to speak of.
/// 2. A body is read up to 16 MiB; a text that is expected has to occur in that.
/// 3. Waiting for a turn to do a TLS handshake, of which a bounded number run at once, is not measured.
/// 4. A redirect to another host takes no credentials along.
#[derive(Debug)]
pub struct HttpProbe(Paced<Get>);

impl HttpProbe {
    /// A probe that fetches as `options` say.
    ///
    /// # Errors
    ///
    /// When a URL, a header or the agent cannot be sent, or the system's TLS cannot be set up.
    pub fn new(options: HttpOptions) -> Result<Self, ProbeError> {
        if options.urls.is_empty() {
            return Err(ProbeError::Other("no URL to fetch".to_owned()));
        }
        let mut secure = options.redirects > 0;
        for template in &options.urls {
            secure |= target::url(template, "host.invalid").map_err(ProbeError::Other)?.scheme() == "https";
            // The host may bring the scheme.
            secure |= template.starts_with(target::PLACEHOLDER);
        }
        target::headers(&options, "host.invalid").map_err(ProbeError::Other)?;
        let trust = if options.insecure { Trust::Anyone } else { Trust::Verified };
        let tls = if secure { Some(tls::config(trust, &[b"http/1.1"])?) } else { None };
        Ok(Self(Paced(Get { about: ProbeDescriptor::new("HTTP", "HTTP requests"), options, tls })))
    }

    /// The same probe under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.0.about.name = name.into();
        self
    }
}

#[async_trait]
impl Probe for HttpProbe {
    fn descriptor(&self) -> &ProbeDescriptor {
        self.0.descriptor()
    }

    async fn measure(&self, round: &mut RoundCx<'_>) -> Result<(), ProbeError> {
        self.0.measure(round).await
    }
}

#[derive(Debug)]
struct Get {
    about: ProbeDescriptor,
    options: HttpOptions,
    tls: Option<Arc<ClientConfig>>,
}

/// What one round fetches, and from where.
#[derive(Debug)]
struct Fetched {
    urls: Vec<Url>,
    headers: HeaderMap,
    /// Addresses of the hosts seen so far, each with the time that looking it up took, until a sample has accounted
    /// for it. Bounded by the URLs, and the redirects followed in a round.
    addresses: HashMap<Host, (IpAddr, Duration)>,
}

/// How long one sample took, over all its URLs.
#[derive(Debug, Default)]
struct Total {
    rtt: Duration,
    phases: Phases,
}

#[async_trait]
impl OneShot for Get {
    type Target = Fetched;

    fn descriptor(&self) -> &ProbeDescriptor {
        &self.about
    }

    fn pace(&self) -> Pace {
        // Waiting for a turn to shake hands does not count, so the budget of each sample sees to its time-out.
        Pace { interval: self.options.connect.interval, timeout: None }
    }

    async fn prepare(&self, round: &mut RoundCx<'_>) -> Result<Fetched, ProbeError> {
        let host = round.host().to_string();
        let urls: Result<Vec<Url>, String> = self.options.urls.iter().map(|url| target::url(url, &host)).collect();
        let urls = urls.map_err(ProbeError::Other)?;
        let headers = target::headers(&self.options, &host).map_err(ProbeError::Other)?;
        let mut addresses = HashMap::new();
        // The first URL comes last, so that its address is the one that the round notes.
        for host in urls.iter().rev().map(target::host) {
            let start = round.clock().mono();
            let address = round.address_of(&host, self.options.connect.family()).await?;
            let took = round.clock().mono().saturating_since(start);
            addresses.entry(host).or_insert((address, took));
        }
        Ok(Fetched { urls, headers, addresses })
    }

    async fn sample(&self, round: &RoundCx<'_>, fetched: &mut Fetched) -> Result<Outcome, ProbeError> {
        let mut budget = Budget::new(round.clock().as_ref(), self.options.connect.timeout, round.recorder());
        let mut total = Total::default();
        for url in fetched.urls.clone() {
            match self.fetch(round, url, fetched, &mut total, &mut budget).await {
                Ok(()) => {}
                Err(Failure::NotMeasured(error)) => return Err(error),
                Err(Failure::Lost(reason, why)) => {
                    round.recorder().note(why);
                    return Ok(Outcome::Lost(reason));
                }
            }
        }
        round.recorder().phases(total.phases);
        Ok(Outcome::answered(total.rtt))
    }
}

impl Get {
    /// Fetches `url`, and where it leads to, and adds the time to `total`.
    async fn fetch(
        &self,
        round: &RoundCx<'_>,
        mut url: Url,
        fetched: &mut Fetched,
        total: &mut Total,
        budget: &mut Budget<'_>,
    ) -> Result<(), Failure> {
        let origin = url.origin();
        let mut redirects = 0;
        // Over the requests that led on to the last one.
        let mut in_redirects = Duration::ZERO;
        loop {
            let (address, resolve) = self.address(round, &url, fetched, budget).await?;
            // Both schemes have a default port.
            let peer = SocketAddr::new(address, url.port_or_known_default().unwrap_or(80));
            let bare;
            let headers = if url.origin() == origin {
                &fetched.headers
            } else {
                bare = target::without_secrets(&fetched.headers);
                &bare
            };
            let fetch = Fetch {
                options: &self.options.connect,
                headers,
                tls: self.tls.as_ref(),
                expect: self.options.expect.as_deref(),
                clock: round.clock(),
                recorder: round.recorder(),
            };
            let response = fetch.run(&url, peer, budget).await?;
            let times = response.times;
            if self.options.redirects > 0
                && let Some(location) = redirection(&response)
            {
                if redirects == self.options.redirects {
                    let why = format!("{url}: more than {redirects} redirects");
                    return Err(Failure::Lost(LossReason::Unexpected, why));
                }
                redirects += 1;
                in_redirects += self.options.measure.whole(resolve, &times);
                if self.options.time_redirects {
                    total.phases.add(resolve, &times);
                }
                url = target::follow(&url, location).map_err(|why| Failure::Lost(LossReason::Unexpected, why))?;
                continue;
            }
            self.judge(&url, &response, round)?;
            total.phases.add(resolve, &times);
            total.rtt += match self.options.measure {
                HttpMeasure::Redirect => in_redirects,
                measure if self.options.time_redirects => measure.part(resolve, &times) + in_redirects,
                measure => measure.part(resolve, &times),
            };
            return Ok(());
        }
    }

    /// The address of the URL's host, and how long finding it took.
    async fn address(
        &self,
        round: &RoundCx<'_>,
        url: &Url,
        fetched: &mut Fetched,
        budget: &mut Budget<'_>,
    ) -> Result<(IpAddr, Duration), Failure> {
        let host = target::host(url);
        if let Some((address, took)) = fetched.addresses.get_mut(&host) {
            return Ok((*address, std::mem::take(took)));
        }
        let family = self.options.connect.family();
        let (address, took) = match &host {
            Host::Address(address) => (*address, Duration::ZERO),
            Host::Name(name) => {
                let (resolved, took) = budget.run(round.resolver().resolve(name, family)).await?;
                let resolved = resolved.map_err(|error| {
                    Failure::Lost(
                        LossReason::Unexpected,
                        format!("redirected to {url}, whose host is unknown: {error}"),
                    )
                })?;
                (resolved.address, took)
            }
        };
        if !family.admits(address) {
            let why = format!("redirected to {url}, which is not {family}");
            return Err(Failure::Lost(LossReason::Unexpected, why));
        }
        fetched.addresses.insert(host, (address, Duration::ZERO));
        Ok((address, took))
    }

    fn judge(&self, url: &Url, response: &Response, round: &RoundCx<'_>) -> Result<(), Failure> {
        let unexpected = |why: String| Err(Failure::Lost(LossReason::Unexpected, why));
        let status = response.status.as_u16();
        let allowed = &self.options.status;
        if !allowed.is_empty() && !allowed.iter().any(|&(first, last)| (first..=last).contains(&status)) {
            return unexpected(format!("{url}: status {status}"));
        }
        if response.body.cut {
            round.recorder().note(format!("{url}: only the first {} MiB of the body were read", body::LIMIT >> 20));
        }
        match &self.options.expect {
            Some(text) if !response.body.found => unexpected(format!("{url}: the body does not have {text:?}")),
            _ => Ok(()),
        }
    }
}

/// Where a response sends us on to (RFC 9110, 15.4).
fn redirection(response: &Response) -> Option<&str> {
    let redirects = matches!(
        response.status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    response.location.as_deref().filter(|_| redirects)
}
