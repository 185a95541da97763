//! What the web may know of the running measurement: the last round of each series, and the state of the server.

mod recent;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use arc_swap::ArcSwap;
use smokeprobe_core::{EngineStatus, Round, RoundSink, SeriesId, SinkError, TargetPath, WallTime, icmp};
use tokio::sync::broadcast;

use crate::alerting::Board;
use crate::config::Plan;
use crate::suspects::Suspects;
use recent::Rings;
pub use recent::{ROUNDS, Recent, Samples};

/// Shared between the engine's sinks, the writer and the web. Reading it never waits for measuring.
#[derive(Debug)]
pub struct Live {
    /// The plan that runs.
    pub plan: ArcSwap<Plan>,
    /// How the last (re)load of the configuration ended.
    pub reload: ArcSwap<ReloadState>,
    /// What is odd in the configuration as it was last read, rendered; empty when nothing is.
    pub warnings: ArcSwap<String>,
    /// How the writer of rounds is doing.
    pub writer: ArcSwap<WriterState>,
    /// Counters for `/metrics`.
    pub counters: Counters,
    /// How the alerts are.
    pub alerts: Arc<Board>,
    /// Rounds that are not to be trusted, over restarts.
    pub suspects: Arc<Suspects>,
    rounds: RwLock<LastRounds>,
    recent: RwLock<Rings>,
    feed: broadcast::Sender<Arc<Round>>,
    measuring: OnceLock<Observer>,
}

/// The last round of each series, with its number among all that came: who knows a number can ask what came after it.
#[derive(Debug, Default)]
struct LastRounds {
    came: u64,
    of: HashMap<SeriesId, (u64, Arc<Round>)>,
}

/// Rounds that a subscriber may be behind: 16 seconds of ten thousand targets every ten seconds. Then it loses the oldest.
pub(crate) const FEED: usize = 16_384;

/// How the measuring itself is doing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measuring {
    /// The engine.
    pub engine: EngineStatus,
    /// The pinger: what it sent, and what came that proves nothing.
    pub icmp: icmp::Counters,
}

/// Asks how the measuring is doing.
struct Observer(Box<dyn Fn() -> Measuring + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").field(&(self.0)()).finish()
    }
}

/// How the last load of the configuration ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReloadState {
    /// When it was tried.
    pub at: WallTime,
    /// Rendered diagnostics when it failed: the plan before it goes on running.
    pub error: Option<String>,
}

/// How the writer is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriterState {
    /// Rounds that wait in memory.
    pub queued: usize,
    /// What keeps them from the disk, when something does.
    pub blocked: Option<String>,
    /// Bytes that are free on the disk, once they are few; rounds are kept until the journal finds no room.
    pub nearly_full: Option<u64>,
    /// Files that were set aside as damaged, with the reason.
    pub set_aside: Vec<String>,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Rounds that were measured.
    pub rounds_measured: AtomicU64,
    /// Rounds that ended unknown.
    pub rounds_unknown: AtomicU64,
    /// Rounds kept by the store.
    pub rounds_stored: AtomicU64,
    /// Rounds dropped because the writer's queue was full.
    pub rounds_dropped: AtomicU64,
    /// Rounds whose slot the store had already.
    pub rounds_duplicate: AtomicU64,
    /// Rounds older than the last one stored: the clock was set back.
    pub rounds_too_old: AtomicU64,
    /// Rounds that the store refused for good.
    pub rounds_refused: AtomicU64,
}

