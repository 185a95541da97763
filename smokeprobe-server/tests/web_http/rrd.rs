//! The web over real RRD files, with rrdtool as the judge of what they hold.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use smokeprobe_core::{Measured, Round, RoundResult, Rtt, Slot, Step, WallTime};
use smokeprobe_store::{Archive, Consolidation, RrdStore, RrdStoreConfig, Store};

use crate::fixture::{Fixture, NOW, plan};
use crate::read;

/// Two days of rounds; one in seven has losses, and one hour is missing.
fn fill(store: &dyn Store) {
    let last = Slot::containing(WallTime::from_unix_secs(NOW), Step::DEFAULT);
    for back in (1..600).rev().filter(|back| !(100..112).contains(back)) {
        let slot = last.plus(-back);
        let lost = if back % 7 == 0 { (back % 21) as u32 } else { 0 };
        let rtts =
            (0..u64::from(20 - lost)).map(|ping| Rtt::from_nanos(28_123_457 + 1_000_003 * ping + back as u64 * 977));
        let result = RoundResult::Measured(Measured::from_samples(rtts, lost));
        let started = WallTime::from_unix_secs(slot.start() + 7);
        let series = "Storage.NingxiaS3".parse().unwrap();
        store.append(&Round { series, slot, pings: 20, started, result }).unwrap();
    }
    store.sync().unwrap();
}

fn archives() -> Vec<Archive> {
    let archive = |steps, rows| Archive { consolidation: Consolidation::Average, xff: 0.5, steps, rows };
    vec![archive(1, 300), archive(12, 300)]
}

/// `rrdtool fetch`: the values of each row, unknown ones as NaN, by the time of its end.
fn rrdtool_fetch(file: &Path, from: i64, resolution: i64) -> BTreeMap<i64, Vec<f64>> {
    let output = Command::new("rrdtool")
        .arg("fetch")
        .arg(file)
        .args(["AVERAGE", "-r", &resolution.to_string(), "-s", &from.to_string(), "-e", &NOW.to_string()])
        .output()
        .expect("cannot run rrdtool; install it with: apt-get install rrdtool");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = String::from_utf8(output.stdout).unwrap();
    let row = |line: &str| {
        let (time, values) = line.split_once(": ")?;
        let values = values.split_whitespace().map(|value| value.parse().unwrap_or(f64::NAN)).collect();
        Some((time.parse().ok()?, values))
    };
    rows.lines().filter_map(row).collect()
}

/// rrdtool prints eleven digits.
fn same(ours: &Value, theirs: f64) -> bool {
    match ours.as_f64() {
        None => theirs.is_nan(),
        Some(ours) => (ours - theirs).abs() <= 1e-10 * theirs.abs(),
    }
}

#[tokio::test]
async fn series_has_the_values_that_rrdtool_reads() {
    let folder = tempfile::tempdir().unwrap();
    let store = RrdStore::open(RrdStoreConfig::new(folder.path(), archives())).unwrap();
    fill(&store);
    let file = store.path_of(&"Storage.NingxiaS3".parse().unwrap());
    let fixture = Fixture::over(plan(), Arc::new(store));

    for (hours, step) in [(3, 300), (20, 300), (48, 3600)] {
        let from = NOW - hours * 3600;
        let answer = read(&fixture, &format!("/api/v1/series/Storage.NingxiaS3?from={from}")).await.json();
        assert_eq!(answer["step"].as_i64(), Some(step), "{hours} h");
        let theirs = rrdtool_fetch(&file, from, step);
        let columns = &answer["columns"];
        let mut known = 0;
        for (row, end) in columns["time"].as_array().unwrap().iter().enumerate() {
            let end = end.as_i64().unwrap();
            // rrdtool may leave out the row that is under way.
            let Some(values) = theirs.get(&end) else { continue };
            let ours = [&columns["loss"][row], &columns["median"][row]].into_iter();
            let ours: Vec<&Value> = ours.chain((0..20).map(|ping| &columns["pings"][ping][row])).collect();
            for (column, (ours, &theirs)) in ours.into_iter().zip(&values[1..]).enumerate() {
                assert!(same(ours, theirs), "{hours} h, row {end}, column {column}: {ours}, rrdtool {theirs}");
                known += i32::from(!theirs.is_nan());
            }
        }
        assert!(known > 300, "{hours} h: only {known} values known");
    }
}

#[tokio::test]
async fn graph_is_drawn_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = RrdStore::open(RrdStoreConfig::new(folder.path(), archives())).unwrap();
    fill(&store);
    let fixture = Fixture::over(plan(), Arc::new(store));
    let answer = read(&fixture, "/graph/Storage.NingxiaS3.svg?from=-20h").await;
    let svg = answer.text();
    let document = roxmltree::Document::parse(svg).unwrap();
    let description = document.descendants().find(|node| node.has_tag_name("desc")).and_then(|node| node.text());
    assert!(description.unwrap().starts_with("median 3"), "{description:?}");
    assert!(svg.matches("<path").count() > 15, "bands, medians by loss, and ticks of loss");
}
