//! What Amazon refuses, and what it answers when it is in trouble.

use std::time::Duration;

use smokeprobe_alerts::notify::aws::{AwsOptions, Lambda, Sns};
use smokeprobe_alerts::notify::testing::{event, message};
use smokeprobe_alerts::{DeliveryError, Message, Notifier, What};

use crate::server::{Server, hang};
use crate::{SECRET, aws, keyed, permanent, transient};

fn raised() -> Message {
    message("sns:x", vec![event("Test.Lossy", "someloss", What::Raised)])
}

fn sns(server: &Server) -> Sns {
    crate::sns(&keyed(&server.url("")), "arn:aws-cn:sns:cn-north-1:123456789012:netops")
}

fn lambda(server: &Server) -> Lambda {
    crate::lambda(&keyed(&server.url("")), "arn:aws:lambda:us-east-1:123456789012:function:pager")
}

/// A fault as the query protocol tells it.
fn xml(status: u16, code: &str, message: &str) -> Server {
    let body = format!(
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    );
    Server::answering(status, "content-type: text/xml\r\n", &body)
}

/// A fault as Lambda tells it.
fn json(status: u16, code: &str, headers: &str, message: &str) -> Server {
    let body = format!("{{\"Type\":\"User\",\"message\":\"{message}\"}}");
    Server::answering(status, &format!("x-amzn-ErrorType: {code}\r\n{headers}"), &body)
}

#[tokio::test]
async fn too_much_at_once_is_tried_again_after_the_wait_that_is_asked_for() {
    for server in [xml(400, "Throttling", "Rate exceeded"), xml(503, "ServiceUnavailable", "")] {
        let reason = transient(&sns(&server), &raised()).await;
        assert!(reason.contains("Throttling: Rate exceeded") || reason.contains("ServiceUnavailable"), "{reason}");
    }
    let server = json(429, "TooManyRequestsException", "retry-after: 7\r\n", "Rate Exceeded.");
    match lambda(&server).deliver(&raised()).await {
        Err(DeliveryError::Transient { reason, retry_after }) => {
            assert_eq!(retry_after, Some(Duration::from_secs(7)));
            assert!(reason.contains("TooManyRequestsException: Rate Exceeded."), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_somebody_must_change_is_said() {
    for (code, message, advice) in [
        (
            "SignatureDoesNotMatch",
            "Signature expired: 20261122T104000Z is now earlier",
            "check the clock of this host, which says 2026-11-22 10:40:00 UTC",
        ),
        ("RequestExpired", "", "check the clock"),
        ("InvalidClientTokenId", "The security token is invalid", "in the partition aws-cn"),
        (
            "AuthorizationError",
            "User: x is not authorized",
            "allow sns:Publish on this topic to the user or role of the environment",
        ),
        ("NotFound", "Topic does not exist", "check account, name and region (cn-north-1) of the topic"),
        ("KMSAccessDenied", "", "the key that encrypts the topic"),
        ("InvalidParameter", "Invalid parameter: Subject", "Invalid parameter: Subject"),
    ] {
        let server = xml(403, code, message);
        let reason = permanent(&sns(&server), &raised()).await;
        assert!(reason.contains(code) && reason.contains(advice), "{reason}");
        assert!(!reason.contains(SECRET), "{reason}");
    }
    for (code, advice) in [
        (
            "ResourceNotFoundException:http://internal.amazon.com/coral/",
            "ResourceNotFoundException: No. Really; check account, name",
        ),
        ("AccessDeniedException", "allow lambda:InvokeFunction on this function"),
        ("com.amazon.coral.service#UnrecognizedClientException", "answered UnrecognizedClientException"),
    ] {
        let server = json(403, code, "", "No. Really");
        let reason = permanent(&lambda(&server), &raised()).await;
        assert!(reason.contains(advice), "{reason}");
    }
}

#[tokio::test]
async fn what_is_not_of_amazon_is_told_as_it_is() {
    let server = Server::answering(502, "", "<html>Bad gateway</html>");
    let reason = transient(&sns(&server), &raised()).await;
    assert!(reason.contains("answered 502") && reason.contains("Bad gateway"), "{reason}");
    let server = Server::answering(404, "", "nothing here");
    let reason = permanent(&lambda(&server), &raised()).await;
    assert!(reason.contains("answered 404"), "{reason}");
}

#[tokio::test]
async fn a_service_that_hangs_holds_a_message_for_the_stated_time_only() {
    let server = Server::new(|_, stream| hang(stream));
    let options = AwsOptions { timeout: Duration::from_secs(2), ..AwsOptions::default() };
    let sns = Sns::new(&keyed(&server.url("")), "arn:aws:sns:us-east-1:123456789012:x", options).unwrap();
    let reason = transient(&sns, &raised()).await;
    assert!(reason.contains("within 2s"), "{reason}");
}

#[tokio::test]
async fn secrets_that_come_back_are_not_shown() {
    let token = "FwoGZXIvYXdzEBYaDH/secret/session/token==";
    let server = Server::new(|seen, stream| {
        let said: Vec<&str> = seen.headers.iter().map(|(_, value)| value.as_str()).collect();
        let body = format!("<Error><Code>Odd</Code><Message>{} {SECRET}</Message></Error>", said.join(" "));
        std::io::Write::write_all(stream, crate::server::answer(403, "", &body).as_bytes())
    });
    let url = server.url("");
    let env = [
        ("AWS_ACCESS_KEY_ID", "A"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_SESSION_TOKEN", token),
        ("AWS_ENDPOINT_URL", url.as_str()),
    ];
    let aws = aws(&env);
    let sns = crate::sns(&aws, "arn:aws:sns:us-east-1:123456789012:x");
    let reason = permanent(&sns, &raised()).await;
    assert!(reason.contains("Odd"), "{reason}");
    let signature = server.only().header("authorization").unwrap().rsplit('=').next().unwrap().to_owned();
    let shown = format!("{reason} {sns:?} {aws:?}");
    for secret in [SECRET, token, &signature] {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
}
