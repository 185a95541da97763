//! What any [`StateStore`] must do. A store of one's own runs [`check`] in its tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use smokeprobe_core::{SeriesId, WallTime};

use super::{Acknowledgement, AlertState, Change, HistoryQuery, Pace, Saved, SeriesState, Standing, StateStore};
use crate::event::{AlertName, Event, Facts, RecipientId, Silent, What};
use crate::outbox::{Attempt, AttemptOutcome, Message, MessageId};
use crate::rule::{Measurement, Observation};
use crate::silence::{Scope, Silence, Weekly, When};

const START: i64 = 1_700_000_100;

/// Runs the whole suite on stores that `fresh` makes, each empty. `again` closes a store and opens it again.
///
/// # Panics
///
/// With a sentence, when the store does not keep the contract of [`StateStore`].
pub fn check<S: StateStore>(mut fresh: impl FnMut() -> S, again: impl Fn(S) -> S) {
    an_empty_state_is_empty(fresh());
    everything_comes_back_as_it_was(fresh(), &again);
    changes_replace_and_remove(fresh(), &again);
    figures_come_back_bit_by_bit(fresh(), &again);
    figures_that_are_no_numbers_do_no_harm(fresh(), &again);
    message_numbers_outlive_messages(fresh(), &again);
    history_is_found_by_target_alert_and_time(fresh(), &again);
    changes_leave_out_what_goes_on(fresh(), &again);
    pruning_leaves_the_state(fresh(), &again);
}

/// A state with one of everything, for tests of what keeps it.
pub fn example() -> Change {
    let series: SeriesId = "Storage.BeijingS3~slave.example".parse().expect("a series");
    let measured = |loss, median| {
        Observation::Measured(Measurement { loss, median, deviation: median.map(|m: f64| m / 3.0), suspect: false })
    };
    let standing = Standing {
        since: START,
        reason: "loss 66.7 % is over 60 %, “zweimal” 两次".into(),
        told: Some(START),
        acknowledged: Some(Acknowledgement {
            time: START + 9,
            author: "ops".into(),
            comment: "on it\n\"soon\"".into(),
        }),
        to: Arc::from(["ops@company.xy", "|/opt/“pager”"].map(RecipientId::new)),
        edgetrigger: true,
    };
    let silent_standing = Standing {
        told: None,
        acknowledged: None,
        reason: String::new(),
        since: -1,
        to: Arc::from([]),
        edgetrigger: false,
    };
    let alert =
        |name: &str, told, standing| AlertState { alert: name.into(), meaning: "loss >60%".into(), told, standing };
    let scope = Scope {
        targets: vec!["Storage".parse().expect("a path")],
        alerts: vec!["hostdown".into()],
        labels: BTreeMap::from([("site".into(), "Beijing 北京".into())]),
    };
    let weekly = Weekly { days: vec![5, 6], from: 1380, until: 120, zone: "Asia/Shanghai".into() };
    let silence = |id: &str, when| Silence {
        id: id.into(),
        scope: scope.clone(),
        when,
        comment: "new switches".into(),
        author: "ops".into(),
    };
    let raised = event(&series, "hostdown", What::Raised, START);
    Change {
        series: vec![
            SeriesState {
                series: series.clone(),
                last: Some(START),
                down: true,
                window: vec![
                    Observation::Start,
                    Observation::Unknown,
                    measured(200.0 / 3.0, Some(0.012_345_678_9)),
                    measured(100.0, None),
                ],
                // Not in the order of their names: the order is the configuration's.
                alerts: vec![
                    alert("hostdown", Some(START), Some(standing)),
                    alert("quiet", Some(START - 300), None),
                    alert("bigloss", None, Some(silent_standing)),
                ],
            },
            state("A", Vec::new()),
        ],
        silences: vec![
            silence("s1", When::Between { from: START, until: None }),
            silence("nights", When::Weekly(weekly)),
        ],
        events: vec![raised.clone()],
        messages: vec![
            message(7, "ops@company.xy", vec![raised.clone()], None),
            message(3, "dingtalk:…1a2b3c4d", vec![raised.clone(), raised], Some("no such robot")),
        ],
        attempts: vec![attempt(3, START, &["Storage.BeijingS3~slave.example hostdown raised"])],
        paces: vec![Pace { recipient: RecipientId::new("ops@company.xy"), until: WallTime::from_unix_nanos(17) }],
        ..Change::default()
    }
}

