//! A dynamic host tells its address: `target=A.B` and `secret`, from the host itself.
//!
//! 1. The address is the other end of the connection, and nothing that the request says. Through a proxy that end is the
//!    proxy, so such a request is refused rather than the proxy measured.
//! 2. Only the hash of the secret is known, from the configuration.
//! 3. SmokePing's own secrets are numbers below a million: who guesses is soon turned away for the rest of the minute.
//! 4. Whoever guesses cannot fill the log or the memory.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use smokeprobe_core::{MonoTime, TargetPath};

use super::super::error::ApiError;
use super::super::serve::Peer;
use super::super::{WebState, alerts, describe};
use crate::config::plan::TargetHost;
use crate::dynamic;

/// Wrong secrets a minute that one address may send.
const WRONG: u32 = 20;

/// Addresses at most whose wrong secrets are counted apart; the others share one count.
const GUESSERS: usize = 1024;

const MINUTE: Duration = Duration::from_secs(60);

/// What became of the updates, and who guesses.
#[derive(Debug, Default)]
pub(in crate::web) struct Updates {
    /// Addresses written.
    pub(in crate::web) changed: AtomicU64,
    /// The host has the address still.
    pub(in crate::web) unchanged: AtomicU64,
    /// Wrong secrets, and tries of those who sent too many.
    pub(in crate::web) refused: AtomicU64,
    /// The file could not be written.
    pub(in crate::web) failed: AtomicU64,
    guesses: Mutex<Guesses>,
    /// One file is written at a time.
    writing: Mutex<()>,
}

/// The wrong secrets of the current minute.
#[derive(Debug, Default)]
struct Guesses {
    since: Option<MonoTime>,
    wrong: HashMap<IpAddr, u32>,
}

impl Guesses {
    /// Forgets those of an earlier minute.
    fn at(&mut self, now: MonoTime) -> &mut Self {
        if self.since.is_none_or(|since| now.saturating_since(since) >= MINUTE) {
            *self = Self { since: Some(now), wrong: HashMap::new() };
        }
        self
    }

    /// Counts apart, or together with everybody else.
    fn counted_as(&self, peer: IpAddr) -> IpAddr {
        let known = self.wrong.contains_key(&peer) || self.wrong.len() < GUESSERS;
        if known { peer } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) }
    }

    fn turned_away(&self, peer: IpAddr) -> bool {
        self.wrong.get(&self.counted_as(peer)).is_some_and(|wrong| *wrong >= WRONG)
    }

    /// Counts a wrong secret; whether it is the minute's first.
    fn wrong(&mut self, peer: IpAddr) -> bool {
        let first = self.wrong.is_empty();
        *self.wrong.entry(self.counted_as(peer)).or_default() += 1;
        first
    }
}

/// Who may be one guesser: an IPv6 host has its whole /64.
fn guesser(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

pub(super) async fn update(web: &WebState, parts: &Parts, target: &str, secret: &str) -> Result<Response, ApiError> {
    let Some(Peer(peer)) = parts.extensions.get::<Peer>() else {
        return Err(ApiError::internal("the other end of this connection is not known"));
    };
    let peer = peer.ip().to_canonical();
    let updates = Arc::clone(&web.updates);
    let (now, guesser) = (web.clock.mono(), guesser(peer));
    let guesses = || updates.guesses.lock().unwrap_or_else(PoisonError::into_inner);
    if guesses().at(now).turned_away(guesser) {
        updates.refused.fetch_add(1, Ordering::Relaxed);
        return Err(ApiError::too_often("too many wrong secrets came from your address; try again in a minute"));
    }

    let plan = web.live.plan.load_full();
    let shown: String = target.chars().take(80).collect();
    let unknown = || ApiError::not_found(format!("the configuration has no target {shown}"));
    let path: TargetPath = target.parse().map_err(|_| unknown())?;
    let target = describe::find(&plan, &path).and_then(|node| node.target.as_ref()).ok_or_else(unknown)?;
    let TargetHost::Dynamic { secret_hash } = &target.host else {
        return Err(ApiError::not_found(format!("{path} has an address of its own: its host is not DYNAMIC")));
    };
    let Some(known) = secret_hash else {
        let message = format!("{path} has no secret yet: `smokeprobe-server dynamic {path}` makes one");
        return Err(ApiError::forbidden(message));
    };
    if !dynamic::is_secret(secret, known) {
        updates.refused.fetch_add(1, Ordering::Relaxed);
        if guesses().at(now).wrong(guesser) {
            tracing::warn!(target = %path, %peer, "a wrong secret for a dynamic host; more of this minute are counted only");
        }
        return Err(ApiError::forbidden("this is not the secret of that target"));
    }
    if alerts::through_proxy(&parts.headers) {
        let message =
            "this came through a proxy, so that the address of the host is not known; connect to the server itself";
        return Err(ApiError::forbidden(message));
    }

    let file = dynamic::address_file(&plan, target);
    let keep = {
        let updates = Arc::clone(&updates);
        move || {
            let _one = updates.writing.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(dynamic::keep(&file, peer).map_err(|error| (file, error)))
        }
    };
    let said = match web.workers.run(keep).await? {
        Ok(true) => {
            updates.changed.fetch_add(1, Ordering::Relaxed);
            tracing::info!(target = %path, address = %peer, "a dynamic host has a new address");
            format!("{path} is at {peer} now\n")
        }
        Ok(false) => {
            updates.unchanged.fetch_add(1, Ordering::Relaxed);
            format!("{path} is still at {peer}\n")
        }
        Err((file, error)) => {
            let before = updates.failed.fetch_add(1, Ordering::Relaxed);
            // Whoever has a secret must not fill the log either.
            if before.is_power_of_two() || before == 0 {
                tracing::error!(file = %file.display(), %error, "cannot keep the address of a dynamic host");
            }
            return Err(ApiError::internal(format!("the address cannot be kept: {}", error.kind())));
        }
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, said).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn guesser_is_turned_away_for_the_rest_of_the_minute() {
        let (mut guesses, start) = (Guesses::default(), MonoTime::ORIGIN);
        for number in 0..WRONG {
            assert!(!guesses.at(start).turned_away(peer(7)), "{number}");
            assert_eq!(guesses.at(start).wrong(peer(7)), number == 0, "only the first is told");
        }
        assert!(guesses.at(start + MINUTE / 2).turned_away(peer(7)));
        assert!(!guesses.at(start + MINUTE / 2).turned_away(peer(8)), "others are not");
        assert!(!guesses.at(start + MINUTE).turned_away(peer(7)));
    }

    #[test]
    fn memory_of_guessers_is_bounded() {
        let (mut guesses, start) = (Guesses::default(), MonoTime::ORIGIN);
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
    }
}
