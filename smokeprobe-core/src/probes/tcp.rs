//! TCP connect time.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;

use super::ConnectOptions;
use crate::net::connect::{connect_tcp, loss_reason};
use crate::probe::{OneShot, Pace, Paced, Probe, ProbeDescriptor, ProbeError, RoundCx};
use crate::round::{LossReason, Outcome};

/// How to connect.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TcpOptions {
    /// What the connecting probes have in common.
    pub connect: ConnectOptions,
    /// The port to connect to.
    pub port: u16,
    /// Demand that the connection is accepted. Otherwise a reset is an answer too: the host is there.
    pub require_accept: bool,
}

impl Default for TcpOptions {
    fn default() -> Self {
        Self { connect: ConnectOptions::default(), port: 80, require_accept: false }
    }
}

/// Measures the time from a SYN to its answer.
///
/// A sample is one SYN. The kernel would send a lost one again after a second, and a loss would look like an RTT of
/// a second; such a sample counts as lost.
///
/// An accepted connection is closed at once in the ordinary way, not reset: a FIN is what servers expect, while resets
/// fill their logs and their intrusion detection. The price is a local port in TIME-WAIT for a minute.
#[derive(Debug)]
pub struct TcpProbe(Paced<Connect>);

impl TcpProbe {
    /// A probe that connects as `options` say.
    pub fn new(options: TcpOptions) -> Self {
        Self(Paced(Connect { about: ProbeDescriptor::new("TCPPing", "TCP Pings"), options }))
    }

    /// The same probe under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.0.about.name = name.into();
        self
    }
}

#[async_trait]
impl Probe for TcpProbe {
    fn descriptor(&self) -> &ProbeDescriptor {
        self.0.descriptor()
    }

    async fn measure(&self, round: &mut RoundCx<'_>) -> Result<(), ProbeError> {
        self.0.measure(round).await
    }
}

#[derive(Debug)]
struct Connect {
    about: ProbeDescriptor,
    options: TcpOptions,
}

#[async_trait]
impl OneShot for Connect {
    type Target = IpAddr;

    fn descriptor(&self) -> &ProbeDescriptor {
        &self.about
    }

    fn pace(&self) -> Pace {
        Pace { interval: self.options.connect.interval, timeout: Some(self.options.connect.timeout) }
    }

    async fn prepare(&self, round: &mut RoundCx<'_>) -> Result<IpAddr, ProbeError> {
        round.address(self.options.connect.family()).await
    }

    async fn sample(&self, round: &RoundCx<'_>, target: &mut IpAddr) -> Result<Outcome, ProbeError> {
        let peer = SocketAddr::new(*target, self.options.port);
        let connected = connect_tcp(peer, &self.options.connect, round.clock().as_ref()).await?;
        if connected.retransmitted {
            return Ok(Outcome::Lost(LossReason::Timeout));
        }
        Ok(match connected.stream {
            Ok(_) => Outcome::answered(connected.took),
            Err(error) => match loss_reason(&error, *target) {
                LossReason::Refused if !self.options.require_accept => Outcome::answered(connected.took),
                LossReason::SendFailed => {
                    round.recorder().note(format!("cannot connect to {peer}: {error}"));
                    Outcome::Lost(LossReason::SendFailed)
                }
                reason => Outcome::Lost(reason),
            },
        })
    }
}
