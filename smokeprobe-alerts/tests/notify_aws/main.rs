//! SNS and Lambda against moto, which stands in for Amazon, against botocore, which knows how requests are signed, and
//! against servers on loopback that misbehave.

mod credentials;
mod moto;
mod names;
mod refusals;
mod requests;
#[path = "../notify_http/server.rs"]
#[expect(dead_code, reason = "the server of the tests of HTTP, of which these need less")]
mod server;
mod signatures;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use smokeprobe_alerts::notify::aws::{Aws, AwsOptions, Env, Lambda, Sns};
use smokeprobe_alerts::notify::http::{Client, ClientOptions, ProxyChoice};
use smokeprobe_alerts::notify::testing::TIME;
use smokeprobe_alerts::{DeliveryError, Message, Notifier};
use smokeprobe_core::WallTime;
use smokeprobe_core::sim::ManualClock;

/// Ten minutes after the sample events.
const NOW: i64 = TIME + 600;

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// The interpreter that has moto and botocore.
fn python() -> PathBuf {
    static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/python");
        let output = Command::new(&script).output().unwrap_or_else(|error| panic!("{}: {error}", script.display()));
        let hint = "scripts/python makes the environment of scripts/requirements.txt; run scripts/setup test";
        assert!(output.status.success(), "{hint}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().into()
    });
    PYTHON.clone()
}

/// A clock that stands still until a test moves it.
fn clock() -> ManualClock {
    ManualClock::new(WallTime::from_unix_secs(NOW))
}

fn aws_at(clock: &ManualClock, env: &[(&str, &str)]) -> Aws {
    let http = ClientOptions { proxy: ProxyChoice::Direct, ..ClientOptions::default() };
    let client = Client::new(Arc::new(clock.clone()), &http).unwrap();
    Aws::new(client, Env::of(env.to_vec()))
}

fn aws(env: &[(&str, &str)]) -> Aws {
    aws_at(&clock(), env)
}

/// Longer than any answer takes, however busy the machine is.
const LONG: Duration = Duration::from_secs(120);

fn options() -> AwsOptions {
    AwsOptions { timeout: LONG, ..AwsOptions::default() }
}

fn sns(aws: &Aws, arn: &str) -> Sns {
    Sns::new(aws, arn, options()).unwrap()
}

fn lambda(aws: &Aws, name: &str) -> Lambda {
    Lambda::new(aws, name, options()).unwrap()
}

/// With keys, and everything at this address.
fn keyed(endpoint: &str) -> Aws {
    aws(&[("AWS_ACCESS_KEY_ID", ID), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_ENDPOINT_URL", endpoint)])
}

async fn transient(notifier: &dyn Notifier, message: &Message) -> String {
    match notifier.deliver(message).await {
        Err(DeliveryError::Transient { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

async fn permanent(notifier: &dyn Notifier, message: &Message) -> String {
    match notifier.deliver(message).await {
        Err(DeliveryError::Permanent { reason }) => reason,
        other => panic!("{other:?}"),
    }
}
