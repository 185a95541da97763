//! Who guesses secrets, and how often: counted for a minute at a time, in bounded memory.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use smokeprobe_core::MonoTime;

/// Addresses at most whose wrong guesses are counted apart; the others share one count.
const GUESSERS: usize = 1024;

const MINUTE: Duration = Duration::from_secs(60);

/// The wrong guesses of the current minute.
#[derive(Debug)]
pub(super) struct Guesses {
    /// Wrong ones that an address may send in a minute.
    most: u32,
    since: Option<MonoTime>,
    wrong: HashMap<IpAddr, u32>,
}

impl Guesses {
    pub(super) fn new(most: u32) -> Self {
        Self { most, since: None, wrong: HashMap::new() }
    }

    /// Forgets those of an earlier minute.
    pub(super) fn at(&mut self, now: MonoTime) -> &mut Self {
        if self.since.is_none_or(|since| now.saturating_since(since) >= MINUTE) {
            *self = Self { since: Some(now), ..Self::new(self.most) };
        }
        self
    }

    pub(super) fn turned_away(&self, peer: IpAddr) -> bool {
        self.wrong.get(&self.counted_as(peer)).is_some_and(|wrong| *wrong >= self.most)
    }

    /// Counts a wrong guess; whether it is the minute's first.
    pub(super) fn wrong(&mut self, peer: IpAddr) -> bool {
        let first = self.wrong.is_empty();
        *self.wrong.entry(self.counted_as(peer)).or_default() += 1;
        first
    }

    /// Takes back one that was counted before it was known to be right.
    pub(super) fn right(&mut self, peer: IpAddr) {
        let counted = self.counted_as(peer);
        if let Some(wrong) = self.wrong.get_mut(&counted) {
            *wrong = wrong.saturating_sub(1);
            if *wrong == 0 {
                self.wrong.remove(&counted);
            }
        }
    }

    /// Counts apart, or together with everybody else.
    fn counted_as(&self, peer: IpAddr) -> IpAddr {
        let known = self.wrong.contains_key(&peer) || self.wrong.len() < GUESSERS;
        if known { peer } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) }
    }
}

/// Who may be one guesser: an IPv6 host has its whole /64.
pub(super) fn guesser(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u32 = 20;

    fn peer(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn guesser_is_turned_away_for_the_rest_of_the_minute() {
        let (mut guesses, start) = (Guesses::new(MOST), MonoTime::ORIGIN);
        for number in 0..MOST {
            assert!(!guesses.at(start).turned_away(peer(7)), "{number}");
            assert_eq!(guesses.at(start).wrong(peer(7)), number == 0, "only the first is told");
        }
        assert!(guesses.at(start + MINUTE / 2).turned_away(peer(7)));
        assert!(!guesses.at(start + MINUTE / 2).turned_away(peer(8)), "others are not");
        assert!(!guesses.at(start + MINUTE).turned_away(peer(7)));
    }

    #[test]
    fn right_one_is_not_counted() {
        let (mut guesses, start) = (Guesses::new(1), MonoTime::ORIGIN);
        for _ in 0..3 {
            assert!(!guesses.at(start).turned_away(peer(7)));
            guesses.at(start).wrong(peer(7));
            guesses.at(start).right(peer(7));
        }
        assert!(guesses.wrong.is_empty());
    }

    #[test]
    fn memory_of_guessers_is_bounded() {
        let (mut guesses, start) = (Guesses::new(MOST), MonoTime::ORIGIN);
        for number in 0..100_000 {
            guesses.at(start).wrong(peer(number));
        }
        assert!(guesses.wrong.len() <= GUESSERS + 1);
        assert!(guesses.at(start).turned_away(peer(200_000)), "those whom nobody counts share one count");
    }

    #[test]
    fn addresses_of_one_ipv6_host_are_one_guesser() {
        let of = |address: &str| guesser(address.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
