//! Data of one series over 3 hours, 30 hours, 10 days and 360 days, over HTTP on loopback, beside `rrdtool fetch` of
//! the same file: in one long-lived `rrdtool -`, and as a command of its own as a CGI would run it.
//!
//! `cargo bench -p smokeprobe-benches --bench http_series`

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use smokeprobe_benches::history::{self, PINGS, RANGES};
use smokeprobe_benches::http::Connection;
use smokeprobe_benches::rrdtool::Rrdtool;
use smokeprobe_benches::sample::quantile;
use smokeprobe_core::{Clock, MonoTime, SeriesId, Slot, Step, WallTime};
use smokeprobe_server::config::{InMemory, load_from};
use smokeprobe_server::live::Live;
use smokeprobe_server::web::{Metrics, Readiness, WebState, router, serve};
use smokeprobe_store::{Archive, RrdStore, RrdStoreConfig, Store};

const REQUESTS: usize = 2000;
const COMMANDS: usize = 100;

/// 2026-11-22 12:00:00 UTC, the end of the history.
const NOW: i64 = 1_795_348_800;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let plan = "*** Targets ***\nprobe = FPing\n+ Bench\nmenu = Bench\ntitle = Bench\nhost = 192.0.2.1\n";
    let plan = load_from(&InMemory::default().with("config", plan), Path::new("config")).plan.ok_or("a plan")?;
    let archives = plan.database.archives.iter().map(|archive| Archive {
        consolidation: archive.consolidation,
        xff: archive.xff,
        steps: archive.steps,
        rows: archive.rows,
    });
    let store = RrdStore::open(RrdStoreConfig::new(folder.path(), archives.collect()))?;
    let series: SeriesId = "Bench".parse()?;
    history::year(&store, &series, Slot::ending_at(NOW, Step::DEFAULT))?;
    let file = store.path_of(&series);

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let address = start(&runtime, plan, Arc::new(store))?;
    let mut http = Connection::open(address)?;
    let mut rrdtool = Rrdtool::start()?;

    println!("{REQUESTS} requests each, {PINGS} pings, SmokePing's archives; milliseconds");
    println!(
        "  {:<6} {:>21} {:>9} {:>21} {:>17}",
        "range", "HTTP p50 / p99", "KB", "rrdtool - p50 / p99", "rrdtool p50 / p99"
    );
    for (name, seconds) in RANGES {
        let from = NOW - seconds;
        let mut size = 0;
        let ours = timed(REQUESTS, || {
            size = http.get(&format!("/api/v1/series/Bench?from={from}&to={NOW}"), "")?;
            Ok(())
        })?;
        let peer = timed(REQUESTS, || Ok(rrdtool.fetch(&file, from, NOW)?))?;
        let command = timed(COMMANDS, || fetch_once(&file, from))?;
        let pair = |(p50, p99): (f64, f64)| format!("{p50:.2} / {p99:.2}");
        println!("  {name:<6} {:>21} {:>9.1} {:>21} {:>17}", pair(ours), size as f64 / 1e3, pair(peer), pair(command));
    }
    Ok(())
}

/// A clock that stands at the end of the history.
#[derive(Debug)]
struct AtTheEnd;

impl Clock for AtTheEnd {
    fn mono(&self) -> MonoTime {
        MonoTime::ORIGIN
    }

    fn wall(&self) -> WallTime {
        WallTime::from_unix_secs(NOW)
    }
}

fn start(
    runtime: &tokio::runtime::Runtime,
    plan: smokeprobe_server::config::Plan,
    store: Arc<dyn Store>,
) -> Outcome<SocketAddr> {
    let live = Arc::new(Live::new(Arc::new(plan)));
    let readiness = Arc::new(Readiness::default());
    readiness.measuring();
    let state = WebState::new(live, store, Arc::new(AtTheEnd), Arc::new(Metrics::default()), readiness);
    let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))?;
    let address = listener.local_addr()?;
    runtime.spawn(serve(listener, router(state), std::future::pending()));
    Ok(address)
}

/// The median and the 99th percentile of `count` runs, in milliseconds.
fn timed(count: usize, mut run: impl FnMut() -> Outcome<()>) -> Outcome<(f64, f64)> {
    run()?;
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
        let start = Instant::now();
        run()?;
        took.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok((quantile(&mut took, 0.5), quantile(&mut took, 0.99)))
}

fn fetch_once(file: &Path, from: i64) -> Outcome<()> {
    let mut command = Command::new("rrdtool");
    command.arg("fetch").arg(file).args(["AVERAGE", "--start", &from.to_string(), "--end", &NOW.to_string()]);
    let output = command.output()?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
}