impl Live {
    /// A fresh state that runs `plan`.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            plan: ArcSwap::new(plan),
            reload: ArcSwap::default(),
            warnings: ArcSwap::default(),
            writer: ArcSwap::default(),
            counters: Counters::default(),
            alerts: Arc::default(),
            suspects: Arc::default(),
            rounds: RwLock::default(),
            recent: RwLock::default(),
            feed: broadcast::channel(FEED).0,
            measuring: OnceLock::new(),
        }
    }

    /// The same, with suspect rounds that are remembered elsewhere too.
    #[must_use]
    pub fn with_suspects(self, suspects: Arc<Suspects>) -> Self {
        Self { suspects, ..self }
    }

    /// The last round of a series.
    pub fn last_round(&self, series: &SeriesId) -> Option<Arc<Round>> {
        let rounds = self.rounds.read().unwrap_or_else(PoisonError::into_inner);
        rounds.of.get(series).map(|(_, round)| Arc::clone(round))
    }

    /// How many rounds have come so far.
    pub fn rounds_so_far(&self) -> u64 {
        self.rounds.read().unwrap_or_else(PoisonError::into_inner).came
    }

    /// The series of which one came after so many.
    pub fn changed_since(&self, rounds_so_far: u64) -> Vec<SeriesId> {
        let rounds = self.rounds.read().unwrap_or_else(PoisonError::into_inner);
        let changed = rounds.of.iter().filter(|(_, (number, _))| *number > rounds_so_far);
        changed.map(|(series, _)| series.clone()).collect()
    }

    /// The recent rounds of a series, the oldest first.
    pub fn recent_rounds(&self, series: &SeriesId) -> Vec<Recent> {
        // Copied while the lock is held, read when it is not: measuring waits for some kilobytes at most.
        let packed = self.recent.read().unwrap_or_else(PoisonError::into_inner).packed(series);
        recent::unpack(&packed)
    }

    /// From now on, `measuring` says how the measuring is doing. The first who is given stays.
    pub fn observe(&self, measuring: impl Fn() -> Measuring + Send + Sync + 'static) {
        let _ = self.measuring.set(Observer(Box::new(measuring)));
    }

    /// How the measuring is doing; nothing is known before it has begun.
    pub fn measuring(&self) -> Measuring {
        self.measuring.get().map(|observer| (observer.0)()).unwrap_or_default()
    }

    /// Every round from now on, as it is closed.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Round>> {
        self.feed.subscribe()
    }

    /// Runs another plan, and forgets the rounds of targets that it does not have.
    pub fn follow(&self, plan: Arc<Plan>) {
        let targets: HashSet<&TargetPath> = plan.targets().map(|target| &target.path).collect();
        let mut rounds = self.rounds.write().unwrap_or_else(PoisonError::into_inner);
        rounds.of.retain(|series, _| targets.contains(&series.target));
        drop(rounds);
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|series| targets.contains(&series.target));
        drop(recent);
        self.plan.store(plan);
    }

    /// Shows a round of before the start, unless one has ended since. It is in no counter and not told, but to those who ask
    /// [what has changed](Self::changed_since).
    pub fn recall(&self, round: Round) {
        let mut rounds = self.rounds.write().unwrap_or_else(PoisonError::into_inner);
        if !rounds.of.contains_key(&round.series) {
            rounds.insert(Arc::new(round));
        }
    }

    fn keep(&self, round: &Round) {
        let counter = match round.measured() {
            Some(_) => &self.counters.rounds_measured,
            None => &self.counters.rounds_unknown,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if round.measured().is_some_and(|measured| measured.quality.suspect) {
            self.suspects.note(&round.series, round.slot.end());
        }
        self.recent.write().unwrap_or_else(PoisonError::into_inner).keep(round);
        let round = Arc::new(round.clone());
        self.rounds.write().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(&round));
        // Nobody may be listening.
        let _ = self.feed.send(round);
    }
}

impl LastRounds {
    fn insert(&mut self, round: Arc<Round>) {
        self.came += 1;
        self.of.insert(round.series.clone(), (self.came, round));
    }
}

/// The sink that keeps [`Live`] up to date.
#[derive(Debug)]
pub struct LiveSink(pub Arc<Live>);

