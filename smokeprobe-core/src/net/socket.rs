//! An ICMP socket, datagram or raw, with kernel stamps on both sides.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};

use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;

use super::sys::{self, BATCH, Batch, Outgoing};
use super::{filter, privilege, warmup};
use crate::icmp::PacketId;
use crate::icmp::wire::{Family, Framing};

/// Bytes asked for the receive queue. Only what waits there uses memory; the stamps of sent packets wait there too.
const RECEIVE_BUFFER: u32 = 4 << 20;

/// Sent packets whose stamps can still be told apart. A stamp comes within microseconds, or from a busy card within
/// milliseconds; and it is looked for at least once a burst.
const STAMPS: usize = 1024;

/// Packets that can share a socket: those of one family that are sent in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Variant {
    pub(crate) family: Family,
    pub(crate) tos: u8,
    pub(crate) source: Option<IpAddr>,
    pub(crate) interface: Option<String>,
    pub(crate) mark: Option<u32>,
}

/// Which kind of ICMP socket the system let us open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SocketKind {
    /// The kernel hands over only answers to our own identifier. Needs no privilege, but a group in
    /// `net.ipv4.ping_group_range`.
    Datagram,
    /// Sees all ICMP of the machine; filters leave our own. Needs `CAP_NET_RAW`.
    Raw,
}

/// An ICMP socket that could not be opened as wanted.
#[derive(Debug, Error)]
#[error("cannot {action}")]
pub(crate) struct OpenError {
    /// What was tried.
    pub(crate) action: String,
    /// What the system said.
    #[source]
    pub(crate) source: io::Error,
}

/// How the stamps of sent packets find their packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbering {
    /// There are no stamps.
    None,
    /// We give each packet its number (`SCM_TS_OPT_ID`, Linux 6.13); `true` once the kernel has taken one.
    Ours { proven: bool },
    /// The kernel counts the packets (`SOF_TIMESTAMPING_OPT_ID`), and we count along.
    Kernels,
}

/// An ICMP socket.
#[derive(Debug)]
pub(crate) struct IcmpSocket {
    socket: Socket,
    family: Family,
    kind: SocketKind,
    ident: u16,
    numbering: Numbering,
    /// The number of the next packet's stamp.
    next: u32,
    /// Which packet was sent under which number.
    sent: Vec<Option<(u32, PacketId)>>,
    /// Receive overflows so far; the kernel's count has 32 bits.
    overflows: u64,
}

/// What came of an attempt to send.
#[derive(Debug)]
pub(crate) enum Sent {
    /// The kernel took this many packets, from the first on; at least one.
    Some(usize),
    /// There is no room now.
    Full,
    /// The first packet cannot be sent.
    Refused(io::Error),
}

impl IcmpSocket {
    /// Opens a datagram socket or, where that is not allowed, a raw one.
    pub(crate) fn open(variant: &Variant) -> Result<Self, OpenError> {
        let opened = Self::open_as(variant, SocketKind::Datagram);
        let datagram = match opened {
            Err(error) if error.action == OPEN => error,
            other => return other,
        };
        Self::open_as(variant, SocketKind::Raw).map_err(|raw| {
            if raw.action == OPEN && raw.source.kind() == io::ErrorKind::PermissionDenied {
                OpenError { source: privilege::neither_opens(&datagram.source, &raw.source), ..raw }
            } else {
                raw
            }
        })
    }

