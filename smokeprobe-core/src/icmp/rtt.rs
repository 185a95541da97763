//! Which clock an RTT is taken from.

use std::time::Duration;

use crate::round::StampSource;
use crate::time::{KernelTime, MonoTime, Rtt};

/// The stamps of one packet: by the monotonic clock around the system call, and by the kernel where it gave one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamped {
    pub(crate) user: MonoTime,
    pub(crate) kernel: Option<KernelTime>,
}

/// The house's rule:
///
/// 1. Times of different clocks are never subtracted from each other, and no time is taken from a packet.
/// 2. The kernel's interval lies inside the user's, which runs from before the `send` to after the `recv`. So it is
///    taken when it is neither negative nor longer than the user's; it leaves out our own delays.
/// 3. Else the wall clock, by which the kernel stamps, was moved in between, or a stamp is missing: the user's interval
///    is taken.
pub(crate) fn rtt(sent: Stamped, received: Stamped) -> (Rtt, StampSource) {
    let user = received.user.saturating_since(sent.user);
    match kernel_interval(sent, received) {
        Some(kernel) if kernel <= user => (kernel.into(), StampSource::Kernel),
        _ => (user.into(), StampSource::User),
    }
}

fn kernel_interval(sent: Stamped, received: Stamped) -> Option<Duration> {
    received.kernel?.since(sent.kernel?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(user: u64, kernel: Option<i64>) -> Stamped {
        Stamped { user: MonoTime::from_nanos(user), kernel: kernel.map(KernelTime::from_nanos) }
    }

    #[test]
    fn kernel_interval_is_taken_only_inside_the_users() {
        let sent = at(1000, Some(5000));
        for (received, nanos, source) in [
            (at(1900, Some(5400)), 400, StampSource::Kernel),
            (at(1900, Some(5900)), 900, StampSource::Kernel),
            (at(1900, Some(5000)), 0, StampSource::Kernel),
            (at(1900, Some(5901)), 900, StampSource::User),
            (at(1900, Some(4999)), 900, StampSource::User),
            (at(1900, None), 900, StampSource::User),
        ] {
            assert_eq!(rtt(sent, received), (Rtt::from_nanos(nanos), source), "{received:?}");
        }
        assert_eq!(rtt(at(1000, None), at(1900, Some(5400))).1, StampSource::User);
    }
}
