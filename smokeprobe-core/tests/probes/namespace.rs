//! What the network says, in a network namespace of the test's own, where nftables plays the network.

use std::net::UdpSocket;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType};
use smokeprobe_core::conformance::measure_once;
use smokeprobe_core::probes::ConnectOptions;
use smokeprobe_core::probes::dns::{DnsOptions, DnsProbe};
use smokeprobe_core::probes::tcp::{TcpOptions, TcpProbe};
use smokeprobe_core::{Host, LossReason, Measured, Probe, SystemClock, SystemResolver};

use crate::{ANSWERED, SILENT};

/// Each address of 127.1/16 stands for a fate.
const RULES: &str = "
table inet fate {
    chain in {
        type filter hook input priority 0;
        ip daddr 127.1.0.1 meta l4proto { tcp, udp } reject with icmp type net-unreachable
        ip daddr 127.1.0.2 meta l4proto { tcp, udp } reject with icmp type host-unreachable
        ip daddr 127.1.0.3 meta l4proto { tcp, udp } reject with icmp type port-unreachable
        ip daddr 127.1.0.8 meta l4proto { tcp, udp } reject with icmp type admin-prohibited
        ip daddr 127.1.0.4 tcp dport 1-65535 reject with tcp reset
        ip daddr 127.1.0.5 drop
        ip daddr 127.1.0.6 udp dport 53 numgen random mod 100 < 30 counter drop
        ip daddr 127.1.0.7 ip dscp 46 counter accept
    }
}
";

/// Runs `test`, an ignored one, in a network namespace of its own.
fn in_namespace(test: &str) {
    // Root needs no user namespace, which some systems forbid.
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let output = Command::new("unshare")
        .arg(if root { "-n" } else { "-Urn" })
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", test, "--nocapture"])
        .output()
        .expect("unshare is needed for this test: install util-linux");
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "this test needs a network namespace (as root, or user namespaces allowed), ip (iproute2) and nft (nftables):\n\
         {printed}",
    );
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program}: {printed}{}", String::from_utf8_lossy(&output.stderr));
    printed
}

fn set_up() {
    run("ip", &["link", "set", "lo", "up"]);
    let rules = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(rules.path(), RULES).unwrap();
    run("nft", &["-f", rules.path().to_str().unwrap()]);
}

fn connect(timeout: Duration) -> ConnectOptions {
    ConnectOptions { interval: Duration::from_millis(1), timeout, ..ConnectOptions::default() }
}

async fn measure(probe: &dyn Probe, host: &str, pings: u32) -> Measured {
    let resolver = SystemResolver::new(Arc::new(SystemClock));
    measure_once(probe, &Host::from(host), pings, &resolver).await.unwrap().expect("samples")
}

/// A DNS server.
fn dns_server(address: &str) {
    let socket = UdpSocket::bind((address, 53)).unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            let mut message = Message::from_vec(&buffer[..length]).unwrap();
            message.metadata.message_type = MessageType::Response;
            socket.send_to(&message.to_vec().unwrap(), peer).unwrap();
        }
    });
}

/// How many packets the rule for `address` counted.
fn counted(address: &str) -> u32 {
    let rules = run("nft", &["list", "table", "inet", "fate"]);
    let rule = rules.lines().find(|line| line.contains(address)).unwrap();
    let packets = rule.split("counter packets ").nth(1).unwrap();
    packets.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn errors_of_the_network_are_the_reasons_of_losses() {
    in_namespace("probes::namespace::errors_in_the_namespace");
}

#[tokio::test]
#[ignore = "run in a namespace by errors_of_the_network_are_the_reasons_of_losses"]
async fn errors_in_the_namespace() {
    set_up();
    let unreachable = |code| LossReason::Unreachable { code };
    let probes = |patience| {
        let tcp = TcpProbe::new(TcpOptions { connect: connect(patience), port: 81, require_accept: true });
        let udp = DnsProbe::new(DnsOptions { connect: connect(patience), ..DnsOptions::default() }).unwrap();
        (tcp, udp)
    };
    for (host, over_tcp, over_udp) in [
        ("127.1.0.1", unreachable(0), unreachable(0)),
        ("127.1.0.2", unreachable(1), unreachable(1)),
        // The kernel makes one error of an ICMP port unreachable and of a reset.
        ("127.1.0.3", LossReason::Refused, unreachable(3)),
        ("127.1.0.4", LossReason::Refused, unreachable(3)),
        // Of a datagram the error queue tells the code itself.
        ("127.1.0.8", unreachable(1), unreachable(13)),
        ("127.1.0.5", LossReason::Timeout, LossReason::Timeout),
        // There is no way out of the namespace.
        ("192.0.2.1", unreachable(0), unreachable(0)),
    ] {
        let (tcp, udp) = probes(if over_udp == LossReason::Timeout { SILENT } else { ANSWERED });
        assert_eq!(measure(&tcp, host, 2).await.loss_reasons, [(over_tcp, 2)], "TCP to {host}");
        assert_eq!(measure(&udp, host, 2).await.loss_reasons, [(over_udp, 2)], "UDP to {host}");
    }
}

#[test]
fn loss_is_what_the_network_lost_to_the_packet() {
    in_namespace("probes::namespace::loss_in_the_namespace");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run in a namespace by loss_is_what_the_network_lost_to_the_packet"]
async fn loss_in_the_namespace() {
    set_up();
    dns_server("127.1.0.6");
    // Long enough that an answer is never late on a busy machine, or the count would not match.
    let options = DnsOptions { connect: connect(Duration::from_secs(5)), ..DnsOptions::default() };
    let probe = DnsProbe::new(options).unwrap();
    let rounds = (0..100).map(|_| measure(&probe, "127.1.0.6", 1));
    let rounds = futures_util::future::join_all(rounds).await;
    let lost: u32 = rounds.iter().map(Measured::lost).sum();
    assert!(lost > 0, "nothing was lost of 100 packets at 30 % loss");
    assert_eq!(lost, counted("127.1.0.6"));
}

#[test]
fn type_of_service_is_on_the_packets() {
    in_namespace("probes::namespace::type_of_service_in_the_namespace");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run in a namespace by type_of_service_is_on_the_packets"]
async fn type_of_service_in_the_namespace() {
    set_up();
    dns_server("127.1.0.7");
    // Expedited forwarding, DSCP 46 (RFC 3246), in the upper six bits.
    let connect = ConnectOptions { tos: 46 << 2, ..connect(ANSWERED) };
    let udp = DnsProbe::new(DnsOptions { connect: connect.clone(), ..DnsOptions::default() }).unwrap();
    assert_eq!(measure(&udp, "127.1.0.7", 5).await.rtts().len(), 5);
    assert_eq!(counted("127.1.0.7"), 5);
    let tcp = TcpProbe::new(TcpOptions { connect, port: 81, require_accept: false });
    assert_eq!(measure(&tcp, "127.1.0.7", 5).await.rtts().len(), 5);
    assert_eq!(counted("127.1.0.7"), 10);
}
