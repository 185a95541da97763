//! What is sent, as a server on loopback sees it.

use std::collections::BTreeMap;

use smokeprobe_alerts::notify::aws::{AwsOptions, Lambda, Sns};
use smokeprobe_alerts::notify::testing::{event, message};
use smokeprobe_alerts::{Message, Notifier, What};

use crate::server::{Seen, Server};
use crate::{aws, keyed, lambda, permanent, sns};

const PUBLISHED: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
    <MessageId>94f20ce6-13c5-43a0-9a9e-ca52d816e90b</MessageId></PublishResult></PublishResponse>";

const TOPIC: &str = "arn:aws-cn:sns:cn-north-1:123456789012:netops";

fn raised() -> Message {
    message("sns:x", vec![event("Test.Lossy", "someloss", What::Raised)])
}

fn form(seen: &Seen) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(&seen.body).into_owned().collect()
}

#[tokio::test]
async fn a_publication_has_subject_text_and_attributes() {
    let server = Server::answering(200, "", PUBLISHED);
    let sns = sns(&keyed(&server.url("")), TOPIC);
    assert_eq!(sns.name(), "sns");
    let delivered = sns.deliver(&raised()).await.unwrap();
    assert_eq!(delivered.note, "MessageId 94f20ce6-13c5-43a0-9a9e-ca52d816e90b");
    let seen = server.only();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/"));
    assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded; charset=utf-8"));
    let form = form(&seen);
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    assert_eq!((field("Action"), field("Version"), field("TopicArn")), ("Publish", "2010-03-31", TOPIC));
    assert_eq!(field("Subject"), "someloss was raised on Test.Lossy");
    assert!(field("Message").contains("comment: 连续三次丢包 loss 3 times in a row"), "{}", field("Message"));
    let attribute = |number: u32| {
        let of = |what: &str| field(&format!("MessageAttributes.entry.{number}.{what}"));
        (of("Name"), of("Value.DataType"), of("Value.StringValue"))
    };
    assert_eq!(attribute(1), ("alert", "String", "someloss"));
    assert_eq!(attribute(2), ("target", "String", "Test.Lossy"));
    assert_eq!(attribute(3), ("what", "String", "raised"));
    assert!(!form.contains_key("MessageGroupId"));
}

#[tokio::test]
async fn the_text_is_the_documented_one() {
    let server = Server::answering(200, "", PUBLISHED);
    sns(&keyed(&server.url("")), TOPIC).deliver(&raised()).await.unwrap();
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/alerts-aws.md")).unwrap();
    let text = form(&server.only()).remove("Message").unwrap();
    assert!(docs.contains(&format!("```\n{text}```\n")), "docs/alerts-aws.md does not have:\n{text}");
}

#[tokio::test]
async fn to_a_fifo_topic_each_try_of_a_message_has_the_same_number() {
    let server = Server::answering(200, "", PUBLISHED);
    let sns = sns(&keyed(&server.url("")), "arn:aws:sns:us-east-1:123456789012:netops.fifo");
    let first = raised();
    let again = Message { attempts: 1, ..first.clone() };
    let other = Message { id: smokeprobe_alerts::MessageId(18), ..first.clone() };
    for message in [&first, &again, &other] {
        sns.deliver(message).await.unwrap();
    }
    let numbers: Vec<String> =
        server.seen().iter().map(|seen| form(seen).remove("MessageDeduplicationId").unwrap()).collect();
    assert!(numbers[0] == numbers[1] && numbers[0] != numbers[2], "{numbers:?}");
    assert_eq!(form(&server.seen()[0])["MessageGroupId"], "smokeprobe");
}

#[tokio::test]
async fn text_and_attributes_together_stay_within_the_limit() {
    let server = Server::answering(200, "", PUBLISHED);
    let sns = sns(&keyed(&server.url("")), TOPIC);
    let events = (0..3000).map(|n| event(&format!("Test.Host{}", n % 50), "丢包", What::Raised)).collect();
    sns.deliver(&message("sns:x", events)).await.unwrap();
    let form = form(&server.only());
    let counted = |name: &str| name == "Message" || name.starts_with("MessageAttributes");
    let size: usize = form.iter().filter(|(name, _)| counted(name)).map(|(_, value)| value.len()).sum();
    assert!((250_000..=262_144).contains(&size), "{size}");
    assert!(form["Subject"].len() < 100 && form["Subject"].is_ascii(), "{}", form["Subject"]);
    assert_eq!(form["MessageAttributes.entry.2.Value.DataType"], "String.Array");
}

