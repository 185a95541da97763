//! Answers with status 200 that say in a code whether the message was taken.

use std::time::Duration;

use serde_json::Value;

use super::Answer;
use crate::notify::{Delivered, DeliveryError};

/// What a service said of a message.
#[derive(Debug)]
pub(in crate::notify) struct Coded {
    place: String,
    code: i64,
    said: String,
}

/// What a code means for the message.
pub(in crate::notify) struct Meaning {
    hopeless: bool,
    what: &'static str,
    wait: Option<Duration>,
}

impl Coded {
    /// Reads an object that has the code under the first of `names` that is there, and under `said` what is said of it.
    pub(in crate::notify) fn read(answer: &Answer, names: &[&str], said: &str) -> Result<Self, DeliveryError> {
        let place = answer.place();
        let read = serde_json::from_slice::<Value>(&answer.body).ok();
        let code = read.as_ref().and_then(|body| names.iter().find_map(|name| body.get(name)?.as_i64()));
        if let (Some(body), Some(code)) = (read, code) {
            let said = body.get(said).and_then(Value::as_str).unwrap_or_default();
            return Ok(Self { place, code, said: answer.clean(said) });
        }
        let why = answer.cut().map_or_else(|| answer.excerpt(), str::to_owned);
        Err(DeliveryError::transient(format!(
            "{place} answered {}, but not as this service does, check the address: {why}",
            answer.status
        )))
    }

    /// The message was not taken.
    pub(in crate::notify) fn failed(&self) -> bool {
        self.code != 0
    }

    /// Code 0 is success; `meaning` tells of the others.
    pub(in crate::notify) fn judge(
        self,
        meaning: impl FnOnce(i64, &str) -> Meaning,
    ) -> Result<Delivered, DeliveryError> {
        let Self { place, code, said } = self;
        if code == 0 {
            return Ok(Delivered::with(said));
        }
        let Meaning { hopeless, what, wait } = meaning(code, &said);
        let reason = format!("{place} answered code {code}: {what}; it said: {said}");
        Err(if hopeless {
            DeliveryError::Permanent { reason }
        } else {
            DeliveryError::Transient { reason, retry_after: wait }
        })
    }

    /// Somebody has to change something first.
    pub(in crate::notify) fn hopeless(what: &'static str) -> Meaning {
        Meaning { hopeless: true, what, wait: None }
    }

    /// Later it may work.
    pub(in crate::notify) fn later(what: &'static str, wait: Option<Duration>) -> Meaning {
        Meaning { hopeless: false, what, wait }
    }
}
