//! The service with a state that can fail, a store of known rounds, and notifiers that record.

use std::sync::{Condvar, Mutex};

use async_trait::async_trait;
use smokeprobe_alerts::notify::recording::{Answer, Recording};
use smokeprobe_alerts::notify::{Delivered, DeliveryError};
use smokeprobe_alerts::{
    Alert, Change, HistoryQuery, Kind, MemoryState, Message, PastAttempt, PastEvent, Saved, Semantics, Watched, What,
};
use smokeprobe_core::{Measured, MonoTime, RoundResult, Rtt, SeriesId, Slot, Step, SystemClock};
use smokeprobe_store::MemoryStore;

use super::*;

const STEP: Step = Step::from_secs(60).unwrap();

/// In the middle of a slot, where it stays: slots then end by rounds alone.
const NOW: WallTime = WallTime::from_unix_secs(1_795_348_830);

/// How long a test waits before it fails: an end for tests that are broken, not a figure.
const PATIENCE: Duration = Duration::from_secs(120);

/// A wall clock that stands still beside a monotonic one that does not.
#[derive(Debug)]
struct Still(WallTime);

impl Clock for Still {
    fn mono(&self) -> MonoTime {
        SystemClock.mono()
    }

    fn wall(&self) -> WallTime {
        self.0
    }
}

/// A state that outlives the service, and what happened, in order.
#[derive(Clone, Default)]
struct World(Arc<(Mutex<Inner>, Condvar)>);

#[derive(Default)]
struct Inner {
    state: MemoryState,
    disk_is_full: bool,
    log: Vec<String>,
}

impl World {
    fn log(&self, line: String) {
        self.0.0.lock().unwrap().log.push(line);
        self.0.1.notify_all();
    }

    fn fill_disk(&self, is_full: bool) {
        self.0.0.lock().unwrap().disk_is_full = is_full;
    }

    /// Waits until something that begins like this happened, and returns all that did.
    fn until(&self, start: &str) -> Vec<String> {
        let happened = |inner: &mut Inner| !inner.log.iter().any(|line| line.starts_with(start));
        let (inner, _) = self.0.1.wait_timeout_while(self.0.0.lock().unwrap(), PATIENCE, happened).unwrap();
        assert!(inner.log.iter().any(|line| line.starts_with(start)), "no {start} in {:?}", inner.log);
        inner.log.clone()
    }
}

impl StateStore for World {
    fn load(&mut self) -> Result<Saved, StateError> {
        self.0.0.lock().unwrap().state.load()
    }

    fn commit(&mut self, change: &Change) -> Result<(), StateError> {
        let mut inner = self.0.0.lock().unwrap();
        if inner.disk_is_full {
            inner.log.push("commit failed".to_owned());
            self.0.1.notify_all();
            let reason = "no space left on device".to_owned();
            return Err(StateError::Io { action: "write", path: "alerts.sqlite".into(), reason });
        }
        inner.state.commit(change)?;
        for series in &change.series {
            inner.log.push(format!("judged {} until {:?}", series.series, series.last));
        }
        for message in &change.messages {
            inner.log.push(format!("kept {} tried {}", message.id.0, message.attempts));
        }
        for id in &change.finished {
            inner.log.push(format!("finished {}", id.0));
        }
        self.0.1.notify_all();
        Ok(())
    }

    fn events(&self, query: &HistoryQuery) -> Result<Vec<PastEvent>, StateError> {
        self.0.0.lock().unwrap().state.events(query)
    }

    fn attempts(&self, query: &HistoryQuery) -> Result<Vec<PastAttempt>, StateError> {
        self.0.0.lock().unwrap().state.attempts(query)
    }

    fn prune(&mut self, before: WallTime) -> Result<(), StateError> {
        self.0.0.lock().unwrap().state.prune(before)
    }
}

/// Notes when it is called.
struct Witness(World);

#[async_trait]
impl Notifier for Witness {
    fn name(&self) -> &'static str {
        "witness"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        self.0.log(format!("sent {}", message.id.0));
        Ok(Delivered::default())
    }
}

fn series() -> SeriesId {
    "A".parse().unwrap()
}

