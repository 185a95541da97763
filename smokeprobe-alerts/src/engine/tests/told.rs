//! Who is told of what, and what mutes it.

use super::*;
use crate::engine::EngineError;
use crate::state::Acknowledgement;

fn acknowledgement() -> Acknowledgement {
    Acknowledgement { time: 1, author: "tess".into(), comment: "on it".into() }
}

#[test]
fn edge_trigger_tells_when_it_is_raised_and_when_it_is_cleared() {
    let mut site = Site::new(vec![loss("down", ">60%")]);
    assert_eq!(
        site.rounds(1, &[GOOD, BAD, BAD, DEAD, GOOD, GOOD, BAD]),
        ["2 down raised", "5 down cleared", "7 down raised"]
    );
    assert_eq!(site.standing(), ["A down 2100"]);
}

#[test]
fn without_edge_trigger_every_match_tells_and_no_clearing() {
    let mut site = Site::new(vec![loss("lossy", ">60%").every_round()]);
    assert_eq!(
        site.rounds(1, &[BAD, BAD, GOOD, BAD]),
        ["1 lossy raised", "2 lossy active", "3 lossy cleared, silent: not edge", "4 lossy raised"]
    );
}

#[test]
fn repeat_thins_what_has_no_edge_trigger_also_when_it_comes_and_goes() {
    let mut site = Site::new(vec![loss("lossy", ">60%").every_round().again(3)]);
    assert_eq!(
        site.rounds(1, &[BAD, BAD, BAD, BAD]),
        ["1 lossy raised", "2 lossy active, silent: repeat", "3 lossy active, silent: repeat", "4 lossy active"]
    );
    assert_eq!(
        site.rounds(5, &[GOOD, BAD, BAD, BAD]),
        [
            "5 lossy cleared, silent: not edge",
            "6 lossy raised, silent: repeat",
            "7 lossy raised",
            "8 lossy active, silent: repeat"
        ]
    );
}

#[test]
fn reminders_come_when_their_time_has_passed() {
    let mut site = Site::new(vec![loss("down", ">60%").again(2)]);
    assert_eq!(
        site.rounds(1, &[BAD, BAD, BAD, Observation::Unknown, Observation::Unknown, BAD, BAD, GOOD, BAD, BAD]),
        ["1 down raised", "3 down active", "6 down active", "8 down cleared", "9 down raised"]
    );
}

#[test]
fn round_without_a_verdict_tells_nothing() {
    let mut site = Site::new(vec![loss("down", ">60%"), loss("lossy", ">60%").every_round()]);
    site.round(1, BAD);
    for (number, observation) in [(2, Observation::Unknown), (3, SUSPECT)] {
        assert_eq!(site.round(number, observation), [""; 0]);
    }
    assert_eq!(site.standing().len(), 2);
}

#[test]
fn suppressed_by_priority_is_told_when_the_other_is_cleared_and_it_still_stands() {
    let alerts = || vec![loss("second", ">50%").rank(2), loss("free", ">50%"), loss("first", ">60%").rank(1)];
    let mut site = Site::new(alerts());
    // Those without a priority come first.
    assert_eq!(site.round(1, BAD), ["free raised", "first raised", "second raised, silent: priority of first"]);
    // Nor do rounds without a verdict make room.
    assert_eq!(site.rounds(2, &[BAD, Observation::Unknown, SUSPECT, BAD]), [""; 0]);
    assert_eq!(site.round(6, lost(55.0)), ["first cleared", "second raised"]);
    // What was told before the other came is told to be cleared.
    assert_eq!(site.round(7, BAD), ["first raised"]);
    assert_eq!(site.round(8, GOOD), ["free cleared", "first cleared", "second cleared"]);
    site.round(9, BAD);
    assert_eq!(site.round(10, GOOD), ["free cleared", "first cleared", "second cleared, silent: never told"]);
}

