//! Who is told what, when.

use std::time::Duration;

use proptest::prelude::*;
use smokeprobe_alerts::{
    AttemptOutcome, Change, Delivered, DeliveryError, Outbox, OutboxError, RecipientId, Saved, Silent, Terms, What,
};
use smokeprobe_core::WallTime;

use crate::lab::{DAY, at, event, following, plan, refused, secs, sent, terms, text};

const NOTHING: [&str; 0] = [];

fn changes(outbox: &mut Outbox) -> Change {
    let mut change = Change::default();
    outbox.take_changes(&mut change);
    change
}

/// The outbox after a restart at which nothing was under way.
fn restarted(outbox: &Outbox) -> Outbox {
    let messages = outbox.messages().cloned().collect();
    Outbox::restore(&Saved { messages, ..Saved::default() })
}

#[test]
fn each_recipient_is_told_once_and_silent_events_tell_nobody() {
    let mut outbox = following(&[("ops", terms(0)), ("|prog", terms(0))]);
    outbox.handle_event(at(0), &event("A.B", What::Raised, &["ops", "|prog", "ops"]));
    let mut silent = event("A.C", What::Raised, &["ops"]);
    silent.silent = Some(Silent::Acknowledged);
    outbox.handle_event(at(0), &silent);
    assert_eq!(sent(&mut outbox, at(0)), ["ops: a.b raised", "|prog: a.b raised"]);
    assert_eq!(outbox.messages().count(), 0);
    assert_eq!(outbox.poll_timeout(), None);
}

#[test]
fn what_happens_within_the_group_time_is_one_message() {
    let mut outbox = following(&[("ops", terms(30))]);
    outbox.handle_event(at(0), &event("A.B", What::Raised, &["ops"]));
    outbox.handle_event(at(10), &event("A.C", What::Raised, &["ops"]));
    outbox.handle_event(at(29), &event("A.B", What::Cleared, &["ops"]));
    assert_eq!(sent(&mut outbox, at(29)), NOTHING);
    assert_eq!(outbox.poll_timeout(), Some(at(30)), "the time counts from the first");
    // Both that it was raised and that it was cleared are told.
    assert_eq!(sent(&mut outbox, at(30)), ["ops: a.b raised, a.c raised, a.b cleared"]);
    outbox.handle_event(at(31), &event("A.D", What::Raised, &["ops"]));
    assert_eq!(sent(&mut outbox, at(31)), NOTHING);
    assert_eq!(sent(&mut outbox, at(61)), ["ops: a.d raised"]);
}

#[test]
fn without_a_group_time_each_event_is_a_message_of_its_own() {
    let mut outbox = following(&[("|prog", terms(0))]);
    for series in ["A.B", "A.C", "A.D"] {
        outbox.handle_event(at(0), &event(series, What::Raised, &["|prog"]));
    }
    assert_eq!(sent(&mut outbox, at(0)), ["|prog: a.b raised", "|prog: a.c raised", "|prog: a.d raised"]);
}

#[test]
fn one_message_at_a_time_is_under_way_to_a_recipient_and_none_waits_for_another() {
    let mut outbox = following(&[("a", terms(0)), ("b", terms(0))]);
    for series in ["A.B", "A.C"] {
        outbox.handle_event(at(0), &event(series, What::Raised, &["a", "b"]));
    }
    let first = outbox.poll_send(at(0)).unwrap();
    let second = outbox.poll_send(at(0)).unwrap();
    assert_eq!([text(&first), text(&second)], ["a: a.b raised", "b: a.b raised"]);
    assert_eq!(outbox.poll_send(at(1000)), None, "a hangs, and so does b");
    outbox.handle_event(at(1000), &event("A.D", What::Raised, &["a", "b"]));
    assert_eq!(outbox.poll_send(at(1000)), None);
    assert_eq!(outbox.poll_timeout(), None, "their results come first");
    outbox.handle_result(at(1000), second.id, Ok(Delivered::default()));
    assert_eq!(outbox.poll_send(at(1000)).map(|message| text(&message)).as_deref(), Some("b: a.c raised"));
    let counts = outbox.counts();
    let of = |name| counts[&RecipientId::new(name)];
    assert_eq!((of("a").queued, of("a").under_way, of("a").delivered), (2, true, 0));
    assert_eq!((of("b").queued, of("b").under_way, of("b").delivered), (1, true, 1));
}

