//! The driver: one thread that moves packets between the pinger and its sockets, for all targets.
//!
//! Because the kernel stamps the packets, nothing is gained by waking for each. One tick of at most 10 ms, shorter at
//! high rates so that a burst stays within 64 packets, sends what is due and drains replies and stamps. Only while a
//! socket gives no stamps is it woken for each packet. Without an open round it sleeps until there is one.
//!
//! A thread of its own, because a tick must not wait for other tasks, and no other task should pay for it.

mod port;
mod pump;

use std::collections::HashMap;
use std::io::{self, PipeWriter, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use self::pump::Driver;
use super::socket::{IcmpSocket, OpenError, SocketKind, Variant};
use crate::icmp::pinger::{Request, SocketId, TooManyRounds};
use crate::icmp::{CookieKey, Counters};

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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked with the lock left a whole value: every change under it is one assignment or push.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::pump::TICK;
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
    async fn an_idle_driver_sleeps() {
        let (idle, busy) = (Pinger::new(), Pinger::new());
        let (id, _) = idle.open(&VARIANT).unwrap();
        idle.measure(request(id, 2)).await.unwrap();
        let (id, _) = busy.open(&VARIANT).unwrap();
        // One more look, when the tick of the last packet ends: on a busy machine some time after that.
        let rests = async || {
            let before = idle.counters().passes;
            busy.measure(request(id, 50)).await.unwrap();
            idle.counters().passes == before
        };
        let mut busy_rounds = 1;
        while !rests().await {
            busy_rounds += 1;
            assert!(busy_rounds < 100, "it never sleeps");
        }
        assert!(busy.counters().passes > 10);
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
