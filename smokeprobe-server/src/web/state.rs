//! How a series is doing, from its last round.

use std::time::Duration;

use serde::Serialize;
use smokeprobe_core::{LossReason, Measured, Phases, Quality, Round, RoundResult, Rtt, SeriesId, Vantage, WallTime};

use super::WebState;
use crate::config::Plan;
use crate::config::plan::Target;
use crate::describe;

/// A series and its last round. Times in Unix seconds, RTTs in seconds.
#[derive(Debug, Serialize)]
pub(super) struct SeriesState {
    series: SeriesId,
    #[serde(skip_serializing_if = "Option::is_none")]
    slave: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vantage: Option<String>,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_until: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<LastRound>,
}

/// Loss, "could not measure", "no data yet" and "nobody measures this" are four things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// At least one answer.
    Measured,
    /// All pings lost.
    Lost,
    /// The round could not be measured.
    Unknown,
    /// No round has ended yet.
    Waiting,
    /// We have no such probe.
    NotMeasured,
}

#[derive(Debug, Serialize)]
struct LastRound {
    time: f64,
    pings: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    loss: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    median: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deviation: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stale_address: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_expires: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<Trust>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phases: Option<Parts>,
}

/// How far to trust a round: [`Quality`] with its time in seconds.
#[derive(Debug, Serialize)]
pub(super) struct Trust {
    kernel_stamps: u32,
    user_stamps: u32,
    late_answers: u32,
    duplicates: u32,
    receive_overflows: u32,
    timer_lateness: f64,
    suspect: bool,
}

impl From<Quality> for Trust {
    fn from(quality: Quality) -> Self {
        Self {
            kernel_stamps: quality.kernel_stamps,
            user_stamps: quality.user_stamps,
            late_answers: quality.late_answers,
            duplicates: quality.duplicates,
            receive_overflows: quality.receive_overflows,
            timer_lateness: quality.timer_lateness.as_secs_f64(),
            suspect: quality.suspect,
        }
    }
}

/// How long each part of a request took, in seconds, on the mean of the samples that have it.
#[derive(Debug, Serialize)]
pub(super) struct Parts {
    resolve: Option<f64>,
    connect: Option<f64>,
    tls: Option<f64>,
    first_byte: Option<f64>,
    transfer: Option<f64>,
}

impl Parts {
    pub(super) fn of(all: &[Phases]) -> Option<Self> {
        let mean = |part: fn(&Phases) -> Option<Duration>| {
            let known: Vec<f64> = all.iter().filter_map(part).map(|duration| duration.as_secs_f64()).collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        };
        (!all.is_empty()).then(|| Self {
            resolve: mean(|phases| phases.resolve),
            connect: mean(|phases| phases.connect),
            tls: mean(|phases| phases.tls),
            first_byte: mean(|phases| phases.first_byte),
            transfer: mean(|phases| phases.transfer),
        })
    }
}

impl SeriesState {
    /// The states of a target's series.
    pub(super) fn of_target(web: &WebState, plan: &Plan, target: &Target) -> Vec<Self> {
        describe::series_of(target).map(|series| Self::of(web, plan, target, series)).collect()
    }

    /// The state of one of a target's series.
    pub(super) fn of(web: &WebState, plan: &Plan, target: &Target, series: SeriesId) -> Self {
        let last = web.live.last_round(&series);
        let supported = describe::supported(plan, target);
        let (state, reason) = match &last {
            _ if !supported => (State::NotMeasured, Some(describe::unsupported(plan, target))),
            None => (State::Waiting, None),
            Some(round) => match &round.result {
                RoundResult::Unknown(reason) => (State::Unknown, Some(describe::unknown(reason))),
                RoundResult::Measured(measured) if measured.rtts().is_empty() => (State::Lost, loss_reason(round)),
                RoundResult::Measured(_) => (State::Measured, loss_reason(round)),
            },
        };
        let waiting_until = (state == State::Waiting && series.vantage == Vantage::Local)
            .then(|| (web.plan_started() + describe::round_length(target)).as_unix_secs_f64());
        let slave = match &series.vantage {
            Vantage::Local => None,
            Vantage::Slave(name) => Some(name.to_string()),
        };
        let vantage = describe::vantage_name(plan, &series.vantage).map(str::to_owned);
        let last = last.filter(|_| supported).map(|round| LastRound::of(&round));
        Self { series, slave, vantage, state, reason, waiting_until, last }
    }
}

impl LastRound {
    fn of(round: &Round) -> Self {
        let measured = round.measured();
        Self {
            time: round.started.as_unix_secs_f64(),
            pings: round.pings,
            loss: measured.map(Measured::lost),
            median: measured.and_then(Measured::median).map(Rtt::as_secs_f64),
            min: measured.and_then(|measured| measured.rtts().first()).map(|rtt| rtt.as_secs_f64()),
            max: measured.and_then(|measured| measured.rtts().last()).map(|rtt| rtt.as_secs_f64()),
            deviation: measured.and_then(Measured::deviation),
            address: measured.and_then(|measured| measured.address).map(|address| address.to_string()),
            stale_address: measured.map(|measured| measured.stale_address),
            note: measured.and_then(|measured| measured.note.clone()),
            certificate_expires: measured
                .and_then(|measured| measured.certificate_expires)
                .map(WallTime::as_unix_secs_f64),
            quality: measured.map(|measured| measured.quality.into()),
            phases: measured.and_then(|measured| Parts::of(&measured.phases)),
        }
    }
}

/// The most frequent reason of the losses, as people say it.
fn loss_reason(round: &Round) -> Option<String> {
    let &(reason, count) = round.measured()?.loss_reasons.first()?;
    loss_words(reason, count, round.pings)
}

/// Why `count` of `pings` were lost.
pub(super) fn loss_words(reason: LossReason, count: u32, pings: u32) -> Option<String> {
    let words = match reason {
        LossReason::Timeout => "no answer in time".to_owned(),
        LossReason::Unreachable { code } => format!("the network says unreachable (code {code})"),
        LossReason::TtlExceeded => "the packet's time to live ran out on the way".to_owned(),
        LossReason::TooBig => "a hop says the packet is too big".to_owned(),
        LossReason::Refused => "the connection was refused".to_owned(),
        LossReason::Unexpected => "the answer is not one that the probe accepts".to_owned(),
        LossReason::SendFailed => "the system refused to send".to_owned(),
        _ => return None,
    };
    Some(format!("{words} ({count} of {pings})"))
}

impl WebState {
    /// When the plan that runs began to run.
    fn plan_started(&self) -> WallTime {
        let reload = self.live.reload.load();
        if reload.error.is_none() { self.started.max(reload.at) } else { self.started }
    }
}
