//! What a configuration means: types that cannot be wrong.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use smokeprobe_alerts::notify::Secret;
use smokeprobe_alerts::{RecipientId, Semantics, Silence, Terms};
use smokeprobe_core::probes::{dns::DnsOptions, http::HttpOptions, icmp::IcmpOptions, tcp::TcpOptions};
use smokeprobe_core::{Host, SeriesId, Step, TargetPath};
pub use smokeprobe_store::Archive;

/// A whole configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// `*** General ***`.
    pub general: General,
    /// `*** Database ***`.
    pub database: Database,
    /// `*** Presentation ***`.
    pub presentation: Presentation,
    /// The probes that targets may name, by name.
    pub probes: BTreeMap<String, ProbeInstance>,
    /// `*** Alerts ***`, by name.
    pub alerts: BTreeMap<String, Alert>,
    /// How alerts are told, and when not.
    pub alerting: Alerting,
    /// `*** Slaves ***`, by name.
    pub slaves: BTreeMap<String, Slave>,
    /// The top section of `*** Targets ***` with everything below it, in the order of the file.
    pub root: Node,
    /// Every file read, the main one first: what to watch for changes.
    pub files: Vec<PathBuf>,
}

/// `*** General ***`, as far as it still means something.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct General {
    /// Who runs this.
    pub owner: Option<String>,
    /// Whom to write to about it.
    pub contact: Option<String>,
    /// Where the RRD files are.
    pub datadir: PathBuf,
    /// Where the addresses of dynamic hosts are; `datadir` unless configured.
    pub dyndir: PathBuf,
    /// The address of the old CGI, which alerts mention.
    pub cgiurl: Option<String>,
    /// The name of this vantage point in graphs. `None`: the host name.
    pub display_name: Option<String>,
}

/// `*** Database ***`.
#[derive(Debug, Clone, PartialEq)]
pub struct Database {
    /// How often to measure where a probe does not say.
    pub step: Step,
    /// Pings a round where neither target nor probe says.
    pub pings: u32,
    /// The archives of a file, in the order of the table.
    pub archives: Vec<Archive>,
}

/// A probe that targets may name: a module, or a named instance of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeInstance {
    /// The name that `probe =` uses.
    pub name: String,
    /// The SmokePing module, such as `FPing`.
    pub module: String,
    /// How often it measures.
    pub step: Step,
    /// Where in the step its rounds start.
    pub offset: Offset,
    /// How many of its targets are measured at once, where the config says.
    pub forks: Option<u32>,
    /// We have such a probe.
    pub supported: bool,
}

/// Where in the step rounds start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Offset {
    /// Each series at a place of its own, always the same.
    #[default]
    Random,
    /// At this share of the step, in percent.
    Percent(u32),
}

/// A section of `*** Targets ***`.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The section's name; empty for the top.
    pub name: String,
    /// The dotted path; `None` for the top.
    pub path: Option<TargetPath>,
    /// Its text in the menu.
    pub menu: String,
    /// Its title.
    pub title: String,
    /// A remark, which may hold HTML.
    pub remark: Option<String>,
    /// More HTML for the menu.
    pub menuextra: Option<String>,
    /// Left out of menu and overview, with everything below.
    pub hide: bool,
    /// The variable `host` as written.
    pub host: Option<String>,
    /// What is measured here.
    pub target: Option<Target>,
    /// What is drawn here instead: `host = /A/B /C~slave`.
    pub multihost: Vec<SeriesId>,
    /// `parents`: the section's places in other hierarchies, `(hierarchy, path)`.
    pub parents: Vec<(String, String)>,
    /// The sections inside, in the order of the file.
    pub children: Vec<Node>,
}

/// A section with a host that is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The dotted path, which names the RRD file.
    pub path: TargetPath,
    /// What to measure.
    pub host: TargetHost,
    /// The probe instance, a key of [`Plan::probes`].
    pub probe: String,
    /// How to measure.
    pub options: ProbeOptions,
    /// How often.
    pub step: Step,
    /// Pings a round.
    pub pings: u32,
    /// Names of alerts, keys of [`Plan::alerts`].
    pub alerts: Vec<String>,
    /// More recipients of its alerts, keys of [`Alerting::recipients`].
    pub alertee: Vec<RecipientId>,
    /// While this target is down its alerts raise silently.
    pub depends: Option<TargetPath>,
    /// Labels, which silences and maintenance windows choose by.
    pub labels: BTreeMap<String, String>,
    /// Names of slaves that measure it too, keys of [`Plan::slaves`].
    pub slaves: Vec<String>,
    /// This machine does not measure it, only its slaves do.
    pub nomasterpoll: bool,
    /// The strftime pattern of a raw log beside the RRD file.
    pub rawlog: Option<String>,
}

