//! Whether a round fits its step.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use smokeprobe_core::Step;

use super::super::plan::{ProbeOptions, Target};
use super::super::source::Span;
use super::Context;

/// Finds rounds that take longer than their step. Each kind of round is reported once, at its first target.
#[derive(Debug, Default)]
pub(super) struct Fit {
    reported: HashSet<(String, u32, Duration, Duration)>,
    /// How long the packets of all targets take that share a pacer, by probe, with its step.
    paced: BTreeMap<String, (Duration, Step)>,
}

impl Fit {
    /// Takes one target. Where nobody set a timeout, nobody is told that it is long.
    pub(super) fn target(&mut self, target: &Target, timeout_is_set: bool, span: Span, cx: &mut Context<'_>) {
        let Target { probe, step, pings, options, .. } = target;
        let (step, pings) = (*step, *pings);
        let (interval, last, serial) = match options {
            ProbeOptions::Icmp(icmp) => {
                let paced = self.paced.entry(probe.clone()).or_insert((Duration::ZERO, step));
                paced.0 = paced.0.saturating_add(icmp.gap.saturating_mul(pings));
                let own = icmp.interval.clamp(Duration::from_secs(1), Duration::from_secs(2));
                (icmp.interval, icmp.timeout.unwrap_or(own), false)
            }
            ProbeOptions::Tcp(tcp) => (tcp.connect.interval, tcp.connect.timeout, true),
            ProbeOptions::Dns(dns) => (dns.connect.interval, dns.connect.timeout, true),
            ProbeOptions::Http(http) => {
                (http.connect.interval, http.connect.timeout.saturating_mul(http.urls.len().max(1) as u32), true)
            }
            ProbeOptions::Unsupported => return,
        };
        let least = interval.saturating_mul(pings.saturating_sub(1));
        // A sample that waits in vain delays the next one, except where the answers are waited for side by side.
        let most = if serial { interval.max(last).saturating_mul(pings) } else { least.saturating_add(last) };
        if most <= step.as_duration() || !self.reported.insert((probe.clone(), pings, interval, last)) {
            return;
        }
        let seconds = step.as_secs();
        let spaced = format!("{pings} pings with {} s between them", interval.as_secs_f64());
        if least >= step.as_duration() {
            let room = f64::from(step.as_secs()) / f64::from(pings);
            cx.problems.error(span, format!("{spaced} do not fit a step of {seconds} s")).help(format!(
                "let {} s or less pass between pings, or take fewer pings, or a longer step",
                floor(room * 0.9)
            ));
        } else if timeout_is_set {
            cx.problems
                .warn(
                    span,
                    format!(
                        "when no ping is answered, a round of {pings} takes up to {} s, longer than the step of {seconds} s",
                        most.as_secs_f64().ceil()
                    ),
                )
                .help("lower `timeout` or `pings`; what is not known at the end of the step counts as lost");
        }
    }

    /// Looks at all targets of each probe together. `place` is where a probe is configured.
    pub(super) fn finish(self, place: impl Fn(&str) -> Span, cx: &mut Context<'_>) {
        for (probe, (needed, step)) in self.paced {
            if needed > step.as_duration() {
                cx.problems
                    .warn(
                        place(&probe),
                        format!(
                            "all packets of probe {probe} one after another take {} s, longer than the step of {} s",
                            needed.as_secs_f64().ceil(),
                            step.as_secs()
                        ),
                    )
                    .help("lower `mininterval`, which is 0.01 s unless set, or `pings`, or take a longer step");
            }
        }
    }
}

/// Two digits after the point, never rounded up.
fn floor(seconds: f64) -> f64 {
    (seconds * 100.0).floor() / 100.0
}
