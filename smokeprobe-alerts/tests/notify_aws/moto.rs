//! Against moto, which stands in for Amazon: what is published is read back from a queue.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use smokeprobe_alerts::notify::aws::Aws;
use smokeprobe_alerts::notify::http::{Client, ClientOptions, ProxyChoice, Request};
use smokeprobe_alerts::notify::testing::{event, message};
use smokeprobe_alerts::{Notifier, What};
use smokeprobe_core::SystemClock;

use crate::{LONG, aws, permanent, python};

/// Starts moto on a free port, says which, and records the functions' payloads.
const MOTO: &str = r#"
import os, sys, threading
os.environ["MOTO_RECORDER_FILEPATH"] = sys.argv[1]
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"#;

/// A moto of its own; ends with its standard input.
struct Moto {
    child: Child,
    url: String,
    client: Client,
    _folder: tempfile::TempDir,
}

impl Moto {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(python())
            .args(["-c", MOTO])
            .arg(folder.path().join("recording"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let Ok(port) = port.trim().parse::<u16>() else {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("moto did not start; run scripts/setup test: {said}");
        };
        let options = ClientOptions { proxy: ProxyChoice::Direct, ..ClientOptions::default() };
        let client = Client::new(Arc::new(SystemClock), &options).unwrap();
        Self { child, url: format!("http://127.0.0.1:{port}"), client, _folder: folder }
    }

    /// A recipient's way there.
    fn aws(&self) -> Aws {
        aws(&[
            ("AWS_ACCESS_KEY_ID", "testing"),
            ("AWS_SECRET_ACCESS_KEY", "testing"),
            ("AWS_ENDPOINT_URL", &self.url),
            ("AWS_REGION", "us-east-1"),
        ])
    }

    /// Asks for an action of the query protocol, by hand: moto takes any signature.
    async fn query(&self, service: &str, parameters: &[(&str, &str)]) -> String {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=testing/20261122/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let request = Request::post(format!("{}/", self.url), form)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", scope)
            .timeout(LONG);
        let answer = self.client.send(request).await.unwrap();
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 200, "{parameters:?}: {text}");
        text
    }

