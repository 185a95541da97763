//! HTTP and HTTPS requests, phase by phase.

use super::ConnectOptions;

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
