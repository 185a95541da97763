//! The client itself: what it makes of servers that misbehave.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use smokeprobe_alerts::DeliveryError;
use smokeprobe_alerts::notify::http::{Answer, Client, ClientOptions, HttpError, PER_HOST, ProxyChoice, Request};
use smokeprobe_core::SystemClock;

use crate::python::python;
use crate::server::{Server, hang};

/// Where a test wants a request to run out of time. A server on a busy machine has done by then what it does.
const SOON: Duration = Duration::from_secs(3);
/// Long enough on a machine under load.
const LONG: Duration = Duration::from_secs(60);

pub(crate) fn client() -> Client {
    static CLIENT: LazyLock<Client> =
        LazyLock::new(|| with(&ClientOptions { proxy: ProxyChoice::Direct, ..ClientOptions::default() }));
    CLIENT.clone()
}

fn with(options: &ClientOptions) -> Client {
    Client::new(Arc::new(SystemClock), options).unwrap()
}

async fn post(url: &str) -> Result<Answer, HttpError> {
    client().send(Request::post(url, "{}").timeout(LONG)).await
}

async fn times_out(url: &str) -> String {
    match client().send(Request::post(url, "{}").timeout(SOON)).await {
        Err(HttpError::Failed(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

fn transient(answer: &Answer) -> (String, Option<Duration>) {
    match answer.refusal() {
        Some(DeliveryError::Transient { reason, retry_after }) => (reason, retry_after),
        other => panic!("{other:?}"),
    }
}

fn permanent(answer: &Answer) -> String {
    match answer.refusal() {
        Some(DeliveryError::Permanent { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

/// Where nobody listens, as long as the socket is kept: it is bound, so that no other test gets its port.
fn closed() -> (SocketAddr, tokio::net::TcpSocket) {
    let bound = tokio::net::TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (bound.local_addr().unwrap(), bound)
}

#[tokio::test]
async fn a_request_arrives_as_it_was_made() {
    let server = Server::answering(201, "x-id: 7\r\n", "done");
    let request = Request::post(server.url("/a/b?c=d#e"), "{\"字\":1}")
        .header("Content-Type", "application/json")
        .header("X-Own", "one")
        .header("x-own", "two");
    let answer = client().send(request).await.unwrap();
    assert_eq!((answer.status, answer.header("x-id"), answer.body.as_slice()), (201, Some("7"), b"done".as_slice()));
    assert_eq!(answer.refusal(), None);
    let seen = server.only();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/a/b?c=d"));
    assert_eq!(seen.text(), "{\"字\":1}");
    assert_eq!((seen.header("content-type"), seen.header("x-own")), (Some("application/json"), Some("two")));
    assert!(seen.header("user-agent").unwrap().starts_with("smokeprobe/"));
}

#[tokio::test]
async fn it_gets_and_puts_too() {
    let server = Server::answering(200, "", "");
    client().send(Request::get(server.url("/meta")).direct().header("x-token", "t")).await.unwrap();
    client().send(Request::put(server.url("/token"), "").header("x-ttl", "60")).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.iter().map(|seen| seen.method.as_str()).collect::<Vec<_>>(), ["GET", "PUT"]);
    assert_eq!((seen[0].header("x-token"), seen[1].header("x-ttl")), (Some("t"), Some("60")));
}

#[tokio::test]
async fn user_and_password_of_an_address_become_a_header() {
    let server = Server::answering(200, "", "");
    let url = server.url("/").replace("http://", "http://Aladdin:open%20sesame@");
    post(&url).await.unwrap();
    // The example of RFC 7617, 2.
    assert_eq!(server.only().header("authorization"), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
}

#[tokio::test]
async fn trouble_of_the_server_passes_and_says_when() {
    let server = Server::answering(500, "", "out of  order\n");
    let (reason, wait) = transient(&post(&server.url("/hook/0123456789")).await.unwrap());
    assert_eq!(wait, None);
    let place = format!("http://{}/…", server.address);
    assert_eq!(reason, format!("{place} answered 500: it is in trouble; it said: out of order"));

    let server = Server::answering(429, "Retry-After: 17\r\n", "");
    assert_eq!(transient(&post(&server.url("/")).await.unwrap()).1, Some(Duration::from_secs(17)));

    // In the year 2100: the wait is bounded.
    let server = Server::answering(503, "retry-after: Fri, 01 Jan 2100 00:00:00 GMT\r\n", "");
    assert_eq!(transient(&post(&server.url("/")).await.unwrap()).1, Some(Duration::from_secs(86_400)));
}

#[tokio::test]
async fn what_cannot_help_is_permanent_and_says_what_to_check() {
    for (status, word) in
        [(400, "kind"), (401, "token"), (403, "token"), (404, "address"), (410, "address"), (413, "long")]
    {
        let server = Server::answering(status, "", "");
        let reason = permanent(&post(&server.url("/")).await.unwrap());
        assert!(reason.contains(&status.to_string()) && reason.contains(word), "{reason}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_its_address_is_shown_without_secrets() {
    for status in [301, 302, 303, 307, 308] {
        let server = Server::new(move |seen, stream| {
            let location = format!("location: {}\r\n", seen.target);
            stream.write_all(crate::server::answer(status, &location, "").as_bytes())
        });
        let answer = post(&server.url("/hooks/0123456789abcdef?key=fedcba9876543210")).await.unwrap();
        let reason = permanent(&answer);
        assert!(reason.contains(&format!("points at http://{}/…", server.address)), "{reason}");
        assert!(!reason.contains("0123456789") && !reason.contains("fedcba"), "{reason}");
        server.only();
    }
}

#[tokio::test]
async fn secrets_that_the_server_repeats_are_not_shown() {
    let server = Server::new(|seen, stream| {
        let body = format!("no {} {:?} tail", seen.target, seen.header("authorization"));
        stream.write_all(crate::server::answer(403, "", &body).as_bytes())
    });
    let request = Request::post(server.url("/T012345678/B012?token=abc%2Fdef01234"), "")
        .header("authorization", "Bearer s3cr3ts3cr3t")
        .secret("tail");
    let debug = format!("{request:?}");
    let answer = client().send(request).await.unwrap();
    for text in [permanent(&answer), debug, format!("{answer:?}")] {
        for secret in ["T012345678", "abc", "def01234", "s3cr3t", "tail"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_costs_nothing() {
    let server = Server::new(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")?;
        let piece = [b'x'; 8_192];
        for _ in 0..131_072 {
            stream.write_all(&piece)?;
        }
        panic!("somebody read a gigabyte");
    });
    let answer = post(&server.url("/")).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 65_536));
    assert_eq!(answer.cut(), Some("it is longer than 64 KiB"));
    assert!(answer.excerpt().len() < 600);
    assert_eq!(answer.refusal(), None);
}

#[tokio::test]
async fn hanging_at_any_point_ends_in_time_and_says_where() {
    // Nobody takes the connection: the queue of those that wait is full.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    let filled = (0..16).any(|_| match std::net::TcpStream::connect_timeout(&address, SOON) {
        Ok(stream) => {
            waiting.push(stream);
            false
        }
        Err(_) => true,
    });
    assert!(filled, "the queue of a listener has no end");
    let full = format!("http://{address}/");

    let mute = Server::new(|_, stream| hang(stream));
    let half_a_head = Server::new(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nx-a: b\r\n")?;
        hang(stream)
    });
    // The handshake of TLS.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let encrypted = format!("https://{}/", silent.local_addr().unwrap());
    // It took the message and said so: what more it says does not matter.
    let half_a_body = Server::new(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")?;
        hang(stream)
    });
    let urls = [&mute, &half_a_head, &half_a_body].map(|server| server.url("/"));
    let client = client();
    let (full, mute, half_a_head, encrypted, answer) = tokio::join!(
        times_out(&full),
        times_out(&urls[0]),
        times_out(&urls[1]),
        times_out(&encrypted),
        client.send(Request::post(&urls[2], "").timeout(SOON)),
    );
    assert_eq!(full, format!("cannot send to http://{address}/…: it let nobody connect within {:?}", SOON / 2));
    assert!(mute.contains("no answer from"), "{mute}");
    assert!(half_a_head.contains("no answer from"), "{half_a_head}");
    assert!(encrypted.contains("let nobody connect"), "{encrypted}");
    let answer = answer.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"half".as_slice()));
    assert!(answer.cut().unwrap().contains("did not end in time"), "{:?}", answer.cut());
}

#[tokio::test]
async fn a_server_that_goes_away_or_talks_nonsense_is_a_failure_with_a_reason() {
    let cases: [(&[u8], &str); 4] = [
        (b"", "closed before the answer was whole"),
        (b"HTTP/1.1 200 OK\r\nx-a", "closed before the answer was whole"),
        (b"220 mail.example ESMTP\r\n\r\n", "is not HTTP"),
        (b"\x16\x03\x01\x00\x05\xff\xff\xff\xff\xff\r\n\r\n", "is not HTTP"),
    ];
    for (bytes, word) in cases {
        let server = Server::new(move |_, stream| stream.write_all(bytes));
        match post(&server.url("/0123456789")).await {
            Err(HttpError::Failed(reason)) => {
                assert!(reason.contains(word) && reason.contains("127.0.0.1"), "{reason}");
                assert!(!reason.contains("0123456789"), "{reason}");
            }
            other => panic!("{bytes:?}: {other:?}"),
        }
    }

    let server = Server::new(|_, stream| stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"));
    let answer = post(&server.url("/")).await.unwrap();
    assert!(answer.cut().unwrap().contains("closed before"), "{:?}", answer.cut());
}

#[tokio::test]
async fn headers_without_end_are_a_failure() {
    let server = Server::new(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        for number in 0..1_000_000 {
            stream.write_all(format!("x-{number}: {number}\r\n").as_bytes())?;
        }
        panic!("somebody read a million headers");
    });
    let Err(HttpError::Failed(reason)) = post(&server.url("/")).await else { panic!("taken") };
    assert!(reason.contains("header"), "{reason}");
}

#[tokio::test]
async fn a_port_where_nothing_listens_and_a_name_without_address_are_said_so() {
    let (closed, _bound) = closed();
    let Err(HttpError::Failed(reason)) = post(&format!("http://{closed}/hook")).await else { panic!("answered") };
    assert_eq!(reason, format!("cannot send to http://{closed}/…: the connection was refused: nothing listens there"));
    // No name server is asked for a name with a label of more than 63 characters (RFC 1035, 2.3.4).
    let name = format!("{}.example", "a".repeat(64));
    let Err(HttpError::Failed(reason)) = post(&format!("http://{name}/hook")).await else { panic!("answered") };
    assert!(reason.contains(&format!("the name {name}")), "{reason}");
}

#[tokio::test]
async fn an_address_or_header_that_cannot_be_sent_is_permanent() {
    for url in ["", "hook", "/hook", "ftp://h.example/", "http://", "https://h.example:99999/"] {
        let error = post(url).await.unwrap_err();
        assert!(matches!(DeliveryError::from(error.clone()), DeliveryError::Permanent { .. }), "{url}: {error}");
    }
    let error = client().send(Request::post("http://127.0.0.1:1/", "").header("x", "a\nb: c")).await.unwrap_err();
    assert!(matches!(error, HttpError::Unsendable(_)) && !error.to_string().contains("b: c"), "{error}");
}

#[tokio::test]
async fn certificates_are_taken_of_those_we_trust_and_for_the_right_name() {
    let (server, authority) = Server::tls("localhost", 200, "hello");
    let url = format!("https://localhost:{}/", server.address.port());
    let Err(HttpError::Failed(reason)) = post(&url).await else { panic!("taken") };
    assert!(reason.contains("nobody whom we trust signed it"), "{reason}");

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority).unwrap();
    let options = ClientOptions { ca_file: Some(file.path().into()), proxy: ProxyChoice::Direct };
    let answer = with(&options).send(Request::post(url, "")).await.unwrap();
    assert_eq!(answer.body, b"hello");

    let (server, authority) = Server::tls("other.example", 200, "hello");
    std::fs::write(file.path(), authority).unwrap();
    let url = format!("https://localhost:{}/", server.address.port());
    let Err(HttpError::Failed(reason)) = with(&options).send(Request::post(url, "")).await else { panic!("taken") };
    assert!(reason.contains("not made out to localhost"), "{reason}");
}

#[tokio::test]
async fn https_to_a_port_without_tls_says_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(crate::server::answer(400, "", "plain HTTP, please").as_bytes()).unwrap();
        hang(&mut stream).ok();
    });
    let Err(HttpError::Failed(reason)) = post(&url).await else { panic!("taken") };
    assert!(reason.contains("http://") && reason.contains("TLS"), "{reason}");
    server.join().unwrap();
}