#[test]
fn a_failure_holds_up_its_own_alert_and_no_other() {
    let mut outbox = following(&[("ops", terms(0))]);
    outbox.handle_event(at(0), &event("A.B", What::Raised, &["ops"]));
    assert_eq!(refused(&mut outbox, at(0)), ["ops: a.b raised"]);
    outbox.handle_event(at(1), &event("A.B", What::Cleared, &["ops"]));
    outbox.handle_event(at(1), &event("A.C", What::Raised, &["ops"]));
    assert_eq!(sent(&mut outbox, at(1)), ["ops: a.c raised"], "cleared does not overtake raised");
    let due = outbox.poll_timeout().unwrap();
    assert!(due > at(3) && due <= at(5), "{due:?}");
    assert_eq!(sent(&mut outbox, due), ["ops: a.b raised", "ops: a.b cleared"]);
}

#[test]
fn a_tried_message_takes_no_more_events_and_what_need_not_wait_is_not_put_behind_it() {
    let mut outbox = following(&[("ops", terms(10))]);
    outbox.handle_event(at(0), &event("A.B", What::Raised, &["ops"]));
    assert_eq!(refused(&mut outbox, at(10)), ["ops: a.b raised"]);
    outbox.handle_event(at(11), &event("A.B", What::Cleared, &["ops"]));
    outbox.handle_event(at(11), &event("A.C", What::Raised, &["ops"]));
    outbox.handle_event(at(12), &event("A.D", What::Raised, &["ops"]));
    outbox.handle_event(at(12), &event("A.B", What::Raised, &["ops"]));
    let waiting: Vec<String> = outbox.messages().map(text).collect();
    assert_eq!(waiting, ["ops: a.b raised", "ops: a.b cleared, a.b raised", "ops: a.c raised, a.d raised"]);
    // The second try fails too; the others leave when their group's time is over.
    assert_eq!(refused(&mut outbox, at(15)), ["ops: a.b raised"]);
    assert_eq!(sent(&mut outbox, at(21)), ["ops: a.c raised, a.d raised"]);
    assert_eq!(sent(&mut outbox, at(25)), ["ops: a.b raised", "ops: a.b cleared, a.b raised"]);
}

#[test]
fn a_recipient_that_is_down_is_not_hammered() {
    let mut outbox = following(&[("ops", terms(0))]);
    for number in 0..1000 {
        outbox.handle_event(at(0), &event(&format!("A.T{number}"), What::Raised, &["ops"]));
    }
    let (mut now, mut tries) = (at(0), 0);
    while now < at(3600) {
        tries += refused(&mut outbox, now).len();
        now = outbox.poll_timeout().unwrap().max(now);
    }
    assert!((60..80).contains(&tries), "{tries} tries in an hour");
    assert_eq!(outbox.messages().count(), 1000, "nothing is given up");
    // It comes back: the first success ends the pause.
    let (mut now, mut told) = (now, 0);
    while let Some(next) = outbox.poll_timeout() {
        now = now.max(next);
        told += sent(&mut outbox, now).len();
    }
    assert_eq!(told, 1000);
    assert!(now < at(3600 + 60 + 900), "the last one waits its own quarter of an hour at most");
}

#[test]
fn the_time_that_the_other_side_asks_for_is_given() {
    let mut outbox = following(&[("hook", terms(0))]);
    outbox.handle_event(at(0), &event("A.B", What::Raised, &["hook"]));
    let message = outbox.poll_send(at(0)).unwrap();
    let busy = |time| DeliveryError::Transient { reason: "429 Too Many Requests".into(), retry_after: Some(time) };
    outbox.handle_result(at(0), message.id, Err(busy(secs(120))));
    outbox.handle_event(at(1), &event("A.C", What::Raised, &["hook"]));
    assert_eq!(sent(&mut outbox, at(119)), NOTHING, "it is the recipient that is busy, not the message");
    assert_eq!(outbox.poll_timeout(), Some(at(120)));
    assert_eq!(sent(&mut outbox, at(120)), ["hook: a.b raised", "hook: a.c raised"]);

    outbox.handle_event(at(200), &event("A.B", What::Raised, &["hook"]));
    let message = outbox.poll_send(at(200)).unwrap();
    outbox.handle_result(at(200), message.id, Err(busy(secs(7200))));
    outbox.handle_event(at(201), &event("A.C", What::Raised, &["hook"]));
    assert_eq!(sent(&mut outbox, at(200 + 899)), NOTHING);
    assert_eq!(sent(&mut outbox, at(200 + 900)), ["hook: a.c raised"], "one word does not silence it for hours");
    assert_eq!(sent(&mut outbox, at(200 + 7200)), ["hook: a.b raised"]);

    outbox.handle_event(at(9000), &event("A.D", What::Raised, &["hook"]));
    let message = outbox.poll_send(at(9000)).unwrap();
    outbox.handle_result(at(9000), message.id, Err(busy(DAY * 2)));
    let dead = outbox.messages().next().unwrap().dead.clone().unwrap();
    assert_eq!(dead, "429 Too Many Requests; tried 1 time, the next try would be later than the 1 day allowed");
}

