//! A round in few bytes: numbers as LEB128, RTTs as differences, flags for what most rounds do not have. Only this process
//! reads it, so that there are no versions.

use std::net::IpAddr;
use std::time::Duration;

use smokeprobe_core::{LossReason, Phases, Quality, Rtt, UnknownReason, WallTime};

use super::{Recent, Samples};

const MEASURED: u8 = 1;
const STALE: u8 = 1 << 1;
const SUSPECT: u8 = 1 << 2;
const V4: u8 = 1 << 3;
const V6: u8 = 1 << 4;
const NOTE: u8 = 1 << 5;
const PHASES: u8 = 1 << 6;
const CERTIFICATE: u8 = 1 << 7;

pub(super) fn pack(recent: &Recent) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(128));
    let flags = recent.result.as_ref().map_or(0, flags);
    out.0.push(flags);
    out.signed(recent.started.unix_nanos());
    out.signed(recent.end);
    out.number(recent.pings.into());
    match &recent.result {
        Ok(samples) => out.samples(samples),
        Err(reason) => out.unknown(reason),
    }
    out.0
}

/// What [`pack`] has made; `None` of anything else.
pub(super) fn unpack(packed: &[u8]) -> Option<Recent> {
    let mut from = Reader(packed);
    let flags = from.byte()?;
    let (started, end, pings) = (WallTime::from_unix_nanos(from.signed()?), from.signed()?, from.small()?);
    let result = if flags & MEASURED == 0 { Err(from.unknown()?) } else { Ok(from.samples(flags)?) };
    Some(Recent { started, end, pings, result })
}

