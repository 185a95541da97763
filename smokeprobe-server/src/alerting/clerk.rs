//! The work of the alerts' thread: what came in goes to the engine, what the engine says to the outbox, what both
//! changed to the state file, and only then messages to those who are told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use smokeprobe_alerts::{
    AlertName, Change, Engine, Event, Message, Observation, Outbox, Saved, Silent, StateError, What,
};
use smokeprobe_core::{Clock, MonoTime, SeriesId, WallTime};
use smokeprobe_store::Store;

use super::board::{self, Board, Counts, StateView, View};
use super::catch_up::CatchUp;
use super::courier::Courier;
use super::inbox::{Batch, Inbox, Seen};
use super::ledger::Ledger;
use super::{Arrangement, Opened, past};
use crate::sentence::sentence;

/// A look around at least this often, so that a step of the clock is seen.
const LOOK: Duration = Duration::from_secs(10);

/// No looks closer than this, whatever the machines ask for.
const BREATH: Duration = Duration::from_millis(20);

/// What people see is at most this old.
const PUBLISH: Duration = Duration::from_millis(250);

/// Deliveries under way have this long to end once we stop.
const GRACE: Duration = Duration::from_millis(500);

/// Told to whoever asked for a change once it is written, with what keeps it from being written if something does.
pub(super) type Reply = Box<dyn FnOnce(Option<String>) + Send>;

/// Decides and tells.
pub(super) struct Clerk {
    pub(super) engine: Engine,
    pub(super) outbox: Outbox,
    pub(super) ledger: Ledger,
    pub(super) courier: Courier,
    pub(super) store: Arc<dyn Store>,
    pub(super) arrangement: Arc<Arrangement>,
    clock: Arc<dyn Clock>,
    inbox: Arc<Inbox>,
    board: Arc<Board>,
    catch_up: CatchUp,
    counts: Counts,
    set_aside: Option<String>,
    /// Why nobody was told of the newest event of what stands.
    silent: HashMap<(SeriesId, AlertName), Silent>,
    replies: Vec<Reply>,
    /// Messages that leave once it is written that they are under way.
    outgoing: Vec<Message>,
    /// Something that people see changed.
    changed: bool,
    /// When that was last shown.
    published: Option<MonoTime>,
}

impl Clerk {
    pub(super) fn new(
        arrangement: Arrangement,
        opened: Result<Opened, StateError>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        inbox: Arc<Inbox>,
        board: Arc<Board>,
    ) -> Self {
        let (state, saved, set_aside, trouble) = restore(opened, &board);
        let now = clock.wall();
        let mut engine = Engine::restore(&saved);
        let mut outbox = Outbox::restore(&saved);
        engine.follow(now, arrangement.plan.clone());
        outbox.follow(now, arrangement.terms.clone());
        let catch_up = CatchUp::new(&*store, &arrangement.plan, &saved, set_aside.is_some());
        let mut ledger = Ledger::new(state, trouble);
        // What nobody follows any more is forgotten.
        ledger.note(clock.mono(), true);
        Self {
            engine,
            outbox,
            ledger,
            courier: Courier::new(Arc::clone(&inbox)),
            store,
            arrangement: Arc::new(arrangement),
            clock,
            inbox,
            board,
            catch_up,
            counts: Counts::default(),
            set_aside,
            silent: HashMap::new(),
            replies: Vec::new(),
            outgoing: Vec::new(),
            changed: true,
            published: None,
        }
    }

    /// Works until it is told to stop.
    pub(super) fn run(mut self) {
        self.turn(Batch::default());
        loop {
            let batch = self.inbox.wait(self.pause(), self.catch_up.is_done());
            if let Some(deadline) = batch.stop {
                return self.finish(batch, deadline);
            }
            self.turn(batch);
        }
    }

    /// Follows another configuration.
    pub(super) fn follow(&mut self, now: WallTime, arrangement: Arrangement) {
        self.engine.follow(now, arrangement.plan.clone());
        self.outbox.follow(now, arrangement.terms.clone());
        self.catch_up.follow(&arrangement.plan);
        self.arrangement = Arc::new(arrangement);
        self.has_changed();
    }

    /// Something changed that is to be written before anything else is told.
    pub(super) fn has_changed(&mut self) {
        self.ledger.note(self.clock.mono(), true);
        self.changed = true;
    }

    /// Answers once what changed is written.
    pub(super) fn reply(&mut self, reply: Reply) {
        self.replies.push(reply);
    }

    fn turn(&mut self, batch: Batch) {
        self.take(batch);
        if self.catch_up.is_done() {
            let now = self.clock.wall();
            // A round that waits is not one that did not come.
            let all_taken = self.inbox.waiting() == 0;
            if all_taken && self.engine.poll_timeout().is_some_and(|at| at <= now) {
                self.engine.handle_timeout(now);
                self.ledger.note(self.clock.mono(), false);
            }
            self.pass_on(now);
        } else {
            self.catch_up();
        }
        self.collect();
        if self.ledger.due().is_some_and(|at| at <= self.clock.mono()) {
            self.keep();
        }
        if !self.ledger.is_urgent() {
            self.send();
            self.publish();
            self.answer();
        }
    }

