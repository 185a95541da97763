//! Regions, the partitions that they belong to, and the addresses of services there.

use smokeprobe_core::WallTime;
use tokio::sync::Mutex;

use super::super::DeliveryError;
use super::super::http::Client;
use super::credentials::PAUSE;
use super::{AwsOptions, Env, Service, imds, profile};

/// A part of Amazon with accounts and addresses of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Partition {
    Aws,
    China,
    UsGov,
}

/// The region of what is called without one, once it is known; or when it was looked for last, and why in vain.
#[derive(Debug, Default)]
pub(super) struct Region(Mutex<Option<Result<String, (WallTime, DeliveryError)>>>);

impl Partition {
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Aws, Self::China, Self::UsGov].into_iter().find(|partition| partition.name() == name)
    }

    pub(super) fn of_region(region: &str) -> Self {
        match region.split('-').next() {
            Some("cn") => Self::China,
            _ if region.starts_with("us-gov-") => Self::UsGov,
            _ => Self::Aws,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::China => "aws-cn",
            Self::UsGov => "aws-us-gov",
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::UsGov => "amazonaws.com",
            Self::China => "amazonaws.com.cn",
        }
    }
}

impl Region {
    /// The first that says one: `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile, the instance.
    pub(super) async fn find(&self, client: &Client, env: &Env) -> Result<String, DeliveryError> {
        let mut known = self.0.lock().await;
        let now = client.now();
        match &*known {
            Some(Ok(region)) => return Ok(region.clone()),
            Some(Err((at, error))) if *at <= now && now < *at + PAUSE => return Err(error.clone()),
            _ => {}
        }
        let found = look_for(client, env).await;
        *known = Some(found.clone().map_err(|error| (client.now(), error)));
        found
    }
}

async fn look_for(client: &Client, env: &Env) -> Result<String, DeliveryError> {
    let said = match env.read("AWS_REGION").or_else(|| env.read("AWS_DEFAULT_REGION")) {
        Some(region) => Some(region),
        None => profile::read(env).await?.and_then(|profile| profile.region),
    };
    let region = match said {
        Some(region) => region,
        None => imds::region(client, env).await.map_err(|error| {
            let hint = "the function's name does not say its region: write its whole ARN, or set AWS_REGION";
            match error {
                DeliveryError::Transient { reason, retry_after } => {
                    DeliveryError::Transient { reason: format!("{hint}; {reason}"), retry_after }
                }
                DeliveryError::Permanent { reason } => DeliveryError::permanent(format!("{hint}; {reason}")),
            }
        })?,
    };
    if is_region(&region) {
        Ok(region)
    } else {
        Err(DeliveryError::permanent(format!(
            "{region:?} is not a region: check AWS_REGION, it looks like eu-central-1"
        )))
    }
}

/// Where a service is. The first that says: options, `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the region.
pub(super) fn endpoint(
    service: Service,
    region: &str,
    env: &Env,
    options: &AwsOptions,
) -> Result<String, DeliveryError> {
    let variable = match service {
        Service::Sns => "AWS_ENDPOINT_URL_SNS",
        Service::Lambda => "AWS_ENDPOINT_URL_LAMBDA",
        Service::Sts => "AWS_ENDPOINT_URL_STS",
    };
    let from_env = || {
        let ignored = env.is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
        let said = env.read(variable).or_else(|| env.read("AWS_ENDPOINT_URL"));
        said.filter(|_| !ignored)
    };
    let Some(said) = options.endpoint.clone().or_else(from_env) else {
        return Ok(format!("https://{}.{region}.{}", service.name(), Partition::of_region(region).suffix()));
    };
    let said = said.trim().trim_end_matches('/');
    match url::Url::parse(said) {
        Ok(url) if url.has_host() && url.query().is_none() && matches!(url.scheme(), "http" | "https") => {
            Ok(said.to_owned())
        }
        _ => Err(DeliveryError::permanent(format!(
            "the endpoint of {} is not an address: it looks like https://vpce-1a2b.{}.{region}.vpce.amazonaws.com",
            service.name(),
            service.name()
        ))),
    }
}

/// Letters, digits and dashes, as in `cn-northwest-1`: what can become a part of a host's name.
pub(super) fn is_region(text: &str) -> bool {
    let words: Vec<&str> = text.split('-').collect();
    (3..=5).contains(&words.len())
        && text.len() <= 32
        && words
            .iter()
            .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(service: Service, region: &str, env: &[(&str, &str)], options: &AwsOptions) -> String {
        endpoint(service, region, &Env::of(env.to_vec()), options).unwrap()
    }

    #[test]
    fn addresses_end_as_their_partition_wants() {
        let at = |region| at(Service::Sns, region, &[], &AwsOptions::default());
        assert_eq!(at("eu-central-1"), "https://sns.eu-central-1.amazonaws.com");
        assert_eq!(at("cn-north-1"), "https://sns.cn-north-1.amazonaws.com.cn");
        assert_eq!(at("us-gov-west-1"), "https://sns.us-gov-west-1.amazonaws.com");
    }

    #[test]
    fn an_endpoint_of_the_options_goes_before_one_of_the_environment() {
        let both = [("AWS_ENDPOINT_URL", "http://all:1/"), ("AWS_ENDPOINT_URL_SNS", "http://sns:2")];
        let own = AwsOptions { endpoint: Some("http://own:3/base/".into()), ..AwsOptions::default() };
        assert_eq!(at(Service::Sns, "cn-north-1", &both, &own), "http://own:3/base");
        assert_eq!(at(Service::Sns, "cn-north-1", &both, &AwsOptions::default()), "http://sns:2");
        assert_eq!(at(Service::Lambda, "cn-north-1", &both, &AwsOptions::default()), "http://all:1");
        let ignored = [("AWS_ENDPOINT_URL", "http://all:1/"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True")];
        let ignoring = at(Service::Lambda, "cn-north-1", &ignored, &AwsOptions::default());
        assert_eq!(ignoring, "https://lambda.cn-north-1.amazonaws.com.cn");
        assert_eq!(at(Service::Lambda, "cn-north-1", &ignored, &own), "http://own:3/base");
    }

    #[test]
    fn an_endpoint_that_is_no_address_is_told() {
        for bad in ["sns", "ftp://h", "https://h?x=1", "https://"] {
            let options = AwsOptions { endpoint: Some(bad.into()), ..AwsOptions::default() };
            let error = endpoint(Service::Sns, "eu-west-1", &Env::of([("A", "b")]), &options);
            assert!(matches!(error, Err(DeliveryError::Permanent { .. })), "{bad}: {error:?}");
        }
    }

    #[test]
    fn what_could_lead_to_another_host_is_no_region() {
        for good in ["eu-central-1", "cn-northwest-1", "us-gov-east-1", "us-iso-east-1", "ap-southeast-7"] {
            assert!(is_region(good), "{good}");
        }
        for bad in ["", "eu", "eu-central-1.evil.example", "eu-central-1/", "EU-CENTRAL-1", "a-b-c@h", "--1", "é-b-1"]
        {
            assert!(!is_region(bad), "{bad}");
        }
    }
}
