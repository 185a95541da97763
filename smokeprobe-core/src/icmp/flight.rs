//! Open rounds, and what is known of each of their packets.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use super::pacing::Group;
use super::pinger::SocketId;
use super::rtt::Stamped;
use crate::round::{LossReason, Quality, Recorder};
use crate::time::{KernelTime, MonoTime};

/// Bits of a round's tag that say its place; the rest are the low bits of its generation.
const PLACE_BITS: u32 = 20;

/// How many rounds can be open at once.
pub(super) const MOST_ROUNDS: usize = 1 << PLACE_BITS;

/// Names an open round. A key is never used again: a late packet cannot be taken for one of a later round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoundKey {
    place: u32,
    generation: u32,
}

impl RoundKey {
    #[cfg(test)]
    pub(crate) const fn new(place: u32, generation: u32) -> Self {
        Self { place, generation }
    }

    /// What a packet carries of it.
    pub(super) const fn tag(self) -> u32 {
        self.place | self.generation << PLACE_BITS
    }

    /// All of it, as one number.
    pub(super) const fn number(self) -> u64 {
        (self.generation as u64) << 32 | self.place as u64
    }
}

/// Names one packet: a sample of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketId {
    /// Which round.
    pub round: RoundKey,
    /// Which of its packets, counted from 0.
    pub sample: u32,
}

/// The life of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Handed out to be sent; its time-out has not begun.
    Queued,
    /// With the network. Perhaps an ICMP error has said why no answer will come; an answer still counts.
    Awaited(Option<LossReason>),
    Answered,
    Lost,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) state: State,
    pub(super) sent: Stamped,
}

/// An open round.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) target: IpAddr,
    pub(super) socket: SocketId,
    pub(super) group: Group,
    /// Bytes of data in each request.
    pub(super) data: u16,
    /// Packets to send in all.
    pub(super) total: u32,
    /// How many of the first packets are not recorded.
    pub(super) skipped: u32,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    pub(super) recorder: Recorder,
    pub(super) started: MonoTime,
    /// The sequence number of the first packet.
    pub(super) seq_base: u16,
    /// The packets handed out so far.
    pub(super) samples: Vec<Sample>,
    /// How many of them are answered or lost.
    pub(super) settled: u32,
    /// All samples before this one are settled.
    pub(super) first_open: usize,
    /// A timer is set for this round.
    pub(super) armed: bool,
    /// The socket's receive overflows when the round started.
    pub(super) overflows_before: u64,
    /// What the recorder was told last, so that it is not told again.
    pub(super) noted: Quality,
    /// Samples lost without a reason.
    pub(super) timed_out: u32,
    /// The round has a note that the system refused to send.
    pub(super) refused: bool,
}

impl Round {
    /// Records what became of a sample, unless it is one that is left out.
    pub(super) fn record(&self, sample: u32, outcome: crate::round::Outcome) {
        if let Some(place) = sample.checked_sub(self.skipped) {
            self.recorder.record(place, outcome);
        }
    }

    /// The sequence number of a sample. It wraps in long rounds; `candidates` undoes that.
    pub(super) const fn seq(&self, sample: u32) -> u16 {
        self.seq_base.wrapping_add(sample as u16)
    }

    /// The samples handed out that a sequence number can mean, the latest first. More than one only in rounds of more
    /// than 65,536 packets.
    pub(super) fn candidates(&self, seq: u16) -> impl Iterator<Item = u32> + use<> {
        let offset = u32::from(seq.wrapping_sub(self.seq_base));
        let latest = (self.samples.len() as u32).checked_sub(1).and_then(|last| last.checked_sub(offset));
        let wraps = latest.map(|beyond| beyond >> 16);
        // Eight wraps back are 500,000 packets ago.
        wraps
            .into_iter()
            .flat_map(move |wraps| (wraps.saturating_sub(8)..=wraps).rev().map(move |w| (w << 16) + offset))
    }

    /// When the time-out of the first unsettled packet ends. `None` while none is with the network.
    pub(super) fn deadline(&mut self) -> Option<MonoTime> {
        while let Some(sample) = self.samples.get(self.first_open) {
            match sample.state {
                State::Answered | State::Lost => self.first_open += 1,
                State::Awaited(_) => return Some(sample.sent.user + self.timeout),
                State::Queued => return None,
            }
        }
        None
    }
}

/// All open rounds, by key and by address.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    places: Vec<Place>,
    /// Free places, the longest free first, so that a place rests before it is used again.
    free: VecDeque<u32>,
    by_address: HashMap<IpAddr, Vec<RoundKey>>,
}

#[derive(Debug)]
struct Place {
    /// Of the round that is here, or was here last.
    generation: u32,
    round: Option<Box<Round>>,
}

