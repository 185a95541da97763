//! What a reload keeps, and what it ends.

use super::*;
use crate::state::Change;

fn changes(site: &mut Site) -> Change {
    let mut change = Change::default();
    site.engine.take_changes(&mut change);
    change
}

fn follow(site: &mut Site, watched: Vec<Watched>) -> Vec<String> {
    site.engine.follow(at(100 * STEP), plan(watched));
    site.said()
}

#[test]
fn unchanged_rules_keep_standing_and_window() {
    let alerts = || vec![loss("down", ">60%"), loss("twice", ">60%,>60%")];
    let mut site = Site::new(alerts());
    assert_eq!(site.round(1, BAD), ["down raised"]);
    changes(&mut site);
    // How it is told may change.
    let mut again = alerts();
    (again[0].priority, again[0].comment) = (Some(1), "other".into());
    assert_eq!(follow(&mut site, vec![watched("A", again)]), [""; 0]);
    assert!(changes(&mut site).is_empty());
    assert_eq!(site.round(2, BAD), ["twice raised"]);
    assert_eq!(site.round(3, GOOD), ["twice cleared", "down cleared"]);
}

#[test]
fn changed_rule_ends_what_stood_and_says_why() {
    let mut site = Site::new(vec![loss("down", ">60%")]);
    site.round(1, BAD);
    site.engine.follow(at(STEP), plan(vec![watched("A", vec![loss("down", ">70%")])]));
    let events = site.events();
    assert_eq!(events.iter().map(words).collect::<Vec<_>>(), ["down cleared"]);
    assert_eq!((events[0].time, events[0].since, &*events[0].facts.reason), (STEP, STEP, "the rule was changed"));
    assert_eq!((&*events[0].facts.pattern, &events[0].recipients[0]), (">60%", &RecipientId::new("ops")));
    assert_eq!(changes(&mut site).series[0].alerts[0].meaning.as_ref(), ">70%");
    assert_eq!(site.round(2, BAD), ["down raised"]);
}

#[test]
fn alert_and_series_that_are_gone_end_what_stood() {
    let mut site = Site::of(vec![
        watched("A", vec![loss("down", ">60%"), loss("lossy", ">60%")]),
        watched("B", vec![loss("down", ">60%"), loss("every", ">60%").every_round()]),
    ]);
    site.round(1, BAD);
    site.round_of("B", 1, BAD);
    changes(&mut site);
    let said = follow(&mut site, vec![watched("A", vec![loss("lossy", ">60%")])]);
    assert_eq!(said, ["down cleared", "down cleared", "every cleared, silent: not edge"]);
    let change = changes(&mut site);
    assert_eq!(change.forgotten, [id("B")]);
    assert_eq!((change.series.len(), change.series[0].alerts.len(), change.events.len()), (1, 1, 3));
    assert_eq!(site.standing(), ["A lossy 300"]);
}

#[test]
fn nobody_is_told_that_a_removed_alert_is_cleared_which_they_never_heard_of() {
    let mut site = Site::new(vec![loss("down", ">60%")]);
    site.engine.silence(silence("works", 0, Some(50 * STEP)));
    site.round(1, BAD);
    assert_eq!(follow(&mut site, Vec::new()), ["down cleared, silent: never told"]);
}

#[test]
fn series_that_comes_back_before_it_was_forgotten_begins_anew() {
    let mut site = Site::new(vec![loss("down", ">60%")]);
    site.round(1, BAD);
    changes(&mut site);
    follow(&mut site, Vec::new());
    follow(&mut site, vec![watched("A", vec![loss("down", ">60%")])]);
    let change = changes(&mut site);
    assert!(change.forgotten.is_empty());
    assert_eq!((change.series[0].last, &*change.series[0].window), (None, &[Observation::Start][..]));
}

#[test]
fn window_that_becomes_longer_keeps_what_it_has() {
    let mut site = Site::new(vec![loss("down", ">60%,>60%")]);
    site.rounds(1, &[GOOD, BAD, GOOD, BAD]);
    follow(&mut site, vec![watched("A", vec![loss("down", ">60%,>60%"), loss("wide", ">60%,*2*,>60%")])]);
    site.round(5, GOOD);
    assert_eq!(site.round(6, BAD), ["wide raised"]);
    assert_eq!(changes(&mut site).series[0].window, [GOOD, BAD, GOOD, BAD]);
    // And a shorter one lets go.
    follow(&mut site, vec![watched("A", vec![loss("down", ">60%,>60%")])]);
    site.round(7, GOOD);
    assert_eq!(changes(&mut site).series[0].window, [BAD, GOOD]);
}

#[test]
fn alert_of_a_series_named_twice_is_one() {
    let mut site = Site::new(vec![loss("down", ">60%"), loss("down", ">60%")]);
    assert_eq!(site.round(1, BAD), ["down raised"]);
    follow(&mut site, vec![watched("A", vec![loss("down", ">60%")]), watched("A", Vec::new())]);
    assert_eq!(site.round(2, GOOD), ["down cleared"]);
}

/// The engine as it comes back after a restart.
fn restarted(site: &mut Site) -> Site {
    let series = changes(site).series;
    Site { engine: Engine::restore(&crate::state::Saved { series, ..Default::default() }) }
}

#[test]
fn after_a_restart_too_those_who_were_told_are_told_that_a_removed_alert_is_cleared() {
    let alerts = || vec![loss("down", ">60%"), loss("every", ">60%").every_round()];
    for left in [vec![watched("A", Vec::new())], Vec::new()] {
        let mut site = Site::new(alerts());
        site.round(1, BAD);
        let mut site = restarted(&mut site);
        site.engine.follow(at(STEP), plan(left));
        let events = site.events();
        let said: Vec<String> = events.iter().map(words).collect();
        assert_eq!(said, ["down cleared", "every cleared, silent: not edge"]);
        assert_eq!(*events[0].recipients, ["ops"]);
        assert!(events[0].facts.edgetrigger && !events[1].facts.edgetrigger);
    }
    // Who never heard of it does not.
    let mut site = Site::new(alerts());
    site.engine.silence(silence("works", 0, None));
    site.round(1, BAD);
    let said = follow(&mut restarted(&mut site), Vec::new());
    assert_eq!(said, ["down cleared, silent: never told", "every cleared, silent: not edge"]);
}

#[test]
fn cleared_is_told_to_all_who_were_told_and_to_nobody_else() {
    let to = |names: &[&str], alert: Alert| {
        let recipients: Arc<[RecipientId]> = names.iter().map(|name| RecipientId::new(name)).collect();
        Watched { alerts: vec![(Arc::new(alert), recipients)], ..watched("A", Vec::new()) }
    };
    let mut site = Site::of(vec![to(&["ops", "net"], loss("down", ">60%").again(2))]);
    site.round(1, BAD);
    site.engine.follow(at(STEP), plan(vec![to(&["net", "new"], loss("down", ">60%").again(2))]));
    let cleared = |site: &mut Site, number: i64| {
        site.engine.handle_round(at(number * STEP), &id("A"), slot(number), GOOD);
        site.events().remove(0).recipients.to_vec()
    };
    let mut quick = restarted(&mut site);
    quick.engine.follow(at(STEP), plan(vec![to(&["net", "new"], loss("down", ">60%").again(2))]));
    assert_eq!(cleared(&mut quick, 2), ["ops", "net"]);
    // A reminder tells the new one.
    site.rounds(2, &[BAD, BAD]);
    assert_eq!(cleared(&mut site, 4), ["ops", "net", "new"]);
}
