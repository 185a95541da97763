//! The plan in words and ids, for pages and graphs.

use std::time::Duration;

use smokeprobe_core::probes::{dns::DnsTransport, icmp::IcmpOptions};
use smokeprobe_core::{AddressFamily, SeriesId, TargetPath, UnknownReason, Vantage};

use crate::config::Plan;
use crate::config::plan::{Node, ProbeInstance, ProbeOptions, Target, TargetHost};

/// The series of a target: this machine's unless it does not measure it, then each slave's in the config's order.
pub(crate) fn series_of(target: &Target) -> impl Iterator<Item = SeriesId> {
    let local = (!target.nomasterpoll).then(|| SeriesId::local(target.path.clone()));
    let slaves = target
        .slaves
        .iter()
        .map(|slave| SeriesId { target: target.path.clone(), vantage: Vantage::Slave(slave.as_str().into()) });
    local.into_iter().chain(slaves)
}

/// Every series of a plan with its target: section by section in the config's order, and as [`series_of`] in each. The
/// page knows series by their places in this order.
pub(crate) fn all_series(plan: &Plan) -> impl Iterator<Item = (SeriesId, &Target)> {
    plan.targets().flat_map(|target| series_of(target).map(move |series| (series, target)))
}

/// The section at `path`.
pub(crate) fn find<'a>(plan: &'a Plan, path: &TargetPath) -> Option<&'a Node> {
    path.names().try_fold(&plan.root, |node, name| node.children.iter().find(|child| child.name == name))
}

/// What a section points at, as the configuration says it. Of a dynamic host without the hash of its secret: whoever sees
/// that may find the secret.
pub(crate) fn host(node: &Node) -> Option<&str> {
    match node.target.as_ref().map(|target| &target.host) {
        Some(TargetHost::Dynamic { .. }) => Some("DYNAMIC"),
        _ => node.host.as_deref(),
    }
}

/// The probe of a target.
pub(crate) fn probe_of<'a>(plan: &'a Plan, target: &Target) -> Option<&'a ProbeInstance> {
    plan.probes.get(&target.probe)
}

/// Whether somebody measures the target: we have such a probe.
pub(crate) fn supported(plan: &Plan, target: &Target) -> bool {
    target.options != ProbeOptions::Unsupported && probe_of(plan, target).is_none_or(|probe| probe.supported)
}

/// Why a target is not measured.
pub(crate) fn unsupported(plan: &Plan, target: &Target) -> String {
    let module = probe_of(plan, target).map_or(target.probe.as_str(), |probe| probe.module.as_str());
    format!("not measured: probe {module} is not supported")
}

/// What a vantage point is called in pages and graphs.
pub(crate) fn vantage_name<'a>(plan: &'a Plan, vantage: &'a Vantage) -> Option<&'a str> {
    match vantage {
        Vantage::Local => plan.general.display_name.as_deref(),
        Vantage::Slave(name) => {
            Some(plan.slaves.get(name.as_ref()).map_or(name.as_ref(), |slave| slave.display_name.as_str()))
        }
    }
}

/// What one sample is, in the plural.
pub(crate) fn samples(options: &ProbeOptions) -> String {
    match options {
        ProbeOptions::Icmp(icmp) => {
            let family = if icmp.family == AddressFamily::V6 { "IPv6 ICMP" } else { "ICMP" };
            format!("{family} Echo Pings ({} Bytes)", icmp.payload)
        }
        ProbeOptions::Tcp(tcp) => format!("TCP Pings (port {})", tcp.port),
        ProbeOptions::Dns(dns) => {
            let transport = match dns.transport {
                DnsTransport::Udp => "UDP",
                DnsTransport::Tcp => "TCP",
                DnsTransport::Tls => "TLS",
            };
            format!("DNS requests ({}, {transport})", dns.record_type)
        }
        ProbeOptions::Http(_) => "HTTP requests".to_owned(),
        ProbeOptions::Unsupported => "samples".to_owned(),
    }
}

/// What a target measures, in one line.
pub(crate) fn measurement(target: &Target) -> String {
    format!("{} {} every {} s", target.pings, samples(&target.options), target.step.as_secs())
}

/// How long a round takes at the longest, and so how long the first one lets wait.
pub(crate) fn round_length(target: &Target) -> Duration {
    let (interval, timeout) = match &target.options {
        ProbeOptions::Icmp(IcmpOptions { interval, timeout, .. }) => {
            (*interval, timeout.unwrap_or((*interval).clamp(Duration::from_secs(1), Duration::from_secs(2))))
        }
        ProbeOptions::Tcp(tcp) => (tcp.connect.interval, tcp.connect.timeout),
        ProbeOptions::Dns(dns) => (dns.connect.interval, dns.connect.timeout),
        ProbeOptions::Http(http) => (http.connect.interval, http.connect.timeout),
        ProbeOptions::Unsupported => (Duration::ZERO, Duration::ZERO),
    };
    interval.saturating_mul(target.pings.saturating_sub(1)).saturating_add(timeout).min(target.step.as_duration())
}

/// Why a round is unknown, as a sentence.
pub(crate) fn unknown(reason: &UnknownReason) -> String {
    match reason {
        UnknownReason::NotResolved => "the host's name has no address".to_owned(),
        UnknownReason::ProbeFailed(why) => format!("the probe could not measure: {why}"),
        UnknownReason::Panicked => "the probe failed with a fault of its own".to_owned(),
        UnknownReason::Hung => "the probe took no sample before the round's end".to_owned(),
        UnknownReason::Missed => {
            "the round was missed: the server was suspended, overloaded, or its clock stepped".to_owned()
        }
        UnknownReason::Stopped => "the server stopped before the first sample".to_owned(),
        _ => "unknown for a reason that has no words yet".to_owned(),
    }
}
