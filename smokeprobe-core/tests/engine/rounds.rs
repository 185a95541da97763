use std::sync::Arc;
use std::time::Duration;

use smokeprobe_core::sim::{Scene, ScriptedProbe};
use smokeprobe_core::{Host, Offset, Slot, Step, WallTime};

use super::{Lab, OPENING, pass, reads, spec, story};

#[tokio::test(start_paused = true)]
async fn rounds_start_at_once_and_then_on_the_offset() {
    let lab = Lab::new(vec![spec("A", ScriptedProbe::new([]))]);
    pass(200.0).await;
    let starts: Vec<i64> = lab.log.rounds().iter().map(|round| round.started.unix_secs() - OPENING).collect();
    assert_eq!(starts, [0, 70, 130, 190]);
    assert_eq!(story(&lab.log, "A"), reads(&[(0, "3/0"), (60, "3/0"), (120, "3/0"), (180, "3/0")]));
}

#[tokio::test(start_paused = true)]
async fn slot_that_is_stored_is_not_measured_again_after_a_restart() {
    let mut stored = spec("A", ScriptedProbe::new([]));
    stored.last = Some(Slot::containing(WallTime::from_unix_secs(OPENING), stored.step));
    let lab = Lab::new(vec![stored]);
    pass(75.0).await;
    assert_eq!(story(&lab.log, "A"), reads(&[(60, "3/0")]));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_series_are_measured_once_a_slot_each_and_spread() {
    let probe = ScriptedProbe::new([vec![Scene::Answer(Duration::from_secs(1)); 3]]);
    let spread = |number: usize| {
        let mut series = spec(&format!("S{number}"), Arc::<ScriptedProbe>::clone(&probe));
        series.offset = Offset::Spread;
        series
    };
    let lab = Lab::new((0..10_000).map(spread).collect());
    pass(130.0).await;
    assert_eq!(lab.engine.status().worst_lateness.as_millis() / 10, 0);
    let mut slots: Vec<(String, i64)> = lab
        .log
        .rounds()
        .iter()
        .map(|round| (round.series.to_string(), round.slot.start() - OPENING))
        .filter(|&(_, slot)| slot < 120)
        .collect();
    slots.sort_unstable();
    slots.dedup();
    assert_eq!(slots.len(), 20_000);
    assert_eq!(lab.engine.status().missed, 0);
    // Three seconds a round: 500 run at once when they are spread, and 600 more while the first rounds are made.
    assert!(probe.most_running() < 1300, "{}", probe.most_running());
}

#[tokio::test(start_paused = true)]
async fn clock_set_ahead_is_noticed_within_a_second_and_makes_no_burst() {
    let probe = ScriptedProbe::new([]);
    let lab =
        Lab::new((0..100).map(|number| spec(&format!("S{number}"), Arc::<ScriptedProbe>::clone(&probe))).collect());
    pass(20.0).await;
    lab.clock.set_wall(WallTime::from_unix_secs(OPENING + 200));
    pass(2.0).await;
    let missed = [(0, "3/0"), (60, "Missed"), (120, "Missed"), (180, "3/0")];
    assert_eq!(story(&lab.log, "S0"), reads(&missed));
    assert_eq!(story(&lab.log, "S99"), reads(&missed));
    assert!(probe.most_running() <= 2, "{}", probe.most_running());
}

#[tokio::test(start_paused = true)]
async fn clock_set_back_repeats_no_slot() {
    let lab = Lab::new(vec![spec("A", ScriptedProbe::new([]))]);
    pass(75.0).await;
    lab.clock.set_wall(WallTime::from_unix_secs(OPENING + 30));
    pass(120.0).await;
    assert_eq!(story(&lab.log, "A"), reads(&[(0, "3/0"), (60, "3/0"), (120, "3/0")]));
}

#[tokio::test(start_paused = true)]
async fn round_of_a_name_without_address_is_unknown_not_lost() {
    #[derive(Debug)]
    struct Asks(smokeprobe_core::ProbeDescriptor);
    #[async_trait::async_trait]
    impl smokeprobe_core::Probe for Asks {
        fn descriptor(&self) -> &smokeprobe_core::ProbeDescriptor {
            &self.0
        }
        async fn measure(&self, round: &mut smokeprobe_core::RoundCx<'_>) -> Result<(), smokeprobe_core::ProbeError> {
            round.address(smokeprobe_core::AddressFamily::Any).await.map(drop)
        }
    }
    let mut series = spec("A", Arc::new(Asks(smokeprobe_core::ProbeDescriptor::new("Asks", "Questions"))));
    series.host = Host::from("nowhere.example");
    let lab = Lab::new(vec![series]);
    pass(1.0).await;
    assert_eq!(story(&lab.log, "A"), reads(&[(0, "NotResolved")]));
}

#[tokio::test(start_paused = true)]
async fn round_has_until_before_the_next_one_starts() {
    let mut slow = spec("A", ScriptedProbe::new([vec![Scene::Answer(Duration::from_secs(4)); 3]]));
    slow.step = Step::from_secs(10).unwrap();
    slow.offset = Offset::At(Duration::ZERO);
    let lab = Lab::new(vec![slow]);
    pass(25.0).await;
    assert_eq!(story(&lab.log, "A"), reads(&[(0, "2/0"), (10, "2/0")]));
    let note = lab.log.rounds()[0].measured().unwrap().note.clone();
    assert_eq!(note.as_deref(), Some("the round was cut off at its deadline"));
}
