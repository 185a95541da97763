//! The resolver of the probes: TTL, last good addresses, and never two queries for one name at once.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::cache::{Cache, Key, Verdict};
use super::upstream::{ServersUpstream, SystemUpstream, Upstream};
use super::{AddressFamily, Resolve, ResolveError, Resolved};
use crate::clock::Clock;

/// How long a round waits for an answer when it could go on with the last good address.
const PATIENCE_WITH_ADDRESS: Duration = Duration::from_secs(1);
/// How long a round waits for a name's first address.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a query may go on without anyone waiting: its answer is for the next round.
const QUERY_LIMIT: Duration = Duration::from_secs(8);
/// Queries at once. Many, so that names whose servers are dead do not hold up the others; bounded, because each takes
/// a socket, and at the start every target asks.
const QUERIES_AT_ONCE: usize = 256;

/// Resolves names by the system's configuration: hosts file, name servers, search list.
///
/// 1. An answer is good for its TTL, ten minutes at most; a failure is believed for ten seconds.
/// 2. When a name does not resolve, its last good address is handed out, marked stale, for as long as it is asked for.
/// 3. Many rounds that want one name share one query, and a query never makes a round wait for more than a second
///    where there is an address, or four where there is none. Late answers serve the next round.
/// 4. Where a name has several addresses, the last one measured stays while the name has it.
///
/// Clones share their memory. Use it inside a tokio runtime: queries outlive the rounds that want them.
#[derive(Debug, Clone)]
pub struct SystemResolver(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    upstream: Box<dyn Upstream>,
    clock: Arc<dyn Clock>,
    queries: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cache: Cache,
    flights: HashMap<Key, Flight>,
}

/// A query under way; its outcome, once there is one.
type Flight = watch::Receiver<Option<Outcome>>;
type Outcome = Result<Resolved, ResolveError>;

impl SystemResolver {
    /// Asks whom the system asks (`/etc/hosts`, `/etc/resolv.conf`), and reads those files again when they change.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::over(Box::new(SystemUpstream::new()), clock)
    }

    /// Asks these name servers only, and no hosts file.
    pub fn with_servers(servers: &[SocketAddr], clock: Arc<dyn Clock>) -> Self {
        Self::over(Box::new(ServersUpstream::new(servers)), clock)
    }

    fn over(upstream: Box<dyn Upstream>, clock: Arc<dyn Clock>) -> Self {
        let queries = Semaphore::new(QUERIES_AT_ONCE);
        Self(Arc::new(Shared { upstream, clock, queries, state: Mutex::default() }))
    }
}

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str, family: AddressFamily) -> Result<Resolved, ResolveError> {
        let key = Key::new(name, family);
        let (mut flight, last_good) = {
            let now = self.0.clock.mono();
            let mut state = self.0.lock();
            match state.cache.look(&key, now) {
                Verdict::Fresh(address) => return Ok(Resolved { address, stale: false }),
                Verdict::Stale(address) => return Ok(Resolved { address, stale: true }),
                Verdict::Failed(error) => return Err(error),
                Verdict::Ask(last_good) => (self.0.join(&mut state, key), last_good),
            }
        };
        let patience = if last_good.is_some() { PATIENCE_WITH_ADDRESS } else { PATIENCE };
        let failure = match timeout(patience, flight.wait_for(Option::is_some)).await {
            Ok(Ok(outcome)) => match outcome.as_ref() {
                Some(outcome) => return outcome.clone(),
                None => "no outcome".to_owned(),
            },
            Ok(Err(_)) => "the query was given up".to_owned(),
            Err(_) => format!("no answer within {} s", patience.as_secs()),
        };
        stale_or(last_good, ResolveError::Lookup { name: name.to_owned(), reason: failure })
    }
}

