//! The outbox under any sequence of operations: events, results of every kind, reloads, restarts with what was kept,
//! clocks that step, dead letters taken up and thrown away. No recipient has two messages under way or more in a minute
//! than its rate, nothing overtakes its like, no event is told in two messages, and in the end everything is told, is
//! a dead letter, or is counted as dropped.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use smokeprobe_alerts::{
    Change, Delivered, DeliveryError, Event, Facts, MemoryState, Message, MessageId, Outbox, RecipientId, StateStore,
    Terms, What,
};
use smokeprobe_core::WallTime;

const RECIPIENTS: [&str; 3] = ["mail", "hook", "prog"];
const MINUTE: Duration = Duration::from_secs(60);

struct Lab<'a> {
    script: &'a [u8],
    outbox: Outbox,
    store: MemoryState,
    plan: BTreeMap<RecipientId, Terms>,
    now: WallTime,
    facts: Arc<Facts>,
    /// How many events were made; the time of its round tells an event from others.
    made: i64,
    /// Who is to be told of which event.
    owed: BTreeSet<(RecipientId, i64)>,
    under_way: Vec<Message>,
    /// What each message that was ever sent told of.
    sent: BTreeMap<MessageId, Vec<i64>>,
    /// Since the clock last stepped.
    sent_at: BTreeMap<RecipientId, Vec<WallTime>>,
    /// The newest event delivered of each alert of each series. Dead letters that are taken up again are late.
    newest: BTreeMap<(RecipientId, String), i64>,
    late: BTreeSet<i64>,
}

