//! Viewers of the live stream beside the measuring: 200 of the states of all, 20 of them of the rounds of 32 series too, while
//! 1,000 targets are measured every 10 s. No round may be late for them.
//!
//! `cargo bench -p smokeprobe-benches --bench live [-- DAEMON]`, with the program to start; without it, it is built first.

use std::env;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use smokeprobe_benches::http::{self, sum};
use smokeprobe_benches::process::{Running, daemon, free_address};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

const TARGETS: usize = 1000;

const VIEWERS: usize = 200;

/// Of them, those that see rounds too.
const CLOSE: usize = 20;

/// Until every target has a file and a first round.
const WARM: Duration = Duration::from_secs(20);

/// How long is measured.
const TIME: Duration = Duration::from_secs(60);

/// What the viewers saw together.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    bytes: usize,
    states: usize,
    rounds: usize,
    /// Viewers whose stream ended.
    ended: usize,
}

fn main() {
    println!("{TARGETS} targets x 5 pings every 10 s, for {} s", TIME.as_secs());
    let given = env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let program = given.map_or_else(daemon, PathBuf::from);
    run(&program, "without viewers", 0);
    run(&program, &format!("with {VIEWERS} viewers"), VIEWERS);
}

fn run(program: &Path, what: &str, viewers: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = write(folder.path()).expect("a configuration");
    let address = free_address();
    let mut command = Command::new(program);
    command.arg("--config").arg(&config).args(["--listen", &address.to_string()]);
    let mut running = Running::start(&mut command).expect("the daemon starts");
    wait(WARM);
    let before = (running.cost().expect("it runs"), http::get(address, "/metrics").expect("its metrics"));
    // The viewers have a thread of their own; they read as browsers do, whatever comes.
    let watching = thread::spawn(move || watch(address, viewers));
    wait(TIME);
    let after = (running.cost().expect("it still runs"), http::get(address, "/metrics").expect("its metrics"));
    let seen = watching.join().expect("the viewers");

    let gone = |name: &str| sum(&after.1, name) - sum(&before.1, name);
    println!("  {what}");
    println!(
        "    rounds {}, slots missed {}, suspect {}, dropped {}; a round started late by {:.1} ms at worst since the start",
        gone("smokeprobe_rounds"),
        sum(&after.1, "smokeprobe_slots_missed"),
        sum(&after.1, "smokeprobe_suspect_rounds"),
        sum(&after.1, "smokeprobe_rounds_dropped"),
        sum(&after.1, "smokeprobe_round_worst_lateness_seconds") * 1e3,
    );
    println!(
        "    CPU {:.2} s, resident {:.1} MiB",
        after.0.cpu.saturating_sub(before.0.cpu).as_secs_f64(),
        after.0.resident as f64 / f64::from(1 << 20)
    );
    if viewers > 0 {
        println!(
            "    the viewers saw {} batches of states and {} rounds in {:.1} MB; {} streams ended",
            seen.states,
            seen.rounds,
            seen.bytes as f64 / 1e6,
            seen.ended
        );
    }
}

/// What `viewers` see in less than [`TIME`].
fn watch(address: SocketAddr, viewers: usize) -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut all = JoinSet::new();
        for viewer in 0..viewers {
            all.spawn(async move { view(address, viewer).await.expect("the stream") });
        }
        all.join_all().await.into_iter().fold(Seen::default(), |sum, seen| Seen {
            bytes: sum.bytes + seen.bytes,
            states: sum.states + seen.states,
            rounds: sum.rounds + seen.rounds,
            ended: sum.ended + seen.ended,
        })
    })
}

async fn view(address: SocketAddr, viewer: usize) -> io::Result<Seen> {
    let mut query = "states=1".to_owned();
    if viewer < CLOSE {
        let series: Vec<String> = (0..32).map(|n| format!("All.T{}", viewer * 32 + n)).collect();
        query = format!("{query}&series={}", series.join(","));
    }
    // One address has a share of the streams; all of 127/8 is this machine.
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 1, (viewer / 32) as u8 + 1], 0)))?;
    let mut stream = socket.connect(address).await?;
    stream.write_all(format!("GET /api/v1/live?{query} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    let (mut seen, mut buffer) = (Seen::default(), vec![0; 1 << 16]);
    let end = tokio::time::timeout(TIME.saturating_sub(Duration::from_secs(2)), async {
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(read) => {
                    let text = String::from_utf8_lossy(&buffer[..read]);
                    // One that is cut in two by a read is missed, which is seldom and harms nothing.
                    seen.states += text.matches("event: states").count();
                    seen.rounds += text.matches("event: round").count();
                    seen.bytes += read;
                }
            }
        }
    });
    seen.ended = end.await.is_ok().into();
    Ok(seen)
}

#[expect(clippy::disallowed_methods, reason = "a bench of a daemon waits for its rounds")]
fn wait(time: Duration) {
    thread::sleep(time);
}

fn write(folder: &Path) -> io::Result<PathBuf> {
    std::fs::create_dir(folder.join("data"))?;
    let mut text = format!(
        "*** General ***\ndatadir = {}/data\n*** Database ***\nstep = 10\npings = 5\nAVERAGE 0.5 1 360\n\
         *** Probes ***\n+ FPing\nbinary = /usr/bin/fping\nmininterval = 0.001\nhostinterval = 0.5\ntimeout = 1\n\
         *** Targets ***\nprobe = FPing\nmenu = Top\ntitle = Top\n+ All\nmenu = All\ntitle = All\n",
        folder.display()
    );
    for n in 0..TARGETS {
        let (high, low) = (n / 250, n % 250 + 1);
        // Writing to a String cannot fail.
        let _ = write!(text, "++ T{n}\nmenu = T{n}\ntitle = T{n}\nhost = 127.1.{high}.{low}\n");
    }
    let path = folder.join("config");
    let mut file = std::fs::File::create(&path)?;
    file.write_all(text.as_bytes())?;
    Ok(path)
}
