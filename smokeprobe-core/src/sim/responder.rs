//! Hosts behind a TUN device that answer pings as a test wants.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::tun::Tun;
use crate::clock::{Clock as _, SystemClock};
use crate::icmp::wire::checksum;
use crate::net::sys;
use crate::time::MonoTime;

/// The router that sends ICMP errors.
const ROUTER_V4: Ipv4Addr = Ipv4Addr::new(10, 99, 255, 254);
/// The same for IPv6.
const ROUTER_V6: Ipv6Addr = Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, 0, 0xfffe);

/// An echo request that arrived.
#[derive(Debug, Clone, Copy)]
pub struct Ping {
    /// Whom it is for.
    pub to: IpAddr,
    /// Its identifier, one a program or socket.
    pub ident: u16,
    /// Its sequence number.
    pub seq: u16,
}

/// One packet in answer to a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The echo reply.
    Echo,
    /// An echo reply from another host.
    EchoFrom(IpAddr),
    /// An echo reply with this byte of its ICMP message changed, its checksum mended.
    Forged(usize),
    /// An echo reply with this byte of its ICMP message changed.
    Damaged(usize),
    /// An echo reply of which this many bytes of the ICMP message are left.
    Cut(usize),
    /// An ICMP error from a router, that quotes the IP header and this many bytes more.
    Error {
        /// Its type.
        kind: u8,
        /// Its code.
        code: u8,
        /// How much it quotes.
        quoted: usize,
    },
}

/// Answers in a thread of its own, until it is dropped.
#[derive(Debug)]
pub struct Responder {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Responder {
    /// Answers every ping as `manner` says: with these packets, each so long after.
    pub fn start(tun: Tun, manner: impl FnMut(Ping) -> Vec<(Duration, Answer)> + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || answer(&tun, manner, &stopped));
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the responder panicked");
        }
    }
}

fn answer(tun: &Tun, mut manner: impl FnMut(Ping) -> Vec<(Duration, Answer)>, stop: &AtomicBool) {
    let clock = SystemClock;
    let mut later: BinaryHeap<Reverse<(MonoTime, Vec<u8>)>> = BinaryHeap::new();
    let mut packet = vec![0; 65_536];
    while !stop.load(Ordering::Relaxed) {
        while let Ok(length) = tun.read(&mut packet) {
            let Some(request) = Request::parse(&packet[..length]) else { continue };
            let now = clock.mono();
            for (delay, answer) in manner(request.ping()) {
                later.push(Reverse((now + delay, request.answer(answer))));
            }
        }
        while let Some(due) = later.peek_mut().filter(|due| due.0.0 <= clock.mono()) {
            let Reverse((_, answer)) = std::collections::binary_heap::PeekMut::pop(due);
            // Packets that the system refuses are part of what is tested.
            let _ = tun.write(&answer);
        }
        let next = later.peek().map(|Reverse((due, _))| due.saturating_since(clock.mono()));
        // Wakes now and then to see whether it should stop.
        let patience = next.unwrap_or(Duration::MAX).min(Duration::from_millis(20));
        sys::wait(&[tun.as_fd()], Some(patience)).expect("poll");
    }
}

/// An echo request as it came out of the device.
struct Request<'a> {
    from: IpAddr,
    to: IpAddr,
    header: &'a [u8],
    message: &'a [u8],
}

impl<'a> Request<'a> {
    fn parse(packet: &'a [u8]) -> Option<Self> {
        let version = packet.first()? >> 4;
        let length = if version == 4 { usize::from(packet[0] & 0xf) * 4 } else { 40 };
        let (header, message) = packet.split_at_checked(length)?;
        let octets =
            |place: usize| header.get(place..)?.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets).into());
        let wide = |place: usize| header.get(place..)?.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets).into());
        let (protocol, kind, from, to) = match version {
            4 => (1, 8, octets(12)?, octets(16)?),
            6 => (58, 128, wide(8)?, wide(24)?),
            _ => return None,
        };
        let carried = if version == 4 { header[9] } else { header[6] };
        (carried == protocol && message.len() >= 8 && message[0] == kind).then_some(Self { from, to, header, message })
    }

    fn ping(&self) -> Ping {
        let number = |place: usize| u16::from_be_bytes([self.message[place], self.message[place + 1]]);
        Ping { to: self.to, ident: number(4), seq: number(6) }
    }

    fn answer(&self, answer: Answer) -> Vec<u8> {
        let mut reply = self.message.to_vec();
        reply[0] = if self.to.is_ipv4() { 0 } else { 129 };
        match answer {
            Answer::Echo => packet(self.to, self.from, reply),
            Answer::EchoFrom(other) => packet(other, self.from, reply),
            Answer::Forged(place) => {
                reply[place] ^= 0x55;
                packet(self.to, self.from, reply)
            }
            Answer::Damaged(place) => {
                let mut whole = packet(self.to, self.from, reply);
                let header = whole.len() - self.message.len();
                whole[header + place] ^= 0x55;
                whole
            }
            Answer::Cut(length) => {
                reply.truncate(length);
                packet(self.to, self.from, reply)
            }
            Answer::Error { kind, code, quoted } => {
                let router = if self.to.is_ipv4() { ROUTER_V4.into() } else { ROUTER_V6.into() };
                let mut error = vec![kind, code, 0, 0, 0, 0, 0, 0];
                error.extend_from_slice(self.header);
                error.extend(self.message.iter().take(quoted));
                packet(router, self.from, error)
            }
        }
    }
}

/// An IP packet with an ICMP message, its checksums set.
fn packet(from: IpAddr, to: IpAddr, mut message: Vec<u8>) -> Vec<u8> {
    let length = message.len() as u16;
    if let Some(sum) = message.get_mut(2..4) {
        sum.fill(0);
    }
    let mut packet = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let sum = checksum(&message);
            set_checksum(&mut message, sum);
            let mut header = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0];
            header[2..4].copy_from_slice(&(20 + length).to_be_bytes());
            header.extend(from.octets().into_iter().chain(to.octets()));
            let sum = checksum(&header);
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            header
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let addresses = from.octets().into_iter().chain(to.octets());
            // The pseudo-header of RFC 8200 section 8.1.
            let mut covered: Vec<u8> = addresses.clone().collect();
            covered.extend(u32::from(length).to_be_bytes());
            covered.extend([0, 0, 0, 58]);
            covered.extend(&message);
            let sum = checksum(&covered);
            set_checksum(&mut message, sum);
            let mut header = vec![0x60, 0, 0, 0, 0, 0, 58, 64];
            header[4..6].copy_from_slice(&length.to_be_bytes());
            header.extend(addresses);
            header
        }
        _ => panic!("{from} and {to} are of two families"),
    };
    packet.extend(message);
    packet
}

fn set_checksum(message: &mut [u8], sum: u16) {
    if let Some(place) = message.get_mut(2..4) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
}
