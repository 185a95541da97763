//! The pinger as a machine without sockets or clock: rounds go in, packets come out, packets go in, outcomes come out.
//!
//! Tell it what happened with `handle_…`, in any order. Then ask `poll_transmit` until `None`, and `poll_finished` until
//! `None`; come back at `poll_timeout`. Replies that arrived before some time have to be handed in before
//! `handle_timeout` of that time, or they count as late.
//!
//! Memory is bounded by the rounds ordered, never by what arrives: a packet is looked up and counted, never kept.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

pub use super::pacing::Group;

use super::cookie::{self, CookieKey};
use super::counters::Counters;
use super::flight::{PacketId, Round, RoundKey, Rounds, Sample, State};
use super::lateness::Lateness;
use super::pacing::{Pacing, TICK};
use super::rtt::{self, Stamped};
use super::wire::{self, Echo, Family, Framing, Malformed};
use crate::round::{LossReason, Outcome, Quality, Recorder, StampSource};
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
    seq: u16,
    data: u16,
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

/// From here on a socket lacks stamps.
const LACKING: u16 = 256;

/// No more rounds can be open at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many rounds at once")]
pub struct TooManyRounds;

/// The pinger.
#[derive(Debug)]
pub struct Machine {
    key: CookieKey,
    rounds: Rounds,
    pacing: Pacing,
    /// When to look at a round for time-outs, one entry a round.
    timers: BinaryHeap<Reverse<(MonoTime, RoundKey)>>,
    finished: VecDeque<RoundKey>,
    lateness: Lateness,
    /// Receive overflows of each socket.
    overflows: Vec<u64>,
    /// How much each socket lacks stamps, see `lacks_stamps`.
    lacking: Vec<u16>,
    /// When the wall clock was last found stepped: packets sent before have stamps of another clock.
    stepped: Option<MonoTime>,
    counters: Counters,
}

impl Machine {
    /// A pinger with nothing to do.
    pub fn new(key: CookieKey) -> Self {
        Self {
            key,
            rounds: Rounds::default(),
            pacing: Pacing::default(),
            timers: BinaryHeap::new(),
            finished: VecDeque::new(),
            lateness: Lateness::default(),
            overflows: Vec::new(),
            lacking: Vec::new(),
            stepped: None,
            counters: Counters::default(),
        }
    }

    /// Takes on a round. Its first packet is due at once.
    pub fn handle_request(&mut self, now: MonoTime, request: Request) -> Result<RoundKey, TooManyRounds> {
        let Request { socket, target, count, discard_first, data, interval, timeout, group, recorder } = request;
        let skipped = u32::from(discard_first);
        let round = Round {
            target,
            socket,
            group,
            data,
            total: count.saturating_add(skipped),
            skipped,
            interval,
            timeout,
            recorder,
            started: now,
            seq_base: self.seq_base(target, usize::from(data)),
            samples: Vec::with_capacity(count.min(64) as usize),
            settled: 0,
            first_open: 0,
            armed: false,
            overflows_before: self.overflows_of(socket),
            noted: Quality::default(),
            timed_out: 0,
            refused: false,
        };
        if self.rounds.len() == 0 {
            self.lateness.forget_before(now);
        }
        let key = self.rounds.open(round).ok_or(TooManyRounds)?;
        if count == 0 {
            self.finish(key);
        } else {
            self.pacing.wait(group, now, key);
        }
        Ok(key)
    }

    /// Forgets a round that nobody waits for any more.
    pub fn handle_cancel(&mut self, round: RoundKey) {
        self.rounds.close(round);
    }

    /// A packet of `poll_transmit` was handed to the kernel; `at` was before that. Its time-out begins.
    pub fn handle_sent(&mut self, at: MonoTime, packet: PacketId) {
        let Some(round) = self.rounds.get_mut(packet.round) else { return };
        let Some(sample) = round.samples.get_mut(packet.sample as usize) else { return };
        if sample.state != State::Queued {
            return;
        }
        sample.state = State::Awaited(None);
        sample.sent.user = at;
        self.counters.sent += 1;
        if !round.armed {
            round.armed = true;
            self.timers.push(Reverse((at + round.timeout, packet.round)));
        }
    }

