//! A dynamic host tells its address: `target=A.B` and `secret`, from the host itself.
//!
//! 1. The address is the other end of the connection, and nothing that the request says. Through a proxy that end is the
//!    proxy, so such a request is refused rather than the proxy measured.
//! 2. Only the hash of the secret is known, from the configuration.
//! 3. SmokePing's own secrets are numbers below a million: who guesses is soon turned away for the rest of the minute.
//! 4. Strangers get one answer to everything that is wrong, so that they do not learn which targets there are.
//! 5. Whoever guesses cannot fill the log or the memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use smokeprobe_core::TargetPath;

use super::super::WebState;
use super::super::access::{Visitor, through_proxy};
use super::super::error::{ApiError, shown};
use super::super::guesses::{Guesses, guesser};
use super::super::serve::Peer;
use crate::config::Plan;
use crate::config::plan::{Target, TargetHost};
use crate::{describe, dynamic};

/// Wrong secrets a minute that one address may send.
const WRONG: u32 = 20;

const WRONG_SECRET: &str = "this is not the secret of that target";

/// What became of the updates, and who guesses.
#[derive(Debug)]
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

impl Default for Updates {
    fn default() -> Self {
        Self {
            changed: AtomicU64::default(),
            unchanged: AtomicU64::default(),
            refused: AtomicU64::default(),
            failed: AtomicU64::default(),
            guesses: Mutex::new(Guesses::new(WRONG)),
            writing: Mutex::default(),
        }
    }
}

/// Why an update is refused.
struct Fault {
    /// It is the secret that is wrong.
    wrong: bool,
    /// What those are told who may see the targets.
    error: ApiError,
}

/// The target with this secret.
fn proven<'a>(plan: &'a Plan, name: &str, secret: &str) -> Result<(TargetPath, &'a Target), Fault> {
    let fault = |error| Fault { wrong: false, error };
    let unknown = || fault(ApiError::not_found(format!("the configuration has no target {}", shown(name))));
    let path: TargetPath = name.parse().map_err(|_| unknown())?;
    let target = describe::find(plan, &path).and_then(|node| node.target.as_ref()).ok_or_else(unknown)?;
    let TargetHost::Dynamic { secret_hash } = &target.host else {
        let message = format!("{path} has an address of its own: its host is not DYNAMIC");
        return Err(fault(ApiError::not_found(message)));
    };
    let Some(known) = secret_hash else {
        let message = format!("{path} has no secret yet: `smokeprobe-server dynamic {path}` makes one");
        return Err(fault(ApiError::forbidden(message)));
    };
    if !dynamic::is_secret(secret, known) {
        return Err(Fault { wrong: true, error: ApiError::forbidden(WRONG_SECRET) });
    }
    Ok((path, target))
}

pub(super) async fn update(
    web: &WebState,
    visitor: &Visitor,
    parts: &Parts,
    target: &str,
    secret: &str,
) -> Result<Response, ApiError> {
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
    let shown = shown(target);
    let (path, target) = match proven(&plan, target, secret) {
        Ok(found) => found,
        Err(Fault { wrong: false, error }) if visitor.may_view() => return Err(error),
        Err(Fault { error, .. }) => {
            updates.refused.fetch_add(1, Ordering::Relaxed);
            if guesses().at(now).wrong(guesser) {
                tracing::warn!(target = ?shown, %peer, "a wrong secret for a dynamic host; more of this minute are counted only");
            }
            return Err(if visitor.may_view() { error } else { ApiError::forbidden(WRONG_SECRET) });
        }
    };
    if through_proxy(&parts.headers) {
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