#[test]
fn only_the_first_by_priority_goes_on_telling() {
    let mut site = Site::new(vec![
        loss("first", ">60%").rank(1),
        loss("reminds", ">50%").rank(2).again(1),
        loss("every", ">50%").rank(3).every_round(),
    ]);
    assert_eq!(site.round(1, lost(55.0)), ["reminds raised", "every raised, silent: priority of reminds"]);
    assert_eq!(site.round(2, BAD), ["first raised", "every active, silent: priority of first"]);
    site.engine.acknowledge(&id("A"), "first", acknowledgement()).unwrap();
    assert_eq!(site.round(3, BAD), ["every active, silent: priority of first"]);
}

#[test]
fn alert_that_a_silence_hides_hides_no_other_by_its_priority() {
    let mut site = Site::new(vec![loss("first", ">60%").rank(1), loss("second", ">50%").rank(2)]);
    let scope = Scope { alerts: vec!["first".into()], ..Scope::default() };
    site.engine.silence(Silence { scope, ..silence("works", 0, None) });
    assert_eq!(site.round(1, BAD), ["first raised, silent: works", "second raised"]);
}

#[test]
fn priority_holds_when_the_gateway_is_measured_too() {
    let slow = |name: &str| by_rule(name, ">5", Arc::new(parse(Kind::Rtt, ">5").unwrap()));
    let mut site = behind_a_gateway(Vec::new());
    let behind =
        Watched { depends: Some(id("G")), ..watched("A", vec![slow("first").rank(1), slow("second").rank(2)]) };
    site.engine.follow(at(STEP), plan(vec![behind, watched("G", Vec::new())]));
    assert_eq!(site.round(2, GOOD), ["first raised", "second raised, silent: priority of first"]);
    assert_eq!(site.round_of("G", 2, GOOD), [""; 0]);
}

#[test]
fn suppressed_by_priority_is_lost_in_legacy_and_so_is_clearing() {
    let alerts = vec![loss("second", ">50%").rank(2).legacy(), loss("first", ">60%").rank(1).legacy()];
    let mut site = Site::new(alerts);
    assert_eq!(site.round(1, BAD), ["first raised", "second raised, silent: priority of first"]);
    assert_eq!(site.round(2, BAD), [""; 0]);
    assert_eq!(site.round(3, lost(55.0)), ["first cleared"]);
    assert_eq!(site.round(4, GOOD), ["second cleared"]);
    site.round(5, BAD);
    assert_eq!(site.round(6, GOOD), ["first cleared", "second cleared, silent: priority of first"]);
}

#[test]
fn silenced_raise_is_told_when_the_silence_is_over_and_it_still_stands() {
    let mut site = Site::new(vec![loss("down", ">60%")]);
    site.engine.silence(silence("works", 0, Some(4 * STEP)));
    assert_eq!(site.rounds(1, &[BAD, BAD, BAD]), ["1 down raised, silent: works"]);
    site.engine.handle_round(at(4 * STEP), &id("A"), slot(4), BAD);
    let events = site.events();
    assert_eq!(events.iter().map(words).collect::<Vec<_>>(), ["down raised"]);
    assert_eq!((events[0].time, events[0].since), (4 * STEP, STEP));
    assert_eq!(site.round(5, GOOD), ["down cleared"]);
}

#[test]
fn nobody_is_told_that_what_they_never_heard_of_is_cleared() {
    let mut site = Site::new(vec![loss("down", ">60%")]);
    site.engine.silence(silence("works", 0, Some(2 * STEP)));
    site.round(1, BAD);
    assert_eq!(site.round(2, GOOD), ["down cleared, silent: never told"]);
}

#[test]
fn silence_mutes_reminders_and_clearing_too() {
    let mut site = Site::new(vec![loss("down", ">60%").again(1), loss("lossy", ">60%").every_round()]);
    site.round(1, BAD);
    site.engine.silence(silence("works", 0, None));
    assert_eq!(site.round(2, BAD), ["lossy active, silent: works"]);
    assert_eq!(site.round(3, GOOD), ["down cleared, silent: works", "lossy cleared, silent: not edge"]);
    site.engine.unsilence("works").unwrap();
    assert_eq!(site.round(4, BAD), ["down raised", "lossy raised"]);
}