    /// Takes what came in.
    fn take(&mut self, batch: Batch) {
        let now = self.clock.wall();
        for (id, result) in batch.outcomes {
            self.courier.is_back(id);
            self.outbox.handle_result(now, id, result);
            self.has_changed();
        }
        for order in batch.orders {
            order(self, now);
        }
        for seen in batch.rounds {
            self.judge(now, seen);
        }
    }

    fn judge(&mut self, now: WallTime, Seen { series, slot, observation }: Seen) {
        // It asks again for each rule that looks another number of weeks back.
        while let Some(order) = self.engine.season_wanted(&series, slot) {
            let season = past::season(&*self.store, &order);
            self.engine.handle_season(&series, season);
        }
        // The store does not know that a round was suspect: read back from there, it could raise. So it is kept at once.
        let is_suspect = matches!(&observation, Observation::Measured(measured) if measured.suspect);
        self.engine.handle_round(now, &series, slot, observation);
        self.ledger.note(self.clock.mono(), is_suspect);
    }

    /// Judges rounds of the store that the state does not know, of some series.
    fn catch_up(&mut self) {
        for rounds in self.catch_up.next(&*self.store) {
            let now = self.clock.wall();
            for seen in rounds {
                self.judge(now, seen);
            }
            let mut events: Vec<Event> = std::iter::from_fn(|| self.engine.poll_event()).collect();
            if self.set_aside.is_some() {
                // Only what stands in the end is worth telling: the rest was told before the file was lost.
                events = standing_in_the_end(events);
            }
            for event in events {
                self.pass_on_one(now, event);
            }
        }
        self.changed = true;
        if self.catch_up.is_done() {
            self.catch_up.report();
        }
    }

    /// Hands the engine's events to the outbox and to all who listen.
    fn pass_on(&mut self, now: WallTime) {
        while let Some(event) = self.engine.poll_event() {
            self.pass_on_one(now, event);
        }
    }

    fn pass_on_one(&mut self, now: WallTime, event: Event) {
        log(&event);
        self.counts.event(&event);
        let key = (event.series.clone(), AlertName::clone(&event.alert));
        match &event.silent {
            Some(why) if event.what != What::Cleared => self.silent.insert(key, why.clone()),
            _ => self.silent.remove(&key),
        };
        self.outbox.handle_event(now, &event);
        self.board.tell(event);
        self.has_changed();
    }

    /// Writes what changed.
    fn keep(&mut self) {
        let mut change = Change::default();
        self.engine.take_changes(&mut change);
        self.outbox.take_changes(&mut change);
        for attempt in &change.attempts {
            log_attempt(attempt);
        }
        let before = self.ledger.trouble().is_some();
        self.ledger.commit(&*self.clock, change);
        self.changed |= self.ledger.trouble().is_some() != before;
    }

    /// Takes from the outbox what is due.
    fn collect(&mut self) {
        let now = self.clock.wall();
        while let Some(message) = self.outbox.poll_send(now) {
            self.outgoing.push(message);
            self.has_changed();
        }
    }

    /// Sends what is due. That it is under way is written by now, or cannot be.
    fn send(&mut self) {
        for message in self.outgoing.drain(..) {
            let notifier = self.arrangement.notifiers.get(&message.recipient).cloned();
            self.courier.send(message, notifier);
        }
    }

    /// Shows how things are, to whoever asked for a change at once.
    fn publish(&mut self) {
        let now = self.clock.mono();
        let is_time = self.published.is_none_or(|at| now.saturating_since(at) >= PUBLISH) || !self.replies.is_empty();
        if !self.changed || !is_time {
            return;
        }
        (self.changed, self.published) = (false, Some(now));
        let silent = &self.silent;
        let standing = self.engine.standing().map(|(series, alert, standing)| {
            let alert: AlertName = alert.into();
            let silent = silent.get(&(series.clone(), AlertName::clone(&alert))).cloned();
            board::Standing { series: series.clone(), alert, standing: standing.clone(), silent }
        });
        let mut view = View {
            standing: standing.collect(),
            silences: self.engine.silences(self.clock.wall()).map(|(silence, on)| (silence.clone(), on)).collect(),
            counts: self.counts.clone(),
            state: StateView {
                trouble: self.ledger.trouble().map(str::to_owned),
                failures: self.ledger.failures(),
                set_aside: self.set_aside.clone(),
            },
            watched: self.arrangement.plan.watched.len(),
            catching_up: self.catch_up.left(),
            ..View::default()
        };
        for message in self.outbox.messages() {
            let (list, count) = match message.dead {
                None => (&mut view.waiting, &mut view.counts.waiting),
                Some(_) => (&mut view.dead, &mut view.counts.dead),
            };
            *count += 1;
            if list.len() < board::LISTED {
                list.push(board::Listed::new(message));
            }
        }
        view.counts.recipients = self.outbox.counts();
        view.counts.under_way = self.courier.under_way();
        view.counts.rounds_waiting = self.inbox.waiting();
        self.board.publish(view);
    }

