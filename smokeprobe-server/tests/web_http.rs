//! The web's answers, address by address.

#[path = "web_http/assets.rs"]
mod assets;
#[path = "web_http/bad_input.rs"]
mod bad_input;
#[path = "web_http/charts.rs"]
mod charts;
#[path = "web_http/connections.rs"]
mod connections;
#[path = "web_http/download.rs"]
mod download;
#[path = "web_http/fixture.rs"]
mod fixture;
#[path = "web_http/legacy.rs"]
mod legacy;
#[path = "web_http/live.rs"]
mod live;
#[path = "web_http/overview.rs"]
mod overview;
#[path = "web_http/page_data.rs"]
mod page_data;
#[path = "web_http/pictures.rs"]
mod pictures;
#[path = "web_http/prometheus.rs"]
mod prometheus;
#[path = "web_http/replay.rs"]
mod replay;
#[path = "web_http/rounds.rs"]
mod rounds;
#[path = "web_http/rrd.rs"]
mod rrd;
#[path = "web_http/sentences.rs"]
mod sentences;
#[path = "web_http/status.rs"]
mod status;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use fixture::{EVIL, Fixture, NOW, round};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use smokeprobe_core::{Phases, Round, RoundOrder, RoundResult, RoundSink, UnknownReason, WallTime};
use smokeprobe_server::live::{ReloadState, WriterState};
use smokeprobe_server::web::router;
use tower::ServiceExt;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|err| panic!("{err}: {}", self.text()))
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn read(fixture: &Fixture, address: &str) -> Answer {
    ask(&router(fixture.state.clone()), Request::get(address).body(Body::empty()).unwrap()).await
}

/// The section at `path` of an answered tree.
fn section<'a>(tree: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(&tree["root"], |node, name| {
        node["children"].as_array().unwrap().iter().find(|child| child["name"] == name).unwrap()
    })
}

#[tokio::test]
async fn tree_has_the_sections_in_order_with_what_they_measure() {
    let fixture = Fixture::new();
    let tree = read(&fixture, "/api/v1/tree").await.json();
    let names: Vec<&Value> = tree["root"]["children"].as_array().unwrap().iter().map(|child| &child["name"]).collect();
    assert_eq!(names, ["Console", "Storage", "Broken", "New", "Other"]);
    assert_eq!(tree["root"]["remark"], "AWS中国区网络延迟监控");
    assert_eq!(tree["ranges"][0], json!({"label": "Last 3 hours", "seconds": 10_800}));
    let beijing = section(&tree, "Console.BeijingConsole");
    assert_eq!(beijing["path"], "Console.BeijingConsole");
    assert_eq!(beijing["menu"], "北京控制台");
    assert_eq!(beijing["host"], "192.0.2.7");
    let target = &beijing["target"];
    assert_eq!((&target["probe"], &target["step"], &target["pings"]), (&json!("FPing"), &json!(300), &json!(20)));
    assert_eq!(target["alerts"], json!(["someloss"]));
    assert_eq!(target["measures"], "20 ICMP Echo Pings (56 Bytes) every 300 s");
}