    /// Opens a socket of this kind.
    pub(crate) fn open_as(variant: &Variant, kind: SocketKind) -> Result<Self, OpenError> {
        let failed = |action: &str| {
            let action = action.to_owned();
            move |source| OpenError { action, source }
        };
        let kind_type = match kind {
            SocketKind::Datagram => Type::DGRAM,
            SocketKind::Raw => Type::RAW,
        };
        let (domain, protocol) = match variant.family {
            Family::V4 => (Domain::IPV4, Protocol::ICMPV4),
            Family::V6 => (Domain::IPV6, Protocol::ICMPV6),
        };
        let socket = Socket::new(domain, kind_type.nonblocking(), Some(protocol)).map_err(failed(OPEN))?;
        let wanted = random_ident().map_err(failed("draw a random identifier"))?;
        if kind == SocketKind::Raw {
            filter::replies_to(&socket, variant.family, wanted).map_err(failed("filter an ICMP socket"))?;
        }
        let (tos, mark, interface) = (u32::from(variant.tos), variant.mark, variant.interface.as_deref());
        if tos != 0 {
            match variant.family {
                Family::V4 => socket.set_tos_v4(tos),
                Family::V6 => socket.set_tclass_v6(tos),
            }
            .map_err(failed("set the type of service of an ICMP socket"))?;
        }
        if let Some(mark) = mark {
            socket.set_mark(mark).map_err(failed("set the mark of an ICMP socket (needs CAP_NET_ADMIN)"))?;
        }
        if let Some(name) = interface {
            let action = format!("send ICMP through interface {name}");
            socket.bind_device(Some(name.as_bytes())).map_err(failed(&action))?;
        }
        let ident = bind(&socket, variant, kind, wanted).map_err(|source| match variant.source {
            Some(source_address) => OpenError { action: format!("send ICMP from {source_address}"), source },
            None => OpenError { action: "bind an ICMP socket".to_owned(), source },
        })?;
        prepare(&socket, variant.family).map_err(failed("prepare an ICMP socket"))?;
        let mut socket = Self {
            socket,
            family: variant.family,
            kind,
            ident,
            numbering: Numbering::None,
            next: 0,
            sent: vec![None; STAMPS],
            overflows: 0,
        };
        // A kernel without stamps is no reason to measure nothing.
        if socket.enable_stamps().is_ok() {
            socket.numbering = Numbering::Ours { proven: false };
            warmup::wait_for_stamps();
        }
        Ok(socket)
    }

    /// Sends packets from the first on, at most [`BATCH`], without waiting. `packets` is asked again when the kernel
    /// wants it otherwise.
    pub(crate) fn send<'a, I>(&mut self, packets: impl Fn() -> I, ids: &[PacketId]) -> Sent
    where
        I: ExactSizeIterator<Item = Outgoing<'a>>,
    {
        // A failed call may only report an ICMP error that an earlier packet met (`IP_RECVERR`); reporting clears it.
        // What fails four times in a row is the packet's own fault.
        let mut last = io::Error::from(io::ErrorKind::Other);
        for _ in 0..4 {
            let numbers = matches!(self.numbering, Numbering::Ours { .. }).then_some(self.next);
            match sys::send_batch(self.socket.as_fd(), packets(), numbers) {
                Ok(count) => {
                    if matches!(self.numbering, Numbering::Ours { .. }) {
                        self.numbering = Numbering::Ours { proven: true };
                    }
                    self.note_sent(&ids[..count.min(ids.len())]);
                    return Sent::Some(count);
                }
                Err(error) => {
                    self.resync();
                    match error.raw_os_error() {
                        Some(libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM) => return Sent::Full,
                        Some(libc::EINVAL) if self.numbering == (Numbering::Ours { proven: false }) => {
                            self.count_stamps();
                        }
                        _ => {}
                    }
                    last = error;
                }
            }
        }
        Sent::Refused(last)
    }

    /// Receives packets, or what is in the error queue. Returns how many; fewer than
    /// [`RECEIVE_BATCH`](sys::RECEIVE_BATCH) means that no more are there.
    pub(crate) fn receive(&self, batch: &mut Batch, errors: bool) -> usize {
        // As when sending, a call may fail only to report an error that the error queue tells better.
        for _ in 0..4 {
            match batch.receive(self.socket.as_fd(), errors) {
                Ok(count) => return count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return 0,
                Err(_) => {}
            }
        }
        0
    }

    /// The packet whose stamp has this number.
    pub(crate) fn stamped(&mut self, number: u32) -> Option<PacketId> {
        let place = &mut self.sent[number as usize % STAMPS];
        let (_, packet) = place.filter(|(sent, _)| *sent == number)?;
        *place = None;
        Some(packet)
    }

    /// How many packets the full receive queue has dropped since the socket was opened. Asked for, and not taken from
    /// `SO_RXQ_OVFL`: datagram sockets do not tell it, and the others only with a packet that they keep.
    pub(crate) fn overflows(&mut self) -> u64 {
        if let Ok(count) = sys::receive_drops(self.socket.as_fd()) {
            self.overflows += u64::from(count.wrapping_sub(self.overflows as u32));
        }
        self.overflows
    }

    /// Clears what makes the socket look ready without there being anything to read.
    pub(crate) fn clear_error(&self) {
        let _ = self.socket.take_error();
    }

    /// Whether the kernel was asked for stamps and did not refuse.
    pub(crate) fn has_stamps(&self) -> bool {
        self.numbering != Numbering::None
    }

