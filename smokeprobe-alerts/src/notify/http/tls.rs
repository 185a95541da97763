//! Whose certificates are taken: rustls with its provider named, so that an embedder's global choice does not matter.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use rustls::crypto::ring;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use super::HttpError;

/// The system's certificate authorities, or Mozilla's where the system has none.
static ROOTS: LazyLock<Vec<Certificate<'static>>> = LazyLock::new(|| {
    let native = rustls_native_certs::load_native_certs().certs;
    if native.is_empty() {
        return webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|cert| Certificate::from_der(cert)).collect();
    }
    native.iter().map(|cert| Certificate::from_der(cert).to_owned()).collect()
});

/// With the system's authorities, and those of a file.
pub(super) fn config(ca_file: Option<&Path>) -> Result<TlsConfig, HttpError> {
    let mut roots = ROOTS.clone();
    if let Some(path) = ca_file {
        roots.extend(authorities(path)?);
    }
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .build())
}

fn authorities(path: &Path) -> Result<Vec<Certificate<'static>>, HttpError> {
    let cannot = |why: String| {
        HttpError::Unsendable(format!("cannot use the certificate authorities in {}: {why}", path.display()))
    };
    let pem = std::fs::read(path).map_err(|error| cannot(error.to_string()))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(cannot(error.to_string())),
        }
    }
    if found.is_empty() {
        return Err(cannot("it has no certificate in PEM form".into()));
    }
    Ok(found)
}