impl Shared {
    /// The query under way for `key`, started if there is none.
    fn join(self: &Arc<Self>, state: &mut State, key: Key) -> Flight {
        if let Some(flight) = state.flights.get(&key) {
            return flight.clone();
        }
        let (landed, flight) = watch::channel(None);
        state.flights.insert(key.clone(), flight.clone());
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            // Takes the flight off the list even when the query panics.
            let landing = Landing { shared: &shared, key: &key };
            let outcome = shared.ask(&key).await;
            drop(landing);
            landed.send_replace(Some(outcome));
        });
        flight
    }

    async fn ask(&self, key: &Key) -> Outcome {
        // The semaphore is never closed; were it, going on without a permit is right.
        let _permit = self.queries.acquire().await;
        let query = self.upstream.lookup(key.name(), key.family);
        let answer = timeout(QUERY_LIMIT, query).await.unwrap_or_else(|_| {
            let reason = format!("no answer within {} s", QUERY_LIMIT.as_secs());
            Err(ResolveError::Lookup { name: key.name().to_owned(), reason })
        });
        let now = self.clock.mono();
        let mut state = self.lock();
        match answer {
            Ok(answer) => match state.cache.learn(key, &answer.addresses, answer.ttl, now) {
                Some(address) => Ok(Resolved { address, stale: false }),
                None => Err(ResolveError::NoAddress { family: key.family }),
            },
            Err(error) => stale_or(state.cache.fail(key, error.clone(), now), error),
        }
    }

    /// Every change under the lock leaves the state whole, so a panic of another holder does not matter.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stale_or(last_good: Option<IpAddr>, error: ResolveError) -> Outcome {
    last_good.map(|address| Resolved { address, stale: true }).ok_or(error)
}