/// What a target points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetHost {
    /// An address or a name.
    Fixed(Host),
    /// `DYNAMIC`: the address is written to a file by the host's own request.
    Dynamic {
        /// The MD5 of the secret in base64, once it was given one.
        secret_hash: Option<String>,
    },
}

/// How to measure a target.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProbeOptions {
    /// FPing, FPing6, FPingContinuous.
    Icmp(IcmpOptions),
    /// TCPPing.
    Tcp(TcpOptions),
    /// DNS, AnotherDNS.
    Dns(DnsOptions),
    /// Curl, AnotherCurl, EchoPingHttp, EchoPingHttps.
    Http(HttpOptions),
    /// A module that we do not have: the target is shown, and not measured.
    Unsupported,
}

/// An alert as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its name.
    pub name: String,
    /// The name of its kind of rule, such as `loss`.
    pub kind: String,
    /// The rule's text, checked.
    pub pattern: String,
    /// Whose meaning the rule has.
    pub semantics: Semantics,
    /// What people are told.
    pub comment: String,
    /// Tell only when it is raised and when it is cleared.
    pub edgetrigger: bool,
    /// Of several with a priority only the first tells; 1 is the highest.
    pub priority: Option<u32>,
    /// How often to tell again while it is raised: `remind` with an edge trigger, `repeat` without one.
    pub again: Option<Duration>,
    /// Recipients: the section's, then its own; keys of [`Alerting::recipients`].
    pub to: Vec<RecipientId>,
    /// A file with the text of the mail.
    pub mailtemplate: Option<PathBuf>,
}

/// How alerts are told, and when not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alerting {
    /// The sender of mails.
    pub from: Option<String>,
    /// How mail leaves.
    pub mail: Mail,
    /// `snpphost`: `host` or `host:port`.
    pub snpp_host: Option<String>,
    /// Everybody who is told of anything.
    pub recipients: BTreeMap<RecipientId, Recipient>,
    /// Maintenance windows.
    pub maintenance: Vec<Silence>,
}

/// How mail leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mail {
    /// `mailhost`: `host` or `host:port` each, tried in order.
    pub hosts: Vec<String>,
    /// `mailuser`.
    pub user: Option<Secret>,
    /// `mailpass`.
    pub pass: Option<Secret>,
    /// `mailtls`.
    pub tls: MailTls,
    /// `mailca`: a file of certificates to trust besides the system's.
    pub ca: Option<PathBuf>,
    /// `sendmail`: the program to hand the mail to when no host takes it.
    pub sendmail: Option<PathBuf>,
}

/// Whether mail is encrypted on its way to the mail host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MailTls {
    /// By STARTTLS when the host offers it; from the first byte on port 465.
    #[default]
    Opportunistic,
    /// By STARTTLS, or not at all.
    StartTls,
    /// From the first byte.
    Wrapped,
    /// Never.
    None,
}

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// How to reach them.
    pub way: Way,
    /// How they want to be told.
    pub terms: Terms,
    /// One try ends after this time.
    pub timeout: Duration,
    /// Another address of the service, such as a VPC endpoint.
    pub endpoint: Option<String>,
    /// The secret that messages are signed with.
    pub secret: Option<Secret>,
    /// More HTTP headers.
    pub headers: Vec<(String, Secret)>,
    /// A file with the text of the message.
    pub template: Option<PathBuf>,
}

