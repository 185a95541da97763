//! Real connections on loopback: limits, slow clients, the end.

use std::net::SocketAddr;
use std::time::Duration;

use smokeprobe_server::web::{Limits, router, serve_on_thread, serve_within};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::fixture::{Fixture, round};

/// A test that waits longer than this has found a hang.
const HANG: Duration = Duration::from_secs(120);

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        Self::over(&Fixture::new(), limits).await
    }

    async fn over(fixture: &Fixture, limits: Limits) -> Self {
        Self::at("127.0.0.1", fixture, limits).await
    }

    async fn at(address: &str, fixture: &Fixture, limits: Limits) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let router = router(fixture.state.clone());
        let done = tokio::spawn(serve_within(limits, listener, router, async {
            let _ = stopped.await;
        }));
        Self { address, stop, done }
    }

    async fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        within(stream.read_to_end(&mut answer)).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// Reads from `stream` until `end` comes.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let mut byte = [0];
        let read = within(stream.read(&mut byte)).await.unwrap();
        assert_eq!(read, 1, "the end before {end:?}: {}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, work).await.expect("hangs")
}

/// Whether the server has ended the connection; waits until it has.
async fn ended(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // An end and a reset are both an end.
    let _ = within(stream.read_to_end(&mut rest)).await;
}

#[tokio::test]
async fn serves_and_stops() {
    // At an address of its own: at another, the next test could get the port when it is free.
    let server = Server::at("127.0.77.1", &Fixture::new(), Limits::default()).await;
    assert!(server.get("/healthz").await.ends_with("\r\n\r\nok\n"));
    let idle = TcpStream::connect(server.address).await.unwrap();
    server.stop.send(()).unwrap();
    within(server.done).await.unwrap();
    drop(idle);
    TcpStream::connect(server.address).await.unwrap_err();
}

