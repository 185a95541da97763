//! Signature Version 4 of a request, by the `aws-sigv4` crate.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign as sign_request};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use smokeprobe_core::WallTime;
use tracing::subscriber::NoSubscriber;

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
    // The crate traces what it signs, and a session's token is among it.
    let signed = tracing::subscriber::with_default(NoSubscriber::new(), || sign_request(request, &params));
    let (instructions, _) = signed.map_err(|error| unsigned(&error))?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn system_time(at: WallTime) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(at.unix_secs().max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::super::{AwsOptions, Service};
    use super::*;

    /// Takes down everything that is logged on any level.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<String>>);

    impl Visit for Log {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            writeln!(self.0.lock().unwrap(), "{}={value:?}", field.name()).unwrap();
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            event.record(&mut self.clone());
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn nothing_of_a_signature_is_logged_on_any_level() {
        let log = Log::default();
        tracing::subscriber::with_default(log.clone(), || {
            tracing::trace!(seen = 1);
            let token = Some("the-session-token".to_owned());
            let keys = Keys { id: "A".into(), secret: "B".into(), token, expires: None, source: "a test" };
            let call = Call {
                service: Service::Sns,
                region: "eu-west-1",
                target: "/".into(),
                headers: Vec::new(),
                body: Vec::new(),
                options: &AwsOptions::default(),
            };
            let headers = sign(&keys, &call, "http://h/", WallTime::from_unix_secs(1)).unwrap();
            assert!(headers.iter().any(|(_, value)| value == "the-session-token"));
        });
        assert_eq!(*log.0.lock().unwrap(), "seen=1\n");
    }
}
