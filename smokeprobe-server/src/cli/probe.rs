//! `probe`: one round of one or many hosts, now.

mod report;

use std::net::IpAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use futures_util::stream::{FuturesOrdered, StreamExt as _};
use smokeprobe_core::probes::ConnectOptions;
use smokeprobe_core::probes::dns::{DnsOptions, DnsProbe, DnsTransport};
use smokeprobe_core::probes::http::{HttpOptions, HttpProbe};
use smokeprobe_core::probes::icmp::{IcmpOptions, IcmpProbe, Pinger};
use smokeprobe_core::probes::tcp::{TcpOptions, TcpProbe};
use smokeprobe_core::{
    AddressFamily, Clock, Host, Measured, Outcome, Probe, ProbeError, Recorder, Resolve, RoundCx, RoundOrder, SeriesId,
    Slot, Step, SystemClock, SystemResolver, TargetPath,
};

use super::terminal;

#[derive(Debug, Args)]
pub(super) struct ProbeArgs {
    #[command(subcommand)]
    protocol: Protocol,
}

#[derive(Debug, Subcommand)]
enum Protocol {
    /// ICMP echo to every host at once.
    Icmp {
        /// Addresses or names.
        #[arg(required = true, value_name = "HOST")]
        hosts: Vec<String>,
        /// From one packet to the next, whatever its host.
        #[arg(long, default_value = "10ms", value_parser = terminal::duration)]
        gap: Duration,
        /// Bytes of data a packet.
        #[arg(long, default_value_t = 56)]
        size: u16,
        #[command(flatten)]
        common: Common,
    },
    /// TCP connect time. A reset is an answer, unless --require-accept.
    Tcp {
        /// Hosts with their ports: example.com:443, [::1]:22.
        #[arg(required = true, value_name = "HOST:PORT")]
        targets: Vec<String>,
        /// Demand that the connection is accepted.
        #[arg(long)]
        require_accept: bool,
        #[command(flatten)]
        common: Common,
    },
    /// One DNS query a sample.
    Dns {
        /// @server (default: the system's first), the name to ask for, and the record type (default: A).
        #[arg(required = true, num_args = 1..=3, value_names = ["@SERVER", "NAME", "TYPE"])]
        query: Vec<String>,
        /// How to carry the query.
        #[arg(long, value_enum, default_value_t = Transport::Udp)]
        transport: Transport,
        /// The server's port (default: 53, or 853 for TLS).
        #[arg(long)]
        port: Option<u16>,
        #[command(flatten)]
        common: Common,
    },
    /// HTTP(S) GET, with its phases.
    Http {
        /// What to fetch.
        #[arg(required = true, value_name = "URL")]
        urls: Vec<String>,
        /// Accept any certificate.
        #[arg(long)]
        insecure: bool,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Args)]
