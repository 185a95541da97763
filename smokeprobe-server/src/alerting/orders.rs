//! What people ask of the alerts, done between two rounds.

use std::sync::Arc;

use smokeprobe_alerts::{Acknowledgement, EngineError, MessageId, OutboxError, Silence};
use smokeprobe_core::{SeriesId, WallTime};
use tokio::sync::oneshot;

use super::clerk::Clerk;
use super::desk::Refusal;
use super::trial::{self, Tested, Trial};

/// Silences that people may have set: each is looked at for each event.
pub(super) const SILENCES: usize = 1000;

impl Clerk {
    pub(super) fn acknowledge(
        &mut self,
        series: &SeriesId,
        alert: &str,
        acknowledgement: Acknowledgement,
    ) -> Result<(), Refusal> {
        let (author, comment) = (acknowledgement.author.clone(), acknowledgement.comment.clone());
        self.engine.acknowledge(series, alert, acknowledgement)?;
        tracing::info!(author, comment, "alert {alert} of {series} is acknowledged");
        Ok(())
    }

    pub(super) fn silence(&mut self, now: WallTime, silence: Silence) -> Result<Arc<str>, Refusal> {
        let set = self.engine.silences(now).count().saturating_sub(self.arrangement.plan.maintenance.len());
        if set >= SILENCES {
            return Err(Refusal::Wrong(format!(
                "there are {set} silences already: take back some that are not needed"
            )));
        }
        let id = self.free_id(now);
        tracing::info!(author = silence.author, comment = silence.comment, "silence {id} is set");
        self.engine.silence(Silence { id: Arc::clone(&id), ..silence });
        Ok(id)
    }

    pub(super) fn unsilence(&mut self, id: &str) -> Result<(), Refusal> {
        self.engine.unsilence(id)?;
        tracing::info!("silence {id} is taken back");
        Ok(())
    }

    pub(super) fn retry(&mut self, now: WallTime, id: MessageId) -> Result<(), Refusal> {
        self.outbox.retry(now, id)?;
        tracing::info!("message {} is tried again", id.0);
        Ok(())
    }

    pub(super) fn dismiss(&mut self, id: MessageId) -> Result<(), Refusal> {
        self.outbox.dismiss(id)?;
        tracing::info!("message {} is dismissed", id.0);
        Ok(())
    }

    pub(super) fn test(&mut self, now: WallTime, trial: &Trial, answer: oneshot::Sender<Result<Vec<Tested>, Refusal>>) {
        let messages = match trial::messages(&self.arrangement.plan, Some(&*self.store), now, trial) {
            Ok(messages) => messages,
            Err(refusal) => return drop(answer.send(Err(refusal))),
        };
        let arrangement = Arc::clone(&self.arrangement);
        let delivery = async move {
            // Whoever asked may have gone.
            let _ = answer.send(Ok(trial::deliver(&arrangement.notifiers, messages).await));
        };
        if let Err(error) = self.courier.spawn(delivery) {
            tracing::error!("the system gives no thread to deliver on: {error}");
        }
    }

    /// An id that is short enough to be typed.
    fn free_id(&self, now: WallTime) -> Arc<str> {
        let mut number = now.unix_nanos() / 1_000_000_000;
        loop {
            let id = format!("s{number:x}");
            if self.engine.silences(now).all(|(silence, _)| *silence.id != *id) {
                return id.into();
            }
            number += 1;
        }
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Maintenance(_) => Self::Wrong(error.to_string()),
            _ => Self::NotFound(error.to_string()),
        }
    }
}

impl From<OutboxError> for Refusal {
    fn from(error: OutboxError) -> Self {
        match error {
            OutboxError::NoSuchLetter(_) => Self::NotFound(error.to_string()),
            _ => Self::Wrong(error.to_string()),
        }
    }
}
