//! The recent rounds of every series with all that is known of them, in bounded memory. Files keep less: no stamps, no
//! addresses, no reasons.

mod packed;

use std::collections::HashMap;

use smokeprobe_core::{
    LossReason, Measured, Phases, Quality, Round, RoundResult, Rtt, SeriesId, UnknownReason, WallTime,
};
use std::net::IpAddr;
use std::time::Duration;

/// Rounds of one series at most.
pub const ROUNDS: usize = 64;

/// Bytes of all series together. A round of 20 pings takes 75 to 110, so that 10,000 series have room for their last 45 to 60;
/// of 1,000 series, each with [`ROUNDS`], it takes some 6 MB.
const BUDGET: usize = 48 << 20;

/// A note, and what a probe says of its failure, up to here.
const TEXT: usize = 200;

/// A round as it is remembered.
#[derive(Debug, Clone, PartialEq)]
pub struct Recent {
    /// When it started.
    pub started: WallTime,
    /// The end of its slot, by which its row is called.
    pub end: i64,
    /// How many samples were ordered.
    pub pings: u32,
    /// What came out, or why nothing did.
    pub result: Result<Samples, UnknownReason>,
}

/// What is remembered of a measured round.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    /// RTTs of the answers, ascending.
    pub rtts: Vec<Rtt>,
    /// Samples lost.
    pub lost: u32,
    /// The most frequent reason of the losses, with its count.
    pub loss_reason: Option<(LossReason, u32)>,
    /// How far to trust them.
    pub quality: Quality,
    /// The address measured.
    pub address: Option<IpAddr>,
    /// The name did not resolve this time; `address` is the last good one.
    pub stale_address: bool,
    /// A sentence from the probe, or the beginning of it.
    pub note: Option<String>,
    /// The parts of a request: means of the samples that have them.
    pub phases: Option<Phases>,
    /// When the server's certificate expires.
    pub certificate_expires: Option<WallTime>,
}

/// The recent rounds of all series. Each may take an equal share of the memory.
#[derive(Debug, Default)]
pub(super) struct Rings(HashMap<SeriesId, Ring>);

/// The rounds of one series, one behind the other, the oldest first; each follows its length in two bytes.
#[derive(Debug, Default)]
struct Ring {
    bytes: Vec<u8>,
    rounds: usize,
}

impl Recent {
    /// What is remembered of `round`.
    pub fn of(round: &Round) -> Self {
        let result = match &round.result {
            RoundResult::Measured(measured) => Ok(Samples::of(measured)),
            RoundResult::Unknown(UnknownReason::ProbeFailed(why)) => Err(UnknownReason::ProbeFailed(beginning(why))),
            RoundResult::Unknown(reason) => Err(reason.clone()),
        };
        Self { started: round.started, end: round.slot.end(), pings: round.pings, result }
    }
}

impl Samples {
    fn of(measured: &Measured) -> Self {
        Self {
            rtts: measured.rtts().to_vec(),
            lost: measured.lost(),
            loss_reason: measured.loss_reasons.first().copied(),
            quality: measured.quality,
            address: measured.address,
            stale_address: measured.stale_address,
            note: measured.note.as_deref().map(beginning),
            phases: means(&measured.phases),
            certificate_expires: measured.certificate_expires,
        }
    }
}

impl Rings {
    /// Remembers a round, and forgets the oldest of its series where there is no room.
    pub(super) fn keep(&mut self, round: &Round) {
        self.keep_within(round, BUDGET);
    }

    fn keep_within(&mut self, round: &Round, budget: usize) {
        let packed = packed::pack(&Recent::of(round));
        // Rounds of thousands of pings, which no sane configuration has, are not remembered.
        let Ok(length) = u16::try_from(packed.len()) else { return };
        if !self.0.contains_key(&round.series) {
            self.0.insert(round.series.clone(), Ring::default());
        }
        let share = budget / self.0.len().max(1);
        if let Some(ring) = self.0.get_mut(&round.series) {
            ring.push(length, &packed, share);
        }
    }

    /// The packed rounds of a series, to be read with [`unpack`] when nobody waits.
    pub(super) fn packed(&self, series: &SeriesId) -> Vec<u8> {
        self.0.get(series).map(|ring| ring.bytes.clone()).unwrap_or_default()
    }

    /// Forgets the series that `keep` does not hold for.
    pub(super) fn retain(&mut self, keep: impl Fn(&SeriesId) -> bool) {
        self.0.retain(|series, _| keep(series));
    }
}

impl Ring {
    fn push(&mut self, length: u16, packed: &[u8], share: usize) {
        let mut drop_to = 0;
        let needed = packed.len() + 2;
        while self.rounds >= ROUNDS || (self.rounds > 0 && self.bytes.len() - drop_to + needed > share) {
            let Some(oldest) = length_at(&self.bytes, drop_to) else { break };
            drop_to += 2 + oldest;
            self.rounds -= 1;
        }
        self.bytes.drain(..drop_to);
        // Of one round that no share has room for, nothing is kept.
        if needed > share {
            return;
        }
        // No doubling: half of the memory would be air.
        if self.bytes.capacity() < self.bytes.len() + needed {
            self.bytes.reserve_exact(needed + self.bytes.len() / 8);
        } else if self.bytes.capacity() > share && self.bytes.capacity() > 2 * (self.bytes.len() + needed) {
            self.bytes.shrink_to(self.bytes.len() + needed);
        }
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(packed);
        self.rounds += 1;
    }
}

