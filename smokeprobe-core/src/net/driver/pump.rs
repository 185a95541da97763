//! The driver's thread: passes and ticks.

use std::collections::HashMap;
use std::io::{PipeReader, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;

use super::port::Port;
use super::{Letter, Mailbox, lock};
use crate::clock::{Clock as _, SystemClock};
use crate::icmp::pinger::{Machine, SocketId, TooManyRounds};
use crate::icmp::{CookieKey, Counters, RoundKey};
use crate::net::sys::{self, BATCH};
use crate::time::MonoTime;

/// The longest tick.
pub(super) const TICK: Duration = Duration::from_millis(10);
/// The shortest: at this rate the bursts follow one another anyway.
const SHORTEST_TICK: Duration = Duration::from_micros(500);
/// How long to wait for room in a full send buffer.
const SEND_WAIT: Duration = Duration::from_millis(1);
/// How often to ask for overflows: often enough that they are known before the samples that they cost are given up.
const COUNT_OVERFLOWS: Duration = Duration::from_millis(100);
/// The wall clock against the monotonic one: what is still slewing, and what is a step.
const SLEW: Duration = Duration::from_micros(50);

/// The thread's side.
#[derive(Debug)]
pub(super) struct Driver {
    clock: SystemClock,
    machine: Machine,
    ports: Vec<Port>,
    mailbox: Arc<Mailbox>,
    waiter: PipeReader,
    waiting: HashMap<RoundKey, Waiting>,
    keys: HashMap<u64, RoundKey>,
    tick: Duration,
    /// A packet ended the wait, and nobody knows on which socket.
    look_at_all: bool,
    /// When the overflows were last counted.
    overflows_counted: MonoTime,
    /// The wall clock minus the monotonic one, and when it was read.
    wall_offset: Option<(i64, MonoTime)>,
}

/// Who waits for a round.
#[derive(Debug)]
struct Waiting {
    number: u64,
    socket: SocketId,
    done: oneshot::Sender<Result<(), TooManyRounds>>,
}

/// What is left to do after a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Packets are due now.
    More,
    /// A send buffer is full.
    Blocked,
    Nothing,
}

impl Driver {
    /// A driver without sockets.
    pub(super) fn new(key: CookieKey, mailbox: Arc<Mailbox>, waiter: PipeReader) -> Self {
        Self {
            clock: SystemClock,
            machine: Machine::new(key),
            ports: Vec::new(),
            mailbox,
            waiter,
            waiting: HashMap::new(),
            keys: HashMap::new(),
            tick: TICK,
            look_at_all: false,
            overflows_counted: MonoTime::ORIGIN,
            wall_offset: None,
        }
    }

    /// Runs until the last handle is dropped.
    pub(super) fn run(mut self) {
        let mut called = false;
        let mut passes = 0;
        loop {
            let start = self.clock.mono();
            // What arrived before goes first, so that it is not held against a new round.
            self.receive(start);
            if called && self.read_letters() == Some(End) {
                return;
            }
            let left = self.transmit();
            // Before anyone hears that a round is finished, so that they find it counted.
            passes += 1;
            *lock(&self.mailbox.counters) = Counters { passes, ..self.machine.counters() };
            self.finish();
            called = self.sleep(start, left);
        }
    }

    /// Takes in what the handles want.
    fn read_letters(&mut self) -> Option<End> {
        self.mailbox.called.store(false, Ordering::Release);
        let letters = std::mem::take(&mut *lock(&self.mailbox.letters));
        for letter in letters {
            match letter {
                Letter::Socket(socket) => self.ports.push(Port::new(*socket)),
                Letter::Round { number, request, done } => {
                    let socket = request.socket;
                    let port = &mut self.ports[usize::from(socket.0)];
                    port.expect_data(request.data);
                    match self.machine.handle_request(self.clock.mono(), *request) {
                        Ok(key) => {
                            port.rounds += 1;
                            self.waiting.insert(key, Waiting { number, socket, done });
                            self.keys.insert(number, key);
                        }
                        // A receiver that is gone has been cancelled.
                        Err(error) => drop(done.send(Err(error))),
                    }
                }
                Letter::Cancel { number } => {
                    if let Some(key) = self.keys.remove(&number) {
                        self.machine.handle_cancel(key);
                        self.close(key);
                    }
                }
                Letter::End => return Some(End),
            }
        }
        None
    }

    /// Drains the sockets, then gives up what has timed out.
    fn receive(&mut self, now: MonoTime) {
        self.look_for_step(now);
        let count_overflows = now.saturating_since(self.overflows_counted) >= COUNT_OVERFLOWS;
        if count_overflows {
            self.overflows_counted = now;
        }
        let mut drained = true;
        for (place, port) in self.ports.iter_mut().enumerate() {
            if self.look_at_all || port.rounds > 0 {
                drained &= port.drain(&mut self.machine, self.clock);
            }
            if count_overflows {
                self.machine.handle_overflow(SocketId(place as u16), port.overflows());
            }
        }
        // Under a flood an answer may still wait behind others; then only what is long overdue is given up.
        let until = if drained { now } else { now - Duration::from_secs(1) };
        self.machine.handle_timeout(until);
        self.look_at_all = false;
    }

