//! Pings through real sockets to hosts behind a TUN device, in a network of the test's own.

use std::collections::HashMap;
use std::fs;
use std::net::IpAddr;
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use smokeprobe_core::conformance::measure_once;
use smokeprobe_core::probes::icmp::{Counters, IcmpOptions, IcmpProbe, Pinger, SocketKind};
use smokeprobe_core::sim::netns::isolated;
use smokeprobe_core::sim::responder::{Answer, Ping, Responder};
use smokeprobe_core::sim::tun::Tun;
use smokeprobe_core::{Host, LossReason, Measured, SystemClock, SystemResolver};

static RESOLVER: LazyLock<SystemResolver> = LazyLock::new(|| SystemResolver::new(Arc::new(SystemClock)));

/// Runs `body` with a network in which pings are answered in this manner, once with each kind of socket.
fn with_network(
    test: &str,
    manner: impl FnMut(Ping) -> Vec<(Duration, Answer)> + Send + Sync + Clone + 'static,
    body: impl Fn(SocketKind) + Send + Sync,
) {
    for kind in [SocketKind::Raw, SocketKind::Datagram] {
        isolated(test, || {
            allow_datagram_sockets(kind == SocketKind::Datagram);
            let _responder = Responder::start(Tun::new("probe0"), manner.clone());
            let probe = IcmpProbe::new(&Pinger::new(), options());
            assert_eq!(probe.open().unwrap(), [kind, kind]);
            body(kind);
        });
    }
}

fn allow_datagram_sockets(allow: bool) {
    let range = if allow { "0 2147483647" } else { "1 0" };
    fs::write("/proc/sys/net/ipv4/ping_group_range", range).expect("a network namespace of our own");
}

fn options() -> IcmpOptions {
    IcmpOptions {
        interval: Duration::from_millis(10),
        gap: Duration::from_micros(100),
        timeout: Some(LONG),
        ..IcmpOptions::default()
    }
}

/// The time-out where every ping is answered: the responder shares the machine with whatever else runs.
const LONG: Duration = Duration::from_secs(25);
/// The time-out where some are not, or by an error alone, which is waited for.
const LOSING: Duration = Duration::from_secs(2);

/// With less patience.
fn losing() -> IcmpOptions {
    IcmpOptions { timeout: Some(LOSING), ..options() }
}

