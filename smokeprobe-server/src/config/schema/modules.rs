//! SmokePing's probe modules and their variables.
//!
//! All modules are here, measured by us or not, so that a variable is unknown only when no module has it. Variables
//! that only the old programs needed (`binary`, credentials, …) are known and ignored.

use super::super::check::{Check, OFFSET, TRUE_FALSE, Verdict, YES_NO};
use super::super::grammar::{Rule, must, rule};

/// A probe module.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its name, as a section of `*** Probes ***`.
    pub(crate) name: &'static str,
    /// How we measure what it measures.
    pub(crate) kind: Kind,
    /// Variables of the probe as a whole.
    pub(crate) probe: &'static [&'static [Rule]],
    /// Variables of a target. They may stand in the probe's section too, as defaults.
    pub(crate) target: &'static [&'static [Rule]],
    /// Variables that we let a target have and SmokePing does not.
    pub(crate) more: &'static [&'static [Rule]],
}

/// How we measure what a module measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// ICMP echo.
    Icmp(Icmp),
    /// TCP connect.
    Tcp,
    /// One DNS query, with dig's choices.
    Dig,
    /// One DNS query.
    Dns,
    /// HTTP with curl's choices.
    Curl,
    /// HTTP with echoping's choices.
    EchoPingHttp,
    /// HTTPS with echoping's choices.
    EchoPingHttps,
    /// Not at all.
    Unsupported,
}

/// The kinds of ICMP echo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icmp {
    /// Whichever address the host has.
    FPing,
    /// IPv6.
    FPing6,
    /// Spread over the whole step.
    Continuous,
}

impl Module {
    /// The module of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|module| module.name == name)
    }

    /// Whether we measure what it measures.
    pub(crate) fn supported(&self) -> bool {
        self.kind != Kind::Unsupported
    }

    /// The variable of this name in `*** Probes ***`.
    pub(crate) fn in_probes(&self, name: &str) -> Option<&'static Rule> {
        find(self.probe, name).or_else(|| self.in_targets(name))
    }

    /// The variable of this name in `*** Targets ***`.
    pub(crate) fn in_targets(&self, name: &str) -> Option<&'static Rule> {
        find(self.target, name).or_else(|| find(self.more, name))
    }

    /// Whether SmokePing too lets a target have the variable.
    pub(crate) fn has_of_old(&self, name: &str) -> bool {
        find(self.target, name).is_some()
    }

    /// Every variable it has, the probe's and the target's.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &'static Rule> + Clone {
        self.probe.iter().chain(self.target).chain(self.more).flat_map(|rules| rules.iter())
    }

    /// Variables that a target with a host must have, from its own section or any above, or from `*** Probes ***`.
    pub(crate) fn mandatory(&self) -> impl Iterator<Item = &'static Rule> {
        self.target.iter().flat_map(|rules| rules.iter()).filter(|rule| rule.mandatory)
    }
}

fn find(lists: &'static [&'static [Rule]], name: &str) -> Option<&'static Rule> {
    lists.iter().flat_map(|rules| rules.iter()).find(|rule| rule.name == name)
}

/// More pings than any round has use for, and few enough for a file to hold.
const MOST_PINGS: u64 = 10_000;

pub(crate) const PINGS: Check = Check::With(|value| {
    let number = value.parse::<u64>().ok().filter(|_| super::super::check::digits(value));
    Verdict::good_if(number.is_some_and(|number| (3..=MOST_PINGS).contains(&number)), "a whole number from 3 to 10000")
});

const NUMBER: Check = Check::Digits(0);
const PORT: Check = Check::With(|value| {
    let number = value.parse::<u64>().ok().filter(|_| super::super::check::digits(value));
    Verdict::good_if(number.is_some_and(|number| number <= 65535), "a port number, at most 65535")
});
const PACKET_SIZE: Check = Check::With(|value| {
    let number = value.parse::<u64>().ok().filter(|_| super::super::check::digits(value));
    Verdict::good_if(number.is_some_and(|number| (12..=64000).contains(&number)), "a number of bytes from 12 to 64000")
});
/// The reference's pattern for these accepts anything that starts with a digit, so we do too, and say what we read.
const FLAGS: Check = Check::With(|value| match flags(value) {
    Some((_, true)) => Verdict::Good,
    Some((number, false)) => Verdict::Doubtful(format!("`{value}` is read as {number}")),
    None => Verdict::expected("a number such as `16` or `0x10`"),
});
const ADDRESS: Check = Check::With(|value| {
    Verdict::good_if(value.parse::<std::net::IpAddr>().is_ok(), "an IP address, such as `192.0.2.1`")
});
const PROTOCOL: Check = Check::OneOf(&["4", "6"]);
const BIT: Check = Check::OneOf(&["0", "1"]);

