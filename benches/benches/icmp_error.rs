//! How far the RTTs are from those on the wire: a packet capture of the same packets, through a TUN responder with set
//! delays. The machine idle, and with 8 busy processes. fping beside it, measured against its own packets in the same
//! capture. Needs root, tcpdump and fping.
//!
//! `cargo bench -p smokeprobe-benches --bench icmp_error`

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use smokeprobe_benches::pcap::{Capture, Seen};
use smokeprobe_benches::sample::quantile;
use smokeprobe_core::probes::icmp::{IcmpOptions, IcmpProbe, Pinger};
use smokeprobe_core::sim::netns::isolated;
use smokeprobe_core::sim::responder::{Answer, Responder};
use smokeprobe_core::sim::tun::Tun;
use smokeprobe_core::{
    Clock, Host, Outcome, Probe as _, Recorder, RoundCx, RoundOrder, SeriesId, Slot, Step, SystemClock, SystemResolver,
};

const HOSTS: u8 = 100;
const PINGS: u32 = 50;

fn main() {
    println!("error of the RTT against a packet capture, {HOSTS} hosts x {PINGS} pings, delays of 0 to 20 ms");
    isolated("main", || {
        let manner = |ping: smokeprobe_core::sim::responder::Ping| {
            let IpAddr::V4(address) = ping.to else { return vec![] };
            let delay = Duration::from_millis(u64::from(address.octets()[3] % 5) * 5);
            vec![(delay, Answer::Echo)]
        };
        let _responder = Responder::start(Tun::new("probe0"), manner);
        compare("idle");
        let busy: Vec<Busy> = (0..8).map(|_| Busy::start()).collect();
        compare("8 busy processes");
        drop(busy);
    });
}

fn compare(what: &str) {
    println!("\n{what}");
    let folder = tempfile::tempdir().expect("a folder for the capture");
    for (who, ping) in [("fping", fping as fn() -> Vec<Vec<Option<f64>>>), ("smokeprobe", smokeprobe)] {
        let capture = Capture::start("probe0", folder.path());
        let measured = ping();
        let wire = on_the_wire(&capture.finish());
        let mut errors = Vec::new();
        let mut missing = 0;
        for (host, pings) in hosts().zip(&measured) {
            // The nth packet to a host is its nth ping, whatever number it had.
            for (n, rtt) in pings.iter().enumerate() {
                match (rtt, wire.get(&host).and_then(|wire| wire.get(n)).copied().flatten()) {
                    (Some(rtt), Some(wire)) => errors.push((rtt - wire).abs() * 1000.0),
                    (None, None) => {}
                    _ => missing += 1,
                }
            }
        }
        let [p50, p99, worst] = [0.5, 0.99, 1.0].map(|share| quantile(&mut errors, share));
        println!(
            "  {who:<11} p50 {p50:8.2} us, p99 {p99:8.2} us, worst {worst:8.2} us of {} pings ({missing} only in one)",
            errors.len()
        );
    }
}

/// The RTTs in milliseconds on the wire, by host, in the order of the requests.
fn on_the_wire(seen: &[Seen]) -> HashMap<Ipv4Addr, Vec<Option<f64>>> {
    let mut hosts: HashMap<Ipv4Addr, Vec<(u16, i64, Option<f64>)>> = HashMap::new();
    for packet in seen {
        let pings = hosts.entry(packet.host).or_default();
        if packet.reply {
            if let Some(ping) = pings.iter_mut().rev().find(|(seq, ..)| *seq == packet.seq) {
                ping.2 = Some((packet.at - ping.1) as f64 / 1e6);
            }
        } else {
            pings.push((packet.seq, packet.at, None));
        }
    }
    hosts.into_iter().map(|(host, pings)| (host, pings.into_iter().map(|(.., rtt)| rtt).collect())).collect()
}

fn hosts() -> impl Iterator<Item = Ipv4Addr> {
    (0..HOSTS).map(|n| Ipv4Addr::new(10, 99, 1, n + 1))
}

fn fping() -> Vec<Vec<Option<f64>>> {
    let mut command = Command::new("fping");
    command.args(["-C", &PINGS.to_string(), "-q", "-B1", "-r1", "-i1", "-p100"]);
    command.args(hosts().map(|host| host.to_string()));
    let output = command.output().unwrap_or_else(|error| panic!("fping: {error}; apt-get install fping"));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let pings = text.lines().filter_map(|line| line.split_once(" : ")).map(|(_, pings)| pings);
    pings.map(|pings| pings.split_whitespace().map(|ping| ping.parse().ok()).collect()).collect()
}

fn smokeprobe() -> Vec<Vec<Option<f64>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let options = IcmpOptions {
            gap: Duration::from_millis(1),
            interval: Duration::from_millis(100),
            timeout: Some(Duration::from_millis(500)),
            ..IcmpOptions::default()
        };
        let probe = IcmpProbe::new(&Pinger::new(), options);
        let resolver = SystemResolver::new(Arc::new(SystemClock));
        let hosts: Vec<Host> = hosts().map(|host| Host::Address(host.into())).collect();
        let rounds = hosts.iter().map(|host| measure(&probe, host, &resolver));
        let rounds = futures_util::future::join_all(rounds).await;
        let rtts = |outcomes: Vec<Option<Outcome>>| {
            let rtt = |outcome| match outcome {
                Some(Outcome::Answered { rtt, .. }) => Some(rtt.as_millis_f64()),
                _ => None,
            };
            outcomes.into_iter().map(rtt).collect()
        };
        rounds.into_iter().map(rtts).collect()
    })
}

/// What became of each sample, in order.
async fn measure(probe: &IcmpProbe, host: &Host, resolver: &SystemResolver) -> Vec<Option<Outcome>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let series = SeriesId::local("Bench".parse().expect("a path"));
    let order = RoundOrder { series, slot: Slot::containing(clock.wall(), Step::DEFAULT), pings: PINGS };
    let recorder = Recorder::new(PINGS);
    let deadline = clock.mono() + Duration::from_secs(300);
    let mut round = RoundCx::new(&order, host, deadline, recorder.clone(), resolver, &clock);
    probe.measure(&mut round).await.expect("an ICMP socket");
    recorder.outcomes()
}

/// A process that does nothing, as fast as it can.
struct Busy(Child);

impl Busy {
    fn start() -> Self {
        let spin = Command::new("sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn();
        Self(spin.expect("sh"))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
