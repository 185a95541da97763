//! Pings through real sockets to the loopback, where every address of 127/8 answers.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use smokeprobe_core::conformance::{Subject, check, measure_once};
use smokeprobe_core::probes::icmp::{IcmpOptions, IcmpProbe, Pinger};
use smokeprobe_core::{AddressFamily, Host, Measured, ProbeError, SystemClock, SystemResolver};

static RESOLVER: LazyLock<SystemResolver> = LazyLock::new(|| SystemResolver::new(Arc::new(SystemClock)));

async fn ping(probe: &IcmpProbe, host: &str, pings: u32) -> Result<Measured, ProbeError> {
    Ok(measure_once(probe, &Host::from(host), pings, &*RESOLVER).await?.expect("samples"))
}

fn options() -> IcmpOptions {
    IcmpOptions { interval: Duration::from_millis(2), gap: Duration::from_micros(100), ..IcmpOptions::default() }
}

#[tokio::test]
async fn every_loopback_address_of_both_families_answers_with_kernel_stamps() {
    let probe = IcmpProbe::new(&Pinger::new(), options());
    for host in ["127.0.0.1", "127.9.8.7", "::1", "0.0.0.0", "::", "::ffff:127.1.2.3", "localhost"] {
        let round = ping(&probe, host, 20).await.unwrap();
        assert_eq!((round.rtts().len(), round.lost()), (20, 0), "{host}");
        assert_eq!(round.quality.kernel_stamps, 20, "{host}: {:?}", round.quality);
    }
}

#[tokio::test]
async fn probe_keeps_the_contract_of_probes() {
    let probe = IcmpProbe::new(&Pinger::new(), options());
    check(&Subject { probe: &probe, answers: "127.0.0.1".into(), silent: None }).await;
}

#[tokio::test]
async fn any_size_of_data_is_pinged() {
    let pinger = Pinger::new();
    for payload in [0, 1, 7, 8, 11, 12, 13, 56, 1473, 9000, 64_000] {
        let probe = IcmpProbe::new(&pinger, IcmpOptions { payload, ..options() });
        for host in ["127.0.0.1", "::1"] {
            let round = ping(&probe, host, 5).await.unwrap();
            assert_eq!((round.rtts().len(), round.quality.kernel_stamps), (5, 5), "{host} {payload}");
        }
    }
    let counters = pinger.counters();
    assert_eq!((counters.forged, counters.truncated, counters.damaged, counters.unexpected), (0, 0, 0, 0));
}

#[tokio::test]
async fn rounds_to_one_address_at_once_do_not_mix_even_without_room_for_a_cookie() {
    let pinger = Pinger::new();
    let probe = IcmpProbe::new(&pinger, IcmpOptions { payload: 0, gap: Duration::ZERO, ..options() });
    let rounds = (0..50).map(|_| ping(&probe, "127.0.0.1", 20));
    for round in futures_util::future::join_all(rounds).await {
        let round = round.unwrap();
        assert_eq!((round.rtts().len(), round.quality.duplicates), (20, 0));
    }
    assert_eq!((pinger.counters().sent, pinger.counters().answered), (1000, 1000));
}

#[tokio::test]
async fn first_ping_can_be_left_out() {
    let pinger = Pinger::new();
    let probe = IcmpProbe::new(&pinger, IcmpOptions { discard_first: true, ..options() });
    let round = ping(&probe, "127.0.0.1", 3).await.unwrap();
    assert_eq!((round.rtts().len(), pinger.counters().sent), (3, 4));
}

#[tokio::test]
async fn what_the_system_refuses_to_send_is_told_apart_and_explained() {
    let probe = IcmpProbe::new(&Pinger::new(), options());
    // Only multicast and broadcast need a permission that nobody asked for.
    let round = ping(&probe, "255.255.255.255", 2).await.unwrap();
    assert_eq!(round.loss_reasons, [(smokeprobe_core::LossReason::SendFailed, 2)]);
    assert!(round.note.as_ref().is_some_and(|note| note.contains("255.255.255.255")), "{:?}", round.note);
}

#[tokio::test]
async fn a_source_that_is_not_ours_is_an_error_and_not_loss() {
    let options = IcmpOptions { source: Some([192, 0, 2, 77].into()), ..options() };
    let error = ping(&IcmpProbe::new(&Pinger::new(), options), "127.0.0.1", 2).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot send ICMP from 192.0.2.77");
    let options = IcmpOptions { interface: Some("nosuch0".to_owned()), ..self::options() };
    let error = ping(&IcmpProbe::new(&Pinger::new(), options), "127.0.0.1", 2).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot send ICMP through interface nosuch0");
}

#[tokio::test]
async fn source_interface_and_type_of_service_are_used() {
    let options =
        IcmpOptions { source: Some([127, 0, 0, 5].into()), interface: Some("lo".to_owned()), tos: 0xb8, ..options() };
    let round = ping(&IcmpProbe::new(&Pinger::new(), options), "127.0.0.1", 3).await.unwrap();
    assert_eq!(round.rtts().len(), 3);
    let options = IcmpOptions { family: AddressFamily::V6, tos: 0xb8, mark: Some(7), ..self::options() };
    let round = ping(&IcmpProbe::new(&Pinger::new(), options), "::1", 3).await.unwrap();
    assert_eq!(round.rtts().len(), 3);
}

#[tokio::test]
async fn ten_thousand_addresses_are_pinged_without_a_loss() {
    let pinger = Pinger::new();
    let probe = IcmpProbe::new(&pinger, IcmpOptions { gap: Duration::ZERO, ..options() });
    let hosts: Vec<String> = (0..10_000).map(|n| format!("127.1.{}.{}", n / 250, n % 250 + 1)).collect();
    let rounds = hosts.iter().map(|host| ping(&probe, host, 2));
    let answered: usize =
        futures_util::future::join_all(rounds).await.into_iter().map(|round| round.unwrap().rtts().len()).sum();
    assert_eq!(answered, 20_000);
    let counters = pinger.counters();
    assert_eq!((counters.sent, counters.receive_overflows, counters.open_rounds), (20_000, 0, 0));
    assert!(counters.kernel_stamps > 19_900, "{counters:?}");
}