#[test]
fn old_messages_and_hopeless_ones_become_dead_letters() {
    let short = Terms { max_age: secs(60), ..terms(0) };
    let mut outbox = following(&[("ops", short)]);
    outbox.handle_event(at(0), &event("A.B", What::Raised, &["ops"]));
    let mut now = at(0);
    while let Some(next) = outbox.poll_timeout() {
        now = now.max(next);
        refused(&mut outbox, now);
    }
    assert!(now <= at(60));
    outbox.handle_event(at(100), &event("A.C", What::Raised, &["ops"]));
    let message = outbox.poll_send(at(100)).unwrap();
    outbox.handle_result(at(100), message.id, Err(DeliveryError::permanent("no such mailbox")));
    let dead: Vec<_> = outbox.messages().map(|letter| (text(letter), letter.dead.clone().unwrap())).collect();
    assert_eq!(dead[0].0, "ops: a.b raised");
    assert!(dead[0].1.starts_with("connection refused; tried 4 times, the next try would be later than the 1 minute"));
    assert_eq!(dead[1], ("ops: a.c raised".into(), "no such mailbox".into()));
    let counts = outbox.counts()[&RecipientId::new("ops")];
    assert_eq!((counts.given_up, counts.dead_letters, counts.retried, counts.delivered), (2, 2, 3, 0));
    let attempts = changes(&mut outbox).attempts;
    let outcomes: Vec<_> = attempts.iter().map(|attempt| (attempt.number, attempt.outcome)).collect();
    let retried = AttemptOutcome::Retried;
    let given_up = AttemptOutcome::GivenUp;
    assert_eq!(outcomes, [(1, retried), (2, retried), (3, retried), (4, given_up), (1, given_up)]);
    assert_eq!(attempts[0].told, ["A.B hostdown raised"]);
}

#[test]
fn a_dead_letter_holds_up_nothing_and_can_be_taken_up_or_thrown_away() {
    let mut outbox = following(&[("ops", terms(0)), ("old", terms(0))]);
    for (series, to) in [("A.B", "ops"), ("A.C", "ops"), ("A.D", "old")] {
        outbox.handle_event(at(0), &event(series, What::Raised, &[to]));
    }
    while let Some(message) = outbox.poll_send(at(0)) {
        outbox.handle_result(at(0), message.id, Err(DeliveryError::permanent("no such mailbox")));
    }
    outbox.handle_event(at(1), &event("A.B", What::Cleared, &["ops"]));
    assert_eq!(sent(&mut outbox, at(1)), ["ops: a.b cleared"]);
    let letters: Vec<_> = outbox.messages().map(|letter| letter.id).collect();
    changes(&mut outbox);

    outbox.follow(at(2), plan(&[("ops", terms(0))]));
    let later = at(200_000);
    outbox.retry(later, letters[0]).unwrap();
    outbox.dismiss(letters[1]).unwrap();
    assert_eq!(outbox.retry(later, letters[2]), Err(OutboxError::NoSuchRecipient(RecipientId::new("old"))));
    assert_eq!(outbox.retry(later, letters[1]), Err(OutboxError::NoSuchLetter(letters[1])));
    assert_eq!(outbox.dismiss(letters[0]), Err(OutboxError::NoSuchLetter(letters[0])), "it waits again");
    assert_eq!(sent(&mut outbox, later), ["ops: a.b raised"], "however old it is");
    let change = changes(&mut outbox);
    assert_eq!(change.finished, letters[..2]);
}

