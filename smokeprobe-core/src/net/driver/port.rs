//! A socket with the packets that wait for it.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::os::fd::{AsFd as _, BorrowedFd};

use crate::clock::{Clock, SystemClock};
use crate::icmp::PacketId;
use crate::icmp::pinger::{Machine, Received, ReceivedError, Transmit};
use crate::icmp::wire;
use crate::net::control::{self, Report};
use crate::net::socket::{IcmpSocket, Sent};
use crate::net::sys::{BATCH, Batch, Outgoing, RECEIVE_BATCH};

/// Room for a packet of 56 bytes of data and any header, several times over.
const ROOM: usize = 512;
/// Of a packet that an error quotes, the header and the mark are of interest.
const ERROR_ROOM: usize = 64;
/// Batches drained before it is time to send again, so that a flood cannot keep us from that.
const MOST_BATCHES: usize = 16;

/// A socket, its waiting packets, and its buffers.
#[derive(Debug)]
pub(super) struct Port {
    socket: IcmpSocket,
    /// Packets that the machine handed out and the kernel has not taken: a burst, or what a full buffer held up.
    queue: VecDeque<Transmit>,
    /// Bytes of the packets of a burst, kept for the next.
    packets: Vec<Vec<u8>>,
    replies: Batch,
    errors: Batch,
    /// Rounds open on this socket.
    pub(super) rounds: usize,
}

impl Port {
    pub(super) fn new(socket: IcmpSocket) -> Self {
        Self {
            socket,
            queue: VecDeque::new(),
            packets: vec![Vec::new(); BATCH],
            replies: Batch::new(ROOM),
            errors: Batch::new(ERROR_ROOM),
            rounds: 0,
        }
    }

    /// Makes room for replies with this many bytes of data.
    pub(super) fn expect_data(&mut self, data: u16) {
        self.replies.grow(usize::from(data) + wire::HEADER + wire::LONGEST_IPV4_HEADER);
    }

    /// Adds a packet to be sent.
    pub(super) fn queue(&mut self, transmit: Transmit) {
        self.queue.push_back(transmit);
    }

    /// Hands the waiting packets to the kernel, one at a time if `singly`. Returns whether the send buffer is full.
    pub(super) fn flush(&mut self, machine: &mut Machine, clock: SystemClock, singly: bool) -> bool {
        let most = if singly { 1 } else { BATCH };
        while !self.queue.is_empty() {
            let count = self.queue.len().min(most);
            let mut ids = [None; BATCH];
            let mut targets = [IpAddr::from([0; 4]); BATCH];
            for (place, transmit) in self.queue.iter().take(count).enumerate() {
                machine.write(transmit, self.socket.ident(), &mut self.packets[place]);
                ids[place] = Some(transmit.packet);
                targets[place] = transmit.target;
            }
            let ids: Vec<PacketId> = ids.iter().copied().flatten().collect();
            let packets = &self.packets;
            let before = clock.mono();
            let sent = self
                .socket
                .send(|| packets[..count].iter().zip(&targets).map(|(bytes, &to)| Outgoing { bytes, to }), &ids);
            match sent {
                Sent::Some(taken) => {
                    for transmit in self.queue.drain(..taken) {
                        machine.handle_sent(before, transmit.packet);
                    }
                }
                Sent::Full => {
                    machine.handle_send_wait();
                    return true;
                }
                Sent::Refused(why) => {
                    if let Some(transmit) = self.queue.pop_front() {
                        machine.handle_refused(transmit.packet, &why);
                    }
                }
            }
        }
        false
    }

    /// Reads what has arrived. Returns whether that was all.
    pub(super) fn drain(&mut self, machine: &mut Machine, clock: SystemClock) -> bool {
        for turn in 0..MOST_BATCHES {
            let count = self.socket.receive(&mut self.replies, false);
            let read = clock.mono();
            // The stamps after the replies: when a reply was there, so was the stamp of its request. But they are
            // handed on before them.
            let errors = self.drain_errors(machine);
            if turn == 0 && count + errors == 0 {
                // Ready without anything to read: an error that only waits to be asked for.
                self.socket.clear_error();
            }
            for place in 0..count {
                let packet = self.replies.packet(place);
                let notes = control::read(packet.control);
                let Some(from) = packet.from else { continue };
                machine.handle_packet(&Received {
                    framing: self.socket.framing(),
                    ident: self.socket.ident(),
                    from,
                    bytes: packet.bytes,
                    cut: packet.cut,
                    read,
                    stamp: notes.stamp,
                });
            }
            if count < RECEIVE_BATCH {
                return true;
            }
        }
        false
    }

    /// How many packets the receive queue has dropped.
    pub(super) fn overflows(&mut self) -> u64 {
        self.socket.overflows()
    }

    /// Whether the kernel was asked for stamps and did not refuse.
    pub(super) fn has_stamps(&self) -> bool {
        self.socket.has_stamps()
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Reads stamps and ICMP errors. Returns how many.
    fn drain_errors(&mut self, machine: &mut Machine) -> usize {
        let mut all = 0;
        for _ in 0..MOST_BATCHES {
            let count = self.socket.receive(&mut self.errors, true);
            for place in 0..count {
                let entry = self.errors.packet(place);
                let notes = control::read(entry.control);
                match (notes.report, notes.stamp, entry.from) {
                    (Some(Report::Sent(number)), Some(stamp), _) => {
                        if let Some(packet) = self.socket.stamped(number) {
                            machine.handle_stamp(packet, stamp);
                        }
                    }
                    (Some(Report::Icmp { kind, code }), _, Some(target)) => machine.handle_error(&ReceivedError {
                        ident: self.socket.ident(),
                        target,
                        kind,
                        code,
                        quoted: entry.bytes,
                    }),
                    _ => {}
                }
            }
            all += count;
            if count < RECEIVE_BATCH {
                break;
            }
        }
        all
    }
}
