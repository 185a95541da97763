//! When to try: the wait after a failure, and the rate limit of a recipient.

use std::time::Duration;

use smokeprobe_core::WallTime;

use super::MessageId;

/// The wait after the first failure.
const BACKOFF_FIRST: Duration = Duration::from_secs(5);

/// The longest wait of our own making. Longer only when the other side asks for it.
pub(super) const BACKOFF_LONGEST: Duration = Duration::from_secs(15 * 60);

/// After this many failures in a row, of whichever messages, the recipient itself is taken to be down.
const FAILURES_OF_A_DEAD_LINE: u32 = 3;

/// The longest pause between two tries at a recipient that is taken to be down.
const PAUSE_LONGEST: Duration = Duration::from_secs(60);

const MINUTE: Duration = Duration::from_secs(60);

/// How long a message waits after its try number `attempts` (from 1) failed.
///
/// Doubles from [`BACKOFF_FIRST`] to [`BACKOFF_LONGEST`], less up to a fifth, so that messages which failed together
/// are not tried together again. The part taken off follows from the message and the try: the same in every run.
pub(super) fn backoff(id: MessageId, attempts: u32) -> Duration {
    let whole = doubled(BACKOFF_FIRST, attempts.saturating_sub(1)).min(BACKOFF_LONGEST);
    let share = scattered(id.0 ^ u64::from(attempts).rotate_left(32)) % 1000;
    whole.saturating_sub(whole / 5 * share as u32 / 1000)
}

/// How long nothing at all is sent to a recipient after so many failures in a row.
pub(super) fn pause(failures: u32) -> Duration {
    match failures.checked_sub(FAILURES_OF_A_DEAD_LINE) {
        None => Duration::ZERO,
        Some(more) => doubled(BACKOFF_FIRST, more).min(PAUSE_LONGEST),
    }
}

/// At most so many messages in any minute, about half of them at once.
///
/// The generic cell rate algorithm (ITU-T I.371, the leaky bucket as a virtual schedule): all it must remember is one
/// time, at which the recipient has its whole burst again. With a burst of `b` and one more message every
/// `60 s / (rate - b + 1)`, no half-open minute has more than `rate`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    burst: u32,
    interval: Duration,
}

impl Rate {
    /// At most `a_minute` messages in any minute; 1 for 0, as a recipient that is never told is none.
    pub(super) fn new(a_minute: u32) -> Self {
        let a_minute = a_minute.max(1);
        let burst = (a_minute / 2).max(1);
        // A nanosecond more, as the division rounds down.
        Self { burst, interval: MINUTE / (a_minute - burst + 1) + Duration::from_nanos(1) }
    }

    /// From when on the next message may be sent, given what [`spend`](Self::spend) said last.
    pub(super) fn free_at(self, spent: WallTime) -> WallTime {
        spent - self.interval * (self.burst - 1)
    }

    /// A message is sent at `now`.
    pub(super) fn spend(self, spent: Option<WallTime>, now: WallTime) -> WallTime {
        spent.map_or(now, |spent| spent.max(now)) + self.interval
    }

    /// The latest that [`spend`](Self::spend) can have said at `now`: what lies beyond is from before a step of the
    /// clock.
    pub(super) fn latest(now: WallTime) -> WallTime {
        now + MINUTE + Duration::from_secs(1)
    }
}

fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(1_u32.checked_shl(times).unwrap_or(u32::MAX))
}

/// The finaliser of splitmix64 (Steele, Lea and Flood, 2014): close numbers get far apart.
fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour_and_differ_between_messages() {
        for (attempts, whole) in [(1, 5), (2, 10), (3, 20), (7, 320), (8, 640), (9, 900), (10, 900), (u32::MAX, 900)] {
            let waits: Vec<Duration> = (1..200).map(|id| backoff(MessageId(id), attempts)).collect();
            let whole = Duration::from_secs(whole);
            assert!(waits.iter().all(|wait| *wait <= whole && *wait >= whole * 4 / 5), "{attempts}: {waits:?}");
            let distinct: std::collections::BTreeSet<_> = waits.iter().collect();
            assert!(distinct.len() > 100, "{attempts}: {} of 199 differ", distinct.len());
            assert_eq!(waits, (1..200).map(|id| backoff(MessageId(id), attempts)).collect::<Vec<_>>());
        }
    }

    proptest! {
        #[test]
        fn no_minute_has_more_messages_than_the_rate(
            a_minute in 1_u32..200,
            tries in prop::collection::vec(0_u64..5_000, 1..500),
        ) {
            let rate = Rate::new(a_minute);
            let (mut now, mut spent, mut sent) = (WallTime::from_unix_secs(1_000_000_000), None, Vec::new());
            for wait in tries {
                now = now + Duration::from_millis(wait);
                if spent.is_none_or(|spent| rate.free_at(spent) <= now) {
                    spent = Some(rate.spend(spent, now));
                    prop_assert!(spent <= Some(Rate::latest(now)));
                    sent.push(now);
                }
            }
            for (at, first) in sent.iter().enumerate() {
                let within = sent[at..].iter().take_while(|later| later.saturating_since(*first) < MINUTE).count();
                prop_assert!(within <= a_minute as usize, "{within} in a minute of {a_minute}");
            }
        }

        #[test]
        fn a_busy_recipient_gets_at_least_half_its_rate(a_minute in 1_u32..200) {
            let rate = Rate::new(a_minute);
            let start = WallTime::from_unix_secs(1_000_000_000);
            let (mut spent, mut sent) = (None, 0);
            for second in 0..600 {
                let now = start + Duration::from_secs(second);
                while spent.is_none_or(|spent| rate.free_at(spent) <= now) {
                    spent = Some(rate.spend(spent, now));
                    sent += 1;
                }
            }
            prop_assert!(sent >= a_minute * 5, "{sent} in ten minutes of {a_minute}");
        }
    }
}