#[test]
fn a_thread_of_its_own_serves_and_ends() {
    use std::io::{Read, Write};

    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = router(Fixture::new().state);
    let thread = serve_on_thread(listener, router, async {
        let _ = stopped.await;
    });
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    stream.write_all(b"GET /graph/Storage.NingxiaS3.svg HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("</svg>\n"), "{answer}");
    stop.send(()).unwrap();
    thread.unwrap().join().unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_head_is_cut_off() {
    let limits = Limits { connections: 1, head: Duration::from_millis(200), ..Limits::default() };
    let server = Server::start(limits).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nho").await.unwrap();
    // The only place is the slow client's, so that this one waits until that is gone.
    assert!(server.get("/healthz").await.ends_with("ok\n"));
    ended(&mut slow).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let limits = Limits { connections: 1, stall: Duration::from_millis(300), ..Limits::default() };
    let server = Server::start(limits).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    SockRef::from(&slow).set_recv_buffer_size(4096).unwrap();
    let request = "GET /graph/Storage.NingxiaS3.svg?width=4000&from=-10d HTTP/1.1\r\nhost: x\r\n\r\n".repeat(200);
    slow.write_all(request.as_bytes()).await.unwrap();
    assert!(server.get("/healthz").await.ends_with("ok\n"));
    ended(&mut slow).await;
}

#[tokio::test]
async fn an_endless_head_is_refused() {
    let server = Server::start(Limits::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(200_000));
    // The server may close before it has read all of it.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = within(stream.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    assert!(server.get("/healthz").await.ends_with("ok\n"));
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_end() {
    let server = Server::start(Limits { grace: HANG, ..Limits::default() }).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = b"GET /api/v1/tree HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut first = [0; 15];
    within(stream.read_exact(&mut first)).await.unwrap();
    server.stop.send(()).unwrap();
    let mut rest = Vec::new();
    within(stream.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    assert!(rest.ends_with(b"}"), "the whole answer came");
    within(server.done).await.unwrap();
}

#[tokio::test]
async fn the_connection_that_is_idle_for_longest_gives_way_and_busy_ones_do_not() {
    let fixture = Fixture::new();
    let limits = Limits { connections: 3, ..Limits::default() };
    let server = Server::over(&fixture, limits).await;
    let mut live = TcpStream::connect(server.address).await.unwrap();
    live.write_all(b"GET /api/v1/live?states=1 HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    read_until(&mut live, "\n\n\r\n").await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    read_until(&mut first, "ok\n").await;
    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    read_until(&mut second, "ok\n").await;

    assert!(server.get("/healthz").await.ends_with("ok\n"), "long before the idle ones are given up");
    ended(&mut first).await;
    second.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    read_until(&mut second, "ok\n").await;
    fixture.accept(&round("New.Target", &[3], 0));
    assert!(read_until(&mut live, "\n\n\r\n").await.contains("event: states"));
}

#[tokio::test]
async fn connections_that_never_speak_give_way_at_once() {
    let server = Server::start(Limits { connections: 2, ..Limits::default() }).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
        assert!(server.get("/healthz").await.ends_with("ok\n"));
    }
}

#[tokio::test]
async fn half_heads_give_way_together() {
    let server = Server::start(Limits { connections: 50, ..Limits::default() }).await;
    let mut half = Vec::new();
    // Each may take a second to leave: the last would come after the bound of this test, were it one by one.
    for _ in 0..300 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nho").await.unwrap();
        half.push(stream);
    }
    assert!(server.get("/healthz").await.ends_with("ok\n"));
}

/// A form that is yet to come. The server is waiting for it when this returns.
async fn begin_form(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = b"POST /smokeping.cgi HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head).await.unwrap();
    assert_eq!(read_until(&mut stream, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[tokio::test]
async fn a_body_that_does_not_come_gives_way() {
    let server = Server::start(Limits { connections: 1, ..Limits::default() }).await;
    let mut slow = begin_form(&server).await;
    // A byte now and then changes nothing.
    slow.write_all(b"t").await.unwrap();
    assert!(server.get("/healthz").await.ends_with("ok\n"));
    let mut answer = String::new();
    within(slow.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("others want to be let in"), "{answer}");
}

#[tokio::test]
async fn idle_connections_give_way_before_bodies_on_their_way() {
    let server = Server::start(Limits { connections: 2, ..Limits::default() }).await;
    let mut form = begin_form(&server).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    read_until(&mut idle, "ok\n").await;
    assert!(server.get("/healthz").await.ends_with("ok\n"));
    ended(&mut idle).await;
    form.write_all(b"filter=abc").await.unwrap();
    assert!(read_until(&mut form, "\r\n\r\n").await.contains("location: /?filter=abc"));
    // Answered, it is idle like any other.
    let first = TcpStream::connect(server.address).await.unwrap();
    assert!(server.get("/healthz").await.ends_with("ok\n"));
    ended(&mut form).await;
    drop(first);
}

#[tokio::test]
async fn a_viewer_that_does_not_read_is_cut_off_and_the_others_get_theirs() {
    let fixture = Fixture::new();
    let limits = Limits { connections: 2, stall: Duration::from_millis(300), ..Limits::default() };
    let server = Server::over(&fixture, limits).await;
    let request = b"GET /api/v1/live HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    SockRef::from(&slow).set_recv_buffer_size(4096).unwrap();
    slow.write_all(request).await.unwrap();
    let mut quick = TcpStream::connect(server.address).await.unwrap();
    quick.write_all(request).await.unwrap();
    read_until(&mut quick, "\n\n\r\n").await;
    // Both places are busy, so that this is answered when one of them is free.
    let next = server.get("/healthz");
    let rounds = async {
        let mut told = String::new();
        loop {
            for _ in 0..500 {
                fixture.accept(&round("New.Target", &[3], 0));
            }
            while told.matches("event: round").count() < 500 {
                let mut bytes = vec![0; 1 << 16];
                let read = within(quick.read(&mut bytes)).await.unwrap();
                assert_ne!(read, 0, "the quick viewer is cut off");
                told.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            }
            told.clear();
        }
    };
    tokio::select! {
        answer = within(next) => assert!(answer.ends_with("ok\n")),
        () = rounds => {}
    }
    ended(&mut slow).await;
}
