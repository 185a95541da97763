//! The instance metadata service, version 2 only: a token by PUT, then everything else with it. Version 1, which needs
//! no token, gives credentials to whoever can make a program on the instance ask for an address.

use std::time::Duration;

use super::super::DeliveryError;
use super::super::http::{Answer, Client, HttpError, Request};
use super::Env;
use super::credentials::Keys;

const ADDRESS: &str = "http://169.254.169.254";
const ADDRESS_V6: &str = "http://[fd00:ec2::254]";

/// It answers within milliseconds, or not at all.
const PATIENCE: Duration = Duration::from_secs(2);

/// What else there is, said when there are no credentials at all.
const OTHERWISE: &str = "no AWS credentials in the environment, the shared files or a container's endpoint";

/// A token, and where it holds.
struct Session<'a> {
    client: &'a Client,
    address: String,
    token: String,
}

/// The credentials of the instance's role.
pub(super) async fn keys(client: &Client, env: &Env) -> Result<Keys, DeliveryError> {
    let session = Session::open(client, env).await?;
    let roles = session.read("/latest/meta-data/iam/security-credentials/").await?;
    let role = match roles {
        Some(answer) => String::from_utf8_lossy(&answer.body).lines().next().unwrap_or_default().trim().to_owned(),
        None => String::new(),
    };
    // Characters that names of roles have, by the reference of IAM.
    if role.is_empty() || !role.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b)) {
        return Err(DeliveryError::transient(format!(
            "{OTHERWISE}, and the instance has no role: attach one that may publish"
        )));
    }
    match session.read(&format!("/latest/meta-data/iam/security-credentials/{role}")).await? {
        Some(answer) => Keys::of_answer(&answer, "the instance's role"),
        None => Err(DeliveryError::transient(format!(
            "the instance metadata service has no credentials of the role {role}"
        ))),
    }
}

/// The region that the instance is in.
pub(super) async fn region(client: &Client, env: &Env) -> Result<String, DeliveryError> {
    let answer = Session::open(client, env).await?.read("/latest/meta-data/placement/region").await?;
    let text = answer.map(|answer| String::from_utf8_lossy(&answer.body).trim().to_owned());
    text.ok_or_else(|| DeliveryError::transient("the instance metadata service does not say the region"))
}

impl<'a> Session<'a> {
    async fn open(client: &'a Client, env: &Env) -> Result<Self, DeliveryError> {
        if env.is_true("AWS_EC2_METADATA_DISABLED") {
            return Err(DeliveryError::permanent(format!(
                "{OTHERWISE}, and AWS_EC2_METADATA_DISABLED forbids to ask the instance for its role"
            )));
        }
        let address = match env.read("AWS_EC2_METADATA_SERVICE_ENDPOINT") {
            Some(address) => address.trim_end_matches('/').to_owned(),
            None => match env.read("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") {
                Some(mode) if mode.eq_ignore_ascii_case("ipv6") => ADDRESS_V6.to_owned(),
                _ => ADDRESS.to_owned(),
            },
        };
        let request = Request::put(format!("{address}/latest/api/token"), "")
            .header("X-aws-ec2-metadata-token-ttl-seconds", "300")
            .timeout(PATIENCE)
            .direct();
        let answer = match client.send(request).await {
            Ok(answer) => answer,
            Err(HttpError::Unsendable(reason)) => return Err(DeliveryError::permanent(reason)),
            Err(error) => {
                // An answer with the token may not pass more routers than the hop limit says; a container's bridge is one.
                return Err(DeliveryError::transient(format!(
                    "{OTHERWISE}, and the instance metadata service gave no token: {error}; in a container on EC2 the \
                     instance's hop limit for it must be 2 (aws ec2 modify-instance-metadata-options \
                     --http-put-response-hop-limit 2)"
                )));
            }
        };
        let token = String::from_utf8_lossy(&answer.body).trim().to_owned();
        if answer.status == 200 && !token.is_empty() {
            return Ok(Self { client, address, token });
        }
        Err(DeliveryError::transient(match answer.status {
            403 => format!("{OTHERWISE}, and the instance metadata service is switched off for this instance"),
            status => format!("{OTHERWISE}, and {} answered {status} instead of a token", answer.place()),
        }))
    }

    /// `None` for what is not there.
    async fn read(&self, path: &str) -> Result<Option<Answer>, DeliveryError> {
        let request = Request::get(format!("{}{path}", self.address))
            .header("X-aws-ec2-metadata-token", &self.token)
            .timeout(PATIENCE)
            .direct();
        let answer = self.client.send(request).await?;
        match answer.status {
            200 => Ok(Some(answer)),
            404 => Ok(None),
            status => {
                Err(DeliveryError::transient(format!("the instance metadata service answered {status} for {path}")))
            }
        }
    }
}
