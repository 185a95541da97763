//! A dynamic host tells its address to the daemon, which measures it there.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};

use serde_json::Value;
use smokeprobe_server::dynamic;
use socket2::{Domain, Socket, Type};

use crate::harness::{Daemon, Folder};

const SECRET: &str = "f7c1e6e2b5a54c7f8a3d9d0b61f0c9aa";

/// Status and body of an update that comes from this address.
fn tell(daemon: &Daemon, from: &str, request: &str, form: &str) -> (u16, String) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let from: IpAddr = from.parse().unwrap();
    socket.bind(&SocketAddr::new(from, 0).into()).unwrap();
    socket.connect(&SocketAddr::from(([127, 0, 0, 1], daemon.port())).into()).unwrap();
    let mut stream = TcpStream::from(socket);
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    let length = form.len();
    write!(
        stream,
        "{request} HTTP/1.1\r\nHost: localhost\r\n{kind}Content-Length: {length}\r\nConnection: close\r\n\r\n{form}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

/// Listeners at these addresses, on a port that is free at both.
fn same_port(addresses: [&str; 2]) -> (u16, [TcpListener; 2]) {
    for _ in 0..1000 {
        let first = TcpListener::bind((addresses[0], 0)).unwrap();
        let port = first.local_addr().unwrap().port();
        match TcpListener::bind((addresses[1], port)) {
            Ok(second) => return (port, [first, second]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::AddrInUse),
        }
    }
    panic!("no port is free at {addresses:?}");
}

#[test]
fn dynamic_host_is_measured_where_it_says_that_it_is() {
    // Both of its addresses listen.
    let (port, _listeners) = same_port(["127.0.0.2", "127.0.0.3"]);
    let folder = Folder::new(1, 3, 0.05);
    let config = fs::read_to_string(folder.path("config")).unwrap();
    let dyndir = format!("*** General ***\ndyndir = {}\n", folder.path("addresses"));
    folder.write("config", &config.replacen("*** General ***\n", &dyndir, 1));
    let hash = dynamic::hash(SECRET);
    folder.write(
        "Targets",
        &format!("+ Homes\n++ Ann\nhost = DYNAMIC/{hash}\nport = {port}\n++ Fixed\nhost = 127.0.0.1\nport = {port}\n"),
    );
    let daemon = Daemon::start(&folder);
    let last = || daemon.json("/api/v1/rounds/Homes.Ann")["rounds"].as_array().unwrap().last().cloned();
    daemon.until("nobody knows where it is", || last().is_some_and(|round| round["reason"].is_string()));

    for (query, status) in [
        ("target=Homes.Ann&secret=4711", 403),
        ("target=Homes.Eve&secret=4711", 404),
        (&format!("target=Homes.Fixed&secret={SECRET}"), 404),
        (&format!("target=Homes&secret={SECRET}"), 404),
    ] {
        let (got, body) = tell(&daemon, "127.0.0.2", "POST /smokeping/smokeping.cgi", query);
        assert_eq!(got, status, "{query}: {body}");
        assert!(!body.contains(&hash), "{body}");
    }
    assert!(!fs::exists(folder.path("addresses")).unwrap(), "a wrong update writes nothing");

    let right = format!("target=Homes.Ann&secret={SECRET}");
    let measured_at = |address: &str| {
        let measured = |round: Value| round["address"] == address && round["loss"] == 0;
        daemon.until("it is measured where it is now", || last().is_some_and(measured));
    };
    let (status, body) = tell(&daemon, "127.0.0.2", "POST /smokeping.cgi", &right);
    assert_eq!((status, body.as_str()), (200, "Homes.Ann is at 127.0.0.2 now\n"));
    measured_at("127.0.0.2");
    let (status, body) = tell(&daemon, "127.0.0.2", "POST /smokeping.cgi", &right);
    assert_eq!((status, body.as_str()), (200, "Homes.Ann is still at 127.0.0.2\n"));
    // The line was given another address. As a cron job asks that was written for SmokePing.
    let old = format!("GET /cgi-bin/smokeping.cgi?target=Homes.Ann;secret={SECRET}");
    let (status, body) = tell(&daemon, "127.0.0.3", &old, "");
    assert_eq!((status, body.as_str()), (200, "Homes.Ann is at 127.0.0.3 now\n"));
    measured_at("127.0.0.3");
    assert_eq!(fs::read_to_string(folder.path("addresses/Homes/Ann.adr")).unwrap(), "127.0.0.3\n");
    assert_eq!(daemon.stop(), Some(0));
}
