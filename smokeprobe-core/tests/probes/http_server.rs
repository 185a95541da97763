//! A web server on loopback, written by hand so that it can also misbehave.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// How long `/slow` takes to begin its answer, and again to end it.
pub(crate) const SLOW: Duration = Duration::from_millis(60);

/// More than the system holds for a reader that does not read: once so much is written, the first of it has been read.
/// The second delay of `/slow` begins then, and not while its beginning waits for a reader that is kept from running.
const BODY: usize = 1 << 20;

/// Serves until the test's runtime ends; over TLS where an acceptor is given.
pub(crate) async fn start(acceptor: Option<TlsAcceptor>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    // Little, so that whoever writes more waits until it is read. Connections have it from here.
    SockRef::from(&listener).set_send_buffer_size(128 << 10).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                match acceptor {
                    None => serve(stream).await,
                    Some(acceptor) => serve(acceptor.accept(stream).await?).await,
                }
            });
        }
    });
    address
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
        // A TLS record (RFC 8446, 5.1): as web servers do, say in plain text what is wrong.
        if head == [0x16] {
            return stream.write_all(page("400 Bad Request", "", "TLS here is not").as_bytes()).await;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let answer = match path {
        "/ok" => page("200 OK", "", "hello world"),
        "/busy" => page("503 Service Unavailable", "", "later"),
        "/echo" => page("200 OK", "", &head),
        "/to" => page("302 Found", &format!("Location: {query}\r\n"), ""),
        "/slow" => {
            pass(SLOW).await;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", BODY + 5);
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&vec![b'x'; BODY]).await?;
            stream.flush().await?;
            pass(SLOW).await;
            "hello".to_owned()
        }
        "/endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            loop {
                stream.write_all(&[b'x'; 1 << 12]).await?;
            }
        }
        "/pieces" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
            for piece in ["3\r\nnee\r\n", "3\r\ndle\r\n", "0\r\n\r\n"] {
                stream.write_all(piece.as_bytes()).await?;
                stream.flush().await?;
                tokio::task::yield_now().await;
            }
            String::new()
        }
        "/cut" => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello".to_owned(),
        "/garbage" => "220 mail.example ESMTP\r\n\r\n".to_owned(),
        "/hangup" => String::new(),
        "/silent" => std::future::pending().await,
        _ => page("404 Not Found", "", ""),
    };
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

fn page(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

async fn pass(time: Duration) {
    timeout(time, std::future::pending::<()>()).await.unwrap_err();
}