fn an_empty_state_is_empty<S: StateStore>(mut store: S) {
    assert_eq!(load(&mut store), Saved::default(), "a fresh state has nothing");
    store.commit(&Change::default()).expect("an empty change can be kept");
    assert_eq!(load(&mut store), Saved::default(), "an empty change changes nothing");
    assert!(store.events(&HistoryQuery::newest(10)).expect("history can be read").is_empty(), "no events");
    assert!(store.attempts(&HistoryQuery::newest(10)).expect("history can be read").is_empty(), "no attempts");
}

fn everything_comes_back_as_it_was<S: StateStore>(mut store: S, again: &impl Fn(S) -> S) {
    let mut change = example();
    store.commit(&change).expect("a change can be kept");
    let mut store = again(store);
    let saved = load(&mut store);
    change.series.sort_by(|a, b| a.series.cmp(&b.series));
    change.silences.sort_by(|a, b| a.id.cmp(&b.id));
    change.messages.sort_by_key(|message| message.id);
    assert_eq!(saved.series, change.series, "series come back in their order");
    assert_eq!(saved.silences, change.silences, "silences come back in the order of their ids");
    assert_eq!(saved.messages, change.messages, "messages come back, oldest first, dead letters too");
    assert_eq!(saved.last_message, Some(MessageId(7)), "the highest number is known");
    assert_eq!(saved.paces, change.paces, "rate limits come back");
    let events = store.events(&HistoryQuery::newest(10)).expect("history can be read");
    assert_eq!(events.iter().map(|past| &past.event).collect::<Vec<_>>(), [&change.events[0]], "events come back");
    let attempts = store.attempts(&HistoryQuery::newest(10)).expect("history can be read");
    let attempts: Vec<_> = attempts.iter().map(|past| &past.attempt).collect();
    assert_eq!(attempts, [&change.attempts[0]], "attempts come back");
}

fn changes_replace_and_remove<S: StateStore>(mut store: S, again: &impl Fn(S) -> S) {
    let example = example();
    store.commit(&example).expect("a change can be kept");
    store.commit(&example).expect("the same change can be kept again");
    let mut cleared = example.series[0].clone();
    cleared.alerts[0].standing = None;
    cleared.window.truncate(1);
    // A configuration that names an alert twice must not keep everything else from being kept.
    let mut twice = example.series[0].clone();
    twice.alerts.push(twice.alerts[0].clone());
    store.commit(&Change { series: vec![twice], ..Change::default() }).expect("an alert may be there twice");
    let mut silence = example.silences[0].clone();
    silence.comment = "longer than thought".into();
    let mut waiting = example.messages[0].clone();
    waiting.attempts += 1;
    waiting.dead = Some("no such mailbox".into());
    let change = Change {
        series: vec![cleared.clone()],
        forgotten: vec![local("A"), local("Never.There")],
        silences: vec![silence.clone()],
        unsilenced: vec!["nights".into(), "never-there".into()],
        messages: vec![waiting.clone()],
        finished: vec![MessageId(3), MessageId(2)],
        ..Change::default()
    };
    store.commit(&change).expect("a change can be kept");
    let mut store = again(store);
    let saved = load(&mut store);
    assert_eq!(saved.series, [cleared], "a series is replaced as a whole, and a forgotten one is gone");
    assert_eq!(saved.silences, [silence], "a silence is replaced, and one that was taken back is gone");
    assert_eq!(saved.messages, [waiting], "a message is replaced, and a finished one is gone");
}

