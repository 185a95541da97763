//! Chats: formats and signatures of the services, their errors, their limits; and that texts stay texts.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use smokeprobe_alerts::notify::http::Service;
use smokeprobe_alerts::notify::testing::{event, facts, message};
use smokeprobe_alerts::notify::{Delivered, DeliveryError, Dingtalk, Feishu, Notifier, Secret, Slack, Telegram, Wecom};
use smokeprobe_alerts::{Event, Facts, What};

use crate::client::client;
use crate::python::python;
use crate::server::{Seen, Server, answer};

const TOKEN: &str = "0123456789abcdef-TOKEN";
const KEY: &str = "SECkey/+字";

fn service(server: &Server) -> Service {
    Service { endpoint: Some(server.url("")), secret: Some(Secret::Plain(KEY.into())), ..Service::default() }
}

/// Every chat, by name, at this server.
fn chats(server: &Server) -> Vec<Box<dyn Notifier>> {
    let token = || Secret::Plain(TOKEN.into());
    vec![
        Box::new(Dingtalk::new(client(), token(), service(server))),
        Box::new(Feishu::new(client(), token(), service(server))),
        Box::new(Wecom::new(client(), token(), service(server))),
        Box::new(Slack::new(client(), token(), service(server))),
        Box::new(Telegram::new(client(), token(), "-100", service(server))),
    ]
}

fn chat(server: &Server, name: &str) -> Box<dyn Notifier> {
    chats(server).into_iter().find(|chat| chat.name() == name).unwrap()
}

/// What a service says that took a message.
fn success(name: &str) -> &'static str {
    match name {
        "dingtalk" | "wecom" => r#"{"errcode":0,"errmsg":"ok"}"#,
        "feishu" => r#"{"code":0,"msg":"success","data":{},"StatusCode":0,"StatusMessage":"success"}"#,
        "slack" => "ok",
        "telegram" => r#"{"ok":true,"result":{"message_id":42}}"#,
        other => panic!("{other}"),
    }
}

fn raised() -> Event {
    event("Test.Lossy", "someloss", What::Raised)
}

fn with(facts: Facts) -> Event {
    Event { facts: Arc::new(facts), ..raised() }
}

async fn told(name: &str, events: Vec<Event>) -> Seen {
    let server = Server::answering(200, "", success(name));
    let delivered = chat(&server, name).deliver(&message("x", events)).await;
    assert!(delivered.is_ok(), "{name}: {delivered:?}");
    server.only()
}

async fn refused(name: &str, status: u16, said: &str) -> DeliveryError {
    let server = Server::answering(status, "", said);
    chat(&server, name).deliver(&message("x", vec![raised()])).await.unwrap_err()
}