/// The number at the start of a `tos` or `fwmark`, and whether it is the whole of it.
pub(crate) fn flags(value: &str) -> Option<(u32, bool)> {
    let hex = value.rsplit_once("0x").map(|(before, hex)| (before.is_empty(), hex));
    if let Some((whole, hex)) = hex
        && let Ok(number) = u32::from_str_radix(hex, 16)
    {
        return Some((number, whole));
    }
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let number = value[..digits].parse().ok()?;
    Some((number, digits == value.len()))
}

/// What every probe has.
const BASE: &[Rule] = &[rule("step", Check::Digits(1)), rule("offset", OFFSET)];
/// What the probes have that measure all their targets at once.
const TOGETHER: &[Rule] = &[rule("pings", PINGS)];
/// What the probes have that measure one target at a time.
const FORKS: &[Rule] = &[rule("forks", NUMBER), rule("timeout", NUMBER)];
const BINARY: &[Rule] = &[rule("binary", Check::Any)];
/// What every target of the latter has.
const EACH: &[Rule] = &[rule("pings", PINGS)];

const FPING: &[Rule] = &[
    rule("packetsize", PACKET_SIZE),
    rule("fwmark", FLAGS),
    rule("blazemode", TRUE_FALSE),
    rule("protocol", PROTOCOL),
    rule("usestdout", TRUE_FALSE),
    rule("timeout", Check::Decimal),
    rule("hostinterval", Check::Decimal),
    rule("mininterval", Check::Decimal),
    rule("sourceaddress", ADDRESS),
    rule("tos", FLAGS),
    rule("interface", Check::Any),
];
/// The FPing variables that make sense for one target.
const FPING_TARGET: &[Rule] = &[
    rule("pings", PINGS),
    rule("packetsize", PACKET_SIZE),
    rule("timeout", Check::Decimal),
    rule("hostinterval", Check::Decimal),
    rule("tos", FLAGS),
    rule("sourceaddress", ADDRESS),
    rule("interface", Check::Any),
    rule("protocol", PROTOCOL),
];
/// What a target of any connecting probe of ours may have, in the words that other modules use for it.
const CONNECT: &[Rule] = &[
    rule("timeout", Check::Decimal),
    rule("mininterval", Check::Decimal),
    rule("sourceaddress", ADDRESS),
    rule("interface", Check::Any),
    rule("tos", FLAGS),
    rule("ipversion", PROTOCOL),
];
const PASSWORDS: &[Rule] = &[rule("passwordfile", Check::Any)];
const SECRETS: &[Rule] = &[rule("secretfile", Check::Any)];

const ECHOPING: &[Rule] = &[
    rule("extraopts", Check::Any),
    rule("ipversion", PROTOCOL),
    rule("priority", NUMBER),
    rule("timeout", Check::Decimal),
    rule("tos", Check::Any),
    rule("waittime", Check::Decimal),
];
const ECHOPING_SIZE: &[Rule] = &[rule("size", NUMBER), rule("fill", Check::Any)];
const ECHOPING_UDP: &[Rule] = &[rule("udp", Check::Any)];
const ECHOPING_HTTP: &[Rule] = &[
    rule("url", Check::Any),
    rule("port", PORT),
    rule("ignore_cache", Check::Any),
    rule("revalidate_data", Check::Any),
    rule("accept_redirects", Check::Any),
];
const ECHOPING_PLUGIN: &[Rule] = &[rule("plugin", Check::Any), rule("pluginargs", Check::Any)];

