//! ICMP echo as a pure machine: bytes and times come in, bytes and outcomes go out. The sockets are in [`crate::net`].
//!
//! | part | job |
//! |---|---|
//! | [`wire`] | echo requests and replies, quoted packets, checksums |
//! | `cookie` | the keyed mark by which an answer proves that it answers us |
//! | `flight` | open rounds and what is known of each of their packets |
//! | `pacing` | who may send when: gaps, groups, due times |
//! | `rtt` | which clock an RTT is taken from |
//! | [`pinger`] | puts them together: rounds in, packets out, packets in, outcomes out |

mod cookie;
mod counters;
mod flight;
mod lateness;
mod pacing;
pub mod pinger;
pub(crate) mod rtt;
pub mod wire;

pub use cookie::CookieKey;
pub use counters::Counters;
pub use flight::{PacketId, RoundKey};