/// The text that people see, markup and all.
fn text(name: &str, seen: &Seen) -> String {
    let body = seen.json();
    match name {
        "dingtalk" => body["markdown"]["text"].as_str().unwrap().to_owned(),
        "wecom" => body["markdown"]["content"].as_str().unwrap().to_owned(),
        "telegram" => body["text"].as_str().unwrap().to_owned(),
        "feishu" => {
            let elements = body["card"]["elements"].as_array().unwrap();
            let texts = elements.iter().filter_map(|element| element["text"]["content"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        "slack" => {
            let sections = body["blocks"][1]["elements"].as_array().unwrap();
            let texts = sections.iter().flat_map(|section| section["elements"].as_array().unwrap());
            texts.map(|element| element["text"].as_str().unwrap()).collect()
        }
        other => panic!("{other}"),
    }
}

const ALL: [&str; 5] = ["dingtalk", "feishu", "wecom", "slack", "telegram"];

#[tokio::test]
async fn every_chat_says_what_happened_in_any_script() {
    for name in ALL {
        let seen = told(name, vec![raised()]).await;
        assert_eq!(
            (seen.method.as_str(), seen.header("content-type")),
            ("POST", Some("application/json; charset=utf-8"))
        );
        let body = seen.text();
        assert!(
            body.contains("[SmokeAlert] someloss was raised on Test.Lossy") || body.contains("\\\\[SmokeAlert"),
            "{body}"
        );
        let text = text(name, &seen);
        for said in ["S, 0%, 20%", "12ms", "loss 20 % is above 0 %", "连续三次丢包", "北京", "lossy.example"] {
            assert!(text.contains(said), "{name} does not say {said}: {text}");
        }
        assert!(body.contains("https://smoke.example/?target=Test.Lossy"), "{body}");
    }
}

#[tokio::test]
async fn dingtalk_gets_markdown_with_pythons_signature() {
    let seen = told("dingtalk", vec![raised()]).await;
    assert!(seen.target.starts_with("/robot/send?access_token="), "{}", seen.target);
    assert_eq!(seen.query("access_token").unwrap(), TOKEN);
    let body = seen.json();
    assert_eq!(body["msgtype"], "markdown");
    assert_eq!(body["markdown"]["title"], "[SmokeAlert] someloss was raised on Test.Lossy");
    let stamp = seen.query("timestamp").unwrap();
    assert_eq!(stamp.len(), 13, "milliseconds");
    // As the service's documentation computes it.
    let program = "import sys, hmac, hashlib, base64, urllib.parse\n\
        timestamp, secret = sys.stdin.buffer.read().decode().split('\\n')\n\
        signed = '{}\\n{}'.format(timestamp, secret)\n\
        code = hmac.new(secret.encode(), signed.encode(), digestmod=hashlib.sha256).digest()\n\
        print(urllib.parse.quote_plus(base64.b64encode(code)))";
    let sign = python(program, &[&stamp, KEY]);
    assert!(seen.target.ends_with(&format!("&sign={sign}")), "{} {sign}", seen.target);
}

#[tokio::test]
async fn feishu_gets_a_card_with_pythons_signature() {
    let seen = told("feishu", vec![raised()]).await;
    assert_eq!(seen.target, format!("/open-apis/bot/v2/hook/{TOKEN}"));
    let body = seen.json();
    assert_eq!(body["msg_type"], "interactive");
    let header = &body["card"]["header"];
    assert_eq!(header["template"], "red");
    assert_eq!(
        header["title"],
        json!({"tag": "plain_text", "content": "[SmokeAlert] someloss was raised on Test.Lossy"})
    );
    let stamp = body["timestamp"].as_str().unwrap();
    assert_eq!(stamp.len(), 10, "seconds");
    let program = "import sys, hmac, hashlib, base64\n\
        key = sys.stdin.buffer.read()\n\
        print(base64.b64encode(hmac.new(key, b'', digestmod=hashlib.sha256).digest()).decode())";
    assert_eq!(body["sign"], python(program, &[stamp, KEY]));

    let cleared = told("feishu", vec![event("Test.Lossy", "someloss", What::Cleared)]).await;
    assert_eq!(cleared.json()["card"]["header"]["template"], "green");
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    for name in ["dingtalk", "feishu"] {
        let server = Server::answering(200, "", success(name));
        let service = Service { secret: None, ..service(&server) };
        let token = Secret::Plain(TOKEN.into());
        let chat: Box<dyn Notifier> = match name {
            "dingtalk" => Box::new(Dingtalk::new(client(), token, service)),
            _ => Box::new(Feishu::new(client(), token, service)),
        };
        chat.deliver(&message("x", vec![raised()])).await.unwrap();
        let seen = server.only();
        assert!(!seen.target.contains("sign") && seen.json().get("sign").is_none(), "{seen:?}");
    }
}

#[tokio::test]
async fn wecom_slack_and_telegram_get_their_forms() {
    let seen = told("wecom", vec![raised()]).await;
    assert_eq!(seen.target, format!("/cgi-bin/webhook/send?key={TOKEN}"));
    assert_eq!(seen.json()["msgtype"], "markdown");

    let seen = told("slack", vec![raised()]).await;
    assert_eq!(seen.target, format!("/services/{TOKEN}"));
    let body = seen.json();
    assert_eq!(body["blocks"][0]["type"], "header");
    assert_eq!(body["blocks"][1]["type"], "rich_text");
    assert!(body["text"].as_str().unwrap().contains("&lt;Storage&gt; &amp; \"S3\""), "{}", body["text"]);

    let seen = told("telegram", vec![raised()]).await;
    assert_eq!(seen.target, format!("/bot{TOKEN}/sendMessage"));
    let body = seen.json();
    assert_eq!((&body["chat_id"], &body["parse_mode"]), (&json!("-100"), &json!("HTML")));
    assert!(body["text"].as_str().unwrap().contains("北京 &lt;Storage&gt; &amp; \"S3\""), "{}", body["text"]);
}

#[tokio::test]
async fn a_token_may_be_the_whole_address() {
    let server = Server::answering(200, "", "ok");
    let hook = Secret::Plain(server.url("/services/T000/B000/XXXX"));
    Slack::new(client(), hook, Service::default()).deliver(&message("x", vec![raised()])).await.unwrap();
    assert_eq!(server.only().target, "/services/T000/B000/XXXX");
}

#[tokio::test]
async fn a_token_of_telegram_keeps_its_colon() {
    let server = Server::answering(200, "", success("telegram"));
    let telegram = Telegram::new(client(), Secret::Plain("110201543:AAHdqTcv".into()), "@ops", service(&server));
    let delivered = telegram.deliver(&message("x", vec![raised()])).await;
    assert_eq!(delivered, Ok(Delivered::with("message 42")));
    assert_eq!(server.only().target, "/bot110201543:AAHdqTcv/sendMessage");
}

/// `(service, status, answer, it may help to try again, a word of the reason)`
const ERRORS: &[(&str, u16, &str, bool, &str)] = &[
    ("dingtalk", 200, r#"{"errcode":130101,"errmsg":"send too fast"}"#, true, "too much"),
    ("dingtalk", 200, r#"{"errcode":-1,"errmsg":"system busy"}"#, true, "system busy"),
    ("dingtalk", 200, r#"{"errcode":310000,"errmsg":"sign not match"}"#, false, "signature"),
    ("dingtalk", 200, r#"{"errcode":300001,"errmsg":"token is not exist"}"#, false, "token"),
    ("feishu", 200, r#"{"code":11232,"msg":"frequency limited","data":{}}"#, true, "too much"),
    ("feishu", 400, r#"{"code":11232,"msg":"frequency limited","data":{}}"#, true, "too much"),
    ("feishu", 200, r#"{"code":9499,"msg":"too many request"}"#, true, "too much"),
    ("feishu", 200, r#"{"code":9499,"msg":"Bad Request","data":{}}"#, false, "understand"),
    ("feishu", 200, r#"{"code":19021,"msg":"sign match fail","data":{}}"#, false, "clock"),
    ("feishu", 400, r#"{"code":19001,"msg":"param invalid","data":{}}"#, false, "token"),
    ("feishu", 200, r#"{"StatusCode":19024,"StatusMessage":"Key Words Not Found"}"#, false, "SmokeAlert"),
    ("wecom", 200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, true, "too much"),
    ("wecom", 200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, false, "key"),
    ("slack", 400, "invalid_payload", false, "invalid_payload"),
    ("slack", 404, "no_service", false, "make a new one"),
    ("slack", 410, "channel_is_archived", false, "channel is gone"),
    ("slack", 500, "rollup_error", true, "rollup_error"),
    ("telegram", 401, r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#, false, "token"),
    ("telegram", 403, r#"{"ok":false,"error_code":403,"description":"bot was kicked"}"#, false, "let it in"),
    (
        "telegram",
        400,
        r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#,
        false,
        "know the chat",
    ),
    (
        "telegram",
        400,
        r#"{"ok":false,"description":"group chat was upgraded","parameters":{"migrate_to_chat_id":-1001234}}"#,
        false,
        "-1001234",
    ),
    ("telegram", 502, "<html>bad gateway</html>", true, "trouble"),
];

#[tokio::test]
async fn errors_of_the_services_are_told_apart() {
    for &(name, status, said, transient, word) in ERRORS {
        let error = refused(name, status, said).await;
        assert_eq!(matches!(error, DeliveryError::Transient { .. }), transient, "{name} {said}: {error}");
        assert!(error.to_string().contains(word), "{name} {said}: {error}");
    }
}

#[tokio::test]
async fn services_say_how_long_to_wait() {
    let said = r#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":35}}"#;
    let DeliveryError::Transient { retry_after, .. } = refused("telegram", 429, said).await else { panic!() };
    assert_eq!(retry_after, Some(Duration::from_secs(35)));
    for (name, said) in [
        ("dingtalk", r#"{"errcode":130101,"errmsg":"send too fast"}"#),
        ("wecom", r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#),
        ("feishu", r#"{"code":11232,"msg":"frequency limited"}"#),
    ] {
        let DeliveryError::Transient { retry_after, .. } = refused(name, 200, said).await else { panic!("{name}") };
        assert_eq!(retry_after, Some(Duration::from_secs(60)), "{name}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_the_services_is_no_success() {
    for name in ["dingtalk", "feishu", "wecom", "telegram"] {
        for said in ["", "<html>captive portal</html>", "{}", "[1]", r#"{"errcode":"0","code":"0","ok":"yes"}"#] {
            let error = refused(name, 200, said).await;
            assert!(matches!(error, DeliveryError::Transient { .. }), "{name} {said}: {error}");
            assert!(error.to_string().contains("check the address"), "{error}");
        }
    }
}

#[tokio::test]
async fn no_secret_is_shown_even_when_the_service_repeats_it() {
    for name in ALL {
        for status in [200, 400, 403, 429, 500] {
            let server = Server::new(move |seen, stream| {
                let said = format!("{} {}", seen.target, seen.text());
                let code =
                    json!({"errcode": 99, "errmsg": said, "code": 99, "msg": said, "ok": false, "description": said});
                stream.write_all(answer(status, "", &code.to_string()).as_bytes())
            });
            let chat = chat(&server, name);
            let said = match chat.deliver(&message("x", vec![raised()])).await {
                Ok(delivered) => delivered.note,
                Err(error) => format!("{error} {error:?}"),
            };
            for secret in [TOKEN, "0123456789", "SECkey", "sign="] {
                assert!(!said.contains(secret) || secret == "sign=" && !said.contains(KEY), "{name} {status}: {said}");
            }
        }
    }
}

/// Longest text that a service takes, and how it counts.
fn size(name: &str, seen: &Seen) -> (usize, usize) {
    let text = text(name, seen);
    match name {
        "dingtalk" | "feishu" => (seen.body.len(), 20_000),
        "wecom" => (text.len(), 4_096),
        "slack" => (text.chars().count(), 3_000),
        "telegram" => (text.encode_utf16().count(), 4_096),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn many_events_are_cut_and_counted() {
    let events: Vec<Event> = (0..2_000)
        .map(|number| {
            let what = if number % 4 == 0 { What::Cleared } else { What::Raised };
            event(&format!("Asia.Host{number}"), "hostdown", what)
        })
        .collect();
    for name in ALL {
        let seen = told(name, events.clone()).await;
        let (size, limit) = size(name, &seen);
        assert!(size <= limit, "{name}: {size} of {limit}");
        assert!(size * 2 > limit, "{name} could have said more: {size} of {limit}");
        let text = text(name, &seen);
        let listed = text.matches("hostdown").count();
        assert!(listed > 10, "{name}: {listed}");
        assert!(text.ends_with(&format!("and {} more", 2_000 - listed)), "{name}: {listed} {text}");
        assert!(seen.text().contains("2000 alerts: 1500 raised, 500 cleared"), "{name}");
    }
}

#[tokio::test]
async fn texts_of_any_length_fit() {
    for filler in ["字", "&", "<", "*", "@", "😀", "\\", "[", "a\n"] {
        let long = filler.repeat(5_000);
        let facts = Facts {
            host: long.clone(),
            title: long.clone(),
            loss: format!("loss: {long}20%"),
            rtt: format!("rtt: {long}7ms"),
            pattern: long.clone(),
            comment: long.clone(),
            reason: long.clone(),
            url: Some(format!("https://h.example/?{}", "&".repeat(480))),
            ..facts()
        };
        for count in [1, 3] {
            for name in ALL {
                let seen = told(name, vec![with(facts.clone()); count]).await;
                let (size, limit) = size(name, &seen);
                assert!(size <= limit, "{name} {filler:?}: {size} of {limit}");
                assert!(text(name, &seen).contains("20%"), "{name} {filler:?}: the newest round is missing");
                assert_eq!(
                    seen.text().matches("someloss was raised on Test.Lossy").count().min(count),
                    count,
                    "{name}"
                );
                assert!(!seen.text().contains(" more"), "{name} {filler:?}: values are shortened first");
            }
        }
    }
}

/// Whoever may name a target or comment an alert must not call everybody in a chat.
#[tokio::test]
async fn texts_cannot_become_mentions_or_links() {
    let evil = "<!channel> <@U024> <@all> @everybody [here](https://evil.example) <https://evil.example|here> \
                <a href=\"https://evil.example\">x</a> <at id=all></at> **b** `c` \u{202e}x\ny";
    let event = with(Facts { title: evil.into(), comment: evil.into(), reason: evil.into(), ..facts() });
    for name in ALL {
        let seen = told(name, vec![event.clone()]).await;
        let text = text(name, &seen);
        assert!(!text.contains('\u{202e}'), "{name}");
        let forbidden: &[&str] = match name {
            // After a backslash they mean themselves.
            "dingtalk" => &[" [here]", " <@", " <!", " **b", " `c"],
            "wecom" => &["<@", "<a", "[here](", "**b", "`"],
            "telegram" => &["<@", "<!", "<a href=\"https://evil", "<at", "@e"],
            // Plain elements alone: checked below.
            _ => &[],
        };
        for bad in forbidden {
            assert!(!text.contains(bad), "{name} says {bad}: {text}");
        }
        match name {
            "feishu" => {
                let kinds = kinds(&seen.json()["card"], "tag");
                assert!(
                    kinds.iter().all(|kind| ["div", "plain_text", "action", "button"].contains(&kind.as_str())),
                    "{kinds:?}"
                );
            }
            "slack" => {
                let body = seen.json();
                let blocks = kinds(&body["blocks"], "type");
                let harmless = ["header", "plain_text", "rich_text", "rich_text_section", "text", "link"];
                assert!(blocks.iter().all(|kind| harmless.contains(&kind.as_str())), "{blocks:?}");
                let text = body["text"].as_str().unwrap();
                let links: Vec<_> = text.split('<').skip(1).collect();
                assert_eq!(links.len(), 1, "{text}");
                assert!(links[0].starts_with("https://smoke.example/"), "{text}");
                assert_eq!(body["mrkdwn"], false);
            }
            _ => {}
        }
    }
}

/// Every value under this name.
fn kinds(value: &Value, name: &str) -> Vec<String> {
    let inner = match value {
        Value::Array(values) => values.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    };
    let own = value.get(name).and_then(Value::as_str).map(str::to_owned);
    own.into_iter().chain(inner.into_iter().flat_map(|value| kinds(value, name))).collect()
}