    /// The identifier of the packets that go through this socket.
    pub(crate) const fn ident(&self) -> u16 {
        self.ident
    }

    /// Datagram or raw.
    pub(crate) const fn kind(&self) -> SocketKind {
        self.kind
    }

    /// What comes before the ICMP message in received packets.
    pub(crate) const fn framing(&self) -> Framing {
        match (self.kind, self.family) {
            (SocketKind::Raw, Family::V4) => Framing::Ipv4Header,
            _ => Framing::Bare,
        }
    }

    /// Has the kernel count the stamps, as it must before Linux 6.13.
    fn count_stamps(&mut self) {
        self.numbering = Numbering::Kernels;
        self.resync();
    }

    /// As on a kernel without stamps.
    #[cfg(test)]
    pub(crate) fn disable_stamps(&mut self) {
        self.numbering = Numbering::None;
        sys::set_option(self.socket.as_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMPING, 0).unwrap();
    }

    fn note_sent(&mut self, ids: &[PacketId]) {
        if self.numbering == Numbering::None {
            return;
        }
        for &packet in ids {
            self.sent[self.next as usize % STAMPS] = Some((self.next, packet));
            self.next = self.next.wrapping_add(1);
        }
    }

    /// After a failed call nobody knows whether the kernel counted the packet. Start over at zero: the stamps not yet
    /// read are lost, and their packets are timed in user space.
    fn resync(&mut self) {
        if self.numbering != Numbering::Kernels {
            return;
        }
        self.sent.fill(None);
        self.next = 0;
        let off = sys::set_option(self.socket.as_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMPING, 0);
        if off.and_then(|()| self.enable_stamps()).is_err() {
            self.numbering = Numbering::None;
        }
    }

    /// Stamps by software on both sides; of sent packets only the stamp comes back, with its number.
    fn enable_stamps(&self) -> io::Result<()> {
        let flags = libc::SOF_TIMESTAMPING_TX_SOFTWARE
            | libc::SOF_TIMESTAMPING_RX_SOFTWARE
            | libc::SOF_TIMESTAMPING_SOFTWARE
            | libc::SOF_TIMESTAMPING_OPT_ID
            | libc::SOF_TIMESTAMPING_OPT_TSONLY
            | libc::SOF_TIMESTAMPING_OPT_CMSG;
        sys::set_option(self.socket.as_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMPING, flags)
    }
}

impl AsFd for IcmpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

const OPEN: &str = "open an ICMP socket";
const _: () = assert!(STAMPS >= BATCH);

fn random_ident() -> io::Result<u16> {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes)?;
    Ok(u16::from_ne_bytes(bytes))
}

/// Binds to the source address and, on a datagram socket, to the identifier, which the kernel takes from the port.
/// Returns the identifier.
fn bind(socket: &Socket, variant: &Variant, kind: SocketKind, wanted: u16) -> io::Result<u16> {
    let any = match variant.family {
        Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
        Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
    };
    let source = variant.source.unwrap_or(any);
    if kind == SocketKind::Raw {
        if variant.source.is_some() {
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        return Ok(wanted);
    }
    // Another program may have the identifier: then let the kernel find a free one.
    let bound = socket.bind(&SocketAddr::new(source, wanted).into());
    if bound.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse) {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    } else {
        bound?;
    }
    let local = socket.local_addr()?.as_socket();
    Ok(local.map_or(wanted, |local| local.port()))
}

/// Errors through the error queue, and a large receive queue.
fn prepare(socket: &Socket, family: Family) -> io::Result<()> {
    let fd = socket.as_fd();
    match family {
        Family::V4 => sys::set_option(fd, libc::SOL_IP, libc::IP_RECVERR, 1)?,
        Family::V6 => sys::set_option(fd, libc::SOL_IPV6, libc::IPV6_RECVERR, 1)?,
    }
    // Beyond the system's limit with privilege, up to it without.
    sys::set_option(fd, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, RECEIVE_BUFFER)
        .or_else(|_| sys::set_option(fd, libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_BUFFER))
}

#[cfg(all(test, feature = "test-util"))]
mod tests {
    use super::*;
    use crate::icmp::RoundKey;
    use crate::net::control::{self, Report};
    use crate::sim::netns::isolated;

    const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const VARIANT: Variant = Variant { family: Family::V4, tos: 0, source: None, interface: None, mark: None };

