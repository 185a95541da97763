//! The ICMP parsers on any bytes, and the pinger under any sequence of events: sends that fail, answers that are late,
//! doubled, damaged or forged, errors, cancelled rounds. In the end every round must be known, and must not have more
//! answers than were given.

#![no_main]

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use smokeprobe_core::icmp::pinger::{Group, Machine, Received, ReceivedError, Request, SocketId, Transmit};
use smokeprobe_core::icmp::wire::{self, Family, Framing};
use smokeprobe_core::icmp::{CookieKey, RoundKey};
use smokeprobe_core::{KernelTime, MonoTime, Outcome, Recorder};

const IDENT: u16 = 0x1234;

/// Header and mark of a request.
const MARKED: usize = 8 + 12;

struct Open {
    recorder: Recorder,
    answers_given: usize,
    cancelled: bool,
}

struct Lab<'a> {
    script: &'a [u8],
    machine: Machine,
    now: MonoTime,
    /// Packets handed to the kernel, each with its bytes.
    sent: Vec<(Transmit, Vec<u8>)>,
    /// Packets that found a full send buffer.
    waiting: Vec<Transmit>,
    rounds: HashMap<RoundKey, Open>,
}

fuzz_target!(|data: &[u8]| {
    for family in [Family::V4, Family::V6] {
        let _ = wire::parse_quoted(family, data);
        for framing in [Framing::Bare, Framing::Ipv4Header] {
            let _ = wire::parse_reply(family, framing, data);
        }
    }
    let machine = Machine::new(CookieKey::new(&[7; 16]));
    let mut lab = Lab {
        script: data,
        machine,
        now: MonoTime::ORIGIN,
        sent: Vec::new(),
        waiting: Vec::new(),
        rounds: HashMap::new(),
    };
    while let Some(event) = lab.byte() {
        lab.event(event);
    }
    lab.finish();
});

