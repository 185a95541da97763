//! A round: what is ordered, how samples are recorded, and what is kept of them.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::target::SeriesId;
use crate::time::{Rtt, Slot, WallTime};

/// An order to measure one series once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundOrder {
    /// What to measure.
    pub series: SeriesId,
    /// The slot whose row the round will be.
    pub slot: Slot,
    /// How many samples to take, at least one.
    pub pings: u32,
}

/// What became of one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An answer came in time.
    Answered {
        /// The round-trip time.
        rtt: Rtt,
        /// Whose stamps it was taken from.
        stamp: StampSource,
    },
    /// No valid answer came in time.
    Lost(LossReason),
}

impl Outcome {
    /// An answer after `rtt`, timed in user space.
    pub fn answered(rtt: Duration) -> Self {
        Self::Answered { rtt: rtt.into(), stamp: StampSource::User }
    }
}

/// Whose time stamps an RTT was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum StampSource {
    /// The kernel stamped both the request and the answer.
    Kernel,
    /// The monotonic clock, read around the system calls.
    User,
}

/// Why a sample counts as lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LossReason {
    /// Nothing came before the time-out.
    Timeout,
    /// The network said that the host, net, port or protocol cannot be reached (ICMP type 3, ICMPv6 type 1).
    Unreachable {
        /// The ICMP code.
        code: u8,
    },
    /// A hop said that the packet's time to live ran out (ICMP type 11, ICMPv6 type 3).
    TtlExceeded,
    /// A hop said that the packet is too big to pass (ICMP type 3 code 4, ICMPv6 type 2).
    TooBig,
    /// The other side refused or reset the connection, where an answer was demanded.
    Refused,
    /// An answer came, but not one that the probe's demands allow.
    Unexpected,
    /// The system refused to send the request.
    SendFailed,
}

/// Why a round could not be measured. Not loss: nothing is known about the network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum UnknownReason {
    /// The host's name has never resolved to an address of the wanted family.
    NotResolved,
    /// The probe could not measure; its error, as text.
    ProbeFailed(String),
    /// The probe panicked.
    Panicked,
    /// The probe took no sample before the round's deadline.
    Hung,
    /// The slot went by without a round: the process was suspended, overloaded, or the clock stepped.
    Missed,
    /// The process stopped before the first sample was known.
    Stopped,
}

/// How long each part of a request took. Parts that a protocol does not have, or did not reach, are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Phases {
    /// Name resolution; not part of the RTT.
    pub resolve: Option<Duration>,
    /// TCP connect.
    pub connect: Option<Duration>,
    /// TLS handshake.
    pub tls: Option<Duration>,
    /// From the request's last byte to the answer's first.
    pub first_byte: Option<Duration>,
    /// From the answer's first byte to its last.
    pub transfer: Option<Duration>,
}

/// How far a round can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Quality {
    /// Answers whose RTT the kernel stamped.
    pub kernel_stamps: u32,
    /// Answers whose RTT was taken in user space.
    pub user_stamps: u32,
    /// Answers that came after their time-out; their samples stay lost.
    pub late_answers: u32,
    /// Answers beyond the first to one request.
    pub duplicates: u32,
    /// Packets that our own receive queue dropped while the round ran.
    pub receive_overflows: u32,
    /// How late the worst of our own timers fired. Serialized as seconds.
    #[cfg_attr(feature = "serde", serde(serialize_with = "seconds"))]
    pub timer_lateness: Duration,
    /// Our own starvation (lateness, overflows) may have spoilt the round: its loss must not raise an alert.
    pub suspect: bool,
}

#[cfg(feature = "serde")]
fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// One round of one series, closed. It never changes again: late answers count as lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// What was measured, and from where.
    pub series: SeriesId,
    /// The slot it belongs to.
    pub slot: Slot,
    /// How many samples were ordered.
    pub pings: u32,
    /// When it started.
    pub started: WallTime,
    /// What came out.
    pub result: RoundResult,
}

/// Loss, "could not measure" and "no data yet" are different things; the last is the absence of a `Round`.
#[derive(Debug, Clone, PartialEq)]
pub enum RoundResult {
    /// Samples were taken.
    Measured(Measured),
    /// Nothing was measured.
    Unknown(UnknownReason),
}

