//! Amazon resource names: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.

use super::region::{Partition, is_region};
use super::{AwsError, Service};

/// An ARN of one of our services. Its partition is that of its region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arn {
    pub(super) region: String,
    pub(super) account: String,
    /// What comes after the account.
    pub(super) resource: String,
}

impl Arn {
    /// Reads an ARN of `service`; `form` is what one looks like.
    pub(super) fn parse(text: &str, service: Service, form: &str) -> Result<Self, AwsError> {
        let fault = |what: String| AwsError(format!("{what}: an ARN here looks like {form}"));
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, named, region, account, resource] = parts[..] else {
            return Err(fault(format!("{text} is not an ARN")));
        };
        let Some(partition) = Partition::named(partition) else {
            return Err(fault(format!("the partition {partition} is not one of aws, aws-cn, aws-us-gov")));
        };
        if named != service.name() {
            return Err(fault(format!("the ARN is one of {named}, not of {}", service.name())));
        }
        if !is_region(region) {
            return Err(fault(format!("{region:?} is not a region")));
        }
        let of_region = Partition::of_region(region);
        if of_region != partition {
            return Err(fault(format!(
                "the region {region} belongs to the partition {}, not to {}",
                of_region.name(),
                partition.name()
            )));
        }
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(fault(format!("{account:?} is not an account's number of 12 digits")));
        }
        Ok(Self { region: region.to_owned(), account: account.to_owned(), resource: resource.to_owned() })
    }
}

/// Characters that names of topics, functions and aliases are made of.
pub(super) fn is_word(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
