//! The DNS probe against a real server on loopback.

use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, PTR, TXT};
use hickory_proto::rr::{Name, RData, RecordType};
use smokeprobe_core::conformance::{Subject, check, measure_once};
use smokeprobe_core::probes::ConnectOptions;
use smokeprobe_core::probes::dns::{DnsDemands, DnsOptions, DnsProbe, DnsTransport};
use smokeprobe_core::{Host, LossReason, Measured, SystemClock, SystemResolver};
use tokio::net::UdpSocket;

use crate::dns_server::{DnsServer, answer};
use crate::{ANSWERED, SILENT, closed_port, tls};

fn options(server: &DnsServer, transport: DnsTransport) -> DnsOptions {
    let connect = ConnectOptions { interval: Duration::from_millis(2), timeout: ANSWERED, ..ConnectOptions::default() };
    let port = match transport {
        DnsTransport::Tls => server.tls.unwrap().port(),
        _ => server.address.port(),
    };
    let lookup = Some("s3.example".to_owned());
    DnsOptions { connect, lookup, port: Some(port), transport, ..DnsOptions::default() }
}

/// The same, with no patience.
fn silent(mut options: DnsOptions) -> DnsOptions {
    options.connect.timeout = SILENT;
    options
}

async fn measure(options: DnsOptions, pings: u32) -> Measured {
    let probe = DnsProbe::new(options).unwrap();
    let resolver = SystemResolver::new(Arc::new(SystemClock));
    measure_once(&probe, &Host::from("127.0.0.1"), pings, &resolver).await.unwrap().expect("samples")
}

fn address() -> Vec<RData> {
    vec![RData::A(A::new(192, 0, 2, 7))]
}

async fn plain_server() -> DnsServer {
    DnsServer::start_with(|query| vec![answer(query, &address(), |_| {})], Some(tls::Authority::new().acceptor(&["x"])))
        .await
}

#[tokio::test]
async fn keeps_the_contract_of_probes_over_each_transport() {
    let server = plain_server().await;
    let deaf = DnsServer::start(|_| vec![]).await;
    for transport in [DnsTransport::Udp, DnsTransport::Tcp, DnsTransport::Tls] {
        let probe = DnsProbe::new(options(&server, transport)).unwrap();
        check(&Subject { probe: &probe, answers: "127.0.0.1".into(), silent: None }).await;
    }
    let measured = measure(silent(options(&deaf, DnsTransport::Udp)), 2).await;
    assert_eq!(measured.loss_reasons, [(LossReason::Timeout, 2)]);
}

#[tokio::test]
async fn lost_query_is_a_lost_sample_and_never_sent_again() {
    let count = AtomicU32::new(0);
    let server = DnsServer::start(move |query| match count.fetch_add(1, Ordering::SeqCst) {
        4 => vec![],
        _ => vec![answer(query, &address(), |_| {})],
    })
    .await;
    let mut options = options(&server, DnsTransport::Udp);
    // The time for an answer, and for a query that must not be sent again.
    options.connect.timeout = Duration::from_secs(5);
    let measured = measure(options, 9).await;
    assert_eq!((measured.rtts().len(), measured.lost()), (8, 1));
    assert_eq!(server.queries(), 9);
}

#[tokio::test]
async fn answers_over_udp_are_timed_by_the_kernel() {
    let server = plain_server().await;
    let measured = measure(options(&server, DnsTransport::Udp), 20).await;
    assert_eq!((measured.quality.kernel_stamps, measured.quality.user_stamps), (20, 0));
    let measured = measure(options(&server, DnsTransport::Tcp), 2).await;
    assert_eq!((measured.quality.kernel_stamps, measured.quality.user_stamps), (0, 2));
}

#[tokio::test]
async fn forged_answers_are_passed_over_for_the_real_one() {
    let server = DnsServer::start(|query| {
        let wrong_id = answer(query, &address(), |message| message.metadata.id ^= 1);
        let wrong_question = answer(query, &address(), |message| {
            message.queries[0].set_name(Name::from_ascii("other.example.").unwrap());
        });
        let garbage = vec![0xff; 1200];
        let real = answer(query, &address(), |_| {});
        vec![wrong_id, wrong_question, garbage, vec![], real]
    })
    .await;
    let measured = measure(options(&server, DnsTransport::Udp), 3).await;
    assert_eq!((measured.rtts().len(), measured.lost()), (3, 0));
    assert!(measured.note.unwrap().starts_with("4 datagrams"));
}

