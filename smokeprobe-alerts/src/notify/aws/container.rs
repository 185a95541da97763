//! Credentials of a container: those of an ECS task, or of EKS Pod Identity, from an address that the environment says.
//!
//! As Amazon's reference guide has it ("Container credential provider").

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use url::{Host, Url};

use super::super::http::{Client, Request};
use super::super::{DeliveryError, file};
use super::Env;
use super::credentials::Keys;

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/// Where relative addresses start.
const ECS: &str = "http://169.254.170.2";

/// Besides the machine itself, only these may be asked without TLS: ECS, and EKS in IPv4 and IPv6. Somebody who could
/// set the address would else be told the token of the container.
const PLAIN: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

/// Longer files are not tokens, in bytes.
const LONGEST: u64 = 64 << 10;

/// It is on this machine or on its host.
const PATIENCE: Duration = Duration::from_secs(5);

/// `None` outside of a container.
pub(super) async fn keys(client: &Client, env: &Env) -> Result<Option<Keys>, DeliveryError> {
    let Some(address) = address(env)? else { return Ok(None) };
    let mut request = Request::get(address).timeout(PATIENCE).direct().header("Accept", "application/json");
    if let Some(token) = token(env).await? {
        request = request.header("Authorization", token);
    }
    let answer = client.send(request).await?;
    match answer.refusal() {
        None => Keys::of_answer(&answer, "the container's endpoint").map(Some),
        // Whatever the status: the agent may be starting, or the role may be attached later.
        Some(error) => Err(DeliveryError::transient(format!("no credentials from the container's endpoint: {error}"))),
    }
}

fn address(env: &Env) -> Result<Option<String>, DeliveryError> {
    if let Some(path) = env.read(RELATIVE) {
        return if path.starts_with('/') {
            Ok(Some(format!("{ECS}{path}")))
        } else {
            Err(DeliveryError::permanent(format!("{RELATIVE} does not begin with /: it is set by ECS, do not set it")))
        };
    }
    let Some(full) = env.read(FULL) else { return Ok(None) };
    let url = Url::parse(&full).map_err(|_| DeliveryError::permanent(format!("{FULL} is not an address")))?;
    let allowed = match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name.eq_ignore_ascii_case("localhost"),
        ("http", Some(Host::Ipv4(address))) => is_near(address.into()),
        ("http", Some(Host::Ipv6(address))) => is_near(address.into()),
        _ => false,
    };
    if allowed {
        Ok(Some(full))
    } else {
        Err(DeliveryError::permanent(format!(
            "the address in {FULL} is not one that may be asked for credentials: without https only this machine and the \
             endpoints of ECS and EKS may"
        )))
    }
}

fn is_near(address: IpAddr) -> bool {
    address.is_loopback() || PLAIN.iter().any(|plain| plain.parse() == Ok(address))
}

/// Read anew each time, as EKS replaces the file.
async fn token(env: &Env) -> Result<Option<String>, DeliveryError> {
    let (token, whence) = match env.read(TOKEN_FILE) {
        Some(path) => {
            let text = file::read_text(Path::new(&path), LONGEST, file::PATIENCE).await.map_err(|error| {
                DeliveryError::transient(format!("cannot read the file {path} that {TOKEN_FILE} names: {error}"))
            })?;
            (text.trim_end_matches(['\r', '\n']).to_owned(), TOKEN_FILE)
        }
        None => match env.read(TOKEN) {
            Some(token) => (token, TOKEN),
            None => return Ok(None),
        },
    };
    if token.contains(|c: char| c.is_control()) {
        return Err(DeliveryError::permanent(format!("the token of {whence} has more than one line")));
    }
    Ok(Some(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_addresses_are_asked_without_tls() {
        let ask = |full: &str| address(&Env::of([(FULL, full)]));
        for good in [
            "http://127.0.0.1:51/x",
            "http://127.9.9.9/x",
            "http://[::1]/x",
            "http://localhost:8080/x",
            "http://169.254.170.2/v2/credentials/x",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "https://any.example/x",
        ] {
            assert_eq!(ask(good), Ok(Some(good.to_owned())));
        }
        for bad in [
            "http://169.254.169.254/x",
            "http://evil.example/",
            "http://127.0.0.1.evil.example/",
            "http://localhost@evil.example/",
            "http://[fd00:ec2::24]/",
            "file:///etc/passwd",
            "169.254.170.2",
        ] {
            assert!(matches!(ask(bad), Err(DeliveryError::Permanent { .. })), "{bad}");
        }
    }

    #[test]
    fn a_relative_address_is_one_of_ecs_and_goes_first() {
        let both = [(RELATIVE, "/v2/credentials/1-2"), (FULL, "http://evil.example/")];
        assert_eq!(address(&Env::of(both)), Ok(Some("http://169.254.170.2/v2/credentials/1-2".to_owned())));
        assert!(address(&Env::of([(RELATIVE, "@evil.example/")])).is_err());
        assert_eq!(address(&Env::of([(FULL, "")])), Ok(None));
    }

    #[tokio::test]
    async fn a_token_of_two_lines_cannot_become_two_headers() {
        assert!(token(&Env::of([(TOKEN, "a\r\nHost: evil")])).await.is_err());
        assert_eq!(token(&Env::of([(TOKEN, "Basic abc")])).await, Ok(Some("Basic abc".to_owned())));
    }
}
