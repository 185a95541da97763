//! A DNS server on loopback that does as it is told, over UDP and TCP.

use std::future::Future;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::{RData, Record};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;

/// What to send back to a query, in this order; nothing, to lose it.
pub(crate) type Reaction = Arc<dyn Fn(&Message) -> Vec<Vec<u8>> + Send + Sync>;

/// The server. It ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct DnsServer {
    /// Where it listens, on UDP and TCP.
    pub(crate) address: SocketAddr,
    /// Where it listens on TLS.
    pub(crate) tls: Option<SocketAddr>,
    queries: Arc<AtomicU32>,
}

impl DnsServer {
    /// A server that reacts so to each query.
    pub(crate) async fn start(react: impl Fn(&Message) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self::start_with(react, None).await
    }

    /// A server that also speaks TLS.
    pub(crate) async fn start_with(
        react: impl Fn(&Message) -> Vec<Vec<u8>> + Send + Sync + 'static,
        acceptor: Option<TlsAcceptor>,
    ) -> Self {
        let react: Reaction = Arc::new(react);
        let (udp, tcp) = same_port().await;
        let address = udp.local_addr().unwrap();
        let queries = Arc::<AtomicU32>::default();
        tokio::spawn(serve_udp(udp, Arc::clone(&react), Arc::clone(&queries)));
        tokio::spawn(serve_tcp(tcp, Arc::clone(&react), Arc::clone(&queries), |stream| async { Some(stream) }));
        let mut tls = None;
        if let Some(acceptor) = acceptor {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            tls = Some(listener.local_addr().unwrap());
            let upgrade = move |stream| {
                let acceptor = acceptor.clone();
                async move { acceptor.accept(stream).await.ok() }
            };
            tokio::spawn(serve_tcp(listener, react, Arc::clone(&queries), upgrade));
        }
        Self { address, tls, queries }
    }

    /// How many queries came.
    pub(crate) fn queries(&self) -> u32 {
        self.queries.load(Ordering::SeqCst)
    }
}

/// The answer to `query` with these records, changed at will.
pub(crate) fn answer(query: &Message, records: &[RData], change: impl FnOnce(&mut Message)) -> Vec<u8> {
    let mut message = query.clone();
    message.metadata.message_type = MessageType::Response;
    for data in records {
        message.add_answer(Record::from_rdata(query.queries[0].name().clone(), 60, data.clone()));
    }
    change(&mut message);
    message.to_vec().unwrap()
}

/// Sockets of one number on UDP and TCP, as a name server has them. A number that is free on one may be taken on the
/// other, by a connection of a test that runs beside.
async fn same_port() -> (UdpSocket, TcpListener) {
    for _ in 0..1000 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        match TcpListener::bind(udp.local_addr().unwrap()).await {
            Ok(tcp) => return (udp, tcp),
            Err(error) => assert_eq!(error.kind(), ErrorKind::AddrInUse),
        }
    }
    panic!("no port is free on both UDP and TCP");
}

async fn serve_udp(socket: UdpSocket, react: Reaction, queries: Arc<AtomicU32>) {
    let mut buffer = [0; 4096];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
        queries.fetch_add(1, Ordering::SeqCst);
        let query = Message::from_vec(&buffer[..length]).expect("a query");
        for answer in react(&query) {
            socket.send_to(&answer, peer).await.unwrap();
        }
    }
}

async fn serve_tcp<S, F>(
    listener: TcpListener,
    react: Reaction,
    queries: Arc<AtomicU32>,
    upgrade: impl Fn(tokio::net::TcpStream) -> F + Send + 'static,
) where
    F: Future<Output = Option<S>> + Send + 'static,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    while let Ok((stream, _)) = listener.accept().await {
        let (react, queries, upgrading) = (Arc::clone(&react), Arc::clone(&queries), upgrade(stream));
        tokio::spawn(async move {
            let mut stream = upgrading.await?;
            while let Ok(length) = stream.read_u16().await {
                let mut query = vec![0; usize::from(length)];
                stream.read_exact(&mut query).await.ok()?;
                queries.fetch_add(1, Ordering::SeqCst);
                for answer in react(&Message::from_vec(&query).expect("a query")) {
                    let mut framed = u16::try_from(answer.len()).unwrap().to_be_bytes().to_vec();
                    framed.extend(answer);
                    stream.write_all(&framed).await.ok()?;
                }
            }
            Some(())
        });
    }
}
