//! Replays of alerts and rules over stored rounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use smokeprobe_core::{Clock, Measured, MonoTime, Round, RoundResult, Rtt, Slot, Step, UnknownReason, WallTime};
use smokeprobe_server::config::{InMemory, load_from};
use smokeprobe_server::web::WebState;
use smokeprobe_store::{Archive, Consolidation, RrdStore, RrdStoreConfig, Store};

use super::fixture::{Fixture, NOW};
use super::read;

/// The end of the last round.
const LAST: i64 = NOW / 300 * 300;

const ALERTS: &str = "+twice\ntype = loss\npattern = >50%,>50%\nedgetrigger = yes\ncomment = c\n\
    +any\ntype = loss\npattern = >0%\ncomment = c\n\
    +worse\ntype = loss\npattern = ==100%\npriority = 1\nedgetrigger = yes\ncomment = c\n\
    +lesser\ntype = loss\npattern = >0%\npriority = 2\nedgetrigger = yes\ncomment = c\n";

/// A server of the target `A.B`, with a slave `far`, whose newest rounds have lost so many of 4 pings.
fn server(folder: &std::path::Path, alerts: &str, lost: &[Option<u32>]) -> Fixture {
    let text = format!(
        "*** Database ***\nstep = 300\npings = 4\n*** Alerts ***\nto = ops@example.net\nfrom = a@example.net\n{ALERTS}\
         *** Slaves ***\nsecrets = secrets\n+far\ndisplay_name = far\ncolor = 00ff00\n\
         *** Targets ***\nprobe = FPing\nmenu = Top\ntitle = Top\n+A\nmenu = A\ntitle = A\n\
         ++B\nhost = 192.0.2.1\nslaves = far\nalerts = {alerts}\n++C\nhost = 192.0.2.2\n",
    );
    let loaded =
        load_from(&InMemory::default().with("config", text).with("secrets", "far:secret\n"), "config".as_ref());
    let plan = loaded.plan.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let archives = vec![
        Archive { consolidation: Consolidation::Average, xff: 0.5, steps: 1, rows: 3000 },
        Archive { consolidation: Consolidation::Average, xff: 0.5, steps: 12, rows: 1000 },
    ];
    let store = RrdStore::open(RrdStoreConfig::new(folder, archives)).unwrap();
    for (before, lost) in lost.iter().rev().enumerate().rev() {
        let slot = Slot::ending_at(LAST - 300 * before as i64, Step::DEFAULT);
        let result = lost.map_or(RoundResult::Unknown(UnknownReason::Missed), |lost| {
            RoundResult::Measured(Measured::from_samples(vec![Rtt::from_nanos(12_000_000); 4 - lost as usize], lost))
        });
        let started = WallTime::from_unix_secs(slot.start());
        store.append(&Round { series: "A.B".parse().unwrap(), slot, pings: 4, started, result }).unwrap();
    }
    store.sync().unwrap();
    Fixture::over(plan, Arc::new(store))
}

/// The end of the round that is so many before the last.
fn at(before: i64) -> i64 {
    LAST - 300 * before
}

async fn replay(fixture: &Fixture, query: &str) -> (StatusCode, Value) {
    let answer = read(fixture, &format!("/api/v1/alerts/replay?{query}")).await;
    (answer.status, answer.json())
}