fn figures_come_back_bit_by_bit<S: StateStore>(mut store: S, again: &impl Fn(S) -> S) {
    // Weyl's sequence gives mantissas of every kind; the others are where printing or reading has gone wrong before.
    let mut bits = 0x3f50_0000_0000_0000_u64;
    let mut figures: Vec<f64> = std::iter::repeat_with(|| {
        bits = bits.wrapping_add(0x0000_9e37_79b9_7f4a) & 0x3fff_ffff_ffff_ffff | 0x3f00_0000_0000_0000;
        f64::from_bits(bits)
    })
    .take(2_000)
    .collect();
    figures.extend([0.0, -0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, 0.1 + 0.2, 1.0 / 3.0, 2.225_073_858_507_201e-308]);
    let window = figures.iter().map(|figure| {
        Observation::Measured(Measurement { loss: *figure, median: Some(*figure), deviation: None, suspect: true })
    });
    let state = state("A", window.collect());
    store.commit(&Change { series: vec![state], ..Change::default() }).expect("a change can be kept");
    let saved = load(&mut again(store));
    for (figure, back) in figures.iter().zip(&saved.series[0].window) {
        let Observation::Measured(back) = back else { panic!("{back:?} was measured") };
        let bits = (back.loss.to_bits(), back.median.map(f64::to_bits));
        assert_eq!(bits, (figure.to_bits(), Some(figure.to_bits())), "{figure:e} comes back as {:e}", back.loss);
    }
}

fn figures_that_are_no_numbers_do_no_harm<S: StateStore>(mut store: S, again: &impl Fn(S) -> S) {
    let window = [(f64::NAN, Some(1.0)), (1.0, Some(f64::NAN)), (f64::INFINITY, None), (2.0, Some(3.0))]
        .map(|(loss, median)| Observation::Measured(Measurement { loss, median, deviation: median, suspect: false }));
    let state = state("A", window.to_vec());
    let change = Change { series: vec![state], ..Change::default() };
    store.commit(&change).expect("a figure that is no number can be kept");
    let saved = load(&mut again(store));
    assert_eq!(saved.series[0].window.len(), 4, "every round has its place");
    assert_eq!(saved.series[0].window[3], window[3], "what is a number stays one");
}

fn message_numbers_outlive_messages<S: StateStore>(mut store: S, again: &impl Fn(S) -> S) {
    let events = vec![event(&local("A"), "hostdown", What::Raised, START)];
    let change = |messages: Vec<Message>, finished: &[u64]| Change {
        messages,
        finished: finished.iter().copied().map(MessageId).collect(),
        ..Change::default()
    };
    store.commit(&change(vec![message(5, "ops", events, None)], &[])).expect("a change can be kept");
    store.commit(&change(Vec::new(), &[5])).expect("a change can be kept");
    store.prune(WallTime::from_unix_secs(i64::MAX / 1_000_000_000)).expect("everything can be pruned");
    let mut store = again(store);
    let saved = load(&mut store);
    assert_eq!((saved.messages, saved.last_message), (Vec::new(), Some(MessageId(5))), "5 was given already");
    store.commit(&change(Vec::new(), &[9])).expect("a message may be made and delivered within one change");
    assert_eq!(load(&mut again(store)).last_message, Some(MessageId(9)), "9 was given already");
}

