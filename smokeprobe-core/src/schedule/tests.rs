use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const MINUTE: i64 = 60;

/// The end of measuring that the clock showed to be wrong.
const FORGOTTEN: i64 = i64::MIN;

fn step(secs: u32) -> Step {
    Step::from_secs(secs).unwrap()
}

fn at(secs: i64) -> WallTime {
    WallTime::from_unix_secs(secs)
}

fn millis(millis: i64) -> WallTime {
    WallTime::from_unix_nanos(millis * 1_000_000)
}

fn series(number: usize) -> SeriesId {
    format!("S{number}").parse().unwrap()
}

fn slot(start: i64, secs: u32) -> Slot {
    Slot::containing(at(start), step(secs))
}

/// Lets the clock run to `until`, waking when the schedule asks for it.
fn run(schedule: &mut Schedule, until: WallTime) -> Vec<(WallTime, Due)> {
    let mut seen = Vec::new();
    loop {
        let now = schedule.poll_timeout().unwrap_or(until).clamp(schedule.now, until);
        schedule.handle_timeout(now);
        while let Some(due) = schedule.poll() {
            seen.push((now, due));
        }
        if now == until {
            return seen;
        }
    }
}

/// Start times of a run, in Unix seconds.
fn starts(seen: &[(WallTime, Due)]) -> Vec<f64> {
    seen.iter().filter(|(_, due)| matches!(due, Due::Start { .. })).map(|(now, _)| now.as_unix_secs_f64()).collect()
}

fn one(now: i64, offset: u64, last: Option<Slot>) -> Schedule {
    let mut schedule = Schedule::default();
    schedule.insert(at(now), series(0), step(60), Duration::from_secs(offset), last);
    schedule
}

#[test]
fn first_round_starts_at_once_and_the_others_on_the_offset() {
    let mut schedule = one(6010, 20, None);
    assert_eq!(starts(&run(&mut schedule, at(6210))), [6010.0, 6080.0, 6140.0, 6200.0]);
}

#[test]
fn slot_that_is_stored_already_is_not_measured_again() {
    let mut schedule = one(6010, 5, Some(slot(6000, 60)));
    assert_eq!(starts(&run(&mut schedule, at(6130))), [6065.0, 6125.0]);
}

#[test]
fn stored_slot_of_another_step_counts_as_the_slot_it_ends_in() {
    let mut schedule = one(6010, 5, Some(slot(5700, 300)));
    assert_eq!(starts(&run(&mut schedule, at(6070))), [6010.0, 6065.0]);
    let mut schedule = one(6010, 5, Some(slot(6000, 300)));
    assert_eq!(starts(&run(&mut schedule, at(6400))), [6305.0, 6365.0]);
}

#[test]
fn first_round_at_the_end_of_a_slot_is_given_half_a_step() {
    let mut schedule = one(6059, 5, None);
    assert_eq!(starts(&run(&mut schedule, at(6200))), [6059.0, 6089.0, 6125.0, 6185.0]);
}

#[test]
fn first_rounds_are_spread() {
    let mut schedule = Schedule::default();
    for number in 0..1000 {
        schedule.insert(at(6000), series(number), step(300), Duration::from_secs(299), None);
    }
    let starts = starts(&run(&mut schedule, at(6010)));
    assert_eq!(starts.len(), 1000);
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] > 0.004), "{starts:?}");
    assert!(starts[999] < 6005.0, "{}", starts[999]);
}

#[test]
fn first_round_that_would_come_after_the_regular_time_takes_the_regular_time() {
    let mut schedule = Schedule::default();
    for number in 0..4000 {
        schedule.insert(at(6000), series(number), step(10), Duration::from_secs(2), None);
    }
    let seen = run(&mut schedule, at(6009));
    assert_eq!(starts(&seen).len(), 4000);
    let on_time = seen.iter().filter(|(now, due)| *now == at(6002) && matches!(due, Due::Start { .. })).count();
    assert_eq!(on_time, 4000 - 400);
}

#[test]
fn slots_that_went_by_are_missed_and_the_one_that_runs_is_measured() {
    let mut schedule = one(6000, 20, None);
    run(&mut schedule, at(6001));
    schedule.handle_timeout(at(6230));
    let seen: Vec<_> = std::iter::from_fn(|| schedule.poll()).collect();
    let missed = |start| Due::Missed { series: series(0), slot: slot(start, 60) };
    assert_eq!(seen[..2], [missed(6060), missed(6120)]);
    assert!(matches!(&seen[2], Due::Start { slot, .. } if slot.start() == 6180), "{seen:?}");
    assert_eq!(seen.len(), 3);
}