#[tokio::test]
async fn an_endpoint_that_is_not_sns_delivers_nothing() {
    let server = Server::answering(200, "", "<html>Welcome to nginx</html>");
    let reason = permanent(&sns(&keyed(&server.url("")), TOPIC), &raised()).await;
    assert!(reason.contains("without a MessageId") && reason.contains("check the endpoint"), "{reason}");
    let lambda = lambda(&keyed(&server.url("")), "arn:aws:lambda:us-east-1:123456789012:function:pager");
    let reason = permanent(&lambda, &raised()).await;
    assert!(reason.contains("answered 200 where Lambda answers 202"), "{reason}");
}

#[tokio::test]
async fn an_invocation_is_an_event_with_the_json_of_a_webhook() {
    let server = Server::answering(202, "x-amzn-RequestId: 9e8a\r\n", "");
    for (name, target) in [
        (
            "arn:aws-cn:lambda:cn-north-1:123456789012:function:pager:live",
            "/2015-03-31/functions/arn%3Aaws-cn%3Alambda%3Acn-north-1%3A123456789012%3Afunction%3Apager/invocations?Qualifier=live",
        ),
        ("123456789012:function:pager", "/2015-03-31/functions/123456789012%3Afunction%3Apager/invocations"),
        ("pager:$LATEST", "/2015-03-31/functions/pager/invocations?Qualifier=%24LATEST"),
    ] {
        let env = [("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", "B"), ("AWS_REGION", "eu-west-1")];
        let options = AwsOptions { endpoint: Some(server.url("/")), ..AwsOptions::default() };
        let lambda = Lambda::new(&aws(&env), name, options).unwrap();
        let delivered = lambda.deliver(&raised()).await.unwrap();
        assert_eq!(delivered.note, "queued, request 9e8a");
        let seen = server.seen().pop().unwrap();
        assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", target));
        assert_eq!(seen.header("x-amz-invocation-type"), Some("Event"));
        let signed_for = if name.starts_with("arn:") { "/cn-north-1/lambda/" } else { "/eu-west-1/lambda/" };
        assert!(seen.header("authorization").unwrap().contains(signed_for), "{name}");
        let json = seen.json();
        assert_eq!((&json["version"], &json["message"]), (&1.into(), &17.into()));
        assert_eq!(json["events"][0]["comment"], "连续三次丢包 loss 3 times in a row");
    }
}

#[tokio::test]
async fn an_invocation_stays_within_the_limit() {
    let server = Server::answering(202, "", "");
    let lambda = lambda(&keyed(&server.url("")), "arn:aws:lambda:us-east-1:123456789012:function:pager");
    let events = (0..3000).map(|_| event("Test.Lossy", "someloss", What::Raised)).collect();
    lambda.deliver(&message("lambda:pager", events)).await.unwrap();
    let seen = server.only();
    assert!((230_000..=262_144).contains(&seen.body.len()), "{}", seen.body.len());
    let (told, omitted) = (seen.json()["events"].as_array().unwrap().len(), seen.json()["omitted"].as_u64().unwrap());
    assert_eq!(told as u64 + omitted, 3000);
}

#[tokio::test]
async fn a_text_may_be_the_users_own() {
    let server = Server::answering(200, "", PUBLISHED);
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = AwsOptions { template: Some(file.path().to_owned()), ..AwsOptions::default() };
    let sns = Sns::new(&keyed(&server.url("")), TOPIC, options).unwrap();
    let reason = permanent(&sns, &raised()).await;
    assert!(reason.contains("gives no text"), "{reason}");
    std::fs::write(file.path(), "<##ALERT##> <##WHAT##>: <##COMMENT##>").unwrap();
    let two = vec![event("A.B", "loss", What::Raised), event("A.C", "loss", What::Cleared)];
    sns.deliver(&message("sns:x", two)).await.unwrap();
    let comment = "连续三次丢包 loss 3 times in a row";
    assert_eq!(form(&server.only())["Message"], format!("loss was raised: {comment}\nloss was cleared: {comment}"));
}
