//! Which packet an answer or a quote belongs to, and whether it proves that.

use std::net::IpAddr;

use super::Machine;
use crate::icmp::cookie::{self, CookieKey};
use crate::icmp::flight::{PacketId, Round, RoundKey, State};
use crate::icmp::wire::Echo;

/// What an echo reply answers.
pub(super) enum Found {
    /// A packet of an open round.
    Open(PacketId),
    /// A packet of a round that is closed.
    Closed,
    /// Nothing that it could prove.
    Nothing,
}

impl Machine {
    /// The packet that an echo reply proves to answer.
    pub(super) fn find_answered(&self, from: IpAddr, echo: Echo<'_>) -> Found {
        if let Some(key) = CookieKey::tag(echo.data).and_then(|tag| self.rounds.tagged(tag)) {
            let Some(round) = self.rounds.get(key) else {
                // Closed, and with it the count of its packets; the first 65,536 can still be told.
                let packet = PacketId { round: key, sample: u32::from(echo.seq) };
                let proven = self.key.proves(echo.data, cookie::FULL, packet, from);
                return if proven { Found::Closed } else { Found::Nothing };
            };
            if let Some(packet) = self.proven(key, round, from, echo) {
                return Found::Open(packet);
            }
        }
        // Too little data for a tag, or data that only looks like one.
        self.small_rounds(from)
            .find_map(|(key, round)| self.proven(key, round, from, echo))
            .map_or(Found::Nothing, Found::Open)
    }

    /// The packet of a quoted request. Where the quote is too short for its mark, address and sequence number do: they
    /// can only change the reason of a loss.
    pub(super) fn find_quoted(&self, target: IpAddr, echo: Echo<'_>) -> Option<PacketId> {
        let awaited = |packet: &PacketId| {
            let sample = self.rounds.get(packet.round).and_then(|round| round.samples.get(packet.sample as usize));
            sample.is_some_and(|sample| matches!(sample.state, State::Awaited(_)))
        };
        self.rounds.to(target).iter().rev().find_map(|&key| {
            let round = self.rounds.get(key)?;
            let whole = echo.data.len() >= usize::from(round.data).min(cookie::FULL);
            if whole {
                return self.proven(key, round, target, echo);
            }
            let sample = round.candidates(echo.seq).next()?;
            Some(PacketId { round: key, sample }).filter(awaited)
        })
    }

    /// The packet of `round` that `echo` proves to carry.
    fn proven(&self, key: RoundKey, round: &Round, target: IpAddr, echo: Echo<'_>) -> Option<PacketId> {
        if round.target != target {
            return None;
        }
        let sent = usize::from(round.data);
        round
            .candidates(echo.seq)
            .map(|sample| PacketId { round: key, sample })
            .find(|&packet| self.key.proves(echo.data, sent, packet, target))
    }

    /// The open rounds to an address whose packets have no room for a tag.
    fn small_rounds(&self, target: IpAddr) -> impl Iterator<Item = (RoundKey, &Round)> {
        let rounds = self.rounds.to(target).iter().rev();
        rounds
            .filter_map(|&key| Some((key, self.rounds.get(key)?)))
            .filter(|(_, round)| usize::from(round.data) < cookie::FULL)
    }

    /// The first sequence number of a new round. With a tag every round counts from zero. Without one, rounds to one
    /// address at the same time share the numbers, each after the one before.
    pub(super) fn seq_base(&self, target: IpAddr, data: usize) -> u16 {
        if data >= cookie::FULL {
            return 0;
        }
        self.small_rounds(target).next().map_or(0, |(_, last)| last.seq(last.total))
    }
}
