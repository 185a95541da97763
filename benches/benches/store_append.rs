//! Rounds appended to 10,000 warm RRD files: the store beside librrd, which gets the same rounds as updates of files of
//! the same layout.
//!
//! `cargo bench -p smokeprobe-benches --features librrd --bench store_append` calls librrd in this process; without the
//! feature it is `rrdtool` reading from a pipe, which parses text as well.

use std::path::Path;
use std::time::{Duration, Instant};

use smokeprobe_core::{Measured, Round, RoundResult, Rtt, SeriesId, Slot, Step, WallTime};
use smokeprobe_store::{Appended, Archive, Consolidation, Query, RrdStore, RrdStoreConfig, Store};

const FILES: usize = 10_000;
const ROUNDS: i64 = 6;
const PINGS: u32 = 20;
const STEP: u32 = 300;
const START: i64 = 1_700_000_100;

fn main() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let series: Vec<SeriesId> =
        (0..FILES).map(|n| format!("S{}.T{n}", n / 100).parse().expect("a valid name")).collect();
    let config = RrdStoreConfig::new(folder.path().join("ours"), archives());
    let store = RrdStore::open(config).expect("a store in a fresh folder");
    let mut theirs = librrd::Files::new(&folder.path().join("theirs"));
    println!("{FILES} files, {PINGS} pings, {} archives, {} bytes each", archives().len(), {
        append(&store, &series, 0);
        store.sync().expect("room on the disk");
        std::fs::metadata(store.path_of(&series[0])).expect("the file is there").len()
    });
    theirs.create(&series);
    theirs.update(&series, 0);
    // In turns, so that both see the machine in the same state.
    let (mut ours_took, mut theirs_took) = (Took::default(), Took::default());
    for round in 1..=ROUNDS {
        let ours = timed(|| {
            append(&store, &series, round);
            store.sync().expect("room on the disk");
        });
        let theirs = timed(|| theirs.update(&series, round));
        println!("round {round}: ours {:>7.0}/s   librrd {:>7.0}/s", rate(ours.wall, 1), rate(theirs.wall, 1));
        ours_took.add(ours);
        theirs_took.add(theirs);
    }
    for (name, took) in [("ours", &ours_took), ("librrd", &theirs_took)] {
        let cpu = took.cpu.as_secs_f64() * 1e6 / (FILES as i64 * ROUNDS) as f64;
        println!("{name:<8} {:>8.0}/s, {cpu:.1} µs of processor time each", rate(took.wall, ROUNDS));
    }
    println!("ours is synced after each round of all; librrd is {}", librrd::HOW);
    let ratio = |of: fn(&Took) -> Duration| of(&theirs_took).as_secs_f64() / of(&ours_took).as_secs_f64();
    println!("ratio    {:>8.2} by the clock, {:.2} by processor time", ratio(|t| t.wall), ratio(|t| t.cpu));
    println!("resident: {} MB in this process, librrd included", resident() / 1_000_000);
    queries(&store, &series);
}

/// How long a query takes, over the ranges of SmokePing's detail page.
fn queries(store: &RrdStore, series: &[SeriesId]) {
    for (name, back) in [("3 h", 3 * 3_600), ("30 h", 30 * 3_600), ("10 d", 240 * 3_600), ("360 d", 8_640 * 3_600)] {
        let to = START + ROUNDS * i64::from(STEP);
        let mut took: Vec<Duration> = series
            .iter()
            .step_by(10)
            .map(|series| {
                let query = Query {
                    series: series.clone(),
                    from: to - back,
                    to,
                    consolidation: Consolidation::Average,
                    max_points: 1000,
                };
                timed(|| drop(store.query(&query).expect("the series is there"))).wall
            })
            .collect();
        took.sort_unstable();
        println!("query of {name}: p50 {:?}, p99 {:?}", took[took.len() / 2], took[took.len() * 99 / 100]);
    }
}