const CURL: &[Rule] = &[
    must("urlformat", Check::Any),
    rule("agent", Check::Any),
    rule("timeout", NUMBER),
    rule("interface", Check::Any),
    rule("ssl2", Check::Any),
    rule("insecure_ssl", Check::Any),
    rule("extrare", Check::Any),
    rule("extraargs", Check::Any),
    rule("follow_redirects", YES_NO),
    rule("include_redirects", YES_NO),
];
const CURL_ANSWER: &[Rule] = &[rule("expect", Check::Any), rule("require_zero_status", YES_NO)];
const WRITE_OUT: Check = Check::OneOf(&[
    "time_appconnect",
    "time_connect",
    "time_namelookup",
    "time_pretransfer",
    "time_redirect",
    "time_starttransfer",
    "time_total",
]);
const ANOTHER_DNS: &[Rule] = &[
    rule("lookup", Check::Any),
    rule("mininterval", Check::Decimal),
    rule("authoritative", Check::Any),
    rule("require_noerror", Check::Any),
    rule("require_answers", Check::Any),
    rule("recordtype", Check::Any),
    rule("timeout", NUMBER),
    rule("expect_text", Check::Any),
    rule("require_nxdomain", BIT),
    rule("port", PORT),
    rule("protocol", Check::OneOf(&["udp", "UDP", "tcp", "TCP", "tls", "TLS"])),
    rule("ipversion", PROTOCOL),
];
const CISCO: &[Rule] = &[must("ioshost", Check::Any), rule("iosint", Check::Any), rule("timeout", NUMBER)];
const PACKET_SIZE_ONLY: &[Rule] = &[rule("packetsize", NUMBER)];

macro_rules! modules {
    ($($name:literal $kind:expr, [$($probe:expr),*], [$($target:expr),*], [$($more:expr),*];)*) => {
        &[$(Module {
            name: $name, kind: $kind, probe: &[BASE, $($probe),*], target: &[$($target),*], more: &[$($more),*],
        }),*]
    };
}