#[test]
fn silence_mutes_only_what_it_is_about() {
    let mut site = Site::new(vec![loss("down", ">60%"), loss("lossy", ">50%")]);
    let scope = Scope { alerts: vec!["down".into()], ..Scope::default() };
    site.engine.silence(Silence { scope, ..silence("works", 0, None) });
    assert_eq!(site.round(1, BAD), ["down raised, silent: works", "lossy raised"]);
}

#[test]
fn maintenance_windows_mute_and_cannot_be_taken_back() {
    let mut site = Site::new(Vec::new());
    let maintenance = vec![silence("night", 0, Some(2 * STEP))];
    let plan = AlertPlan { watched: vec![watched("A", vec![loss("down", ">60%")])], maintenance };
    site.engine.follow(WallTime::EPOCH, plan);
    assert_eq!(site.round(1, BAD), ["down raised, silent: night"]);
    assert_eq!(site.engine.unsilence("night"), Err(EngineError::Maintenance("night".into())));
    assert_eq!(site.engine.unsilence("day"), Err(EngineError::NoSuchSilence("day".into())));
    let listed: Vec<bool> = site.engine.silences(at(2 * STEP)).map(|(_, holds)| holds).collect();
    assert_eq!(listed, [false]);
}

#[test]
fn what_is_behind_a_gateway_that_is_down_raises_silently() {
    let behind = Watched { depends: Some(id("G")), ..watched("A", vec![loss("down", ">60%")]) };
    let mut site = Site::of(vec![behind, watched("G", Vec::new())]);
    site.round_of("G", 1, DEAD);
    assert_eq!(site.round(1, BAD), ["down raised, silent: G is down"]);
    // Neither says that it is up again.
    site.round_of("G", 2, Observation::Unknown);
    site.round_of("G", 3, SUSPECT);
    assert_eq!(site.round(3, BAD), [""; 0]);
    site.round_of("G", 4, lost(95.0));
    assert_eq!(site.round(4, BAD), ["down raised"]);
    // What was told before the gateway went down is told to be cleared.
    site.round_of("G", 5, DEAD);
    assert_eq!(site.round(5, GOOD), ["down cleared"]);
}

#[test]
fn gateway_that_is_up_again_tells_no_raise_of_the_time_when_it_was_down() {
    let mut site = behind_a_gateway(vec![loss("down", ">60%")]);
    site.round_of("G", 2, DEAD);
    assert_eq!(site.round(2, DEAD), ["down raised, silent: G is down"]);
    // The target's own next round says whether it is up too.
    assert_eq!(site.round_of("G", 3, GOOD), [""; 0]);
    assert_eq!(site.round(3, GOOD), ["down cleared, silent: never told"]);
    site.round_of("G", 4, DEAD);
    site.round(4, DEAD);
    assert_eq!(site.round_of("G", 5, GOOD), [""; 0]);
    assert_eq!(site.round(5, DEAD), ["down raised"]);
}

fn behind_a_gateway(alerts: Vec<Alert>) -> Site {
    let behind = Watched { depends: Some(id("G")), ..watched("A", alerts) };
    let mut site = Site::of(vec![behind, watched("G", Vec::new())]);
    site.round_of("G", 1, GOOD);
    site.round(1, GOOD);
    site
}