    /// Sends a burst of what is due.
    fn transmit(&mut self) -> Left {
        let now = self.clock.mono();
        let mut burst = 0;
        while burst < BATCH {
            let Some(transmit) = self.machine.poll_transmit(now) else { break };
            self.ports[usize::from(transmit.socket.0)].queue(transmit);
            burst += 1;
        }
        // A burst that comes near its limit wants shorter ticks, a small one longer.
        self.tick = match burst {
            48.. => self.tick * 3 / 4,
            0..=31 => self.tick * 5 / 4,
            _ => self.tick,
        }
        .clamp(SHORTEST_TICK, TICK);
        let mut blocked = false;
        for (place, port) in self.ports.iter_mut().enumerate() {
            let singly = eager(place, port, &self.machine);
            blocked |= port.flush(&mut self.machine, self.clock, singly);
        }
        match burst {
            _ if blocked => Left::Blocked,
            BATCH => Left::More,
            _ => Left::Nothing,
        }
    }

    fn finish(&mut self) {
        while let Some(key) = self.machine.poll_finished() {
            if let Some(Waiting { number, done, .. }) = self.close(key) {
                self.keys.remove(&number);
                // A receiver that is gone has been cancelled.
                let _ = done.send(Ok(()));
            }
        }
    }

    fn close(&mut self, key: RoundKey) -> Option<Waiting> {
        let waiting = self.waiting.remove(&key)?;
        self.ports[usize::from(waiting.socket.0)].rounds -= 1;
        Some(waiting)
    }

    /// Sleeps until there is something to do, but at least to the end of the tick where stamps allow it. Returns whether
    /// a handle calls.
    fn sleep(&mut self, start: MonoTime, left: Left) -> bool {
        let eager = self.ports.iter().enumerate().any(|(place, port)| eager(place, port, &self.machine));
        let tick_ends = if eager { start } else { start + self.tick };
        let mut until = match left {
            Left::More => return self.hush(),
            Left::Blocked => self.clock.mono() + SEND_WAIT,
            Left::Nothing => match self.machine.poll_timeout() {
                Some(due) if due <= tick_ends => tick_ends,
                // Nothing to do for more than a tick: the first packet to arrive ends the wait, but not the tick.
                due => {
                    self.wait(due, true);
                    self.look_at_all = true;
                    if self.machine.is_idle() && self.hush() {
                        return true;
                    }
                    due.filter(|due| *due <= self.clock.mono()).unwrap_or(tick_ends)
                }
            },
        };
        if until > self.clock.mono() {
            self.wait(Some(until), false);
        } else if until == tick_ends {
            // Not a timer: a packet came after the end of the tick.
            until = self.clock.mono();
        }
        let now = self.clock.mono();
        self.machine.handle_lateness(now, now.saturating_since(until));
        self.hush()
    }

    /// Waits until a time, or also for packets and calls.
    fn wait(&self, until: Option<MonoTime>, for_packets: bool) {
        let now = self.clock.mono();
        let timeout = until.map(|until| until.saturating_since(now));
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            return;
        }
        let mut fds: Vec<BorrowedFd<'_>> = Vec::new();
        if for_packets {
            fds.push(self.waiter.as_fd());
            fds.extend(self.ports.iter().map(|port| port.as_fd()));
        }
        // Fails only for want of memory; then the loop goes on, a little faster than it should.
        let _ = sys::wait(&fds, timeout);
    }

    /// Whether a handle calls; if so, takes its byte out of the pipe.
    fn hush(&mut self) -> bool {
        let called = self.mailbox.called.load(Ordering::Acquire);
        if called {
            let _ = self.waiter.read(&mut [0]);
        }
        called
    }

    /// The kernel stamps by the wall clock. When that was stepped since the last pass, the stamps of packets in flight
    /// are of no use.
    fn look_for_step(&mut self, now: MonoTime) {
        let (wall, after) = (self.clock.wall(), self.clock.mono());
        if after.saturating_since(now) > SLEW {
            // Held up between the readings, which says nothing of the clocks.
            return;
        }
        let offset = wall.unix_nanos() - now.as_nanos() as i64;
        if let Some((before, at)) = self.wall_offset.replace((offset, now)) {
            // The kernel slews by at most 500 ppm (adjtimex(2)); twice that is allowed for.
            let slew = SLEW + now.saturating_since(at) / 1000;
            if Duration::from_nanos(offset.abs_diff(before)) > slew {
                self.machine.handle_clock_step(now);
            }
        }
    }
}

/// Whether a port's packets have to be timed here, because the kernel does not stamp them, or not all.
fn eager(place: usize, port: &Port, machine: &Machine) -> bool {
    !port.has_stamps() || machine.lacks_stamps(SocketId(place as u16))
}

#[derive(PartialEq)]
struct End;