/// `A` with an alert that raises when half is lost, told to each of these.
fn arrangement(notifiers: Vec<(&str, Arc<dyn Notifier>)>) -> Arrangement {
    let alert = Alert {
        name: "hostdown".into(),
        rule: Arc::new(smokeprobe_alerts::parse(Kind::Loss, ">50%").unwrap()),
        meaning: "loss|documented|>50%".into(),
        semantics: Semantics::Documented,
        edgetrigger: true,
        priority: None,
        again: None,
        pattern: ">50%".to_owned(),
        comment: "half is lost".to_owned(),
        mail_template: None,
    };
    let ids: Vec<RecipientId> = notifiers.iter().map(|(name, _)| RecipientId::new(name)).collect();
    let terms = Terms { group: Duration::ZERO, rate: None, max_age: Duration::from_secs(3600) };
    let watched = Watched {
        series: series(),
        step: STEP,
        host: "192.0.2.1".to_owned(),
        title: "A".to_owned(),
        url: None,
        labels: Arc::default(),
        depends: None,
        alerts: vec![(Arc::new(alert), ids.clone().into())],
    };
    Arrangement {
        plan: AlertPlan { watched: vec![watched], maintenance: Vec::new() },
        terms: ids.iter().map(|id| (id.clone(), terms.clone())).collect(),
        notifiers: ids.into_iter().zip(notifiers.into_iter().map(|(_, notifier)| notifier)).collect(),
    }
}

/// The round of the slot `ago` slots before the one that runs.
fn round(ago: i64, lost: u32) -> Round {
    let slot = Slot::containing(NOW, STEP).plus(-ago);
    let rtts = (0..10 - lost).map(|_| Rtt::from(Duration::from_millis(5)));
    let result = RoundResult::Measured(Measured::from_samples(rtts, lost));
    Round { series: series(), slot, pings: 10, started: WallTime::from_unix_secs(slot.start()), result }
}

struct Running {
    service: Alerting,
    sink: AlertSink,
    board: Arc<Board>,
}

fn start(arrangement: Arrangement, world: &World, store: MemoryStore, set_aside: Option<&str>) -> Running {
    start_at(NOW, arrangement, world, store, set_aside)
}

fn start_at(
    now: WallTime,
    arrangement: Arrangement,
    world: &World,
    store: MemoryStore,
    set_aside: Option<&str>,
) -> Running {
    let (state, set_aside) = (Box::new(world.clone()), set_aside.map(str::to_owned));
    let board = Arc::new(Board::default());
    let open = move || Ok(Opened { state, history: None, set_aside });
    let (service, sink) =
        Alerting::start(arrangement, open, Arc::new(store), Arc::new(Still(now)), Arc::clone(&board)).unwrap();
    Running { service, sink, board }
}

fn store(rounds: &[Round]) -> MemoryStore {
    let store = MemoryStore::new(1000);
    for round in rounds {
        store.append(round).unwrap();
    }
    store
}

impl Running {
    fn stop(self) {
        assert!(self.service.stop(PATIENCE));
    }
}

fn whats(messages: &[Message]) -> Vec<What> {
    messages.iter().flat_map(|message| &message.events).map(|event| event.what).collect()
}

#[test]
fn nothing_is_sent_before_it_is_written() {
    let world = World::default();
    let mut running = start(arrangement(vec![("w", Arc::new(Witness(world.clone())))]), &world, store(&[]), None);
    running.sink.accept(&round(2, 0)).unwrap();
    running.sink.accept(&round(1, 10)).unwrap();
    world.until("finished 1");
    running.sink.accept(&round(0, 0)).unwrap();
    let log = world.until("finished 2");
    let at =
        |line: &str| log.iter().position(|logged| logged == line).unwrap_or_else(|| panic!("no {line} in {log:?}"));
    // That the first is delivered is kept before the second leaves: a crash repeats one at most.
    let order = ["kept 1 tried 1", "sent 1", "finished 1", "kept 2 tried 1", "sent 2", "finished 2"].map(at);
    assert!(order.is_sorted(), "{log:?}");
    running.stop();
}