#[tokio::test]
async fn only_forged_answers_are_no_answer() {
    let server = DnsServer::start(|query| vec![answer(query, &address(), |message| message.metadata.id ^= 1)]).await;
    let measured = measure(silent(options(&server, DnsTransport::Udp)), 2).await;
    assert_eq!(measured.loss_reasons, [(LossReason::Timeout, 2)]);
}

#[tokio::test]
async fn answer_from_elsewhere_is_not_heard() {
    // The server answers from another socket than the one asked.
    let asked = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = asked.local_addr().unwrap().port();
    tokio::spawn(async move {
        let elsewhere = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut buffer = [0; 512];
        while let Ok((length, peer)) = asked.recv_from(&mut buffer).await {
            let query = Message::from_vec(&buffer[..length]).unwrap();
            elsewhere.send_to(&answer(&query, &address(), |_| {}), peer).await.unwrap();
        }
    });
    let server = plain_server().await;
    let measured = measure(DnsOptions { port: Some(port), ..silent(options(&server, DnsTransport::Udp)) }, 2).await;
    assert_eq!(measured.loss_reasons, [(LossReason::Timeout, 2)]);
}

#[tokio::test]
async fn closed_port_is_unreachable_over_udp_and_refused_over_tcp() {
    let server = plain_server().await;
    let (_bound, port) = closed_port();
    let tcp = measure(DnsOptions { port: Some(port), ..options(&server, DnsTransport::Tcp) }, 2).await;
    assert_eq!(tcp.loss_reasons, [(LossReason::Refused, 2)]);
    // A socket that hears one peer only keeps the port from others, and is closed to all but that peer.
    let bound = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    bound.connect((Ipv4Addr::LOCALHOST, 9)).await.unwrap();
    let port = Some(bound.local_addr().unwrap().port());
    let udp = measure(DnsOptions { port, ..options(&server, DnsTransport::Udp) }, 2).await;
    assert_eq!(udp.loss_reasons, [(LossReason::Unreachable { code: 3 }, 2)]);
}

#[tokio::test]
async fn demands_decide_which_answers_count() {
    let server = DnsServer::start(|query| {
        vec![answer(query, &address(), |message| {
            // An authoritative server: it says so, unless asked to recurse.
            message.metadata.authoritative = !query.metadata.recursion_desired;
            if query.queries[0].query_type() == RecordType::MX {
                message.metadata.response_code = ResponseCode::NXDomain;
                message.answers.clear();
            }
        })]
    })
    .await;
    let run = async |record_type: &str, demands: DnsDemands| {
        let record_type = record_type.to_owned();
        measure(DnsOptions { record_type, demands, ..options(&server, DnsTransport::Udp) }, 1).await
    };
    let none = DnsDemands::default();
    let text = |text: &str| DnsDemands { text: Some(text.to_owned()), ..DnsDemands::default() };
    for (record_type, demands, good) in [
        ("MX", none.clone(), true),
        ("MX", DnsDemands { no_error: true, ..none.clone() }, false),
        ("MX", DnsDemands { nx_domain: true, ..none.clone() }, true),
        ("A", DnsDemands { nx_domain: true, ..none.clone() }, false),
        ("A", DnsDemands { authoritative: true, ..none.clone() }, true),
        ("A", DnsDemands { answers: 1, ..none.clone() }, true),
        ("A", DnsDemands { answers: 2, ..none.clone() }, false),
        ("A", text("192.0.2.7"), true),
        ("A", text("192.0.2.8"), false),
    ] {
        let measured = run(record_type, demands.clone()).await;
        assert_eq!(measured.rtts().len() == 1, good, "{record_type} {demands:?}");
        if !good {
            assert_eq!(measured.loss_reasons, [(LossReason::Unexpected, 1)]);
            assert!(measured.note.is_some(), "{demands:?} left no reason");
        }
    }
}

