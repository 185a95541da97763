//! Every request is signed as botocore would sign it.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use smokeprobe_alerts::notify::aws::{AwsOptions, Lambda, Sns};
use smokeprobe_alerts::notify::testing::{event, message};
use smokeprobe_alerts::{Notifier, What};

use crate::server::{Seen, Server};
use crate::{ID, NOW, SECRET, aws, python};

/// What botocore makes of these requests.
fn oracle(cases: &[Value]) -> Vec<String> {
    let mut child = Command::new(python())
        .args(["-c", include_str!("signatures.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&serde_json::to_vec(cases).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The names of the headers that are signed.
fn signed(seen: &Seen) -> Vec<String> {
    let authorization = seen.header("authorization").unwrap();
    let (_, rest) = authorization.split_once("SignedHeaders=").unwrap();
    rest.split(',').next().unwrap().split(';').map(str::to_owned).collect()
}

fn case(seen: &Seen, server: &Server, service: &str, region: &str, token: Option<&str>) -> Value {
    // botocore writes these itself.
    let own = ["host", "x-amz-date", "x-amz-security-token"];
    let names = signed(seen);
    for name in own.iter().take(if token.is_some() { 3 } else { 2 }) {
        assert!(names.iter().any(|signed| signed == name), "{name} is not among {names:?}");
    }
    assert_eq!(seen.header("host"), Some(server.address.to_string().as_str()));
    assert_eq!(seen.header("x-amz-security-token"), token);
    let headers: serde_json::Map<String, Value> = names
        .iter()
        .filter(|name| !own.contains(&name.as_str()))
        .map(|name| (name.clone(), seen.header(name).unwrap().into()))
        .collect();
    assert!(headers.contains_key("content-type"), "{headers:?}");
    json!({
        "method": seen.method, "url": server.url(&seen.target), "headers": headers, "body": base64(&seen.body),
        "id": ID, "secret": SECRET, "token": token, "service": service, "region": region, "time": NOW,
    })
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|three| {
            let bits = three.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - three.len()));
            (0..4).map(move |digit| {
                if digit > three.len() { '=' } else { char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]) }
            })
        })
        .collect()
}

#[tokio::test]
async fn signatures_are_those_of_botocore() {
    let published = "<MessageId>1</MessageId>";
    let sns = Server::answering(200, "", published);
    let lambda = Server::answering(202, "", "");
    let mut cases = Vec::new();
    let mut ours = Vec::new();
    for token in [None, Some("FwoGZXIvYXdzEBYaDH+/session==")] {
        let env = [
            ("AWS_ACCESS_KEY_ID", ID),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_SESSION_TOKEN", token.unwrap_or("")),
            ("AWS_REGION", "us-gov-west-1"),
        ];
        let aws = aws(&env);
        let at = |server: &Server| AwsOptions { endpoint: Some(server.url("")), ..AwsOptions::default() };
        for (what, alert) in [(What::Raised, "someloss"), (What::Cleared, "丢包 & \"=+%\u{1f4a5}")] {
            let message = message("x", vec![event("Test.Lossy~boomer", alert, what)]);
            for (topic, region) in [
                ("arn:aws:sns:eu-central-1:123456789012:netops", "eu-central-1"),
                ("arn:aws-cn:sns:cn-north-1:123456789012:netops.fifo", "cn-north-1"),
            ] {
                Sns::new(&aws, topic, at(&sns)).unwrap().deliver(&message).await.unwrap();
                let seen = sns.seen().pop().unwrap();
                cases.push(case(&seen, &sns, "sns", region, token));
                ours.push(seen.header("authorization").unwrap().to_owned());
            }
            for (function, region) in [
                ("pager", "us-gov-west-1"),
                ("pager:$LATEST", "us-gov-west-1"),
                ("arn:aws-cn:lambda:cn-northwest-1:123456789012:function:pager:live", "cn-northwest-1"),
            ] {
                Lambda::new(&aws, function, at(&lambda)).unwrap().deliver(&message).await.unwrap();
                let seen = lambda.seen().pop().unwrap();
                cases.push(case(&seen, &lambda, "lambda", region, token));
                ours.push(seen.header("authorization").unwrap().to_owned());
            }
        }
    }
    assert_eq!(ours.len(), 20);
    for ((ours, theirs), case) in ours.iter().zip(oracle(&cases)).zip(&cases) {
        // The one puts a blank after each comma, the other does not.
        assert_eq!(ours.replace(", ", ","), theirs.replace(", ", ","), "{case}");
    }
}