fn flags(samples: &Samples) -> u8 {
    let of = |holds: bool, flag: u8| if holds { flag } else { 0 };
    MEASURED
        | of(samples.stale_address, STALE)
        | of(samples.quality.suspect, SUSPECT)
        | of(samples.address.is_some_and(|address| address.is_ipv4()), V4)
        | of(samples.address.is_some_and(|address| address.is_ipv6()), V6)
        | of(samples.note.is_some(), NOTE)
        | of(samples.phases.is_some(), PHASES)
        | of(samples.certificate_expires.is_some(), CERTIFICATE)
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// Small negative numbers are short too.
    fn signed(&mut self, number: i64) {
        self.number((number as u64) << 1 ^ (number >> 63) as u64);
    }

    fn duration(&mut self, duration: Duration) {
        self.number(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn samples(&mut self, samples: &Samples) {
        self.number(samples.lost.into());
        self.number(samples.rtts.len() as u64);
        let mut before = 0;
        for rtt in &samples.rtts {
            self.number(rtt.as_nanos().saturating_sub(before));
            before = rtt.as_nanos();
        }
        self.loss(samples.loss_reason);
        let Quality { kernel_stamps, user_stamps, late_answers, duplicates, receive_overflows, timer_lateness, .. } =
            samples.quality;
        for count in [kernel_stamps, user_stamps, late_answers, duplicates, receive_overflows] {
            self.number(count.into());
        }
        self.duration(timer_lateness);
        match samples.address {
            Some(IpAddr::V4(address)) => self.0.extend(address.octets()),
            Some(IpAddr::V6(address)) => self.0.extend(address.octets()),
            None => {}
        }
        if let Some(note) = &samples.note {
            self.text(note);
        }
        if let Some(phases) = &samples.phases {
            for part in [phases.resolve, phases.connect, phases.tls, phases.first_byte, phases.transfer] {
                self.0.push(part.is_some().into());
                if let Some(part) = part {
                    self.duration(part);
                }
            }
        }
        if let Some(expires) = samples.certificate_expires {
            self.signed(expires.unix_nanos());
        }
    }

    fn loss(&mut self, reason: Option<(LossReason, u32)>) {
        let (kind, code) = match reason.map(|(reason, _)| reason) {
            Some(LossReason::Timeout) => (1, 0),
            Some(LossReason::Unreachable { code }) => (2, code),
            Some(LossReason::TtlExceeded) => (3, 0),
            Some(LossReason::TooBig) => (4, 0),
            Some(LossReason::Refused) => (5, 0),
            Some(LossReason::Unexpected) => (6, 0),
            Some(LossReason::SendFailed) => (7, 0),
            // One that has no words yet is told nowhere.
            Some(_) | None => (0, 0),
        };
        self.0.push(kind);
        if kind != 0 {
            self.0.push(code);
            self.number(reason.map_or(0, |(_, count)| count).into());
        }
    }

    fn unknown(&mut self, reason: &UnknownReason) {
        let kind = match reason {
            UnknownReason::NotResolved => 1,
            UnknownReason::ProbeFailed(_) => 2,
            UnknownReason::Panicked => 3,
            UnknownReason::Hung => 4,
            UnknownReason::Missed => 5,
            UnknownReason::Stopped => 6,
            _ => 0,
        };
        self.0.push(kind);
        if let UnknownReason::ProbeFailed(why) = reason {
            self.text(why);
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        self.bytes(1).map(|byte| byte[0])
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for place in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << place;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn duration(&mut self) -> Option<Duration> {
        self.number().map(Duration::from_nanos)
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        String::from_utf8(self.bytes(length)?.to_vec()).ok()
    }

    fn samples(&mut self, flags: u8) -> Option<Samples> {
        let lost = self.small()?;
        let (mut rtts, mut before) = (Vec::new(), 0_u64);
        for _ in 0..self.number()? {
            before = before.saturating_add(self.number()?);
            rtts.push(Rtt::from_nanos(before));
        }
        let loss_reason = self.loss()?;
        let quality = Quality {
            kernel_stamps: self.small()?,
            user_stamps: self.small()?,
            late_answers: self.small()?,
            duplicates: self.small()?,
            receive_overflows: self.small()?,
            timer_lateness: self.duration()?,
            suspect: flags & SUSPECT != 0,
        };
        let address = match flags & (V4 | V6) {
            V4 => Some(IpAddr::from(<[u8; 4]>::try_from(self.bytes(4)?).ok()?)),
            V6 => Some(IpAddr::from(<[u8; 16]>::try_from(self.bytes(16)?).ok()?)),
            _ => None,
        };
        let note = if flags & NOTE == 0 { None } else { Some(self.text()?) };
        let phases = if flags & PHASES == 0 { None } else { Some(self.phases()?) };
        let certificate_expires =
            if flags & CERTIFICATE == 0 { None } else { Some(WallTime::from_unix_nanos(self.signed()?)) };
        let stale_address = flags & STALE != 0;
        Some(Samples { rtts, lost, loss_reason, quality, address, stale_address, note, phases, certificate_expires })
    }

    fn phases(&mut self) -> Option<Phases> {
        let mut part = || match self.byte()? {
            0 => Some(None),
            _ => self.duration().map(Some),
        };
        Some(Phases { resolve: part()?, connect: part()?, tls: part()?, first_byte: part()?, transfer: part()? })
    }

    #[expect(clippy::option_option, reason = "none to be read, and none in what is read, are two things")]
    fn loss(&mut self) -> Option<Option<(LossReason, u32)>> {
        let kind = self.byte()?;
        if kind == 0 {
            return Some(None);
        }
        let code = self.byte()?;
        let reason = match kind {
            1 => LossReason::Timeout,
            2 => LossReason::Unreachable { code },
            3 => LossReason::TtlExceeded,
            4 => LossReason::TooBig,
            5 => LossReason::Refused,
            6 => LossReason::Unexpected,
            7 => LossReason::SendFailed,
            _ => return None,
        };
        Some(Some((reason, self.small()?)))
    }

    fn unknown(&mut self) -> Option<UnknownReason> {
        Some(match self.byte()? {
            1 => UnknownReason::NotResolved,
            2 => UnknownReason::ProbeFailed(self.text()?),
            3 => UnknownReason::Panicked,
            4 => UnknownReason::Hung,
            5 => UnknownReason::Missed,
            6 => UnknownReason::Stopped,
            _ => UnknownReason::ProbeFailed("for a reason that has no words yet".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn samples() -> impl Strategy<Value = Samples> {
        let reason = prop_oneof![
            Just(LossReason::Timeout),
            any::<u8>().prop_map(|code| LossReason::Unreachable { code }),
            Just(LossReason::Refused),
            Just(LossReason::SendFailed),
        ];
        let part = || proptest::option::of((0..u64::MAX).prop_map(Duration::from_nanos));
        let phases = (part(), part(), part(), part(), part()).prop_map(|parts| {
            let (resolve, connect, tls, first_byte, transfer) = parts;
            Phases { resolve, connect, tls, first_byte, transfer }
        });
        let quality = (any::<[u32; 5]>(), any::<u64>(), any::<bool>()).prop_map(|(counts, lateness, suspect)| {
            let [kernel_stamps, user_stamps, late_answers, duplicates, receive_overflows] = counts;
            let timer_lateness = Duration::from_nanos(lateness);
            Quality { kernel_stamps, user_stamps, late_answers, duplicates, receive_overflows, timer_lateness, suspect }
        });
        let rtts = proptest::collection::vec(any::<u64>(), 0..40).prop_map(|mut rtts| {
            rtts.sort_unstable();
            rtts.into_iter().map(Rtt::from_nanos).collect()
        });
        let address = proptest::option::of(any::<IpAddr>());
        let rest = (any::<bool>(), proptest::option::of(".{0,20}"), proptest::option::of(phases), any::<Option<i64>>());
        (rtts, any::<u32>(), proptest::option::of((reason, any::<u32>())), quality, address, rest).prop_map(
            |(rtts, lost, loss_reason, quality, address, (stale_address, note, phases, expires))| {
                let certificate_expires = expires.map(WallTime::from_unix_nanos);
                Samples { rtts, lost, loss_reason, quality, address, stale_address, note, phases, certificate_expires }
            },
        )
    }

    fn recent() -> impl Strategy<Value = Recent> {
        let unknown = prop_oneof![
            Just(UnknownReason::NotResolved),
            ".{0,20}".prop_map(UnknownReason::ProbeFailed),
            Just(UnknownReason::Panicked),
            Just(UnknownReason::Hung),
            Just(UnknownReason::Missed),
            Just(UnknownReason::Stopped),
        ];
        let result = prop_oneof![samples().prop_map(Ok), unknown.prop_map(Err)];
        (any::<i64>(), any::<i64>(), any::<u32>(), result).prop_map(|(started, end, pings, result)| {
            let started = WallTime::from_unix_nanos(started);
            Recent { started, end, pings, result }
        })
    }

    proptest! {
        #[test]
        fn a_round_comes_back_as_it_was(recent in recent()) {
            prop_assert_eq!(unpack(&pack(&recent)), Some(recent));
        }

        #[test]
        fn whatever_is_read_ends(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = unpack(&bytes);
        }
    }
}
