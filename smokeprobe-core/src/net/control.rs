//! The control messages that come with a packet (cmsg(3)): time stamps, ICMP errors.
//!
//! Read as bytes, so that no length in them is ever trusted.

use crate::time::KernelTime;

/// What the control messages of one packet said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Notes {
    /// The kernel's software stamp of the packet.
    pub(crate) stamp: Option<KernelTime>,
    /// From the error queue: what it is about.
    pub(crate) report: Option<Report>,
}

/// What an entry of the error queue is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// The stamp of the sent packet of this number.
    Sent(u32),
    /// An ICMP error of this type and code.
    Icmp { kind: u8, code: u8 },
    /// Something else, such as a packet that the kernel itself refused later.
    Other,
}

const WORD: usize = size_of::<usize>();
/// `struct cmsghdr`: a length of a machine word, a level and a type.
const HEADER: usize = WORD + 8;

/// Reads control messages.
pub(crate) fn read(mut control: &[u8]) -> Notes {
    let mut notes = Notes::default();
    while let Some((level, kind, data, rest)) = split(control) {
        match (level, kind) {
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPING) => notes.stamp = stamp(data),
            (libc::SOL_IP, libc::IP_RECVERR) | (libc::SOL_IPV6, libc::IPV6_RECVERR) => notes.report = report(data),
            _ => {}
        }
        control = rest;
    }
    notes
}

/// The first message: level, type, data, and the bytes after it.
fn split(control: &[u8]) -> Option<(i32, i32, &[u8], &[u8])> {
    let length = usize::from_ne_bytes(*control.first_chunk()?);
    let level = u32_at(control, WORD)? as i32;
    let kind = u32_at(control, WORD + 4)? as i32;
    let data = control.get(HEADER..length)?;
    let rest = control.get(length.checked_next_multiple_of(WORD)?..).unwrap_or_default();
    Some((level, kind, data, rest))
}

/// `struct scm_timestamping`: three times, of which the first is the software stamp. Seconds and nanoseconds are 64 bits
/// each, or 32 on old 32-bit systems. All zero: no stamp.
fn stamp(data: &[u8]) -> Option<KernelTime> {
    let (seconds, nanos) = if data.len() >= 48 {
        (i64::from_ne_bytes(*data.first_chunk()?), i64::from_ne_bytes(*data[8..].first_chunk()?))
    } else {
        (i64::from(u32_at(data, 0)? as i32), i64::from(u32_at(data, 4)?))
    };
    let at = seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?;
    (at != 0).then_some(KernelTime::from_nanos(at))
}

/// `struct sock_extended_err`: errno (4), origin, type, code, padding, info (4), data (4).
fn report(data: &[u8]) -> Option<Report> {
    let errno = u32_at(data, 0)? as i32;
    let (&origin, &kind, &code) = (data.get(4)?, data.get(5)?, data.get(6)?);
    Some(match origin {
        libc::SO_EE_ORIGIN_TIMESTAMPING if errno == libc::ENOMSG => Report::Sent(u32_at(data, 12)?),
        libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6 => Report::Icmp { kind, code },
        _ => Report::Other,
    })
}

fn u32_at(data: &[u8], place: usize) -> Option<u32> {
    data.get(place..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(level: i32, kind: i32, data: &[u8]) -> Vec<u8> {
        let mut bytes = (HEADER + data.len()).to_ne_bytes().to_vec();
        bytes.extend_from_slice(&level.to_ne_bytes());
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(data);
        bytes.resize(bytes.len().next_multiple_of(WORD), 0);
        bytes
    }

    fn words(words: &[i64]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    #[test]
    fn messages_are_read_in_any_order() {
        let unreachable = [0, 0, 0, 0, libc::SO_EE_ORIGIN_ICMP, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let mut control = message(libc::SOL_IP, libc::IP_RECVERR, &unreachable);
        control.extend(message(99, 99, b"unknown"));
        control.extend(message(libc::SOL_SOCKET, libc::SCM_TIMESTAMPING, &words(&[3, 14, 0, 0, 0, 0])));
        let notes = read(&control);
        assert_eq!(notes.report, Some(Report::Icmp { kind: 3, code: 1 }));
        assert_eq!(notes.stamp, Some(KernelTime::from_nanos(3_000_000_014)));
    }

    #[test]
    fn lengths_that_lie_end_the_reading() {
        let whole = message(libc::SOL_SOCKET, libc::SCM_TIMESTAMPING, &words(&[3, 14, 0, 0, 0, 0]));
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), Notes::default(), "cut to {length}");
        }
        for length in [0, 1, HEADER - 1, usize::MAX, usize::MAX - 3] {
            let mut lying = whole.clone();
            lying[..WORD].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(read(&lying), Notes::default(), "claims {length}");
        }
    }

    #[test]
    fn zero_stamp_is_no_stamp() {
        assert_eq!(read(&message(libc::SOL_SOCKET, libc::SCM_TIMESTAMPING, &words(&[0; 6]))).stamp, None);
    }
}