/// The rounds in `bytes`, which a [`Ring`] has packed.
pub(super) fn unpack(bytes: &[u8]) -> Vec<Recent> {
    let (mut rounds, mut at) = (Vec::new(), 0);
    while let Some(length) = length_at(bytes, at) {
        let Some(packed) = bytes.get(at + 2..at + 2 + length) else { break };
        rounds.extend(packed::unpack(packed));
        at += 2 + length;
    }
    rounds
}

fn length_at(bytes: &[u8], at: usize) -> Option<usize> {
    let length = bytes.get(at..at + 2)?;
    Some(usize::from(u16::from_le_bytes([length[0], length[1]])))
}

fn beginning(text: &str) -> String {
    if text.len() <= TEXT {
        return text.to_owned();
    }
    let end = (0..=TEXT).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}…", &text[..end])
}

fn means(all: &[Phases]) -> Option<Phases> {
    let mean = |part: fn(&Phases) -> Option<Duration>| {
        let known: Vec<Duration> = all.iter().filter_map(part).collect();
        let count = u32::try_from(known.len()).ok().filter(|&count| count > 0)?;
        Some(known.iter().sum::<Duration>() / count)
    };
    (!all.is_empty()).then(|| Phases {
        resolve: mean(|phases| phases.resolve),
        connect: mean(|phases| phases.connect),
        tls: mean(|phases| phases.tls),
        first_byte: mean(|phases| phases.first_byte),
        transfer: mean(|phases| phases.transfer),
    })
}

#[cfg(test)]
mod tests {
    use smokeprobe_core::{RoundOrder, Slot, Step};

    use super::*;

    fn round(series: &str, slot: i64, pings: u32) -> Round {
        let step = Step::from_secs(10).unwrap();
        let start = WallTime::from_unix_secs(1_795_348_800 + slot * 10);
        let order = RoundOrder { series: series.parse().unwrap(), slot: Slot::containing(start, step), pings };
        let rtts = (0..pings).map(|ping| Rtt::from_nanos(28_412_345 + u64::from(ping) * 61_007));
        let mut measured = Measured::from_samples(rtts, 0);
        measured.quality =
            Quality { kernel_stamps: pings, timer_lateness: Duration::from_micros(80), ..measured.quality };
        measured.address = Some("192.0.2.1".parse().unwrap());
        let result = RoundResult::Measured(measured);
        Round {
            result,
            started: start + Duration::from_nanos(4_217_391),
            ..Round::unknown(&order, start, UnknownReason::Hung)
        }
    }

    fn ends(rings: &Rings, series: &str) -> Vec<i64> {
        unpack(&rings.packed(&series.parse().unwrap())).iter().map(|recent| recent.end % 10_000 / 10).collect()
    }

    #[test]
    fn the_last_rounds_of_a_series_are_remembered() {
        let mut rings = Rings::default();
        for slot in 0..100 {
            rings.keep(&round("A", slot, 20));
        }
        let kept = ends(&rings, "A");
        assert_eq!(kept.len(), ROUNDS);
        assert!(kept.windows(2).all(|pair| pair[1] == pair[0] + 1), "{kept:?}");
        let last = unpack(&rings.packed(&"A".parse().unwrap())).pop();
        assert_eq!(last, Some(Recent::of(&round("A", 99, 20))));
    }

    #[test]
    fn ten_thousand_series_of_twenty_pings_have_room_for_half_a_hundred_rounds() {
        let mut one = Rings::default();
        one.keep(&round("A", 0, 20));
        let size = one.packed(&"A".parse().unwrap()).len();
        assert!(BUDGET / 10_000 / size >= 45, "{size} bytes a round");
    }

    #[test]
    fn a_share_gets_smaller_as_series_come_and_all_together_stay_within_it() {
        let (mut rings, budget) = (Rings::default(), 20_000);
        for slot in 0..70 {
            for series in 0..=slot / 7 {
                rings.keep_within(&round(&format!("A{series}"), slot, 20), budget);
                let (used, room): (usize, usize) = rings
                    .0
                    .values()
                    .fold((0, 0), |(used, room), ring| (used + ring.bytes.len(), room + ring.bytes.capacity()));
                // A series that came just now makes the shares of the others smaller with their next rounds.
                assert!(used <= budget + budget / rings.0.len() && room <= 2 * budget, "{used} {room}");
            }
        }
        assert!(ends(&rings, "A0").ends_with(&[ends(&rings, "A3").last().copied().unwrap()]));
        assert!(ends(&rings, "A3").len() >= 5);
    }

    #[test]
    fn a_round_that_is_too_large_is_not_remembered_and_harms_no_other() {
        let mut rings = Rings::default();
        rings.keep(&round("A", 0, 20));
        rings.keep(&round("A", 1, 60_000));
        assert_eq!(ends(&rings, "A").len(), 1);
        rings.keep_within(&round("B", 0, 20), 50);
        assert_eq!(ends(&rings, "B").len(), 0);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(beginning("short"), "short");
        let cut = beginning(&"北".repeat(100));
        assert_eq!((cut.chars().count(), cut.len()), (67, 66 * 3 + '…'.len_utf8()));
    }
}
