//! Where credentials come from, and when they are renewed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smokeprobe_alerts::notify::aws::{AwsOptions, Sns};
use smokeprobe_alerts::notify::testing::{event, message};
use smokeprobe_alerts::{Message, Notifier, What};
use smokeprobe_core::sim::ManualClock;

use crate::server::{Seen, Server, answer, hang};
use crate::{NOW, aws, aws_at, clock, lambda, permanent, transient};

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:netops";

fn raised() -> Message {
    message("sns:x", vec![event("Test.Lossy", "someloss", What::Raised)])
}

/// SNS, which takes everything, and tells with which keys it was asked.
struct Topic(Server);

impl Topic {
    fn new() -> Self {
        Self(Server::answering(200, "", "<MessageId>1</MessageId>"))
    }

    fn sns(&self, clock: &ManualClock, env: &[(&str, &str)]) -> Sns {
        let options = AwsOptions { endpoint: Some(self.0.url("")), ..AwsOptions::default() };
        Sns::new(&aws_at(clock, env), TOPIC, options).unwrap()
    }

    /// The key's name and the token of each request.
    fn asked_by(&self) -> Vec<(String, Option<String>)> {
        let id = |seen: &Seen| {
            let (_, rest) = seen.header("authorization").unwrap().split_once("Credential=").unwrap();
            rest.split('/').next().unwrap().to_owned()
        };
        let token = |seen: &Seen| seen.header("x-amz-security-token").map(str::to_owned);
        self.0.seen().iter().map(|seen| (id(seen), token(seen))).collect()
    }

    fn only_id(&self) -> String {
        let asked = self.asked_by();
        assert_eq!(asked.len(), 1);
        asked[0].0.clone()
    }
}

/// An instance's metadata service of version 2, which numbers the keys that it gives.
struct Instance {
    server: Server,
    given: Arc<AtomicUsize>,
    /// When the next keys expire, and the status of the answers.
    next: Arc<Mutex<(i64, u16)>>,
}

impl Instance {
    fn new() -> Self {
        let given = Arc::new(AtomicUsize::new(0));
        let next = Arc::new(Mutex::new((NOW + 6 * 3600, 200)));
        let (count, state) = (Arc::clone(&given), Arc::clone(&next));
        let server = Server::new(move |seen, stream| {
            let (expires, status) = *state.lock().unwrap();
            let said = match (seen.method.as_str(), seen.target.as_str()) {
                ("PUT", "/latest/api/token") => {
                    let ttl: u32 = seen.header("x-aws-ec2-metadata-token-ttl-seconds").unwrap().parse().unwrap();
                    assert!((1..=21_600).contains(&ttl));
                    answer(200, "", "the-session-token==")
                }
                // Version 2 alone: without a token there is nothing.
                _ if seen.header("x-aws-ec2-metadata-token") != Some("the-session-token==") => answer(401, "", ""),
                ("GET", "/latest/meta-data/iam/security-credentials/") => answer(200, "", "the-role"),
                ("GET", "/latest/meta-data/iam/security-credentials/the-role") => {
                    let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                    answer(status, "", &keys(&format!("INSTANCE{number}"), Some(expires)))
                }
                ("GET", "/latest/meta-data/placement/region") => answer(200, "", "ap-southeast-1"),
                _ => answer(404, "", ""),
            };
            stream.write_all(said.as_bytes())
        });
        Self { server, given, next }
    }

    fn given(&self) -> usize {
        self.given.load(Ordering::SeqCst)
    }

    fn answers(&self, status: u16, expires: i64) {
        *self.next.lock().unwrap() = (expires, status);
    }
}

