//! Credentials: where they come from, and how long they are kept.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use smokeprobe_core::WallTime;
use tokio::sync::Mutex;

use super::super::DeliveryError;
use super::super::http::{Answer, Client};
use super::{Env, container, imds, profile, web_identity};

/// Renewed this long before they expire.
const EARLY: Duration = Duration::from_secs(5 * 60);

/// After a source failed it is not asked again for this long: the messages to all recipients fail at once with what it
/// said, and do not wait for it one after the other.
pub(super) const PAUSE: Duration = Duration::from_secs(5);

/// Who we are.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
    pub(super) expires: Option<WallTime>,
    /// Where they are from, in words.
    pub(super) source: &'static str,
}

/// Finds credentials and keeps those that expire.
pub(super) struct Credentials {
    client: Client,
    env: Env,
    // Held while they are fetched: who comes meanwhile waits for the same answer.
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    keys: Option<Keys>,
    failed: Option<(WallTime, DeliveryError)>,
}

impl Credentials {
    pub(super) fn new(client: Client, env: Env) -> Self {
        Self { client, env, kept: Mutex::default() }
    }

    /// Credentials that are valid now.
    pub(super) async fn keys(&self) -> Result<Keys, DeliveryError> {
        let mut kept = self.kept.lock().await;
        let now = self.client.now();
        if let Some(keys) = kept.keys.as_ref().filter(|keys| keys.hold(now + EARLY)) {
            return Ok(keys.clone());
        }
        let recent = kept.failed.as_ref().filter(|(at, _)| *at <= now && now < *at + PAUSE);
        let error = match recent {
            Some((_, error)) => error.clone(),
            None => match self.look_for().await {
                Ok(keys) => {
                    // Those that do not expire are read anew each time: it costs little, and they may be replaced.
                    kept.keys = keys.expires.map(|_| keys.clone());
                    kept.failed = None;
                    return Ok(keys);
                }
                Err(error) => {
                    // The clock may have gone on while the source was asked.
                    kept.failed = Some((self.client.now(), error.clone()));
                    error
                }
            },
        };
        match &kept.keys {
            Some(keys) if keys.hold(now) => {
                tracing::warn!(source = keys.source, %error, "AWS credentials are not renewed yet, the old ones still hold");
                Ok(keys.clone())
            }
            _ => Err(error),
        }
    }

    /// These were refused: the next message fetches others.
    pub(super) async fn forget(&self, refused: &Keys) {
        let mut kept = self.kept.lock().await;
        if kept.keys.as_ref() == Some(refused) {
            kept.keys = None;
        }
    }

    /// The first source that is there. One that is there and fails ends the search: to go on as somebody else would
    /// hide the fault.
    async fn look_for(&self) -> Result<Keys, DeliveryError> {
        let Self { client, env, .. } = self;
        if let Some(keys) = of_environment(env)? {
            return Ok(keys);
        }
        if let Some(keys) = web_identity::keys(client, env).await? {
            return Ok(keys);
        }
        if let Some(keys) = profile::read(env).await?.and_then(|profile| profile.keys) {
            return Ok(keys);
        }
        if let Some(keys) = container::keys(client, env).await? {
            return Ok(keys);
        }
        imds::keys(client, env).await
    }
}

fn of_environment(env: &Env) -> Result<Option<Keys>, DeliveryError> {
    let missing = |name: &str, there: &str| {
        Err(DeliveryError::permanent(format!("{there} is set and {name} is not: set both where the server is started")))
    };
    match (env.read("AWS_ACCESS_KEY_ID"), env.read("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => {
            let token = env.read("AWS_SESSION_TOKEN");
            Ok(Some(Keys { id, secret, token, expires: None, source: "the environment" }))
        }
        (None, None) => Ok(None),
        (Some(_), None) => missing("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
        (None, Some(_)) => missing("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    }
}

impl Keys {
    /// Valid at this time.
    fn hold(&self, at: WallTime) -> bool {
        self.expires.is_none_or(|expires| at < expires)
    }

    /// What must not be shown.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        [Some(self.secret.as_str()), self.token.as_deref()].into_iter().flatten()
    }

    /// Reads the JSON in which endpoints of containers and instances give credentials.
    pub(super) fn of_answer(answer: &Answer, source: &'static str) -> Result<Self, DeliveryError> {
        let place = answer.place();
        // What is read may hold a secret: of a fault only the kind is told.
        let given: Given = serde_json::from_slice(&answer.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            DeliveryError::transient(format!(
                "{place} gave no credentials: its answer is not the JSON of any (line {line}, column {column})"
            ))
        })?;
        let given = match given {
            Given { code: Some(code), .. } if code != "Success" => {
                return Err(DeliveryError::transient(format!(
                    "{place} gave no credentials: it says {}; check the trust policy of the role",
                    answer.clean(&code)
                )));
            }
            given => given,
        };
        let expires = match given.expiration.as_deref().map(chrono::DateTime::parse_from_rfc3339) {
            None => None,
            Some(Ok(at)) => Some(WallTime::from_unix_secs(at.timestamp())),
            Some(Err(_)) => {
                return Err(DeliveryError::transient(format!(
                    "{place} gave credentials whose Expiration is not a time"
                )));
            }
        };
        match (given.access_key_id, given.secret_access_key) {
            (Some(id), Some(secret)) if !id.is_empty() && !secret.is_empty() => {
                Ok(Self { id, secret, token: given.token.filter(|token| !token.is_empty()), expires, source })
            }
            _ => Err(DeliveryError::transient(format!("{place} gave credentials without a key"))),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    code: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    token: Option<String>,
    expiration: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("source", &self.source).field("expires", &self.expires).finish_non_exhaustive()
    }
}