/// Pings hosts at once with one probe.
fn ping_all(options: IcmpOptions, hosts: &[&str], pings: u32) -> (Vec<Measured>, Counters) {
    let pinger = Pinger::new();
    let probe = IcmpProbe::new(&pinger, options);
    let hosts: Vec<Host> = hosts.iter().map(|host| Host::from(*host)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rounds = runtime.block_on(futures_util::future::join_all(
        hosts.iter().map(|host| measure_once(&probe, host, pings, &*RESOLVER)),
    ));
    (rounds.into_iter().map(|round| round.unwrap().unwrap()).collect(), pinger.counters())
}

fn echo_after(millis: u64) -> Vec<(Duration, Answer)> {
    vec![(Duration::from_millis(millis), Answer::Echo)]
}

#[test]
fn delay_and_loss_of_the_network_are_measured() {
    // The last byte of the address says how long it takes; every fourth packet is lost.
    let manner = |ping: Ping| {
        let last = match ping.to {
            IpAddr::V4(address) => address.octets()[3],
            IpAddr::V6(address) => address.octets()[15],
        };
        if ping.seq % 4 == 3 { vec![] } else { echo_after(last.into()) }
    };
    with_network("delay_and_loss_of_the_network_are_measured", manner, |kind| {
        let hosts = ["10.99.3.0", "10.99.3.20", "10.99.3.100", "fd99::3:0", "fd99::3:20"];
        let (rounds, counters) = ping_all(losing(), &hosts, 20);
        for (round, millis) in rounds.iter().zip([0, 20, 100, 0, 0x20]) {
            assert_eq!((round.rtts().len(), round.lost()), (15, 5), "{kind:?} {round:?}");
            assert_eq!(round.loss_reasons, [(LossReason::Timeout, 5)]);
            assert_eq!(round.quality.kernel_stamps, 15, "{kind:?} {millis} ms");
            // Never less than the responder's delay; how much more is the responder's own affair.
            assert!(round.rtts()[0].as_nanos() >= millis * 1_000_000, "{kind:?} {millis} ms: {:?}", round.rtts());
        }
        assert_eq!((counters.sent, counters.answered, counters.timed_out), (100, 75, 25));
    });
}

#[test]
fn icmp_errors_are_kept_as_reasons() {
    let manner = |ping: Ping| {
        let six = ping.to.is_ipv6();
        let (kind, code) = match (six, last_byte(ping.to)) {
            (false, 1) => (3, 1),
            (false, 2) => (11, 0),
            (false, 3) => (3, 10),
            (true, 1) => (1, 3),
            (true, 2) => (3, 0),
            // Quench, and an unknown informational type: neither says that the packet is lost.
            _ => return echo_after(1),
        };
        // Some routers quote all, some as little as the standard allows.
        let quoted = if ping.seq.is_multiple_of(2) { 64 } else { 8 };
        vec![(Duration::ZERO, Answer::Error { kind, code, quoted })]
    };
    with_network("icmp_errors_are_kept_as_reasons", manner, |kind| {
        let hosts = ["10.99.4.1", "10.99.4.2", "10.99.4.3", "fd99::4:1", "fd99::4:2", "10.99.4.9"];
        let (rounds, counters) = ping_all(losing(), &hosts, 6);
        let reasons = [
            LossReason::Unreachable { code: 1 },
            LossReason::TtlExceeded,
            LossReason::Unreachable { code: 10 },
            LossReason::Unreachable { code: 3 },
            LossReason::TtlExceeded,
        ];
        for ((round, reason), host) in rounds.iter().zip(reasons).zip(hosts) {
            assert_eq!(round.loss_reasons, [(reason, 6)], "{kind:?} {host}");
        }
        // Errors about some packets cost the others nothing.
        assert_eq!(rounds[5].rtts().len(), 6, "{kind:?}");
        assert_eq!((counters.icmp_errors, counters.send_failed), (30, 0), "{kind:?} {counters:?}");
    });
}

#[test]
fn duplicates_late_answers_and_forgeries_are_told_apart() {
    let manner = |ping: Ping| {
        let mut answers = match last_byte(ping.to) {
            // Twice.
            1 => echo_after(1).repeat(2),
            // After the time-out, except the last.
            2 if ping.seq < 5 => return vec![(LOSING + Duration::from_millis(200), Answer::Echo)],
            // Only forgeries: another source, identifier, sequence number, tag, mark; and a damaged one.
            3 => {
                let other = if ping.to.is_ipv4() { [10, 99, 9, 9].into() } else { "fd99::9:9".parse().unwrap() };
                let forged = [5, 7, 9, 15].map(Answer::Forged);
                let forged = forged.into_iter().chain([Answer::EchoFrom(other), Answer::Damaged(20), Answer::Cut(12)]);
                return forged.map(|answer| (Duration::ZERO, answer)).collect();
            }
            // A host that cuts long replies.
            4 => return vec![(Duration::ZERO, Answer::Cut(40))],
            _ => echo_after(1),
        };
        if ping.seq == 5 {
            answers.push((Duration::from_millis(100), Answer::Echo));
        }
        answers
    };
    let test = "duplicates_late_answers_and_forgeries_are_told_apart";
    with_network(test, manner, |kind| {
        let hosts = |last: u8| [format!("10.99.5.{last}"), format!("fd99::5:{last}")];
        let ping = |options, last, answered, lost| {
            let hosts = hosts(last);
            let (rounds, counters) = ping_all(options, &[hosts[0].as_str(), hosts[1].as_str()], 6);
            for (round, host) in rounds.iter().zip(hosts) {
                assert_eq!((round.rtts().len(), round.lost()), (answered, lost), "{kind:?} {host}");
            }
            (rounds, counters)
        };
        let (_, counters) = ping(options(), 1, 6, 0);
        // The last answer closes a round.
        assert!((10..=14).contains(&counters.duplicates), "{kind:?} {counters:?}");
        // The first late answers come while the last pings are still waited for.
        let (rounds, counters) = ping(IcmpOptions { interval: Duration::from_millis(500), ..losing() }, 2, 1, 5);
        for round in rounds {
            assert!(round.quality.late_answers >= 1, "{kind:?} {:?}", round.quality);
        }
        assert_eq!(counters.forged, 0);
        let (_, counters) = ping(losing(), 3, 0, 6);
        assert_eq!(counters.duplicates, 0);
        // What the kernel does not already keep out for us.
        assert!(counters.forged >= 48, "{kind:?} {counters:?}");
        ping(options(), 4, 6, 0);
    });
}

/// Other programs' pings and raw sockets on the machine are not disturbed by ours, nor ours by theirs.
#[test]
fn fping_sees_the_same_network() {
    // fping numbers the packets of all hosts in one go, so count them here: for each host and program.
    let mut seen: HashMap<(IpAddr, u16), u32> = HashMap::new();
    let manner = move |ping: Ping| {
        let count = seen.entry((ping.to, ping.ident)).or_default();
        *count += 1;
        match (last_byte(ping.to), *count % 5) {
            (1, _) => echo_after(40),
            (2, 1 | 2) => vec![],
            (2, _) => echo_after(5),
            _ => vec![],
        }
    };
    with_network("fping_sees_the_same_network", manner, |kind| {
        let hosts = ["10.99.6.1", "10.99.6.2", "10.99.6.3", "fd99::6:1", "fd99::6:2"];
        let (theirs, ours) = std::thread::scope(|scope| {
            let fping = scope.spawn(|| fping(&hosts));
            let (ours, _) = ping_all(losing(), &hosts, 10);
            (fping.join().unwrap(), ours)
        });
        for ((host, theirs), ours) in hosts.iter().zip(theirs).zip(ours) {
            assert_eq!(theirs.len(), ours.rtts().len(), "{kind:?} {host}");
            if let (Some(theirs), Some(median)) = (theirs.first(), ours.median()) {
                // Both are longer than the delay; fping's includes its own, so the comparison is one-sided.
                let delay = if last_byte(host.parse().unwrap()) == 1 { 40.0 } else { 5.0 };
                assert!(*theirs >= delay && median.as_millis_f64() >= delay, "{kind:?} {host}: {theirs} {median:?}");
            }
        }
    });
}

/// For each answer a thousand forgeries: they cost time, and nothing else.
#[test]
fn a_flood_of_forgeries_keeps_no_answer_out() {
    let manner = |_: Ping| {
        let mut answers = vec![(Duration::ZERO, Answer::Forged(15)); 1000];
        answers.push((Duration::from_millis(1), Answer::Echo));
        answers
    };
    with_network("a_flood_of_forgeries_keeps_no_answer_out", manner, |kind| {
        let (rounds, counters) = ping_all(options(), &["10.99.8.1", "fd99::8:1"], 10);
        for round in rounds {
            assert_eq!((round.rtts().len(), round.quality.kernel_stamps), (10, 10), "{kind:?} {counters:?}");
        }
        // The last answers close their rounds, and what comes then is not waited for.
        assert!(counters.forged >= 18_000, "{kind:?} {counters:?}");
        assert_eq!((counters.receive_overflows, counters.duplicates), (0, 0), "{kind:?}");
    });
}

/// A slow device, whose queue overflows (ENOBUFS), or is so long that the socket's buffer fills up (EAGAIN). That delays
/// packets, and loses none.
#[test]
fn a_full_send_buffer_waits_and_loses_nothing() {
    for (limit, interval) in [("5kb", Duration::ZERO), ("10mb", Duration::ZERO), ("5kb", Duration::from_millis(1))] {
        with_network(
            "a_full_send_buffer_waits_and_loses_nothing",
            |_| echo_after(0),
            |kind| {
                let shape = format!("qdisc replace dev probe0 root tbf rate 3mbit burst 2kb limit {limit}");
                let tc = Command::new("tc").args(shape.split(' ')).status();
                assert!(tc.is_ok_and(|status| status.success()), "cannot run tc; apt-get install iproute2");
                let hosts: Vec<String> = (1..=200).map(|n| format!("10.99.7.{n}")).collect();
                let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
                let options = IcmpOptions { gap: Duration::ZERO, interval, ..options() };
                let (rounds, counters) = ping_all(options, &hosts, 20);
                assert!(rounds.iter().all(|round| round.rtts().len() == 20), "{kind:?} {limit} {counters:?}");
                assert!(counters.send_waits > 0, "{kind:?} {limit} {counters:?}");
            },
        );
    }
}

/// RTTs in milliseconds by host, as fping prints them.
fn fping(hosts: &[&str]) -> Vec<Vec<f64>> {
    let output = Command::new("fping")
        .args(["-C", "10", "-q", "-B1", "-r1", "-i1", "-p10"])
        .arg(format!("-t{}", LOSING.as_millis()))
        .args(hosts)
        .output()
        .unwrap_or_else(|error| panic!("cannot run fping: {error}; apt-get install fping"));
    let text = String::from_utf8(output.stderr).unwrap();
    let lines = hosts.iter().map(|host| {
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(host));
        line.and_then(|line| line.split_once(" : ")).unwrap_or_else(|| panic!("{host} is not in {text}")).1
    });
    lines.map(|line| line.split_whitespace().filter_map(|ping| ping.parse().ok()).collect()).collect()
}

fn last_byte(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(address) => address.octets()[3],
        IpAddr::V6(address) => address.octets()[15],
    }
}

/// Without privilege and without a group, the error names both ways out.
#[test]
fn where_no_socket_opens_the_error_says_what_to_do() {
    isolated("where_no_socket_opens_the_error_says_what_to_do", || {
        allow_datagram_sockets(false);
        // A thread's capabilities are its own.
        drop_capabilities();
        let error = IcmpProbe::new(&Pinger::new(), options()).open().unwrap_err();
        assert_eq!(error.to_string(), "cannot open an ICMP socket");
        let source = std::error::Error::source(&error).unwrap().to_string();
        for fix in ["net.ipv4.ping_group_range", "setcap cap_net_raw+ep"] {
            assert!(source.contains(fix), "{source}");
        }
    });
}

fn drop_capabilities() {
    // SAFETY: the structures are of version 3, as the header says, and hold an empty set.
    let header = [0x2008_0522u32, 0];
    let data = [0u32; 6];
    // SAFETY: both arrays outlive the call and have the sizes that version 3 of capset(2) reads.
    let result = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()) };
    assert_eq!(result, 0);
}