/// How to reach somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// `|/path/prog`.
    Exec(PathBuf),
    /// `name@host`.
    Mail(String),
    /// `snpp:PAGER`.
    Snpp(String),
    /// `xmpp:ACCOUNT`.
    Xmpp(String),
    /// `sns:ARN`.
    Sns(String),
    /// `lambda:NAME` or `lambda:ARN`.
    Lambda(String),
    /// `https://…`; the address may hold a secret.
    Webhook(Secret),
    /// `dingtalk:TOKEN`.
    Dingtalk(Secret),
    /// `feishu:TOKEN`.
    Feishu(Secret),
    /// `wecom:KEY`.
    Wecom(Secret),
    /// `slack:T…/B…/…`, the end of the address of an incoming webhook, or that address.
    Slack(Secret),
    /// `telegram:TOKEN/CHAT`.
    Telegram {
        /// The bot's token.
        token: Secret,
        /// The id or `@name` of the chat.
        chat: String,
    },
    /// `alertmanager:http://host:9093`.
    Alertmanager(Secret),
}

/// A slave as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slave {
    /// Its name.
    pub name: String,
    /// Its name in graphs.
    pub display_name: String,
    /// Where it is.
    pub location: Option<String>,
    /// Its colour in graphs, `rrggbb`.
    pub color: String,
    /// `++ override`: dotted path and value, in the order of the file.
    pub overrides: Vec<(String, String)>,
}

/// `*** Presentation ***`, as far as it still means something.
#[derive(Debug, Clone, PartialEq)]
pub struct Presentation {
    /// `+ overview`.
    pub overview: Overview,
    /// `+ detail`.
    pub detail: Detail,
    /// `+ multihost`: colours of lines, `rrggbb`.
    pub multihost_colors: Vec<String>,
    /// `+ charts`: name → chart.
    pub charts: BTreeMap<String, Chart>,
    /// `+ charts`: title of the page of charts, when configured.
    pub charts_title: Option<String>,
    /// `+ hierarchies`: name → title.
    pub hierarchies: BTreeMap<String, String>,
    /// Filter text is taken literally.
    pub literalsearch: bool,
    /// Titles, remarks and `menuextra` may hold HTML; see [`Plan::shown`].
    pub html: bool,
}

/// The small graphs of a section's page.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// Width of the plot in pixels.
    pub width: u32,
    /// Height of the plot in pixels.
    pub height: u32,
    /// How much time a graph shows, in seconds.
    pub range: u32,
    /// The scale ends here, in seconds.
    pub max_rtt: Option<f64>,
    /// Colour of this machine's line, `rrggbb`.
    pub median_color: Option<String>,
    /// Format of the time in the corner.
    pub strftime: Option<String>,
}

/// The graphs of a target's page.
#[derive(Debug, Clone, PartialEq)]
pub struct Detail {
    /// Width of the plot in pixels.
    pub width: u32,
    /// Height of the plot in pixels.
    pub height: u32,
    /// Draw loss as the background.
    pub loss_background: bool,
    /// Logarithmic scale.
    pub logarithmic: bool,
    /// Graphs whose maxima differ by less than this factor share a scale.
    pub unison_tolerance: Option<f64>,
    /// The scale ends here, in seconds.
    pub max_rtt: Option<f64>,
    /// Format of the time in the corner.
    pub strftime: Option<String>,
    /// Colour where nothing is known, `rrggbb`.
    pub nodata_color: Option<String>,
    /// `(description, seconds)` of each graph.
    pub ranges: Vec<(String, u32)>,
    /// The colours of loss where `loss_colors` has none.
    pub palette: Palette,
    /// `(up to this many lost pings, rrggbb, legend)`; empty for the built-in classes.
    pub loss_colors: Vec<(f64, String, String)>,
    /// `(up to this many seconds, rrggbb, legend)`; empty for the built-in classes.
    pub uptime_colors: Vec<(f64, String, String)>,
}

/// Which of the built-in colours loss has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Palette {
    /// Ours, told apart by the colour-blind.
    #[default]
    Default,
    /// SmokePing's.
    Classic,
}

/// A chart: targets ranked by a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// Its text in the menu.
    pub menu: String,
    /// Its title.
    pub title: String,
    /// The sorter's name, such as `StdDev`.
    pub sorter: String,
    /// How many entries it shows.
    pub entries: u32,
    /// The printf format of the value.
    pub format: Option<String>,
}

impl Plan {
    /// Every section, from the top, parents before children, in the order of the file.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        let mut pending = vec![&self.root];
        std::iter::from_fn(move || {
            let node = pending.pop()?;
            pending.extend(node.children.iter().rev());
            Some(node)
        })
    }

    /// Every target, in the order of the file.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.nodes().filter_map(|node| node.target.as_ref())
    }
}
