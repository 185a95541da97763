//! What the server says of itself.

use std::sync::Arc;

use serde_json::{Value, json};
use smokeprobe_core::{Round, RoundOrder, RoundResult, RoundSink as _, UnknownReason, WallTime};

use super::fixture::{Fixture, NOW, round};
use super::read;

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name} in {list}"))
}

#[tokio::test]
async fn each_probe_has_its_targets_and_what_became_of_its_rounds() {
    let fixture = Fixture::new();
    let mut sink = fixture.metrics_sink();
    let good = round("Console.BeijingConsole", &[4, 5], 0);
    sink.accept(&good).unwrap();
    let mut starved = good.clone();
    let RoundResult::Measured(measured) = &mut starved.result else { unreachable!() };
    measured.quality.suspect = true;
    sink.accept(&starved).unwrap();
    let order = RoundOrder { series: good.series, slot: good.slot, pings: 2 };
    sink.accept(&Round::unknown(&order, WallTime::from_unix_secs(NOW), UnknownReason::Hung)).unwrap();

    let status = read(&fixture, "/api/v1/status").await.json();
    let fping = named(&status["probes"], "FPing");
    let counted = ["measured", "unknown", "suspect"].map(|what| fping[what].as_u64().unwrap());
    assert_eq!(counted, [2, 1, 1], "{fping}");
    assert_eq!((&fping["targets"], &fping["supported"]), (&json!(5), &json!(true)));
    let qstat = named(&status["probes"], "Qstat");
    assert_eq!((&qstat["module"], &qstat["supported"]), (&json!("Qstat"), &json!(false)));
    let tcp = named(&status["probes"], "TCPPing");
    assert_eq!((&tcp["targets"], &tcp["series"]), (&json!(1), &json!(2)), "from here and from a slave");
}

#[tokio::test]
async fn an_agent_is_silent_when_no_round_came_for_the_time_of_two() {
    let fixture = Fixture::new();
    let agent = async || named(&read(&fixture, "/api/v1/status").await.json()["agents"], "tokyo").clone();
    let before = agent().await;
    assert_eq!((&before["last"], &before["silent"], &before["series"]), (&json!(null), &json!(true), &json!(1)));
    let mut sink = fixture.metrics_sink();
    sink.accept(&round("Storage.NingxiaS3", &[4], 0)).unwrap();
    assert_eq!(agent().await["last"], json!(null), "this machine's rounds are not the slave's");
    let of_slave = round("Storage.NingxiaS3~tokyo", &[4], 0);
    let old = Round { started: WallTime::from_unix_secs(NOW - 601), ..of_slave.clone() };
    sink.accept(&old).unwrap();
    assert_eq!(agent().await["silent"], json!(true));
    sink.accept(&of_slave).unwrap();
    let heard = agent().await;
    assert_eq!((&heard["last"], &heard["silent"]), (&json!(NOW - 10), &json!(false)));
}

#[tokio::test]
async fn warnings_of_the_configuration_are_told() {
    let fixture = Fixture::new();
    assert_eq!(read(&fixture, "/api/v1/status").await.json()["config"]["warnings"], json!(null));
    fixture.live.warnings.store(Arc::new("warning: something is odd\n --> config:3:1".to_owned()));
    let status = read(&fixture, "/api/v1/status").await.json();
    assert_eq!(status["config"]["warnings"], "warning: something is odd\n --> config:3:1");
    assert_eq!(status["config"]["error"], json!(null));
    // A store that does not know says so.
    assert_eq!(status["writer"]["free"], json!(null));
}
