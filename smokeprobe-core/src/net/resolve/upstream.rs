//! Who is asked: the system's hosts file and name servers, through hickory.

use std::fmt;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::system_conf;

use super::{AddressFamily, ResolveError};

/// Looks one name up, without memory.
#[async_trait]
pub(super) trait Upstream: Send + Sync + fmt::Debug {
    async fn lookup(&self, name: &str, family: AddressFamily) -> Result<Answer, ResolveError>;
}

/// The addresses of a name, at least one, and how long they may be remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) addresses: Vec<IpAddr>,
    pub(super) ttl: Duration,
}

/// How long to wait for one name server; the next is asked at the same time, so that one dead server costs nothing.
const SERVER_PATIENCE: Duration = Duration::from_secs(2);

/// The system's configuration. It is read again when it changes: a laptop moves, a DHCP lease ends.
pub(super) struct SystemUpstream(Mutex<Loaded>);

struct Loaded {
    stamps: [Option<Stamp>; 2],
    resolver: Arc<Result<TokioResolver, String>>,
}

/// Enough of a file's metadata to see that it was changed.
type Stamp = (SystemTime, u64);

const FILES: [&str; 2] = ["/etc/resolv.conf", "/etc/hosts"];

impl SystemUpstream {
    pub(super) fn new() -> Self {
        let stamps = FILES.map(stamp);
        Self(Mutex::new(Loaded { stamps, resolver: Arc::new(load()) }))
    }

    fn current(&self) -> Arc<Result<TokioResolver, String>> {
        let stamps = FILES.map(stamp);
        // What is behind the lock is replaced whole.
        let mut loaded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.stamps != stamps {
            *loaded = Loaded { stamps, resolver: Arc::new(load()) };
        }
        Arc::clone(&loaded.resolver)
    }
}

impl fmt::Debug for SystemUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SystemUpstream").finish()
    }
}

#[async_trait]
impl Upstream for SystemUpstream {
    async fn lookup(&self, name: &str, family: AddressFamily) -> Result<Answer, ResolveError> {
        match self.current().as_ref() {
            Ok(resolver) => lookup(resolver, name, family).await,
            Err(reason) => Err(failed(name, reason.clone())),
        }
    }
}

/// Name servers given by address.
#[derive(Debug)]
pub(super) struct ServersUpstream(Result<TokioResolver, String>);

impl ServersUpstream {
    pub(super) fn new(servers: &[SocketAddr]) -> Self {
        let servers = servers.iter().map(|server| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
            NameServerConfig::new(server.ip(), true, connections.into())
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        let mut options = ResolverOpts::default();
        options.use_hosts_file = ResolveHosts::Never;
        Self(build(config, options))
    }
}

#[async_trait]
impl Upstream for ServersUpstream {
    async fn lookup(&self, name: &str, family: AddressFamily) -> Result<Answer, ResolveError> {
        match &self.0 {
            Ok(resolver) => lookup(resolver, name, family).await,
            Err(reason) => Err(failed(name, reason.clone())),
        }
    }
}

fn stamp(path: &str) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Without a readable `resolv.conf`, a name server on this machine is assumed (resolv.conf(5)).
fn load() -> Result<TokioResolver, String> {
    let (config, options) = system_conf::read_system_conf().unwrap_or_else(|error| {
        tracing::debug!(%error, "no name servers configured, asking 127.0.0.1");
        let local = NameServerConfig::udp_and_tcp(IpAddr::from([127, 0, 0, 1]));
        (ResolverConfig::from_name_servers(vec![local]), ResolverOpts::default())
    });
    build(config, options)
}

fn build(config: ResolverConfig, mut options: ResolverOpts) -> Result<TokioResolver, String> {
    options.timeout = options.timeout.min(SERVER_PATIENCE);
    // The next round is the next attempt.
    options.attempts = 0;
    // The memory is ours: it has to keep addresses beyond their TTL.
    options.cache_size = 0;
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    builder.build().map_err(|error| error.to_string())
}

/// 1. IPv4 first, as fping does; IPv6 is only asked for when the name exists without an IPv4 address.
/// 2. A query that failed is not followed by another: a dead server costs one.
async fn lookup(resolver: &TokioResolver, name: &str, family: AddressFamily) -> Result<Answer, ResolveError> {
    let parsed = Name::from_utf8(name).map_err(|error| failed(name, error.to_string()))?;
    let types: &[RecordType] = match family {
        AddressFamily::Any => &[RecordType::A, RecordType::AAAA],
        AddressFamily::V4 => &[RecordType::A],
        AddressFamily::V6 => &[RecordType::AAAA],
    };
    for &record_type in types {
        match resolver.lookup(parsed.clone(), record_type).await {
            Ok(answer) => {
                let records = answer.answers();
                let addresses: Vec<IpAddr> = records.iter().filter_map(|record| record.data.ip_addr()).collect();
                let ttl = records.iter().map(|record| record.ttl).min().unwrap_or(0);
                if !addresses.is_empty() {
                    return Ok(Answer { addresses, ttl: Duration::from_secs(u64::from(ttl)) });
                }
            }
            Err(error) if error.is_nx_domain() => return Err(failed(name, "no such name".to_owned())),
            Err(error) if error.is_no_records_found() && !server_failed(&error) => {}
            Err(error) => return Err(failed(name, error.to_string())),
        }
    }
    Err(ResolveError::NoAddress { family })
}

/// hickory reports SERVFAIL and REFUSED as "no records" too; they say nothing about the name.
fn server_failed(error: &NetError) -> bool {
    use hickory_resolver::net::DnsError;
    use hickory_resolver::proto::op::ResponseCode;
    match error {
        NetError::Dns(DnsError::NoRecordsFound(found)) => found.response_code != ResponseCode::NoError,
        _ => false,
    }
}

fn failed(name: &str, reason: String) -> ResolveError {
    ResolveError::Lookup { name: name.to_owned(), reason }
}
