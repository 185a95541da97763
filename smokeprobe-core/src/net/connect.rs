//! Sockets of the connecting probes, and connecting them with a stopwatch in hand.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::sys;
use crate::clock::Clock;
use crate::probe::ProbeError;
use crate::probes::ConnectOptions;
use crate::round::LossReason;

/// What became of an attempt to connect.
#[derive(Debug)]
pub(crate) struct Connected {
    /// From before the SYN was sent to when the kernel said how it went.
    pub(crate) took: Duration,
    /// The connection, or what the peer or the network said.
    pub(crate) stream: Result<TcpStream, io::Error>,
    /// The kernel had to send the SYN again: the first one, or its answer, was lost.
    pub(crate) retransmitted: bool,
}

/// A TCP connection to `peer`. Of the time it takes, only the handshake is measured, not the making of the socket.
///
/// # Errors
///
/// When no socket could be had: that says nothing about the peer.
pub(crate) async fn connect_tcp(
    peer: SocketAddr,
    options: &ConnectOptions,
    clock: &dyn Clock,
) -> Result<Connected, ProbeError> {
    let socket = open(Type::STREAM, Protocol::TCP, peer, options)?;
    socket.set_tcp_nodelay(true).map_err(|error| system("set TCP_NODELAY", error))?;
    let address = SockAddr::from(peer);

    let start = clock.mono();
    let begun = socket.connect(&address);
    // On loopback the handshake is over by now; otherwise this costs the wait of a long journey two system calls.
    let at_once = match begun {
        Ok(()) => Some(Ok(())),
        Err(error) if in_progress(&error) => outcome(&socket),
        Err(error) if error.raw_os_error() == Some(libc::EADDRNOTAVAIL) => {
            return Err(system("find a free local port", error));
        }
        Err(error) => Some(Err(error)),
    };
    let mut end = clock.mono();
    let stream = TcpStream::from_std(socket.into()).map_err(|error| system("watch a socket", error))?;
    let result = match at_once {
        Some(result) => result,
        None => loop {
            stream.writable().await.map_err(|error| system("watch a socket", error))?;
            end = clock.mono();
            // A wake-up may be spurious; then `try_io` waits for the next.
            let look = || outcome(&SockRef::from(&stream)).ok_or_else(|| io::ErrorKind::WouldBlock.into());
            if let Ok(result) = stream.try_io(Interest::WRITABLE, look) {
                break result;
            }
        },
    };
    let took = end.saturating_since(start);
    // Where the kernel does not tell, the connection is taken as it looks.
    let retransmitted = sys::retransmissions(stream.as_fd()).is_ok_and(|count| count > 0);
    Ok(Connected { took, stream: result.map(|()| stream), retransmitted })
}

/// What an error of a socket connected to `peer` says about the network. The codes are those that the kernel makes
/// these errors of (`icmp_err_convert`, `icmpv6_err_convert`); where it folds several into one, the commonest.
pub(crate) fn loss_reason(error: &io::Error, peer: IpAddr) -> LossReason {
    let v4 = peer.is_ipv4();
    match error.raw_os_error() {
        Some(libc::ENETUNREACH) => LossReason::Unreachable { code: 0 },
        Some(libc::EHOSTUNREACH) => LossReason::Unreachable { code: if v4 { 1 } else { 3 } },
        Some(libc::EHOSTDOWN) => LossReason::Unreachable { code: 7 },
        Some(libc::ENOPROTOOPT) => LossReason::Unreachable { code: 2 },
        Some(libc::EACCES) if !v4 => LossReason::Unreachable { code: 1 },
        Some(libc::EMSGSIZE) => LossReason::TooBig,
        Some(libc::ETIMEDOUT) => LossReason::Timeout,
        Some(libc::ECONNREFUSED | libc::ECONNRESET | libc::EPIPE | libc::ECONNABORTED) => LossReason::Refused,
        Some(_) => LossReason::SendFailed,
        // Not from the system: rustls and hyper say so when a peer hangs up.
        None => match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                LossReason::Refused
            }
            _ => LossReason::Unexpected,
        },
    }
}

/// A local failure, in words.
pub(crate) fn system(action: &'static str, source: io::Error) -> ProbeError {
    ProbeError::System { action: action.into(), source }
}

/// A socket for `peer`, set up as the options say, not connected.
///
/// # Errors
///
/// What the system refused.
pub(super) fn open(
    kind: Type,
    protocol: Protocol,
    peer: SocketAddr,
    options: &ConnectOptions,
) -> Result<Socket, ProbeError> {
    let socket = Socket::new(Domain::for_address(peer), kind.nonblocking().cloexec(), Some(protocol))
        .map_err(|error| system("open a socket", error))?;
    if options.tos != 0 {
        let tos = u32::from(options.tos);
        let set = if peer.is_ipv4() { socket.set_tos_v4(tos) } else { socket.set_tclass_v6(tos) };
        set.map_err(|error| system("set the type of service", error))?;
    }
    if let Some(interface) = &options.interface {
        socket.bind_device(Some(interface.as_bytes())).map_err(|source| ProbeError::System {
            action: format!("send through the interface {interface}").into(),
            source,
        })?;
    }
    if let Some(source) = options.source {
        let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        // A source of the other family cannot be meant for this peer; refusing says so, sending from anywhere does not.
        if source.is_ipv4() != any.is_ipv4() {
            return Err(ProbeError::Other(format!("cannot send to {} from {source}: not of one family", peer.ip())));
        }
        // A port is not taken before the peer is known: one port then serves connections to many (ip(7)). It is about
        // room only, so a kernel without it will do.
        let _ = sys::set_option(socket.as_fd(), libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1);
        socket.bind(&SockAddr::from(SocketAddr::new(source, 0))).map_err(|error| ProbeError::System {
            action: format!("send from the address {source}").into(),
            source: error,
        })?;
    }
    Ok(socket)
}

/// How connecting went, or `None` while it goes on.
fn outcome(socket: &Socket) -> Option<io::Result<()>> {
    match socket.take_error() {
        Ok(None) => {}
        Ok(Some(error)) | Err(error) => return Some(Err(error)),
    }
    socket.peer_addr().is_ok().then_some(Ok(()))
}

fn in_progress(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR))
}