#[test]
fn a_file_without_certificates_is_said_so_at_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "hello").unwrap();
    for (path, word) in [(file.path(), "no certificate"), ("/nowhere/ca.pem".as_ref(), "No such file")] {
        let options = ClientOptions { ca_file: Some(path.into()), ..ClientOptions::default() };
        let error = Client::new(Arc::new(SystemClock), &options).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[tokio::test]
async fn a_proxy_is_used_unless_the_request_goes_past_it() {
    let server = Server::answering(200, "", "direct");
    let proxy = Server::answering(403, "", "");
    let options = ClientOptions {
        proxy: ProxyChoice::At(format!("http://u:pa55word@{}", proxy.address)),
        ..ClientOptions::default()
    };
    let client = with(&options);
    let Err(HttpError::Failed(reason)) = client.send(Request::post(server.url("/"), "")).await else { panic!("taken") };
    assert!(reason.contains("proxy") && !reason.contains("pa55word"), "{reason}");
    assert_eq!(proxy.only().method, "CONNECT");
    let answer = client.send(Request::post(server.url("/"), "").direct()).await.unwrap();
    assert_eq!(answer.body, b"direct");
    assert!(!format!("{options:?}").contains("pa55word"));

    let (closed, _bound) = closed();
    let client = with(&ClientOptions { proxy: ProxyChoice::At(format!("http://{closed}")), ..options });
    let Err(HttpError::Failed(reason)) = client.send(Request::post(server.url("/"), "")).await else { panic!("taken") };
    assert!(reason.contains(&format!("through the proxy {closed}: the connection was refused")), "{reason}");
}

/// In a process of its own, whose environment is its own too.
#[tokio::test]
async fn the_proxy_of_the_environment_is_used_but_for_what_it_excepts() {
    let server = Server::answering(200, "", "direct");
    let proxy = Server::answering(403, "", "");
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "client::sends_as_its_environment_says"])
        .env("ALL_PROXY", proxy.url(""))
        .env("NO_PROXY", "localhost")
        .env("SMOKEPROBE_TEST_PORT", server.address.port().to_string())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && printed.contains("1 passed"), "{printed}");
    assert_eq!(proxy.only().method, "CONNECT");
    assert_eq!(server.only().target, "/direct");
}