#[test]
fn raise_waits_until_it_is_known_whether_the_gateway_failed_with_it() {
    let waits = ["down raised, silent: waits for G"];
    // Both fail, and the target is measured first, in the same slot or after the gateway's.
    let mut site = behind_a_gateway(vec![loss("down", ">60%")]);
    assert_eq!(site.round(2, DEAD), waits);
    assert_eq!(site.round_of("G", 2, DEAD), [""; 0]);
    assert_eq!(site.round(3, DEAD), [""; 0]);
    assert_eq!(site.round(4, GOOD), ["down cleared, silent: never told"]);

    // Only the target does.
    let mut site = behind_a_gateway(vec![loss("down", ">60%")]);
    site.round_of("G", 2, GOOD);
    assert_eq!(site.round(2, DEAD), waits);
    site.engine.handle_round(at(3 * STEP - 100), &id("G"), slot(3), GOOD);
    let events = site.events();
    assert_eq!(events.iter().map(words).collect::<Vec<_>>(), ["down raised"]);
    assert_eq!((events[0].time, events[0].since, &*events[0].facts.loss), (2 * STEP, 2 * STEP, "loss: 100%"));
    assert_eq!(site.round(3, GOOD), ["down cleared"]);

    // The gateway says nothing more: the target's own next round ends the waiting.
    let mut site = behind_a_gateway(vec![loss("down", ">60%")]);
    assert_eq!(site.round(2, DEAD), waits);
    assert_eq!(site.round(3, DEAD), ["down raised"]);
}

#[test]
fn raise_does_not_wait_for_a_gateway_that_cannot_be_at_fault() {
    // The round lost nothing.
    let mut site = behind_a_gateway(vec![loss("fine", "<10%,<10%")]);
    assert_eq!(site.round(2, GOOD), ["fine raised"]);
    // Both were measured since the target failed.
    let mut site = behind_a_gateway(vec![loss("down", ">60%,>60%")]);
    site.round(2, DEAD);
    assert_eq!(site.round(3, BAD), ["down raised"]);
    // It was never measured, or is measured less often.
    let behind = || Watched { depends: Some(id("G")), ..watched("A", vec![loss("down", ">60%")]) };
    let slow = || Watched { step: Step::from_secs(600).unwrap(), ..watched("G", Vec::new()) };
    let mut site = Site::of(vec![behind(), watched("G", Vec::new())]);
    assert_eq!(site.round(1, BAD), ["down raised"]);
    let mut site = Site::of(vec![behind(), slow()]);
    site.engine.handle_round(at(600), &id("G"), Slot::ending_at(600, slow().step), GOOD);
    assert_eq!(site.round(3, BAD), ["down raised"]);
}

#[test]
fn silenced_raise_stays_silent_when_the_gateway_is_measured() {
    let mut site = behind_a_gateway(vec![loss("down", ">60%"), loss("lossy", ">10%")]);
    let scope = Scope { alerts: vec!["down".into()], ..Scope::default() };
    site.engine.silence(Silence { scope, ..silence("works", 0, None) });
    assert_eq!(site.round(2, BAD), ["down raised, silent: works", "lossy raised, silent: waits for G"]);
    assert_eq!(site.round_of("G", 2, GOOD), ["lossy raised"]);
    assert_eq!(site.round_of("G", 3, GOOD), [""; 0]);
}

#[test]
fn acknowledged_alerts_are_quiet_until_they_are_cleared() {
    let mut site = Site::new(vec![loss("down", ">60%").again(1), loss("lossy", ">60%").every_round()]);
    let acknowledge = |site: &mut Site, alert: &str| site.engine.acknowledge(&id("A"), alert, acknowledgement());
    assert!(matches!(acknowledge(&mut site, "down"), Err(EngineError::NotRaised { .. })));
    site.round(1, BAD);
    acknowledge(&mut site, "down").unwrap();
    acknowledge(&mut site, "lossy").unwrap();
    assert!(acknowledge(&mut site, "nosuch").is_err());
    assert_eq!(site.round(2, BAD), ["lossy active, silent: acknowledged"]);
    assert_eq!(site.round(3, GOOD), ["down cleared", "lossy cleared, silent: not edge"]);
    assert_eq!(site.round(4, BAD), ["down raised", "lossy raised"]);
}

