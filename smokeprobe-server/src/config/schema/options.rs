//! Variables of probes and targets → the options of our probes.

mod dns;
mod http;
mod icmp;

use std::net::IpAddr;
use std::time::Duration;

use smokeprobe_core::AddressFamily;
use smokeprobe_core::probes::ConnectOptions;
use smokeprobe_core::probes::tcp::TcpOptions;

use super::super::check::perl_number;
use super::super::plan::ProbeOptions;
use super::super::source::Text;
use super::Context;
use super::modules::{Kind, Module, flags};
use super::probes::Instance;

/// A variable of a probe, set on a target or above it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its value.
    pub(super) value: &'a Text,
    /// It was set for a probe that in SmokePing has no such variable on a target.
    pub(super) ours: bool,
}

impl Setting<'_> {
    /// Whether it means something for a target of this module.
    ///
    /// In SmokePing a value goes on to another probe below that has such a variable on its targets, and to no other:
    /// `pings` of a TCPPing section does not change the pings of an FPing target in it. What only we let stand on a
    /// target goes on to all that have it.
    pub(super) fn holds_for(&self, module: &Module) -> bool {
        module.has_of_old(self.name) || (self.ours && module.in_targets(self.name).is_some())
    }
}

/// What is configured for one target.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    own: &'a [Setting<'a>],
    instance: &'a Instance<'a>,
    default_pings: u32,
}

/// The longest time that any interval or timeout can mean.
const LONGEST: Duration = Duration::from_secs(86_400);

impl<'a> Settings<'a> {
    /// `own` are the target's own and inherited variables.
    pub(super) const fn new(own: &'a [Setting<'a>], instance: &'a Instance<'a>, default_pings: u32) -> Self {
        Self { own, instance, default_pings }
    }

    /// Pings a round.
    pub(super) fn pings(&self) -> u32 {
        self.str("pings").and_then(|pings| pings.parse().ok()).unwrap_or(self.default_pings)
    }

    /// Whether the variable is set anywhere.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// The value of a variable: the target's, then the probe's.
    fn text(&self, name: &str) -> Option<&'a Text> {
        let holds = |setting: &Setting<'_>| self.instance.module.is_none_or(|module| setting.holds_for(module));
        let own = self.own.iter().find(|setting| setting.name == name && holds(setting)).map(|setting| setting.value);
        own.or_else(|| self.instance.value(name))
    }

    fn str(&self, name: &str) -> Option<&'a str> {
        self.text(name).map(|text| text.text.as_str())
    }

    fn nonempty(&self, name: &str) -> Option<String> {
        self.str(name).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    fn seconds(&self, name: &str) -> Option<Duration> {
        self.str(name).map(seconds)
    }

    /// True as Perl has it: there, not empty, not `0`.
    fn truth(&self, name: &str) -> bool {
        self.str(name).is_some_and(|value| !value.is_empty() && value != "0")
    }

    fn yes(&self, name: &str) -> bool {
        self.str(name) == Some("yes")
    }

    fn address(&self, name: &str) -> Option<IpAddr> {
        self.str(name)?.parse().ok()
    }

    fn port(&self, name: &str) -> Option<u16> {
        self.str(name)?.parse().ok()
    }

    fn tos(&self) -> u8 {
        self.str("tos").and_then(flags).map_or(0, |(number, _)| number as u8)
    }

    fn step(&self) -> Duration {
        self.instance.plan.step.as_duration()
    }

    /// What the connecting probes have in common. `pause` and `timeout` hold where the configuration does not say.
    fn connect(&self, pause: Duration, timeout: Duration) -> ConnectOptions {
        ConnectOptions {
            family: match self.str("ipversion") {
                Some("4") => AddressFamily::V4,
                Some("6") => AddressFamily::V6,
                _ => AddressFamily::Any,
            },
            timeout: self.seconds("timeout").filter(|timeout| !timeout.is_zero()).unwrap_or(timeout),
            interval: self.seconds("mininterval").or_else(|| self.seconds("waittime")).unwrap_or(pause),
            source: self.address("sourceaddress"),
            interface: self.nonempty("interface"),
            tos: self.tos(),
        }
    }

    /// A pause of a second, or less where so many pings would not fit the step.
    fn pause(&self) -> Duration {
        let share = self.step().mul_f64(0.8) / self.pings().max(1);
        share.min(Duration::from_secs(1))
    }
}

/// The options of a target. Whatever cannot be used is noted.
pub(super) fn build(settings: &Settings<'_>, cx: &mut Context<'_>) -> ProbeOptions {
    let Some(module) = settings.instance.module else { return ProbeOptions::Unsupported };
    match module.kind {
        Kind::Icmp(kind) => ProbeOptions::Icmp(icmp::options(settings, kind)),
        Kind::Tcp => ProbeOptions::Tcp(TcpOptions {
            connect: settings.connect(settings.pause(), Duration::from_secs(5)),
            port: settings.port("port").unwrap_or(80),
            require_accept: settings.yes("require_accept"),
        }),
        Kind::Dig | Kind::Dns => ProbeOptions::Dns(dns::options(settings, module.kind, cx)),
        Kind::Curl => http::curl(settings, cx),
        Kind::EchoPingHttp => http::echoping(settings, "http", cx),
        Kind::EchoPingHttps => http::echoping(settings, "https", cx),
        Kind::Unsupported => ProbeOptions::Unsupported,
    }
}

fn seconds(value: &str) -> Duration {
    Duration::try_from_secs_f64(perl_number(value)).unwrap_or(LONGEST).min(LONGEST)
}
