//! Live streams of those who may no longer look.

use std::time::Duration;

use smokeprobe_server::users::Users;
use smokeprobe_server::web::AccessOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fixture::round;
use crate::site::{ANN, Site, VIC, users};

/// A stream that was let in.
struct Stream {
    connection: TcpStream,
    text: String,
}

impl Stream {
    async fn open(site: &Site, headers: &str) -> Self {
        let mut connection = site.connect([127, 0, 0, 1].into()).await;
        let request = format!("GET /api/v1/live HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut stream = Self { connection, text: String::new() };
        assert!(stream.tells("event: hello").await, "{}", stream.text);
        stream
    }

    /// Reads on until this is told; `false` when it ends before.
    async fn tells(&mut self, text: &str) -> bool {
        while !self.text.contains(text) {
            let mut bytes = [0; 4096];
            let read = tokio::time::timeout(Duration::from_secs(120), self.connection.read(&mut bytes));
            let read = read.await.unwrap_or_else(|_| panic!("it goes on after {}", self.text)).unwrap();
            if read == 0 {
                return false;
            }
            self.text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
        true
    }

    /// Reads to the end, where nothing is told any more but that the stream is alive.
    async fn ends(mut self) {
        self.text.clear();
        assert!(!self.tells("event: round").await, "{}", self.text);
        let mut events = self.text.lines().filter_map(|line| line.strip_prefix("event: "));
        assert!(events.all(|event| event == "alive"), "{}", self.text);
    }
}

#[tokio::test]
async fn stream_ends_when_its_viewer_signs_out_or_is_a_user_no_more() {
    let site = Site::with_users(AccessOptions::default()).await;
    let both = users(&[ANN, VIC]);
    let vic_alone = Users::parse(&both.find("vic").unwrap().to_string()).unwrap();
    site.access.follow(Ok(both));
    let cookies = [site.signed_in(ANN).await, site.signed_in(ANN).await];
    let here = Stream::open(&site, &cookies[0]).await;
    let mut there = Stream::open(&site, &cookies[1]).await;
    let mut vic = Stream::open(&site, &Site::basic("vic", "vics password")).await;

    site.ask("DELETE /api/v1/session", &cookies[0], "").await;
    here.ends().await;
    site.fixture.accept(&round("New.Target", &[3], 0));
    assert!(there.tells("New.Target").await && vic.tells("New.Target").await, "others look on");

    site.access.follow(Ok(vic_alone));
    there.ends().await;
    site.fixture.accept(&round("Storage.NingxiaS3", &[3], 0));
    assert!(vic.tells("NingxiaS3").await);
    site.access.follow(Ok(users(&[VIC])));
    vic.ends().await;
}

#[tokio::test]
async fn stream_ends_with_the_session_that_it_was_opened_in() {
    let site = Site::with_users(AccessOptions::default()).await;
    let cookie = site.signed_in(VIC).await;
    let stream = Stream::open(&site, &cookie).await;
    site.clock.advance(Duration::from_secs(30 * 86_400));
    site.fixture.accept(&round("New.Target", &[3], 0));
    stream.ends().await;
}