#[test]
fn raise_that_was_acknowledged_before_anybody_was_told_stays_untold() {
    let mut site = Site::new(vec![loss("down", ">60%")]);
    site.engine.silence(silence("works", 0, Some(2 * STEP)));
    site.round(1, BAD);
    site.engine.acknowledge(&id("A"), "down", acknowledgement()).unwrap();
    assert_eq!(site.round(2, BAD), [""; 0]);
    assert_eq!(site.round(3, GOOD), ["down cleared, silent: never told"]);
}

#[test]
fn two_semantics_share_one_window() {
    // The legacy one needs two rounds, the other five; unmeasured rounds are good ones only to the legacy one.
    let mut site = Site::new(vec![loss("old", "==0%,==0%").legacy(), loss("new", ">60%,*3*,>60%")]);
    assert_eq!(site.rounds(1, &[BAD, Observation::Unknown, Observation::Unknown]), ["3 old raised"]);
    site.engine.handle_round(at(4 * STEP), &id("A"), slot(4), BAD);
    let events = site.events();
    assert_eq!(events.iter().map(words).collect::<Vec<_>>(), ["old cleared", "new raised"]);
    assert_eq!(events[0].facts.loss, "loss: S, 80%, 0%, 0%, 80%");
    assert_eq!(events[1].facts.loss, "loss: S, 80%, U, U, 80%");
    assert_eq!(events[1].facts.rtt, "rtt: S, 10ms, U, U, 10ms");
}

#[test]
fn event_says_what_its_message_needs() {
    let mut site = Site::new(vec![loss("down", ">60%,>60%").rank(3)]);
    site.rounds(1, &[BAD]);
    site.engine.handle_round(at(2 * STEP), &id("A"), slot(2), BAD);
    let event = site.events().remove(0);
    assert_eq!((event.time, event.since), (2 * STEP, 2 * STEP));
    assert_eq!(*event.recipients, ["ops"]);
    let facts = &*event.facts;
    assert_eq!((&*facts.host, &*facts.title, &*facts.comment), ("host.example", "A host", "look at it"));
    assert_eq!((&*facts.pattern, &*facts.reason), (">60%,>60%", "loss: 80%, 80%"));
    assert_eq!((&*facts.loss, facts.priority, facts.edgetrigger), ("loss: 80%, 80%", Some(3), true));
    site.engine.handle_round(at(3 * STEP), &id("A"), slot(3), GOOD);
    let cleared = site.events().remove(0);
    assert_eq!((&*cleared.facts.loss, &*cleared.facts.reason), ("loss: 80%, 0%", "loss: 80%, 80%"));
}

#[test]
fn matcher_says_the_same_whatever_else_the_target_has() {
    let matcher = |text: &str| by_rule("matcher", text, Arc::new(parse(Kind::Matcher, text).unwrap()));
    for text in [
        "CheckLoss(l=>50,x=>2)",
        "CheckLoss(l=>50,x=>1)",
        "CheckLatency(l=>5,x=>3)",
        "ConsecutiveLoss(pctlossraise=>50,stepsraise=>3,pctlossclear=>10,stepsclear=>2)",
        "Median(old=>3,new=>2,diff=>1)",
        "ExpLoss(hist=>5,rising=>50)",
    ] {
        let rounds = (0..400u32).map(|n| match n.wrapping_mul(2_654_435_761) >> 29 {
            0..3 => Observation::Unknown,
            3 => GOOD,
            _ => BAD,
        });
        let rounds: Vec<Observation> = rounds.collect();
        let mut alone = Site::new(vec![matcher(text)]);
        let mut beside = Site::new(vec![matcher(text), loss("wide", "==S,*60*,<0%")]);
        assert_eq!(alone.rounds(1, &rounds), beside.rounds(1, &rounds), "{text}");
    }
    // Every second name could not be looked up.
    let mut site = Site::new(vec![matcher("CheckLoss(l=>50,x=>2)")]);
    let said = site.rounds(1, &[BAD, Observation::Unknown, BAD, Observation::Unknown]);
    assert_eq!(said, ["3 matcher raised"]);
}
