//! The daemon at work: processor time a round and memory, beside Debian's SmokePing with the same configuration; and alone
//! with ten thousand targets.
//!
//! `cargo bench -p smokeprobe-benches --bench daemon [-- thousand|ten-thousand]`

mod config;

use std::env;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use config::Scenario;
use smokeprobe_benches::http::{self, sum};
use smokeprobe_benches::process::{Cost, Running, daemon, free_address};

/// Rounds that are measured, after a first one in which the files are made.
const ROUNDS: u32 = 3;

/// When in the step a round is over for sure, and the next one far away.
const QUIET: Duration = Duration::from_secs(55);

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    if wanted("thousand") {
        println!("1,000 targets x 20 pings a minute, 1 ms between packets, the mean of {ROUNDS} rounds");
        let scenario = Scenario { targets: 1000, gap: "0.001", rows: 288 };
        let theirs = smokeping(&scenario);
        let ours = smokeprobe(&scenario);
        println!("  ratio of CPU {:.3}", ours / theirs);
    }
    if wanted("ten-thousand") {
        println!("10,000 targets x 20 pings a minute, 0.2 ms between packets, the mean of {ROUNDS} rounds");
        smokeprobe(&Scenario { targets: 10_000, gap: "0.0002", rows: 60 });
    }
}

/// Debian's daemon, with its fping.
fn smokeping(scenario: &Scenario) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = scenario.write(folder.path()).expect("a configuration");
    let mut command = Command::new("smokeping");
    command.arg(format!("--config={}", config.display())).arg("--nodaemon");
    let mut running = Running::start(&mut command)
        .unwrap_or_else(|error| panic!("cannot start SmokePing: {error}; apt-get install smokeping fping"));
    let cost = measure(&mut running);
    report("SmokePing", cost.0, cost.1)
}

fn smokeprobe(scenario: &Scenario) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = scenario.write(folder.path()).expect("a configuration");
    let address = free_address();
    let mut command = Command::new(daemon());
    command.arg("--config").arg(&config).args(["--listen", &address.to_string()]);
    let mut running = Running::start(&mut command).expect("the daemon starts");
    let cost = measure(&mut running);
    let cpu = report("smokeprobe", cost.0, cost.1);
    let metrics = http::get(address, "/metrics").expect("its metrics");
    for name in ["smokeprobe_rounds_dropped", "smokeprobe_suspect_rounds", "smokeprobe_receive_overflows"] {
        println!("    {name} {}", sum(&metrics, name));
    }
    let unknown = sum(&metrics, "smokeprobe_unknown_rounds");
    println!("    rounds {}, of them unknown {unknown}", sum(&metrics, "smokeprobe_rounds"));
    println!(
        "    pings sent {}, lost {}",
        sum(&metrics, "smokeprobe_pings_sent"),
        sum(&metrics, "smokeprobe_pings_lost")
    );
    cpu
}

/// What the rounds cost together, and the memory at the end.
fn measure(running: &mut Running) -> (Duration, Cost) {
    wait_for_quiet();
    // The first round may have begun in the middle of a step.
    wait_for_quiet();
    let before = running.cost().expect("it runs");
    for _ in 0..ROUNDS {
        wait_for_quiet();
    }
    let after = running.cost().expect("it still runs");
    (after.cpu.saturating_sub(before.cpu), after)
}

fn report(who: &str, cpu: Duration, cost: Cost) -> f64 {
    let a_round = cpu.as_secs_f64() / f64::from(ROUNDS);
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!(
        "  {who:<11} {a_round:7.3} s CPU a round, {:6.1} MiB resident, {:6.1} MiB at most",
        mebibytes(cost.resident),
        mebibytes(cost.peak)
    );
    a_round
}

/// Sleeps until the quiet time of the step that comes next.
#[expect(clippy::disallowed_methods, reason = "a bench of a daemon waits for its rounds")]
fn wait_for_quiet() {
    let step = config::STEP.as_nanos();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_nanos();
    let into = now % step;
    let left = (QUIET.as_nanos() + step - into - 1) % step + 1;
    std::thread::sleep(Duration::from_nanos(left as u64));
}
