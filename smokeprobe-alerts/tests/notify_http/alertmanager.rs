//! Alertmanager: Debian's own, and what it tells others.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use smokeprobe_alerts::notify::http::{Request, Service};
use smokeprobe_alerts::notify::testing::{event, facts, message, plain_event};
use smokeprobe_alerts::notify::{Alertmanager, DeliveryError, Notifier, Secret};
use smokeprobe_alerts::{Event, Facts, What};
use smokeprobe_core::{Clock, SystemClock};

use crate::client::client;
use crate::server::Server;

/// Debian's Alertmanager, which posts what it is told to a server.
struct Real {
    process: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Real {
    fn start(receiver: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.yml");
        let text = json!({
            "route": {"receiver": "us", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s"},
            "receivers": [{"name": "us", "webhook_configs": [{"url": receiver, "send_resolved": true}]}],
        });
        // JSON is YAML.
        std::fs::write(&config, text.to_string()).unwrap();
        let mut process = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.path().join("data").display()))
            .args(["--web.listen-address=127.0.0.1:0", "--cluster.listen-address="])
            .stderr(Stdio::piped())
            .spawn()
            .expect(
                "cannot run prometheus-alertmanager; install Debian's prometheus-alertmanager (scripts/setup test)",
            );
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = lines.by_ref().map(Result::unwrap).find_map(|line| {
            line.contains("Listening on").then(|| line.rsplit_once("address=").unwrap().1.trim().to_owned())
        });
        let address = address.expect("prometheus-alertmanager did not start");
        // Whoever prints into a closed pipe is ended.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, url: format!("http://{address}"), _folder: folder }
    }

    async fn standing(&self) -> Vec<Value> {
        let answer = client().send(Request::get(format!("{}/api/v2/alerts", self.url))).await.unwrap();
        serde_json::from_slice(&answer.body).unwrap()
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An event of just now, as Alertmanager forgets what ended long ago.
fn now(event: Event) -> Event {
    let now = SystemClock.wall().unix_secs();
    Event { time: now, since: if event.what == What::Raised { now } else { now - 600 }, ..event }
}

#[tokio::test]
async fn the_real_one_takes_what_is_raised_and_what_is_cleared() {
    let receiver = Server::answering(200, "", "");
    let real = Real::start(&receiver.url("/told"));
    let notifier = Alertmanager::new(client(), Secret::Plain(real.url.clone()), Service::default());

    let important = Event {
        facts: Arc::new(Facts { priority: Some(1), ..facts() }),
        ..event("Test.Lossy~boomer", "hostdown", What::Raised)
    };
    let raised = vec![now(event("Test.Lossy", "someloss", What::Raised)), now(important)];
    notifier.deliver(&message("x", raised)).await.unwrap();

    let mut standing = real.standing().await;
    standing.sort_by_key(|alert| alert["labels"]["alertname"].to_string());
    let labels: Vec<_> = standing.iter().map(|alert| alert["labels"].clone()).collect();
    let someloss = json!({"alertname": "someloss", "target": "Test.Lossy", "severity": "warning", "job": "smokeprobe"});
    assert_eq!(
        labels,
        [
            json!({"alertname": "hostdown", "target": "Test.Lossy", "vantage": "boomer", "severity": "critical", "job": "smokeprobe"}),
            someloss.clone(),
        ]
    );
    let alert = &standing[1];
    assert_eq!(alert["annotations"]["summary"], "someloss was raised on Test.Lossy");
    assert_eq!(alert["annotations"]["title"], "北京 <Storage> & \"S3\"");
    assert_eq!(alert["generatorURL"], "https://smoke.example/?target=Test.Lossy");

    // Of what is over before it was told, nobody is told.
    let receiver = told_of(receiver, "firing", &someloss).await;
    let cleared = now(event("Test.Lossy", "someloss", What::Cleared));
    notifier.deliver(&message("x", vec![cleared])).await.unwrap();
    let standing = real.standing().await;
    assert_eq!(standing.len(), 1, "{standing:?}");
    assert_eq!(standing[0]["labels"]["alertname"], "hostdown");

    // It tells others of both, and then that one is over.
    told_of(receiver, "resolved", &someloss).await;
}

/// Waits until the receiver is told that an alert with these labels is so.
async fn told_of(receiver: Server, status: &'static str, labels: &Value) -> Server {
    let labels = labels.clone();
    let told = tokio::task::spawn_blocking(move || {
        receiver.wait_until(|seen| {
            seen.iter()
                .flat_map(|seen| seen.json()["alerts"].as_array().unwrap().clone())
                .any(|alert| alert["status"] == status && alert["labels"] == labels)
        });
        receiver
    });
    told.await.unwrap()
}

#[tokio::test]
async fn the_real_one_says_what_it_does_not_take() {
    let real = Real::start("http://127.0.0.1:1/");
    // A label's name cannot be wrong, but its value can: it must be text.
    let answer = client()
        .send(
            Request::post(format!("{}/api/v2/alerts", real.url), "[{\"labels\": 1}]")
                .header("content-type", "application/json"),
        )
        .await
        .unwrap();
    let Some(DeliveryError::Permanent { reason }) = answer.refusal() else { panic!("{answer:?}") };
    assert!(reason.contains("labels"), "{reason}");
    // And a prefix that is not there.
    let wrong = Alertmanager::new(client(), Secret::Plain(format!("{}/prefix/", real.url)), Service::default());
    let error = wrong.deliver(&message("x", vec![now(event("A.B", "x", What::Raised))])).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Permanent { .. }) && error.to_string().contains("404"), "{error}");
}

#[tokio::test]
async fn an_alert_stands_until_it_is_cleared_or_is_not_told_again() {
    let server = Server::answering(200, "", "");
    let notifier = Alertmanager::new(client(), Secret::Plain(server.url("/am/")), Service::default());
    let events = vec![
        event("A.Edge", "x", What::Active),
        plain_event("A.Plain", "x", What::Active),
        event("A.Back", "x", What::Raised),
        event("A.Back", "x", What::Cleared),
    ];
    notifier.deliver(&message("x", events)).await.unwrap();
    let seen = server.only();
    assert_eq!(seen.target, "/am/api/v2/alerts");
    let told: Vec<_> = seen
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&alert["labels"]["target"]), text(&alert["startsAt"]), text(&alert["endsAt"]))
        })
        .collect();
    let expect = |target: &str, start: &str, end: &str| (target.to_owned(), start.to_owned(), end.to_owned());
    assert_eq!(
        told,
        [
            expect("A.Edge", "2026-11-22T10:20:00Z", "2026-12-22T10:30:00Z"),
            expect("A.Plain", "2026-11-22T10:20:00Z", "2026-11-22T10:45:00Z"),
            // Raised and cleared in one message: the end counts.
            expect("A.Back", "2026-11-22T10:20:00Z", "2026-11-22T10:30:00Z"),
        ]
    );
}