fn keys(id: &str, expires: Option<i64>) -> String {
    let expires = expires.map_or(String::new(), |at| {
        let at = chrono::DateTime::from_timestamp(at, 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ");
        format!(",\"Expiration\":\"{at}\"")
    });
    format!(
        "{{\"Code\":\"Success\",\"AccessKeyId\":\"{id}\",\"SecretAccessKey\":\"s3cret\",\"Token\":\"tok\"{expires}}}"
    )
}

#[tokio::test]
async fn sources_are_asked_in_the_documented_order() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    let text = "# ours\n[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n\n[work]\n\
                aws_access_key_id=WORK\naws_secret_access_key=s\naws_session_token = t\n";
    std::fs::write(&file, text).unwrap();
    let container = Server::answering(200, "", &keys("CONTAINER", None));
    let instance = Instance::new();
    let (file, container, metadata) = (file.to_str().unwrap(), container.url("/creds"), instance.server.url(""));
    let everything = [
        ("AWS_ACCESS_KEY_ID", "ENV"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_SHARED_CREDENTIALS_FILE", file),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata),
    ];
    for (skipped, id) in [(0, "ENV"), (2, "FILE"), (3, "CONTAINER"), (4, "INSTANCE1")] {
        let topic = Topic::new();
        topic.sns(&clock(), &everything[skipped..]).deliver(&raised()).await.unwrap();
        assert_eq!(topic.only_id(), id);
    }
    let topic = Topic::new();
    let profile = [&everything[2..], &[("AWS_PROFILE", "work")]].concat();
    topic.sns(&clock(), &profile).deliver(&raised()).await.unwrap();
    assert_eq!(topic.asked_by(), [("WORK".to_owned(), Some("t".to_owned()))]);
}

#[tokio::test]
async fn half_a_source_is_told_and_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    std::fs::create_dir(folder.path().join(".aws")).unwrap();
    let config =
        "[default]\nregion = eu-west-1\n[profile sso]\nsso_session = x\n[profile half]\naws_access_key_id = A\n";
    std::fs::write(folder.path().join(".aws/config"), config).unwrap();
    for (env, said) in [
        (vec![("AWS_ACCESS_KEY_ID", "A")], "AWS_SECRET_ACCESS_KEY is not"),
        (vec![("AWS_SECRET_ACCESS_KEY", "A")], "AWS_ACCESS_KEY_ID is not"),
        (vec![("HOME", home), ("AWS_PROFILE", "gone")], "there is no profile gone in"),
        (vec![("HOME", home), ("AWS_PROFILE", "sso")], "by sso_session, which is not supported"),
        (vec![("HOME", home), ("AWS_PROFILE", "half")], "only one of"),
        (vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/")], "without https only this machine"),
        (vec![("AWS_WEB_IDENTITY_TOKEN_FILE", "/t")], "AWS_ROLE_ARN is not"),
        (vec![("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"), ("AWS_ROLE_ARN", "r")], "AWS_REGION is not"),
        (vec![("AWS_EC2_METADATA_DISABLED", "true"), ("HOME", home)], "AWS_EC2_METADATA_DISABLED forbids"),
    ] {
        let topic = Topic::new();
        let reason = permanent(&topic.sns(&clock(), &env), &raised()).await;
        assert!(reason.contains(said), "{env:?}: {reason}");
        assert!(topic.asked_by().is_empty());
    }
}

#[tokio::test]
async fn a_container_is_asked_with_its_token() {
    let container = Server::new(|seen, stream| {
        let allowed = seen.header("authorization") == Some("Bearer of the file");
        let said = if allowed { answer(200, "", &keys("CONTAINER", Some(NOW + 3600))) } else { answer(403, "", "no") };
        stream.write_all(said.as_bytes())
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "Bearer of the file\n").unwrap();
    let (url, file) = (container.url("/v1/credentials"), file.to_str().unwrap());
    let env = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer of the variable"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file),
    ];
    let topic = Topic::new();
    topic.sns(&clock(), &env).deliver(&raised()).await.unwrap();
    assert_eq!(topic.asked_by(), [("CONTAINER".to_owned(), Some("tok".to_owned()))]);
    let reason = transient(&topic.sns(&clock(), &env[..2]), &raised()).await;
    assert!(reason.contains("the container's endpoint") && reason.contains("403"), "{reason}");
}

#[tokio::test]
async fn a_web_identity_is_changed_for_credentials_and_never_shown() {
    let sts = Server::new(|seen, stream| {
        let form: std::collections::BTreeMap<String, String> =
            url::form_urlencoded::parse(&seen.body).into_owned().collect();
        assert_eq!(form["Action"], "AssumeRoleWithWebIdentity");
        assert_eq!(
            (form["RoleArn"].as_str(), form["RoleSessionName"].as_str()),
            ("arn:aws:iam::1:role/r", "smokeprobe")
        );
        let said = if form["WebIdentityToken"] == "the.web.token" {
            let keys =
                "<AccessKeyId>WEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>";
            answer(200, "", &format!("<Credentials>{keys}<Expiration>2026-11-22T11:40:00Z</Expiration></Credentials>"))
        } else {
            let token = &form["WebIdentityToken"];
            answer(400, "", &format!("<Error><Code>InvalidIdentityToken</Code><Message>no: {token}</Message></Error>"))
        };
        stream.write_all(said.as_bytes())
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "the.web.token\n").unwrap();
    let url = sts.url("");
    let env = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.path().to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL_STS", &url),
    ];
    let topic = Topic::new();
    let sns = topic.sns(&clock(), &env);
    sns.deliver(&raised()).await.unwrap();
    sns.deliver(&raised()).await.unwrap();
    assert_eq!(topic.asked_by()[1], ("WEB".to_owned(), Some("t".to_owned())));
    assert_eq!(sts.seen().len(), 1, "they hold for an hour");
    std::fs::write(file.path(), "another.web.token").unwrap();
    let reason = transient(&topic.sns(&clock(), &env), &raised()).await;
    assert!(reason.contains("InvalidIdentityToken") && reason.contains("trust policy"), "{reason}");
    assert!(!reason.contains("another.web.token"), "{reason}");
}

#[tokio::test]
async fn the_instance_is_asked_once_and_again_five_minutes_before_its_keys_expire() {
    let (topic, instance, clock) = (Topic::new(), Instance::new(), clock());
    let metadata = instance.server.url("");
    let sns = topic.sns(&clock, &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata)]);
    for _ in 0..3 {
        sns.deliver(&raised()).await.unwrap();
    }
    clock.advance(Duration::from_secs(6 * 3600 - 301));
    sns.deliver(&raised()).await.unwrap();
    assert_eq!(instance.given(), 1);
    instance.answers(200, NOW + 12 * 3600);
    clock.advance(Duration::from_secs(1));
    sns.deliver(&raised()).await.unwrap();
    assert_eq!(instance.given(), 2);
    let ids: Vec<String> = topic.asked_by().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["INSTANCE1", "INSTANCE1", "INSTANCE1", "INSTANCE1", "INSTANCE2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_while_keys_are_fetched_waits_for_the_same() {
    let (topic, instance) = (Topic::new(), Instance::new());
    let metadata = instance.server.url("");
    let sns = Arc::new(topic.sns(&clock(), &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata)]));
    let deliveries: Vec<_> = (0..20)
        .map(|_| {
            let sns = Arc::clone(&sns);
            tokio::spawn(async move { sns.deliver(&raised()).await })
        })
        .collect();
    for delivery in deliveries {
        delivery.await.unwrap().unwrap();
    }
    assert_eq!((instance.given(), topic.asked_by().len()), (1, 20));
}