    /// The kernel's stamp of a packet that was sent.
    pub fn handle_stamp(&mut self, packet: PacketId, stamp: KernelTime) {
        if let Some(sample) = self.sample_mut(packet) {
            sample.stamp(stamp);
        }
    }

    /// The system refused to send a packet, and would again. A full buffer is not such a case: wait, and send again.
    pub fn handle_refused(&mut self, packet: PacketId, why: &io::Error) {
        if self.sample_mut(packet).is_some_and(|sample| sample.state == State::Queued) {
            self.counters.send_failed += 1;
            if let Some(round) = self.rounds.get_mut(packet.round).filter(|round| !round.refused) {
                round.refused = true;
                round.recorder.note(format!("cannot send to {}: {why}", round.target));
            }
            self.settle(packet, Outcome::Lost(LossReason::SendFailed));
        }
    }

    /// A full send buffer made the driver wait.
    pub fn handle_send_wait(&mut self) {
        self.counters.send_waits += 1;
    }

    /// A packet arrived.
    pub fn handle_packet(&mut self, received: &Received<'_>) {
        let family = Family::of(received.from);
        if received.cut {
            self.counters.truncated += 1;
            return;
        }
        match wire::parse_reply(family, received.framing, received.bytes) {
            Ok(echo) if echo.ident == received.ident => {
                let stamped = Stamped { user: received.read, kernel: received.stamp };
                self.handle_echo(received.from, echo, stamped);
            }
            Ok(_) => self.counters.forged += 1,
            Err(Malformed::Truncated) => self.counters.truncated += 1,
            Err(Malformed::Checksum) => self.counters.damaged += 1,
            Err(_) => self.counters.unexpected += 1,
        }
    }

    /// An ICMP error arrived. It explains a loss, and never makes one: that takes the time-out. So whoever forges
    /// errors can at most change the reason given.
    pub fn handle_error(&mut self, error: &ReceivedError<'_>) {
        let family = Family::of(error.target);
        let found = wire::parse_quoted(family, error.quoted)
            .ok()
            .filter(|echo| echo.ident == error.ident)
            .and_then(|echo| self.find_quoted(error.target, echo));
        let Some(packet) = found else {
            self.counters.foreign_errors += 1;
            return;
        };
        self.counters.icmp_errors += 1;
        let Some(reason) = wire::loss_reason(family, error.kind, error.code) else { return };
        if let Some(Sample { state: State::Awaited(why @ None), .. }) = self.sample_mut(packet) {
            *why = Some(reason);
        }
    }

    /// The socket's receive queue has dropped this many packets since it was opened.
    pub fn handle_overflow(&mut self, socket: SocketId, total: u64) {
        let place = usize::from(socket.0);
        if self.overflows.len() <= place {
            self.overflows.resize(place + 1, 0);
        }
        let new = total.saturating_sub(self.overflows[place]);
        self.overflows[place] += new;
        self.counters.receive_overflows += new;
    }

    /// A timer of the driver's fired this late.
    pub fn handle_lateness(&mut self, now: MonoTime, late: Duration) {
        self.counters.worst_lateness = self.counters.worst_lateness.max(late);
        if self.rounds.len() > 0 {
            self.lateness.note(now, late);
        }
    }

    /// The wall clock was found stepped: kernel stamps from before say nothing together with later ones.
    pub fn handle_clock_step(&mut self, now: MonoTime) {
        self.stepped = Some(now);
        self.counters.clock_steps += 1;
    }

    /// Gives up the packets whose time-out has ended by `now`.
    pub fn handle_timeout(&mut self, now: MonoTime) {
        while let Some(&Reverse((at, key))) = self.timers.peek() {
            if at > now {
                break;
            }
            self.timers.pop();
            self.expire(now, key);
        }
    }