#[test]
fn clock_set_a_year_ahead_reports_a_bounded_number_of_missed_slots() {
    let mut schedule = one(6000, 20, None);
    run(&mut schedule, at(6001));
    schedule.handle_timeout(at(6000 + 365 * 86_400));
    let seen = std::iter::from_fn(|| schedule.poll()).count();
    assert_eq!(seen, MAX_MISSED as usize + 1);
}

#[test]
fn wake_from_suspension_is_no_burst() {
    let mut schedule = Schedule::default();
    for number in 0..1000 {
        let id = series(number);
        let offset = spread(&id, step(60));
        schedule.insert(at(6000), id, step(60), offset, None);
    }
    run(&mut schedule, at(6100));
    // Asleep for an hour, awake 30 seconds into a slot.
    schedule.now = at(9690);
    let seen = run(&mut schedule, at(9690 + 2 * MINUTE));
    let mut a_second = BTreeMap::<i64, usize>::new();
    for (now, due) in &seen {
        if matches!(due, Due::Start { .. }) {
            *a_second.entry(now.unix_secs()).or_default() += 1;
        }
    }
    assert!(a_second.values().all(|&count| count <= 260), "{a_second:?}");
}

#[test]
fn clock_that_steps_back_repeats_no_slot() {
    let mut schedule = one(6000, 20, None);
    assert_eq!(starts(&run(&mut schedule, at(6170))), [6000.0, 6080.0, 6140.0]);
    schedule.handle_timeout(at(6110));
    assert_eq!(starts(&run(&mut schedule, at(6270))), [6200.0, 6260.0]);
}

#[test]
fn clock_that_was_far_ahead_does_not_silence_a_series() {
    let year = 365 * 86_400;
    let mut schedule = one(6000 + year, 20, None);
    run(&mut schedule, at(6090 + year));
    schedule.handle_timeout(at(6010));
    assert_eq!(starts(&run(&mut schedule, at(6090))), [6010.0, 6080.0]);
    // The same at a start, when the store was written under the wrong clock.
    let mut schedule = one(6010, 20, Some(slot(6000 + year, 60)));
    assert_eq!(starts(&run(&mut schedule, at(6090))), [6010.0, 6080.0]);
}

#[test]
fn clock_that_creeps_back_is_found_out_too() {
    let mut schedule = one(100_000, 20, None);
    run(&mut schedule, at(100_100));
    for back in 1..=3 {
        schedule.handle_timeout(at(100_100 - back * 1700));
        assert!(schedule.poll().is_none() || back == 3);
    }
    assert!(schedule.poll_timeout().unwrap() < at(96_000));
}

#[test]
fn series_that_comes_back_within_its_slot_is_not_measured_twice() {
    let mut schedule = one(6000, 20, None);
    run(&mut schedule, at(6010));
    schedule.remove(&series(0));
    schedule.insert(at(6012), series(0), step(60), Duration::from_secs(30), None);
    assert_eq!(starts(&run(&mut schedule, at(6100))), [6090.0]);
}

#[test]
fn place_in_the_step_is_the_series_own_and_stable() {
    let place = |name: &str| spread(&name.parse().unwrap(), step(300)).as_millis();
    // A change here moves every installation's rounds, and each loses a slot: do not change it lightly.
    assert_eq!([place("Storage.BeijingS3"), place("Storage.BeijingS3~slave")], [106_106, 2_296]);
    for (secs, end) in [(1, 950), (10, 9_500), (60, 59_000)] {
        let latest = (0..1000).map(|number| spread(&series(number), step(secs)).as_millis()).max();
        assert!(latest < Some(end), "a round may start late and still be in its slot: {latest:?} of {secs} s");
    }
    let mut minutes = [0_u32; 5];
    for number in 0..1000 {
        minutes[spread(&series(number), step(300)).as_secs() as usize / 60] += 1;
    }
    assert!(minutes.iter().all(|&count| count > 150), "{minutes:?}");
}

#[derive(Debug, Clone)]
enum Happening {
    Passes { millis: i64 },
    Jumps { millis: i64 },
    Comes { number: usize, step: u32, offset: u64, last: Option<i64> },
    Goes { number: usize },
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (0_i64..90_000).prop_map(|millis| Happening::Passes { millis }),
        2 => (-100_000_i64..1_000_000).prop_map(|millis| Happening::Jumps { millis }),
        1 => (-20_000_000_i64..40_000_000).prop_map(|millis| Happening::Jumps { millis }),
        1 => any::<i64>().prop_map(|millis| Happening::Jumps { millis: millis / 1_000_000 }),
        3 => (0..4_usize, 1..200_u32, any::<u64>(), proptest::option::of(-300_i64..300))
            .prop_map(|(number, step, offset, last)| Happening::Comes { number, step, offset, last }),
        1 => (0..4_usize).prop_map(|number| Happening::Goes { number }),
    ]
}

