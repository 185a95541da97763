//! TLS for the probes: rustls with its provider named, so that an embedder's global choice does not matter.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::probe::ProbeError;
use crate::time::WallTime;

/// Handshakes at once, in the whole process. Each takes some hundred microseconds of our CPU, which those behind it
/// would measure as the network's.
const HANDSHAKES_AT_ONCE: usize = 32;
/// A handshake older than this waits for its peer, not for our CPU, and no longer holds up the others.
const HANDSHAKE_IS_WAITING: Duration = Duration::from_secs(1);

static HANDSHAKES: Semaphore = Semaphore::const_new(HANDSHAKES_AT_ONCE);

/// The system's certificate authorities, or Mozilla's where the system has none.
static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    Arc::new(roots)
});

/// Whose certificates are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Those that the system's authorities vouch for, and that are made out to the server's name.
    Verified,
    /// Any.
    Anyone,
}

/// A configuration of a client that offers these protocols (RFC 7301).
pub(crate) fn config(trust: Trust, alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, ProbeError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| ProbeError::Other(format!("cannot set up TLS: {error}")))?;
    let mut config = match trust {
        Trust::Verified => builder.with_root_certificates(Arc::clone(&ROOTS)),
        Trust::Anyone => builder.dangerous().with_custom_certificate_verifier(Arc::new(TakeAny(provider))),
    }
    .with_no_client_auth();
    // A resumed session would spare later samples what the first one measured.
    config.resumption = rustls::client::Resumption::disabled();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Arc::new(config))
}

/// The name that a certificate must be made out to: a host name, or an address (RFC 2818, 3.1).
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    match host.parse::<IpAddr>() {
        Ok(address) => Ok(ServerName::IpAddress(address.into())),
        Err(_) => ServerName::try_from(host.trim_end_matches('.').to_owned())
            .map_err(|_| format!("{host:?} is not a name that a certificate can have")),
    }
}

/// Our turn to shake hands. Waiting for it must not be timed.
pub(crate) async fn turn() -> Option<SemaphorePermit<'static>> {
    // The semaphore is never closed; were it, nobody would have to wait.
    HANDSHAKES.acquire().await.ok()
}

/// Shakes hands with the server called `name`.
pub(crate) async fn handshake(
    stream: TcpStream,
    config: &Arc<ClientConfig>,
    name: ServerName<'static>,
    turn: Option<SemaphorePermit<'static>>,
) -> io::Result<TlsStream<TcpStream>> {
    let mut handshake = TlsConnector::from(Arc::clone(config)).connect(name, stream);
    if let Ok(result) = timeout(HANDSHAKE_IS_WAITING, &mut handshake).await {
        return result;
    }
    drop(turn);
    handshake.await
}

/// When the certificate that the server showed expires.
pub(crate) fn certificate_expires(stream: &TlsStream<TcpStream>) -> Option<WallTime> {
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(WallTime::from_unix_secs(certificate.validity().not_after.timestamp()))
}

/// Takes any certificate, but still has the server prove that it holds the key.
#[derive(Debug)]
struct TakeAny(Arc<CryptoProvider>);

impl ServerCertVerifier for TakeAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