#[tokio::test]
#[ignore = "a part of the test above"]
async fn sends_as_its_environment_says() {
    let port = std::env::var("SMOKEPROBE_TEST_PORT").unwrap();
    let client = with(&ClientOptions::default());
    let proxied = client.send(Request::post(format!("http://127.0.0.1:{port}/proxied"), "")).await;
    assert!(proxied.unwrap_err().to_string().contains("proxy"));
    client.send(Request::post(format!("http://localhost:{port}/direct"), "")).await.unwrap();
}

#[tokio::test]
async fn a_small_answer_that_unpacks_to_a_large_one_costs_nothing() {
    let program =
        "import base64, gzip, sys\nprint(base64.b64encode(gzip.compress(bytes(int(sys.stdin.read())))).decode())";
    for (size, read) in [(5, 5), (200_000_000, 65_536)] {
        let packed = BASE64_STANDARD.decode(python(program, &[&size.to_string()])).unwrap();
        let server = Server::new(move |_, stream| {
            let length = packed.len();
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n")?;
            stream.write_all(&packed)
        });
        let answer = post(&server.url("/")).await.unwrap();
        assert_eq!((answer.body.len(), answer.cut().is_some()), (read, size > read));
    }
}

/// More requests than its host may have hang, and none of another host waits for them.
#[tokio::test]
async fn a_host_that_hangs_delays_no_other() {
    let gate = Arc::new((Mutex::new((0_usize, false)), Condvar::new()));
    let theirs = Arc::clone(&gate);
    let hanging = Server::new(move |_, stream| {
        let (state, changed) = &*theirs;
        state.lock().unwrap().0 += 1;
        changed.notify_all();
        drop(changed.wait_while(state.lock().unwrap(), |state| !state.1).unwrap());
        stream.write_all(crate::server::answer(200, "", "").as_bytes())
    });
    let quick = Server::answering(200, "", "");
    let client = client();
    let mut tasks = Vec::new();
    for _ in 0..3 * PER_HOST {
        let (client, url) = (client.clone(), hanging.url("/"));
        tasks.push(tokio::spawn(async move { client.send(Request::post(url, "").timeout(LONG)).await }));
    }
    let theirs = Arc::clone(&gate);
    let busy = tokio::task::spawn_blocking(move || {
        let (state, changed) = &*theirs;
        changed.wait_while(state.lock().unwrap(), |state| state.0 < PER_HOST).unwrap().0
    });
    assert_eq!(busy.await.unwrap(), PER_HOST);
    for _ in 0..100 {
        client.send(Request::post(quick.url("/"), "").timeout(LONG)).await.unwrap();
    }
    assert_eq!(gate.0.lock().unwrap().0, PER_HOST, "one host got more than its places");

    // Who waits for a place is told so in time.
    let error = client.send(Request::post(hanging.url("/"), "").timeout(SOON)).await.unwrap_err();
    assert!(error.to_string().contains("held every connection"), "{error}");

    gate.0.lock().unwrap().1 = true;
    gate.1.notify_all();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().status, 200);
    }
    assert_eq!(hanging.seen().len(), 3 * PER_HOST);
}
