//! Amazon SNS and Lambda: signed requests, without Amazon's SDK.
//!
//! 1. [`Sns`] publishes a text for people, [`Lambda`] invokes a function with the JSON of a webhook.
//! 2. Region and partition come from the ARN; for a function by its bare name from where Amazon's SDKs look.
//! 3. Credentials come from the environment, a web identity, the shared files, the container's endpoint or the instance's
//!    role, in this order, and are renewed before they expire.
//! 4. The environment is read through an [`Env`], the time through the [`Client`]: tests bring their own.

mod arn;
mod container;
mod credentials;
mod env;
mod imds;
mod lambda;
mod profile;
mod refusal;
mod region;
mod sign;
mod sns;
mod web_identity;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::http::{Answer, Client, Request};
use super::{Delivered, DeliveryError};
use credentials::Credentials;
use region::Region;

pub use env::Env;
pub use lambda::Lambda;
pub use sns::Sns;

/// How to reach Amazon, and as whom; shared by all recipients there. Clones share credentials.
#[derive(Clone)]
pub struct Aws(Arc<Shared>);

/// What a configuration may say of a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsOptions {
    /// The address of the service, such as that of a VPC endpoint; goes before `AWS_ENDPOINT_URL`.
    pub endpoint: Option<String>,
    /// How long a call may take. Asking for credentials comes before it, with time-outs of seconds.
    pub timeout: Duration,
    /// A file with the text for SNS, with the tags of a webhook's; the texts of several events are put together.
    pub template: Option<PathBuf>,
}

/// A recipient that cannot be: a sentence that says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct AwsError(pub(crate) String);

struct Shared {
    client: Client,
    env: Env,
    credentials: Credentials,
    region: Region,
}

/// A service, by its name in addresses and signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Sns,
    Lambda,
    /// That gives credentials.
    Sts,
}

/// A request before it is signed.
struct Call<'a> {
    service: Service,
    region: &'a str,
    /// Path and query, encoded.
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    options: &'a AwsOptions,
}

impl Default for AwsOptions {
    fn default() -> Self {
        Self { endpoint: None, timeout: Duration::from_secs(10), template: None }
    }
}

impl Aws {
    /// Reaches Amazon through `client`. Nothing is read or asked before the first message.
    pub fn new(client: Client, env: Env) -> Self {
        let credentials = Credentials::new(client.clone(), env.clone());
        Self(Arc::new(Shared { client, env, credentials, region: Region::default() }))
    }

    /// The region of what is called by its bare name.
    async fn region(&self) -> Result<String, DeliveryError> {
        let Shared { client, env, region, .. } = &*self.0;
        region.find(client, env).await
    }

    /// Signs and sends once, and gives the answer to a call that was taken.
    async fn send(&self, call: Call<'_>) -> Result<Answer, DeliveryError> {
        let Shared { client, env, credentials, .. } = &*self.0;
        let endpoint = region::endpoint(call.service, call.region, env, call.options)?;
        let keys = credentials.keys().await?;
        let url = format!("{endpoint}{}", call.target);
        let mut request = Request::post(&url, call.body.as_slice()).timeout(call.options.timeout);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        for (name, value) in sign::sign(&keys, &call, &url, client.now())? {
            request = request.header(name, value);
        }
        for secret in keys.secrets() {
            request = request.secret(secret);
        }
        let answer = client.send(request).await?;
        match refusal::of(&answer, &call, &keys, client.now()) {
            None => Ok(answer),
            Some(refusal) => {
                if refusal.stale {
                    credentials.forget(&keys).await;
                }
                Err(refusal.error)
            }
        }
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aws")
    }
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Sns => "sns",
            Self::Lambda => "lambda",
            Self::Sts => "sts",
        }
    }
}