#[test]
fn alerts_are_told_while_the_state_cannot_be_written() {
    let (world, told) = (World::default(), Arc::new(Recording::new("told")));
    let mut running = start(arrangement(vec![("r", told.clone())]), &world, store(&[]), None);
    world.fill_disk(true);
    running.sink.accept(&round(2, 0)).unwrap();
    running.sink.accept(&round(1, 10)).unwrap();
    assert_eq!(whats(&told.wait_for(1)), [What::Raised]);
    let blocked = || running.board.view().state.trouble.clone();
    while blocked().is_none() {
        thread::yield_now();
    }
    assert!(blocked().unwrap().contains("no space left"), "{:?}", blocked());
    assert_eq!(running.board.view().standing.len(), 1);

    world.fill_disk(false);
    world.until("finished 1");
    running.sink.accept(&round(0, 0)).unwrap();
    assert_eq!(whats(&told.wait_for(2)), [What::Raised, What::Cleared]);
    running.stop();
    let history = world.events(&HistoryQuery::newest(10)).unwrap();
    assert_eq!(history.len(), 2, "what could not be written is written later");
}

/// A clock that never goes on: what waits for a time waits for ever.
#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn mono(&self) -> MonoTime {
        MonoTime::ORIGIN
    }

    fn wall(&self) -> WallTime {
        NOW
    }
}

#[test]
fn suspect_round_is_kept_at_once() {
    let world = World::default();
    let (state, plan) = (Box::new(world.clone()), arrangement(vec![]));
    let open = move || Ok(Opened { state, history: None, set_aside: None });
    let (service, mut sink) =
        Alerting::start(plan, open, Arc::new(store(&[])), Arc::new(Stopped), Arc::default()).unwrap();
    let mut suspect = round(1, 10);
    if let RoundResult::Measured(measured) = &mut suspect.result {
        measured.quality.suspect = true;
    }
    sink.accept(&suspect).unwrap();
    world.until(&format!("judged A until Some({})", suspect.slot.end()));
    assert!(service.stop(PATIENCE));
}

#[test]
fn rounds_that_only_the_store_has_are_judged_first() {
    let (world, told) = (World::default(), Arc::new(Recording::new("told")));
    let then = NOW - STEP.as_duration() * 4;
    let mut before = start_at(then, arrangement(vec![("r", told.clone())]), &world, store(&[]), None);
    before.sink.accept(&round(5, 0)).unwrap();
    before.stop();
    let past = [round(5, 0), round(4, 10), round(3, 10), round(2, 0)];
    let mut running = start(arrangement(vec![("r", told.clone())]), &world, store(&past), None);
    running.sink.accept(&round(1, 10)).unwrap();
    let messages = told.wait_for(3);
    assert_eq!(whats(&messages), [What::Raised, What::Cleared, What::Raised]);
    assert_eq!(messages[0].events[0].time, past[1].slot.end());
    running.stop();
}

#[test]
fn stored_rounds_are_judged_as_their_gateway_was_then() {
    let of = |name: &str, round: Round| Round { series: name.parse().unwrap(), ..round };
    for gateway_first in [true, false] {
        let (world, told) = (World::default(), Arc::new(Recording::new("told")));
        let arrangement = || {
            let mut arrangement = arrangement(vec![("r", told.clone())]);
            let watched = &mut arrangement.plan.watched;
            let gateway = Watched { series: "G".parse().unwrap(), alerts: Vec::new(), ..watched[0].clone() };
            watched[0].depends = Some(gateway.series.clone());
            watched.insert(usize::from(!gateway_first), gateway);
            arrangement
        };
        let then = NOW - STEP.as_duration() * 6;
        let mut before = start_at(then, arrangement(), &world, store(&[]), None);
        before.sink.accept(&of("G", round(7, 0))).unwrap();
        before.sink.accept(&round(7, 0)).unwrap();
        before.stop();
        // Lost with the gateway, which then was back; and once lost alone.
        let lost = [(6, 10, 10), (5, 10, 10), (4, 0, 0), (3, 0, 10), (2, 0, 0)];
        let past: Vec<Round> = lost.iter().flat_map(|&(ago, g, a)| [round(ago, a), of("G", round(ago, g))]).collect();
        let running = start(arrangement(), &world, store(&past), None);
        let messages = told.wait_for(2);
        assert_eq!(whats(&messages), [What::Raised, What::Cleared], "gateway first: {gateway_first}");
        assert_eq!(messages[0].events[0].time, round(3, 0).slot.end(), "gateway first: {gateway_first}");
        running.stop();
    }
}

