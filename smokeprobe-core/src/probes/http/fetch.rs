//! One request and its response, phase by phase.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HeaderMap, LOCATION};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use super::body::{self, BodyRead};
use super::stamped::{Stamped, Stamps};
use super::target;
use super::times::Times;
use crate::clock::Clock;
use crate::net::budget::{Budget, Spent};
use crate::net::connect::{connect_tcp, loss_reason};
use crate::net::tls;
use crate::probe::ProbeError;
use crate::probes::ConnectOptions;
use crate::round::{LossReason, Recorder};
use crate::time::MonoTime;

/// The most that hyper may hold of a response at once; headers have to fit.
const BUFFER: usize = 64 << 10;

/// What a fetch needs beside its URL.
#[derive(Debug)]
pub(super) struct Fetch<'a> {
    pub(super) options: &'a ConnectOptions,
    pub(super) headers: &'a HeaderMap,
    pub(super) tls: Option<&'a Arc<ClientConfig>>,
    pub(super) expect: Option<&'a str>,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) recorder: &'a Recorder,
}

/// A response, and how long its parts took.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) location: Option<String>,
    pub(super) body: BodyRead,
    pub(super) times: Times,
}

/// Why there is no response.
#[derive(Debug)]
pub(super) enum Failure {
    /// The sample is lost.
    Lost(LossReason, String),
    /// It could not be taken.
    NotMeasured(ProbeError),
}

impl From<Spent> for Failure {
    fn from(_: Spent) -> Self {
        Self::Lost(LossReason::Timeout, "no complete answer in time".to_owned())
    }
}

impl Fetch<'_> {
    /// Fetches `url` from `peer`.
    pub(super) async fn run(&self, url: &Url, peer: SocketAddr, budget: &mut Budget<'_>) -> Result<Response, Failure> {
        let request = target::request(url, self.headers).map_err(|why| Failure::Lost(LossReason::SendFailed, why))?;
        let lost = |error: &io::Error, doing: &str| {
            Failure::Lost(loss_reason(error, peer.ip()), format!("{doing} {peer}: {error}"))
        };
        let (connected, _) = budget.run(connect_tcp(peer, self.options, self.clock.as_ref())).await?;
        let connected = connected.map_err(Failure::NotMeasured)?;
        let stream = connected.stream.map_err(|error| lost(&error, "connecting to"))?;
        let mut times = Times { connect: connected.took, ..Times::default() };
        if url.scheme() != "https" {
            return self.exchange(stream, request, times, budget).await;
        }

        let (Some(config), Some(host)) = (self.tls, url.host_str()) else {
            return Err(Failure::Lost(LossReason::Unexpected, format!("{url}: TLS is not set up")));
        };
        let name = tls::server_name(host.trim_matches(['[', ']']))
            .map_err(|why| Failure::Lost(LossReason::Unexpected, why))?;
        let turn = tls::turn().await;
        let (stream, took) = budget.run(tls::handshake(stream, config, name, turn)).await?;
        let stream = stream.map_err(|error| lost(&error, "TLS handshake with"))?;
        times.tls = Some(took);
        if let Some(at) = tls::certificate_expires(&stream) {
            self.recorder.certificate_expires(at);
        }
        self.exchange(stream, request, times, budget).await
    }

    async fn exchange<S>(
        &self,
        stream: S,
        request: Request<Empty<Bytes>>,
        mut times: Times,
        budget: &mut Budget<'_>,
    ) -> Result<Response, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let stamps = Stamps::new();
        let stream = Stamped::new(stream, Arc::clone(self.clock), Arc::clone(&stamps));
        let work = async {
            let (mut sender, connection) =
                http1::Builder::new().max_buf_size(BUFFER).handshake(TokioIo::new(stream)).await?;
            let start = self.clock.mono();
            let exchange = async {
                let response = sender.send_request(request).await?;
                let status = response.status();
                let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
                let location = location.map(str::to_owned);
                let body = body::read(response.into_body(), self.expect).await?;
                Ok((status, location, body, self.clock.mono()))
            };
            // The connection has to be driven along. When it ends first, what it read is still to be had.
            match select(pin!(exchange), pin!(connection)).await {
                Either::Left((done, _)) => done.map(|done| (start, done)),
                Either::Right((_, exchange)) => exchange.await.map(|done| (start, done)),
            }
        };
        let (done, _) = budget.run(work).await?;
        let (start, (status, location, body, end)) = done.map_err(|error: hyper::Error| failure(&error))?;
        let wrote = stamps.last_write().unwrap_or(start);
        let heard = stamps.first_read().unwrap_or(end);
        let between = |from: MonoTime, to: MonoTime| to.saturating_since(from);
        // A server that answers before it was asked to the end answers at once.
        let wrote = wrote.min(heard);
        times.send = between(start, wrote);
        times.first_byte = between(wrote, heard);
        times.transfer = between(heard, end);
        Ok(Response { status, location, body, times })
    }
}

fn failure(error: &hyper::Error) -> Failure {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    let mut reason = if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        LossReason::Refused
    } else {
        LossReason::Unexpected
    };
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        if let Some(io) = deeper.downcast_ref::<io::Error>()
            && matches!(io.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
        {
            reason = LossReason::Refused;
        }
        cause = deeper.source();
    }
    Failure::Lost(reason, text)
}
