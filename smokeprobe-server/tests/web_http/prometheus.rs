//! `/metrics`, judged by Prometheus' own tool.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use smokeprobe_core::{Round, RoundOrder, RoundResult, RoundSink, UnknownReason, WallTime};
use smokeprobe_server::web::router;

use crate::fixture::{Fixture, NOW, plan, round};
use crate::{Answer, ask, read};

/// The value of a sample, as written.
fn sample<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

fn busy_fixture() -> Fixture {
    let fixture = Fixture::new();
    let mut sink = fixture.metrics_sink();
    let mut spoilt = round("Console.BeijingConsole", &[4, 5, 60], 1);
    if let RoundResult::Measured(measured) = &mut spoilt.result {
        measured.quality.timer_lateness = Duration::from_millis(7);
        measured.quality.suspect = true;
    }
    let order = RoundOrder { series: spoilt.series.clone(), slot: spoilt.slot, pings: 4 };
    sink.accept(&spoilt).unwrap();
    sink.accept(&Round::unknown(&order, WallTime::from_unix_secs(NOW), UnknownReason::Missed)).unwrap();
    sink.accept(&round("Storage.NingxiaS3~tokyo", &[80], 0)).unwrap();
    sink.accept(&round("Gone.Target", &[80], 0)).unwrap();
    fixture
}

#[tokio::test]
async fn promtool_finds_nothing_to_complain_of() {
    let answer = read(&busy_fixture(), "/metrics").await;
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cannot run promtool; install it with: apt-get install prometheus");
    promtool.stdin.take().unwrap().write_all(&answer.body).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "{said}\n{}", answer.text());
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
}

#[tokio::test]
async fn rounds_are_counted_by_series() {
    let answer = read(&busy_fixture(), "/metrics").await;
    let text = answer.text();
    let beijing = "target=\"Console.BeijingConsole\",vantage=\"\",probe=\"FPing\"";
    let count = |name: &str| sample(text, name).unwrap_or_else(|| panic!("no {name} in\n{text}"));
    assert_eq!(count(&format!("smokeprobe_pings_sent_total{{{beijing}}}")), "4");
    assert_eq!(count(&format!("smokeprobe_pings_lost_total{{{beijing}}}")), "1");
    assert_eq!(count(&format!("smokeprobe_rounds_total{{{beijing},outcome=\"measured\"}}")), "1");
    assert_eq!(count(&format!("smokeprobe_rounds_total{{{beijing},outcome=\"unknown\"}}")), "1");
    assert_eq!(count(&format!("smokeprobe_rtt_seconds_count{{{beijing}}}")), "3");
    assert_eq!(count(&format!("smokeprobe_rtt_seconds_sum{{{beijing}}}")), "0.069");
    let bucket = |le: &str| {
        let line = text.lines().find(|line| {
            line.starts_with("smokeprobe_rtt_seconds_bucket")
                && line.contains(beijing)
                && line.contains(&format!("le=\"{le}\""))
        });
        line.and_then(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok())
    };
    assert_eq!(
        [bucket("0.002"), bucket("0.005"), bucket("0.05"), bucket("0.1"), bucket("+Inf")],
        [Some(0), Some(2), Some(2), Some(3), Some(3)]
    );
    assert_eq!(
        count("smokeprobe_rtt_seconds_count{target=\"Storage.NingxiaS3\",vantage=\"tokyo\",probe=\"TCPPing\"}"),
        "1"
    );
    assert_eq!(count("smokeprobe_unknown_rounds_total{reason=\"missed\"}"), "1");
    assert_eq!(count("smokeprobe_answers_total{stamp=\"kernel\"}"), "4");
    assert_eq!(count("smokeprobe_suspect_rounds_total"), "1");
    assert_eq!(count("smokeprobe_timer_lateness_seconds_count"), "2");
    assert_eq!(count("smokeprobe_config_last_reload_successful"), "1.0");
    assert_eq!(count("smokeprobe_writer_queue_rounds"), "0.0");
}

#[tokio::test]
async fn labels_are_those_of_the_plan_and_no_more() {
    let fixture = busy_fixture();
    let text = read(&fixture, "/metrics").await.text().to_owned();
    assert!(!text.contains("Gone.Target"), "a target that the plan does not have");
    assert!(!text.contains("Other.Game"), "a target that nobody measures");

    let mut sink = fixture.metrics_sink();
    let mut smaller = plan();
    smaller.root.children.retain(|section| section.name == "Console");
    sink.accept(&round("Console.BeijingConsole", &[4], 0)).unwrap();
    fixture.live.plan.store(Arc::new(smaller));
    sink.accept(&round("Console.BeijingConsole", &[4], 0)).unwrap();
    let text = read(&fixture, "/metrics").await.text().to_owned();
    assert!(!text.contains("Storage.NingxiaS3"), "a target that the new plan no longer has");
    let beijing = "target=\"Console.BeijingConsole\",vantage=\"\",probe=\"FPing\"";
    let sent = sample(&text, &format!("smokeprobe_pings_sent_total{{{beijing}}}"));
    assert_eq!(sent, Some("2"), "a reload does not reset what stays");
}

#[tokio::test]
async fn openmetrics_is_there_for_those_who_ask() {
    let fixture = busy_fixture();
    let request = Request::get("/metrics")
        .header(header::ACCEPT, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
        .body(Body::empty())
        .unwrap();
    let answer: Answer = ask(&router(fixture.state.clone()), request).await;
    assert!(answer.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("application/openmetrics-text"));
    assert!(answer.text().ends_with("# EOF\n"));
    assert!(answer.text().contains("# TYPE smokeprobe_pings_sent counter\n"));
}