#[test]
fn messages_to_those_who_are_gone_become_dead_letters_with_a_sentence() {
    let mut outbox = following(&[("ops", terms(0)), ("old", terms(0))]);
    for series in ["A.B", "A.C"] {
        outbox.handle_event(at(0), &event(series, What::Raised, &["ops", "old"]));
    }
    let under_way = outbox.poll_send(at(0)).unwrap();
    assert_eq!(text(&under_way), "old: a.b raised");
    outbox.follow(at(1), plan(&[("ops", terms(0))]));
    let dead: Vec<_> = outbox.messages().filter(|letter| letter.dead.is_some()).map(text).collect();
    assert_eq!(dead, ["old: a.c raised"], "the result of the one under way is awaited");
    outbox.handle_result(at(2), under_way.id, Err(DeliveryError::transient("timed out")));
    let reasons: Vec<_> = outbox.messages().filter_map(|letter| letter.dead.as_deref()).collect();
    let gone = "old is told of no alert any more: the configuration does not name it";
    assert_eq!(reasons, [&format!("timed out; {gone}"), gone]);
    assert_eq!(sent(&mut outbox, at(2)), ["ops: a.b raised", "ops: a.c raised"]);
    // The engine may follow the new configuration a moment later than the outbox.
    outbox.handle_event(at(3), &event("A.D", What::Raised, &["old"]));
    assert_eq!(outbox.messages().filter(|letter| letter.dead.as_deref() == Some(gone)).count(), 2);
}

#[test]
fn a_clock_that_steps_back_delays_nothing() {
    let mut outbox = following(&[("ops", terms(30)), ("hook", Terms { rate: Some(1), ..terms(0) })]);
    outbox.handle_event(at(90_000), &event("A.B", What::Raised, &["ops", "hook"]));
    outbox.handle_event(at(90_000), &event("A.C", What::Raised, &["ops", "hook"]));
    assert_eq!(sent(&mut outbox, at(90_000)), ["hook: a.b raised"]);
    // By a day, between two calls.
    assert_eq!(sent(&mut outbox, at(0)), NOTHING);
    assert_eq!(outbox.poll_timeout(), Some(at(30)));
    assert_eq!(sent(&mut outbox, at(30)), ["ops: a.b raised, a.c raised"]);
    assert_eq!(sent(&mut outbox, at(61)), ["hook: a.c raised"]);

    // By a day, while we did not run.
    outbox.handle_event(at(90_000), &event("A.B", What::Cleared, &["ops"]));
    outbox.handle_event(at(90_000), &event("A.B", What::Cleared, &["hook"]));
    assert_eq!(refused(&mut outbox, at(90_000)), ["hook: a.b cleared"]);
    let mut outbox = restarted(&outbox);
    outbox.follow(at(0), plan(&[("ops", terms(30)), ("hook", terms(0))]));
    assert_eq!(sent(&mut outbox, at(30)), ["ops: a.b cleared"]);
    assert_eq!(sent(&mut outbox, at(900)), ["hook: a.b cleared"]);
}

#[test]
fn a_clock_that_steps_forward_gives_up_nothing_that_was_never_tried() {
    let mut outbox = following(&[("ops", terms(30)), ("hook", Terms { rate: Some(1), ..terms(0) })]);
    outbox.handle_event(at(0), &event("A.B", What::Raised, &["ops", "hook"]));
    outbox.handle_event(at(0), &event("A.C", What::Raised, &["ops", "hook"]));
    assert_eq!(sent(&mut outbox, at(0)), ["hook: a.b raised"]);
    // By ten days, between two calls.
    let then = at(864_000);
    assert_eq!(sent(&mut outbox, then), ["hook: a.c raised", "ops: a.b raised, a.c raised"]);
    // What was tried and failed all that time ago is given up.
    outbox.handle_event(then, &event("A.B", What::Cleared, &["ops"]));
    assert_eq!(refused(&mut outbox, then + secs(30)), ["ops: a.b cleared"]);
    assert_eq!(sent(&mut outbox, then + 10 * DAY), NOTHING);
    assert!(outbox.messages().all(|message| message.dead.is_some()));
}

/// Mails, signed requests and topics name a message by its number and by when it was made.
#[test]
fn a_message_keeps_its_name_in_each_try_whatever_the_clock_does() {
    let mut outbox = following(&[("ops", terms(0))]);
    outbox.handle_event(at(90_000), &event("A.B", What::Raised, &["ops"]));
    let first = outbox.poll_send(at(90_000)).unwrap();
    // The clock is set back by a day while it is under way.
    outbox.handle_result(at(0), first.id, Err(DeliveryError::transient("no answer")));
    let second = outbox.poll_send(at(900)).unwrap();
    assert_eq!((second.id, second.created, second.attempts), (first.id, first.created, 2));
    // And once more while we do not run.
    let mut outbox = restarted(&outbox);
    outbox.follow(at(0), plan(&[("ops", terms(0))]));
    let third = outbox.poll_send(at(900)).unwrap();
    assert_eq!((third.id, third.created, third.attempts), (first.id, first.created, 3));
    // It ages by the clock as it goes now.
    outbox.handle_result(at(86_401), third.id, Err(DeliveryError::transient("no answer")));
    assert!(outbox.messages().all(|message| message.dead.is_some()));
}

