//! The recent rounds of a series.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use smokeprobe_core::{LossReason, Phases, Round, RoundOrder, RoundResult, Slot, Step, UnknownReason, WallTime};

use crate::fixture::{Fixture, NOW, round};
use crate::read;

/// The round of `series` that started `ago` seconds before that of [`round`].
fn earlier(series: &str, rtts_ms: &[u64], lost: u32, ago: i64) -> Round {
    let started = WallTime::from_unix_secs(NOW - 10 - ago);
    Round { started, slot: Slot::containing(started, Step::DEFAULT), ..round(series, rtts_ms, lost) }
}

#[tokio::test]
async fn recent_rounds_have_all_that_is_known_of_them() {
    let fixture = Fixture::new();
    let mut lossy = earlier("Storage.NingxiaS3", &[7, 4], 1, 600);
    if let RoundResult::Measured(measured) = &mut lossy.result {
        measured.loss_reasons = vec![(LossReason::Refused, 1)];
        measured.stale_address = true;
        measured.note = Some("the name did not resolve".to_owned());
        measured.phases = vec![Phases { connect: Some(Duration::from_millis(3)), ..Phases::default() }];
        measured.certificate_expires = Some(WallTime::from_unix_secs(NOW + 86_400));
        measured.quality.suspect = true;
    }
    fixture.accept(&lossy);
    let now = round("Storage.NingxiaS3", &[], 3);
    let order = RoundOrder { series: now.series.clone(), slot: now.slot, pings: 3 };
    fixture.accept(&Round::unknown(&order, now.started, UnknownReason::NotResolved));

    let answer = read(&fixture, "/api/v1/rounds/Storage.NingxiaS3").await.json();
    assert_eq!((&answer["series"], &answer["state"]["state"]), (&json!("Storage.NingxiaS3"), &json!("unknown")));
    assert_eq!(answer["kept_since"], json!((NOW - 610) as f64));
    let rounds = answer["rounds"].as_array().unwrap();
    assert_eq!(rounds.len(), 2);
    assert_eq!(
        rounds[0],
        json!({
            "time": (NOW - 610) as f64, "end": NOW - 310, "pings": 3, "loss": 1, "median": 0.007, "rtts": [0.004, 0.007],
            "address": "192.0.2.1", "stale_address": true, "note": "the name did not resolve",
            "reason": "the connection was refused (1 of 3)", "certificate_expires": (NOW + 86_400) as f64,
            "quality": {
                "kernel_stamps": 2, "user_stamps": 0, "late_answers": 0, "duplicates": 0, "receive_overflows": 0,
                "timer_lateness": 0.0, "suspect": true,
            },
            "phases": {"resolve": null, "connect": 0.003, "tls": null, "first_byte": null, "transfer": null},
        })
    );
    assert_eq!(rounds[1]["loss"], json!(null), "unknown is not loss");
    assert_eq!((&rounds[1]["rtts"], &rounds[1]["reason"]), (&json!([]), &json!("the host's name has no address")));
}

#[tokio::test]
async fn recent_rounds_of_a_range() {
    let fixture = Fixture::new();
    for ago in [900, 600, 300, 0] {
        fixture.accept(&earlier("Storage.NingxiaS3~tokyo", &[4], 0, ago));
    }
    let ends = async |query: &str| {
        let answer = read(&fixture, &format!("/api/v1/rounds/Storage.NingxiaS3~tokyo{query}")).await.json();
        let rounds = answer["rounds"].as_array().unwrap().iter();
        rounds.map(|round| (round["time"].as_f64().unwrap() as i64 - (NOW - 10)) / 300).collect::<Vec<_>>()
    };
    assert_eq!(ends("").await, [-3, -2, -1, 0]);
    assert_eq!(ends("?from=-4m").await, [-1, 0]);
    assert_eq!(ends("?from=-30m&to=-6m").await, [-3, -2]);
    let none = read(&fixture, "/api/v1/rounds/New.Target").await.json();
    assert_eq!((&none["rounds"], &none["kept_since"]), (&json!([]), &json!(null)));
    assert_eq!(read(&fixture, "/api/v1/rounds/No.Such").await.status, StatusCode::NOT_FOUND);
    assert_eq!(read(&fixture, "/api/v1/rounds/New.Target?from=x").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn suspect_rounds_are_named_by_the_ends_of_their_slots() {
    let fixture = Fixture::new();
    let series = "Storage.NingxiaS3".parse().unwrap();
    for ago in [-300, 0, 600, 3600, 100_000] {
        fixture.live.suspects.note(&series, NOW - 10 - ago);
    }
    let suspect =
        async |query: &str| read(&fixture, &format!("/api/v1/series/{query}")).await.json()["suspect"].clone();
    let last = [NOW - 10 - 3600, NOW - 10 - 600, NOW - 10, NOW - 10 + 300];
    assert_eq!(suspect("Storage.NingxiaS3?from=-3h").await, json!(last));
    // Rows of several slots say which of them.
    assert_eq!(suspect("Storage.NingxiaS3?from=-3h&points=10").await, json!(last));
    assert_eq!(suspect("Storage.NingxiaS3?from=-40m&to=-20m").await, json!([]));
    assert_eq!(suspect("Storage.NingxiaS3~tokyo").await, json!([]));
    assert_eq!(suspect("New.Target").await, json!([]));
}