#[tokio::test]
async fn over_tls_the_certificate_is_noted_and_a_named_server_must_prove_its_name() {
    let server = plain_server().await;
    let measured = measure(options(&server, DnsTransport::Tls), 2).await;
    assert_eq!(measured.rtts().len(), 2);
    assert_eq!(measured.certificate_expires.map(smokeprobe_core::WallTime::unix_secs), Some(tls::EXPIRES));
    for phases in &measured.phases {
        assert!(phases.connect.is_some() && phases.tls.is_some() && phases.first_byte.is_some());
    }

    let named = DnsOptions { server: Some("localhost".to_owned()), ..options(&server, DnsTransport::Tls) };
    let measured = measure(named, 1).await;
    assert_eq!(measured.loss_reasons, [(LossReason::Unexpected, 1)]);
    assert!(measured.note.unwrap().contains("certificate"));
}

#[tokio::test]
async fn connection_that_is_closed_without_an_answer_is_refused() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = Some(listener.local_addr().unwrap().port());
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let server = plain_server().await;
    let measured = measure(DnsOptions { port, ..options(&server, DnsTransport::Tcp) }, 2).await;
    assert_eq!(measured.loss_reasons, [(LossReason::Refused, 2)]);
}

#[test]
fn options_that_cannot_be_asked_are_refused_at_once() {
    let wrong_type = DnsOptions { record_type: "NOSUCH".to_owned(), ..DnsOptions::default() };
    assert!(DnsProbe::new(wrong_type).unwrap_err().to_string().contains("NOSUCH"));
    let wrong_name = DnsOptions { lookup: Some("a".repeat(64)), ..DnsOptions::default() };
    DnsProbe::new(wrong_name).unwrap_err();
}

/// `dig` is the oracle: it must see in the test server what the probe sees.
#[tokio::test(flavor = "multi_thread")]
async fn dig_agrees_with_the_probe_about_the_server() {
    let server = DnsServer::start(|query| {
        let name = Name::from_ascii("host.example.").unwrap();
        let (records, code) = match query.queries[0].query_type() {
            RecordType::A => (address(), ResponseCode::NoError),
            RecordType::TXT => (vec![RData::TXT(TXT::new(vec!["some text".to_owned()]))], ResponseCode::NoError),
            RecordType::PTR => (vec![RData::PTR(PTR(name))], ResponseCode::NoError),
            _ => (vec![], ResponseCode::NXDomain),
        };
        vec![answer(query, &records, |message| message.metadata.response_code = code)]
    })
    .await;
    let port = server.address.port().to_string();
    for (record_type, lookup, expected) in [
        ("A", "s3.example", Some("192.0.2.7")),
        ("TXT", "s3.example", Some("some text")),
        ("PTR", "192.0.2.7", Some("host.example.")),
        ("TYPE65", "s3.example", None),
    ] {
        for (transport, flag) in [(DnsTransport::Udp, "+notcp"), (DnsTransport::Tcp, "+tcp")] {
            let (reverse, kind) = if record_type == "PTR" { ("-x", None) } else { ("-q", Some(record_type)) };
            let mut dig = Command::new("dig");
            dig.args(["@127.0.0.1", "-p", &port, "+tries=1", "+noedns", flag, reverse, lookup]);
            dig.args(kind.map(|kind| ["-t", kind]).into_iter().flatten());
            let output = tokio::task::spawn_blocking(move || dig.output())
                .await
                .unwrap()
                .expect("dig is needed for this test: install dnsutils (Debian: apt-get install bind9-dnsutils)");
            let printed = String::from_utf8(output.stdout).unwrap();
            let demands = if let Some(text) = expected {
                assert!(printed.contains("status: NOERROR") && printed.contains(text), "{printed}");
                DnsDemands { no_error: true, answers: 1, text: Some(text.to_owned()), ..DnsDemands::default() }
            } else {
                assert!(printed.contains("status: NXDOMAIN"), "{printed}");
                DnsDemands { nx_domain: true, ..DnsDemands::default() }
            };
            let record_type = record_type.to_owned();
            let lookup = Some(lookup.to_owned());
            let options = DnsOptions { record_type, lookup, demands, ..options(&server, transport) };
            let measured = measure(options, 1).await;
            assert_eq!(measured.rtts().len(), 1, "{:?} after {printed}", measured.note);
        }
    }
}
