//! Trying passwords: one at a time, and few wrong ones.
//!
//! Argon2 is slow on purpose. So one try runs at once, on a thread for blocking work; a few wait, the rest is turned away; and
//! what was right is remembered for some minutes, for programs that send their password with every request.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use smokeprobe_core::MonoTime;

use super::super::error::ApiError;
use super::super::guesses::{Guesses, guesser};
use super::super::work::Workers;
use super::{Known, seal};
use crate::users::{Password, User};

/// Wrong passwords a minute that one address may send.
const WRONG: u32 = 10;

/// Tries that wait while one runs.
const WAITING: usize = 16;

/// How long, and how many, right passwords are remembered.
const REMEMBERED: (Duration, usize) = (Duration::from_secs(300), 256);

#[derive(Debug)]
pub(super) struct Passwords {
    tries: Workers,
    guesses: Mutex<Guesses>,
    /// Of what was right, a digest with a key of this process, and until when it is believed.
    right: Mutex<HashMap<[u8; 32], MonoTime>>,
    key: [u8; 32],
}

impl Passwords {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            tries: Workers::new(1, WAITING),
            guesses: Mutex::new(Guesses::new(WRONG)),
            right: Mutex::default(),
            key: seal::random()?,
        })
    }

    /// The user of this name and password. A name that nobody has takes as long as a wrong password, and is told alike.
    pub(super) async fn user(
        &self,
        known: Arc<Known>,
        name: String,
        password: Password,
        from: IpAddr,
        now: MonoTime,
    ) -> Result<User, ApiError> {
        let user = known.users.find(&name).cloned();
        let digest = user.as_ref().map(|user| self.digest(user, &password));
        if let (Some(user), Some(digest)) = (&user, &digest)
            && self.right().get(digest).is_some_and(|until| *until > now)
        {
            return Ok(user.clone());
        }
        let guesser = guesser(from);
        // Counted before it is known: who sends many at once must not have them all tried.
        let first = {
            let mut guesses = self.guesses();
            if guesses.at(now).turned_away(guesser) {
                let message = "too many wrong passwords came from your address; try again in a minute";
                return Err(ApiError::too_often(message));
            }
            guesses.wrong(guesser)
        };
        let tried = {
            let user = user.clone();
            let work = move || Ok(user.as_ref().map_or(&known.nobody, |user| &user.hash).is_of(&password));
            self.tries.run(work).await
        };
        match (tried, user, digest) {
            (Ok(true), Some(user), Some(digest)) => {
                self.guesses().at(now).right(guesser);
                self.remember(digest, now);
                Ok(user)
            }
            (Ok(_), ..) => {
                if first {
                    tracing::warn!(%from, "a wrong name or password; more of this minute are not told");
                }
                Err(ApiError::unauthorized("the name or the password is wrong"))
            }
            // It was never tried.
            (Err(busy), ..) => {
                self.guesses().at(now).right(guesser);
                Err(busy)
            }
        }
    }

    fn remember(&self, digest: [u8; 32], now: MonoTime) {
        let mut right = self.right();
        right.retain(|_, until| *until > now);
        if right.len() < REMEMBERED.1 {
            right.insert(digest, now + REMEMBERED.0);
        }
    }

    /// Over the hash too, so that another password of the user makes it another digest.
    fn digest(&self, user: &User, password: &Password) -> [u8; 32] {
        let parts = [user.name.as_str().as_bytes(), user.hash.as_str().as_bytes(), password.as_bytes()];
        seal::mac(&self.key, &parts).finalize().into_bytes().into()
    }

    fn guesses(&self) -> MutexGuard<'_, Guesses> {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn right(&self) -> MutexGuard<'_, HashMap<[u8; 32], MonoTime>> {
        self.right.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name and password of `Authorization: Basic …` (RFC 7617), in UTF-8. What is none counts as nothing sent.
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, Password)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), Password::typed(password)))
}