struct Common {
    /// Samples to take of each.
    #[arg(long, short = 'C', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// From one sample to the next.
    #[arg(long, default_value = "1s", value_parser = terminal::duration)]
    interval: Duration,
    /// How long to wait for an answer (default: 1 to 2 seconds for ICMP, as the interval is; else 5 seconds).
    #[arg(long, value_parser = terminal::duration)]
    timeout: Option<Duration>,
    /// IPv4 only.
    #[arg(short = '4', conflicts_with = "ipv6")]
    ipv4: bool,
    /// IPv6 only.
    #[arg(short = '6', id = "ipv6")]
    ipv6: bool,
    /// The local address to send from.
    #[arg(long)]
    source: Option<IpAddr>,
    /// The type-of-service byte or traffic class.
    #[arg(long, default_value_t = 0)]
    tos: u8,
    /// How to print the rounds.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One line a host, as `fping -C -q` has it: milliseconds, `-` for a loss.
    Fping,
    /// One JSON object a line for each host.
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Transport {
    Udp,
    Tcp,
    Tls,
}

/// One host to measure, and how.
struct Job {
    /// As given on the command line.
    label: String,
    host: Host,
    probe: Arc<dyn Probe>,
}

/// What became of one.
struct Done {
    label: String,
    outcomes: Vec<Option<Outcome>>,
    result: Result<Option<Measured>, ProbeError>,
}

/// Exit codes as fping's: 0 every host answered, 1 some did not, 2 some could not be measured at all.
pub(super) fn execute(args: ProbeArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(async {
        let (common, jobs) = match plan(args.protocol) {
            Ok(planned) => planned,
            Err(wrong) => return Ok(terminal::wrong_usage(&wrong)),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let resolver = SystemResolver::new(Arc::clone(&clock));
        let mut rounds: FuturesOrdered<_> =
            jobs.into_iter().map(|job| measure(job, &common, &resolver, &clock)).collect();
        let mut worst = 0;
        while let Some(done) = rounds.next().await {
            worst = worst.max(done.exit_code());
            report::print(&done, common.format, &mut std::io::stdout().lock())?;
        }
        Ok(ExitCode::from(worst))
    })
}

fn plan(protocol: Protocol) -> anyhow::Result<(Common, Vec<Job>)> {
    Ok(match protocol {
        Protocol::Icmp { hosts, gap, size, common } => {
            let options = IcmpOptions {
                family: common.family(),
                payload: size,
                interval: common.interval,
                gap,
                timeout: common.timeout,
                tos: common.tos,
                source: common.source,
                ..IcmpOptions::default()
            };
            let probe: Arc<dyn Probe> = Arc::new(IcmpProbe::new(&Pinger::new(), options));
            let job = |label: String| Job { host: Host::from(&*label), label, probe: Arc::clone(&probe) };
            (common, hosts.into_iter().map(job).collect())
        }
        Protocol::Tcp { targets, require_accept, common } => {
            let mut jobs = Vec::new();
            for label in targets {
                let (host, port) = host_and_port(&label)?;
                let options = TcpOptions { connect: common.connect(), port, require_accept };
                jobs.push(Job { host, label, probe: Arc::new(TcpProbe::new(options)) });
            }
            (common, jobs)
        }
        Protocol::Dns { query, transport, port, common } => {
            let (server, lookup, record_type) = dns_query(query)?;
            let options = DnsOptions {
                connect: common.connect(),
                server: Some(server.clone()),
                lookup: Some(lookup.clone()),
                record_type,
                transport: match transport {
                    Transport::Udp => DnsTransport::Udp,
                    Transport::Tcp => DnsTransport::Tcp,
                    Transport::Tls => DnsTransport::Tls,
                },
                port,
                ..DnsOptions::default()
            };
            let probe = Arc::new(DnsProbe::new(options)?);
            (common, vec![Job { label: lookup, host: Host::from(&*server), probe }])
        }
        Protocol::Http { urls, insecure, common } => {
            let mut jobs = Vec::new();
            for label in urls {
                let options = HttpOptions {
                    connect: common.connect(),
                    urls: vec![label.clone()],
                    insecure,
                    ..HttpOptions::default()
                };
                let probe = Arc::new(HttpProbe::new(options)?);
                jobs.push(Job { host: Host::from(&*label), label, probe });
            }
            (common, jobs)
        }
    })
}

/// Splits `HOST:PORT`, with brackets around an IPv6 address.
fn host_and_port(text: &str) -> anyhow::Result<(Host, u16)> {
    let (host, port) = text.rsplit_once(':').with_context(|| format!("{text}: say the port too, as in {text}:443"))?;
    let port = port.parse().with_context(|| format!("{text}: {port:?} is not a port"))?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if bare.is_none() && host.contains(':') {
        bail!("{text}: put an IPv6 address in brackets, as in [2001:db8::1]:443");
    }
    match bare.unwrap_or(host) {
        "" => bail!("{text}: the host is missing"),
        host => Ok((Host::from(host), port)),
    }
}

/// Sorts `[@SERVER] NAME [TYPE]` out.
fn dns_query(words: Vec<String>) -> anyhow::Result<(String, String, String)> {
    let (servers, rest): (Vec<_>, Vec<_>) = words.into_iter().partition(|word| word.starts_with('@'));
    let server = match &servers[..] {
        [server] if server.len() > 1 => server[1..].to_owned(),
        [] => first_name_server()?,
        _ => bail!("say one server, as in @192.0.2.53"),
    };
    let mut rest = rest.into_iter();
    let lookup = rest.next().context("say the name to ask for")?;
    let record_type = rest.next().unwrap_or_else(|| "A".to_owned());
    match rest.next() {
        Some(extra) => bail!("{extra}: more words than @server, name and type"),
        None => Ok((server, lookup, record_type)),
    }
}

fn first_name_server() -> anyhow::Result<String> {
    let path = "/etc/resolv.conf";
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}; say @server"))?;
    let mut servers = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    let server = servers.next().with_context(|| format!("{path} names no server; say @server"))?;
    Ok(server.trim().to_owned())
}

impl Common {
    const fn family(&self) -> AddressFamily {
        match (self.ipv4, self.ipv6) {
            (true, _) => AddressFamily::V4,
            (_, true) => AddressFamily::V6,
            _ => AddressFamily::Any,
        }
    }

