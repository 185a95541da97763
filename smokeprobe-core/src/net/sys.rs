//! The system calls that our sockets need and that no safe interface offers: batches with control messages, a few
//! socket options, and a wait with nanoseconds. The only `unsafe` of the library outside of test utilities.

use std::ffi::c_int;
use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::time::Duration;

/// Packets sent with one system call, at most; and so the size of a burst.
pub(crate) const BATCH: usize = 64;

/// Packets received with one system call, at most. More than a burst, so that one call takes all that a burst brings,
/// and is seen to have done so.
pub(crate) const RECEIVE_BATCH: usize = 96;

/// Room for the control messages of one received packet: stamps (64), extended error (64).
const CONTROL: usize = 192;

/// The socket address of either family, as the kernel writes it.
const NAME: usize = size_of::<libc::sockaddr_in6>();

/// `SCM_TS_OPT_ID`: the sender's own number for a packet's stamp; Linux 6.13 and later, not yet in libc.
const SCM_TS_OPT_ID: c_int = 81;

/// A packet to send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) to: IpAddr,
}

/// Sends packets from the first on, at most [`BATCH`], without waiting. Returns how many the kernel took.
///
/// With `stamp_ids`, packet number i is to be stamped under the number `stamp_ids + i`.
///
/// # Errors
///
/// What the kernel said about the first packet, when it took none.
pub(crate) fn send_batch<'a>(
    fd: BorrowedFd<'_>,
    packets: impl ExactSizeIterator<Item = Outgoing<'a>>,
    stamp_ids: Option<u32>,
) -> io::Result<usize> {
    #[repr(C, align(8))]
    struct StampId {
        header: libc::cmsghdr,
        id: u32,
    }
    // SAFETY: all four are plain C structures of integers and pointers, for which all zeroes is a value.
    let (mut headers, mut parts, mut names, mut controls) = unsafe {
        (
            mem::zeroed::<[libc::mmsghdr; BATCH]>(),
            mem::zeroed::<[libc::iovec; BATCH]>(),
            mem::zeroed::<[libc::sockaddr_in6; BATCH]>(),
            mem::zeroed::<[StampId; BATCH]>(),
        )
    };
    let mut count = 0;
    for (place, packet) in packets.take(BATCH).enumerate() {
        parts[place] = libc::iovec { iov_base: packet.bytes.as_ptr().cast_mut().cast(), iov_len: packet.bytes.len() };
        let header = &mut headers[place].msg_hdr;
        header.msg_iov = &raw mut parts[place];
        header.msg_iovlen = 1;
        header.msg_name = (&raw mut names[place]).cast();
        header.msg_namelen = write_name(&mut names[place], packet.to);
        if let Some(first) = stamp_ids {
            let control = &mut controls[place];
            control.header.cmsg_level = libc::SOL_SOCKET;
            control.header.cmsg_type = SCM_TS_OPT_ID;
            control.header.cmsg_len = (size_of::<libc::cmsghdr>() + size_of::<u32>()) as _;
            control.id = first.wrapping_add(place as u32);
            header.msg_control = (&raw mut *control).cast();
            header.msg_controllen = size_of::<StampId>() as _;
        }
        count += 1;
    }
    // SAFETY: the first `count` headers point to names, parts, controls and packets that outlive the call, with their
    // true lengths. The kernel only reads what the parts point to.
    let sent = unsafe { libc::sendmmsg(fd.as_raw_fd(), headers.as_mut_ptr(), count, libc::MSG_DONTWAIT as _) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Room to receive a batch of packets in.
#[derive(Debug)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    /// Bytes for each packet.
    room: usize,
    names: Vec<[u8; NAME]>,
    controls: Vec<Control>,
    filled: [Filled; RECEIVE_BATCH],
}

#[derive(Debug, Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; CONTROL]);

#[derive(Debug, Clone, Copy, Default)]
struct Filled {
    length: usize,
    control: usize,
    cut: bool,
}

/// One packet of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming<'a> {
    pub(crate) bytes: &'a [u8],
    /// The packet was longer than the room for it.
    pub(crate) cut: bool,
    /// Who sent it; from the error queue, where the failed packet went.
    pub(crate) from: Option<IpAddr>,
    /// The control messages, see [`super::control`].
    pub(crate) control: &'a [u8],
}

