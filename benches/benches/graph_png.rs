//! The PNG of a target's graph, 697×297 with 20 pings, from the daemon as a process of its own: the first ones after its
//! start, and later ones. Beside `rrdtool graph`, which draws the same smoke as stacked areas, as a CGI would run it.
//!
//! `cargo bench -p smokeprobe-benches --bench graph_png`

use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use smokeprobe_benches::history::{self, PINGS, RANGES};
use smokeprobe_benches::http::{self, Connection};
use smokeprobe_benches::process::{Running, daemon, free_address};
use smokeprobe_benches::sample::quantile;
use smokeprobe_core::{SeriesId, Slot, Step};
use smokeprobe_server::config::load;
use smokeprobe_store::{Archive, RrdStore, RrdStoreConfig};

const STARTS: usize = 3;
const REQUESTS: usize = 50;
const COMMANDS: usize = 10;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    #[expect(clippy::disallowed_methods, reason = "the daemon lives in the present, and so does its history")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
    let config = folder.path().join("config");
    fs::create_dir(folder.path().join("data"))?;
    fs::write(&config, text(folder.path()))?;
    let file = fill(&config, &folder.path().join("data"), now)?;
    let program = daemon();

    let mut first = vec![Vec::new(); RANGES.len()];
    let mut later = vec![Vec::new(); RANGES.len()];
    let mut sizes = [0; RANGES.len()];
    for _ in 0..STARTS {
        let address = free_address();
        let mut command = Command::new(&program);
        let _running = Running::start(command.arg("--config").arg(&config).args(["--listen", &address.to_string()]))?;
        let mut connection = connect(address)?;
        for (index, (_, seconds)) in RANGES.iter().enumerate() {
            let path = format!("/graph/Bench.Beijing.png?from={}&to={now}&width=697&height=297", now - seconds);
            first[index].push(timed(|| Ok(connection.get(&path, "").map(|size| sizes[index] = size)?))?);
            for _ in 0..REQUESTS {
                later[index].push(timed(|| Ok(connection.get(&path, "").map(drop)?))?);
            }
        }
    }
    println!("{STARTS} starts, {REQUESTS} requests each; milliseconds");
    println!(
        "  {:<6} {:>17} {:>15} {:>6} {:>24}",
        "range", "first, at worst", "p50 / p99", "KB", "rrdtool graph p50 / worst"
    );
    for (index, (name, seconds)) in RANGES.iter().enumerate() {
        let mut peer = Vec::new();
        for _ in 0..COMMANDS {
            peer.push(timed(|| rrdtool_graph(&file, now - seconds, now))?);
        }
        let (p50, p99) = (quantile(&mut later[index], 0.5), quantile(&mut later[index], 0.99));
        let (worst, peer, peer_worst) =
            (quantile(&mut first[index], 1.0), quantile(&mut peer, 0.5), quantile(&mut peer, 1.0));
        let kilobytes = sizes[index] as f64 / 1e3;
        println!(
            "  {name:<6} {worst:17.1} {:>15} {kilobytes:6.1} {:>24}",
            format!("{p50:.1} / {p99:.1}"),
            format!("{peer:.1} / {peer_worst:.1}")
        );
    }
    Ok(())
}

/// One target that is measured once in five minutes, with SmokePing's archives.
fn text(folder: &Path) -> String {
    format!(
        "*** General ***\nowner = bench\ncontact = bench@localhost.localdomain\ndatadir = {}/data\n*** Database ***\nstep = 300\n\
         pings = {PINGS}\nAVERAGE 0.5 1 1008\nAVERAGE 0.5 12 4320\nMIN 0.5 12 4320\nMAX 0.5 12 4320\nAVERAGE 0.5 144 720\n\
         MAX 0.5 144 720\nMIN 0.5 144 720\n*** Probes ***\n+ FPing\nbinary = /usr/bin/fping\n*** Targets ***\nprobe = FPing\n\
         menu = Top\ntitle = Bench\n+ Bench\nmenu = Bench\ntitle = Bench\n++ Beijing\nmenu = Beijing\ntitle = AWS北京区S3\n\
         host = 127.0.0.1\n",
        folder.display()
    )
}

/// A year of rounds before `now`. The file that holds them.
fn fill(config: &Path, data: &Path, now: i64) -> Outcome<PathBuf> {
    let plan = load(config).plan;
    let archives = plan.ok_or("a plan")?.database.archives.into_iter().map(|archive| Archive {
        consolidation: archive.consolidation,
        xff: archive.xff,
        steps: archive.steps,
        rows: archive.rows,
    });
    let store = RrdStore::open(RrdStoreConfig::new(data, archives.collect()))?;
    let series: SeriesId = "Bench.Beijing".parse()?;
    history::year(&store, &series, Slot::ending_at(now, Step::DEFAULT).plus(-1))?;
    Ok(store.path_of(&series))
}

/// A connection once the daemon is ready, a second after which its start is over.
#[expect(clippy::disallowed_methods, reason = "a bench of a daemon waits for its start")]
fn connect(address: SocketAddr) -> Outcome<Connection> {
    for _ in 0..200 {
        std::thread::sleep(Duration::from_millis(50));
        if http::get(address, "/healthz").is_ok() {
            std::thread::sleep(Duration::from_secs(1));
            return Ok(Connection::open(address)?);
        }
    }
    Err("the daemon does not answer within 10 s".into())
}

/// Ten bands of smoke between pairs of pings, and the median.
fn rrdtool_graph(file: &Path, from: i64, to: i64) -> Outcome<()> {
    let mut command = Command::new("rrdtool");
    command.args(["graph", "-", "--width", "600", "--height", "200", "--title", "AWS北京区S3"]);
    command.args(["--start", &from.to_string(), "--end", &to.to_string()]);
    let file = file.display();
    command.arg(format!("DEF:median={file}:median:AVERAGE"));
    for ping in 1..=PINGS {
        command.arg(format!("DEF:p{ping}={file}:ping{ping}:AVERAGE"));
    }
    for band in 1..=PINGS / 2 {
        let (top, grey) = (PINGS + 1 - band, 0xdd - 0x11 * band);
        command.arg(format!("CDEF:b{band}=p{top},p{band},-"));
        command.arg(format!("AREA:p{band}")).arg(format!("STACK:b{band}#{grey:02x}{grey:02x}{grey:02x}"));
    }
    let output = command.arg("LINE2:median#00ff00").output()?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
}

fn timed(mut run: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
    let start = Instant::now();
    run()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
