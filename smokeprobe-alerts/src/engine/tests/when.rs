//! Slots, gaps, time-outs and clocks that jump.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::season::{HOUR, Season, WEEK};
use crate::state::Change;

/// Counts how often it is asked.
struct Counting(AtomicUsize, usize);

impl AlertRule for Counting {
    fn window(&self) -> usize {
        self.1
    }

    fn judge(&self, _: &History<'_>, _: Held) -> Verdict {
        self.0.fetch_add(1, Ordering::Relaxed);
        Verdict::Clear
    }
}

fn counting(window: usize) -> (Arc<Counting>, Site) {
    let rule = Arc::new(Counting(AtomicUsize::new(0), window));
    let site = Site::new(vec![by_rule("count", "count", rule.clone())]);
    (rule, site)
}

impl Counting {
    fn asked(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

#[test]
fn slot_is_judged_once_and_never_after_a_later_one() {
    let (rule, mut site) = counting(1);
    for (number, asked) in [(5, 1), (5, 0), (4, 0), (6, 1), (6, 0)] {
        site.round(number, BAD);
        assert_eq!(rule.asked(), asked, "slot {number}");
    }
}

#[test]
fn slots_without_a_round_were_not_measured_at_their_own_time() {
    let mut site = Site::new(vec![nodata("silent", 2)]);
    site.round(1, GOOD);
    site.engine.handle_round(at(5 * STEP), &id("A"), slot(5), GOOD);
    let events: Vec<(String, i64)> = site.events().iter().map(|event| (words(event), event.time / STEP)).collect();
    assert_eq!(events, [("silent raised".into(), 3), ("silent cleared".into(), 5)]);
}

#[test]
fn long_gap_costs_no_more_than_the_window() {
    let (rule, mut site) = counting(7);
    site.round(1, GOOD);
    rule.asked();
    site.round(20_000_000, GOOD);
    assert_eq!(rule.asked(), 8);
    site.timeout(i64::MAX / 1_000_000_000);
    assert!(rule.asked() <= 14);
    let mut change = Change::default();
    site.engine.take_changes(&mut change);
    assert_eq!(change.series[0].window, [Observation::Unknown; 7]);
}

#[test]
fn silence_of_a_series_is_noticed_one_step_after_its_slot() {
    let mut site = Site::new(vec![nodata("silent", 1)]);
    site.round(1, GOOD);
    // Slot 2 ends at 2 steps, and may come until 3.
    assert_eq!(site.engine.poll_timeout(), Some(at(3 * STEP)));
    assert_eq!(site.timeout(3 * STEP - 1), [""; 0]);
    site.engine.handle_round(at(3 * STEP - 1), &id("A"), slot(2), GOOD);
    assert_eq!(site.timeout(3 * STEP), [""; 0]);
    assert_eq!(site.engine.poll_timeout(), Some(at(4 * STEP)));
    assert_eq!(site.timeout(4 * STEP), ["silent raised"]);
    // Too late for slot 3, in time for 4.
    assert_eq!(site.round(3, GOOD), [""; 0]);
    assert_eq!(site.round(4, GOOD), ["silent cleared"]);
}

#[test]
fn series_that_was_never_measured_is_expected_from_the_slot_after_it_was_first_watched() {
    let mut site = Site::of(Vec::new());
    site.engine.follow(at(10 * STEP + 100), plan(vec![watched("A", vec![nodata("silent", 1)])]));
    // Slot 11 runs; slot 12 ends at 12 steps.
    assert_eq!(site.engine.poll_timeout(), Some(at(13 * STEP)));
    assert_eq!(site.timeout(13 * STEP), ["silent raised"]);
    assert_eq!(site.standing(), [format!("A silent {}", 12 * STEP)]);
}

#[test]
fn every_series_has_its_own_time() {
    let all: Vec<Watched> = (0..10_000).map(|n| watched(&format!("T{n}"), vec![nodata("silent", 1)])).collect();
    let mut site = Site::of(all);
    for number in 0..10_000 {
        site.engine.handle_round(at(STEP), &id(&format!("T{number}")), slot(1), GOOD);
    }
    for number in (0..10_000).filter(|number| number % 1000 != 7) {
        site.engine.handle_round(at(2 * STEP), &id(&format!("T{number}")), slot(2), GOOD);
    }
    site.engine.handle_timeout(at(3 * STEP));
    let raised: Vec<String> = site.events().iter().map(|event| event.series.to_string()).collect();
    assert_eq!(raised, [7, 1007, 2007, 3007, 4007, 5007, 6007, 7007, 8007, 9007].map(|number| format!("T{number}")));
}

#[test]
fn round_of_a_slot_that_has_not_begun_is_ignored() {
    let (rule, mut site) = counting(3);
    site.engine.handle_round(at(STEP), &id("A"), slot(100), BAD);
    assert_eq!(rule.asked(), 0);
    // Clocks differ a little.
    site.engine.handle_round(at(STEP - 1), &id("A"), slot(2), BAD);
    assert_eq!(rule.asked(), 1);
}

#[test]
fn clock_that_was_set_back_does_not_stop_judging() {
    let mut site = Site::new(vec![loss("down", ">60%")]);
    assert_eq!(site.round(1_000_000, BAD), ["down raised"]);
    assert_eq!(site.round(10, GOOD), ["down cleared"]);
    assert_eq!(site.round(11, BAD), ["down raised"]);
    assert_eq!(site.engine.poll_timeout(), Some(at(13 * STEP)));
    // A little back is only a slot that was judged.
    assert_eq!(site.round(10, GOOD), [""; 0]);
}

#[test]
fn clock_that_was_set_back_does_not_mute_what_is_told_again() {
    let mut site = Site::new(vec![loss("some", ">20%").every_round().again(3), loss("down", ">60%").again(2)]);
    assert_eq!(site.round(1_000_000, BAD), ["some raised", "down raised"]);
    assert_eq!(site.round(10, BAD), ["some active", "down active"]);
    assert_eq!(site.round(11, BAD), ["some active, silent: repeat"]);
}

#[test]
fn series_that_nobody_watches_are_ignored() {
    let mut site = Site::new(Vec::new());
    assert_eq!(site.round_of("B", 1, BAD), [""; 0]);
    assert_eq!(site.engine.season_wanted(&id("B"), slot(1)), None);
    // Only depended on: nothing is due.
    assert_eq!(site.engine.poll_timeout(), None);
}

#[test]
fn silences_that_are_over_are_dropped() {
    let mut site = Site::new(Vec::new());
    site.engine.silence(silence("short", 0, Some(100)));
    site.engine.silence(silence("long", 0, None));
    let mut change = Change::default();
    site.engine.take_changes(&mut change);
    assert_eq!(change.silences.len(), 2);
    assert_eq!(site.engine.poll_timeout(), Some(at(100)));
    site.timeout(99);
    assert_eq!(site.engine.silences(at(99)).count(), 2);
    site.timeout(100);
    let left: Vec<String> = site.engine.silences(at(100)).map(|(silence, _)| silence.id.to_string()).collect();
    assert_eq!(left, ["long"]);
    let mut change = Change::default();
    site.engine.take_changes(&mut change);
    assert_eq!((change.silences.len(), change.unsilenced), (0, vec!["short".into()]));
}

/// Raises while the season it is given is of so many weeks, and holds without one.
struct Seasonal(u32);

impl AlertRule for Seasonal {
    fn window(&self) -> usize {
        1
    }

    fn weeks(&self) -> u32 {
        self.0
    }

    fn judge(&self, history: &History<'_>, _: Held) -> Verdict {
        match history.season() {
            None => Verdict::Hold,
            Some(season) if season.weeks == self.0 => Verdict::Raise(String::new()),
            Some(_) => Verdict::Clear,
        }
    }
}

#[test]
fn each_rule_is_given_its_own_season_of_the_hour() {
    let seasonal = |name: &str, weeks| by_rule(name, name, Arc::new(Seasonal(weeks)));
    let mut site = Site::new(vec![seasonal("four", 4), seasonal("eight", 8), seasonal("too", 4)]);
    // The row that ends with the hour is of the hour.
    let hour = 10 * WEEK;
    let last = Slot::ending_at(hour + HOUR, Step::from_secs(300).unwrap());
    let mut wanted = Vec::new();
    while let Some(order) = site.engine.season_wanted(&id("A"), last) {
        assert_eq!(order.hour, hour);
        wanted.push(order.weeks);
        site.engine.handle_season(&id("A"), Season { hour, weeks: order.weeks, ..Season::default() });
    }
    assert_eq!(wanted, [4, 8]);
    site.engine.handle_round(at(hour + HOUR), &id("A"), last, GOOD);
    assert_eq!(site.said(), ["four raised", "eight raised", "too raised"]);
    // Of another hour nothing is known.
    let next = last.plus(1);
    assert_eq!(site.engine.season_wanted(&id("A"), next).map(|order| order.hour), Some(hour + HOUR));
    site.engine.handle_round(at(next.end()), &id("A"), next, GOOD);
    assert_eq!((site.said().len(), site.standing().len()), (0, 3));
}
