//! The driver: one thread that moves packets between the pinger and its sockets, for all targets.
//!
//! Because the kernel stamps the packets, nothing is gained by waking for each. One tick of at most 10 ms, shorter at
//! high rates so that a burst stays within 64 packets, sends what is due and drains replies and stamps. Only while a
//! socket gives no stamps is it woken for each packet. Without an open round it sleeps until there is one.
//!
//! A thread of its own, because a tick must not wait for other tasks, and no other task should pay for it.

mod port;

use std::collections::HashMap;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use self::port::Port;
use super::socket::{IcmpSocket, OpenError, SocketKind, Variant};
use super::sys::{self, BATCH};
use crate::clock::{Clock, SystemClock};
use crate::icmp::pinger::{Machine, Request, SocketId, TooManyRounds};
use crate::icmp::{CookieKey, Counters, RoundKey};
use crate::time::MonoTime;

/// The longest tick.
const TICK: Duration = Duration::from_millis(10);
/// The shortest: at this rate the bursts follow one another anyway.
const SHORTEST_TICK: Duration = Duration::from_micros(500);
/// How long to wait for room in a full send buffer.
const SEND_WAIT: Duration = Duration::from_millis(1);
/// The wall clock against the monotonic one: what is still slewing, and what is a step.
const SLEW: Duration = Duration::from_micros(50);

/// A handle on the ICMP driver. Clones share it: one socket for all targets that are pinged in the same way.
///
/// The driver's thread starts with the first socket, and ends when the last handle is dropped.
#[derive(Debug, Clone, Default)]
pub struct Pinger(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    link: Mutex<Option<Link>>,
    /// Numbers for groups and requests.
    numbers: AtomicU64,
}

/// The way to a running driver.
#[derive(Debug)]
struct Link {
    mailbox: Arc<Mailbox>,
    waker: PipeWriter,
    sockets: HashMap<Variant, (SocketId, SocketKind)>,
}

/// What passes between the handles and the thread.
#[derive(Debug, Default)]
struct Mailbox {
    letters: Mutex<Vec<Letter>>,
    /// A byte is in the pipe, or about to be.
    called: AtomicBool,
    counters: Mutex<Counters>,
}

#[derive(Debug)]
enum Letter {
    Socket(Box<IcmpSocket>),
    Round { number: u64, request: Box<Request>, done: oneshot::Sender<Result<(), TooManyRounds>> },
    Cancel { number: u64 },
    End,
}

/// Why the driver did not measure a round.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DriveError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the ICMP driver has {0} rounds open, and takes no more")]
    TooMany(u64),
    #[error("the ICMP driver has ended")]
    Ended,
}

impl Pinger {
    /// A pinger that has opened nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The totals since the driver started.
    pub fn counters(&self) -> Counters {
        lock(&self.0.link).as_ref().map(|link| *lock(&link.mailbox.counters)).unwrap_or_default()
    }

    /// A number that no other request or group of this pinger has.
    pub(crate) fn number(&self) -> u64 {
        self.0.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Opens the socket of a variant, unless it is open already.
    pub(crate) fn open(&self, variant: &Variant) -> Result<(SocketId, SocketKind), OpenError> {
        let mut place = lock(&self.0.link);
        // A driver whose thread has died, of a bug, is replaced: its rounds have failed, later ones need not.
        if place.as_ref().is_some_and(|link| Arc::strong_count(&link.mailbox) == 1) {
            *place = None;
        }
        if let Some(known) = place.as_ref().and_then(|link| link.sockets.get(variant)) {
            return Ok(*known);
        }
        let socket = IcmpSocket::open(variant)?;
        let link = match &mut *place {
            Some(link) => link,
            None => place.insert(Link::start()?),
        };
        Ok(link.add(variant, socket))
    }

    /// Has a round measured; returns when every sample is known. Dropping the future gives the round up.
    pub(crate) async fn measure(&self, request: Request) -> Result<(), DriveError> {
        let number = self.number();
        let (done, finished) = oneshot::channel();
        self.post(Letter::Round { number, request: Box::new(request), done });
        let guard = CancelOnDrop { pinger: self, number };
        let result = finished.await;
        std::mem::forget(guard);
        match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(TooManyRounds)) => Err(DriveError::TooMany(self.counters().open_rounds)),
            Err(_) => Err(DriveError::Ended),
        }
    }

    fn post(&self, letter: Letter) {
        if let Some(link) = &mut *lock(&self.0.link) {
            link.post(letter);
        }
    }
}