impl RoundSink for LiveSink {
    fn accept(&mut self, round: &Round) -> Result<(), SinkError> {
        self.0.keep(round);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use smokeprobe_core::{Measured, RoundOrder, RoundResult, Slot, Step, UnknownReason};

    use super::*;
    use crate::config::{InMemory, load_from};

    fn plan(targets: &str) -> Arc<Plan> {
        let text = format!("*** Targets ***\nprobe = FPing\n{targets}");
        Arc::new(load_from(&InMemory::default().with("config", text), "config".as_ref()).plan.unwrap())
    }

    fn round(series: &str) -> Round {
        let slot = Slot::containing(WallTime::EPOCH, Step::DEFAULT);
        let order = RoundOrder { series: series.parse().unwrap(), slot, pings: 1 };
        Round::unknown(&order, WallTime::EPOCH, UnknownReason::Hung)
    }

    #[test]
    fn rounds_are_counted_kept_and_told() {
        let live = Arc::new(Live::new(plan("+ A\nhost = 192.0.2.1\n")));
        let (mut sink, mut feed) = (LiveSink(Arc::clone(&live)), live.subscribe());
        let lost = Round { result: RoundResult::Measured(Measured::from_samples([], 1)), ..round("A") };
        sink.accept(&round("A")).unwrap();
        sink.accept(&lost).unwrap();
        assert_eq!(*feed.try_recv().unwrap(), round("A"));
        assert_eq!(*live.last_round(&lost.series).unwrap(), lost);
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        assert_eq!((count(&live.counters.rounds_measured), count(&live.counters.rounds_unknown)), (1, 1));
    }

    #[test]
    fn who_knows_how_many_rounds_came_is_told_what_came_after_them() {
        let live = Arc::new(Live::new(plan("+ A\nhost = 192.0.2.1\n+ B\nhost = 192.0.2.2\n")));
        let mut sink = LiveSink(Arc::clone(&live));
        sink.accept(&round("A")).unwrap();
        let so_far = live.rounds_so_far();
        assert_eq!(live.changed_since(so_far), []);
        live.recall(round("A"));
        live.recall(round("B"));
        assert_eq!(live.changed_since(so_far), ["B".parse().unwrap()], "A had a newer one already");
        sink.accept(&round("A")).unwrap();
        assert_eq!(live.changed_since(so_far).len(), 2);
    }

    #[test]
    fn subscriber_that_does_not_listen_keeps_nobody_waiting() {
        let live = Arc::new(Live::new(plan("+ A\nhost = 192.0.2.1\n")));
        let (mut sink, mut feed) = (LiveSink(Arc::clone(&live)), live.subscribe());
        for _ in 0..2 * FEED {
            sink.accept(&round("A")).unwrap();
        }
        assert!(matches!(feed.try_recv(), Err(broadcast::error::TryRecvError::Lagged(_))));
    }

    #[test]
    fn suspect_rounds_are_noted() {
        let live = Arc::new(Live::new(plan("+ A\nhost = 192.0.2.1\n")));
        let mut measured = Measured::from_samples([], 1);
        let mut sink = LiveSink(Arc::clone(&live));
        for suspect in [false, true] {
            measured.quality.suspect = suspect;
            let round = Round { result: RoundResult::Measured(measured.clone()), ..round("A") };
            sink.accept(&Round { slot: round.slot.plus(suspect.into()), ..round }).unwrap();
        }
        assert_eq!(live.suspects.between(&"A".parse().unwrap(), 0, 10_000), [600]);
    }

    #[test]
    fn rounds_of_targets_that_are_gone_are_forgotten() {
        let live = Arc::new(Live::new(plan("+ A\nhost = 192.0.2.1\n+ B\nhost = 192.0.2.2\n")));
        let mut sink = LiveSink(Arc::clone(&live));
        for series in ["A", "A~far", "B"] {
            sink.accept(&round(series)).unwrap();
        }
        live.follow(plan("+ A\nhost = 192.0.2.1\n"));
        let kept = |series: &str| live.last_round(&series.parse().unwrap()).is_some();
        assert_eq!(["A", "A~far", "B"].map(kept), [true, true, false]);
        let recent = |series: &str| live.recent_rounds(&series.parse().unwrap()).len();
        assert_eq!(["A", "A~far", "B"].map(recent), [1, 1, 0]);
    }
}