#[test]
fn without_a_state_the_past_is_no_news() {
    let (world, told) = (World::default(), Arc::new(Recording::new("told")));
    let past = [round(3, 10), round(2, 0)];
    let mut running = start(arrangement(vec![("r", told.clone())]), &world, store(&past), None);
    running.sink.accept(&round(1, 0)).unwrap();
    running.sink.accept(&round(0, 10)).unwrap();
    assert_eq!(told.wait_for(1)[0].events[0].time, round(0, 0).slot.end());
    running.stop();
    assert_eq!(told.messages().len(), 1);
}

#[test]
fn after_the_loss_of_the_state_only_what_stands_is_told() {
    let (world, told) = (World::default(), Arc::new(Recording::new("told")));
    let down = start(
        arrangement(vec![("r", told.clone())]),
        &world,
        store(&[round(4, 10), round(3, 0), round(2, 10)]),
        Some("it was cut"),
    );
    let messages = told.wait_for(1);
    assert_eq!((whats(&messages), messages[0].events[0].time), (vec![What::Raised], round(2, 0).slot.end()));
    let board = Arc::clone(&down.board);
    down.stop();
    assert_eq!(told.messages().len(), 1);
    // What is told is shown after it, and at the end at the latest.
    assert_eq!(board.view().state.set_aside.as_deref(), Some("it was cut"));
}

#[test]
fn after_the_loss_of_the_state_an_alert_that_repeats_seldom_is_told() {
    let (world, told) = (World::default(), Arc::new(Recording::new("told")));
    let mut arrangement = arrangement(vec![("r", told.clone())]);
    let alerts = &mut arrangement.plan.watched[0].alerts;
    let (alert, to) = alerts[0].clone();
    let seldom = Alert { edgetrigger: false, again: Some(Duration::from_secs(3600)), ..(*alert).clone() };
    // Its longer window has the rounds of the other judged too; it stays quiet.
    let rule = Arc::new(smokeprobe_alerts::parse(Kind::Loss, "<5%,<5%,<5%").unwrap());
    let quiet = Alert { name: "quiet".into(), rule, meaning: "loss|documented|<5%,<5%,<5%".into(), ..(*alert).clone() };
    *alerts = vec![(Arc::new(seldom), Arc::clone(&to)), (Arc::new(quiet), to)];
    let past = store(&[round(4, 0), round(3, 10), round(2, 10)]);
    let running = start(arrangement, &world, past, Some("it was cut"));
    while running.board.view().standing.is_empty() {
        thread::yield_now();
    }
    running.stop();
    let waiting = world.clone().load().unwrap().messages;
    let attempts = world.attempts(&HistoryQuery::newest(5)).unwrap();
    assert_eq!(waiting.len() + attempts.len(), 1, "{waiting:?} {attempts:?}");
}

#[test]
fn recipient_that_hangs_delays_no_other_and_not_the_end() {
    let world = World::default();
    let hangs = Arc::new(Recording::new("hangs").answering([Answer::Never]));
    let told = Arc::new(Recording::new("told"));
    let all: Vec<(&str, Arc<dyn Notifier>)> = vec![("a", hangs.clone()), ("b", told.clone())];
    let mut running = start(arrangement(all), &world, store(&[]), None);
    running.sink.accept(&round(2, 0)).unwrap();
    running.sink.accept(&round(1, 10)).unwrap();
    hangs.wait_for(1);
    told.wait_for(1);
    running.sink.accept(&round(0, 0)).unwrap();
    assert_eq!(whats(&told.wait_for(2)), [What::Raised, What::Cleared]);
    // That it was told is to be known before the end, which waits for a moment only.
    while running.board.view().counts.recipients.get(&RecipientId::new("b")).is_none_or(|told| told.delivered < 2) {
        thread::yield_now();
    }
    running.stop();
    // It is repeated at the next start, as nobody knows whether it arrived.
    let mut saved = world.clone();
    assert_eq!(saved.load().unwrap().messages.len(), 2);
}

