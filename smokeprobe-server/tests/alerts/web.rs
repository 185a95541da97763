//! What the web and the command line say of the alerts of a daemon that runs, and what they may change.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

use resvg::tiny_skia::{Pixmap, PremultipliedColorU8};
use serde_json::{Value, json};

use crate::harness::Daemon;
use crate::site::{Setup, Site, stored};

const EDGE: &str = "+ hostdown\ntype = loss\npattern = >60%\nedgetrigger = yes\ncomment = Massive loss\n";

/// What the daemon answers to a request with these headers, and a JSON body.
fn ask(daemon: &Daemon, request: &str, headers: &str, body: &Value) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", daemon.port())).unwrap();
    let body = body.to_string();
    write!(stream, "{request} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

const HERE: &str = "Host: localhost\r\nContent-Type: application/json\r\n";

/// The command line against a daemon.
fn alerts(daemon: &Daemon, args: &[&str]) -> Output {
    let server = format!("http://127.0.0.1:{}", daemon.port());
    let mut command = Command::new(env!("CARGO_BIN_EXE_smokeprobe-server"));
    command.arg("alerts").args(args).args(["--server", &server]).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn down_and_told() -> (Setup, Site, Daemon) {
    let (setup, site) = (Setup::new(), Site::start());
    setup.configure(EDGE, &[("Demo", &site, "hostdown")]);
    let daemon = Daemon::start(&setup.folder);
    daemon.until("rounds are stored", || stored(&daemon) >= 1);
    site.down();
    daemon.until("it is told", || setup.calls().len() == 1);
    (setup, site, daemon)
}

#[test]
fn raised_alert_is_listed_and_acknowledged() {
    let (_setup, site, daemon) = down_and_told();
    daemon.until("it is listed", || said(&alerts(&daemon, &["list"])).contains("Sites.Demo hostdown since "));
    let output = alerts(&daemon, &["ack", "Sites.Demo", "hostdown", "--comment", "on it", "--author", "Ann"]);
    assert!(output.status.success(), "{}", said(&output));
    let standing = daemon.json("/api/v1/alerts")["standing"][0].clone();
    assert_eq!(standing["acknowledged"]["author"], "Ann");
    assert!(said(&alerts(&daemon, &["list"])).contains("acknowledged by Ann (on it)"));
    assert_eq!(daemon.json("/api/v1/states")["raised"], json!([[0, ["hostdown"]]]), "acknowledged ones stand still");
    let output = alerts(&daemon, &["ack", "Sites.Demo", "other"]);
    assert!(!output.status.success() && said(&output).contains("is not raised"), "{}", said(&output));
    site.up();
    daemon.until("it is cleared", || said(&alerts(&daemon, &["list"])).contains("0 raised"));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn pictures_mark_when_an_alert_was_raised_and_cleared() {
    let (setup, site) = (Setup::new(), Site::start());
    setup.configure_to("ops@company.example", EDGE, &[("Demo", &site, "hostdown")]);
    let daemon = Daemon::start(&setup.folder);
    daemon.until("rounds are stored", || stored(&daemon) >= 1);
    site.down();
    let picture = |query: &str| {
        let request = format!("GET /graph/Sites.Demo.svg?from=-5min{query}");
        let (status, svg) = ask(&daemon, &request, "Host: localhost\r\n", &Value::Null);
        assert_eq!(status, 200, "{svg}");
        svg
    };
    // The colour of alerts, filled: it was raised, and people were told.
    let raised = |svg: &str| svg.contains("fill=\"#c0241a\" stroke=\"#c0241a\"");
    let cleared = |svg: &str| svg.contains("fill=\"#ffffff\" stroke=\"#c0241a\"");
    daemon.until("its rise is marked", || raised(&picture("")));
    assert!(!cleared(&picture("")), "it stands");
    assert!(raised(&picture("&vantage=all")), "lines are marked too");
    for unmarked in ["&marks=0", "&small=1"] {
        assert!(!picture(unmarked).contains("#c0241a\" stroke"), "{unmarked}");
    }
    site.up();
    daemon.until("its end is marked", || cleared(&picture("")));
    // And in the mails of both.
    for subject in ["hostdown was raised", "hostdown was cleared"] {
        daemon.until(subject, || setup.mailed_picture(subject).is_some());
        let mailed = Pixmap::decode_png(&setup.mailed_picture(subject).unwrap()).unwrap();
        let alert = |pixel: &PremultipliedColorU8| (pixel.red(), pixel.green(), pixel.blue()) == (0xc0, 0x24, 0x1a);
        assert!(mailed.pixels().iter().any(alert), "{subject}");
    }
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn silence_keeps_quiet_until_it_is_taken_back() {
    let (setup, site) = (Setup::new(), Site::start());
    setup.configure(EDGE, &[("Demo", &site, "hostdown")]);
    let daemon = Daemon::start(&setup.folder);
    let output =
        alerts(&daemon, &["silence", "--target", "Sites", "--for", "2h", "--comment", "works", "--author", "Ann"]);
    assert!(output.status.success(), "{}", said(&output));
    let id = said(&output).split(' ').nth(1).unwrap().to_owned();
    site.down();
    daemon.until("it stands", || daemon.json("/api/v1/alerts")["standing"][0]["alert"] == "hostdown");
    let before = stored(&daemon);
    daemon.until("more rounds are judged", || stored(&daemon) >= before + 2);
    let listed = daemon.json("/api/v1/alerts");
    assert_eq!(listed["standing"][0]["silent"], json!({"why": "silenced", "by": id}));
    assert_eq!(daemon.json("/api/v1/states")["raised"], json!([[0, ["hostdown"], true]]));
    assert_eq!(
        (&listed["silences"][0]["active"], &listed["silences"][0]["targets"]),
        (&json!(true), &json!(["Sites"]))
    );
    assert!(setup.calls().is_empty());

    let output = alerts(&daemon, &["unsilence", &id]);
    assert!(output.status.success(), "{}", said(&output));
    daemon.until("it is told now", || setup.calls().len() == 1);
    assert_eq!(setup.calls()[0][5], "1");
    assert!(!alerts(&daemon, &["unsilence", &id]).status.success());
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn nothing_is_changed_for_others_than_the_machine_itself() {
    let (setup, site) = (Setup::new(), Site::start());
    setup.configure(EDGE, &[("Demo", &site, "hostdown")]);
    let daemon = Daemon::start(&setup.folder);
    let silence = json!({"targets": ["Sites"], "until": "+1h", "comment": "x", "author": "y"});
    let post = "POST /api/v1/alerts/silences";
    for headers in [
        "Host: rebound.example\r\nContent-Type: application/json\r\n",
        "Host: localhost\r\nContent-Type: text/plain\r\n",
        "Host: localhost\r\nContent-Type: application/json\r\nOrigin: http://evil.example\r\n",
        "Host: localhost\r\nContent-Type: application/json\r\nX-Forwarded-For: 192.0.2.1\r\n",
    ] {
        let (status, answer) = ask(&daemon, post, headers, &silence);
        assert_eq!(status, 403, "{headers}{answer}");
    }
    assert_eq!(daemon.json("/api/v1/alerts")["silences"], json!([]));
    for (wrong, why) in [
        (json!({"until": "+1h", "tragets": []}), "unknown field `tragets`"),
        (json!({"until": "-1h"}), "must lie after from"),
        (json!({"weekly": {"days": ["someday"], "from": "22:00", "until": "06:00"}}), "mon, tue"),
        (json!({"weekly": {"days": ["mon"], "from": "22:00", "until": "06:00", "zone": "Mars"}}), "time zone Mars"),
        (json!({"comment": "x".repeat(70_000)}), "longer than 65536 bytes"),
    ] {
        let (status, answer) = ask(&daemon, post, HERE, &wrong);
        assert!(status == 400 && answer.contains(why), "{why}: {answer}");
    }
    let weekly =
        json!({"weekly": {"days": ["sat", "sun"], "from": "22:00", "until": "06:00", "zone": "Asia/Shanghai"}});
    assert_eq!(ask(&daemon, post, HERE, &weekly).0, 200);
    assert_eq!(daemon.json("/api/v1/alerts")["silences"][0]["weekly"]["days"], json!(["sat", "sun"]));
    let (status, answer) = ask(&daemon, "POST /api/v1/alerts/messages/7/retry", HERE, &json!({}));
    assert!(status == 404 && answer.contains("no dead letter 7"), "{answer}");
    assert_eq!(ask(&daemon, "GET /api/v1/alerts/silences", HERE, &json!({})).0, 405);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn dead_letter_is_listed_retried_and_dismissed() {
    let (setup, site) = (Setup::new(), Site::start());
    setup.configure_to(&format!("|{}", setup.folder.path("missing")), EDGE, &[("Demo", &site, "hostdown")]);
    // It can be started, and fails for good.
    let program = "printf '#!/bin/sh\\necho no money left >&2\\nexit 3\\n' >\"$0\" && chmod +x \"$0\"";
    assert!(Command::new("sh").args(["-c", program, &setup.folder.path("missing")]).status().unwrap().success());
    let daemon = Daemon::start(&setup.folder);
    site.down();
    daemon.until("it is given up", || daemon.json("/api/v1/alerts")["outbox"]["dead"] == 1);
    let letter = daemon.json("/api/v1/alerts")["outbox"]["dead_letters"][0].clone();
    assert!(letter["dead"].as_str().unwrap().contains("no money left"), "{letter}");
    let deliveries = daemon.json("/api/v1/alerts/deliveries?target=Sites&limit=5");
    assert_eq!(deliveries["deliveries"][0]["outcome"], "given_up", "{deliveries}");

    let id = letter["id"].to_string();
    let (status, answer) = ask(&daemon, &format!("POST /api/v1/alerts/messages/{id}/retry"), HERE, &json!({}));
    assert_eq!(status, 200, "{answer}");
    daemon.until("it is given up again", || daemon.json("/api/v1/alerts")["outbox"]["dead"] == 1);
    let (status, answer) = ask(&daemon, &format!("POST /api/v1/alerts/messages/{id}/dismiss"), HERE, &json!({}));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(daemon.json("/api/v1/alerts")["outbox"]["dead"], 0);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn rounds_and_alerts_are_streamed_as_they_happen() {
    let (setup, site) = (Setup::new(), Site::start());
    setup.configure(EDGE, &[("Demo", &site, "hostdown"), ("Other", &site, "")]);
    let daemon = Daemon::start(&setup.folder);
    let lines = |query: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", daemon.port())).unwrap();
        write!(stream, "GET /api/v1/live?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(120))).unwrap();
        BufReader::new(stream).lines().map(|line| line.expect("the stream goes on"))
    };
    let (mut lines, states) = (lines("target=Sites.Demo"), lines("states=1"));
    let mut next = |wanted: &str| -> Value {
        let event = format!("event: {wanted}");
        // Bounded: some rounds a second come for a minute at most.
        let found = (&mut lines).take(10_000).any(|line| line == event);
        assert!(found, "no {wanted} in the stream");
        let data = lines.next().unwrap();
        serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap()
    };
    // A busy machine may miss some.
    let mut round = next("round");
    while round["state"] != "measured" {
        round = next("round");
    }
    assert_eq!(round["series"], "Sites.Demo");
    site.down();
    let alert = next("alert");
    assert_eq!((&alert["what"], &alert["alert"], &alert["told"]), (&json!("raised"), &json!("hostdown"), &json!(true)));
    let mut raised = states.filter_map(|line| {
        let states: Value = serde_json::from_str(line.strip_prefix("data: ")?).unwrap();
        states.get("raised").cloned()
    });
    assert_eq!(raised.next(), Some(json!([[0, ["hostdown"]]])));
    site.up();
    assert_eq!(next("alert")["what"], "cleared");
    assert_eq!(raised.next(), Some(json!([])));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn metrics_count_what_is_told() {
    let (_setup, _site, daemon) = down_and_told();
    let metrics = || {
        let (status, text) = ask(&daemon, "GET /metrics", "Host: localhost\r\n", &json!(null));
        assert_eq!(status, 200);
        text
    };
    daemon.until("the delivery is counted", || metrics().contains("outcome=\"delivered\"} 1\n"));
    let text = metrics();
    for line in [
        "smokeprobe_alerts_raised{alert=\"hostdown\"} 1.0",
        "smokeprobe_alert_events_total{alert=\"hostdown\",what=\"raised\"} 1",
        "smokeprobe_alert_state_blocked 0.0",
        "smokeprobe_alert_messages{state=\"waiting\"} 0.0",
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool; install Debian's package prometheus");
    let start = text.find("# HELP").unwrap();
    // Chunks of a body begin with a line of their length.
    let body: String = text[start..]
        .lines()
        .filter(|line| line.starts_with("# ") || line.contains(' '))
        .map(|line| line.to_owned() + "\n")
        .collect();
    promtool.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{body}", said(&output));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn test_message_is_real_and_says_what_came_of_it() {
    let (setup, site) = (Setup::new(), Site::start());
    setup.configure(EDGE, &[("Demo", &site, "hostdown")]);
    let config = setup.folder.path("config");
    let test = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_smokeprobe-server"));
        command.args(["alerts", "test", "--config", &config]).args(args).output().unwrap()
    };
    let output = test(&["--to", &setup.program()]);
    assert!(output.status.success() && said(&output).contains("delivered"), "{}", said(&output));
    let output = test(&["--alert", "hostdown", "--target", "Sites.Demo"]);
    assert!(output.status.success(), "{}", said(&output));
    let calls = setup.calls();
    assert_eq!((calls[0][0].as_str(), calls[0][1].as_str()), ("test", "Smokeprobe.Test"));
    assert_eq!(
        (calls[1][0].as_str(), calls[1][1].as_str(), calls[1][4].as_str()),
        ("hostdown", "Sites.Demo", "127.0.0.1")
    );
    assert_eq!(calls[1][5], "1");

    let output = test(&["--to", &format!("|{}", setup.folder.path("nothing"))]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("not delivered"), "{}", said(&output));
    let output = test(&["--alert", "unknown", "--target", "Sites.Demo"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("has no alert unknown; it has hostdown"), "{}", said(&output));

    // And by the server that runs.
    let daemon = Daemon::start(&setup.folder);
    let order = json!({"alert": "hostdown", "target": "Sites.Demo"});
    let (status, answer) = ask(&daemon, "POST /api/v1/alerts/test", HERE, &order);
    assert!(status == 200 && answer.contains("\"delivered\":true"), "{answer}");
    assert_eq!(setup.calls().len(), 3);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn command_line_says_that_no_server_runs() {
    // Bound, so that nobody else gets it, and closed.
    let bound = tokio::net::TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let server = format!("http://{}", bound.local_addr().unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_smokeprobe-server"))
        .args(["alerts", "list", "--server", &server])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains(&format!("no server answers at {server}")), "{}", said(&output));
}
