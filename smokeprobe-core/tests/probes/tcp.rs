//! The TCP probe against real peers on loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use smokeprobe_core::conformance::{Subject, check, measure_once};
use smokeprobe_core::probes::ConnectOptions;
use smokeprobe_core::probes::tcp::{TcpOptions, TcpProbe};
use smokeprobe_core::{
    AddressFamily, Host, LossReason, ProbeError, Resolve, ResolveError, Resolved, SystemClock, SystemResolver,
};
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

use crate::{ANSWERED, SILENT, closed_port};

fn options(port: u16) -> TcpOptions {
    let connect = ConnectOptions { interval: Duration::from_millis(2), timeout: ANSWERED, ..ConnectOptions::default() };
    TcpOptions { connect, port, ..TcpOptions::default() }
}

fn resolver() -> SystemResolver {
    SystemResolver::new(std::sync::Arc::new(SystemClock))
}

async fn measure(options: TcpOptions, host: &str, pings: u32) -> Result<smokeprobe_core::Measured, ProbeError> {
    let probe = TcpProbe::new(options);
    Ok(measure_once(&probe, &Host::from(host), pings, &resolver()).await?.expect("samples"))
}

/// A listener that accepts whatever comes, until the test ends.
async fn listener(address: &str) -> u16 {
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    port
}

/// A listener whose backlog is full: the kernel drops every further SYN, as a firewall would.
struct Deaf {
    listener: Socket,
    port: u16,
    _queued: Vec<TcpStream>,
}

impl Deaf {
    async fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))).unwrap();
        listener.listen(0).unwrap();
        let port = listener.local_addr().unwrap().as_socket().unwrap().port();
        // A backlog of 0 has room for one (listen(2)).
        let queued = vec![TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap()];
        Self { listener, port, _queued: queued }
    }
}

#[tokio::test]
async fn keeps_the_contract_of_probes() {
    let deaf = Deaf::new().await;
    check(&Subject {
        probe: &TcpProbe::new(options(listener("127.0.0.1").await)),
        answers: "127.0.0.1".into(),
        silent: None,
    })
    .await;
    let mut impatient = options(deaf.port);
    impatient.connect.timeout = SILENT;
    let probe = TcpProbe::new(impatient);
    let measured = measure_once(&probe, &"127.0.0.1".into(), 2, &resolver()).await.unwrap().unwrap();
    assert_eq!(measured.loss_reasons, [(LossReason::Timeout, 2)]);
}

#[tokio::test]
async fn accepted_connection_is_an_answer_over_both_families() {
    for (host, bind) in [("127.0.0.1", "127.0.0.1"), ("::1", "::1")] {
        let measured = measure(options(listener(bind).await), host, 20).await.unwrap();
        assert_eq!((measured.rtts().len(), measured.lost()), (20, 0), "{host}");
        assert_eq!(measured.address, Some(host.parse::<IpAddr>().unwrap()));
        assert_eq!(measured.quality.user_stamps, 20);
    }
}

#[tokio::test]
async fn reset_is_an_answer_unless_a_connection_is_demanded() {
    let (_bound, port) = closed_port();
    let measured = measure(options(port), "127.0.0.1", 5).await.unwrap();
    assert_eq!((measured.rtts().len(), measured.lost()), (5, 0));

    let strict = TcpOptions { require_accept: true, ..options(port) };
    let measured = measure(strict, "127.0.0.1", 5).await.unwrap();
    assert_eq!(measured.loss_reasons, [(LossReason::Refused, 5)]);
}

#[tokio::test]
async fn syn_that_had_to_be_sent_again_is_a_loss_and_not_an_rtt_of_a_second() {
    let deaf = Deaf::new().await;
    let options = options(deaf.port);
    let sample = measure(options, "127.0.0.1", 1);
    let open_up = async {
        // Once the kernel has sent the SYN again, make room for the next. That it was sent once does not say that it has
        // been dropped already.
        while !has_sent_again(deaf.port) {
            tokio::task::yield_now().await;
        }
        deaf.listener.accept().unwrap()
    };
    let (measured, _accepted) = tokio::join!(sample, open_up);
    assert_eq!(measured.unwrap().loss_reasons, [(LossReason::Timeout, 1)]);
}

/// Whether a socket that connects to `port` (it is in SYN_SENT, state 02) has sent its SYN more than once.
fn has_sent_again(port: u16) -> bool {
    let peer = format!("0100007F:{port:04X}");
    std::fs::read_to_string("/proc/net/tcp").unwrap().lines().any(|line| {
        // Number, local and remote address, state, queues, timer, retransmissions.
        let words: Vec<&str> = line.split_whitespace().collect();
        words[2] == peer && words[3] == "02" && u32::from_str_radix(words[6], 16).unwrap() > 0
    })
}

#[tokio::test]
async fn connections_come_from_the_source_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = options(listener.local_addr().unwrap().port());
    options.connect.source = Some("127.0.0.77".parse().unwrap());
    let accept = async {
        let (stream, peer) = listener.accept().await.unwrap();
        drop(stream);
        peer.ip().to_string()
    };
    let (measured, peer) = tokio::join!(measure(options, "127.0.0.1", 1), accept);
    assert_eq!((measured.unwrap().rtts().len(), peer.as_str()), (1, "127.0.0.77"));
}

#[tokio::test]
async fn name_of_both_families_is_measured_over_that_of_the_source() {
    #[derive(Debug)]
    struct Both;

    #[async_trait::async_trait]
    impl Resolve for Both {
        async fn resolve(&self, _: &str, family: AddressFamily) -> Result<Resolved, ResolveError> {
            let address = if family == AddressFamily::V6 { "::1" } else { "127.0.0.1" };
            Ok(Resolved { address: address.parse().unwrap(), stale: false })
        }
    }

    let mut options = options(listener("::1").await);
    options.connect.source = Some("::1".parse().unwrap());
    let measured = measure_once(&TcpProbe::new(options), &"both.example".into(), 1, &Both).await.unwrap().unwrap();
    assert_eq!((measured.rtts().len(), measured.address), (1, Some("::1".parse().unwrap())));
}

#[tokio::test]
async fn what_the_system_refuses_is_could_not_measure_and_says_what() {
    let port = listener("127.0.0.1").await;
    let mut foreign = options(port);
    foreign.connect.source = Some("192.0.2.1".parse().unwrap());
    let error = measure(foreign, "127.0.0.1", 2).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot send from the address 192.0.2.1");

    let mut mixed = options(port);
    mixed.connect.family = AddressFamily::V4;
    mixed.connect.source = Some("::1".parse().unwrap());
    let error = measure(mixed, "127.0.0.1", 2).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot send to 127.0.0.1 from ::1: not of one family");

    let mut interface = options(port);
    interface.connect.interface = Some("nosuch0".to_owned());
    let error = measure(interface, "127.0.0.1", 2).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot send through the interface nosuch0");
}

#[tokio::test]
async fn address_of_the_wrong_family_leaves_the_round_unknown() {
    let mut options = options(listener("127.0.0.1").await);
    options.connect.family = AddressFamily::V6;
    let error = measure(options, "127.0.0.1", 2).await.unwrap_err();
    assert!(matches!(error, ProbeError::Resolve(_)), "{error:?}");
}
