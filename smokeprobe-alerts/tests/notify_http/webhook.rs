//! Webhooks: the documented body, keys, signatures, templates.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use smokeprobe_alerts::notify::http::Service;
use smokeprobe_alerts::notify::testing::{event, facts, message, plain_event};
use smokeprobe_alerts::notify::{Delivered, DeliveryError, Notifier, Secret, Webhook};
use smokeprobe_alerts::{Event, Facts, What};

use crate::client::client;
use crate::python::python;
use crate::server::{Server, answer};

fn webhook(server: &Server, service: Service) -> Webhook {
    Webhook::new(client(), Secret::Plain(server.url("/hook")), service, None)
}

fn raised() -> Event {
    event("Test.Lossy", "someloss", What::Raised)
}

fn documentation() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/alerts-webhook.md")).unwrap()
}

/// The first block of this language in the documentation.
fn documented(language: &str) -> String {
    let text = documentation();
    let (_, block) = text.split_once(&format!("```{language}\n")).unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_body_is_the_documented_one() {
    let server = Server::answering(200, "", "thanks");
    let delivered = webhook(&server, Service::default()).deliver(&message("x", vec![raised()])).await;
    assert_eq!(delivered, Ok(Delivered::with("200: thanks")));
    let seen = server.only();
    let documented: serde_json::Value = serde_json::from_str(&documented("json")).unwrap();
    assert_eq!(seen.json(), documented);
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/hook"));
    assert_eq!(seen.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(seen.header("idempotency-key"), Some("17-1795343402"));
    assert_eq!(seen.header("x-smokeprobe-signature"), None);
    for field in documented["events"][0].as_object().unwrap().keys() {
        assert!(documentation().contains(&format!("`{field}`")), "{field} is not explained");
    }
}

#[tokio::test]
async fn several_events_are_one_body_and_each_says_what_happened() {
    let server = Server::answering(204, "", "");
    let events = vec![
        raised(),
        event("Test.Lossy~boomer", "someloss", What::Active),
        event("Test.Lossy", "someloss", What::Cleared),
        plain_event("Test.Lossy", "plain", What::Raised),
        plain_event("Test.Lossy", "plain", What::Active),
    ];
    webhook(&server, Service::default()).deliver(&message("x", events)).await.unwrap();
    let body = server.only().json();
    let events = body["events"].as_array().unwrap();
    let what: Vec<_> = events.iter().map(|event| event["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["raised", "active", "cleared", "active", "active"]);
    assert_eq!((&events[1]["vantage"], &events[1]["line"]), (&"boomer".into(), &"Test.Lossy [from boomer]".into()));
    assert_eq!(events[1]["target"], "Test.Lossy");
}

/// The program in the documentation is what users will copy.
#[tokio::test]
async fn the_documented_program_accepts_our_signature_and_no_other() {
    let server = Server::answering(200, "", "");
    let service = Service { secret: Some(Secret::Plain("s3cret 字".into())), ..Service::default() };
    webhook(&server, service).deliver(&message("x", vec![raised()])).await.unwrap();
    let seen = server.only();
    let program = format!(
        "{}\nimport sys\nsecret, stamp, signature, now, body = sys.stdin.buffer.read().decode().split('\\n', 4)\n\
         headers = {{'x-smokeprobe-timestamp': stamp, 'x-smokeprobe-signature': signature}}\n\
         print(is_ours(secret, headers, body.encode(), float(now)))",
        documented("python")
    );
    let stamp = seen.header("x-smokeprobe-timestamp").unwrap();
    let signature = seen.header("x-smokeprobe-signature").unwrap();
    let late = (stamp.parse::<i64>().unwrap() + 301).to_string();
    let changed = seen.text().replace("20%", "0%");
    for (secret, now, body, verdict) in [
        ("s3cret 字", stamp, seen.text(), "True"),
        ("another", stamp, seen.text(), "False"),
        ("s3cret 字", late.as_str(), seen.text(), "False"),
        ("s3cret 字", stamp, changed.as_str(), "False"),
    ] {
        assert_eq!(python(&program, &[secret, stamp, signature, now, body]), verdict, "{secret} {now}");
    }
}

#[tokio::test]
async fn own_headers_and_secrets_come_from_where_they_are_and_are_never_shown() {
    let server = Server::new(|seen, stream| {
        let said = format!("you sent {:?} to {}", seen.header("x-token"), seen.target);
        stream.write_all(answer(403, "", &said).as_bytes())
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    writeln!(&file, "t0ps3cret-token").unwrap();
    let service = Service {
        secret: Some(Secret::Plain("signing-key".into())),
        headers: vec![("X-Token".into(), Secret::File(file.path().into()))],
        ..Service::default()
    };
    let url = Secret::Plain(server.url("/hooks/abcdefghijkl?key=mnopqrstuvwx"));
    let webhook = Webhook::new(client(), url, service, None);
    let error = webhook.deliver(&message("x", vec![raised()])).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Permanent { .. }), "{error}");
    assert_eq!(server.only().header("x-token"), Some("t0ps3cret-token"));
    for text in [error.to_string(), format!("{error:?}"), format!("{webhook:?}")] {
        for secret in ["t0ps3cret", "abcdefgh", "mnopqr", "signing-key"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_says_which() {
    let server = Server::answering(200, "", "");
    for (secret, word, hopeless) in [
        (Secret::Env("SMOKEPROBE_TEST_UNSET".into()), "SMOKEPROBE_TEST_UNSET", true),
        (Secret::File("/nowhere/secret".into()), "/nowhere/secret", false),
    ] {
        let error = webhook(&server, Service { secret: Some(secret), ..Service::default() })
            .deliver(&message("x", vec![raised()]))
            .await
            .unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
        assert_eq!(matches!(error, DeliveryError::Permanent { .. }), hopeless, "{error}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn trouble_keeps_the_time_that_is_asked_for() {
    let server = Server::answering(429, "retry-after: 30\r\n", "");
    let error = webhook(&server, Service::default()).deliver(&message("x", vec![raised()])).await.unwrap_err();
    let DeliveryError::Transient { retry_after, .. } = error else { panic!("{error}") };
    assert_eq!(retry_after, Some(Duration::from_secs(30)));
}

async fn templated(template: &str, kind: Option<&str>, event: Event) -> String {
    let server = Server::answering(200, "", "");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), template).unwrap();
    let headers = kind.map(|kind| ("Content-Type".to_owned(), Secret::Plain(kind.to_owned())));
    let service = Service { headers: headers.into_iter().collect(), ..Service::default() };
    let webhook = Webhook::new(client(), Secret::Plain(server.url("/")), service, Some(file.path().into()));
    webhook.deliver(&message("x", vec![event])).await.unwrap();
    let seen = server.only();
    assert_eq!(seen.header("content-type"), Some(kind.unwrap_or("application/json; charset=utf-8")));
    seen.text().to_owned()
}

fn nasty() -> Event {
    let comment = "a \"b\" <c> & \\ d\n<##HOST##> 字".to_owned();
    Event { facts: Arc::new(Facts { comment, ..facts() }), ..raised() }
}

#[tokio::test]
async fn a_template_is_filled_and_values_stay_values() {
    let body = templated(r#"{"text": "<##ALERT##> <##WHAT##>: <##COMMENT##>"}"#, None, nasty()).await;
    let read: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(read["text"], "someloss was raised: a \"b\" <c> & \\ d\n<##HOST##> 字");

    let form = templated("a=<##COMMENT##>&b=<##LOSS##>", Some("application/x-www-form-urlencoded"), nasty()).await;
    let pairs: Vec<_> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    assert_eq!(pairs[0].1, "a \"b\" <c> & \\ d\n<##HOST##> 字");
    assert_eq!(pairs[1], ("b".into(), "loss: S, 0%, 20%".into()));

    let xml = templated("<a b=\"<##COMMENT##>\"/>", Some("text/xml"), nasty()).await;
    assert_eq!(xml, "<a b=\"a &quot;b&quot; &lt;c&gt; &amp; \\ d\n&lt;##HOST##&gt; 字\"/>");

    let text = templated("<##TARGET##> <##STATE##> <##UNKNOWN##> <##", Some("text/plain"), nasty()).await;
    assert_eq!(text, "Test.Lossy raised <##UNKNOWN##> <##");
}

#[tokio::test]
async fn every_documented_tag_has_a_value() {
    let text = documentation();
    let (_, section) = text.split_once("## A body of your own").unwrap();
    let (table, _) = section.split_once("Other text between").unwrap();
    let tags: Vec<_> =
        table.split("<##").skip(1).map(|rest| format!("<##{}##>", rest.split_once("##>").unwrap().0)).collect();
    assert!(tags.len() >= 19, "{tags:?}");
    let full = Event {
        series: "Test.Lossy~boomer".parse().unwrap(),
        facts: Arc::new(Facts { priority: Some(3), ..facts() }),
        ..raised()
    };
    for tag in tags {
        let filled = templated(&tag, Some("text/plain"), full.clone()).await;
        assert!(!filled.is_empty() && filled != tag, "{tag} gives {filled:?}");
    }
}

#[tokio::test]
async fn several_events_in_a_template_are_requests_with_keys_of_their_own() {
    let server = Server::answering(200, "", "");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "<##ALERT##>").unwrap();
    let webhook = Webhook::new(client(), Secret::Plain(server.url("/")), Service::default(), Some(file.path().into()));
    let events = vec![raised(), event("Test.Lossy", "other", What::Cleared)];
    webhook.deliver(&message("x", events)).await.unwrap();
    let seen = server.seen();
    let told: Vec<_> = seen.iter().map(|seen| (seen.text(), seen.header("idempotency-key").unwrap())).collect();
    assert_eq!(told, [("someloss", "17-1795343402-0"), ("other", "17-1795343402-1")]);
}

#[tokio::test]
async fn a_template_that_is_of_no_use_is_said_so() {
    let server = Server::answering(200, "", "");
    let large = tempfile::NamedTempFile::new().unwrap();
    large.as_file().set_len(300_000).unwrap();
    let binary = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(binary.path(), b"\xff\xfe").unwrap();
    for (path, word) in [
        (Path::new("/nowhere/body"), "No such file"),
        (Path::new("/dev/zero"), "not a file"),
        (large.path(), "longer"),
        (binary.path(), "UTF-8"),
    ] {
        let webhook = Webhook::new(client(), Secret::Plain(server.url("/")), Service::default(), Some(path.into()));
        let error = webhook.deliver(&message("x", vec![raised()])).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Permanent { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains(word) && said.contains(path.to_str().unwrap()), "{said}");
    }
    assert!(server.seen().is_empty());
}
