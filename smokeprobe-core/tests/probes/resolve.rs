//! The resolver against a real name server on loopback.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use smokeprobe_core::{
    AddressFamily, Clock, MonoTime, Resolve, ResolveError, Resolved, SystemClock, SystemResolver, WallTime,
};

use crate::ANSWERED;
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

/// What a server was asked: the number of each query, which a repetition of it has too, and its type.
type Asked = Arc<Mutex<Vec<(u16, RecordType)>>>;

/// The same reaction, with a list of what was asked.
fn noting(
    react: impl Fn(&Message) -> Vec<Vec<u8>> + Send + Sync,
) -> (Asked, impl Fn(&Message) -> Vec<Vec<u8>> + Send + Sync) {
    let asked = Asked::default();
    let notes = Arc::clone(&asked);
    let noting = move |query: &Message| {
        notes.lock().unwrap().push((query.metadata.id, query.queries[0].query_type()));
        react(query)
    };
    (asked, noting)
}

fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

/// Knows `both.example` and `six.example`; the TTL is 60 s.
fn zone(query: &Message) -> Vec<Vec<u8>> {
    let question = &query.queries[0];
    let v4 = RData::A(A::new(192, 0, 2, 7));
    let v6 = RData::AAAA(AAAA("2001:db8::7".parse().unwrap()));
    let records = match (question.name().to_string().as_str(), question.query_type()) {
        ("both.example.", RecordType::A) => vec![v4],
        ("both.example." | "six.example.", RecordType::AAAA) => vec![v6],
        ("six.example.", _) => vec![],
        _ => return vec![answer(query, &[], |message| message.metadata.response_code = ResponseCode::NXDomain)],
    };
    vec![answer(query, &records, |_| {})]
}

async fn resolve(resolver: &SystemResolver, name: &str, family: AddressFamily) -> Result<IpAddr, ResolveError> {
    resolver.resolve(name, family).await.map(|resolved| resolved.address)
}

#[tokio::test]
async fn family_is_respected_and_ipv4_comes_first_without_asking_for_ipv6() {
    let (asked, zone) = noting(zone);
    let server = DnsServer::start(zone).await;
    let (resolver, _) = setup(&server);
    assert_eq!(resolve(&resolver, "both.example", AddressFamily::Any).await, Ok(ip("192.0.2.7")));
    assert!(asked.lock().unwrap().iter().all(|(_, kind)| *kind == RecordType::A), "{asked:?}");
    assert_eq!(resolve(&resolver, "both.example", AddressFamily::V6).await, Ok(ip("2001:db8::7")));
    assert_eq!(resolve(&resolver, "six.example", AddressFamily::Any).await, Ok(ip("2001:db8::7")));
    let none = ResolveError::NoAddress { family: AddressFamily::V4 };
    assert_eq!(resolve(&resolver, "six.example", AddressFamily::V4).await, Err(none));
    let error = resolve(&resolver, "none.example", AddressFamily::Any).await.unwrap_err();
    assert_eq!(error.to_string(), "none.example: no such name");
}

#[tokio::test]
async fn ttl_of_the_shortest_record_of_a_chain_counts() {
    let last = Arc::new(AtomicU8::new(0));
    let current = Arc::clone(&last);
    // An alias, whose own TTL is 60 s.
    let server = DnsServer::start(move |query| {
        let target = Name::from_ascii("both.example.").unwrap();
        let v4 = RData::A(A::new(192, 0, 2, current.load(Ordering::SeqCst)));
        vec![answer(query, &[RData::CNAME(CNAME(target.clone()))], |message| {
            message.add_answer(Record::from_rdata(target, 20, v4));
        })]
    })
    .await;
    let (resolver, clock) = setup(&server);
    for (passed, address) in [(0, "192.0.2.1"), (19, "192.0.2.1"), (2, "192.0.2.3")] {
        clock.pass(passed);
        last.fetch_add(1, Ordering::SeqCst);
        let known = resolve(&resolver, "alias.example", AddressFamily::V4).await;
        assert_eq!(known, Ok(ip(address)), "after {passed} s more");
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
    let (resolver, clock) = setup(&server);
    let mut names: Vec<String> = (0..500).map(|number| format!("n{number}.example")).collect();
    while !names.is_empty() {
        let all = names.iter().map(|name| resolve(&resolver, name, AddressFamily::V4));
        let outcomes = futures_util::future::join_all(all).await;
        // A machine that is too busy for all of them within the time that a round has resolves the rest in the next.
        let late = names.iter().zip(&outcomes).filter(|(_, outcome)| **outcome != Ok(ip("192.0.2.9")));
        let late: Vec<String> = late.map(|(name, _)| name.clone()).collect();
        assert!(late.len() < names.len(), "{outcomes:?}");
        names = late;
        // A failure is believed for ten seconds.
        clock.pass(11);
    }
}

#[tokio::test]
async fn dead_server_is_asked_once_and_not_waited_for_again() {
    let (asked, dead) = noting(|_| vec![]);
    let server = DnsServer::start(dead).await;
    let (resolver, _) = setup(&server);
    let outcome = tokio::time::timeout(ANSWERED, resolver.resolve("both.example", AddressFamily::Any))
        .await
        .expect("the resolver waits for an answer that does not come");
    assert!(matches!(outcome, Err(ResolveError::Lookup { .. })), "{outcome:?}");
    // One query, which hickory repeats up to three times within its two seconds. The failure is remembered after that.
    assert!(resolver.resolve("both.example", AddressFamily::Any).await.is_err());
    let mut asked = std::mem::take(&mut *asked.lock().unwrap());
    assert!((1..=4).contains(&asked.len()), "{} datagrams for one name", asked.len());
    asked.dedup();
    assert_eq!(asked.len(), 1, "{asked:?}");
}

#[tokio::test]
async fn names_of_the_system_come_from_its_hosts_file() {
    let resolver = SystemResolver::new(Arc::new(SystemClock));
    let address = resolve(&resolver, "localhost", AddressFamily::V4).await.unwrap();
    assert!(address.is_loopback(), "{address}");
}
