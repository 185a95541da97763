//! Signature Version 4 of a request, by the `aws-sigv4` crate.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign as sign_request};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use smokeprobe_core::WallTime;

use super::super::DeliveryError;
use super::Call;
use super::credentials::Keys;

/// The headers that sign a POST of the call to `url`, to be sent beside its own.
pub(super) fn sign(
    keys: &Keys,
    call: &Call<'_>,
    url: &str,
    now: WallTime,
) -> Result<Vec<(String, String)>, DeliveryError> {
    let identity = Identity::from(Credentials::new(&keys.id, &keys.secret, keys.token.clone(), None, "smokeprobe"));
    let unsigned = |error: &dyn std::fmt::Display| {
        DeliveryError::permanent(format!("the request to AWS cannot be signed: {error}"))
    };
    let params = SigningParams::builder()
        .identity(&identity)
        .region(call.region)
        .name(call.service.name())
        .time(system_time(now))
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| unsigned(&error))?
        .into();
    let headers = call.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let request = SignableRequest::new("POST", url, headers, SignableBody::Bytes(&call.body))
        .map_err(|error| unsigned(&error))?;
    let (instructions, _) = sign_request(request, &params).map_err(|error| unsigned(&error))?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn system_time(at: WallTime) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(at.unix_secs().max(0).unsigned_abs())
}
