//! A server on a connection of its own, with a clock to move, and two users.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use smokeprobe_core::WallTime;
use smokeprobe_core::sim::ManualClock;
use smokeprobe_server::users::{Cost, Password, Users};
use smokeprobe_server::web::{Access, AccessOptions, WebState, router, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::fixture::{Fixture, Formula, NOW};

/// As cheap as Argon2 gets.
const CHEAP: Cost = Cost { memory: 8, passes: 1, lanes: 1 };

pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|err| panic!("{err}: {}", self.text()))
    }

    pub(super) fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(super) struct Site {
    pub(super) fixture: Fixture,
    pub(super) access: Arc<Access>,
    pub(super) clock: ManualClock,
    address: SocketAddr,
}

/// What `/api/v1/session` says to somebody unknown.
pub(super) fn nobody(can_sign_in: bool, role: &str) -> Value {
    json!({"user": null, "role": role, "can_sign_in": can_sign_in, "can_sign_out": false})
}

/// A file of users with these passwords.
pub(super) fn users(all: &[(&str, &str, &str)]) -> Users {
    let line = |&(name, role, password): &(&str, &str, &str)| {
        format!("{name}:{role}:{}\n", Password::typed(password).hash(CHEAP).unwrap())
    };
    Users::parse(&all.iter().map(line).collect::<Vec<_>>().concat()).unwrap()
}

pub(super) const ANN: (&str, &str, &str) = ("ann", "operate", "anns password");
pub(super) const VIC: (&str, &str, &str) = ("vic", "view", "vics password");

impl Site {
    pub(super) async fn with_users(options: AccessOptions) -> Self {
        Self::over(Fixture::new(), Self::users(options)).await
    }

    pub(super) async fn without_users(options: AccessOptions) -> Self {
        Self::over(Fixture::new(), Access::new(options)).await
    }

    /// `ann`, who operates, and `vic`, who views.
    pub(super) fn users(options: AccessOptions) -> Access {
        Access::with_users(options, users(&[ANN, VIC]), None).unwrap()
    }

    pub(super) async fn over(fixture: Fixture, access: Access) -> Self {
        let (access, clock) = (Arc::new(access), ManualClock::new(WallTime::from_unix_secs(NOW)));
        let state = WebState::new(
            fixture.live.clone(),
            Arc::new(Formula),
            Arc::new(clock.clone()),
            fixture.metrics.clone(),
            fixture.readiness.clone(),
        );
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, router(state.with_access(access.clone())), std::future::pending()));
        Self { fixture, access, clock, address }
    }

    pub(super) async fn get(&self, address: &str) -> Answer {
        self.ask(&format!("GET {address}"), "", "").await
    }

    /// What a request with these headers is answered, from 127.0.0.1.
    pub(super) async fn ask(&self, request: &str, headers: &str, body: &str) -> Answer {
        self.ask_from([127, 0, 0, 1].into(), request, headers, body).await
    }

    /// The same from another address of the loopback.
    pub(super) async fn ask_from(&self, from: IpAddr, request: &str, headers: &str, body: &str) -> Answer {
        let mut stream = self.connect(from).await;
        let length = body.len();
        let text =
            format!("{request} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let (head, body) = (std::str::from_utf8(&bytes[..head]).unwrap(), bytes[head + 4..].to_vec());
        let mut lines = head.split("\r\n");
        let status = StatusCode::from_bytes(&lines.next().unwrap().as_bytes()[9..12]).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        Answer { status, headers, body }
    }

    pub(super) async fn connect(&self, from: IpAddr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    pub(super) async fn sign_in(&self, user: &str, password: &str) -> Answer {
        self.sign_in_with("", user, password).await
    }

    pub(super) async fn sign_in_with(&self, headers: &str, user: &str, password: &str) -> Answer {
        let headers = format!("Content-Type: application/json\r\nX-Requested-With: smokeprobe\r\n{headers}");
        let body = json!({"user": user, "password": password}).to_string();
        self.ask("POST /api/v1/session", &headers, &body).await
    }

    /// The header with the cookie of somebody who signs in now.
    pub(super) async fn signed_in(&self, (name, _, password): (&str, &str, &str)) -> String {
        let answer = self.sign_in(name, password).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        cookie(&answer).expect("a cookie")
    }

    /// The header of HTTP Basic.
    pub(super) fn basic(name: &str, password: &str) -> String {
        format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{name}:{password}")))
    }

    /// Whose request it is by these headers.
    pub(super) async fn who(&self, headers: &str) -> Value {
        self.ask("GET /api/v1/session", headers, "").await.json()
    }

    pub(super) async fn may_look(&self, headers: &str) -> bool {
        self.ask("GET /api/v1/tree", headers, "").await.status == StatusCode::OK
    }

    /// Tries a change. These servers have no alerts, and say so to whoever may change them.
    pub(super) async fn change(&self, headers: &str) -> Answer {
        let json = "Content-Type: application/json\r\n";
        self.ask("POST /api/v1/alerts/silences", &format!("{json}{headers}"), "{\"until\": \"+1h\"}").await
    }

    pub(super) async fn may_change(&self, headers: &str) -> bool {
        let answer = self.change(headers).await;
        let let_in = answer.text().contains("the alerts are not running");
        assert_eq!(let_in, answer.status == StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
        assert!(let_in || [401, 403].contains(&answer.status.as_u16()), "{}", answer.text());
        let_in
    }
}

/// The header that sends a cookie back.
pub(super) fn cookie(answer: &Answer) -> Option<String> {
    let set = answer.headers.get(header::SET_COOKIE)?.to_str().unwrap();
    Some(format!("Cookie: {}\r\n", set.split(';').next().unwrap()))
}