#[test]
fn notifier_that_panics_is_a_failed_attempt() {
    struct Faulty;

    #[async_trait]
    impl Notifier for Faulty {
        fn name(&self) -> &'static str {
            "faulty"
        }

        async fn deliver(&self, _: &Message) -> Result<Delivered, DeliveryError> {
            panic!("expected by the test");
        }
    }

    let world = World::default();
    let mut running = start(arrangement(vec![("f", Arc::new(Faulty))]), &world, store(&[]), None);
    running.sink.accept(&round(1, 10)).unwrap();
    let counts = || running.board.view().counts.recipients.get(&RecipientId::new("f")).copied().unwrap_or_default();
    while counts().retried == 0 {
        thread::yield_now();
    }
    running.stop();
    let attempts = world.attempts(&HistoryQuery::newest(5)).unwrap();
    assert!(attempts[0].attempt.note.contains("a fault in the server"), "{attempts:?}");
}

/// The thread of the alerts waits in an order of its own until what is returned is dropped.
fn hold(service: &Alerting) -> mpsc::Sender<()> {
    let (held, is_held) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    service.inbox.order_of_ours(Box::new(move |_, _| {
        held.send(()).unwrap();
        // An error: it was dropped.
        let _ = released.recv();
    }));
    is_held.recv().unwrap();
    release
}

#[test]
fn history_is_read_while_the_alerts_are_busy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(STATE_FILE);
    let told = Arc::new(Recording::new("told"));
    let (board, store) = (Arc::new(Board::default()), Arc::new(store(&[])));
    let arrangement = arrangement(vec![("r", told.clone())]);
    let open = move || open_state(&file, NOW);
    let (service, mut sink) =
        Alerting::start(arrangement, open, store, Arc::new(Still(NOW)), Arc::clone(&board)).unwrap();
    sink.accept(&round(2, 0)).unwrap();
    sink.accept(&round(1, 10)).unwrap();
    told.wait_for(1);
    let release = hold(&service);
    let events = service.desk().history().unwrap().events(&HistoryQuery::newest(5)).unwrap();
    assert_eq!(events.iter().map(|past| past.event.what).collect::<Vec<_>>(), [What::Raised]);
    drop(release);
    assert!(service.stop(PATIENCE));
}

fn silence() -> smokeprobe_alerts::Silence {
    smokeprobe_alerts::Silence {
        id: "".into(),
        scope: smokeprobe_alerts::Scope::default(),
        when: smokeprobe_alerts::When::Between { from: 0, until: None },
        comment: String::new(),
        author: String::new(),
    }
}

#[tokio::test]
async fn silences_have_a_bound() {
    let world = World::default();
    let many = (0..999).map(|number| smokeprobe_alerts::Silence { id: format!("s{number}").into(), ..silence() });
    world.clone().commit(&Change { silences: many.collect(), ..Change::default() }).unwrap();
    let running = start(arrangement(vec![]), &world, store(&[]), None);
    let desk = running.service.desk();
    let (id, _) = desk.silence(silence()).await.unwrap();
    assert!(matches!(desk.silence(silence()).await, Err(Refusal::Wrong(why)) if why.contains("1000 silences")));
    desk.unsilence(id.to_string()).await.unwrap();
    desk.silence(silence()).await.unwrap();
    running.stop();
}

#[tokio::test(start_paused = true)]
async fn change_that_was_refused_as_busy_is_not_made_later() {
    let world = World::default();
    let running = start(arrangement(vec![]), &world, store(&[]), None);
    let release = hold(&running.service);
    let desk = running.service.desk();
    assert_eq!(desk.silence(silence()).await, Err(Refusal::Busy));
    drop(release);
    running.stop();
    assert_eq!(world.clone().load().unwrap().silences, []);
}

#[test]
fn full_inbox_keeps_the_newest_rounds_and_counts_the_others() {
    let (inbox, board) = (Arc::new(Inbox::default()), Arc::new(Board::default()));
    let mut sink = AlertSink { inbox: Arc::clone(&inbox), board: Arc::clone(&board), dropping: false };
    let newest = round(1, 0);
    for _ in 0..ROUNDS {
        sink.accept(&round(2, 0)).unwrap();
    }
    assert_eq!(board.rounds_dropped(), 0);
    sink.accept(&newest).unwrap();
    assert_eq!((board.rounds_dropped(), inbox.waiting()), (1, ROUNDS));
}