impl Lab<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.script.split_first()?;
        self.script = rest;
        Some(*first)
    }

    fn small(&mut self) -> u8 {
        self.byte().unwrap_or(0)
    }

    fn target(&mut self) -> IpAddr {
        match self.small() % 4 {
            0 => IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1)),
            1 => IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)),
            2 => IpAddr::V6(Ipv6Addr::LOCALHOST),
            _ => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        }
    }

    fn event(&mut self, event: u8) {
        match event % 10 {
            0 => self.open(),
            1 => self.transmit(),
            2 | 3 => self.answer(),
            4 => self.noise(),
            5 => self.error(),
            6 => self.now = self.now + Duration::from_millis(u64::from(self.small()) * 10),
            7 => self.cancel(),
            8 => {
                let (socket, total) = (SocketId(u16::from(self.small())), u64::from(self.small()));
                self.machine.handle_overflow(socket, total);
                self.machine.handle_lateness(self.now, Duration::from_millis(total));
            }
            _ => self.machine.handle_clock_step(self.now),
        }
        self.machine.handle_timeout(self.now);
    }

    fn open(&mut self) {
        let count = u32::from(self.small() % 30);
        let recorder = Recorder::new(count);
        let request = Request {
            socket: SocketId(0),
            target: self.target(),
            count,
            discard_first: self.small() % 2 == 1,
            data: u16::from(self.small()),
            interval: Duration::from_millis(u64::from(self.small())),
            timeout: Duration::from_millis(u64::from(self.small()) * 10),
            group: Group { id: u64::from(self.small() % 3), gap: Duration::from_millis(u64::from(self.small() % 20)) },
            recorder: recorder.clone(),
        };
        if let Ok(key) = self.machine.handle_request(self.now, request) {
            self.rounds.insert(key, Open { recorder, answers_given: 0, cancelled: false });
        }
    }

    fn transmit(&mut self) {
        let fate = self.small();
        for transmit in std::mem::take(&mut self.waiting) {
            self.send(transmit, fate);
        }
        // A burst is bounded by what is due; each round sends at most one packet an interval.
        for _ in 0..256 {
            let Some(transmit) = self.machine.poll_transmit(self.now) else { break };
            self.send(transmit, fate);
        }
    }

    fn send(&mut self, transmit: Transmit, fate: u8) {
        match fate % 8 {
            0 => self.machine.handle_refused(transmit.packet, &io::Error::from(io::ErrorKind::PermissionDenied)),
            1 => {
                self.machine.handle_send_wait();
                self.waiting.push(transmit);
            }
            _ => {
                let mut bytes = Vec::new();
                self.machine.write(&transmit, IDENT, &mut bytes);
                self.machine.handle_sent(self.now, transmit.packet);
                if fate % 2 == 0 {
                    self.machine.handle_stamp(transmit.packet, self.kernel());
                }
                self.sent.push((transmit, bytes));
            }
        }
    }

    fn answer(&mut self) {
        let at = usize::from(self.small());
        let Some((transmit, request)) = self.sent.get(at % self.sent.len().max(1)).cloned() else { return };
        let family = Family::of(transmit.target);
        let mut reply = request;
        reply[0] = family.reply();
        reply[2..4].fill(0);
        if family == Family::V4 {
            let sum = wire::checksum(&reply);
            reply[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        let change = self.small();
        if change >= 128 {
            let place = usize::from(self.small()) % reply.len();
            reply[place] ^= 1 << (change % 8);
        }
        self.receive(transmit.target, &reply, change % 5 != 0);
    }

    /// Any bytes, from anyone.
    fn noise(&mut self) {
        let from = self.target();
        let length = usize::from(self.small()).min(self.script.len());
        let (bytes, rest) = self.script.split_at(length);
        self.script = rest;
        self.receive(from, bytes, true);
    }

    fn receive(&mut self, from: IpAddr, bytes: &[u8], stamped: bool) {
        // Whatever has the identifier, the sequence number and the mark of a request may count for its round.
        for (transmit, request) in &self.sent {
            let length = request.len().min(MARKED);
            if transmit.target == from
                && bytes.get(4..length) == request.get(4..length)
                && let Some(round) = self.rounds.get_mut(&transmit.packet.round)
            {
                round.answers_given += 1;
            }
        }
        let stamp = stamped.then(|| self.kernel());
        self.machine.handle_packet(&Received {
            framing: Framing::Bare,
            ident: IDENT,
            from,
            bytes,
            cut: false,
            read: self.now,
            stamp,
        });
    }

    fn error(&mut self) {
        let at = usize::from(self.small());
        let Some((transmit, request)) = self.sent.get(at % self.sent.len().max(1)).cloned() else { return };
        let (kind, code) = (self.small(), self.small());
        let length = usize::from(self.small()).min(request.len());
        self.machine.handle_error(&ReceivedError {
            ident: IDENT,
            target: transmit.target,
            kind,
            code,
            quoted: &request[..length],
        });
    }

    fn cancel(&mut self) {
        let at = usize::from(self.small());
        let Some(key) = self.rounds.keys().copied().nth(at) else { return };
        self.machine.handle_cancel(key);
        if let Some(round) = self.rounds.get_mut(&key) {
            round.cancelled = true;
        }
    }

    /// The kernel's clock, which has its own origin.
    fn kernel(&self) -> KernelTime {
        let since = self.now.saturating_since(MonoTime::ORIGIN);
        KernelTime::from_nanos(1_700_000_000_000_000_000 + i64::try_from(since.as_nanos()).unwrap())
    }

    /// Lets time pass until nothing is open. That takes a bounded number of steps.
    fn finish(mut self) {
        for transmit in std::mem::take(&mut self.waiting) {
            self.machine.handle_sent(self.now, transmit.packet);
        }
        for _ in 0..100_000 {
            if self.machine.is_idle() {
                break;
            }
            while let Some(transmit) = self.machine.poll_transmit(self.now) {
                self.machine.handle_sent(self.now, transmit.packet);
            }
            self.machine.handle_timeout(self.now);
            while let Some(round) = self.machine.poll_finished() {
                self.machine.handle_cancel(round);
            }
            match self.machine.poll_timeout() {
                Some(at) => self.now = self.now.max(at),
                None => break,
            }
        }
        for round in self.rounds.values().filter(|round| !round.cancelled) {
            assert!(round.recorder.complete(), "a round did not end");
            let outcomes = round.recorder.outcomes();
            let answered = outcomes.iter().filter(|outcome| matches!(outcome, Some(Outcome::Answered { .. }))).count();
            assert!(answered <= round.answers_given, "{answered} answers where {} came", round.answers_given);
        }
    }
}
