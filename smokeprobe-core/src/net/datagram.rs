//! UDP sockets with one peer, whose packets the kernel stamps.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::LazyLock;

use socket2::{Protocol, SockAddr, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::connect::{self, open, system};
use super::control::{self, Report};
use super::sys::{self, Batch};
use super::warmup;
use crate::clock::Clock;
use crate::icmp::rtt::Stamped;
use crate::icmp::wire::{self, Family};
use crate::probe::ProbeError;
use crate::probes::ConnectOptions;
use crate::round::LossReason;
use crate::time::{KernelTime, MonoTime};

/// The longest datagram looked at; of a longer one there is the beginning.
const ROOM: usize = 4096;
/// Entries of the error queue looked at. One packet makes one stamp, and an error or two.
const REPORTS: usize = 8;

/// Sends to one peer and hears nobody else, from a port that the kernel picked at random.
#[derive(Debug)]
pub(crate) struct DatagramSocket {
    socket: UdpSocket,
    peer: SocketAddr,
    batch: Batch,
}

impl DatagramSocket {
    /// A socket for `peer`; or what the system says when there is no way to it.
    ///
    /// # Errors
    ///
    /// When no socket could be had: that says nothing about the peer.
    pub(crate) fn connect(peer: SocketAddr, options: &ConnectOptions) -> Result<io::Result<Self>, ProbeError> {
        let socket = open(Type::DGRAM, Protocol::UDP, peer, options)?;
        // Otherwise the kernel keeps to itself that a host or network cannot be reached (ip(7)).
        let (level, option) = match peer {
            SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_RECVERR),
            SocketAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
        };
        sys::set_option(socket.as_fd(), level, option, 1).map_err(|error| system("ask for ICMP errors", error))?;
        let flags = libc::SOF_TIMESTAMPING_TX_SOFTWARE
            | libc::SOF_TIMESTAMPING_RX_SOFTWARE
            | libc::SOF_TIMESTAMPING_SOFTWARE
            | libc::SOF_TIMESTAMPING_OPT_TSONLY
            | libc::SOF_TIMESTAMPING_OPT_CMSG;
        // A kernel without stamps is no reason to measure nothing.
        let _ = sys::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMPING, flags);
        if let Err(error) = socket.connect(&SockAddr::from(peer)) {
            return Ok(Err(error));
        }
        let socket = UdpSocket::from_std(socket.into()).map_err(|error| system("watch a socket", error))?;
        Ok(Ok(Self { socket, peer, batch: Batch::of(1, ROOM) }))
    }

    /// Waits until there is room to send.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        self.socket.writable().await
    }

    /// Sends without waiting, and returns when that began.
    pub(crate) fn send(&self, bytes: &[u8], clock: &dyn Clock) -> io::Result<MonoTime> {
        let sent = clock.mono();
        self.socket.try_send(bytes)?;
        Ok(sent)
    }

    /// Waits for a datagram, and returns when it came.
    pub(crate) async fn receive(&mut self, clock: &dyn Clock) -> io::Result<Stamped> {
        let Self { socket, batch, .. } = self;
        let read = || match batch.receive(socket.as_fd(), false)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(clock.mono()),
        };
        // An ICMP error makes the socket ready for nothing but an error.
        let user = socket.async_io(Interest::READABLE | Interest::ERROR, read).await?;
        Ok(Stamped { user, kernel: control::read(self.batch.packet(0).control).stamp })
    }

    /// The datagram that was received last.
    pub(crate) fn received(&self) -> &[u8] {
        self.batch.packet(0).bytes
    }

    /// When the kernel sent the first datagram. To be asked once, after an answer to it: the stamp is there by then.
    pub(crate) fn sent_stamp(&mut self) -> Option<KernelTime> {
        self.reports().find_map(|(report, stamp)| match report {
            Report::Sent(_) => stamp,
            _ => None,
        })
    }

    /// What an error of this socket says about the network: the ICMP error itself where there was one.
    pub(crate) fn loss_reason(&mut self, error: &io::Error) -> LossReason {
        let family = if self.peer.is_ipv4() { Family::V4 } else { Family::V6 };
        let icmp = self.reports().find_map(|(report, _)| match report {
            Report::Icmp { kind, code } => wire::loss_reason(family, kind, code),
            _ => None,
        });
        icmp.unwrap_or_else(|| connect::loss_reason(error, self.peer.ip()))
    }

    /// What is in the error queue.
    fn reports(&mut self) -> impl Iterator<Item = (Report, Option<KernelTime>)> {
        (0..REPORTS).map_while(|_| match self.batch.receive(self.socket.as_fd(), true) {
            Ok(1..) => {
                let notes = control::read(self.batch.packet(0).control);
                Some((notes.report.unwrap_or(Report::Other), notes.stamp))
            }
            _ => None,
        })
    }
}

/// The kernel stamps received packets while any socket wants it, and takes a while to begin. A socket for one query
/// would be closed by then, so one that wants stamps stays open from now on. Returns when the stamps have begun.
pub(crate) fn keep_stamps_on() {
    static KEEPER: LazyLock<Option<std::net::UdpSocket>> = LazyLock::new(|| {
        let socket = std::net::UdpSocket::bind(("127.0.0.1", 0)).ok()?;
        let flags = libc::SOF_TIMESTAMPING_RX_SOFTWARE | libc::SOF_TIMESTAMPING_SOFTWARE;
        sys::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMPING, flags).ok()?;
        warmup::wait_for_stamps();
        Some(socket)
    });
    // Without it answers may be timed in user space.
    let _ = KEEPER.as_ref();
}