    fn connect(&self) -> ConnectOptions {
        let defaults = ConnectOptions::default();
        ConnectOptions {
            family: self.family(),
            timeout: self.timeout.unwrap_or(defaults.timeout),
            interval: self.interval,
            source: self.source,
            tos: self.tos,
            ..defaults
        }
    }
}

/// Runs one round outside an engine: no schedule and no store, but the same probe, recorder and resolver.
async fn measure(job: Job, common: &Common, resolver: &dyn Resolve, clock: &Arc<dyn Clock>) -> Done {
    let Job { label, host, probe } = job;
    let slot = Slot::containing(clock.wall(), Step::DEFAULT);
    let order = RoundOrder { series: unnamed(), slot, pings: common.count };
    let recorder = Recorder::new(common.count);
    let longest_sample = common.interval.max(common.timeout.unwrap_or(Duration::from_secs(10)));
    let deadline = clock.mono() + longest_sample * (common.count + 1) + Duration::from_secs(60);
    let mut round = RoundCx::new(&order, &host, deadline, recorder.clone(), resolver, clock);
    let result = tokio::select! {
        result = probe.measure(&mut round) => result,
        // What is known so far is printed, as fping does.
        () = terminal::interrupted() => Ok(()),
    };
    drop(round);
    Done { label, outcomes: recorder.outcomes(), result: result.map(|()| recorder.close()) }
}

fn unnamed() -> SeriesId {
    let path: Result<TargetPath, _> = "probe".parse();
    // The name is made of letters alone.
    SeriesId::local(path.expect("a valid target path"))
}

impl Done {
    fn exit_code(&self) -> u8 {
        match &self.result {
            Ok(Some(measured)) if measured.rtts().is_empty() => 1,
            Ok(Some(_)) => 0,
            Ok(None) | Err(_) => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_and_brackets_are_told_apart() {
        assert_eq!(host_and_port("a.example:443").unwrap(), (Host::from("a.example"), 443));
        assert_eq!(host_and_port("[::1]:22").unwrap(), (Host::from("::1"), 22));
        for text in ["a.example", "::1", "::1:22", ":80", "a:b", "a:70000"] {
            assert!(host_and_port(text).is_err(), "{text}");
        }
    }

    #[test]
    fn dns_query_takes_its_words_in_any_order() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        let sorted = dns_query(words("example.com AAAA @192.0.2.1")).unwrap();
        assert_eq!(sorted, ("192.0.2.1".to_owned(), "example.com".to_owned(), "AAAA".to_owned()));
        assert!(dns_query(words("@192.0.2.1")).is_err());
        assert!(dns_query(words("@ example.com")).is_err());
    }
}
