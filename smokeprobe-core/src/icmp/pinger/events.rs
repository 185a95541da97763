//! What the pinger is told, and what it asks for.

use std::net::IpAddr;
use std::time::Duration;

use crate::icmp::flight::PacketId;
use crate::icmp::pacing::Group;
use crate::icmp::wire::Framing;
use crate::round::Recorder;
use crate::time::{KernelTime, MonoTime};

/// Which of the driver's sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SocketId(pub u16);

/// A round to measure.
#[derive(Debug, Clone)]
pub struct Request {
    /// The socket to send through.
    pub socket: SocketId,
    /// Whom to ping.
    pub target: IpAddr,
    /// How many samples to take.
    pub count: u32,
    /// Send one more packet first, and leave it out.
    pub discard_first: bool,
    /// Bytes of data in each packet.
    pub data: u16,
    /// From one packet to the next.
    pub interval: Duration,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// Whose packets to keep a gap from.
    pub group: Group,
    /// Where the outcomes go.
    pub recorder: Recorder,
}

/// A packet to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmit {
    /// Its name, to be told of what became of it.
    pub packet: PacketId,
    /// The socket to send through.
    pub socket: SocketId,
    /// Where to.
    pub target: IpAddr,
    pub(super) seq: u16,
    pub(super) data: u16,
}

/// A packet as a socket received it.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// The socket's framing.
    pub framing: Framing,
    /// The identifier that the socket sends with.
    pub ident: u16,
    /// Who sent it.
    pub from: IpAddr,
    /// The packet.
    pub bytes: &'a [u8],
    /// The packet was longer than the buffer.
    pub cut: bool,
    /// The monotonic clock after the packet was read.
    pub read: MonoTime,
    /// The kernel's stamp.
    pub stamp: Option<KernelTime>,
}

/// An ICMP error that the kernel took in for one of its sockets.
#[derive(Debug, Clone, Copy)]
pub struct ReceivedError<'a> {
    /// The identifier that the socket sends with.
    pub ident: u16,
    /// Where the packet went that the error is about.
    pub target: IpAddr,
    /// The type of the error message.
    pub kind: u8,
    /// Its code.
    pub code: u8,
    /// The quoted packet, from its ICMP header on.
    pub quoted: &'a [u8],
}

/// No more rounds can be open at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many rounds at once")]
pub struct TooManyRounds;
