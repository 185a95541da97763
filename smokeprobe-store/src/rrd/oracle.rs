//! `rrdtool` itself as the judge of our arithmetic.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::rrd::disk::OsDisk;
use crate::rrd::file::{Layouts, Room, RrdFile, make, settle};
use crate::rrd::layout::{ArchiveLayout, Cf, Layout, Source};
use crate::rrd::live::{Live, UpdateTime};
use crate::rrd::update::{append_slot, update};

/// `rrdtool` reading commands from a pipe.
pub(crate) struct Rrdtool {
    child: Child,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Rrdtool {
    pub(crate) fn start() -> Self {
        let mut child = Command::new("rrdtool")
            .arg("-")
            .env("TZ", "UTC")
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test needs rrdtool: apt-get install rrdtool");
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, pipes: RefCell::new((input, output)) }
    }

    /// Runs a command and returns what it prints.
    pub(crate) fn run(&self, command: &str) -> String {
        let (input, output) = &mut *self.pipes.borrow_mut();
        writeln!(input, "{command}").unwrap();
        input.flush().unwrap();
        let mut text = String::new();
        loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "rrdtool ended in {command}");
            if line.starts_with("OK ") {
                return text;
            }
            assert!(!line.starts_with("ERROR"), "{command}: {line}");
            text.push_str(&line);
        }
    }
}