    /// A packet to send now. Once it is with the kernel, `handle_sent` must be told.
    pub fn poll_transmit(&mut self, now: MonoTime) -> Option<Transmit> {
        loop {
            let rounds = &self.rounds;
            let (key, due) = self.pacing.poll(now, |key| rounds.get(key).is_some())?;
            let Some(round) = self.rounds.get_mut(key) else { continue };
            if round.samples.last().is_some_and(|last| last.state == State::Queued) {
                // The send buffer is full. One packet a round waits there, no more.
                self.pacing.wait(round.group, now + TICK, key);
                continue;
            }
            let sample = round.samples.len() as u32;
            round.samples.push(Sample::queued(now));
            let transmit = Transmit {
                packet: PacketId { round: key, sample },
                socket: round.socket,
                target: round.target,
                seq: round.seq(sample),
                data: round.data,
            };
            if sample + 1 < round.total {
                // From due time to due time, so that ticks do not add up; but after a real delay from the packet, so
                // that it is never made up for with less than the interval.
                let from = if now.saturating_since(due) <= TICK { due } else { now };
                self.pacing.wait(round.group, from + round.interval, key);
            }
            return Some(transmit);
        }
    }

    /// Writes the packet of a `Transmit`, as sent with this identifier.
    pub fn write(&self, transmit: &Transmit, ident: u16, packet: &mut Vec<u8>) {
        let Transmit { packet: id, target, seq, data, .. } = *transmit;
        let fill = |place: &mut [u8]| self.key.fill(place, id, target);
        wire::write_request(packet, Family::of(target), ident, seq, usize::from(data), fill);
    }

    /// A round of which every sample is known.
    pub fn poll_finished(&mut self) -> Option<RoundKey> {
        self.finished.pop_front()
    }

