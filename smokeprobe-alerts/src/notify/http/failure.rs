//! Why there was no answer, as a sentence that a person can act on.

use std::error::Error as _;
use std::io::ErrorKind;

use rustls::CertificateError;

use super::request::Ready;
use super::{HttpError, shown};

/// What became of a request that got no answer, sent through a proxy or not.
pub(super) fn explain(error: &ureq::Error, ready: &Ready, proxy: Option<&str>) -> HttpError {
    let (url, limit) = (&ready.url, ready.timeout);
    let place = match proxy {
        Some(proxy) => format!("{} through the proxy {proxy}", shown(url)),
        None => shown(url),
    };
    let host = url.host_str().unwrap_or_default();
    let reason = match error {
        ureq::Error::Timeout(ureq::Timeout::Resolve) => {
            format!("the name {host} was not resolved within {:?}", limit / 2)
        }
        ureq::Error::Timeout(ureq::Timeout::Connect) => format!("it let nobody connect within {:?}", limit / 2),
        ureq::Error::Timeout(_) => return HttpError::Failed(format!("no answer from {place} within {limit:?}")),
        // A proxy resolves the name of the host itself: it is the proxy's that was not found.
        ureq::Error::HostNotFound => format!("the name {} has no address", proxy.unwrap_or(host)),
        ureq::Error::Rustls(error) => tls(error, host),
        ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) => tls(error, host),
            None => io(error, host),
        },
        ureq::Error::Protocol(error) => format!("what it answered is not HTTP: {error}"),
        ureq::Error::LargeResponseHeader(..) => "the headers of its answer are too long".to_owned(),
        ureq::Error::ConnectProxyFailed(why) => format!("the proxy does not connect us: {why}"),
        ureq::Error::Decompress(..) => "its answer cannot be decompressed".to_owned(),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            return HttpError::Unsendable(format!("the address {place} cannot be asked for"));
        }
        other => other.to_string(),
    };
    HttpError::Failed(format!("cannot send to {place}: {}", ready.scrub.clean(&reason)))
}

fn io(error: &std::io::Error, host: &str) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "the connection was refused: nothing listens there".to_owned(),
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::BrokenPipe
        | ErrorKind::ConnectionAborted => "the connection was closed before the answer was whole".to_owned(),
        _ => {
            let mut text = error.to_string();
            if let Some(source) = error.source() {
                text = format!("{text}: {source}");
            }
            // What the resolver says has no kind of its own.
            if text.contains("lookup address") { format!("the name {host} cannot be resolved: {text}") } else { text }
        }
    }
}

fn tls(error: &rustls::Error, host: &str) -> String {
    match error {
        rustls::Error::InvalidCertificate(fault) => {
            let why = match fault {
                CertificateError::UnknownIssuer => {
                    "nobody whom we trust signed it; if it should be trusted, add its authority's certificate"
                        .to_owned()
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it is expired".to_owned(),
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    "it is not valid yet; check the clocks".to_owned()
                }
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    format!("it is not made out to {host}")
                }
                CertificateError::Revoked => "it is revoked".to_owned(),
                other => other.to_string(),
            };
            format!("its certificate is not taken: {why}")
        }
        rustls::Error::InvalidMessage(_) => "it does not speak TLS there; should it be http:// instead?".to_owned(),
        other => format!("TLS failed: {other}"),
    }
}
