//! The resolver against a real name server on loopback.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use smokeprobe_core::{
    AddressFamily, Clock, MonoTime, Resolve, ResolveError, Resolved, SystemClock, SystemResolver, WallTime,
};

use crate::dns_server::{DnsServer, answer};

/// A clock that stands until it is moved.
#[derive(Debug, Default)]
struct Hand(AtomicU64);

impl Hand {
    fn pass(&self, secs: u64) {
        self.0.fetch_add(secs * 1_000_000_000, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn mono(&self) -> MonoTime {
        MonoTime::from_nanos(self.0.load(Ordering::SeqCst))
    }

    fn wall(&self) -> WallTime {
        WallTime::EPOCH
    }
}

fn setup(server: &DnsServer) -> (SystemResolver, Arc<Hand>) {
    let clock = Arc::<Hand>::default();
    (SystemResolver::with_servers(&[server.address], Arc::clone(&clock) as Arc<dyn Clock>), clock)
}

fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

/// Knows `both.example`, `six.example` and an alias; the TTL is 60 s.
fn zone(query: &Message) -> Vec<Vec<u8>> {
    let question = &query.queries[0];
    let v4 = RData::A(A::new(192, 0, 2, 7));
    let v6 = RData::AAAA(AAAA("2001:db8::7".parse().unwrap()));
    let records = match (question.name().to_string().as_str(), question.query_type()) {
        ("both.example.", RecordType::A) => vec![v4],
        ("both.example." | "six.example.", RecordType::AAAA) => vec![v6],
        ("six.example.", _) => vec![],
        ("alias.example.", RecordType::A) => {
            let target = Name::from_ascii("both.example.").unwrap();
            return vec![answer(query, &[RData::CNAME(CNAME(target.clone()))], |message| {
                message.add_answer(Record::from_rdata(target, 20, v4));
            })];
        }
        _ => return vec![answer(query, &[], |message| message.metadata.response_code = ResponseCode::NXDomain)],
    };
    vec![answer(query, &records, |_| {})]
}

async fn resolve(resolver: &SystemResolver, name: &str, family: AddressFamily) -> Result<IpAddr, ResolveError> {
    resolver.resolve(name, family).await.map(|resolved| resolved.address)
}

#[tokio::test]
async fn family_is_respected_and_ipv4_comes_first_without_asking_for_ipv6() {
    let server = DnsServer::start(zone).await;
    let (resolver, _) = setup(&server);
    assert_eq!(resolve(&resolver, "both.example", AddressFamily::Any).await, Ok(ip("192.0.2.7")));
    assert_eq!(server.queries(), 1);
    assert_eq!(resolve(&resolver, "both.example", AddressFamily::V6).await, Ok(ip("2001:db8::7")));
    assert_eq!(resolve(&resolver, "six.example", AddressFamily::Any).await, Ok(ip("2001:db8::7")));
    let none = ResolveError::NoAddress { family: AddressFamily::V4 };
    assert_eq!(resolve(&resolver, "six.example", AddressFamily::V4).await, Err(none));
    let error = resolve(&resolver, "none.example", AddressFamily::Any).await.unwrap_err();
    assert_eq!(error.to_string(), "none.example: no such name");
}

#[tokio::test]
async fn ttl_of_the_shortest_record_of_a_chain_counts() {
    let server = DnsServer::start(zone).await;
    let (resolver, clock) = setup(&server);
    for (passed, queries) in [(0, 1), (19, 1), (2, 2)] {
        clock.pass(passed);
        assert_eq!(resolve(&resolver, "alias.example", AddressFamily::V4).await, Ok(ip("192.0.2.7")));
        assert_eq!(server.queries(), queries, "after {passed} s more");
    }
}

#[tokio::test]
async fn server_that_fails_leaves_the_last_good_address_until_it_recovers() {
    let broken = Arc::new(AtomicBool::new(false));
    let failing = Arc::clone(&broken);
    let server = DnsServer::start(move |query| {
        if failing.load(Ordering::SeqCst) {
            vec![answer(query, &[], |message| message.metadata.response_code = ResponseCode::ServFail)]
        } else {
            zone(query)
        }
    })
    .await;
    let (resolver, clock) = setup(&server);
    let good = |stale| Ok(Resolved { address: ip("192.0.2.7"), stale });
    assert_eq!(resolver.resolve("both.example", AddressFamily::Any).await, good(false));
    broken.store(true, Ordering::SeqCst);
    for _ in 0..5 {
        clock.pass(300);
        assert_eq!(resolver.resolve("both.example", AddressFamily::Any).await, good(true));
    }
    broken.store(false, Ordering::SeqCst);
    clock.pass(300);
    assert_eq!(resolver.resolve("both.example", AddressFamily::Any).await, good(false));
}

#[tokio::test]
async fn five_hundred_names_at_once_all_resolve() {
    let server = DnsServer::start(|query| vec![answer(query, &[RData::A(A::new(192, 0, 2, 9))], |_| {})]).await;
    let (resolver, _) = setup(&server);
    let all = (0..500).map(|number| {
        let resolver = resolver.clone();
        async move { resolve(&resolver, &format!("n{number}.example"), AddressFamily::V4).await }
    });
    for outcome in futures_util::future::join_all(all).await {
        assert_eq!(outcome, Ok(ip("192.0.2.9")));
    }
}

#[tokio::test]
async fn dead_server_holds_up_a_round_for_four_seconds_at_most() {
    let server = DnsServer::start(|_| vec![]).await;
    let (resolver, _) = setup(&server);
    let outcome = tokio::time::timeout(Duration::from_secs(10), resolver.resolve("both.example", AddressFamily::Any))
        .await
        .expect("the resolver waited for longer than ten seconds");
    assert!(matches!(outcome, Err(ResolveError::Lookup { .. })), "{outcome:?}");
    // One query, which hickory repeats up to three times within its two seconds. The failure is remembered after that.
    let asked = server.queries();
    assert!((1..=4).contains(&asked), "{asked} datagrams for one name");
    assert!(resolver.resolve("both.example", AddressFamily::Any).await.is_err());
    assert_eq!(server.queries(), asked);
}

#[tokio::test]
async fn names_of_the_system_come_from_its_hosts_file() {
    let resolver = SystemResolver::new(Arc::new(SystemClock));
    let address = resolve(&resolver, "localhost", AddressFamily::V4).await.unwrap();
    assert!(address.is_loopback(), "{address}");
}