#[tokio::test]
async fn tree_keeps_loss_unknown_waiting_and_not_measured_apart() {
    let fixture = Fixture::new();
    fixture.accept(&round("Console.BeijingConsole", &[4, 5, 6], 1));
    fixture.accept(&round("Console.NingxiaConsole", &[], 4));
    let lost = round("Storage.NingxiaS3", &[], 4);
    let order = RoundOrder { series: lost.series, slot: lost.slot, pings: 4 };
    fixture.accept(&Round::unknown(&order, WallTime::from_unix_secs(NOW), UnknownReason::NotResolved));

    let tree = read(&fixture, "/api/v1/tree").await.json();
    let first = |path: &str| section(&tree, path)["target"]["series"][0].clone();
    let measured = first("Console.BeijingConsole");
    assert_eq!(measured["state"], "measured");
    assert_eq!(measured["last"]["median"], json!(0.005));
    assert_eq!(measured["last"]["loss"], json!(1));
    assert_eq!(measured["last"]["address"], "192.0.2.1");
    assert_eq!(measured["last"]["quality"]["kernel_stamps"], json!(3));
    assert_eq!(first("Console.NingxiaConsole")["state"], "lost");
    let unknown = first("Storage.NingxiaS3");
    assert_eq!((&unknown["state"], &unknown["reason"]), (&json!("unknown"), &json!("the host's name has no address")));
    assert_eq!(unknown["last"].get("loss"), None, "an unknown round has no loss");
    let waiting = first("New.Target");
    assert_eq!(waiting["state"], "waiting");
    assert_eq!(waiting["waiting_until"], json!(NOW as f64 + 19.0 + 1.0), "20 pings 1 s apart, and a time-out");
    let game = first("Other.Game");
    assert_eq!(game["state"], "not_measured");
    assert_eq!(game["reason"], "not measured: probe Qstat is not supported");
}

#[tokio::test]
async fn tree_has_the_parts_of_a_request() {
    let fixture = Fixture::new();
    let mut parts = round("Storage.NingxiaS3", &[4, 5], 0);
    if let RoundResult::Measured(measured) = &mut parts.result {
        let took = |connect, tls: Option<u64>| Phases {
            connect: Some(Duration::from_millis(connect)),
            tls: tls.map(Duration::from_millis),
            ..Phases::default()
        };
        measured.phases = vec![took(10, None), took(20, Some(40))];
        measured.quality.timer_lateness = Duration::from_millis(2);
    }
    fixture.accept(&parts);
    let tree = read(&fixture, "/api/v1/tree").await.json();
    let last = &section(&tree, "Storage.NingxiaS3")["target"]["series"][0]["last"];
    let phases = json!({"resolve": null, "connect": 0.015, "tls": 0.04, "first_byte": null, "transfer": null});
    assert_eq!(last["phases"], phases);
    assert_eq!(last["quality"]["timer_lateness"], json!(0.002));
}

#[tokio::test]
async fn tree_lists_every_vantage_point_of_a_target() {
    let tree = read(&Fixture::new(), "/api/v1/tree").await.json();
    let series = &section(&tree, "Storage.NingxiaS3")["target"]["series"];
    assert_eq!(series[1]["series"], "Storage.NingxiaS3~tokyo");
    assert_eq!(series[1]["vantage"], "Tokyo");
    assert_eq!(series[1].get("waiting_until"), None, "an agent's first round cannot be foretold");
}

#[tokio::test]
async fn series_answers_columns_with_null_for_unknown() {
    let fixture = Fixture::new();
    let answer = read(&fixture, "/api/v1/series/Storage.NingxiaS3?from=-30h&to=now").await.json();
    assert_eq!((answer["from"].as_i64(), answer["to"].as_i64()), (Some(NOW - 30 * 3600), Some(NOW)));
    assert_eq!(
        (&answer["step"], &answer["consolidation"], &answer["pings"]),
        (&json!(300), &json!("average"), &json!(20))
    );
    let columns = &answer["columns"];
    let rows = columns["time"].as_array().unwrap().len();
    assert!((360..=362).contains(&rows), "{rows}");
    for name in ["loss", "median"] {
        assert_eq!(columns[name].as_array().unwrap().len(), rows, "{name}");
    }
    assert_eq!(columns["pings"].as_array().unwrap().len(), 20);
    assert!(columns["pings"].as_array().unwrap().iter().all(|column| column.as_array().unwrap().len() == rows));
    assert_eq!(columns["time"][1].as_i64().unwrap() - columns["time"][0].as_i64().unwrap(), 300);
    assert!(columns["loss"].as_array().unwrap().contains(&Value::Null));
    assert!(columns["loss"].as_array().unwrap().contains(&json!(12.0)));
}

