//! Tells a pager by the Simple Network Paging Protocol, level 1 (RFC 1861).

use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::host_port::host_port;
use super::text::on_one_line;
use super::{Delivered, DeliveryError, Notifier};
use crate::event::Event;
use crate::outbox::Message;

/// The port of the protocol (RFC 1861, 4).
const PORT: u16 = 444;

/// A command line has room for this many bytes of text, as with the protocol's elder sister SMTP.
const TEXT: usize = 500;

/// A line of an answer is no longer than this, in bytes.
const LINE: u64 = 1024;

/// An answer has no more lines than this.
const LINES: usize = 50;

/// Sends a page: `snpp:PAGER`.
///
/// A page is one line of ASCII: the comment, `someloss was raised on Test.Lossy`, and the newest rounds, cut at 500
/// bytes. Runs of other characters become a `?`.
#[derive(Debug, Clone)]
pub struct Snpp {
    host: String,
    pager: String,
    timeout: Duration,
}

impl Snpp {
    /// How long a page may take when nobody says.
    pub const TIMEOUT: Duration = Duration::from_secs(60);

    /// Pages `pager` through `host` or `host:port`; the port is 444. All of it takes no longer than `timeout`.
    pub fn new(host: &str, pager: &str, timeout: Duration) -> Self {
        Self { host: host.to_owned(), pager: pager.to_owned(), timeout }
    }

    async fn page(&self, step: &mut &'static str, text: &str) -> Result<String, DeliveryError> {
        let address = host_port(&self.host, PORT).map_err(DeliveryError::permanent)?;
        let stream = TcpStream::connect(address).await.map_err(|error| DeliveryError::transient(error.to_string()))?;
        let mut gateway = Gateway { stream: BufReader::new(stream) };
        *step = "greeting";
        gateway.answer().await?;
        *step = "giving the pager";
        gateway.command(&format!("PAGE {}", self.pager)).await?;
        *step = "giving the text";
        gateway.command(&format!("MESS {text}")).await?;
        *step = "sending";
        let said = gateway.command("SEND").await?;
        // It has the page: how it says goodbye changes nothing.
        let _ = gateway.stream.write_all(b"QUIT\r\n").await;
        Ok(said)
    }
}

#[async_trait]
impl Notifier for Snpp {
    fn name(&self) -> &'static str {
        "snpp"
    }

    async fn deliver(&self, message: &Message) -> Result<Delivered, DeliveryError> {
        if self.pager.is_empty() || !self.pager.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(DeliveryError::permanent(format!("{:?} is not the id of a pager", self.pager)));
        }
        let mut step = "connecting";
        let text = text(&message.events);
        match tokio::time::timeout(self.timeout, self.page(&mut step, &text)).await {
            Ok(Ok(said)) => Ok(Delivered::with(format!("{} took it: {said}", self.host))),
            Ok(Err(DeliveryError::Permanent { reason })) => {
                Err(DeliveryError::permanent(format!("{}: {step}: {reason}", self.host)))
            }
            Ok(Err(DeliveryError::Transient { reason, .. })) => {
                Err(DeliveryError::transient(format!("{}: {step}: {reason}", self.host)))
            }
            Err(_) => {
                let limit = self.timeout.as_secs_f64();
                Err(DeliveryError::transient(format!("{}: {step}: it did not answer within {limit} s", self.host)))
            }
        }
    }
}

/// The other side.
struct Gateway {
    stream: BufReader<TcpStream>,
}

impl Gateway {
    async fn command(&mut self, line: &str) -> Result<String, DeliveryError> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await.map_err(broken)?;
        self.answer().await
    }

    /// The answer, when it is a good one.
    async fn answer(&mut self) -> Result<String, DeliveryError> {
        for _ in 0..LINES {
            let mut line = Vec::new();
            (&mut self.stream).take(LINE).read_until(b'\n', &mut line).await.map_err(broken)?;
            if line.is_empty() {
                return Err(DeliveryError::transient("it closed the connection"));
            }
            let line = on_one_line(&String::from_utf8_lossy(&line));
            let code = line.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
            let code = code.filter(|_| matches!(line.as_bytes().get(3), None | Some(b' ' | b'-')));
            match (code, line.as_bytes().get(3)) {
                (None, _) => {
                    let start: String = line.chars().take(80).collect();
                    return Err(DeliveryError::transient(format!("it does not speak SNPP: {start}")));
                }
                // More lines of the same answer, and what is said beside it (RFC 1861, 4.1 and 4.5.4).
                (Some(_), Some(b'-')) | (Some("214"), _) => {}
                (Some(code), _) if code.starts_with('2') => return Ok(line),
                // 554 is "failed (technical reason)": of the gateway, not of the page.
                (Some(code), _) if code.starts_with('5') && code != "554" => {
                    return Err(DeliveryError::permanent(format!("it said {line}")));
                }
                _ => return Err(DeliveryError::transient(format!("it said {line}"))),
            }
        }
        Err(DeliveryError::transient("its answer does not end"))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn broken(error: std::io::Error) -> DeliveryError {
    DeliveryError::transient(error.to_string())
}

fn text(events: &[Event]) -> String {
    let text = match events {
        [event] => {
            let facts = &event.facts;
            format!("{} {} {} {}", facts.comment, event.headline(), facts.loss, facts.rtt)
        }
        events => {
            let headlines: Vec<String> = events.iter().take(TEXT).map(Event::headline).collect();
            format!("{} alerts: {}", events.len(), headlines.join("; "))
        }
    };
    let mut line = String::new();
    for c in on_one_line(&text).chars() {
        match (c.is_ascii(), line.ends_with('?')) {
            (true, _) => line.push(c),
            (false, true) => {}
            (false, false) => line.push('?'),
        }
    }
    line.truncate(TEXT);
    line
}