fn append(store: &RrdStore, series: &[SeriesId], number: i64) {
    for series in series {
        let slot = Slot::ending_at(START + number * i64::from(STEP), Step::from_secs(STEP).expect("not zero"));
        let measured = Measured::from_samples(rtts(number).map(Rtt::from_nanos), 1);
        let round = Round {
            series: series.clone(),
            slot,
            pings: PINGS,
            started: WallTime::EPOCH,
            result: RoundResult::Measured(measured),
        };
        assert_eq!(store.append(&round).expect("room on the disk"), Appended::Stored);
    }
}

/// One of the pings is lost.
fn rtts(number: i64) -> impl Iterator<Item = u64> {
    (1..u64::from(PINGS)).map(move |ping| 10_123_457 + number.unsigned_abs() * 1_037 + ping * 9_041)
}

/// SmokePing's archives with few rows, so that two times 10,000 files fit.
fn archives() -> Vec<Archive> {
    let archive = |consolidation, steps, rows| Archive { consolidation, xff: 0.5, steps, rows };
    vec![
        archive(Consolidation::Average, 1, 60),
        archive(Consolidation::Average, 12, 30),
        archive(Consolidation::Min, 12, 30),
        archive(Consolidation::Max, 12, 30),
        archive(Consolidation::Average, 144, 15),
        archive(Consolidation::Max, 144, 15),
        archive(Consolidation::Min, 144, 15),
    ]
}

/// How long work took, by the clock and in processor time of this process.
#[derive(Clone, Copy, Default)]
struct Took {
    wall: Duration,
    cpu: Duration,
}

impl Took {
    fn add(&mut self, other: Self) {
        self.wall += other.wall;
        self.cpu += other.cpu;
    }
}

fn timed(work: impl FnOnce()) -> Took {
    let cpu = processor_time();
    #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
    let start = Instant::now();
    work();
    Took { wall: start.elapsed(), cpu: processor_time().saturating_sub(cpu) }
}

/// Processor time of this process so far, in user and kernel mode. The pipe's other end is not in it.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

fn rate(took: Duration, rounds: i64) -> f64 {
    FILES as f64 * rounds as f64 / took.as_secs_f64()
}

/// Bytes of memory that the process has.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

fn path_of(folder: &Path, series: &SeriesId) -> std::path::PathBuf {
    folder.join(series.to_string().replace('.', "/")).with_extension("rrd")
}

#[cfg(feature = "librrd")]
mod librrd {
    use std::path::{Path, PathBuf};
    use std::time::{Duration, UNIX_EPOCH};

    use rrd::ConsolidationFn;
    use rrd::ops::create::{self, DataSource, DataSourceName};
    use rrd::ops::update::{self, BatchTime, Datum, Options};
    use smokeprobe_core::SeriesId;
    use smokeprobe_store::Consolidation;

    pub(crate) const HOW: &str = "the rrd crate, in this process";

    pub(crate) struct Files {
        folder: PathBuf,
    }

    impl Files {
        pub(crate) fn new(folder: &Path) -> Self {
            Self { folder: folder.to_owned() }
        }

        pub(crate) fn create(&mut self, series: &[SeriesId]) {
            let names = ["uptime", "loss", "median"].into_iter().map(str::to_owned);
            let names = names.chain((1..=super::PINGS).map(|ping| format!("ping{ping}")));
            let sources: Vec<DataSource> = names
                .map(|name| {
                    let name = DataSourceName::new(name).expect("a valid name");
                    DataSource::gauge(&name, super::STEP * 2, Some(0.0), None)
                })
                .collect();
            let archives: Vec<create::Archive> = super::archives()
                .iter()
                .map(|archive| {
                    let cf = match archive.consolidation {
                        Consolidation::Average => ConsolidationFn::Avg,
                        Consolidation::Min => ConsolidationFn::Min,
                        Consolidation::Max => ConsolidationFn::Max,
                    };
                    create::Archive::new(cf, archive.xff, archive.steps, archive.rows).expect("a valid archive")
                })
                .collect();
            let start = UNIX_EPOCH + Duration::from_secs(super::START as u64 - u64::from(super::STEP));
            for series in series {
                let path = super::path_of(&self.folder, series);
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("room on the disk");
                let step = Duration::from_secs(super::STEP.into());
                create::create(&path, start, step, false, None, &[], &sources, &archives).expect("librrd makes a file");
            }
        }

