//! As much of HTTP as a bench needs.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The body of what the server at `address` answers to a GET of `path`.
///
/// # Errors
///
/// When there is no server, or it does not answer 200.
pub fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.split_whitespace().nth(1) == Some("200") => Ok(body.to_string()),
        _ => Err(io::Error::other(format!("GET {path}: {}", answer.lines().next().unwrap_or("no answer")))),
    }
}

/// A connection that stays open, as a browser's.
#[derive(Debug)]
pub struct Connection(TcpStream);

impl Connection {
    /// Connects to the server at `address`.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self(stream))
    }

    /// How many bytes of body the answer to a GET of `path` has, asked with more header lines, each ended by `\r\n`.
    ///
    /// # Errors
    ///
    /// When the answer is not 200, or the server ends the connection.
    pub fn get(&mut self, path: &str, headers: &str) -> io::Result<usize> {
        write!(self.0, "GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n")?;
        let (mut answer, mut buffer) = (Vec::with_capacity(64 * 1024), vec![0; 64 * 1024]);
        loop {
            let count = self.0.read(&mut buffer)?;
            if count == 0 {
                return Err(io::Error::other("the server ended the connection"));
            }
            answer.extend_from_slice(&buffer[..count]);
            let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
            if !text.starts_with("http/1.1 200") {
                return Err(io::Error::other(text));
            }
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            match length.and_then(|length| length.parse::<usize>().ok()) {
                Some(length) if answer.len() >= head + 4 + length => return Ok(length),
                None if answer.ends_with(b"\r\n0\r\n\r\n") => return Ok(chunked(&answer[head + 4..])),
                Some(_) | None => {}
            }
        }
    }
}

/// The bytes in the chunks of a body that came in chunks.
fn chunked(mut body: &[u8]) -> usize {
    let mut bytes = 0;
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&body[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        bytes += size;
        body = body.get(end + 2 + size + 2..).unwrap_or_default();
    }
    bytes
}

/// The sum over all labels of a metric. The name of a counter may have `_total` behind it.
pub fn sum(metrics: &str, name: &str) -> f64 {
    let of = |line: &str| {
        let rest = line.strip_prefix(name)?;
        let rest = rest.strip_prefix("_total").unwrap_or(rest);
        let value = rest.starts_with(['{', ' ']).then(|| rest.rsplit(' ').next())??;
        value.parse::<f64>().ok()
    };
    metrics.lines().filter_map(of).sum()
}