    fn id(sample: u32) -> PacketId {
        PacketId { round: RoundKey::new(0, 0), sample }
    }

    fn send(socket: &mut IcmpSocket, to: IpAddr, samples: &[u32]) -> Sent {
        let mut bytes = Vec::new();
        crate::icmp::wire::write_request(&mut bytes, Family::of(to), socket.ident(), 1, 16, |_| {});
        let ids: Vec<PacketId> = samples.iter().map(|sample| id(*sample)).collect();
        let count = samples.len();
        socket.send(|| std::iter::repeat_n(Outgoing { bytes: &bytes, to }, count), &ids)
    }

    /// The packets whose stamps have come, and how many replies.
    fn read(socket: &mut IcmpSocket) -> (Vec<u32>, usize) {
        let (mut replies, mut errors) = (Batch::new(512), Batch::new(64));
        let count = socket.receive(&mut replies, false);
        let stamps = socket.receive(&mut errors, true);
        let stamped = (0..stamps).filter_map(|place| match control::read(errors.packet(place).control) {
            control::Notes { report: Some(Report::Sent(number)), stamp: Some(_), .. } => socket.stamped(number),
            _ => None,
        });
        let stamped = stamped.map(|packet| packet.sample).collect();
        let all = (0..count).all(|place| control::read(replies.packet(place).control).stamp.is_some());
        assert!(all, "a reply without a stamp");
        (stamped, count)
    }

    fn each_socket(test: &str, check: impl Fn(IcmpSocket) + Sync) {
        isolated(test, || {
            std::fs::write("/proc/sys/net/ipv4/ping_group_range", "0 2147483647").unwrap();
            for kind in [SocketKind::Datagram, SocketKind::Raw] {
                check(IcmpSocket::open_as(&VARIANT, kind).unwrap());
            }
        });
    }

    #[test]
    fn stamps_find_their_packets_whoever_numbers_them() {
        let test = "net::socket::tests::stamps_find_their_packets_whoever_numbers_them";
        // Not both on one socket: Linux 6.18 goes on using the last number it was given.
        for ours in [true, false] {
            each_socket(test, |mut socket| {
                if !ours {
                    socket.count_stamps();
                }
                assert!(matches!(send(&mut socket, LOCALHOST, &[7, 8, 9]), Sent::Some(3)));
                assert_eq!(read(&mut socket), (vec![7, 8, 9], 3), "numbers are ours: {ours}");
                // A packet that is refused must not shift the numbers of those after it.
                assert!(matches!(send(&mut socket, [255; 4].into(), &[1]), Sent::Refused(_)));
                assert!(matches!(send(&mut socket, LOCALHOST, &[2, 3]), Sent::Some(2)));
                assert_eq!(read(&mut socket), (vec![2, 3], 2), "numbers are ours: {ours}");
            });
        }
    }

    #[test]
    fn replies_to_other_identifiers_stay_out() {
        each_socket("net::socket::tests::replies_to_other_identifiers_stay_out", |mut socket| {
            let mut other =
                IcmpSocket::open(&Variant { family: Family::V4, tos: 0, source: None, interface: None, mark: None });
            let other = other.as_mut().unwrap();
            assert!(matches!(send(other, LOCALHOST, &[1]), Sent::Some(1)));
            assert!(matches!(send(&mut socket, LOCALHOST, &[2]), Sent::Some(1)));
            assert_eq!((read(other), read(&mut socket)), ((vec![1], 1), (vec![2], 1)));
        });
    }

    #[test]
    fn packets_that_our_own_queue_drops_are_told() {
        each_socket("net::socket::tests::packets_that_our_own_queue_drops_are_told", |mut socket| {
            sys::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, 1).unwrap();
            for _ in 0..50 {
                assert!(matches!(send(&mut socket, LOCALHOST, &[1]), Sent::Some(1)));
            }
            let (_, received) = read(&mut socket);
            assert!(received < 50);
            let lost = 50 - received as u64;
            let told = socket.overflows();
            // Linux 6.18 counts each twice on raw sockets.
            assert!(told == lost || told == 2 * lost, "{told} for {lost}");
            // What the filters keep out is no overflow.
            let mut other = IcmpSocket::open(&VARIANT).unwrap();
            assert!(matches!(send(&mut other, LOCALHOST, &[1]), Sent::Some(1)));
            assert_eq!((read(&mut other).1, socket.overflows()), (1, told));
        });
    }
}
