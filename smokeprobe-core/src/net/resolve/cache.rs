//! What is known of names: pure bookkeeping, told the time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{AddressFamily, ResolveError};
use crate::time::MonoTime;

/// The longest that an answer is believed, whatever its TTL: a change of the hosts file is seen within this time.
const LONGEST: Duration = Duration::from_secs(600);
/// The shortest, so that several series of one name share one query even when its TTL is 0.
const SHORTEST: Duration = Duration::from_secs(1);
/// How long a failure is believed (RFC 2308, 7: at most five minutes). Shorter than any usual step, so that a round
/// asks once, and longer than a round's own retries could be.
const HOLD: Duration = Duration::from_secs(10);
/// A name unused for this long is forgotten when room is needed. Longer than any usual step.
const UNUSED: Duration = Duration::from_secs(2 * 86_400);
/// The most names remembered. Redirects are the one way for a stranger to make us look up names.
const CAPACITY: usize = 65_536;

/// A name and the family wanted of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    name: Arc<str>,
    pub(super) family: AddressFamily,
}

impl Key {
    /// Names differ in case only by accident (RFC 4343).
    pub(super) fn new(name: &str, family: AddressFamily) -> Self {
        Self { name: name.to_ascii_lowercase().into(), family }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// What to do about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its TTL lasts.
    Fresh(IpAddr),
    /// It failed just now; go on with the last good address.
    Stale(IpAddr),
    /// It failed just now, and there has never been an address.
    Failed(ResolveError),
    /// Ask. Should there be no answer in time, this is the last good address.
    Ask(Option<IpAddr>),
}

/// Every name that was asked for, with its last good address.
#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: HashMap<Key, Entry>,
    /// Look for names to forget when there are this many.
    sweep_at: usize,
}

#[derive(Debug)]
struct Entry {
    last_good: Option<IpAddr>,
    /// The newest outcome, and how long it holds.
    failure: Option<ResolveError>,
    until: MonoTime,
    used: MonoTime,
}

impl Cache {
    /// What to do about `key`.
    pub(super) fn look(&mut self, key: &Key, now: MonoTime) -> Verdict {
        let Some(entry) = self.entries.get_mut(key) else { return Verdict::Ask(None) };
        entry.used = now;
        if now >= entry.until {
            return Verdict::Ask(entry.last_good);
        }
        match (&entry.failure, entry.last_good) {
            (None, Some(address)) => Verdict::Fresh(address),
            (Some(_), Some(address)) => Verdict::Stale(address),
            (Some(failure), None) => Verdict::Failed(failure.clone()),
            (None, None) => Verdict::Ask(None),
        }
    }

    /// Learns the addresses of `key`, at least one. Returns the one to measure: the last one as long as the name still
    /// has it, so that a server which shuffles its answers does not shuffle our history.
    pub(super) fn learn(&mut self, key: &Key, addresses: &[IpAddr], ttl: Duration, now: MonoTime) -> Option<IpAddr> {
        let entry = self.entry(key, now);
        let address = entry.last_good.filter(|last| addresses.contains(last)).or_else(|| addresses.first().copied())?;
        entry.last_good = Some(address);
        entry.failure = None;
        entry.until = now + ttl.clamp(SHORTEST, LONGEST);
        Some(address)
    }

    /// Learns that `key` could not be looked up. Returns its last good address.
    pub(super) fn fail(&mut self, key: &Key, failure: ResolveError, now: MonoTime) -> Option<IpAddr> {
        let entry = self.entry(key, now);
        entry.failure = Some(failure);
        entry.until = now + HOLD;
        entry.last_good
    }

    fn entry(&mut self, key: &Key, now: MonoTime) -> &mut Entry {
        if !self.entries.contains_key(key) && self.entries.len() >= self.sweep_at {
            self.sweep(now);
        }
        self.entries.entry(key.clone()).or_insert(Entry { last_good: None, failure: None, until: now, used: now })
    }

