use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use smokeprobe_core::sim::{NoResolver, RoundLog, Scene, ScriptedProbe};
use smokeprobe_core::{
    Engine, EngineConfig, Probe, ProbeDescriptor, ProbeError, Round, RoundCx, RoundResult, RoundSink, SinkError, Step,
    UnknownReason,
};

use super::{Lab, pass, reads, spec, story};

const ANSWER: Scene = Scene::Answer(Duration::from_millis(5));

#[tokio::test(start_paused = true)]
async fn panic_costs_its_own_series_one_round() {
    let faulty = ScriptedProbe::new([vec![Scene::Panic], vec![ANSWER, Scene::Panic], vec![]]);
    let lab = Lab::new(vec![spec("Faulty", faulty), spec("Fine", ScriptedProbe::new([]))]);
    pass(140.0).await;
    assert_eq!(story(&lab.log, "Faulty"), reads(&[(0, "Panicked"), (60, "1/0"), (120, "3/0")]));
    assert_eq!(story(&lab.log, "Fine"), reads(&[(0, "3/0"), (60, "3/0"), (120, "3/0")]));
    assert_eq!(lab.engine.status().panicked, 2);
}

#[tokio::test(start_paused = true)]
async fn hang_costs_its_own_series_one_round() {
    let faulty = ScriptedProbe::new([vec![Scene::Hang], vec![ANSWER, Scene::Lose, Scene::Hang], vec![]]);
    let lab = Lab::new(vec![spec("Faulty", faulty), spec("Fine", ScriptedProbe::new([]))]);
    pass(140.0).await;
    assert_eq!(story(&lab.log, "Faulty"), reads(&[(0, "Hung"), (60, "1/1"), (120, "3/0")]));
    assert_eq!(story(&lab.log, "Fine"), reads(&[(0, "3/0"), (60, "3/0"), (120, "3/0")]));
    assert_eq!((lab.engine.status().cut_off, lab.engine.status().stuck), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn probe_that_cannot_measure_makes_the_round_unknown_with_its_reason() {
    let probe = ScriptedProbe::new([vec![Scene::Fail("no such device")], vec![ANSWER, Scene::Fail("cable cut")]]);
    let lab = Lab::new(vec![spec("A", probe)]);
    pass(80.0).await;
    assert_eq!(story(&lab.log, "A"), reads(&[(0, "no such device"), (60, "1/0")]));
    assert_eq!(lab.log.rounds()[1].measured().unwrap().note.as_deref(), Some("cable cut"));
}

#[tokio::test(start_paused = true)]
async fn sink_that_fails_or_panics_does_not_stop_the_engine() {
    struct Picky(RoundLog, usize);
    impl RoundSink for Picky {
        fn accept(&mut self, round: &Round) -> Result<(), SinkError> {
            self.1 += 1;
            match self.1 {
                1 => Err(SinkError::Full { capacity: 7 }),
                2 => panic!("a sink with a bug"),
                _ => self.0.accept(round),
            }
        }
    }
    let log = RoundLog::default();
    let sink = Box::new(Picky(log.clone(), 0));
    let lab = Lab::with_sink(vec![spec("A", ScriptedProbe::new([]))], log, sink);
    pass(140.0).await;
    assert_eq!(story(&lab.log, "A"), reads(&[(120, "3/0")]));
    assert_eq!(lab.engine.status().sink_errors, 2);
}

/// A probe that blocks its thread until it is released.
#[derive(Debug)]
struct Blocks {
    descriptor: ProbeDescriptor,
    release: Mutex<mpsc::Receiver<()>>,
    entered: AtomicUsize,
}

#[async_trait::async_trait]
impl Probe for Blocks {
    fn descriptor(&self) -> &ProbeDescriptor {
        &self.descriptor
    }

    async fn measure(&self, _round: &mut RoundCx<'_>) -> Result<(), ProbeError> {
        self.entered.fetch_add(1, Ordering::Relaxed);
        let _ = self.release.lock().unwrap().recv();
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probe_that_blocks_its_thread_costs_one_thread_and_only_its_own_rounds() {
    let (release, gate) = mpsc::channel();
    let blocks = Arc::new(Blocks {
        descriptor: ProbeDescriptor::new("Blocks", "Nothing"),
        release: Mutex::new(gate),
        entered: AtomicUsize::new(0),
    });
    let (rounds, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let sink = move |round: &Round| drop(rounds.send(round.clone()));
    let secondly = |name: &str, probe| {
        let mut series = spec(name, probe);
        series.step = Step::from_secs(1).unwrap();
        series
    };
    let engine = Engine::start(
        EngineConfig::new(Arc::new(NoResolver)),
        vec![
            secondly("Blocked", Arc::<Blocks>::clone(&blocks)),
            secondly("A", ScriptedProbe::new([])),
            secondly("B", ScriptedProbe::new([])),
        ],
        Box::new(sink),
    );
    // Two hung rounds of the blocked series: the second was never started, and the others go on meanwhile. A machine that
    // is too busy for a round a second misses some.
    let (mut hung, mut measured) = (0, [0, 0]);
    while hung < 2 || measured.contains(&0) {
        let round = seen.recv().await.unwrap();
        match round.series.to_string().as_str() {
            "Blocked" if round.result == RoundResult::Unknown(UnknownReason::Missed) => {}
            "Blocked" => {
                assert_eq!(round.result, RoundResult::Unknown(UnknownReason::Hung));
                hung += 1;
            }
            "A" => measured[0] += usize::from(round.measured().is_some()),
            _ => measured[1] += usize::from(round.measured().is_some()),
        }
    }
    assert_eq!(blocks.entered.load(Ordering::Relaxed), 1);
    assert_eq!(engine.status().stuck, 1);
    release.send(()).unwrap();
    // Released, it is measured again.
    while blocks.entered.load(Ordering::Relaxed) < 2 {
        seen.recv().await.unwrap();
    }
    drop(release);
    engine.shutdown(Duration::ZERO).await;
}