    fn answer(&mut self) {
        let trouble = self.ledger.trouble().map(str::to_owned);
        for reply in self.replies.drain(..) {
            reply(trouble.clone());
        }
    }

    /// How long to wait for something to come in.
    fn pause(&self) -> Duration {
        if !self.catch_up.is_done() {
            return Duration::ZERO;
        }
        let (mono, wall) = (self.clock.mono(), self.clock.wall());
        let asked = [
            self.engine.poll_timeout().map(|at| at.saturating_since(wall)),
            self.outbox.poll_timeout().map(|at| at.saturating_since(wall)),
            self.ledger.due().map(|at| at.saturating_since(mono)),
            self.published.filter(|_| self.changed).map(|at| (at + PUBLISH).saturating_since(mono)),
        ];
        asked.into_iter().flatten().min().unwrap_or(LOOK).clamp(BREATH, LOOK)
    }

    /// The end: everything is judged and written, and deliveries under way get a moment.
    fn finish(&mut self, batch: Batch, deadline: MonoTime) {
        self.take(batch);
        while self.catch_up.is_done() && self.inbox.waiting() > 0 && self.clock.mono() < deadline {
            let batch = self.inbox.wait(Duration::ZERO, true);
            self.take(batch);
        }
        self.pass_on(self.clock.wall());
        self.keep();
        // What was to leave already; the rest leaves at the next start.
        self.send();
        self.publish();
        self.answer();
        let until = deadline.min(self.clock.mono() + GRACE);
        while self.courier.under_way() > 0 && self.clock.mono() < until {
            let outcomes = self.inbox.wait_for_outcomes(until.saturating_since(self.clock.mono()));
            self.take(Batch { outcomes, ..Batch::default() });
            self.keep();
        }
        let left = self.courier.under_way();
        if left > 0 {
            tracing::warn!("{left} deliveries of alerts did not end in time: they are repeated at the next start");
        }
        if let Some(why) = self.ledger.trouble() {
            tracing::error!("the state of the alerts could not be written and is lost: {why}");
        }
    }
}

type Restored = (Option<Box<dyn smokeprobe_alerts::StateStore>>, Saved, Option<String>, Option<String>);

/// What was kept: state, its content, what was set aside, and why there is no state.
fn restore(opened: Result<Opened, StateError>, board: &Board) -> Restored {
    let loaded = opened.and_then(|Opened { mut state, history, set_aside }| {
        let saved = state.load()?;
        if let Some(reader) = history {
            board.offer_history(reader);
        }
        Ok((saved, state, set_aside))
    });
    match loaded {
        Ok((saved, state, set_aside)) => {
            if let Some(why) = &set_aside {
                tracing::error!(
                    "the state of the alerts was damaged and is set aside, it is made anew from the stored rounds; \
                     what stands is told again, silences and acknowledgements are gone: {why}"
                );
            }
            (Some(state), saved, set_aside, None)
        }
        Err(error) => {
            let why = sentence(&error);
            tracing::error!("alerts are told, but their state is kept in memory alone until the next start: {why}");
            (None, Saved::default(), None, Some(why))
        }
    }
}

/// Of each alert that is not cleared in the end the newest event that is told, or the newest one if none is: one that is
/// silent because the one before it was told would leave it untold.
fn standing_in_the_end(events: Vec<Event>) -> Vec<Event> {
    let mut newest: Vec<Event> = Vec::new();
    for event in events {
        let known = newest.iter().position(|known| known.alert == event.alert && known.series == event.series);
        let outweighed = known.is_some_and(|at| newest[at].is_told() && !event.is_told());
        if event.what == What::Cleared || !outweighed {
            known.map(|at| newest.remove(at));
        }
        if event.what != What::Cleared && !outweighed {
            newest.push(event);
        }
    }
    newest
}

/// One line for each event that somebody is told of.
fn log(event: &Event) {
    let (alert, what, target) = (&event.alert, event.what_in_words(), event.line());
    let facts = &event.facts;
    let (loss, rtt, comment) = (&facts.loss, &facts.rtt, &facts.comment);
    match &event.silent {
        None => tracing::info!(loss, rtt, comment, "alert {alert} {what} for {target}"),
        Some(why) => tracing::debug!(loss, rtt, comment, ?why, "alert {alert} {what} for {target}, silently"),
    }
}

fn log_attempt(attempt: &smokeprobe_alerts::Attempt) {
    use smokeprobe_alerts::AttemptOutcome::{Delivered, GivenUp, Retried};

    let (recipient, number, note) = (&attempt.recipient, attempt.number, &attempt.note);
    let told = attempt.told.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    match attempt.outcome {
        Delivered => tracing::info!(%recipient, number, told, "told: {note}"),
        Retried => tracing::warn!(%recipient, number, told, "not told, it is tried again: {note}"),
        GivenUp => tracing::error!(%recipient, number, told, "not told, and given up: {note}"),
    }
}