struct CancelOnDrop<'a> {
    pinger: &'a Pinger,
    number: u64,
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        self.pinger.post(Letter::Cancel { number: self.number });
    }
}

impl Link {
    fn start() -> Result<Self, OpenError> {
        let failed = |source| OpenError { action: "start the ICMP driver".to_owned(), source };
        let key = CookieKey::random().map_err(failed)?;
        let (waiter, waker) = io::pipe().map_err(failed)?;
        let mailbox = Arc::new(Mailbox::default());
        let driver = Driver::new(key, mailbox.clone(), waiter);
        thread::Builder::new().name("icmp".to_owned()).spawn(move || driver.run()).map_err(failed)?;
        Ok(Self { mailbox, waker, sockets: HashMap::new() })
    }

    fn add(&mut self, variant: &Variant, socket: IcmpSocket) -> (SocketId, SocketKind) {
        let known = (SocketId(self.sockets.len() as u16), socket.kind());
        self.post(Letter::Socket(Box::new(socket)));
        self.sockets.insert(variant.clone(), known);
        known
    }

    fn post(&mut self, letter: Letter) {
        lock(&self.mailbox.letters).push(letter);
        // At most one byte is ever in the pipe, so this never blocks. It fails only when the thread has died.
        if !self.mailbox.called.swap(true, Ordering::AcqRel) {
            let _ = self.waker.write(&[0]);
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.post(Letter::End);
    }
}

/// The thread's side.
#[derive(Debug)]
struct Driver {
    clock: SystemClock,
    machine: Machine,
    ports: Vec<Port>,
    mailbox: Arc<Mailbox>,
    waiter: PipeReader,
    waiting: HashMap<RoundKey, (u64, oneshot::Sender<Result<(), TooManyRounds>>)>,
    keys: HashMap<u64, RoundKey>,
    tick: Duration,
    /// The wall clock minus the monotonic one, and when it was read.
    wall_offset: Option<(i64, MonoTime)>,
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
    fn new(key: CookieKey, mailbox: Arc<Mailbox>, waiter: PipeReader) -> Self {
        Self {
            clock: SystemClock,
            machine: Machine::new(key),
            ports: Vec::new(),
            mailbox,
            waiter,
            waiting: HashMap::new(),
            keys: HashMap::new(),
            tick: TICK,
            wall_offset: None,
        }
    }

