//! Amazon SNS and Lambda: signed requests, without Amazon's SDK.
//!
//! 1. [`Sns`] publishes a text for people, [`Lambda`] invokes a function with the JSON of a webhook.
//! 2. Region and partition come from the ARN; for a function by its bare name from where the SDKs look.
//! 3. Credentials come from the environment, the shared files, the container's endpoint or the instance's role, in this
//!    order, and are renewed before they expire.
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

use std::fmt;
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

/// What a configuration may say. Everything left out is found as Amazon's SDKs find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsOptions {
    /// The address of SNS, such as that of a VPC endpoint; goes before `AWS_ENDPOINT_URL_SNS`.
    pub sns_endpoint: Option<String>,
    /// The address of Lambda; goes before `AWS_ENDPOINT_URL_LAMBDA`.
    pub lambda_endpoint: Option<String>,
    /// The region of functions that are called by their bare names; goes before `AWS_REGION`.
    pub region: Option<String>,
    /// The profile in the shared files; goes before `AWS_PROFILE`.
    pub profile: Option<String>,
    /// How long a call may take.
    pub timeout: Duration,
}

/// A recipient that cannot be: a sentence that says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct AwsError(pub(crate) String);

struct Shared {
    client: Client,
    env: Env,
    options: AwsOptions,
    credentials: Credentials,
    region: Region,
}

/// A service, by its name in addresses and signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Sns,
    Lambda,
}

/// A request before it is signed.
struct Call<'a> {
    service: Service,
    region: &'a str,
    /// Path and query, encoded.
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Default for AwsOptions {
    fn default() -> Self {
        Self {
            sns_endpoint: None,
            lambda_endpoint: None,
            region: None,
            profile: None,
            timeout: Duration::from_secs(10),
        }
    }
}

impl Aws {
    /// Reaches Amazon through `client`. Nothing is read or asked before the first message.
    pub fn new(client: Client, env: Env, options: AwsOptions) -> Self {
        let credentials = Credentials::new(client.clone(), env.clone(), options.profile.clone());
        Self(Arc::new(Shared { client, env, options, credentials, region: Region::default() }))
    }

    /// The region of what is called by its bare name.
    async fn region(&self) -> Result<String, DeliveryError> {
        let Shared { client, env, options, region, .. } = &*self.0;
        region.find(client, env, options).await
    }

    /// Signs and sends once, and gives the answer to a call that was taken.
    async fn send(&self, call: Call<'_>) -> Result<Answer, DeliveryError> {
        let Shared { client, env, options, credentials, .. } = &*self.0;
        let keys = credentials.keys().await?;
        let endpoint = region::endpoint(call.service, call.region, env, options)?;
        let url = format!("{endpoint}{}", call.target);
        let mut request = Request::post(&url, call.body.as_slice()).timeout(options.timeout);
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
        f.debug_struct("Aws").field("options", &self.0.options).finish_non_exhaustive()
    }
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Sns => "sns",
            Self::Lambda => "lambda",
        }
    }
}
