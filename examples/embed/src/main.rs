//! An engine that measures, in 40 lines: three rounds of five pings to this machine, one round a second.

use std::sync::Arc;
use std::time::Duration;

use smokeprobe_core::probes::icmp::{IcmpOptions, IcmpProbe, Pinger};
use smokeprobe_core::{
    Clock, Engine, EngineConfig, Host, Offset, Round, SeriesSpec, Step, SystemClock, SystemResolver,
};
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = IcmpOptions { interval: Duration::from_millis(20), ..IcmpOptions::default() };
    let spec = SeriesSpec {
        series: "Example.Loopback".parse()?,
        host: Host::from("127.0.0.1"),
        probe: Arc::new(IcmpProbe::new(&Pinger::default(), options)),
        step: Step::from_secs(1).ok_or("a step is at least a second")?,
        pings: 5,
        offset: Offset::Spread,
        last: None,
    };

    let (sender, mut rounds) = mpsc::unbounded_channel();
    let sink = move |round: &Round| drop(sender.send(round.clone()));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let config = EngineConfig::new(Arc::new(SystemResolver::new(clock)));
    let engine = Engine::start(config, vec![spec], Box::new(sink));

    for _ in 0..3 {
        let Some(Round { series, pings, result, .. }) = rounds.recv().await else { break };
        println!("{series}, {pings} pings: {result:?}");
    }
    engine.shutdown(Duration::ZERO).await;
    Ok(())
}
