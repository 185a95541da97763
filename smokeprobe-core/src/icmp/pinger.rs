//! The pinger as a machine without sockets or clock: rounds go in, packets come out, packets go in, outcomes come out.
//!
//! Tell it what happened with `handle_…`, in any order. Then ask `poll_transmit` until `None`, and `poll_finished` until
//! `None`; come back at `poll_timeout`. Replies that arrived before some time have to be handed in before
//! `handle_timeout` of that time, or they count as late.
//!
//! Memory is bounded by the rounds ordered, never by what arrives: a packet is looked up and counted, never kept.

mod events;
mod lookup;
mod quality;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

pub use self::events::{Received, ReceivedError, Request, SocketId, TooManyRounds, Transmit};
pub use super::pacing::Group;

use self::lookup::Found;
use super::cookie::CookieKey;
use super::counters::Counters;
use super::flight::{PacketId, Round, RoundKey, Rounds, Sample, State};
use super::lateness::Lateness;
use super::pacing::{Pacing, TICK};
use super::rtt::{self, Stamped};
use super::wire::{self, Echo, Family, Malformed};
use crate::round::{LossReason, Outcome, Quality, StampSource};
use crate::time::{KernelTime, MonoTime};

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
            if round.samples.last().is_some_and(|last| last.state == State::Queued && last.sent.user < now) {
                // The send buffer is full. What a round had in the burst that met it waits there, no more.
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
        if self.is_idle() {
            // What is still set is for rounds that are closed.
            return None;
        }
        let timer = self.timers.peek().map(|Reverse((at, _))| *at);
        [self.pacing.next_at(), timer].into_iter().flatten().min()
    }

    /// Whether no round is open.
    pub fn is_idle(&self) -> bool {
        self.rounds.len() == 0
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

    fn finish(&mut self, key: RoundKey) {
        if self.rounds.close(key).is_some() {
            self.finished.push_back(key);
        }
    }

    fn sample_mut(&mut self, packet: PacketId) -> Option<&mut Sample> {
        self.rounds.get_mut(packet.round)?.samples.get_mut(packet.sample as usize)
    }
}
