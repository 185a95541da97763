//! What the page reads, over HTTP on loopback: the first page of ten thousand targets, and the overview of a hundred beside
//! `rrdtool fetch` of the same files in one long-lived `rrdtool -`, with the files in memory and read from the disk.
//!
//! `cargo bench -p smokeprobe-benches --bench http_page`

use std::error::Error;
use std::fmt::Write as _;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use smokeprobe_benches::http::Connection;
use smokeprobe_benches::rrdtool::Rrdtool;
use smokeprobe_benches::sample::quantile;
use smokeprobe_core::{Clock, Measured, MonoTime, Round, RoundResult, RoundSink as _, Rtt, Slot, Step, WallTime};
use smokeprobe_server::config::{InMemory, Plan, load_from};
use smokeprobe_server::live::{Live, LiveSink};
use smokeprobe_server::web::{Metrics, Readiness, WebState, router, serve};
use smokeprobe_store::{Archive, RrdStore, RrdStoreConfig, Store};

const SECTIONS: usize = 100;
const TARGETS: usize = 100;
const PINGS: u32 = 20;
/// Rounds that are stored: a day and a half.
const ROUNDS: i64 = 432;
const HOURS: i64 = 10;
const REQUESTS: usize = 300;
const COLD: usize = 20;
const GZIP: &str = "accept-encoding: gzip\r\n";

/// 2026-11-22 12:00:00 UTC, the end of the history.
const NOW: i64 = 1_795_348_800;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let plan = load_from(&InMemory::default().with("config", config()), Path::new("config")).plan.ok_or("a plan")?;
    let archives = plan.database.archives.iter().map(|archive| Archive {
        consolidation: archive.consolidation,
        xff: archive.xff,
        steps: archive.steps,
        rows: archive.rows,
    });
    let store = RrdStore::open(RrdStoreConfig::new(folder.path(), archives.collect()))?;
    let files = fill(&store, &plan)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let address = start(&runtime, plan, Arc::new(store))?;

    first_page(&mut Connection::open(address)?)?;
    overview(&mut Connection::open(address)?, &files)
}

/// Ten thousand targets in a hundred sections, with titles of their own.
fn config() -> String {
    let cities = ["北京", "上海", "广州", "深圳", "成都", "杭州", "武汉", "西安", "宁夏", "南京"];
    let kinds = ["核心交换机", "对象存储", "控制台", "数据库", "负载均衡", "域名解析", "堡垒机", "镜像仓库"];
    let mut text = "*** Alerts ***\nto = ops@example.net\nfrom = noc@example.net\n+ someloss\ntype = loss\npattern = >0%,*12*,>0%\n\
        comment = some loss\n*** Targets ***\nprobe = FPing\nmenu = 总览\ntitle = 全网往返时延\n"
        .to_owned();
    for section in 0..SECTIONS {
        let city = cities[section % cities.len()];
        let _ = write!(
            text,
            "+ Room{section:02}\nmenu = {city}{section:02}机房\ntitle = {city}{section:02}机房的时延与丢包\n"
        );
        for target in 0..TARGETS {
            let kind = kinds[(section * 7 + target * 3) % kinds.len()];
            let _ = write!(
                text,
                "++ Host{target:02}\nmenu = {kind} {target:02}\ntitle = {city}{section:02}机房 {kind} {target:02}\n\
                 host = 10.{section}.{target}.{}\nalerts = someloss\n",
                section * 31 % 250 + 1
            );
        }
    }
    text
}

/// A day and a half of rounds of the first section's targets; their files.
fn fill(store: &RrdStore, plan: &Plan) -> Outcome<Vec<PathBuf>> {
    let last = Slot::ending_at(NOW, Step::DEFAULT);
    let mut files = Vec::new();
    for target in plan.targets().take(TARGETS) {
        let series = smokeprobe_core::SeriesId::local(target.path.clone());
        for back in (0..ROUNDS).rev() {
            store.append(&round(series.clone(), last.plus(-back), files.len()))?;
        }
        files.push(store.path_of(&series));
    }
    store.sync()?;
    Ok(files)
}

/// A round of the target number `place`, one in fifty with a loss.
fn round(series: smokeprobe_core::SeriesId, slot: Slot, place: usize) -> Round {
    let lost = u32::from(slot.index() % 50 == 0);
    let seed = slot.index().unsigned_abs() * 31 + place as u64 * 7;
    let rtts = (0..u64::from(PINGS - lost)).map(|ping| {
        let noise = (seed + ping).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 44;
        Rtt::from_nanos(2_000_000 * (1 + place as u64 % 40) + 30_000 * ping + noise)
    });
    let result = RoundResult::Measured(Measured::from_samples(rtts, lost));
    Round { series, slot, pings: PINGS, started: WallTime::from_unix_secs(slot.start() + place as i64 % 300), result }
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

fn start(runtime: &tokio::runtime::Runtime, plan: Plan, store: Arc<dyn Store>) -> Outcome<SocketAddr> {
    let live = Arc::new(Live::new(Arc::new(plan)));
    let plan = live.plan.load_full();
    let last = Slot::ending_at(NOW, Step::DEFAULT);
    for (place, target) in plan.targets().enumerate() {
        let series = smokeprobe_core::SeriesId::local(target.path.clone());
        LiveSink(Arc::clone(&live)).accept(&round(series, last, place))?;
    }
    let readiness = Arc::new(Readiness::default());
    readiness.measuring();
    let state = WebState::new(live, store, Arc::new(AtTheEnd), Arc::new(Metrics::default()), readiness);
    let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))?;
    let address = listener.local_addr()?;
    runtime.spawn(serve(listener, router(state), std::future::pending()));
    Ok(address)
}