#[tokio::test]
async fn keys_that_still_hold_are_used_while_they_cannot_be_renewed() {
    let (topic, instance, clock) = (Topic::new(), Instance::new(), clock());
    let metadata = instance.server.url("");
    let sns = topic.sns(&clock, &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata)]);
    sns.deliver(&raised()).await.unwrap();
    instance.answers(500, 0);
    clock.advance(Duration::from_secs(6 * 3600 - 100));
    sns.deliver(&raised()).await.unwrap();
    assert_eq!(topic.asked_by().pop().unwrap().0, "INSTANCE1");
    clock.advance(Duration::from_secs(100));
    let reason = transient(&sns, &raised()).await;
    assert!(reason.contains("answered 500"), "{reason}");
    // For a moment what was said last is said again, and then the instance is asked again.
    instance.answers(200, NOW + 12 * 3600);
    let asked = instance.given();
    transient(&sns, &raised()).await;
    assert_eq!(instance.given(), asked);
    clock.advance(Duration::from_secs(5));
    sns.deliver(&raised()).await.unwrap();
}

#[tokio::test]
async fn keys_that_amazon_calls_expired_are_fetched_anew() {
    let refusing = Arc::new(AtomicUsize::new(1));
    let left = Arc::clone(&refusing);
    let expired = "<Error><Code>ExpiredToken</Code><Message>The security token is expired</Message></Error>";
    let topic = Topic(Server::new(move |_, stream| {
        let refuse = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        let said = if refuse { answer(403, "", expired) } else { answer(200, "", "<MessageId>1</MessageId>") };
        stream.write_all(said.as_bytes())
    }));
    let instance = Instance::new();
    let metadata = instance.server.url("");
    let sns = topic.sns(&clock(), &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata)]);
    let reason = transient(&sns, &raised()).await;
    assert!(reason.contains("ExpiredToken") && reason.contains("fetched anew"), "{reason}");
    sns.deliver(&raised()).await.unwrap();
    assert_eq!(topic.asked_by().pop().unwrap().0, "INSTANCE2");
}