proptest! {
    #[test]
    fn slots_ascend_whatever_the_clock_and_the_config_do(
        happenings in proptest::collection::vec(happening(), 1..80)
    ) {
        let mut schedule = Schedule::default();
        let mut now = 1_000_000_000_000_i64;
        // Unix seconds by which each series is measured.
        let mut done = BTreeMap::<usize, i64>::new();
        for happening in happenings {
            let mut pass = 0;
            match happening {
                Happening::Passes { millis } => pass = millis,
                Happening::Jumps { millis } => now = now.saturating_add(millis).clamp(-9_000_000_000_000, 9_000_000_000_000),
                Happening::Comes { number, step: secs, offset, last } => {
                    schedule.remove(&series(number));
                    let offset = Duration::from_millis(offset % (u64::from(secs) * 1000));
                    let last = last.map(|ago| slot(now / 1000 - ago, secs));
                    if let Some(last) = last {
                        let end = done.entry(number).or_insert(last.end());
                        if *end != FORGOTTEN {
                            *end = last.end().max(*end);
                        }
                    }
                    schedule.insert(millis(now), series(number), step(secs), offset, last);
                }
                Happening::Goes { number } => schedule.remove(&series(number)),
            }
            let until = now + pass;
            loop {
                let wake = schedule.poll_timeout().map_or(until, |due| due.unix_nanos().div_euclid(1_000_000) + 1);
                now = wake.clamp(now, until);
                schedule.handle_timeout(millis(now));
                let present = schedule.now.unix_secs();
                for end in done.values_mut() {
                    // Each change of the step may have moved the end of the last slot by a step.
                    if end.saturating_sub(present) > PATIENCE.as_secs() as i64 - 2000 {
                        *end = FORGOTTEN;
                    }
                }
                // A series that is gone is remembered for a day.
                done.retain(|number, end| {
                    *end == FORGOTTEN
                        || present.saturating_sub(*end) < REMEMBERED.as_secs() as i64 || schedule.series.contains_key(&series(*number))
                });
                let mut reported = BTreeMap::<SeriesId, i64>::new();
                while let Some(due) = schedule.poll() {
                    let (id, slot, started) = match due {
                        Due::Start { series, slot, next, .. } => {
                            prop_assert!(next >= schedule.now + slot.step().as_duration() / 2);
                            (series, slot, true)
                        }
                        Due::Missed { series, slot } => (series, slot, false),
                    };
                    let count = reported.entry(id.clone()).or_default();
                    *count += 1;
                    prop_assert!(*count <= MAX_MISSED + 1, "{id}: {count} reports at once");
                    prop_assert!(!started || Slot::containing(schedule.now, slot.step()) == slot);
                    prop_assert!(slot.start() <= present);
                    let number = id.to_string()[1..].parse().unwrap();
                    if let Some(end) = done.insert(number, slot.end()) {
                        prop_assert!(slot.start() >= end, "{id}: {slot} after one that ended at {end}");
                    }
                }
                if now == until {
                    break;
                }
            }
        }
    }

    #[test]
    fn while_the_clock_runs_evenly_every_slot_is_measured_once(
        timings in proptest::collection::vec((1..120_u32, any::<u64>()), 1..6),
        begin in 1_000_000_000_000_i64..1_000_000_900_000,
    ) {
        let mut schedule = Schedule::default();
        for (number, &(secs, offset)) in timings.iter().enumerate() {
            let offset = Duration::from_millis(offset % (u64::from(secs) * 1000));
            schedule.insert(millis(begin), series(number), step(secs), offset, None);
        }
        let seen = run(&mut schedule, millis(begin + 600_000));
        for (number, &(secs, _)) in timings.iter().enumerate() {
            let slots: Vec<i64> = seen
                .iter()
                .filter_map(|(_, due)| match due {
                    Due::Start { series: id, slot, .. } if *id == series(number) => Some(slot.index()),
                    _ => None,
                })
                .collect();
            prop_assert!(slots.len() as i64 >= 600 / i64::from(secs) - 1, "{slots:?}");
            prop_assert!(slots.windows(2).all(|pair| pair[1] == pair[0] + 1), "{slots:?}");
        }
    }
}