    /// When to come back at the latest: for `poll_transmit`, or for `handle_timeout`.
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        let timer = self.timers.peek().map(|Reverse((at, _))| *at);
        [self.pacing.next_at(), timer].into_iter().flatten().min()
    }

    /// Whether no round is open.
    pub fn is_idle(&self) -> bool {
        self.rounds.len() == 0
    }

    /// Whether enough answers through this socket come without stamps that packets should be timed one by one. Some
    /// network cards stamp nothing that they send; other packets of the same socket may be stamped all the same.
    pub fn lacks_stamps(&self, socket: SocketId) -> bool {
        self.lacking.get(usize::from(socket.0)).is_some_and(|&lacking| lacking >= LACKING)
    }

    /// The totals.
    pub fn counters(&self) -> Counters {
        Counters { open_rounds: self.rounds.len() as u64, ..self.counters }
    }

    /// An echo reply: looks for the packet that it proves to answer.
    fn handle_echo(&mut self, from: IpAddr, echo: Echo<'_>, received: Stamped) {
        match self.find_answered(from, echo) {
            Found::Open(packet) => self.answer(packet, received),
            Found::Closed => self.counters.after_close += 1,
            Found::Nothing => self.counters.forged += 1,
        }
    }

    fn answer(&mut self, packet: PacketId, received: Stamped) {
        let stepped = self.stepped;
        let Some(round) = self.rounds.get_mut(packet.round) else { return };
        let Some(sample) = round.samples.get(packet.sample as usize) else { return };
        match sample.state {
            State::Awaited(_) => {
                let mut sent = sample.sent;
                if stepped.is_some_and(|at| sent.user <= at) {
                    sent.kernel = None;
                }
                let (rtt, stamp) = rtt::rtt(sent, received);
                if Duration::from(rtt) > round.timeout {
                    // Whether the time-out or the answer was looked at first must not matter.
                    self.note_late(packet.round);
                    self.expire_sample(packet);
                    return;
                }
                match stamp {
                    StampSource::Kernel => self.counters.kernel_stamps += 1,
                    StampSource::User => self.counters.user_stamps += 1,
                }
                self.counters.answered += 1;
                if stepped.is_none_or(|at| sent.user > at) {
                    let socket = round.socket;
                    self.note_stamps(socket, sent.kernel.is_some() && received.kernel.is_some());
                }
                self.settle(packet, Outcome::Answered { rtt, stamp });
            }
            State::Lost => self.note_late(packet.round),
            State::Answered => {
                self.counters.duplicates += 1;
                round.noted.duplicates += 1;
                let duplicates = round.noted.duplicates;
                round.recorder.quality(|quality| quality.duplicates = duplicates);
            }
            // Nobody can answer what was not sent.
            State::Queued => self.counters.forged += 1,
        }
    }

    /// An answer without both stamps weighs as much as 64 with them: one in fifty is too many. Four in a row are enough,
    /// and a thousand stamped ones make up for any number.
    fn note_stamps(&mut self, socket: SocketId, both: bool) {
        let place = usize::from(socket.0);
        if self.lacking.len() <= place {
            self.lacking.resize(place + 1, 0);
        }
        let lacking = &mut self.lacking[place];
        *lacking = if both { lacking.saturating_sub(1) } else { (*lacking + LACKING / 4).min(4 * LACKING) };
    }

    fn note_late(&mut self, key: RoundKey) {
        self.counters.late += 1;
        if let Some(round) = self.rounds.get_mut(key) {
            round.noted.late_answers += 1;
            let late = round.noted.late_answers;
            round.recorder.quality(|quality| quality.late_answers = late);
        }
    }

    /// Gives up what has run out in a round, and sets its timer anew.
    fn expire(&mut self, now: MonoTime, key: RoundKey) {
        loop {
            let Some(round) = self.rounds.get_mut(key) else { return };
            match round.deadline() {
                None => {
                    round.armed = false;
                    return;
                }
                Some(deadline) if deadline > now => {
                    self.timers.push(Reverse((deadline, key)));
                    return;
                }
                Some(_) => {
                    let sample = round.first_open as u32;
                    self.expire_sample(PacketId { round: key, sample });
                }
            }
        }
    }

    fn expire_sample(&mut self, packet: PacketId) {
        let Some(Sample { state: State::Awaited(why), .. }) = self.sample_mut(packet) else { return };
        let reason = why.unwrap_or(LossReason::Timeout);
        if reason == LossReason::Timeout {
            self.counters.timed_out += 1;
            if let Some(round) = self.rounds.get_mut(packet.round) {
                round.timed_out += 1;
            }
        }
        self.settle(packet, Outcome::Lost(reason));
    }

    /// Records an outcome, and finishes the round when it was the last.
    fn settle(&mut self, packet: PacketId, outcome: Outcome) {
        let Some(round) = self.rounds.get_mut(packet.round) else { return };
        let Some(sample) = round.samples.get_mut(packet.sample as usize) else { return };
        sample.state = match outcome {
            Outcome::Answered { .. } => State::Answered,
            Outcome::Lost(_) => State::Lost,
        };
        if matches!(outcome, Outcome::Answered { stamp: StampSource::User, .. }) {
            round.noted.user_stamps += 1;
        }
        round.settled += 1;
        round.record(packet.sample, outcome);
        let whole = round.settled == round.total;
        self.note_quality(packet.round);
        if whole {
            self.finish(packet.round);
        }
    }

    /// Keeps the round's quality current, so that one that is cut short has it too.
    ///
    /// A round is suspect when our own starvation may have spoilt it:
    ///
    /// 1. a sample was lost to its time-out, and our receive queue overflowed while the round was open; or
    /// 2. a sample was lost to its time-out, and a timer of ours fired later than half that time-out: the machine stood
    ///    still, and who knows what it dropped; or
    /// 3. an RTT had to be taken in user space while timers fired more than two ticks late: it holds our own delay.
    fn note_quality(&mut self, key: RoundKey) {
        let Some(round) = self.rounds.get_mut(key) else { return };
        let overflows = self.overflows.get(usize::from(round.socket.0)).map_or(0, |all| all - round.overflows_before);
        let overflows = u32::try_from(overflows).unwrap_or(u32::MAX);
        let lateness = self.lateness.worst_since(round.started);
        let suspect = (round.timed_out > 0 && (overflows > 0 || lateness > round.timeout / 2))
            || (round.noted.user_stamps > 0 && lateness > TICK * 2);
        let noted = &mut round.noted;
        if (noted.receive_overflows, noted.timer_lateness, noted.suspect) == (overflows, lateness, suspect) {
            return;
        }
        if suspect && !noted.suspect {
            self.counters.suspect_rounds += 1;
        }
        noted.receive_overflows = overflows;
        noted.timer_lateness = lateness;
        noted.suspect = suspect;
        round.recorder.quality(|quality| {
            quality.receive_overflows = overflows;
            quality.timer_lateness = lateness;
            quality.suspect = suspect;
        });
    }

    fn finish(&mut self, key: RoundKey) {
        if self.rounds.close(key).is_some() {
            self.finished.push_back(key);
        }
    }

    fn find_answered(&self, from: IpAddr, echo: Echo<'_>) -> Found {
        if let Some(key) = CookieKey::tag(echo.data).and_then(|tag| self.rounds.tagged(tag)) {
            let Some(round) = self.rounds.get(key) else {
                // Closed, and with it the count of its packets; the first 65,536 can still be told.
                let packet = PacketId { round: key, sample: u32::from(echo.seq) };
                let proven = self.key.proves(echo.data, cookie::FULL, packet, from);
                return if proven { Found::Closed } else { Found::Nothing };
            };
            if let Some(packet) = self.proven(key, round, from, echo) {
                return Found::Open(packet);
            }
        }
        // Too little data for a tag, or data that only looks like one.
        self.small_rounds(from)
            .find_map(|(key, round)| self.proven(key, round, from, echo))
            .map_or(Found::Nothing, Found::Open)
    }

    /// The packet of a quoted request. Where the quote is too short for its mark, address and sequence number do: they
    /// can only change the reason of a loss.
    fn find_quoted(&self, target: IpAddr, echo: Echo<'_>) -> Option<PacketId> {
        let awaited = |packet: &PacketId| {
            let sample = self.rounds.get(packet.round).and_then(|round| round.samples.get(packet.sample as usize));
            sample.is_some_and(|sample| matches!(sample.state, State::Awaited(_)))
        };
        self.rounds.to(target).iter().rev().find_map(|&key| {
            let round = self.rounds.get(key)?;
            let whole = echo.data.len() >= usize::from(round.data).min(cookie::FULL);
            if whole {
                return self.proven(key, round, target, echo);
            }
            let sample = round.candidates(echo.seq).next()?;
            Some(PacketId { round: key, sample }).filter(awaited)
        })
    }

    /// The packet of `round` that `echo` proves to carry.
    fn proven(&self, key: RoundKey, round: &Round, target: IpAddr, echo: Echo<'_>) -> Option<PacketId> {
        if round.target != target {
            return None;
        }
        let sent = usize::from(round.data);
        round
            .candidates(echo.seq)
            .map(|sample| PacketId { round: key, sample })
            .find(|&packet| self.key.proves(echo.data, sent, packet, target))
    }

    /// The open rounds to an address whose packets have no room for a tag.
    fn small_rounds(&self, target: IpAddr) -> impl Iterator<Item = (RoundKey, &Round)> {
        let rounds = self.rounds.to(target).iter().rev();
        rounds
            .filter_map(|&key| Some((key, self.rounds.get(key)?)))
            .filter(|(_, round)| usize::from(round.data) < cookie::FULL)
    }

    /// The first sequence number of a new round. With a tag every round counts from zero. Without one, rounds to one
    /// address at the same time share the numbers, each after the one before.
    fn seq_base(&self, target: IpAddr, data: usize) -> u16 {
        if data >= cookie::FULL {
            return 0;
        }
        self.small_rounds(target).next().map_or(0, |(_, last)| last.seq(last.total))
    }

    fn sample_mut(&mut self, packet: PacketId) -> Option<&mut Sample> {
        self.rounds.get_mut(packet.round)?.samples.get_mut(packet.sample as usize)
    }

    fn overflows_of(&self, socket: SocketId) -> u64 {
        self.overflows.get(usize::from(socket.0)).copied().unwrap_or(0)
    }
}

enum Found {
    Open(PacketId),
    Closed,
    Nothing,
}
