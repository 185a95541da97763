//! Credentials for a token of somebody else's, such as that of a service account of Kubernetes (EKS): `STS` gives them for
//! the asking, unsigned (API reference of `AssumeRoleWithWebIdentity`).

use std::path::Path;
use std::time::Duration;

use smokeprobe_core::WallTime;

use super::super::http::{Client, Request};
use super::super::{DeliveryError, file};
use super::credentials::Keys;
use super::refusal::element;
use super::{AwsOptions, Env, Service, region};

const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
const ROLE: &str = "AWS_ROLE_ARN";
/// Longer files are not tokens, in bytes.
const LONGEST: u64 = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(5);

/// `None` when the environment has no such token.
pub(super) async fn keys(client: &Client, env: &Env) -> Result<Option<Keys>, DeliveryError> {
    let Some(path) = env.read(TOKEN_FILE) else { return Ok(None) };
    let missing = |name: &str| DeliveryError::permanent(format!("{TOKEN_FILE} is set and {name} is not: set both"));
    let role = env.read(ROLE).ok_or_else(|| missing(ROLE))?;
    let region = env.read("AWS_REGION").or_else(|| env.read("AWS_DEFAULT_REGION"));
    let region = region.filter(|region| region::is_region(region)).ok_or_else(|| missing("AWS_REGION"))?;
    // Read anew each time, as Kubernetes replaces the file.
    let token = file::read_text(Path::new(&path), LONGEST, PATIENCE).await.map_err(|error| {
        DeliveryError::transient(format!("cannot read the file {path} that {TOKEN_FILE} names: {error}"))
    })?;
    let token = token.trim();
    let session = env.read("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| "smokeprobe".to_owned());
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "AssumeRoleWithWebIdentity")
        .append_pair("Version", "2011-06-15")
        .append_pair("RoleArn", &role)
        .append_pair("RoleSessionName", &session)
        .append_pair("WebIdentityToken", token)
        .finish();
    let endpoint = region::endpoint(Service::Sts, &region, env, &AwsOptions::default())?;
    let request = Request::post(format!("{endpoint}/"), form)
        .header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        .timeout(PATIENCE)
        .secret(token);
    let answer = client.send(request).await?;
    let text = String::from_utf8_lossy(&answer.body);
    let failed = |why: String| {
        let place = answer.place();
        DeliveryError::transient(format!(
            "{place} gave no credentials of {role} for the token in {path}: {why}; check the trust policy of the role"
        ))
    };
    if answer.status != 200 {
        let said = element(&text, "Code").zip(element(&text, "Message"));
        return Err(failed(match said {
            Some((code, message)) => format!("{}: {}", answer.clean(&code), answer.clean(&message)),
            None => format!("it answered {}", answer.status),
        }));
    }
    let expires = element(&text, "Expiration").and_then(|at| chrono::DateTime::parse_from_rfc3339(&at).ok());
    match (element(&text, "AccessKeyId"), element(&text, "SecretAccessKey"), element(&text, "SessionToken"), expires) {
        (Some(id), Some(secret), Some(token), Some(expires)) => Ok(Some(Keys {
            id,
            secret,
            token: Some(token),
            expires: Some(WallTime::from_unix_secs(expires.timestamp())),
            source: "the web identity",
        })),
        _ => Err(failed("its answer has none".to_owned())),
    }
}