#[test]
fn the_rate_is_kept_over_restarts_and_what_waits_for_it_is_grouped() {
    let limited = Terms { rate: Some(4), ..terms(1) };
    let mut outbox = following(&[("ops", limited.clone())]);
    let (mut sent_at, mut saved) = (Vec::<WallTime>::new(), Saved::default());
    for second in 0..600 {
        let now = at(second);
        outbox.handle_event(now, &event(&format!("A.T{second}"), What::Raised, &["ops"]));
        if let Some(message) = outbox.poll_send(now) {
            outbox.handle_result(now, message.id, Ok(Delivered::default()));
            sent_at.push(now);
        }
        let change = changes(&mut outbox);
        saved.paces = if change.paces.is_empty() { saved.paces } else { change.paces };
        if second % 7 == 0 {
            let messages = outbox.messages().cloned().collect();
            outbox = Outbox::restore(&Saved { messages, paces: saved.paces.clone(), ..Saved::default() });
            outbox.follow(now, plan(&[("ops", limited.clone())]));
        }
    }
    for first in &sent_at {
        let within = sent_at.iter().filter(|at| **at >= *first && at.saturating_since(*first) < secs(60)).count();
        assert!(within <= 4, "{within} in a minute");
    }
    assert!(sent_at.len() >= 28, "{} in ten minutes", sent_at.len());
    let waiting: Vec<_> = outbox.messages().collect();
    assert!(waiting.len() <= 1 && waiting.iter().all(|message| message.events.len() > 1), "{}", waiting.len());
}

#[test]
fn what_is_under_way_at_a_crash_is_sent_again_and_takes_no_more_events() {
    let mut outbox = following(&[("ops", terms(30))]);
    outbox.handle_event(at(0), &event("A.B", What::Raised, &["ops"]));
    let lost = outbox.poll_send(at(30)).unwrap();
    let change = changes(&mut outbox);
    let saved = Saved { messages: change.messages, last_message: Some(lost.id), ..Saved::default() };
    let mut outbox = Outbox::restore(&saved);
    assert_eq!(outbox.poll_send(at(31)), None, "nobody is known yet");
    outbox.follow(at(31), plan(&[("ops", terms(30))]));
    outbox.handle_event(at(31), &event("A.C", What::Raised, &["ops"]));
    assert_eq!(sent(&mut outbox, at(36)), ["ops: a.b raised"]);
    assert_eq!(sent(&mut outbox, at(61)), ["ops: a.c raised"]);
}

#[test]
fn numbers_go_on_after_a_restart_with_nothing_waiting() {
    let mut outbox =
        Outbox::restore(&Saved { last_message: Some(smokeprobe_alerts::MessageId(41)), ..Saved::default() });
    outbox.follow(at(0), plan(&[("ops", terms(0))]));
    outbox.handle_event(at(0), &event("A.B", What::Raised, &["ops"]));
    assert_eq!(outbox.poll_send(at(0)).unwrap().id.0, 42);
}

#[test]
fn what_finds_no_room_is_counted_and_seen() {
    let mut outbox = following(&[("ops", terms(30)), ("other", terms(0))]);
    let raised = event("A.B", What::Raised, &["ops"]);
    for _ in 0..20_500 {
        outbox.handle_event(at(0), &raised);
    }
    let waiting: Vec<usize> = outbox.messages().filter(|m| m.dead.is_none()).map(|m| m.events.len()).collect();
    assert_eq!(waiting, [500; 40]);
    let counts = outbox.counts()[&RecipientId::new("ops")];
    assert_eq!((counts.queued, counts.dropped, counts.dead_letters), (40, 500, 1));
    let letter = outbox.messages().find(|message| message.dead.is_some()).unwrap();
    assert!(letter.dead.as_deref().unwrap().starts_with("500 events were not queued, as 20000 waited already"));
    assert_eq!(letter.events.len(), 100);
    let id = letter.id;
    assert_eq!(outbox.retry(at(0), id), Err(OutboxError::Full(RecipientId::new("ops"))));
    outbox.handle_event(at(0), &event("A.B", What::Raised, &["other"]));
    assert_eq!(sent(&mut outbox, at(0)), ["other: a.b raised"], "nobody else is concerned");
    assert_eq!(sent(&mut outbox, at(30)).len(), 40);
    outbox.retry(at(30), id).unwrap();
    assert_eq!(sent(&mut outbox, at(30)).len(), 1);
}