fuzz_target!(|data: &[u8]| {
    let mut lab = Lab {
        script: data,
        outbox: Outbox::default(),
        store: MemoryState::default(),
        plan: BTreeMap::new(),
        now: WallTime::from_unix_secs(1_700_000_000),
        facts: Arc::default(),
        made: 0,
        owed: BTreeSet::new(),
        under_way: Vec::new(),
        sent: BTreeMap::new(),
        sent_at: BTreeMap::new(),
        newest: BTreeMap::new(),
        late: BTreeSet::new(),
    };
    lab.reload();
    while let Some(operation) = lab.byte() {
        lab.operation(operation);
        lab.keep();
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

    fn operation(&mut self, operation: u8) {
        match operation % 12 {
            0..=2 => self.event(),
            3 | 4 => self.send(),
            5 | 6 => self.result(),
            7 => self.now = self.now + Duration::from_millis(u64::from(self.small()).pow(2) * 100),
            8 => self.letter(),
            9 => self.reload(),
            10 => self.restart(),
            _ => self.step(),
        }
    }

    fn event(&mut self) {
        let (series, to) = (self.small() % 4, self.small() % 8);
        self.made += 1;
        let recipients = RECIPIENTS.iter().enumerate().filter(|(bit, _)| to >> bit & 1 == 1);
        let event = Event {
            series: format!("A.T{series}").parse().unwrap(),
            alert: "hostdown".into(),
            what: if self.made % 2 == 0 { What::Cleared } else { What::Raised },
            time: self.made,
            since: self.made,
            silent: None,
            recipients: recipients.map(|(_, name)| RecipientId::new(name)).collect(),
            facts: Arc::clone(&self.facts),
        };
        self.owed.extend(event.recipients.iter().map(|name| (name.clone(), self.made)));
        self.outbox.handle_event(self.now, &event);
    }

    fn send(&mut self) {
        while let Some(message) = self.outbox.poll_send(self.now) {
            let name = &message.recipient;
            assert!(self.under_way.iter().all(|other| other.recipient != *name), "two are under way to {name}");
            assert!(!message.events.is_empty() && message.dead.is_none() && message.attempts > 0, "{message:?}");
            let terms = &self.plan[name];
            let told: Vec<i64> = message.events.iter().map(|event| event.time).collect();
            assert!(told.is_sorted(), "{told:?}");
            let before = self.sent.insert(message.id, told.clone());
            assert!(before.is_none_or(|before| before == told || self.late.contains(&told[0])), "{told:?}");
            let times = self.sent_at.entry(name.clone()).or_default();
            times.push(self.now);
            if let Some(rate) = terms.rate {
                let minute = times.iter().filter(|at| self.now.saturating_since(**at) < MINUTE).count();
                assert!(minute <= rate as usize, "{minute} in a minute to {name}, at most {rate} were allowed");
            }
            self.under_way.push(message);
        }
        if let Some(next) = self.outbox.poll_timeout() {
            assert!(next > self.now, "the outbox wants to be asked at once, and has nothing");
        }
    }

    fn result(&mut self) {
        if self.under_way.is_empty() {
            let nobodys = MessageId(u64::from(self.small()));
            self.outbox.handle_result(self.now, nobodys, Ok(Delivered::default()));
            return;
        }
        let which = usize::from(self.small()) % self.under_way.len();
        let message = self.under_way.remove(which);
        let result = match self.small() % 6 {
            0 | 1 => Ok(Delivered::with("250 ok")),
            2 | 3 => Err(DeliveryError::transient("421 too busy")),
            4 => Err(DeliveryError::permanent("550 no such mailbox")),
            _ => Err(DeliveryError::Transient {
                reason: "429".into(),
                retry_after: Some(Duration::from_secs(u64::from(self.small()).pow(3))),
            }),
        };
        self.ended(&message, result);
    }

    fn ended(&mut self, message: &Message, result: Result<Delivered, DeliveryError>) {
        if result.is_ok() {
            for event in &message.events {
                assert!(self.owed.remove(&(message.recipient.clone(), event.time)), "told twice: {event:?}");
                let key = (message.recipient.clone(), event.series.to_string());
                let newest = self.newest.entry(key).or_default();
                assert!(*newest < event.time || self.late.contains(&event.time), "{} overtook {}", newest, event.time);
                *newest = event.time.max(*newest);
            }
        }
        self.outbox.handle_result(self.now, message.id, result);
    }

    fn letter(&mut self) {
        let letters: Vec<Message> = self.outbox.messages().filter(|message| message.dead.is_some()).cloned().collect();
        let which = usize::from(self.small()) % letters.len().max(1);
        let Some(letter) = letters.get(which) else {
            assert!(self.outbox.dismiss(MessageId(1)).is_err(), "there is nothing to throw away");
            return;
        };
        if self.small() % 2 == 0 {
            if self.outbox.retry(self.now, letter.id).is_ok() {
                self.late.extend(letter.events.iter().map(|event| event.time));
            }
        } else {
            self.outbox.dismiss(letter.id).unwrap();
            for event in &letter.events {
                self.owed.remove(&(letter.recipient.clone(), event.time));
            }
        }
    }

    fn reload(&mut self) {
        for name in RECIPIENTS {
            let (terms, name) = (self.small(), RecipientId::new(name));
            if terms % 16 == 15 {
                self.plan.remove(&name);
                continue;
            }
            let rate = (terms & 64 != 0).then_some(u32::from(terms % 8));
            // A rate that changes forgives nothing, and is measured from now on.
            if self.plan.get(&name).is_none_or(|before| before.rate != rate) {
                self.sent_at.remove(&name);
            }
            let terms = Terms {
                group: Duration::from_secs(u64::from(terms % 4) * 10),
                rate: rate.map(|rate| rate.max(1)),
                max_age: Duration::from_secs(if terms & 128 == 0 { 600 } else { 86_400 }),
            };
            self.plan.insert(name, terms);
        }
        self.outbox.follow(self.now, self.plan.clone());
    }

    /// A crash: what is under way may have been taken or not.
    fn restart(&mut self) {
        self.keep();
        // Times may have been shifted with a clock that stepped back, which is not worth a commit.
        let kept = |outbox: &Outbox| -> Vec<_> {
            outbox.messages().map(|message| (message.id, message.events.len(), message.attempts)).collect()
        };
        let before = kept(&self.outbox);
        self.outbox = Outbox::restore(&self.store.load().unwrap());
        assert_eq!(kept(&self.outbox), before, "everything was kept");
        self.under_way.clear();
        self.outbox.follow(self.now, self.plan.clone());
    }

    fn step(&mut self) {
        self.now = self.now - Duration::from_secs(u64::from(self.small()).pow(3));
        self.sent_at.clear();
    }

    fn keep(&mut self) {
        let mut change = Change::default();
        self.outbox.take_changes(&mut change);
        self.store.commit(&change).unwrap();
    }

    /// Everybody takes everything from now on.
    fn finish(&mut self) {
        for name in RECIPIENTS {
            let max_age = Duration::from_secs(u64::from(u32::MAX));
            let terms = Terms { group: Duration::ZERO, rate: None, max_age };
            self.plan.insert(RecipientId::new(name), terms);
        }
        self.sent_at.clear();
        self.outbox.follow(self.now, self.plan.clone());
        for _ in 0..100_000 {
            self.send();
            if let Some(message) = self.under_way.pop() {
                self.ended(&message, Ok(Delivered::default()));
            } else if let Some(next) = self.outbox.poll_timeout() {
                self.now = next.max(self.now);
            } else {
                break;
            }
        }
        self.keep();
        for letter in self.outbox.messages() {
            assert!(letter.dead.is_some(), "{letter:?} waits for ever");
            for event in &letter.events {
                assert!(self.owed.remove(&(letter.recipient.clone(), event.time)), "told and dead: {event:?}");
            }
        }
        assert!(self.owed.is_empty(), "nobody was told of {:?}", self.owed);
        assert_eq!(self.store.load().unwrap().messages.len(), self.outbox.messages().count());
    }
}