    /// Forgets what has long been unused, and whatever was unused longest where that is not enough. Each sweep makes
    /// room for as many names as stay, so its cost is spread over them.
    fn sweep(&mut self, now: MonoTime) {
        self.entries.retain(|_, entry| now.saturating_since(entry.used) < UNUSED);
        if self.entries.len() >= CAPACITY {
            let mut used: Vec<MonoTime> = self.entries.values().map(|entry| entry.used).collect();
            let (_, &mut middle, _) = used.select_nth_unstable(CAPACITY / 2);
            self.entries.retain(|_, entry| entry.used > middle);
        }
        self.sweep_at = (self.entries.len() * 2).clamp(1024, CAPACITY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn at(secs: u64) -> MonoTime {
        MonoTime::ORIGIN + Duration::from_secs(secs)
    }

    fn key(name: &str) -> Key {
        Key::new(name, AddressFamily::Any)
    }

    fn failure() -> ResolveError {
        ResolveError::NoAddress { family: AddressFamily::Any }
    }

    #[test]
    fn address_is_fresh_for_its_ttl_and_asked_for_again_after_it() {
        let mut cache = Cache::default();
        assert_eq!(cache.look(&key("a"), at(0)), Verdict::Ask(None));
        cache.learn(&key("a"), &[A], Duration::from_secs(30), at(0));
        assert_eq!(cache.look(&key("A"), at(29)), Verdict::Fresh(A));
        assert_eq!(cache.look(&key("a"), at(30)), Verdict::Ask(Some(A)));
    }

    #[test]
    fn ttl_is_believed_no_longer_than_ten_minutes() {
        let mut cache = Cache::default();
        cache.learn(&key("a"), &[A], Duration::MAX, at(0));
        assert_eq!(cache.look(&key("a"), at(600)), Verdict::Ask(Some(A)));
    }

    #[test]
    fn last_good_address_outlives_any_number_of_failures() {
        let mut cache = Cache::default();
        cache.learn(&key("a"), &[A], Duration::from_secs(30), at(0));
        for day in 1..100 {
            assert_eq!(cache.look(&key("a"), at(day * 86_400)), Verdict::Ask(Some(A)));
            assert_eq!(cache.fail(&key("a"), failure(), at(day * 86_400)), Some(A));
            assert_eq!(cache.look(&key("a"), at(day * 86_400 + 9)), Verdict::Stale(A));
        }
    }

    #[test]
    fn failure_without_an_address_holds_for_ten_seconds() {
        let mut cache = Cache::default();
        assert_eq!(cache.fail(&key("a"), failure(), at(0)), None);
        assert_eq!(cache.look(&key("a"), at(9)), Verdict::Failed(failure()));
        assert_eq!(cache.look(&key("a"), at(10)), Verdict::Ask(None));
    }

    #[test]
    fn shuffled_answers_keep_the_address_while_the_name_has_it() {
        let mut cache = Cache::default();
        let ttl = Duration::from_secs(1);
        assert_eq!(cache.learn(&key("a"), &[A, B], ttl, at(0)), Some(A));
        assert_eq!(cache.learn(&key("a"), &[B, A], ttl, at(1)), Some(A));
        assert_eq!(cache.learn(&key("a"), &[B], ttl, at(2)), Some(B));
    }

    #[test]
    fn a_flood_of_names_is_bounded_and_spares_the_ones_in_use() {
        let mut cache = Cache::default();
        cache.learn(&key("used"), &[A], Duration::from_secs(1), at(0));
        for number in 0..200_000_u64 {
            let now = MonoTime::from_nanos(1 + number);
            cache.look(&key("used"), now);
            cache.fail(&key(&format!("n{number}")), failure(), now);
        }
        assert!(cache.entries.len() <= CAPACITY, "{} names", cache.entries.len());
        assert_eq!(cache.look(&key("used"), at(9)), Verdict::Ask(Some(A)));
    }
}