/// The samples of a measured round.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// RTTs of the answered samples, ascending.
    rtts: Vec<Rtt>,
    /// Samples lost.
    lost: u32,
    /// Reasons of the losses with their counts, the most frequent first.
    pub loss_reasons: Vec<(LossReason, u32)>,
    /// How far to trust them.
    pub quality: Quality,
    /// The address measured, where the probe has one.
    pub address: Option<IpAddr>,
    /// The name did not resolve this time; `address` is the last good one.
    pub stale_address: bool,
    /// The parts of each answered sample, in the order taken; empty for protocols of one part.
    pub phases: Vec<Phases>,
    /// When the server's certificate expires.
    pub certificate_expires: Option<WallTime>,
    /// How long a host whose address is dynamic has had it.
    pub uptime: Option<Duration>,
    /// A sentence about what went wrong, from the probe.
    pub note: Option<String>,
}

impl Measured {
    /// A measured round of these RTTs, in any order, and `lost` losses without a reason. For tests and stores.
    pub fn from_samples(rtts: impl IntoIterator<Item = Rtt>, lost: u32) -> Self {
        let mut rtts: Vec<Rtt> = rtts.into_iter().collect();
        rtts.sort_unstable();
        Self { rtts, lost, ..Self::default() }
    }

    /// RTTs of the answered samples, ascending.
    pub fn rtts(&self) -> &[Rtt] {
        &self.rtts
    }

    /// How many samples were lost. Samples never taken (the process stopped) are neither answered nor lost.
    pub const fn lost(&self) -> u32 {
        self.lost
    }

    /// SmokePing's median: the upper one, element ⌊n/2⌋ of the ascending RTTs. `None` when nothing was answered.
    pub fn median(&self) -> Option<Rtt> {
        self.rtts.get(self.rtts.len() / 2).copied()
    }

    /// The spread of the answers: the population standard deviation of the RTTs, in seconds. `None` without answers.
    pub fn deviation(&self) -> Option<f64> {
        deviation(self.rtts.iter().map(|rtt| rtt.as_secs_f64()))
    }
}

/// The population standard deviation of values; `None` of none. The same values in the same order have the same deviation to
/// the last bit, wherever they come from: a round that is replayed is judged as it was live.
pub fn deviation(values: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let (count, sum) = values.clone().fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    if count == 0 {
        return None;
    }
    let mean = sum / f64::from(count);
    let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
    Some((squares / f64::from(count)).sqrt())
}

impl Round {
    /// The samples, if any were taken.
    pub const fn measured(&self) -> Option<&Measured> {
        match &self.result {
            RoundResult::Measured(measured) => Some(measured),
            RoundResult::Unknown(_) => None,
        }
    }

    /// A round of `order` that says only why nothing was measured.
    pub fn unknown(order: &RoundOrder, started: WallTime, reason: UnknownReason) -> Self {
        Self {
            series: order.series.clone(),
            slot: order.slot,
            pings: order.pings,
            started,
            result: RoundResult::Unknown(reason),
        }
    }
}

/// Collects the samples of a running round. Clones share one record, so that a probe may hand it to its driver, and
/// the engine can close the round with what is known when the probe panics, hangs or the process stops.
///
/// Whatever is recorded after the round was closed is ignored.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Mutex<Record>>);

#[derive(Debug)]
struct Record {
    samples: Vec<Option<Outcome>>,
    phases: Vec<Phases>,
    about: Measured,
    closed: bool,
}

impl Recorder {
    /// An empty record for `pings` samples.
    pub fn new(pings: u32) -> Self {
        let about = Measured::default();
        Self(Arc::new(Mutex::new(Record {
            samples: vec![None; pings as usize],
            phases: Vec::new(),
            about,
            closed: false,
        })))
    }

    /// Records what became of sample number `sample`, counted from 0. The first record of a sample stands.
    pub fn record(&self, sample: u32, outcome: Outcome) {
        let mut record = self.lock();
        if record.closed {
            return;
        }
        if let Some(place @ None) = record.samples.get_mut(sample as usize) {
            *place = Some(outcome);
        }
    }