#[tokio::test]
async fn an_instance_without_version_2_role_or_answer_is_told_apart() {
    let token = |seen: &Seen| seen.method == "PUT";
    let switched_off = Server::answering(403, "", "");
    let not_metadata = Server::answering(404, "", "");
    let no_role = Server::new(move |seen, stream| {
        let said = if token(seen) { answer(200, "", "token") } else { answer(404, "", "") };
        stream.write_all(said.as_bytes())
    });
    let evil_role = Server::new(move |seen, stream| {
        let said = if token(seen) { answer(200, "", "token") } else { answer(200, "", "../../user-data") };
        stream.write_all(said.as_bytes())
    });
    let hung = Server::new(|_, stream| hang(stream));
    for (server, said) in [
        (&switched_off, "switched off for this instance"),
        (&not_metadata, "answered 404 instead of a token"),
        (&no_role, "the instance has no role"),
        (&evil_role, "the instance has no role"),
        (&hung, "hop limit for it must be 2"),
    ] {
        let topic = Topic::new();
        let metadata = server.url("");
        let sns = topic.sns(&clock(), &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata)]);
        let reason = transient(&sns, &raised()).await;
        assert!(reason.contains(said) && reason.contains("no AWS credentials in the environment"), "{reason}");
    }
}

#[tokio::test]
async fn answers_that_are_no_credentials_are_told_without_them() {
    for body in [
        "",
        "<html>",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":s3cret}",
        "{\"AccessKeyId\":\"A\"}",
        "{\"AccessKeyId\":\"\",\"SecretAccessKey\":\"s3cret\"}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s3cret\",\"Expiration\":\"soon\"}",
        "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}",
    ] {
        let container = Server::answering(200, "", body);
        let url = container.url("/creds");
        let sns = Topic::new().sns(&clock(), &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)]);
        let reason = transient(&sns, &raised()).await;
        assert!(reason.contains(" gave ") && !reason.contains("s3cret"), "{body}: {reason}");
    }
}

#[tokio::test]
async fn the_region_of_a_bare_name_is_found_as_the_sdks_do() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".aws")).unwrap();
    let config =
        "[profile other]\nregion = sa-east-1\n[default]\nregion=eu-west-3 # ours\nlambda =\n  region = no-no-1\n";
    std::fs::write(folder.path().join(".aws/config"), config).unwrap();
    let server = Server::answering(202, "", "");
    let instance = Instance::new();
    let (url, metadata) = (server.url(""), instance.server.url(""));
    let everything = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-2"),
        ("HOME", folder.path().to_str().unwrap()),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata),
        ("AWS_ENDPOINT_URL_LAMBDA", &url),
    ];
    for (skipped, expected) in [(0, "eu-west-1"), (1, "eu-west-2"), (2, "eu-west-3"), (3, "ap-southeast-1")] {
        lambda(&aws(&everything[skipped..]), "pager").deliver(&raised()).await.unwrap();
        let seen = server.seen().pop().unwrap();
        let authorization = seen.header("authorization").unwrap();
        assert!(authorization.contains(&format!("/{expected}/lambda/aws4_request")), "{expected}: {authorization}");
    }
    let nowhere = aws(&[("AWS_EC2_METADATA_DISABLED", "true")]);
    let reason = permanent(&lambda(&nowhere, "pager"), &raised()).await;
    assert!(reason.contains("write its whole ARN, or set AWS_REGION"), "{reason}");
    let evil = [("AWS_REGION", "x.evil.example/"), ("AWS_ENDPOINT_URL", &url)];
    assert!(permanent(&lambda(&aws(&evil), "pager"), &raised()).await.contains("is not a region"));
}
