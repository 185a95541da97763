//! One query and its answer, over UDP, TCP or TLS. Never two: a second would hide the loss of the first.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::DnsOptions;
use super::message::{Judgement, Query};
use crate::icmp::rtt::{Stamped, rtt};
use crate::net::budget::{Budget, Spent};
use crate::net::connect::{connect_tcp, loss_reason};
use crate::net::datagram::DatagramSocket;
use crate::net::tls;
use crate::probe::ProbeError;
use crate::round::{LossReason, Outcome, Phases, Recorder};

/// How to speak TLS to the server.
#[derive(Debug, Clone)]
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    pub(super) name: ServerName<'static>,
}

/// One exchange over UDP.
pub(super) async fn over_udp(
    peer: SocketAddr,
    query: &Query,
    options: &DnsOptions,
    budget: &mut Budget<'_>,
    recorder: &Recorder,
) -> Result<Outcome, ProbeError> {
    let mut socket = match DatagramSocket::connect(peer, &options.connect)? {
        Ok(socket) => socket,
        Err(error) => return Ok(lost(loss_reason(&error, peer.ip()), &error, recorder)),
    };
    // Tokio learns that a new socket is writable only from its driver: not on the query's time.
    if let Err(error) = socket.writable().await {
        return Ok(lost(LossReason::SendFailed, &error, recorder));
    }
    let mut foreign = 0_u32;
    let clock = budget.clock();
    let exchange = budget.run(async {
        let sent = socket.send(query.bytes(), clock)?;
        loop {
            let received = socket.receive(clock).await?;
            match query.judge(socket.received(), &options.demands) {
                Judgement::Foreign => foreign = foreign.saturating_add(1),
                judgement => return io::Result::Ok((judgement, sent, received)),
            }
        }
    });
    let outcome = exchange.await;
    if foreign > 0 {
        recorder.note(format!("{foreign} datagrams were no answer to the query"));
    }
    Ok(match outcome {
        Err(Spent) => Outcome::Lost(LossReason::Timeout),
        Ok((Err(error), _)) => lost(socket.loss_reason(&error), &error, recorder),
        Ok((Ok((Judgement::Good, sent, received)), _)) => {
            let (rtt, stamp) = rtt(Stamped { user: sent, kernel: socket.sent_stamp() }, received);
            Outcome::Answered { rtt, stamp }
        }
        Ok((Ok((judgement, ..)), _)) => judged(judgement, Duration::ZERO, recorder),
    })
}

/// One exchange over a connection of its own, with TLS where `tls` is given. The connection's setup counts.
pub(super) async fn over_tcp(
    peer: SocketAddr,
    query: &Query,
    options: &DnsOptions,
    tls: Option<&Tls>,
    budget: &mut Budget<'_>,
    recorder: &Recorder,
) -> Result<Outcome, ProbeError> {
    let connecting = connect_tcp(peer, &options.connect, budget.clock());
    let connected = match budget.run(connecting).await {
        Err(Spent) => return Ok(Outcome::Lost(LossReason::Timeout)),
        Ok((connected, _)) => connected?,
    };
    let stream = match connected.stream {
        Ok(stream) => stream,
        Err(error) => return Ok(lost(loss_reason(&error, peer.ip()), &error, recorder)),
    };
    let mut phases = Phases { connect: Some(connected.took), ..Phases::default() };
    let answer = match tls {
        None => {
            let mut stream = stream;
            budget.run(exchange(&mut stream, query.bytes())).await
        }
        Some(tls) => {
            let turn = tls::turn().await;
            let handshake = tls::handshake(stream, &tls.config, tls.name.clone(), turn);
            let (stream, took) = match budget.run(handshake).await {
                Err(Spent) => return Ok(Outcome::Lost(LossReason::Timeout)),
                Ok((Err(error), _)) => return Ok(lost(loss_reason(&error, peer.ip()), &error, recorder)),
                Ok((Ok(stream), took)) => (stream, took),
            };
            phases.tls = Some(took);
            if let Some(at) = tls::certificate_expires(&stream) {
                recorder.certificate_expires(at);
            }
            let mut stream = stream;
            budget.run(exchange(&mut stream, query.bytes())).await
        }
    };
    Ok(match answer {
        Err(Spent) => Outcome::Lost(LossReason::Timeout),
        Ok((Err(error), _)) => lost(loss_reason(&error, peer.ip()), &error, recorder),
        Ok((Ok(answer), took)) => {
            phases.first_byte = Some(took);
            let outcome = match query.judge(&answer, &options.demands) {
                Judgement::Foreign => Judgement::Unexpected("the message is no answer to the query".to_owned()),
                judgement => judgement,
            };
            let total = connected.took + phases.tls.unwrap_or_default() + took;
            let outcome = judged(outcome, total, recorder);
            if matches!(outcome, Outcome::Answered { .. }) {
                recorder.phases(phases);
            }
            outcome
        }
    })
}

/// A message each way, each after its length in two bytes (RFC 1035, 4.2.2), in one write (RFC 7766, 8).
async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), query: &[u8]) -> io::Result<Vec<u8>> {
    // A query is a name of at most 255 bytes and some.
    let length = query.len() as u16;
    let mut request = Vec::with_capacity(query.len() + 2);
    request.extend_from_slice(&length.to_be_bytes());
    request.extend_from_slice(query);
    stream.write_all(&request).await?;
    stream.flush().await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

fn judged(judgement: Judgement, took: Duration, recorder: &Recorder) -> Outcome {
    match judgement {
        Judgement::Good => Outcome::answered(took),
        Judgement::Unexpected(reason) => {
            recorder.note(reason);
            Outcome::Lost(LossReason::Unexpected)
        }
        Judgement::Foreign => Outcome::Lost(LossReason::Unexpected),
    }
}

fn lost(reason: LossReason, error: &io::Error, recorder: &Recorder) -> Outcome {
    recorder.note(error.to_string());
    Outcome::Lost(reason)
}