    fn run(mut self) {
        let mut called = true;
        loop {
            let start = self.clock.mono();
            // What arrived before goes first, so that it is not held against a new round.
            self.receive(start);
            if called && self.read_letters() == Some(End) {
                return;
            }
            let left = self.transmit();
            // Before anyone hears that a round is finished, so that they find it counted.
            *lock(&self.mailbox.counters) = self.machine.counters();
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
                    let port = &mut self.ports[usize::from(request.socket.0)];
                    port.expect_data(request.data);
                    match self.machine.handle_request(self.clock.mono(), *request) {
                        Ok(key) => {
                            self.waiting.insert(key, (number, done));
                            self.keys.insert(number, key);
                        }
                        // A receiver that is gone has been cancelled.
                        Err(error) => drop(done.send(Err(error))),
                    }
                }
                Letter::Cancel { number } => {
                    if let Some(key) = self.keys.remove(&number) {
                        self.machine.handle_cancel(key);
                        self.waiting.remove(&key);
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
        let mut drained = true;
        for (place, port) in self.ports.iter_mut().enumerate() {
            drained &= port.drain(SocketId(place as u16), &mut self.machine, self.clock);
        }
        // Under a flood an answer may still wait behind others; then only what is long overdue is given up.
        let until = if drained { now } else { now - Duration::from_secs(1) };
        self.machine.handle_timeout(until);
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
            if let Some((number, done)) = self.waiting.remove(&key) {
                self.keys.remove(&number);
                // A receiver that is gone has been cancelled.
                let _ = done.send(Ok(()));
            }
        }
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked with the lock left a whole value: every change under it is one assignment or push.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icmp::pinger::Group;
    use crate::icmp::wire::Family;
    use crate::round::Recorder;

    const VARIANT: Variant = Variant { family: Family::V4, tos: 0, source: None, interface: None, mark: None };

    fn request(socket: SocketId, count: u32) -> Request {
        Request {
            socket,
            target: [127, 0, 0, 1].into(),
            count,
            discard_first: false,
            data: 56,
            interval: Duration::from_millis(3),
            timeout: Duration::from_secs(1),
            group: Group { id: 0, gap: Duration::from_millis(1) },
            recorder: Recorder::new(count),
        }
    }

    /// Where the kernel gives no stamps, each packet is sent alone and its answer read at once: a tick of 10 ms must not
    /// show in the RTT.
    #[tokio::test]
    async fn without_stamps_the_driver_wakes_for_each_packet() {
        let pinger = Pinger::new();
        let mut socket = IcmpSocket::open(&VARIANT).unwrap();
        socket.disable_stamps();
        let mut link = Link::start().unwrap();
        let (id, _) = link.add(&VARIANT, socket);
        *lock(&pinger.0.link) = Some(link);
        let request = request(id, 30);
        let recorder = request.recorder.clone();
        pinger.measure(request).await.unwrap();
        let round = recorder.close().unwrap();
        assert_eq!((round.rtts().len(), round.quality.user_stamps), (30, 30));
        // Read at ticks, not one of them would be much shorter than a tick.
        assert!(Duration::from(round.rtts()[0]) < TICK / 2, "{:?}", round.rtts());
    }

    #[tokio::test]
    async fn a_dropped_round_is_forgotten_by_the_driver() {
        let pinger = Pinger::new();
        let (id, _) = pinger.open(&VARIANT).unwrap();
        let mut never = request(id, 1_000_000);
        never.interval = Duration::from_secs(60);
        let measured = tokio::time::timeout(Duration::from_millis(30), pinger.measure(never)).await;
        assert!(measured.is_err());
        // Letters are read in order: when the second round is done, so is the first.
        pinger.measure(request(id, 1)).await.unwrap();
        assert_eq!(pinger.counters().open_rounds, 0);
    }

    #[tokio::test]
    async fn a_driver_that_died_is_replaced_and_its_rounds_fail() {
        let pinger = Pinger::new();
        let (id, _) = pinger.open(&VARIANT).unwrap();
        // No such socket: the thread panics, as it would of any bug.
        let error = pinger.measure(request(SocketId(99), 1)).await.unwrap_err();
        assert!(matches!(error, DriveError::Ended), "{error}");
        let mailbox = lock(&pinger.0.link).as_ref().map(|link| Arc::downgrade(&link.mailbox)).unwrap();
        while mailbox.strong_count() > 1 {
            thread::yield_now();
        }
        let (again, _) = pinger.open(&VARIANT).unwrap();
        assert_eq!(again, id);
        pinger.measure(request(again, 3)).await.unwrap();
        assert_eq!(pinger.counters().answered, 3);
    }

    #[tokio::test]
    async fn the_thread_ends_with_the_last_handle() {
        let pinger = Pinger::new();
        pinger.open(&VARIANT).unwrap();
        let mailbox = lock(&pinger.0.link).as_ref().map(|link| Arc::downgrade(&link.mailbox)).unwrap();
        drop(pinger.clone());
        assert_eq!(mailbox.strong_count(), 2);
        drop(pinger);
        while mailbox.strong_count() > 0 {
            thread::yield_now();
        }
    }
}
