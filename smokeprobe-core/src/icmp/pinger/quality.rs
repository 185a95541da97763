//! How far rounds can be trusted: lateness and overflows of our own, and missing stamps.

use std::time::Duration;

use super::{Machine, SocketId};
use crate::icmp::flight::RoundKey;
use crate::icmp::pacing::TICK;
use crate::time::MonoTime;

/// From here on a socket lacks stamps.
const LACKING: u16 = 256;

impl Machine {
    /// The socket's receive queue has dropped this many packets since it was opened.
    pub fn handle_overflow(&mut self, socket: SocketId, total: u64) {
        let place = usize::from(socket.0);
        if self.overflows.len() <= place {
            self.overflows.resize(place + 1, 0);
        }
        let new = total.saturating_sub(self.overflows[place]);
        self.overflows[place] += new;
        self.counters.receive_overflows += new;
    }

    /// A timer of the driver's fired this late.
    pub fn handle_lateness(&mut self, now: MonoTime, late: Duration) {
        self.counters.worst_lateness = self.counters.worst_lateness.max(late);
        if self.rounds.len() > 0 {
            self.lateness.note(now, late);
        }
    }

    /// Whether enough answers through this socket come without stamps that packets should be timed one by one. Some
    /// network cards stamp nothing that they send; other packets of the same socket may be stamped all the same.
    pub fn lacks_stamps(&self, socket: SocketId) -> bool {
        self.lacking.get(usize::from(socket.0)).is_some_and(|&lacking| lacking >= LACKING)
    }

    /// An answer without both stamps weighs as much as 64 with them: one in fifty is too many. Four in a row are enough,
    /// and a thousand stamped ones make up for any number.
    pub(super) fn note_stamps(&mut self, socket: SocketId, both: bool) {
        let place = usize::from(socket.0);
        if self.lacking.len() <= place {
            self.lacking.resize(place + 1, 0);
        }
        let lacking = &mut self.lacking[place];
        *lacking = if both { lacking.saturating_sub(1) } else { (*lacking + LACKING / 4).min(4 * LACKING) };
    }

    pub(super) fn note_late(&mut self, key: RoundKey) {
        self.counters.late += 1;
        if let Some(round) = self.rounds.get_mut(key) {
            round.noted.late_answers += 1;
            let late = round.noted.late_answers;
            round.recorder.quality(|quality| quality.late_answers = late);
        }
    }

    /// Keeps the round's quality current, so that one that is cut short has it too.
    ///
    /// A round is suspect when our own starvation may have spoilt it:
    ///
    /// 1. a sample was lost to its time-out, and our receive queue overflowed while the round was open; or
    /// 2. a sample was lost to its time-out, and a timer of ours fired later than half that time-out: the machine stood
    ///    still, and who knows what it dropped; or
    /// 3. an RTT had to be taken in user space while timers fired more than two ticks late: it holds our own delay.
    pub(super) fn note_quality(&mut self, key: RoundKey) {
        let Some(round) = self.rounds.get_mut(key) else { return };
        let overflows = self.overflows.get(usize::from(round.socket.0)).map_or(0, |all| all - round.overflows_before);
        let overflows = u32::try_from(overflows).unwrap_or(u32::MAX);
        let lateness = self.lateness.worst_since(round.started);
        let suspect = (round.timed_out > 0 && (overflows > 0 || lateness > round.timeout / 2))
            || (round.noted.user_stamps > 0 && lateness > TICK * 2);
        let noted = &mut round.noted;
        if (noted.receive_overflows, noted.timer_lateness, noted.suspect) == (overflows, lateness, suspect) {
            return;
        }
        if suspect && !noted.suspect {
            self.counters.suspect_rounds += 1;
        }
        noted.receive_overflows = overflows;
        noted.timer_lateness = lateness;
        noted.suspect = suspect;
        round.recorder.quality(|quality| {
            quality.receive_overflows = overflows;
            quality.timer_lateness = lateness;
            quality.suspect = suspect;
        });
    }

    pub(super) fn overflows_of(&self, socket: SocketId) -> u64 {
        self.overflows.get(usize::from(socket.0)).copied().unwrap_or(0)
    }
}