impl Batch {
    /// Room for [`RECEIVE_BATCH`] packets of up to `room` bytes.
    pub(crate) fn new(room: usize) -> Self {
        Self::of(RECEIVE_BATCH, room)
    }

    /// Room for so many packets, at most [`RECEIVE_BATCH`], of up to `room` bytes.
    pub(crate) fn of(packets: usize, room: usize) -> Self {
        let packets = packets.clamp(1, RECEIVE_BATCH);
        Self {
            bytes: vec![0; room * packets],
            room,
            names: vec![[0; NAME]; packets],
            controls: vec![Control([0; CONTROL]); packets],
            filled: [Filled::default(); RECEIVE_BATCH],
        }
    }

    /// Makes room for packets of up to `room` bytes.
    pub(crate) fn grow(&mut self, room: usize) {
        if room > self.room {
            self.room = room;
            self.bytes.resize(room * self.names.len(), 0);
        }
    }

    /// Receives what is there, from the queue of packets or from that of errors, without waiting. Returns how many.
    pub(crate) fn receive(&mut self, fd: BorrowedFd<'_>, errors: bool) -> io::Result<usize> {
        // SAFETY: both are plain C structures of integers and pointers, for which all zeroes is a value.
        let (mut headers, mut parts) =
            unsafe { (mem::zeroed::<[libc::mmsghdr; RECEIVE_BATCH]>(), mem::zeroed::<[libc::iovec; RECEIVE_BATCH]>()) };
        let chunks = self.bytes.chunks_exact_mut(self.room);
        for (place, ((chunk, name), control)) in chunks.zip(&mut self.names).zip(&mut self.controls).enumerate() {
            parts[place] = libc::iovec { iov_base: chunk.as_mut_ptr().cast(), iov_len: chunk.len() };
            let header = &mut headers[place].msg_hdr;
            header.msg_iov = &raw mut parts[place];
            header.msg_iovlen = 1;
            header.msg_name = name.as_mut_ptr().cast();
            header.msg_namelen = NAME as _;
            header.msg_control = control.0.as_mut_ptr().cast();
            header.msg_controllen = CONTROL as _;
        }
        let flags = libc::MSG_DONTWAIT | if errors { libc::MSG_ERRQUEUE } else { 0 };
        let room = self.names.len() as _;
        // SAFETY: each of the first `room` headers, of which there are at most `RECEIVE_BATCH`, points to a name, a part, a
        // control and a chunk of its own, all of which outlive the call, with their true lengths.
        let count =
            unsafe { libc::recvmmsg(fd.as_raw_fd(), headers.as_mut_ptr(), room, flags as _, std::ptr::null_mut()) };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for ((filled, header), name) in self.filled.iter_mut().zip(&headers[..count]).zip(&mut self.names) {
            #[expect(clippy::unnecessary_cast, reason = "32 bits with musl")]
            let control = header.msg_hdr.msg_controllen as usize;
            *filled = Filled {
                length: (header.msg_len as usize).min(self.room),
                control: control.min(CONTROL),
                cut: header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
            };
            // Without an address the kernel leaves the place as it was: that of another packet.
            if header.msg_hdr.msg_namelen == 0 {
                *name = [0; NAME];
            }
        }
        Ok(count)
    }

    /// Packet number `place` of those that the last `receive` returned.
    pub(crate) fn packet(&self, place: usize) -> Incoming<'_> {
        let Filled { length, control, cut } = self.filled[place];
        let start = place * self.room;
        Incoming {
            bytes: &self.bytes[start..start + length],
            cut,
            from: read_name(&self.names[place]),
            control: &self.controls[place].0[..control],
        }
    }
}

/// Sets a socket option whose value is an integer.
pub(crate) fn set_option(fd: BorrowedFd<'_>, level: c_int, option: c_int, value: u32) -> io::Result<()> {
    set_option_bytes(fd, level, option, &value.to_ne_bytes())
}