fn first_page(http: &mut Connection) -> Outcome<()> {
    println!("{} targets in {SECTIONS} sections; milliseconds", SECTIONS * TARGETS);
    println!("  {:<10} {:>8} {:>9} {:>12} {:>16}", "", "KB", "KB gzip", "the first", "p50 / p99");
    for address in ["/api/v1/outline", "/api/v1/states", "/api/v1/charts"] {
        let (_, first) = took(|| Ok(http.get(address, GZIP)?))?;
        let (plain, packed) = (http.get(address, "")?, http.get(address, GZIP)?);
        let (p50, p99) = timed(REQUESTS, || http.get(address, GZIP).map(drop).map_err(Into::into))?;
        let (plain, packed) = (plain as f64 / 1e3, packed as f64 / 1e3);
        let name = address.trim_start_matches("/api/v1/");
        println!("  {name:<10} {plain:>8.1} {packed:>9.1} {first:>12.1} {:>16}", format!("{p50:.2} / {p99:.2}"));
        let (p50, p99) = timed(REQUESTS, || http.get(address, "").map(drop).map_err(Into::into))?;
        println!("  {:<41} {:>16}", "  uncompressed", format!("{p50:.2} / {p99:.2}"));
    }
    Ok(())
}

fn overview(http: &mut Connection, files: &[PathBuf]) -> Outcome<()> {
    let mut rrdtool = Rrdtool::start()?;
    let (from, path) = (NOW - HOURS * 3600, "/api/v1/overview?target=Room00");
    println!("overview of {} targets, {PINGS} pings, {HOURS} hours; milliseconds", files.len());
    println!("  {:<22} {:>8} {:>16}", "", "KB", "p50 / p99");
    let line = |name: &str, size: usize, (p50, p99): (f64, f64)| {
        println!("  {name:<22} {:>8.1} {:>16}", size as f64 / 1e3, format!("{p50:.1} / {p99:.1}"));
    };
    for (name, headers) in [("in memory", ""), ("in memory, gzip", GZIP)] {
        let size = http.get(path, headers)?;
        line(name, size, timed(REQUESTS, || http.get(path, headers).map(drop).map_err(Into::into))?);
    }
    let fetched = timed(REQUESTS / 3, || fetch_all(&mut rrdtool, files, from))?;
    line("rrdtool fetch", 0, fetched);
    let mut cold = [Vec::new(), Vec::new()];
    for _ in 0..COLD {
        forget(files)?;
        cold[0].push(took(|| Ok(http.get(path, "")?))?.1);
        forget(files)?;
        cold[1].push(took(|| fetch_all(&mut rrdtool, files, from))?.1);
    }
    let [ours, theirs] = cold.map(|mut times| (quantile(&mut times, 0.5), quantile(&mut times, 0.99)));
    line("from the disk", 0, ours);
    line("rrdtool, from the disk", 0, theirs);
    Ok(())
}

fn fetch_all(rrdtool: &mut Rrdtool, files: &[PathBuf], from: i64) -> Outcome<()> {
    files.iter().try_for_each(|file| Ok(rrdtool.fetch(file, from, NOW)?))
}

/// Has the system forget what it keeps of the files in memory.
fn forget(files: &[PathBuf]) -> Outcome<()> {
    for file in files {
        File::open(file)?.sync_all()?;
        let input = format!("if={}", file.display());
        // What dd documents for this purpose: nothing is copied.
        let dropped = Command::new("dd").args([&input, "iflag=nocache", "count=0"]).stderr(Stdio::null()).status()?;
        if !dropped.success() {
            return Err("dd cannot drop a file from memory".into());
        }
    }
    Ok(())
}

/// The median and the 99th percentile of `count` runs, in milliseconds.
fn timed(count: usize, mut run: impl FnMut() -> Outcome<()>) -> Outcome<(f64, f64)> {
    run()?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        times.push(took(&mut run)?.1);
    }
    Ok((quantile(&mut times, 0.5), quantile(&mut times, 0.99)))
}

/// What comes out, and how many milliseconds it took.
fn took<T>(run: impl FnOnce() -> Outcome<T>) -> Outcome<(T, f64)> {
    #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
    let start = Instant::now();
    let outcome = run()?;
    Ok((outcome, start.elapsed().as_secs_f64() * 1e3))
}