/// `(time, what)` of each event.
fn said(answer: &Value) -> Vec<(i64, &str)> {
    let events = answer["events"].as_array().unwrap();
    events.iter().map(|event| (event["time"].as_i64().unwrap(), event["what"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn an_alert_is_replayed_with_its_spans_and_figures() {
    let folder = tempfile::tempdir().unwrap();
    let rounds = [0, 0, 3, 4, 4, 0, 0, 0, 3, 3].map(Some);
    let server = server(folder.path(), "twice", &rounds);
    let (status, answer) = replay(&server, &format!("series=A.B&alert=twice&from={}&to={LAST}", at(10))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(said(&answer), [(at(6), "raised"), (at(4), "cleared"), (at(0), "raised")]);
    assert_eq!(answer["spans"], json!([{"from": at(6), "to": at(4)}, {"from": at(0), "to": null}]));
    assert_eq!((&answer["rounds"], &answer["window"], &answer["truncated"]), (&json!(10), &json!(2), &json!(false)));
    assert_eq!((&answer["from"], &answer["to"]), (&json!(at(10)), &json!(LAST)));
    assert_eq!(answer["raised_share"], json!(0.2), "two of ten rounds, and none of what follows the last");
    assert_eq!(answer["figures"]["firings"], json!(2));
    assert_eq!(answer["figures"]["notifications"], json!(3));
    assert_eq!(answer["events"][0]["reason"], "loss: 75%, 100%");
    assert_eq!((&answer["rule"], &answer["type"]), (&json!(">50%,>50%"), &json!("loss")));
}

#[tokio::test]
async fn what_was_raised_before_the_range_is_known_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "twice", &[0, 4, 4, 4, 4, 0, 0].map(Some));
    // The window of the first round asked for reaches two rounds back.
    let (_, answer) = replay(&server, &format!("series=A.B&alert=twice&from={}&to={LAST}", at(3))).await;
    assert_eq!(said(&answer), [(at(1), "cleared")]);
    assert_eq!(answer["spans"], json!([{"from": at(4), "to": at(1)}]));
    let share = answer["raised_share"].as_f64().unwrap();
    assert!((share - 2.0 / 3.0).abs() < 1e-9, "only what lies in the range counts: {share}");
}

#[tokio::test]
async fn a_rule_is_tried_without_an_alert_of_that_name() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "twice", &[Some(0), Some(1), Some(1), None, None, Some(0)]);
    let range = format!("from={}&to={LAST}", at(6));
    let (status, answer) = replay(&server, &format!("series=A.B&type=loss&rule=%3E0%25,%3E0%25&{range}")).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(said(&answer), [(at(3), "raised"), (at(0), "cleared")]);
    assert_eq!((answer.get("alert"), &answer["semantics"]), (None, &json!("documented")));
    let (_, answer) = replay(&server, &format!("series=A.B&type=nodata&rule=2&{range}")).await;
    assert_eq!(said(&answer), [(at(1), "raised"), (at(0), "cleared")]);
    // Of a target without alerts, and of one that nothing is stored of.
    let (status, answer) = replay(&server, "series=A.C&type=loss&rule=%3E0%25").await;
    assert_eq!((status, &answer["error"]["message"]), (StatusCode::NOT_FOUND, &json!("nothing is stored of A.C")));
}

#[tokio::test]
async fn legacy_takes_an_unmeasured_round_for_one_without_loss() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "twice", &[Some(0), Some(4), None, Some(4), Some(0)]);
    let range = format!("from={}&to={LAST}", at(5));
    let told = async |semantics: &str| {
        let query = format!("series=A.B&type=loss&rule=%3E0%25,==0%25,%3E0%25&semantics={semantics}&{range}");
        replay(&server, &query).await.1["figures"]["firings"].clone()
    };
    assert_eq!(told("documented").await, json!(0));
    assert_eq!(told("legacy").await, json!(1));
}

#[tokio::test]
async fn more_urgent_alerts_of_the_target_keep_an_event_silent() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "worse,lesser", &[0, 4, 0, 1, 0].map(Some));
    let (_, answer) = replay(&server, &format!("series=A.B&alert=lesser&from={}", at(5))).await;
    assert_eq!(said(&answer).len(), 4, "{answer}");
    assert_eq!(answer["events"][0]["told"], json!(false));
    assert_eq!(answer["events"][0]["silent"], json!({"why": "priority", "by": "worse"}));
    assert_eq!(answer["events"][2]["told"], json!(true));
}

#[tokio::test]
async fn answers_are_bounded_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let rounds: Vec<Option<u32>> = (0..2500).map(|round| Some(round % 2)).collect();
    let server = server(folder.path(), "twice", &rounds);
    let (_, answer) = replay(&server, &format!("series=A.B&type=loss&rule=%3E0%25&from={}", at(2500))).await;
    assert_eq!(answer["truncated"], json!(true));
    assert_eq!(answer["events"].as_array().unwrap().len(), 1000);
    assert_eq!(answer["spans"].as_array().unwrap().len(), 1000);
    assert_eq!(answer["figures"]["firings"], json!(1250), "what is not listed is counted");
    assert_eq!(said(&answer).last(), Some(&(at(0), "raised")), "the newest are listed");
    // The file has 3000 single rounds; those of the last year are not there.
    let (_, answer) = replay(&server, "series=A.B&alert=any&from=-1y").await;
    assert_eq!((&answer["rounds"], &answer["from"]), (&json!(2500), &json!(at(2500))));
}

