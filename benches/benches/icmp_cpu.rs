//! Processor time a ping, 1,000 loopback targets × 20: the probe beside Debian's fping, each in a process of its own.
//!
//! `cargo bench -p smokeprobe-benches --bench icmp_cpu [-- paced|flat]`

use std::env;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use smokeprobe_benches::usage::{self, Usage};
use smokeprobe_core::conformance::measure_once;
use smokeprobe_core::probes::icmp::{IcmpOptions, IcmpProbe, Pinger};
use smokeprobe_core::{Host, SystemClock, SystemResolver};

const TARGETS: u32 = 1000;
const PINGS: u32 = 20;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "--child") {
        let micros = |n: usize| Duration::from_micros(arguments[place + n].parse().expect("microseconds"));
        return child(micros(1), micros(2));
    }
    let wanted = |name: &str| {
        let named = arguments[1..].iter().filter(|argument| !argument.starts_with('-'));
        named.clone().count() == 0 || named.clone().any(|argument| argument == name)
    };
    println!("{TARGETS} targets x {PINGS} pings, loopback; CPU is user and system time of the whole process");
    if wanted("paced") {
        compare("1 ms between packets", &["-i1"], Duration::from_millis(1), Duration::from_secs(1));
    }
    if wanted("flat") {
        compare("flat out", &["-i0", "-p1"], Duration::ZERO, Duration::ZERO);
    }
}

fn compare(what: &str, fping: &[&str], gap: Duration, interval: Duration) {
    println!("\n{what}");
    let hosts = hosts();
    let mut command = Command::new("fping");
    command.args(["-C", &PINGS.to_string(), "-q", "-B1", "-r1"]).args(fping).args(&hosts);
    let (theirs, took) = timed(&mut command);
    let answered: usize =
        theirs.output.lines().filter_map(|line| line.split_once(" : ")).map(|(_, pings)| answers(pings)).sum();
    let fping = report("fping", &theirs, took, answered, "");

    let mut command = Command::new(env::current_exe().expect("the path of this program"));
    command.arg("--child").args([gap, interval].map(|duration| duration.as_micros().to_string()));
    let (ours, took) = timed(&mut command);
    let (answered, rest) = ours.output.trim().split_once(' ').expect("the child's report");
    let smokeprobe = report("smokeprobe", &ours, took, answered.parse().expect("a number"), rest);
    println!("  ratio {:.3}", smokeprobe / fping);
}

fn timed(command: &mut Command) -> (Usage, Duration) {
    let start = now();
    let usage = usage::run(command).unwrap_or_else(|error| panic!("{command:?}: {error}; apt-get install fping"));
    (usage, start.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}

fn report(who: &str, usage: &Usage, took: Duration, answered: usize, rest: &str) -> f64 {
    let all = TARGETS * PINGS;
    let each = usage.cpu.as_secs_f64() * 1e6 / f64::from(all);
    println!(
        "  {who:<11} {each:6.2} us CPU a ping, {:8.0} pings/s, {answered} of {all} answered, {:4.1} MiB {rest}",
        f64::from(all) / took.as_secs_f64(),
        usage.resident as f64 / f64::from(1 << 20),
    );
    each
}

fn answers(pings: &str) -> usize {
    pings.split_whitespace().filter(|ping| *ping != "-").count()
}

fn hosts() -> Vec<String> {
    (0..TARGETS).map(|n| format!("127.1.{}.{}", n / 250, n % 250 + 1)).collect()
}

/// The measured process: pings, and says how many answers there were, and by whose stamps.
fn child(gap: Duration, interval: Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let pinger = Pinger::new();
        let options = IcmpOptions { gap, interval, timeout: Some(Duration::from_secs(1)), ..IcmpOptions::default() };
        let probe = IcmpProbe::new(&pinger, options);
        let resolver = SystemResolver::new(Arc::new(SystemClock));
        let hosts: Vec<Host> = hosts().iter().map(|host| host.as_str().into()).collect();
        let rounds = hosts.iter().map(|host| measure_once(&probe, host, PINGS, &resolver));
        // The sockets open once, and are no part of the rate.
        probe.open().expect("an ICMP socket");
        let start = now();
        let rounds = futures_util::future::join_all(rounds).await;
        let rate = f64::from(TARGETS * PINGS) / start.elapsed().as_secs_f64();
        let answered: usize = rounds
            .into_iter()
            .map(|round| round.expect("an ICMP socket").map_or(0, |measured| measured.rtts().len()))
            .sum();
        let counters = pinger.counters();
        println!(
            "{answered} ({rate:.0} pings/s while pinging, kernel stamps {}, waits {}, overflows {}, worst timer {:?})",
            counters.kernel_stamps, counters.send_waits, counters.receive_overflows, counters.worst_lateness
        );
    });
}
