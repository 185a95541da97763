use std::time::Duration;

use smokeprobe_core::Clock;
use smokeprobe_core::sim::{Scene, ScriptedProbe};

use super::{Lab, pass, reads, spec, story};

#[tokio::test(start_paused = true)]
async fn rounds_in_flight_are_recorded_with_what_they_have() {
    let lab = Lab::new(vec![
        spec("Some", ScriptedProbe::new([vec![Scene::Answer(Duration::from_secs(2)); 3]])),
        spec("None", ScriptedProbe::new([vec![Scene::Hang]])),
        spec("Nearly", ScriptedProbe::new([vec![Scene::Answer(Duration::from_millis(1200)); 3]])),
    ]);
    pass(3.0).await;
    let begun = lab.clock.mono();
    lab.engine.shutdown(Duration::from_millis(900)).await;
    assert_eq!(lab.clock.mono().saturating_since(begun).as_millis() / 10, 90);
    assert_eq!(story(&lab.log, "Some"), reads(&[(0, "1/0")]));
    assert_eq!(story(&lab.log, "None"), reads(&[(0, "Stopped")]));
    assert_eq!(story(&lab.log, "Nearly"), reads(&[(0, "3/0")]));
    assert_eq!(lab.log.flushes(), 1);
}

#[tokio::test(start_paused = true)]
async fn shutdown_without_running_rounds_waits_for_nothing() {
    let lab = Lab::new(vec![spec("A", ScriptedProbe::new([]))]);
    pass(30.0).await;
    let begun = lab.clock.mono();
    lab.engine.shutdown(Duration::from_secs(60)).await;
    assert_eq!(lab.clock.mono(), begun);
    assert_eq!(lab.log.flushes(), 1);
}

#[tokio::test(start_paused = true)]
async fn engine_that_is_dropped_records_and_flushes_too() {
    let lab = Lab::new(vec![spec("A", ScriptedProbe::new([vec![Scene::Answer(Duration::from_secs(2)); 3]]))]);
    pass(3.0).await;
    drop(lab.engine);
    pass(1.0).await;
    assert_eq!(story(&lab.log, "A"), reads(&[(0, "1/0")]));
    assert_eq!(lab.log.flushes(), 1);
}