/// A clock on which each look takes a second.
#[derive(Debug, Default)]
struct Hurried(AtomicU64);

impl Clock for Hurried {
    fn mono(&self) -> MonoTime {
        MonoTime::ORIGIN + Duration::from_secs(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn wall(&self) -> WallTime {
        WallTime::from_unix_secs(NOW)
    }
}

#[tokio::test]
async fn a_replay_that_takes_too_long_ends_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "twice", &[Some(4); 20]);
    let hurried = |fixture: &Fixture| {
        let (live, metrics) = (fixture.live.clone(), fixture.metrics.clone());
        let store = RrdStore::read_only(folder.path());
        let state =
            WebState::new(live, Arc::new(store), Arc::new(Hurried::default()), metrics, fixture.readiness.clone());
        Fixture {
            live: fixture.live.clone(),
            metrics: fixture.metrics.clone(),
            readiness: fixture.readiness.clone(),
            state,
        }
    };
    // None before the range: five rounds are judged in five seconds, and the sixth is one too many.
    let (_, answer) = replay(&hurried(&server), &format!("series=A.B&type=loss&rule=%3E0%25&from={}", at(20))).await;
    assert_eq!((&answer["truncated"], &answer["to"]), (&json!(true), &json!(at(14))), "{answer}");
    // Not even one of the range.
    let (status, answer) =
        replay(&hurried(&server), &format!("series=A.B&type=loss&rule=%3E0%25&from={}", at(5))).await;
    assert_eq!((status, &answer["error"]["parameter"]), (StatusCode::BAD_REQUEST, &json!("rule")), "{answer}");
}

#[tokio::test]
async fn faults_of_a_rule_have_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "twice", &[Some(0)]);
    let fault = async |query: &str| {
        let (status, answer) = replay(&server, query).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {answer}");
        answer["error"].clone()
    };
    let error = fault("series=A.B&type=loss&rule=%3E0%25,%3E%3E0%25").await;
    assert_eq!((&error["parameter"], &error["column"]), (&json!("rule"), &json!(6)), "{error}");
    assert!(error["length"].as_u64().unwrap() >= 1 && error["help"].is_string(), "{error}");
    let error = fault("series=A.B&type=loss&rule=%3E0%25,,%3E0%25").await;
    assert_eq!((&error["column"], &error["length"]), (&json!(5), &json!(1)), "{error}");
    // Characters, not bytes, are counted.
    let error = fault("series=A.B&type=matcher&rule=%E4%B8%A2%E5%8C%85(l=%3E10)").await;
    assert_eq!((&error["column"], &error["parameter"]), (&json!(1), &json!("rule")), "{error}");
    for (query, parameter) in [
        ("alert=twice", "series"),
        ("series=A.B", "alert"),
        ("series=A.B&alert=twice&rule=%3E0%25&type=loss", "alert"),
        ("series=A.B&alert=twice&type=loss", "type"),
        ("series=A.B&alert=twize", "alert"),
        ("series=A.B&rule=%3E0%25", "type"),
        ("series=A.B&rule=%3E0%25&type=los", "type"),
        ("series=A.B&rule=%3E0%25&type=loss&semantics=real", "semantics"),
        ("series=A.B&alert=twice&from=now&to=-1h", "from"),
        ("series=A.B&alert=twice&points=7", "points"),
    ] {
        assert_eq!(fault(query).await["parameter"], parameter, "{query}");
    }
    assert!(fault("series=A.B&alert=twize").await["message"].as_str().unwrap().contains("did you mean `twice`?"));
    let long = format!("series=A.B&type=loss&rule={}", "%3E0%25,".repeat(1000));
    assert!(fault(&long).await["message"].as_str().unwrap().contains("2000 characters"));
    // A rule may not keep more rounds than a year has.
    assert_eq!(fault("series=A.B&type=loss&rule=%3E0%25,*999999*,%3E0%25").await["parameter"], "rule");
    let (status, _) = replay(&server, "series=A.B~near&alert=twice").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