#[tokio::test]
async fn series_of_a_slave_and_without_history() {
    let fixture = Fixture::new();
    assert_eq!(
        read(&fixture, "/api/v1/series/Storage.NingxiaS3~tokyo").await.json()["series"],
        "Storage.NingxiaS3~tokyo"
    );
    let empty = read(&fixture, "/api/v1/series/New.Target").await;
    assert_eq!(empty.status, StatusCode::OK);
    assert_eq!(empty.json()["columns"]["time"], json!([]));
}

#[tokio::test]
async fn points_bound_the_rows() {
    let fixture = Fixture::new();
    let answer = read(&fixture, "/api/v1/series/Storage.NingxiaS3?from=-10y&points=50").await.json();
    assert!(answer["columns"]["time"].as_array().unwrap().len() <= 50);
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let fixture = Fixture::new();
    for (query, parameter) in [
        ("from=yesterday", "from"),
        ("to=never", "to"),
        ("from=now&to=-3h", "from"),
        ("from=%2B1h&to=%2B2h", "from"),
        ("from=-1000y", "from"),
        ("points=1e9", "points"),
        ("points=1000000000", "points"),
        ("points=0", "points"),
        ("consolidation=mean", "consolidation"),
        ("form=-3h", "form"),
        ("from=%ff%fe", "from"),
        ("from=-3h&from=-4h", "from"),
    ] {
        let answer = read(&fixture, &format!("/api/v1/series/Storage.NingxiaS3?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        let error = &answer.json()["error"];
        assert_eq!(error["parameter"], parameter, "{query}");
        assert!(error["message"].as_str().unwrap().len() > 10, "{error}");
    }
    for (query, parameter) in [
        ("width=10000", "width"),
        ("width=99", "width"),
        ("height=5", "height"),
        ("theme=blue", "theme"),
        ("points=3", "points"),
    ] {
        let answer = read(&fixture, &format!("/graph/Storage.NingxiaS3.svg?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.json()["error"]["parameter"], parameter, "{query}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_with_a_sentence() {
    let fixture = Fixture::new();
    for address in [
        "/nothing",
        "/api/v1/series/No.Such",
        "/api/v1/series/Console",
        "/api/v1/series/Storage.NingxiaS3~moon",
        "/api/v1/series/..%2F..%2Fetc%2Fpasswd",
        "/api/v1/series/%00%ff",
        "/graph/Console.BeijingConsole.gif",
        "/graph/No.Such.svg",
        "/assets/../Cargo.toml",
        "/assets/no.js",
        "/api/v1/series/%E5%8C%97%E4%BA%AC",
    ] {
        let answer = read(&fixture, address).await;
        assert!(
            [StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST].contains(&answer.status),
            "{address}: {}",
            answer.status
        );
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains(' '), "{address}: {}", answer.text());
    }
}

#[tokio::test]
async fn what_is_there_instead_is_named() {
    let fixture = Fixture::new();
    let message = async |name: &str| {
        let answer = read(&fixture, &format!("/api/v1/series/{name}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        answer.json()["error"]["message"].as_str().unwrap().to_owned()
    };
    assert!(message("Storage.Both").await.ends_with("ask for them: Storage.NingxiaS3, Storage.NingxiaS3~tokyo"));
    let moon = message("Storage.NingxiaS3~moon").await;
    assert!(moon.ends_with("there is Storage.NingxiaS3, Storage.NingxiaS3~tokyo"), "{moon}");
    assert_eq!(message("Console").await, "Console is a section without a host of its own");
}

#[tokio::test]
async fn only_reading_is_possible() {
    let fixture = Fixture::new();
    let request = Request::builder().method(Method::POST).uri("/api/v1/tree").body(Body::empty()).unwrap();
    let answer = ask(&router(fixture.state.clone()), request).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.json()["error"]["message"], "use GET");
}

#[tokio::test]
async fn a_disk_fault_is_told_without_the_path() {
    let fixture = Fixture::new();
    for address in ["/api/v1/series/Broken.Disk", "/graph/Broken.Disk.svg"] {
        let answer = read(&fixture, address).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(answer.text().contains("permission denied"), "{}", answer.text());
        assert!(!answer.text().contains("secret"), "{}", answer.text());
    }
}

fn texts(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).unwrap_or_else(|err| panic!("{err}\n{svg}"));
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts
        .map(|text| text.descendants().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect())
        .collect()
}

#[tokio::test]
async fn graph_is_well_formed_and_says_what_it_shows() {
    let fixture = Fixture::new();
    let answer = read(&fixture, "/graph/Storage.NingxiaS3~tokyo.svg").await;
    assert_eq!(answer.header(header::CONTENT_TYPE), "image/svg+xml");
    let texts = texts(answer.text());
    assert!(texts.contains(&"AWS宁夏区S3 from Tokyo".to_owned()), "{texts:?}");
    assert!(texts.contains(&"last 3 hours".to_owned()), "{texts:?}");
    assert!(texts.contains(&"20 TCP Pings (port 443) every 300 s".to_owned()), "{texts:?}");
    assert!(answer.text().contains("width=\"697\" height=\"297\""));
}

#[tokio::test]
async fn graph_is_a_png_too() {
    let fixture = Fixture::new();
    // PNG specification, section 11.2.1.
    let size = |body: &[u8]| {
        assert_eq!(&body[..8], b"\x89PNG\r\n\x1a\n");
        [16, 20].map(|at: usize| u32::from_be_bytes(body[at..at + 4].try_into().unwrap()))
    };
    let usual = read(&fixture, "/graph/Storage.NingxiaS3~tokyo.png").await;
    assert_eq!(usual.header(header::CONTENT_TYPE), "image/png");
    assert_eq!(size(&usual.body), [697, 297]);
    let fine = read(&fixture, "/graph/Storage.NingxiaS3.png?width=400&height=200&scale=2&theme=dark&from=-30h").await;
    assert_eq!(size(&fine.body), [800, 400]);
    for (query, parameter) in
        [("scale=0", "scale"), ("scale=5", "scale"), ("scale=1.5", "scale"), ("width=4000&height=4000", "width")]
    {
        let answer = read(&fixture, &format!("/graph/Storage.NingxiaS3.png?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.json()["error"]["parameter"], parameter, "{query}");
    }
    let answer = read(&fixture, "/graph/Storage.NingxiaS3.svg?scale=2").await;
    assert_eq!(answer.json()["error"]["parameter"], "scale", "an SVG document has no pixels");
}

#[tokio::test]
async fn graph_takes_size_theme_and_range() {
    let fixture = Fixture::new();
    let address = "/graph/Storage.NingxiaS3.svg?width=4000&height=400&theme=dark&from=2026-11-01&to=2026-11-03";
    let answer = read(&fixture, address).await;
    assert!(answer.text().contains("width=\"4000\" height=\"400\""));
    let subtitle = &texts(answer.text())[1];
    assert!(subtitle.starts_with("2026-11-01 00:00 – 2026-11-03"), "{subtitle}");
}

#[tokio::test]
async fn graphs_without_data_say_why() {
    let fixture = Fixture::new();
    let says = async |address: &str, words: &str| {
        let answer = read(&fixture, address).await;
        assert!(texts(answer.text()).iter().any(|text| text == words), "{address}: {:?}", texts(answer.text()));
    };
    says("/graph/New.Target.svg", "waiting for the first round").await;
    says("/graph/Other.Game.svg", "not measured: probe Qstat is not supported").await;
    fixture.accept(&round("New.Target", &[4], 0));
    says("/graph/New.Target.svg?to=-1y", "no data in this range").await;
    assert!(texts(read(&fixture, "/graph/Other.Evil.svg?width=2000").await.text()).contains(&EVIL.to_owned()));
}

#[tokio::test]
async fn readiness_follows_the_plan_and_tells_of_a_faulty_config() {
    let fixture = Fixture::new();
    assert_eq!(read(&fixture, "/readyz").await.status, StatusCode::OK);
    let error = Some("error: unknown variable 'hots'".to_owned());
    fixture.live.reload.store(ReloadState { at: WallTime::from_unix_secs(NOW), error }.into());
    let answer = read(&fixture, "/readyz").await;
    assert_eq!(answer.status, StatusCode::OK, "the plan before it still runs");
    assert_eq!(answer.json()["config_error"], "error: unknown variable 'hots'");
    fixture.readiness.stopping();
    assert_eq!(read(&fixture, "/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(read(&fixture, "/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn status_tells_of_the_writer_and_of_quality() {
    let fixture = Fixture::new();
    let blocked = Some("no space left on device".to_owned());
    fixture.live.writer.store(
        WriterState { queued: 7, blocked, nearly_full: Some(3_500_000), set_aside: vec!["a.rrd".to_owned()] }.into(),
    );
    fixture.metrics_sink().accept(&round("Console.BeijingConsole", &[4, 5, 6], 1)).unwrap();
    let status = read(&fixture, "/api/v1/status").await.json();
    let writer = json!({
        "queued": 7,
        "blocked": "no space left on device",
        "nearly_full": 3_500_000,
        "free": null,
        "set_aside": ["a.rrd"],
    });
    assert_eq!(status["writer"], writer);
    let tree = read(&fixture, "/api/v1/tree").await.json();
    let notice = json!({"kind": "disk_nearly_full", "message": "the disk is nearly full: 3 MB are free"});
    assert!(tree["notices"].as_array().unwrap().contains(&notice), "{}", tree["notices"]);
    let metrics = read(&fixture, "/metrics").await;
    let text = String::from_utf8_lossy(&metrics.body);
    assert!(text.contains("\nsmokeprobe_disk_nearly_full 1.0\n"), "{text}");
    assert_eq!(status["answers"]["kernel_stamps"], json!(3));
    assert_eq!((&status["targets"], &status["series"]), (&json!(7), &json!(8)));
    assert_eq!(status["config"]["files"], json!(["/etc/smokeping/config"]));
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let fixture = Fixture::new();
    let plain = read(&fixture, "/api/v1/series/Storage.NingxiaS3?from=-30h").await;
    let request = Request::get("/api/v1/series/Storage.NingxiaS3?from=-30h")
        .header(header::ACCEPT_ENCODING, "gzip")
        .body(Body::empty())
        .unwrap();
    let gzip = ask(&router(fixture.state.clone()), request).await;
    assert_eq!(gzip.header(header::CONTENT_ENCODING), "gzip");
    assert!(gzip.body.len() * 2 < plain.body.len(), "{} of {}", gzip.body.len(), plain.body.len());
}

#[tokio::test]
async fn every_answer_carries_the_strict_policy() {
    let fixture = Fixture::new();
    for (address, policy, frames) in [
        ("/", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';", "'self'"),
        ("/embed", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';", "*"),
        ("/api/v1/tree", "default-src 'none';", "'self'; sandbox"),
        ("/graph/Storage.NingxiaS3.svg", "default-src 'none';", "'self'; sandbox"),
        ("/graph/Storage.NingxiaS3.png", "default-src 'none';", "'self'; sandbox"),
        ("/nothing", "default-src 'none';", "'self'; sandbox"),
        ("/smokeping.cgi", "default-src 'none';", "'self'; sandbox"),
        ("/metrics", "default-src 'none';", "'self'; sandbox"),
    ] {
        let answer = read(&fixture, address).await;
        let whole = format!("{policy} base-uri 'none'; form-action 'none'; frame-ancestors {frames}");
        assert_eq!(answer.header(header::CONTENT_SECURITY_POLICY), whole, "{address}");
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(answer.header(header::REFERRER_POLICY), "same-origin");
    }
}
