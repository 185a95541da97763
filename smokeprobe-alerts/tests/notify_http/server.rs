//! A small HTTP server for one test: real sockets, and every answer as the test wants it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Answers every request with what its function writes, one request a connection.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<(Mutex<Vec<Seen>>, Condvar)>,
    over: Arc<AtomicBool>,
    listening: Option<thread::JoinHandle<()>>,
}

pub(crate) trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }

    /// A parameter of the query.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let url = url::Url::parse(&format!("http://h{}", self.target)).unwrap();
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

impl Server {
    pub(crate) fn new(answer: impl Fn(&Seen, &mut dyn Stream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::start(answer, |stream| Ok(Box::new(stream)))
    }

    /// Always answers this.
    pub(crate) fn answering(status: u16, headers: &str, body: &str) -> Self {
        let answer = answer(status, headers, body);
        Self::new(move |_, stream| stream.write_all(answer.as_bytes()))
    }

    /// Speaks TLS with a certificate of the authority that is returned with it, in PEM form.
    pub(crate) fn tls(name: &str, status: u16, body: &str) -> (Self, String) {
        let (config, authority) = certified(name);
        let answer = answer(status, "", body);
        let server = Self::start(
            move |_, stream| stream.write_all(answer.as_bytes()),
            move |stream| {
                let connection = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
                Ok(Box::new(StreamOwned::new(connection, stream)))
            },
        );
        (server, authority)
    }

    fn start(
        answer: impl Fn(&Seen, &mut dyn Stream) -> io::Result<()> + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> io::Result<Box<dyn Stream>> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = Self { address, seen: Arc::default(), over: Arc::default(), listening: None };
        let (seen, over) = (Arc::clone(&server.seen), Arc::clone(&server.over));
        let serve = Arc::new(move |stream| -> io::Result<()> {
            let mut stream = wrap(stream)?;
            let request = read(&mut stream)?;
            seen.0.lock().unwrap().push(request.clone());
            seen.1.notify_all();
            answer(&request, &mut stream)?;
            stream.flush()
        });
        server.listening = Some(thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let serve = Arc::clone(&serve);
                // A client that goes away in the middle is part of the tests.
                thread::spawn(move || stream.and_then(|stream| serve(stream)).ok());
            }
        }));
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.0.lock().unwrap().clone()
    }

    /// Blocks until the requests are as wanted; fails after a minute.
    pub(crate) fn wait_until(&self, wanted: impl Fn(&[Seen]) -> bool) {
        let (seen, changed) = &*self.seen;
        let waited = changed.wait_timeout_while(seen.lock().unwrap(), Duration::from_secs(60), |seen| !wanted(seen));
        let (seen, timeout) = waited.unwrap();
        assert!(!timeout.timed_out(), "{:?}", *seen);
    }

    /// The only request there was.
    pub(crate) fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts. After it nothing listens there.
        let _ = TcpStream::connect(self.address);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

/// Blocks until the client goes away.
pub(crate) fn hang(stream: &mut dyn Stream) -> io::Result<()> {
    io::copy(stream, &mut io::sink()).map(drop)
}

pub(crate) fn answer(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} Some\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
}

fn read(stream: &mut impl Read) -> io::Result<Seen> {
    let mut reader = BufReader::new(stream);
    let mut line = || -> io::Result<String> {
        let mut line = String::new();
        (&mut reader).take(16_384).read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let header = line()?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Seen { method, target, headers, body })
}

fn certified(name: &str) -> (Arc<ServerConfig>, String) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    (Arc::new(config), pem)
}
