use std::sync::Arc;
use std::time::Duration;

use smokeprobe_core::sim::{Scene, ScriptedProbe};
use smokeprobe_core::{Host, Offset, Step};

use super::{Lab, OPENING, pass, reads, spec, story};

/// Two seconds a sample, so that a round takes six.
fn slow() -> Arc<ScriptedProbe> {
    ScriptedProbe::new([vec![Scene::Answer(Duration::from_secs(2)); 3]])
}

#[tokio::test(start_paused = true)]
async fn unchanged_series_keeps_phase_and_running_round() {
    let (probe, other) = (slow(), slow());
    let lab = Lab::new(vec![spec("Same", Arc::<ScriptedProbe>::clone(&probe)), spec("Changed", slow())]);
    pass(3.0).await;
    let reloaded = lab.engine.reload(vec![spec("Same", probe), spec("Changed", other)]).await;
    assert_eq!((reloaded.kept, reloaded.changed, reloaded.added, reloaded.removed), (1, 1, 0, 0));
    pass(77.0).await;
    assert_eq!(story(&lab.log, "Same"), reads(&[(0, "3/0"), (60, "3/0")]));
    // Its running round was recorded with what it had, and the slot is not measured again.
    assert_eq!(story(&lab.log, "Changed"), reads(&[(0, "1/0"), (60, "3/0")]));
}

#[tokio::test(start_paused = true)]
async fn each_difference_counts_as_a_change() {
    let probe = slow();
    let original = spec("A", Arc::<ScriptedProbe>::clone(&probe));
    let lab = Lab::new(vec![original.clone()]);
    let mut variants = vec![original.clone(); 5];
    variants[0].host = Host::from("192.0.2.2");
    variants[1].pings = 4;
    variants[2].step = Step::from_secs(30).unwrap();
    variants[3].offset = Offset::Spread;
    variants[4].probe = slow();
    for variant in variants {
        assert_eq!(lab.engine.reload(vec![variant]).await.changed, 1);
        assert_eq!(lab.engine.reload(vec![original.clone()]).await.changed, 1);
        assert_eq!(lab.engine.reload(vec![original.clone()]).await.kept, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn series_that_ends_is_recorded_and_ends() {
    let lab = Lab::new(vec![spec("A", slow())]);
    pass(5.0).await;
    let reloaded = lab.engine.reload(Vec::new()).await;
    assert_eq!(reloaded.removed, 1);
    pass(200.0).await;
    assert_eq!(story(&lab.log, "A"), reads(&[(0, "2/0")]));
    assert_eq!(lab.engine.status().series, 0);
}

#[tokio::test(start_paused = true)]
async fn series_that_comes_is_measured_at_once() {
    let lab = Lab::new(Vec::new());
    pass(25.0).await;
    assert_eq!(lab.engine.reload(vec![spec("A", slow())]).await.added, 1);
    pass(10.0).await;
    assert_eq!(lab.log.rounds()[0].started.unix_secs() - OPENING, 25);
}

#[tokio::test(start_paused = true)]
async fn series_given_twice_is_measured_once() {
    let lab = Lab::new(Vec::new());
    let reloaded = lab.engine.reload(vec![spec("A", slow()), spec("A", slow())]).await;
    assert_eq!((reloaded.added, reloaded.duplicates), (1, 1));
    pass(75.0).await;
    assert_eq!(story(&lab.log, "A"), reads(&[(0, "3/0")]));
}

#[tokio::test(start_paused = true)]
async fn new_step_takes_over_without_measuring_a_time_twice() {
    let probe = slow();
    let lab = Lab::new(vec![spec("A", Arc::<ScriptedProbe>::clone(&probe))]);
    pass(8.0).await;
    let mut faster = spec("A", probe);
    faster.step = Step::from_secs(20).unwrap();
    lab.engine.reload(vec![faster]).await;
    pass(120.0).await;
    let slots: Vec<i64> = story(&lab.log, "A").into_iter().map(|(slot, _)| slot).collect();
    // The minute that was measured covers three of the new slots.
    assert_eq!(slots, [0, 60, 80, 100]);
}
