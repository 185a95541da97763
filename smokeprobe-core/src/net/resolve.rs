//! Names to addresses, by their TTL.

mod cache;
mod system;
mod upstream;

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use thiserror::Error;

pub use system::SystemResolver;

/// Which address family to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AddressFamily {
    /// Whichever the name has; IPv4 first where it has both, as fping does.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl AddressFamily {
    /// Whether `address` is of this family.
    pub const fn admits(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

impl fmt::Display for AddressFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "IPv4 or IPv6",
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// Resolves names for the probes.
#[async_trait]
pub trait Resolve: Send + Sync + fmt::Debug {
    /// An address of `name`. Answers from memory while the TTL lasts; afterwards asks again, and when that fails
    /// answers with the last good address, marked stale.
    async fn resolve(&self, name: &str, family: AddressFamily) -> Result<Resolved, ResolveError>;
}

/// An address that a name resolved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// The address.
    pub address: IpAddr,
    /// The name did not resolve this time; this is its last good address.
    pub stale: bool,
}

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The host has no address of this family.
    #[error("no {family} address")]
    NoAddress {
        /// The family asked for.
        family: AddressFamily,
    },
    /// The name could not be looked up.
    #[error("{name}: {reason}")]
    Lookup {
        /// The name.
        name: String,
        /// What the resolver said.
        reason: String,
    },
}
