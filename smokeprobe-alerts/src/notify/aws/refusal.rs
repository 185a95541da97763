//! What Amazon's answer means for a message, and what a person can do about it.

use serde::Deserialize;
use smokeprobe_core::WallTime;

use super::super::DeliveryError;
use super::super::http::Answer;
use super::credentials::Keys;
use super::region::Partition;
use super::{Call, Service};

/// Why a call was refused.
pub(super) struct Refusal {
    pub(super) error: DeliveryError,
    /// The credentials do not hold any more: fetch others.
    pub(super) stale: bool,
}

/// `None` when the call was taken.
///
/// 1. Credentials that are expired are fetched anew: trying again helps.
/// 2. So does it when there was too much at once, or when Amazon is in trouble.
/// 3. Else somebody must change something, and is told what.
pub(super) fn of(answer: &Answer, call: &Call<'_>, keys: &Keys, now: WallTime) -> Option<Refusal> {
    if (200..300).contains(&answer.status) {
        return None;
    }
    let Some(fault) = Fault::of(answer) else {
        // Not Amazon: a proxy, or an endpoint that is something else.
        return answer.refusal().map(|error| Refusal { error, stale: false });
    };
    let code = fault.code.as_str();
    let status = answer.status;
    let stale = matches!(code, "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired");
    let busy = status == 429
        || status >= 500
        || code.contains("Throttl")
        || matches!(code, "TooManyRequestsException" | "RequestLimitExceeded" | "ServiceUnavailable" | "SlowDown");
    let advice = match code {
        _ if stale => format!("; the credentials of {} are expired and are fetched anew", keys.source),
        _ if busy => String::new(),
        _ => advice(code, call, keys, now),
    };
    let said = if fault.message.is_empty() { String::new() } else { format!(": {}", answer.clean(&fault.message)) };
    let reason = format!("{} answered {code}{said}{advice}", answer.place());
    let error = if stale || busy {
        DeliveryError::Transient { reason, retry_after: answer.retry_after() }
    } else {
        DeliveryError::permanent(reason)
    };
    Some(Refusal { error, stale })
}

/// What to check.
fn advice(code: &str, call: &Call<'_>, keys: &Keys, now: WallTime) -> String {
    let source = keys.source;
    match code {
        // Too far off the clock of Amazon, or signed with another key.
        "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "IncompleteSignature" => format!(
            "; check the clock of this host, which says {}, then the secret key of {source}",
            utc(now.unix_secs())
        ),
        "InvalidClientTokenId" | "UnrecognizedClientException" | "InvalidAccessKeyId" | "AuthFailure" => format!(
            "; nobody knows the access key of {source} in the partition {}: check the key, and that it is one of this partition",
            Partition::of_region(call.region).name()
        ),
        _ if code.starts_with("AccessDenied") || code.starts_with("AuthorizationError") => format!(
            "; allow {} to the user or role of {source}",
            match call.service {
                Service::Sns => "sns:Publish on this topic",
                Service::Lambda => "lambda:InvokeFunction on this function",
                Service::Sts => "this",
            }
        ),
        _ if code.starts_with("NotFound") || code.starts_with("ResourceNotFound") => format!(
            "; check account, name and region ({}) of the {}",
            call.region,
            match call.service {
                Service::Sns => "topic",
                Service::Lambda => "function",
                Service::Sts => "role",
            }
        ),
        _ if code.starts_with("KMS") => {
            "; check the key that encrypts the topic, and that its policy lets us use it".into()
        }
        _ => String::new(),
    }
}

/// `2026-11-22 10:30:00 UTC`.
pub(super) fn utc(unix_secs: i64) -> String {
    match chrono::DateTime::from_timestamp(unix_secs, 0) {
        Some(at) => at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        None => unix_secs.to_string(),
    }
}

/// What Amazon says of a fault.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    code: String,
    message: String,
}

#[derive(Deserialize)]
struct Body {
    #[serde(alias = "Message")]
    message: Option<String>,
    #[serde(rename = "__type")]
    kind: Option<String>,
}

impl Fault {
    /// The query protocol says it in XML, the REST protocol in a header and in JSON.
    fn of(answer: &Answer) -> Option<Self> {
        let text = String::from_utf8_lossy(&answer.body);
        if let Some(code) = element(&text, "Code") {
            return Some(Self { code, message: element(&text, "Message").unwrap_or_default() });
        }
        let body: Option<Body> = serde_json::from_slice(&answer.body).ok();
        let (message, kind) = body.map_or((None, None), |body| (body.message, body.kind));
        // `NAME`, `NAME:http://…` or `com.amazon.…#NAME`.
        let code = answer.header("x-amzn-errortype").map(str::to_owned).or(kind)?;
        let code = code.split(':').next()?.rsplit('#').next()?.trim().to_owned();
        (!code.is_empty()).then(|| Self { code, message: message.unwrap_or_default() })
    }
}

/// The text of the first element of this name. Enough for answers that we only show.
pub(super) fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let text = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text.trim().to_owned(), |text, (from, to)| text.replace(from, to));
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_read_with_its_entities() {
        let xml = "<ErrorResponse><Error><Code>Invalid</Code><Message> a &lt;b&gt; &amp;amp; </Message></Error></ErrorResponse>";
        assert_eq!(element(xml, "Code").as_deref(), Some("Invalid"));
        assert_eq!(element(xml, "Message").as_deref(), Some("a <b> &amp;"));
        assert_eq!(element("<Code>never ends", "Code"), None);
    }
}
