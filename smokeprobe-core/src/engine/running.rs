//! One round from its start to its end.

use std::sync::Arc;

use tokio::task::{AbortHandle, JoinSet};

use super::{EngineConfig, SeriesSpec};
use crate::probe::{ProbeError, RoundCx};
use crate::round::{Recorder, Round, RoundOrder, RoundResult, UnknownReason};
use crate::time::{MonoTime, WallTime};

/// A round whose probe is at work.
pub(super) struct Running {
    pub(super) task: AbortHandle,
    pub(super) deadline: MonoTime,
    order: RoundOrder,
    started: WallTime,
    recorder: Recorder,
}

/// How the probe's part of a round came to its end.
pub(super) enum End {
    /// The probe returned.
    Returned(Result<(), ProbeError>),
    /// The probe panicked.
    Panicked,
    /// The round's time was over.
    CutOff,
    /// The process stops, or the series ends or changes.
    Stopped,
}

impl Running {
    /// Starts the probe in a task of its own.
    pub(super) fn start(
        tasks: &mut JoinSet<Result<(), ProbeError>>,
        config: &EngineConfig,
        spec: &SeriesSpec,
        order: RoundOrder,
        started: WallTime,
        deadline: MonoTime,
    ) -> Self {
        let recorder = Recorder::new(order.pings);
        let (probe, host) = (Arc::clone(&spec.probe), spec.host.clone());
        let (resolver, clock) = (Arc::clone(&config.resolver), Arc::clone(&config.clock));
        let (task_order, task_recorder) = (order.clone(), recorder.clone());
        let task = tasks.spawn(async move {
            let mut round = RoundCx::new(&task_order, &host, deadline, task_recorder, &*resolver, &clock);
            probe.measure(&mut round).await
        });
        Self { task, deadline, order, started, recorder }
    }

    /// What the round may say of its engine.
    pub(super) const fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Closes the round with what is known.
    pub(super) fn close(self, end: End) -> Round {
        self.task.abort();
        let complete = self.recorder.complete();
        let result = match (self.recorder.close(), end) {
            (Some(mut measured), end) => {
                if let (false, None) = (complete, &measured.note) {
                    measured.note = Some(why_incomplete(&end));
                }
                RoundResult::Measured(measured)
            }
            (None, End::Returned(Ok(()))) => {
                RoundResult::Unknown(UnknownReason::ProbeFailed("the probe recorded no sample".to_owned()))
            }
            (None, End::Returned(Err(ProbeError::Resolve(_)))) => RoundResult::Unknown(UnknownReason::NotResolved),
            (None, End::Returned(Err(error))) => RoundResult::Unknown(UnknownReason::ProbeFailed(chain(&error))),
            (None, End::Panicked) => RoundResult::Unknown(UnknownReason::Panicked),
            (None, End::CutOff) => RoundResult::Unknown(UnknownReason::Hung),
            (None, End::Stopped) => RoundResult::Unknown(UnknownReason::Stopped),
        };
        let RoundOrder { series, slot, pings } = self.order;
        Round { series, slot, pings, started: self.started, result }
    }
}

fn why_incomplete(end: &End) -> String {
    match end {
        End::Returned(Ok(())) => "the probe left samples out".to_owned(),
        End::Returned(Err(error)) => chain(error),
        End::Panicked => "the probe panicked".to_owned(),
        End::CutOff => "the round was cut off at its deadline".to_owned(),
        End::Stopped => "the round was stopped".to_owned(),
    }
}

/// An error with its sources, as one sentence.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