/// Sets a socket option whose value is a structure without pointers.
pub(crate) fn set_option_bytes(fd: BorrowedFd<'_>, level: c_int, option: c_int, value: &[u8]) -> io::Result<()> {
    // SAFETY: the kernel copies `value.len()` bytes from `value`, and nothing that they might point to.
    let result = unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, value.as_ptr().cast(), value.len() as _) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// How many packets the kernel has dropped because the socket's receive queue was full, modulo 2^32 (`SO_MEMINFO`).
pub(crate) fn receive_drops(fd: BorrowedFd<'_>) -> io::Result<u32> {
    /// `SK_MEMINFO_VARS` and `SK_MEMINFO_DROPS` of `linux/sock_diag.h`.
    const VARS: usize = 9;
    const DROPS: usize = 8;
    let mut info = [0u32; VARS];
    let mut length = size_of_val(&info) as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes to `info`, which has room for that many.
    let result = unsafe {
        let info = info.as_mut_ptr().cast();
        libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_MEMINFO, info, &raw mut length)
    };
    if result == 0 { Ok(info[DROPS]) } else { Err(io::Error::last_os_error()) }
}

/// How many segments of a TCP connection the kernel has sent again, SYNs included. Known after it failed, too.
pub(crate) fn retransmissions(fd: BorrowedFd<'_>) -> io::Result<u32> {
    // SAFETY: a plain C structure of integers, for which all zeroes is a value.
    let mut info: libc::tcp_info = unsafe { mem::zeroed() };
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes to `info`, which has room for that many.
    let result = unsafe {
        let info = (&raw mut info).cast();
        libc::getsockopt(fd.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO, info, &raw mut length)
    };
    if result == 0 { Ok(info.tcpi_total_retrans) } else { Err(io::Error::last_os_error()) }
}

/// Waits until one of the descriptors has something to read or an error, or for `timeout` at most; `None` is for ever.
pub(crate) fn wait(fds: &[BorrowedFd<'_>], timeout: Option<Duration>) -> io::Result<()> {
    let mut polled: Vec<libc::pollfd> =
        fds.iter().map(|fd| libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 }).collect();
    let timeout = timeout.map(|timeout| {
        // SAFETY: a plain C structure of integers, for which all zeroes is a value; some systems have padding fields.
        let mut spec: libc::timespec = unsafe { mem::zeroed() };
        spec.tv_sec = timeout.as_secs().min(86_400) as _;
        spec.tv_nsec = timeout.subsec_nanos().into();
        spec
    });
    let spec = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: `polled` and `spec` outlive the call; the count is that of `polled`; no signal mask is given.
    let result = unsafe { libc::ppoll(polled.as_mut_ptr(), polled.len() as _, spec, std::ptr::null()) };
    match result {
        -1 => Err(io::Error::last_os_error()).or_else(|error| match error.kind() {
            io::ErrorKind::Interrupted => Ok(()),
            _ => Err(error),
        }),
        _ => Ok(()),
    }
}

/// Writes a socket address without a port and returns its length.
fn write_name(name: &mut libc::sockaddr_in6, address: IpAddr) -> libc::socklen_t {
    match address {
        IpAddr::V6(address) => {
            name.sin6_family = libc::AF_INET6 as _;
            name.sin6_addr.s6_addr = address.octets();
            size_of::<libc::sockaddr_in6>() as _
        }
        IpAddr::V4(address) => {
            let v4: *mut libc::sockaddr_in = std::ptr::from_mut(name).cast();
            // SAFETY: sockaddr_in is shorter than sockaddr_in6, no stricter aligned, and any bytes are a value of it.
            let v4 = unsafe { &mut *v4 };
            v4.sin_family = libc::AF_INET as _;
            v4.sin_addr.s_addr = u32::from_ne_bytes(address.octets());
            size_of::<libc::sockaddr_in>() as _
        }
    }
}

/// The address in a socket address: family in the first two bytes, then the port, and in IPv6 the flow label.
fn read_name(name: &[u8; NAME]) -> Option<IpAddr> {
    match c_int::from(u16::from_ne_bytes([name[0], name[1]])) {
        libc::AF_INET => name[4..].first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets).into()),
        libc::AF_INET6 => name[8..].first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets).into()),
        _ => None,
    }
}