/// Every module of SmokePing 2.9.
pub(crate) const ALL: &[Module] = modules! {
    "FPing" Kind::Icmp(Icmp::FPing), [BINARY, TOGETHER, FPING], [], [FPING_TARGET];
    "FPing6" Kind::Icmp(Icmp::FPing6), [BINARY, TOGETHER, FPING], [], [FPING_TARGET];
    "FPingContinuous" Kind::Icmp(Icmp::Continuous), [BINARY, TOGETHER, FPING], [], [FPING_TARGET];
    "TCPPing" Kind::Tcp, [FORKS, BINARY], [EACH, &[rule("port", PORT)]], [CONNECT, &[rule("require_accept", YES_NO)]];
    "DNS" Kind::Dig, [FORKS, BINARY], [EACH, &[rule("lookup", Check::Any), rule("server", Check::Any)]], [CONNECT];
    "AnotherDNS" Kind::Dns, [FORKS], [EACH, ANOTHER_DNS], [CONNECT, &[rule("server", Check::Any)]];
    "Curl" Kind::Curl, [FORKS, BINARY], [EACH, CURL, CURL_ANSWER], [CONNECT];
    "AnotherCurl" Kind::Curl, [FORKS, BINARY], [EACH, CURL, &[rule("write_out", WRITE_OUT)]], [CURL_ANSWER, CONNECT];
    "EchoPingHttp" Kind::EchoPingHttp, [FORKS, BINARY], [EACH, ECHOPING, ECHOPING_HTTP], [CONNECT];
    "EchoPingHttps" Kind::EchoPingHttps, [FORKS, BINARY],
        [EACH, ECHOPING, ECHOPING_HTTP, &[rule("prot", Check::Any)]], [CONNECT];

    "RemoteFPing" Kind::Unsupported, [BINARY, TOGETHER, FPING, &[
        rule("rbinary", Check::Any), rule("rhost", Check::Any), rule("ruser", Check::Any), rule("rport", Check::Any),
    ]], [], [];
    "NFSping" Kind::Unsupported, [BINARY, TOGETHER, &[
        rule("blazemode", TRUE_FALSE), rule("tcp", TRUE_FALSE), rule("timeout", Check::Decimal),
        rule("hostinterval", Check::Decimal), rule("mininterval", Check::Decimal),
    ]], [], [];
    "EchoPing" Kind::Unsupported, [FORKS, BINARY], [EACH, ECHOPING, ECHOPING_SIZE, ECHOPING_UDP], [];
    "EchoPingChargen" Kind::Unsupported, [FORKS, BINARY], [EACH, ECHOPING, ECHOPING_SIZE], [];
    "EchoPingDiscard" Kind::Unsupported, [FORKS, BINARY], [EACH, ECHOPING, ECHOPING_SIZE, ECHOPING_UDP], [];
    "EchoPingIcp" Kind::Unsupported, [FORKS, BINARY], [EACH, ECHOPING, &[must("url", Check::Any)]], [];
    "EchoPingSmtp" Kind::Unsupported, [FORKS, BINARY], [EACH, ECHOPING], [];
    "EchoPingPlugin" Kind::Unsupported, [FORKS, BINARY],
        [EACH, ECHOPING, &[must("plugin", Check::Any), rule("pluginargs", Check::Any)]], [];
    "EchoPingDNS" Kind::Unsupported, [FORKS, BINARY], [EACH, ECHOPING, ECHOPING_PLUGIN, &[
        must("dns_request", Check::Any), rule("dns_type", Check::Any), rule("dns_tcp", Check::Any),
    ]], [];
    "EchoPingLDAP" Kind::Unsupported, [FORKS, BINARY], [EACH, ECHOPING, ECHOPING_PLUGIN, &[
        rule("ldap_request", Check::Any), rule("ldap_base", Check::Any), rule("ldap_scope", Check::Any),
    ]], [];
    "EchoPingWhois" Kind::Unsupported, [FORKS, BINARY],
        [EACH, ECHOPING, ECHOPING_PLUGIN, &[must("whois_request", Check::Any)]], [];
    "SSH" Kind::Unsupported, [FORKS, BINARY, &[rule("init_host", Check::Any)]],
        [EACH, &[rule("keytype", Check::Any), rule("port", NUMBER), rule("ssh_af", PROTOCOL)]], [];
    "AnotherSSH" Kind::Unsupported, [FORKS], [EACH, &[
        rule("greeting", Check::Any), rule("mininterval", Check::Decimal),
        rule("interval", Check::OneOf(&["connect", "established", "complete"])), rule("timeout", NUMBER),
        rule("port", NUMBER),
    ]], [];
    "TraceroutePing" Kind::Unsupported, [FORKS, BINARY, &[rule("binaryv6", Check::Any)]], [EACH, &[
        must("desthost", Check::Any), rule("minttl", Check::Any), rule("maxttl", Check::Any), rule("wait", Check::Any),
    ]], [];
    "IRTT" Kind::Unsupported, [FORKS, BINARY, &[rule("tmpdir", Check::Any)]], [EACH, &[
        rule("dscp", Check::Any), rule("extraargs", Check::Any), rule("fill", Check::Any), rule("hmac", Check::Any),
        rule("interval", Check::Decimal), rule("ipversion", PROTOCOL), rule("length", NUMBER),
        rule("localaddr", Check::Any), rule("readfrom", Check::Any), rule("readfrompollinterval", Check::Digits(1)),
        rule("serverfill", Check::Any), rule("sleep", Check::Decimal), rule("writeto", Check::Any),
        rule("metric", Check::OneOf(&["rtt", "send", "receive", "ipdv", "send_ipdv", "receive_ipdv"])),
    ]], [];
    "LDAP" Kind::Unsupported, [FORKS, PASSWORDS], [EACH, &[
        must("filter", Check::Any), rule("port", NUMBER), rule("scheme", Check::OneOf(&["ldap", "ldaps", "ldapi"])),
        rule("version", NUMBER), rule("start_tls", Check::Any), rule("timeout", NUMBER), rule("base", Check::Any),
        rule("attrs", Check::Any), rule("binddn", Check::Any), rule("password", Check::Any),
        rule("mininterval", Check::Decimal), rule("scope", Check::OneOf(&["base", "one", "sub"])),
        rule("verify", Check::OneOf(&["none", "optional", "require"])),
    ]], [];
    "Radius" Kind::Unsupported, [FORKS, PASSWORDS, SECRETS], [EACH, &[
        must("username", Check::Any), rule("password", Check::Any), rule("secret", Check::Any),
        rule("nas_ip_address", Check::Any), rule("mininterval", Check::Decimal), rule("timeout", NUMBER),
        rule("port", NUMBER), rule("allowreject", TRUE_FALSE),
    ]], [];
    "TacacsPlus" Kind::Unsupported, [FORKS, PASSWORDS, SECRETS], [EACH, &[
        must("username", Check::Any), rule("password", Check::Any), rule("secret", Check::Any),
        rule("mininterval", Check::Decimal), rule("timeout", NUMBER), rule("port", NUMBER),
        rule("authtype", Check::OneOf(&["ASCII", "CHAP", "PAP"])),
    ]], [];
    "FTPtransfer" Kind::Unsupported, [FORKS, PASSWORDS, &[
        rule("srcfile", Check::Any), rule("destfile", Check::Any), rule("mode", Check::OneOf(&["put", "get"])),
        rule("min_interval", Check::Decimal),
    ]], [EACH, &[
        rule("timeout", NUMBER), rule("username", Check::Any), rule("password", Check::Any), rule("port", NUMBER),
        rule("localaddr", Check::Any), rule("passive", YES_NO),
    ]], [];
    "SendEmail" Kind::Unsupported, [FORKS, &[
        rule("from", Check::Any), rule("to", Check::Any), rule("subject", Check::Any), rule("bodysize", Check::Any),
    ]], [EACH, &[rule("port", Check::Any)]], [];
    "SipSak" Kind::Unsupported, [FORKS, BINARY], [EACH, &[
        rule("user", Check::Any), rule("port", Check::Any), rule("params", Check::Any),
        rule("keep_second", Check::Any), rule("sipsak_timeout", Check::Any),
    ]], [];
    "Qstat" Kind::Unsupported, [FORKS, BINARY, &[
        rule("game", Check::Any), rule("port", NUMBER), rule("mininterval", Check::Decimal),
        rule("sourceaddress", ADDRESS), rule("sourceport", Check::Any),
    ]], [EACH], [];
    "WebProxyFilter" Kind::Unsupported, [FORKS, &[
        rule("min_interval", Check::Decimal), rule("useragent", Check::Any), rule("maxsize", Check::Any),
    ]], [EACH, &[rule("deny_re", Check::Any), rule("more_hosts", Check::Any), rule("timeout", NUMBER)]], [];
    "CiscoRTTMonEchoICMP" Kind::Unsupported, [FORKS], [EACH, CISCO, PACKET_SIZE_ONLY, &[
        rule("tos", Check::Any), rule("vrf", Check::Any),
    ]], [];
    "CiscoRTTMonTcpConnect" Kind::Unsupported, [FORKS], [EACH, CISCO, &[rule("port", NUMBER), rule("tos", NUMBER)]], [];
    "CiscoRTTMonDNS" Kind::Unsupported, [FORKS], [EACH, CISCO, &[must("name", Check::Any)]], [];
    "DismanPing" Kind::Unsupported, [&[rule("pings", Check::Digits(1))]], [PACKET_SIZE_ONLY, &[
        must("pinghost", Check::Any), rule("ownerindex", Check::Any), rule("pingsrc", Check::Any),
    ]], [];
    "IOSPing" Kind::Unsupported, [FORKS, BINARY, PACKET_SIZE_ONLY], [EACH, &[
        must("ioshost", Check::Any), rule("iosuser", Check::Any), rule("iosint", Check::Any),
    ]], [];
    "TelnetIOSPing" Kind::Unsupported, [FORKS, PACKET_SIZE_ONLY], [EACH, &[
        must("source", Check::Any), must("iosuser", Check::Any), must("iospass", Check::Any),
        rule("psource", Check::Any), rule("vrf", Check::Any),
    ]], [];
    "TelnetJunOSPing" Kind::Unsupported, [FORKS, PACKET_SIZE_ONLY], [EACH, &[
        must("source", Check::Any), must("junosuser", Check::Any), must("junospass", Check::Any),
        rule("psource", Check::Any),
    ]], [];
    "OpenSSHJunOSPing" Kind::Unsupported, [FORKS, PACKET_SIZE_ONLY, &[rule("tos", NUMBER)]], [EACH, &[
        must("source", Check::Any), must("junosuser", Check::Any), must("junospass", Check::Any),
        rule("psource", Check::Any),
    ]], [];
    "OpenSSHEOSPing" Kind::Unsupported, [FORKS, PACKET_SIZE_ONLY], [EACH, &[
        must("source", Check::Any), must("eosuser", Check::Any), must("eospass", Check::Any),
        rule("psource", Check::Any), rule("unpriv", Check::Any),
    ]], [];
};