    async fn post(&self, path: &str, body: &str) {
        let request = Request::post(format!("{}{path}", self.url), body).timeout(LONG);
        let answer = self.client.send(request).await.unwrap();
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.status);
    }

    /// A queue with this name at the end of a topic of this name; the ARN of the topic and the address of the queue.
    async fn topic(&self, name: &str) -> (String, String) {
        let fifo = std::path::Path::new(name).extension().is_some();
        let mut create = vec![("Action", "CreateTopic"), ("Version", "2010-03-31"), ("Name", name)];
        let mut queue = vec![("Action", "CreateQueue"), ("Version", "2012-11-05"), ("QueueName", name)];
        if fifo {
            create.extend([("Attributes.entry.1.key", "FifoTopic"), ("Attributes.entry.1.value", "true")]);
            queue.extend([("Attribute.1.Name", "FifoQueue"), ("Attribute.1.Value", "true")]);
        }
        let topic = element(&self.query("sns", &create).await, "TopicArn");
        let address = element(&self.query("sqs", &queue).await, "QueueUrl");
        let arn = topic.replace(":sns:", ":sqs:");
        let subscribe = [
            ("Action", "Subscribe"),
            ("Version", "2010-03-31"),
            ("TopicArn", &topic),
            ("Protocol", "sqs"),
            ("Endpoint", &arn),
        ];
        self.query("sns", &subscribe).await;
        (topic, address)
    }

    /// The only message in a queue.
    async fn receive(&self, address: &str) -> Value {
        let receive = [
            ("Action", "ReceiveMessage"),
            ("Version", "2012-11-05"),
            ("QueueUrl", address),
            ("MaxNumberOfMessages", "10"),
            // What was received does not come back within a test.
            ("VisibilityTimeout", "3600"),
        ];
        let answer = self.query("sqs", &receive).await;
        assert_eq!(answer.matches("<Body>").count(), 1, "{answer}");
        let body = element(&answer, "Body")
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn element(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"));
    rest.split_once(&format!("</{name}>")).unwrap().0.trim().to_owned()
}

#[tokio::test]
async fn what_is_published_and_invoked_arrives() {
    let moto = Moto::start();
    let raised = || event("Test.Lossy", "someloss", What::Raised);

    let (topic, queue) = moto.topic("netops").await;
    let sns = crate::sns(&moto.aws(), &topic);
    let delivered = sns.deliver(&message("sns:x", vec![raised()])).await.unwrap();
    let received = moto.receive(&queue).await;
    assert_eq!(delivered.note, format!("MessageId {}", received["MessageId"].as_str().unwrap()));
    assert_eq!(
        (&received["TopicArn"], &received["Subject"]),
        (&json!(topic), &json!("someloss was raised on Test.Lossy"))
    );
    let text = received["Message"].as_str().unwrap();
    assert!(
        text.starts_with("someloss was raised on Test.Lossy\nhost: lossy.example (北京 <Storage> & \"S3\")\n"),
        "{text}"
    );
    let attributes = &received["MessageAttributes"];
    assert_eq!(attributes["alert"], json!({"Type": "String", "Value": "someloss"}));
    assert_eq!(attributes["target"], json!({"Type": "String", "Value": "Test.Lossy"}));
    assert_eq!(attributes["what"], json!({"Type": "String", "Value": "raised"}));

    // A token of somebody else's, for which STS gives credentials. What moto has for it is loaded when it is first asked,
    // which may take longer than an answer should.
    moto.query("sts", &[("Action", "GetCallerIdentity"), ("Version", "2011-06-15")]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a.web.token").unwrap();
    let web = aws(&[
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.path().to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pager"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", &moto.url),
    ]);
    crate::sns(&web, &topic)
        .deliver(&message("sns:x", vec![event("Test.Web", "someloss", What::Raised)]))
        .await
        .unwrap();
    assert_eq!(moto.receive(&queue).await["MessageAttributes"]["target"]["Value"], "Test.Web");

    // A FIFO topic takes the second try of a message for the first: one message in the queue.
    let (topic, queue) = moto.topic("order.fifo").await;
    let sns = crate::sns(&moto.aws(), &topic);
    let two = message("sns:x", vec![raised(), event("Test.Other", "someloss", What::Cleared)]);
    for _ in 0..2 {
        sns.deliver(&two).await.unwrap();
    }
    let received = moto.receive(&queue).await;
    assert_eq!(received["Subject"], "2 alerts: someloss was raised on Test.Lossy and others");
    assert_eq!(
        received["MessageAttributes"]["what"],
        json!({"Type": "String.Array", "Value": r#"["cleared","raised"]"#})
    );

    let gone = crate::sns(&moto.aws(), "arn:aws:sns:us-east-1:123456789012:gone");
    let reason = permanent(&gone, &message("sns:x", vec![raised()])).await;
    assert!(reason.contains("NotFound") && reason.contains("check account, name and region"), "{reason}");

    // Without containers to run functions in, moto takes any name; what it got is in its recording.
    moto.post("/moto-api/config", "{\"lambda\": {\"use_docker\": false}}").await;
    moto.post("/moto-api/recorder/start-recording", "").await;
    for function in ["pager:live", "arn:aws:lambda:us-east-1:123456789012:function:pager"] {
        let lambda = crate::lambda(&moto.aws(), function);
        lambda.deliver(&message("lambda:pager", vec![raised()])).await.unwrap();
    }
    let recording = Request::get(format!("{}/moto-api/recorder/download-recording", moto.url)).timeout(LONG);
    let recording = moto.client.send(recording).await.unwrap();
    let calls: Vec<Value> =
        String::from_utf8_lossy(&recording.body).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(
        calls[0]["url"].as_str().unwrap().ends_with("/2015-03-31/functions/pager/invocations?Qualifier=live"),
        "{calls:?}"
    );
    assert_eq!(calls[0]["headers"]["X-Amz-Invocation-Type"], "Event");
}
