//! The probe: how one round of one target is measured.

mod limit;
mod paced;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error;

pub use limit::{Limited, RoundLimit};
pub use paced::{OneShot, Pace, Paced};

use crate::clock::Clock;
use crate::net::resolve::{AddressFamily, Resolve, ResolveError};
use crate::round::{Outcome, Recorder, RoundOrder};
use crate::target::Host;
use crate::time::MonoTime;

/// Measures rounds. One value serves one target or many; `measure` runs for several targets at once.
///
/// ```
/// use smokeprobe_core::{Outcome, Probe, ProbeDescriptor, ProbeError, RoundCx, Rtt, StampSource};
///
/// #[derive(Debug)]
/// struct Dice(ProbeDescriptor);
///
/// #[async_trait::async_trait]
/// impl Probe for Dice {
///     fn descriptor(&self) -> &ProbeDescriptor {
///         &self.0
///     }
///
///     async fn measure(&self, round: &mut RoundCx<'_>) -> Result<(), ProbeError> {
///         for sample in 0..round.pings() {
///             let rtt = Rtt::from_nanos(4_000_000);
///             round.record(sample, Outcome::Answered { rtt, stamp: StampSource::User });
///         }
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait Probe: Send + Sync + fmt::Debug {
    /// What the probe is and measures.
    fn descriptor(&self) -> &ProbeDescriptor;

    /// One round for one target: takes the samples that `round` asks for, recording each as it is known.
    ///
    /// Must return once every sample is known. The engine drops the future at the round's deadline, and the round
    /// then holds what was recorded.
    ///
    /// # Errors
    ///
    /// Only for "could not measure". A sample without an answer is data, not an error.
    async fn measure(&self, round: &mut RoundCx<'_>) -> Result<(), ProbeError>;
}

/// What a probe is and measures, as shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeDescriptor {
    /// The probe's name, such as `FPing`.
    pub name: Cow<'static, str>,
    /// What one sample is, in the plural: `ICMP Echo Pings (56 Bytes)`.
    pub samples: Cow<'static, str>,
    /// The unit of the values, `Seconds` for round-trip times.
    pub unit: Cow<'static, str>,
}

impl ProbeDescriptor {
    /// A probe of this name that measures round-trip times of `samples`.
    pub fn new(name: impl Into<Cow<'static, str>>, samples: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), samples: samples.into(), unit: "Seconds".into() }
    }
}

/// What a probe has at hand while it measures one round.
#[derive(Debug)]
pub struct RoundCx<'a> {
    order: &'a RoundOrder,
    host: &'a Host,
    deadline: MonoTime,
    recorder: Recorder,
    resolver: &'a dyn Resolve,
    clock: &'a Arc<dyn Clock>,
}

impl<'a> RoundCx<'a> {
    /// A context for `order`. The engine makes these; so does whoever runs a probe without one.
    pub fn new(
        order: &'a RoundOrder,
        host: &'a Host,
        deadline: MonoTime,
        recorder: Recorder,
        resolver: &'a dyn Resolve,
        clock: &'a Arc<dyn Clock>,
    ) -> Self {
        Self { order, host, deadline, recorder, resolver, clock }
    }

    /// How many samples to take.
    pub const fn pings(&self) -> u32 {
        self.order.pings
    }

    /// The order that this round carries out.
    pub const fn order(&self) -> &RoundOrder {
        self.order
    }

    /// What to measure.
    pub const fn host(&self) -> &Host {
        self.host
    }

    /// When the engine will close the round, whatever is known by then.
    pub const fn deadline(&self) -> MonoTime {
        self.deadline
    }

    /// The clock to take times from.
    pub const fn clock(&self) -> &Arc<dyn Clock> {
        self.clock
    }

    /// Where the samples go; a clone may outlive the call, as a driver's does.
    pub const fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Records what became of sample number `sample`, counted from 0.
    pub fn record(&mut self, sample: u32, outcome: Outcome) {
        self.recorder.record(sample, outcome);
    }

    /// The host's address of the wanted family, and notes it on the round. Call once a round.
    ///
    /// When a name no longer resolves, its last good address goes on being measured, and the round says so.
    ///
    /// # Errors
    ///
    /// When there has never been an address of that family: the round is then unknown.
    pub async fn address(&mut self, family: AddressFamily) -> Result<IpAddr, ProbeError> {
        self.address_of(self.host, family).await
    }

    /// The address of a host other than the round's, as [`address`](Self::address) finds and notes it: a probe may
    /// measure what its options name instead.
    ///
    /// # Errors
    ///
    /// As for [`address`](Self::address).
    pub async fn address_of(&self, host: &Host, family: AddressFamily) -> Result<IpAddr, ProbeError> {
        let (address, stale) = match host {
            Host::Address(address) if family.admits(*address) => (*address, false),
            Host::Address(_) => return Err(ProbeError::Resolve(ResolveError::NoAddress { family })),
            Host::Name(name) => {
                let resolved = self.resolver.resolve(name, family).await.map_err(ProbeError::Resolve)?;
                (resolved.address, resolved.stale)
            }
        };
        self.recorder.address(address, stale);
        Ok(address)
    }

    /// The resolver, for names other than the host's.
    pub fn resolver(&self) -> &dyn Resolve {
        self.resolver
    }
}

/// Why a round could not be measured at all.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The host has no address to measure.
    #[error("cannot resolve the host")]
    Resolve(#[source] ResolveError),
    /// The system does not let us measure this way.
    #[error("cannot {action}")]
    System {
        /// What was tried, such as "open an ICMP socket".
        action: Cow<'static, str>,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Anything else that a probe cannot go on after.
    #[error("{0}")]
    Other(String),
}