fn history_is_found_by_target_alert_and_time<S: StateStore>(mut store: S, again: &impl Fn(S) -> S) {
    let series = ["A.B", "A.B.C", "A.B-C", "A.BC", "A.B~slave", "A", "B.A.B"];
    let mut change = Change::default();
    for (turn, name) in series.iter().enumerate() {
        for (alert, time) in [("hostdown", START), ("some loss", START + 300)] {
            let time = time + turn as i64;
            let series: SeriesId = name.parse().expect("a series");
            change.events.push(event(&series, alert, What::Raised, time));
            change.attempts.push(attempt(1, time, &["Z.Z other raised", &format!("{name} {alert} raised")]));
        }
    }
    store.commit(&change).expect("a change can be kept");
    let store = again(store);
    let base = HistoryQuery::newest(100);
    let with = |below: Option<&str>, alert: Option<&str>, from, to| HistoryQuery {
        below: below.map(|path| path.parse().expect("a path")),
        alert: alert.map(AlertName::from),
        from,
        to,
        ..base.clone()
    };
    let cases = [
        (with(None, None, None, None), 14),
        (with(Some("A.B"), None, None, None), 6),
        (with(Some("A"), None, None, None), 12),
        (with(Some("A.B"), Some("some loss"), None, None), 3),
        (with(None, Some("hostdown"), None, None), 7),
        (with(None, Some("loss"), None, None), 0),
        (with(Some("A.B.C.D"), None, None, None), 0),
        (HistoryQuery { target: Some("A.B".parse().expect("a path")), ..base.clone() }, 4),
        (HistoryQuery { target: Some("A.B".parse().expect("a path")), ..with(Some("B"), None, None, None) }, 0),
        (with(None, None, Some(START + 300), None), 7),
        (with(None, None, Some(START + 1), Some(START + 3)), 2),
        (HistoryQuery { limit: 3, ..with(Some("A"), None, None, None) }, 3),
        (HistoryQuery { limit: 0, ..base.clone() }, 0),
    ];
    for (query, count) in cases {
        let events = store.events(&query).expect("history can be read");
        let attempts = store.attempts(&query).expect("history can be read");
        assert_eq!(events.len(), count, "events of {query:?}");
        assert_eq!(attempts.len(), count, "attempts of {query:?}");
        let newest_first = |times: Vec<(i64, u64)>| times.windows(2).all(|pair| pair[0] > pair[1]);
        assert!(newest_first(events.iter().map(|past| (past.event.time, past.id)).collect()), "newest first");
        let times = attempts.iter().map(|past| (past.attempt.time.unix_secs(), past.id));
        assert!(newest_first(times.collect()), "newest first");
    }
}

fn changes_leave_out_what_goes_on<S: StateStore>(mut store: S, again: &impl Fn(S) -> S) {
    let mut change = Change::default();
    for (what, round) in [(What::Raised, 0), (What::Active, 1), (What::Active, 2), (What::Cleared, 3)] {
        let said = event(&local("A"), "someloss", what, START + 300 * round);
        // One with an edge trigger, and one without, whose raise is called active.
        for edgetrigger in [true, false] {
            let facts = Arc::new(Facts { edgetrigger, ..Facts::clone(&said.facts) });
            change.events.push(Event { facts, since: START, ..said.clone() });
        }
    }
    store.commit(&change).expect("a change can be kept");
    let store = again(store);
    let changes = HistoryQuery { changes: true, ..HistoryQuery::newest(100) };
    let found = store.events(&changes).expect("history can be read");
    let whats: Vec<What> = found.iter().map(|past| past.event.what).collect();
    assert_eq!(whats, [What::Cleared, What::Cleared, What::Raised, What::Raised]);
    assert_eq!(store.events(&HistoryQuery::newest(100)).expect("history can be read").len(), 8, "all");
}