#[test]
fn dead_letters_are_bounded_and_the_oldest_are_counted_out() {
    let mut outbox = following(&[("ops", terms(0))]);
    for number in 0..1_100 {
        outbox.handle_event(at(0), &event(&format!("A.T{number}"), What::Raised, &["ops"]));
    }
    while let Some(message) = outbox.poll_send(at(0)) {
        outbox.handle_result(at(0), message.id, Err(DeliveryError::permanent("no such mailbox")));
    }
    let counts = outbox.counts()[&RecipientId::new("ops")];
    assert_eq!((counts.given_up, counts.dead_letters, counts.forgotten), (1_100, 1_000, 100));
    let change = changes(&mut outbox);
    assert_eq!((change.messages.len(), change.finished.len()), (1_000, 100));
    assert_eq!(text(outbox.messages().next().unwrap()), "ops: a.t100 raised");
}

#[test]
fn a_recipient_that_must_be_told_alone_from_now_on_gets_messages_of_one_event_in_order() {
    let mut outbox = following(&[("ops", terms(30))]);
    for what in [What::Raised, What::Cleared] {
        outbox.handle_event(at(0), &event("A.B", what, &["ops"]));
        outbox.handle_event(at(0), &event("A.C", what, &["ops"]));
    }
    outbox.follow(at(30), plan(&[("ops", terms(0))]));
    outbox.handle_event(at(30), &event("A.D", What::Raised, &["ops"]));
    let expected = ["ops: a.b raised", "ops: a.c raised", "ops: a.b cleared", "ops: a.c cleared", "ops: a.d raised"];
    assert_eq!(sent(&mut outbox, at(30)), expected);
}

#[test]
fn what_another_side_says_is_kept_up_to_a_bound() {
    let mut outbox = following(&[("ops", terms(0))]);
    outbox.handle_event(at(0), &event("A.B", What::Raised, &["ops"]));
    let message = outbox.poll_send(at(0)).unwrap();
    outbox.handle_result(at(0), message.id, Ok(Delivered::with("x".to_owned() + &"ö".repeat(1_000_000))));
    assert_eq!(changes(&mut outbox).attempts[0].note.len(), 1_999);
}

proptest! {
    /// Whatever fails, of each alert of a series everything is told in order, and every event once.
    #[test]
    fn nothing_overtakes_its_like(
        group in prop::sample::select(vec![0_u64, 1, 20]),
        rate in prop::option::of(1_u32..40),
        steps in prop::collection::vec((0_u8..5, 0_u64..8, any::<bool>()), 1..150),
    ) {
        let terms = Terms { rate, ..terms(group) };
        let mut outbox = following(&[("ops", terms)]);
        let mut now = at(0);
        let (mut made, mut told) = (0, Vec::<(String, i64)>::new());
        let mut send = |outbox: &mut Outbox, now, works: bool| {
            let Some(message) = outbox.poll_send(now) else { return };
            let result = if works {
                told.extend(message.events.iter().map(|event| (event.series.to_string(), event.time)));
                Ok(Delivered::default())
            } else {
                Err(DeliveryError::transient("timed out"))
            };
            outbox.handle_result(now, message.id, result);
        };
        for (series, wait, works) in steps {
            now = now + Duration::from_secs(wait);
            made += 1;
            let mut event = event(&format!("A.T{series}"), What::Raised, &["ops"]);
            event.time = made;
            outbox.handle_event(now, &event);
            send(&mut outbox, now, works);
        }
        for _ in 0..10_000 {
            let Some(next) = outbox.poll_timeout() else { break };
            now = now.max(next);
            send(&mut outbox, now, true);
        }
        prop_assert_eq!(told.len() as i64, made);
        told.sort_by(|a, b| a.0.cmp(&b.0));
        prop_assert!(told.windows(2).all(|pair| pair[0].0 != pair[1].0 || pair[0].1 < pair[1].1), "{told:?}");
    }
}