        pub(crate) fn update(&mut self, series: &[SeriesId], number: i64) {
            let at = UNIX_EPOCH + Duration::from_secs((super::START + number * i64::from(super::STEP)) as u64);
            for series in series {
                let mut values = vec![Datum::Unspecified, Datum::Int(1), Datum::Float(0.010_2)];
                values.extend(super::rtts(number).map(|nanos| Datum::Float(nanos as f64 / 1e9)));
                values.push(Datum::Unspecified);
                let path = super::path_of(&self.folder, series);
                update::update_all(&path, Options::default(), [(BatchTime::Timestamp(at), values)])
                    .expect("librrd updates a file");
            }
        }
    }
}

#[cfg(not(feature = "librrd"))]
mod librrd {
    use std::io::{BufRead, BufReader, Write};
    use std::path::{Path, PathBuf};
    use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

    use smokeprobe_core::SeriesId;
    use smokeprobe_store::Consolidation;

    pub(crate) const HOW: &str = "rrdtool reading commands from a pipe";

    pub(crate) struct Files {
        folder: PathBuf,
        child: Child,
        input: ChildStdin,
        output: BufReader<ChildStdout>,
    }

    impl Drop for Files {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    impl Files {
        pub(crate) fn new(folder: &Path) -> Self {
            let mut child = Command::new("rrdtool")
                .arg("-")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("rrdtool: apt-get install rrdtool");
            let (input, output) = (child.stdin.take(), child.stdout.take());
            Self {
                folder: folder.to_owned(),
                child,
                input: input.expect("a pipe"),
                output: BufReader::new(output.expect("a pipe")),
            }
        }

        pub(crate) fn create(&mut self, series: &[SeriesId]) {
            let beat = super::STEP * 2;
            let names = ["uptime", "loss", "median"].into_iter().map(str::to_owned);
            let names = names.chain((1..=super::PINGS).map(|ping| format!("ping{ping}")));
            let mut words: Vec<String> = names.map(|name| format!("DS:{name}:GAUGE:{beat}:0:U")).collect();
            words.extend(super::archives().iter().map(|archive| {
                let cf = match archive.consolidation {
                    Consolidation::Average => "AVERAGE",
                    Consolidation::Min => "MIN",
                    Consolidation::Max => "MAX",
                };
                format!("RRA:{cf}:{}:{}:{}", archive.xff, archive.steps, archive.rows)
            }));
            let start = super::START - i64::from(super::STEP);
            for series in series {
                let path = super::path_of(&self.folder, series);
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("room on the disk");
                let command = format!("create {} --start {start} --step {}", path.display(), super::STEP);
                self.run(&format!("{command} {}", words.join(" ")));
            }
        }

        pub(crate) fn update(&mut self, series: &[SeriesId], number: i64) {
            let at = super::START + number * i64::from(super::STEP);
            let rtts: Vec<String> = super::rtts(number).map(|nanos| format!("{:e}", nanos as f64 / 1e9)).collect();
            for series in series {
                let path = super::path_of(&self.folder, series);
                self.run(&format!("update {} {at}:U:1:1.02e-2:{}:U", path.display(), rtts.join(":")));
            }
        }

        fn run(&mut self, command: &str) {
            writeln!(self.input, "{command}").expect("rrdtool reads");
            let mut line = String::new();
            while !line.starts_with("OK ") {
                line.clear();
                assert!(self.output.read_line(&mut line).expect("rrdtool answers") > 0, "rrdtool has ended");
                assert!(!line.starts_with("ERROR"), "{command}: {line}");
            }
        }
    }
}
