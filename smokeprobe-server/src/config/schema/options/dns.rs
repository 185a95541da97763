//! DNS, AnotherDNS.

use std::time::Duration;

use smokeprobe_core::probes::dns::{DnsDemands, DnsOptions, DnsTransport};

use super::super::super::check::perl_number;
use super::super::super::tree::clipped;
use super::super::Context;
use super::super::modules::Kind;
use super::Settings;

/// Record types by name; any other is `TYPE` and its number (RFC 3597).
const TYPES: [&str; 34] = [
    "A",
    "AAAA",
    "AFSDB",
    "ANY",
    "AXFR",
    "CAA",
    "CDNSKEY",
    "CDS",
    "CERT",
    "CNAME",
    "CSYNC",
    "DNAME",
    "DNSKEY",
    "DS",
    "HINFO",
    "HTTPS",
    "KEY",
    "LOC",
    "MX",
    "NAPTR",
    "NS",
    "NSEC",
    "NSEC3",
    "NSEC3PARAM",
    "NULL",
    "OPENPGPKEY",
    "PTR",
    "RRSIG",
    "SOA",
    "SRV",
    "SSHFP",
    "SVCB",
    "TLSA",
    "TXT",
];

pub(super) fn options(settings: &Settings<'_>, kind: Kind, cx: &mut Context<'_>) -> DnsOptions {
    // The reference runs dig once after another without a pause, and pauses half a second in AnotherDNS.
    let pause = if kind == Kind::Dig { Duration::ZERO } else { Duration::from_millis(500).min(settings.pause()) };
    let connect = settings.connect(pause, Duration::from_secs(5));
    let mut options = DnsOptions {
        server: settings.nonempty("server"),
        lookup: settings.nonempty("lookup"),
        connect,
        ..DnsOptions::default()
    };
    if kind == Kind::Dns {
        options.record_type = record_type(settings, cx);
        options.transport = match settings.str("protocol") {
            Some("tcp" | "TCP") => DnsTransport::Tcp,
            Some("tls" | "TLS") => DnsTransport::Tls,
            _ => DnsTransport::Udp,
        };
        options.port = settings.port("port").filter(|port| *port > 0);
        options.demands = DnsDemands {
            authoritative: settings.truth("authoritative"),
            no_error: settings.truth("require_noerror"),
            nx_domain: settings.truth("require_nxdomain"),
            answers: settings.str("require_answers").map_or(0, |count| perl_number(count) as u16),
            text: settings.nonempty("expect_text"),
        };
    }
    options
}

fn record_type(settings: &Settings<'_>, cx: &mut Context<'_>) -> String {
    let Some(text) = settings.text("recordtype").filter(|text| !text.text.is_empty()) else { return "A".to_owned() };
    let name = text.text.to_ascii_uppercase();
    let numbered = name.strip_prefix("TYPE").is_some_and(|number| number.parse::<u16>().is_ok());
    if !numbered && !TYPES.contains(&name.as_str()) {
        cx.problems
            .warn(text.span, format!("`{}` is no record type that we know; `A` is asked for", clipped(&text.text)))
            .help("write a name such as `AAAA`, or `TYPE` and a number");
        return "A".to_owned();
    }
    name
}