impl Drop for Rrdtool {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything in a file, for comparison: floats as bits, all NaNs alike.
#[derive(Debug, PartialEq)]
struct Contents {
    updated: UpdateTime,
    pdp: Vec<(u64, u64)>,
    cdp: Vec<(u64, u64)>,
    cur_row: Vec<u32>,
    rows: Vec<Vec<u64>>,
}

fn bits(value: f64) -> u64 {
    if value.is_nan() { u64::MAX } else { value.to_bits() }
}

fn contents(path: &Path) -> Contents {
    let file = RrdFile::open(&OsDisk, path, false, &Layouts::default()).unwrap();
    let live = file.live().unwrap();
    let archives = file.layout.archives.iter().enumerate();
    Contents {
        updated: live.updated,
        pdp: live.pdp.iter().map(|pdp| (bits(pdp.value), pdp.unknown_secs)).collect(),
        cdp: live.cdp.iter().map(|cdp| (bits(cdp.value), cdp.unknown)).collect(),
        cur_row: live.cur_row.clone(),
        rows: archives
            .map(|(i, archive)| file.rows(i, 0, archive.rows).unwrap().into_iter().map(bits).collect())
            .collect(),
    }
}

fn text(value: f64) -> String {
    if value.is_nan() { "U".to_owned() } else { value.to_string() }
}

fn create_command(path: &Path, layout: &Layout, start: i64) -> String {
    let mut words = vec![format!("create {} --start {start} --step {}", path.display(), layout.step)];
    for source in &layout.sources {
        let (min, max) = (text(source.min), text(source.max));
        words.push(format!("DS:{}:GAUGE:{}:{min}:{max}", source.name, source.heartbeat));
    }
    for archive in &layout.archives {
        let cf = match archive.cf {
            Cf::Average => "AVERAGE",
            Cf::Min => "MIN",
            Cf::Max => "MAX",
            Cf::Last => "LAST",
        };
        words.push(format!("RRA:{cf}:{}:{}:{}", archive.xff, archive.steps, archive.rows));
    }
    words.join(" ")
}

fn layouts() -> impl Strategy<Value = Layout> {
    let cf = prop_oneof![Just(Cf::Average), Just(Cf::Min), Just(Cf::Max), Just(Cf::Last)];
    let xff = prop_oneof![Just(0.0), Just(0.1), Just(0.5), Just(0.75), Just(0.99)];
    let archive =
        (cf, xff, 1..7_u32, 1..9_u32).prop_map(|(cf, xff, steps, rows)| ArchiveLayout { cf, xff, steps, rows });
    let limit = |at: f64| prop_oneof![3 => Just(f64::NAN), 1 => Just(at)];
    let sources = proptest::collection::vec((1..4_u64, limit(2.0), limit(50.0)), 1..4);
    (1..20_u32, sources, proptest::collection::vec(archive, 1..5)).prop_map(|(step, sources, archives)| {
        let sources = sources.into_iter().enumerate().map(|(i, (beats, min, max))| Source {
            name: format!("s{i}"),
            heartbeat: beats * u64::from(step),
            min,
            max,
        });
        Layout::new(step, sources.collect(), archives)
    })
}

/// Seconds since the update before, and a value for each source that there may be.
fn readings() -> impl Strategy<Value = Vec<(u32, [Option<f64>; 3])>> {
    let wait = prop_oneof![8 => 1..40_u32, 1 => 40..400_u32, 1 => 400..20_000_u32];
    let value = || {
        prop_oneof![
            1 => Just(None),
            2 => (0..80_i32).prop_map(|value| Some(f64::from(value))),
            4 => (0..1_u64 << 40).prop_map(|value| Some(value as f64)),
            1 => (0..8).prop_map(|value| Some(f64::from(value) / 8.0)),
        ]
    };
    proptest::collection::vec((wait, [value(), value(), value()]), 1..40)
}

#[test]
fn updates_consolidate_to_the_bits_that_rrdtool_makes() {
    let folder = tempfile::tempdir().unwrap();
    let (theirs, ours) = (folder.path().join("theirs.rrd"), folder.path().join("ours.rrd"));
    let rrdtool = Rrdtool::start();
    let mut runner = TestRunner::new(Config { cases: 250, failure_persistence: None, ..Config::default() });
    let inputs = (layouts(), 1_000_000_000..1_000_001_000_i64, readings());
    runner
        .run(&inputs, |(layout, start, readings)| {
            rrdtool.run(&create_command(&theirs, &layout, start));
            std::fs::copy(&theirs, &ours).unwrap();
            let mut file = RrdFile::open(&OsDisk, &ours, true, &Layouts::default()).unwrap();
            let mut live = file.live().unwrap();
            let (mut now, mut words) = (start, vec![format!("update {}", theirs.display())]);
            for (wait, values) in readings {
                now += i64::from(wait);
                let values: Vec<f64> =
                    values[..layout.sources.len()].iter().map(|value| value.unwrap_or(f64::NAN)).collect();
                let texts = values.iter().map(|value| text(*value)).collect::<Vec<_>>();
                words.push(format!("{now}:{}", texts.join(":")));
                let mut runs = Vec::new();
                update(&layout, &mut live, UpdateTime::from_secs(now), &values, &mut runs).unwrap();
                file.write(&live, &runs, &mut Room::default()).unwrap();
            }
            rrdtool.run(&words.join(" "));
            prop_assert_eq!(contents(&ours), contents(&theirs));
            Ok(())
        })
        .unwrap();
}

#[test]
fn fresh_file_is_the_one_that_rrdtool_creates() {
    let folder = tempfile::tempdir().unwrap();
    let (theirs, ours) = (folder.path().join("theirs.rrd"), folder.path().join("ours.rrd"));
    let rrdtool = Rrdtool::start();
    let mut runner = TestRunner::new(Config { cases: 50, failure_persistence: None, ..Config::default() });
    runner
        .run(&(layouts(), 1_000_000_000..1_000_001_000_i64), |(layout, start)| {
            rrdtool.run(&create_command(&theirs, &layout, start));
            let bytes = std::fs::read(&theirs).unwrap();
            let read = Layout::parse(&bytes, bytes.len() as u64).unwrap();
            prop_assert_eq!(read.file_len, bytes.len() as u64);
            // RRDtool begins its rings at random places; everything else is fixed.
            let their_live = RrdFile::open(&OsDisk, &theirs, false, &Layouts::default()).unwrap().live().unwrap();
            make(&OsDisk, &ours, &layout, &Live::fresh(&layout, start, |i| their_live.cur_row[i]), None).unwrap();
            settle(&OsDisk, &ours).unwrap();
            let info = |rrdtool: &Rrdtool, path: &Path| {
                let text = rrdtool.run(&format!("info {}", path.display()));
                text.replace(&path.display().to_string(), "FILE").replace("-nan", "NaN")
            };
            prop_assert_eq!(info(&rrdtool, &ours), info(&rrdtool, &theirs));
            let dump = |rrdtool: &Rrdtool, path: &Path| rrdtool.run(&format!("dump {}", path.display()));
            prop_assert_eq!(dump(&rrdtool, &ours), dump(&rrdtool, &theirs));
            Ok(())
        })
        .unwrap();
}

#[test]
fn rows_of_slots_consolidate_as_rrdtool_would_given_updates_at_the_end_of_each_slot() {
    let folder = tempfile::tempdir().unwrap();
    let (theirs, ours) = (folder.path().join("theirs.rrd"), folder.path().join("ours.rrd"));
    let rrdtool = Rrdtool::start();
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let values = proptest::collection::vec((1..4_i64, proptest::option::of(0..1000_u32)), 1..60);
    runner
        .run(&(layouts(), values), |(layout, slots)| {
            let step = i64::from(layout.step);
            let start = 1_000_000_000 / step * step;
            let sources = layout.sources.iter().map(|s| Source {
                heartbeat: 100 * step as u64,
                min: f64::NAN,
                max: f64::NAN,
                ..s.clone()
            });
            let layout = Layout::new(layout.step, sources.collect(), layout.archives.clone());
            rrdtool.run(&create_command(&theirs, &layout, start));
            std::fs::copy(&theirs, &ours).unwrap();
            let mut file = RrdFile::open(&OsDisk, &ours, true, &Layouts::default()).unwrap();
            let mut live = file.live().unwrap();
            let (mut end, mut words) = (start, vec![format!("update {}", theirs.display())]);
            for (skipped, value) in slots {
                for missed in 1..skipped {
                    words.push(format!("{}{}", end + missed * step, ":U".repeat(layout.sources.len())));
                }
                end += skipped * step;
                // Eighths times a step and back are exact, which other values are only here.
                let value = value.map_or(f64::NAN, |value| f64::from(value) / 8.0);
                words.push(format!("{end}{}", format!(":{}", text(value)).repeat(layout.sources.len())));
                let mut runs = Vec::new();
                append_slot(&layout, &mut live, end, &vec![value; layout.sources.len()], &mut runs).unwrap();
                file.write(&live, &runs, &mut Room::default()).unwrap();
            }
            rrdtool.run(&words.join(" "));
            prop_assert_eq!(contents(&ours), contents(&theirs));
            Ok(())
        })
        .unwrap();
}
