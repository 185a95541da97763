//! FPing, FPing6, FPingContinuous.

use std::time::Duration;

use smokeprobe_core::AddressFamily;
use smokeprobe_core::probes::icmp::IcmpOptions;

use super::super::modules::{Icmp, flags};
use super::Settings;

pub(super) fn options(settings: &Settings<'_>, kind: Icmp) -> IcmpOptions {
    let defaults = IcmpOptions::default();
    let family = match (settings.str("protocol"), kind) {
        (Some("4"), _) => AddressFamily::V4,
        (Some("6"), _) | (None, Icmp::FPing6) => AddressFamily::V6,
        _ => AddressFamily::Any,
    };
    let interval = match kind {
        // The reference pings all the time, at this pace.
        Icmp::Continuous => settings.step().mul_f64(0.95) / settings.pings().max(1),
        Icmp::FPing | Icmp::FPing6 => defaults.interval,
    };
    IcmpOptions {
        family,
        payload: settings.str("packetsize").and_then(|size| size.parse().ok()).unwrap_or(defaults.payload),
        interval: settings.seconds("hostinterval").filter(|pause| !pause.is_zero()).unwrap_or(interval),
        gap: settings.seconds("mininterval").unwrap_or(defaults.gap),
        timeout: settings.seconds("timeout").filter(|timeout| *timeout > Duration::ZERO),
        tos: settings.tos(),
        source: settings.address("sourceaddress"),
        interface: settings.nonempty("interface"),
        mark: settings.str("fwmark").and_then(flags).map(|(mark, _)| mark),
        discard_first: settings.str("blazemode") == Some("true"),
    }
}