impl Rounds {
    /// Opens a round. `None` when too many are open.
    pub(super) fn open(&mut self, round: Round) -> Option<RoundKey> {
        let place = match self.free.pop_front() {
            Some(place) => place,
            None if self.places.len() < MOST_ROUNDS => {
                self.places.push(Place { generation: u32::MAX, round: None });
                (self.places.len() - 1) as u32
            }
            None => return None,
        };
        let entry = &mut self.places[place as usize];
        entry.generation = entry.generation.wrapping_add(1);
        let key = RoundKey { place, generation: entry.generation };
        self.by_address.entry(round.target).or_default().push(key);
        entry.round = Some(Box::new(round));
        Some(key)
    }

    /// Closes a round.
    pub(super) fn close(&mut self, key: RoundKey) -> Option<Box<Round>> {
        let round = self.places.get_mut(key.place as usize).filter(|place| place.generation == key.generation)?;
        let round = round.round.take()?;
        self.free.push_back(key.place);
        if let Some(keys) = self.by_address.get_mut(&round.target) {
            keys.retain(|other| *other != key);
            if keys.is_empty() {
                self.by_address.remove(&round.target);
            }
        }
        Some(round)
    }

    pub(super) fn get_mut(&mut self, key: RoundKey) -> Option<&mut Round> {
        let place = self.places.get_mut(key.place as usize)?;
        if place.generation == key.generation { place.round.as_deref_mut() } else { None }
    }

    pub(super) fn get(&self, key: RoundKey) -> Option<&Round> {
        let place = self.places.get(key.place as usize)?;
        if place.generation == key.generation { place.round.as_deref() } else { None }
    }

    /// The round that a tag names: the latest with that tag, open or closed.
    pub(super) fn tagged(&self, tag: u32) -> Option<RoundKey> {
        let place = tag & (MOST_ROUNDS as u32 - 1);
        let latest = self.places.get(place as usize)?.generation;
        let back = latest.wrapping_sub(tag >> PLACE_BITS) & (u32::MAX >> PLACE_BITS);
        Some(RoundKey { place, generation: latest.checked_sub(back)? })
    }

    /// The open rounds to an address, the latest last.
    pub(super) fn to(&self, target: IpAddr) -> &[RoundKey] {
        self.by_address.get(&target).map_or(&[], Vec::as_slice)
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}

impl Sample {
    pub(super) fn queued(now: MonoTime) -> Self {
        Self { state: State::Queued, sent: Stamped { user: now, kernel: None } }
    }

    pub(super) fn stamp(&mut self, at: KernelTime) {
        self.sent.kernel = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(samples: usize, seq_base: u16) -> Round {
        Round {
            target: [127, 0, 0, 1].into(),
            socket: SocketId(0),
            group: Group { id: 0, gap: Duration::ZERO },
            data: 56,
            total: samples as u32,
            skipped: 0,
            interval: Duration::ZERO,
            timeout: Duration::ZERO,
            recorder: Recorder::new(0),
            started: MonoTime::ORIGIN,
            seq_base,
            samples: vec![Sample::queued(MonoTime::ORIGIN); samples],
            settled: 0,
            first_open: 0,
            armed: false,
            overflows_before: 0,
            noted: Quality::default(),
            timed_out: 0,
            refused: false,
        }
    }

    #[test]
    fn sequence_numbers_wrap_without_being_confused() {
        let long = round(200_000, 65_000);
        for sample in [0, 535, 536, 70_000, 199_999] {
            assert!(long.candidates(long.seq(sample)).any(|candidate| candidate == sample));
        }
        assert_eq!(long.candidates(long.seq(199_999)).collect::<Vec<_>>(), [199_999, 134_463, 68_927, 3391]);
        let short = round(20, 65_530);
        assert_eq!(short.candidates(3).collect::<Vec<_>>(), [9]);
        assert_eq!(short.candidates(14).count() + round(0, 0).candidates(0).count(), 0);
    }

    #[test]
    fn keys_are_not_used_again_and_tags_find_closed_rounds() {
        let mut rounds = Rounds::default();
        let first = rounds.open(round(1, 0)).unwrap();
        assert!(rounds.close(first).is_some());
        assert!(rounds.close(first).is_none());
        let second = rounds.open(round(1, 0)).unwrap();
        assert_eq!((first.place, rounds.len()), (second.place, 1));
        assert!(rounds.get(first).is_none() && rounds.get(second).is_some());
        assert_eq!(rounds.tagged(first.tag()), Some(first));
        assert_eq!(rounds.tagged(second.tag()), Some(second));
        assert_eq!(rounds.tagged(second.tag() + 1), None);
        assert_eq!(rounds.to([127, 0, 0, 1].into()), [second]);
    }
}