struct Landing<'a> {
    shared: &'a Shared,
    key: &'a Key,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.shared.lock().flights.remove(self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::upstream::Answer;
    use super::*;
    use crate::testing::VirtualClock;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    /// Answers each query as `answer` says, after `delay`.
    #[derive(Debug)]
    struct Scripted {
        queries: Arc<AtomicU32>,
        delay: Arc<Mutex<Duration>>,
        answer: Arc<Mutex<Result<Answer, ResolveError>>>,
    }

    #[async_trait]
    impl Upstream for Scripted {
        async fn lookup(&self, _: &str, _: AddressFamily) -> Result<Answer, ResolveError> {
            self.queries.fetch_add(1, Ordering::Relaxed);
            let delay = *self.delay.lock().unwrap();
            pass(delay).await;
            self.answer.lock().unwrap().clone()
        }
    }

    struct Bench {
        resolver: SystemResolver,
        queries: Arc<AtomicU32>,
        delay: Arc<Mutex<Duration>>,
        answer: Arc<Mutex<Result<Answer, ResolveError>>>,
    }

    impl Bench {
        fn new() -> Self {
            let queries = Arc::<AtomicU32>::default();
            let delay = Arc::new(Mutex::new(Duration::from_millis(10)));
            let answer = Ok(Answer { addresses: vec![A], ttl: Duration::from_secs(60) });
            let answer = Arc::new(Mutex::new(answer));
            let upstream =
                Scripted { queries: Arc::clone(&queries), delay: Arc::clone(&delay), answer: Arc::clone(&answer) };
            Self { resolver: SystemResolver::over(Box::new(upstream), VirtualClock::start()), queries, delay, answer }
        }

        fn die(&self) {
            *self.delay.lock().unwrap() = Duration::from_secs(3600);
        }

        fn queries(&self) -> u32 {
            self.queries.load(Ordering::Relaxed)
        }

        async fn resolve(&self) -> Outcome {
            self.resolver.resolve("s3.example", AddressFamily::Any).await
        }

        /// The outcome, and how long it took to come.
        async fn timed(&self) -> (Outcome, Duration) {
            let start = self.resolver.0.clock.mono();
            let outcome = self.resolve().await;
            (outcome, self.resolver.0.clock.mono().saturating_since(start))
        }
    }

    async fn pass(time: Duration) {
        timeout(time, std::future::pending::<()>()).await.unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn many_rounds_that_want_one_name_share_one_query() {
        let bench = Bench::new();
        let all = futures_util::future::join_all((0..1000).map(|_| bench.resolve())).await;
        assert!(all.iter().all(|outcome| *outcome == Ok(Resolved { address: A, stale: false })));
        assert_eq!(bench.queries(), 1);
        pass(Duration::from_secs(59)).await;
        bench.resolve().await.unwrap();
        assert_eq!(bench.queries(), 1);
        pass(Duration::from_secs(2)).await;
        bench.resolve().await.unwrap();
        assert_eq!(bench.queries(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn dead_server_costs_a_query_and_a_second_a_round_and_the_last_good_address_stays() {
        let bench = Bench::new();
        bench.resolve().await.unwrap();
        bench.die();
        for round in 0..100 {
            pass(Duration::from_secs(300)).await;
            let (outcome, took) = bench.timed().await;
            assert_eq!(outcome, Ok(Resolved { address: A, stale: true }));
            assert_eq!(took, Duration::from_secs(1));
            assert_eq!(bench.queries(), 2 + round);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn name_that_never_resolved_is_given_up_after_four_seconds_then_at_once() {
        let bench = Bench::new();
        bench.die();
        let (outcome, took) = bench.timed().await;
        assert!(matches!(outcome, Err(ResolveError::Lookup { .. })));
        assert_eq!(took, Duration::from_secs(4));
        pass(Duration::from_secs(5)).await;
        let (outcome, took) = bench.timed().await;
        assert!(outcome.is_err());
        assert_eq!((took, bench.queries()), (Duration::ZERO, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn late_answer_serves_the_next_round() {
        let bench = Bench::new();
        *bench.delay.lock().unwrap() = Duration::from_secs(6);
        assert!(bench.resolve().await.is_err());
        pass(Duration::from_secs(10)).await;
        assert_eq!(bench.timed().await, (Ok(Resolved { address: A, stale: false }), Duration::ZERO));
        assert_eq!(bench.queries(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn recovery_ends_the_staleness() {
        let bench = Bench::new();
        bench.resolve().await.unwrap();
        pass(Duration::from_secs(100)).await;
        *bench.answer.lock().unwrap() = Err(ResolveError::NoAddress { family: AddressFamily::Any });
        assert_eq!(bench.resolve().await, Ok(Resolved { address: A, stale: true }));
        pass(Duration::from_secs(100)).await;
        *bench.answer.lock().unwrap() = Ok(Answer { addresses: vec![A], ttl: Duration::from_secs(60) });
        assert_eq!(bench.resolve().await, Ok(Resolved { address: A, stale: false }));
    }

    #[tokio::test(start_paused = true)]
    async fn dead_names_do_not_hold_up_a_living_one() {
        /// Names that start with `dead` never answer.
        #[derive(Debug)]
        struct Half;

        #[async_trait]
        impl Upstream for Half {
            async fn lookup(&self, name: &str, _: AddressFamily) -> Result<Answer, ResolveError> {
                if name.starts_with("dead") {
                    std::future::pending::<()>().await;
                }
                Ok(Answer { addresses: vec![A], ttl: Duration::from_secs(60) })
            }
        }

        let resolver = SystemResolver::over(Box::new(Half), VirtualClock::start());
        let dead = (0..200).map(|number| {
            let resolver = resolver.clone();
            async move { resolver.resolve(&format!("dead{number}"), AddressFamily::Any).await }
        });
        let dead = tokio::spawn(futures_util::future::join_all(dead));
        tokio::task::yield_now().await;
        let clock = Arc::clone(&resolver.0.clock);
        let start = clock.mono();
        resolver.resolve("alive", AddressFamily::Any).await.unwrap();
        assert_eq!(clock.mono().saturating_since(start), Duration::ZERO);
        assert!(dead.await.unwrap().iter().all(Result::is_err));
    }

    #[tokio::test(start_paused = true)]
    async fn query_that_panics_fails_its_own_name_and_may_be_asked_again() {
        #[derive(Debug)]
        struct Panics;

        #[async_trait]
        impl Upstream for Panics {
            async fn lookup(&self, _: &str, _: AddressFamily) -> Result<Answer, ResolveError> {
                panic!("a bug in the resolver");
            }
        }

        let resolver = SystemResolver::over(Box::new(Panics), VirtualClock::start());
        for _ in 0..2 {
            let error = resolver.resolve("s3.example", AddressFamily::Any).await.unwrap_err();
            assert!(error.to_string().contains("given up"), "{error}");
        }
    }
}