fn pruning_leaves_the_state<S: StateStore>(mut store: S, again: &impl Fn(S) -> S) {
    let mut change = example();
    change.events.push(event(&local("A"), "hostdown", What::Cleared, START + 1));
    change.attempts.push(attempt(4, START + 1, &["A hostdown cleared"]));
    store.commit(&change).expect("a change can be kept");
    let before = load(&mut store);
    store.prune(WallTime::from_unix_secs(START + 1)).expect("history can be pruned");
    let mut store = again(store);
    let saved = load(&mut store);
    assert_eq!((saved.series, saved.messages), (before.series, before.messages), "state and messages stay");
    let newest = HistoryQuery::newest(10);
    let events = store.events(&newest).expect("history can be read");
    assert_eq!(events.iter().map(|past| past.event.time).collect::<Vec<_>>(), [START + 1], "younger events stay");
    let attempts = store.attempts(&newest).expect("history can be read");
    assert_eq!(attempts.iter().map(|past| past.attempt.message.0).collect::<Vec<_>>(), [4], "younger attempts stay");
    let last = events[0].id;
    store.prune(WallTime::from_unix_secs(START + 2)).expect("history can be pruned");
    store.commit(&Change { events: change.events, ..Change::default() }).expect("a change can be kept");
    let events = again(store).events(&newest).expect("history can be read");
    assert!(events.iter().all(|past| past.id > last), "numbers of the history are not given twice");
}

fn load<S: StateStore>(store: &mut S) -> Saved {
    store.load().expect("the state can be read")
}

fn state(path: &str, window: Vec<Observation>) -> SeriesState {
    SeriesState { series: local(path), last: None, down: false, window, alerts: Vec::new() }
}

fn local(path: &str) -> SeriesId {
    SeriesId::local(path.parse().expect("a path"))
}

fn event(series: &SeriesId, alert: &str, what: What, time: i64) -> Event {
    Event {
        series: series.clone(),
        alert: alert.into(),
        what,
        time,
        since: time,
        silent: Some(Silent::Silenced("s1".into())),
        recipients: Arc::from([RecipientId::new("ops@company.xy"), RecipientId::new("|/config/alertsns.py")]),
        facts: Arc::new(Facts {
            host: "s3.example".into(),
            title: "Speicher „Peking“".into(),
            loss: "loss: S, 0%, 67%".into(),
            rtt: "rtt: S, 12ms, U".into(),
            pattern: ">60%".into(),
            edgetrigger: true,
            priority: Some(1),
            url: Some("https://probe.example/?target=Storage.BeijingS3".into()),
            mail_template: Some("/etc/smokeprobe/mail.txt".into()),
            ..Facts::default()
        }),
    }
}

fn message(id: u64, recipient: &str, events: Vec<Event>, dead: Option<&str>) -> Message {
    Message {
        id: MessageId(id),
        recipient: RecipientId::new(recipient),
        events,
        created: WallTime::from_unix_nanos(START * 1_000_000_000 + 123_456_789),
        due: WallTime::from_unix_secs(START + 60),
        attempts: 2,
        dead: dead.map(str::to_owned),
    }
}

fn attempt(message: u64, time: i64, told: &[&str]) -> Attempt {
    Attempt {
        message: MessageId(message),
        recipient: RecipientId::new("ops@company.xy"),
        time: WallTime::from_unix_nanos(time * 1_000_000_000 + 5),
        number: 2,
        told: told.iter().map(|told| (*told).to_owned()).collect(),
        outcome: AttemptOutcome::Retried,
        note: "421 too busy\r\n".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::MemoryState;

    #[test]
    fn the_state_in_memory_is_one() {
        check(MemoryState::default, |store| store);
    }

    #[test]
    fn what_was_to_be_kept_and_changed_since_is_kept_as_it_is_now() {
        let (mut first, mut second) = (MemoryState::default(), MemoryState::default());
        let mut later = Change { forgotten: vec![local("A")], unsilenced: vec!["s1".into()], ..Change::default() };
        later.finished.push(MessageId(3));
        later.messages.push(message(7, "other", Vec::new(), None));
        let again = Change { series: vec![example().series[1].clone()], ..Change::default() };
        let mut merged = Change::default();
        for change in [example(), later, again] {
            first.commit(&change).unwrap();
            merged.extend(change);
        }
        second.commit(&merged).unwrap();
        assert_eq!(first.load().unwrap(), second.load().unwrap());
        assert!(merged.forgotten.is_empty() && merged.series.len() == 2 && merged.messages.len() == 1, "{merged:?}");
    }
}
