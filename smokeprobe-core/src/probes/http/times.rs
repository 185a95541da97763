//! How long the parts of a request took, and which of them the RTT is made of.

use std::time::Duration;

use super::HttpMeasure;
use crate::round::Phases;

/// Lengths of the parts of one request, in the order in which they happen. What happens between them is our own doing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Times {
    pub(super) connect: Duration,
    pub(super) tls: Option<Duration>,
    /// From the request's first byte to its last.
    pub(super) send: Duration,
    pub(super) first_byte: Duration,
    pub(super) transfer: Duration,
}

impl Times {
    /// All but name resolution.
    fn total(&self) -> Duration {
        self.connect + self.tls.unwrap_or_default() + self.send + self.first_byte + self.transfer
    }
}

impl HttpMeasure {
    /// The RTT of a request whose host took `resolve` to look up.
    pub(super) fn part(self, resolve: Duration, times: &Times) -> Duration {
        let connect = resolve + times.connect;
        // Without TLS the connection is ready when it stands.
        let ready = connect + times.tls.unwrap_or_default();
        match self {
            Self::TotalWithoutResolve => times.total(),
            Self::Total => resolve + times.total(),
            Self::Resolve => resolve,
            Self::Connect => connect,
            Self::AppConnect | Self::PreTransfer => ready,
            Self::StartTransfer => ready + times.send + times.first_byte,
            // A request has no time of redirects; they are requests of their own.
            Self::Redirect => Duration::ZERO,
        }
    }

    /// What a whole request adds where it only led on to the next.
    pub(super) fn whole(self, resolve: Duration, times: &Times) -> Duration {
        match self {
            Self::TotalWithoutResolve => times.total(),
            _ => resolve + times.total(),
        }
    }
}

impl Phases {
    /// Adds the parts of one more request.
    pub(super) fn add(&mut self, resolve: Duration, times: &Times) {
        let add = |sum: &mut Option<Duration>, part: Duration| *sum = Some(sum.unwrap_or_default() + part);
        add(&mut self.resolve, resolve);
        add(&mut self.connect, times.connect);
        if let Some(tls) = times.tls {
            add(&mut self.tls, tls);
        }
        add(&mut self.first_byte, times.first_byte);
        add(&mut self.transfer, times.transfer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    const TIMES: Times = Times { connect: ms(2), tls: Some(ms(4)), send: ms(8), first_byte: ms(16), transfer: ms(32) };

    #[test]
    fn each_measure_runs_from_the_start_to_its_event() {
        for (measure, expected) in [
            (HttpMeasure::Resolve, 1),
            (HttpMeasure::Connect, 1 + 2),
            (HttpMeasure::AppConnect, 1 + 2 + 4),
            (HttpMeasure::PreTransfer, 1 + 2 + 4),
            (HttpMeasure::StartTransfer, 1 + 2 + 4 + 8 + 16),
            (HttpMeasure::Total, 1 + 2 + 4 + 8 + 16 + 32),
            (HttpMeasure::TotalWithoutResolve, 2 + 4 + 8 + 16 + 32),
            (HttpMeasure::Redirect, 0),
        ] {
            assert_eq!(measure.part(ms(1), &TIMES), ms(expected), "{measure:?}");
        }
        assert_eq!(HttpMeasure::TotalWithoutResolve.whole(ms(1), &TIMES), ms(62));
        assert_eq!(HttpMeasure::Redirect.whole(ms(1), &TIMES), ms(63));
    }

    #[test]
    fn phases_of_several_requests_add_up_and_tls_stays_absent_without_it() {
        let mut phases = Phases::default();
        phases.add(ms(1), &Times { tls: None, ..TIMES });
        assert_eq!((phases.connect, phases.tls), (Some(ms(2)), None));
        phases.add(ms(1), &TIMES);
        assert_eq!((phases.resolve, phases.connect, phases.tls), (Some(ms(2)), Some(ms(4)), Some(ms(4))));
        assert_eq!((phases.first_byte, phases.transfer), (Some(ms(32)), Some(ms(64))));
    }
}