    /// Notes the parts of an answered sample.
    pub fn phases(&self, phases: Phases) {
        let mut record = self.lock();
        // Bounded by the samples ordered, whatever a probe does.
        if !record.closed && record.phases.len() < record.samples.len() {
            record.phases.push(phases);
        }
    }

    /// Changes the round's quality.
    pub fn quality(&self, change: impl FnOnce(&mut Quality)) {
        let mut record = self.lock();
        if !record.closed {
            change(&mut record.about.quality);
        }
    }

    /// Notes the address measured, and whether it is the last good one of a name that did not resolve this time.
    pub fn address(&self, address: IpAddr, stale: bool) {
        let mut record = self.lock();
        record.about.address = Some(address);
        record.about.stale_address = stale;
    }

    /// Notes when the server's certificate expires.
    pub fn certificate_expires(&self, at: WallTime) {
        self.lock().about.certificate_expires = Some(at);
    }

    /// Notes how long a host whose address is dynamic has had it.
    pub fn uptime(&self, uptime: Duration) {
        self.lock().about.uptime = Some(uptime);
    }

    /// Leaves a sentence about what went wrong; the last one stands.
    pub fn note(&self, note: impl Into<String>) {
        self.lock().about.note = Some(note.into());
    }

    /// Whether every sample is known.
    pub fn complete(&self) -> bool {
        self.lock().samples.iter().all(Option::is_some)
    }

    /// What is known of the samples so far, in the order taken.
    pub fn outcomes(&self) -> Vec<Option<Outcome>> {
        self.lock().samples.clone()
    }

    /// Closes the round. `None` when not one sample is known.
    pub fn close(&self) -> Option<Measured> {
        let mut record = self.lock();
        record.closed = true;
        if record.samples.iter().all(Option::is_none) {
            return None;
        }
        let mut measured = std::mem::take(&mut record.about);
        measured.phases = std::mem::take(&mut record.phases);
        for outcome in record.samples.iter().flatten() {
            match outcome {
                Outcome::Answered { rtt, stamp } => {
                    measured.rtts.push(*rtt);
                    match stamp {
                        StampSource::Kernel => measured.quality.kernel_stamps += 1,
                        StampSource::User => measured.quality.user_stamps += 1,
                    }
                }
                Outcome::Lost(reason) => {
                    measured.lost += 1;
                    match measured.loss_reasons.iter_mut().find(|(known, _)| known == reason) {
                        Some((_, count)) => *count += 1,
                        None => measured.loss_reasons.push((*reason, 1)),
                    }
                }
            }
        }
        measured.rtts.sort_unstable();
        measured.loss_reasons.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        Some(measured)
    }

    /// A probe that panicked while it recorded leaves a record that is still whole: every change is one assignment.
    fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(nanos: u64) -> Outcome {
        Outcome::Answered { rtt: Rtt::from_nanos(nanos), stamp: StampSource::Kernel }
    }

    #[test]
    fn median_is_the_upper_one() {
        let rtts = |nanos: &[u64]| Measured::from_samples(nanos.iter().map(|&n| Rtt::from_nanos(n)), 0);
        assert_eq!(rtts(&[4, 1, 3, 2]).median(), Some(Rtt::from_nanos(3)));
        assert_eq!(rtts(&[]).median(), None);
    }

    #[test]
    fn first_record_of_a_sample_stands_and_unknown_samples_are_not_lost() {
        let recorder = Recorder::new(3);
        recorder.record(0, Outcome::Lost(LossReason::Timeout));
        recorder.record(0, answered(1));
        recorder.record(1, answered(2));
        recorder.record(9, answered(3));
        assert!(!recorder.complete());
        let measured = recorder.close().unwrap();
        assert_eq!((measured.rtts().len(), measured.lost()), (1, 1));
        assert_eq!(measured.quality.kernel_stamps, 1);
        assert_eq!(measured.loss_reasons, [(LossReason::Timeout, 1)]);
    }

    #[test]
    fn round_without_a_known_sample_was_not_measured() {
        assert_eq!(Recorder::new(3).close(), None);
    }
}
