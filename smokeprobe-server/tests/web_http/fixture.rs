//! A server over a plan of every kind of section, and a store that answers from a formula.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use smokeprobe_core::probes::{icmp::IcmpOptions, tcp::TcpOptions};
use smokeprobe_core::{Clock, Host, Measured, MonoTime, Round, RoundResult, Rtt, SeriesId, Slot, Step, WallTime};
use smokeprobe_server::config::Plan;
use smokeprobe_server::config::plan::{
    Alerting, Archive, Database, Detail, General, Node, Offset, Overview, Palette, Presentation, ProbeInstance,
    ProbeOptions, Slave, Target, TargetHost,
};
use smokeprobe_server::live::{Live, LiveSink};
use smokeprobe_server::web::{Metrics, MetricsSink, Readiness, WebState};
use smokeprobe_store::{Appended, Consolidation, Frame, Query, SeriesMeta, Store, StoreError};

/// 2026-11-22 12:00:10 UTC.
pub(crate) const NOW: i64 = 1_795_348_810;

/// A title with everything that must stay text.
pub(crate) const EVIL: &str = "<script>alert('1')</script>\"&";

/// A clock that stands still.
#[derive(Debug)]
pub(crate) struct Still;

impl Clock for Still {
    fn mono(&self) -> MonoTime {
        MonoTime::ORIGIN
    }

    fn wall(&self) -> WallTime {
        WallTime::from_unix_secs(NOW)
    }
}

/// Everything a test looks at.
pub(crate) struct Fixture {
    pub(crate) live: Arc<Live>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) state: WebState,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::over(plan(), Arc::new(Formula))
    }

    pub(crate) fn over(plan: Plan, store: Arc<dyn Store>) -> Self {
        let live = Arc::new(Live::new(Arc::new(plan)));
        let metrics = Arc::new(Metrics::default());
        let readiness = Arc::new(Readiness::default());
        readiness.measuring();
        let clock = Arc::new(Still);
        let state = WebState::new(live.clone(), store, clock, metrics.clone(), readiness.clone());
        Self { live, metrics, readiness, state }
    }

    /// Hands a round to the sinks, as the engine does.
    pub(crate) fn accept(&self, round: &Round) {
        use smokeprobe_core::RoundSink;

        LiveSink(self.live.clone()).accept(round).unwrap();
    }

    pub(crate) fn metrics_sink(&self) -> MetricsSink {
        MetricsSink::new(self.metrics.clone(), self.live.clone())
    }
}

/// A measured round of `series` that started ten seconds before [`NOW`].
pub(crate) fn round(series: &str, rtts_ms: &[u64], lost: u32) -> Round {
    let started = WallTime::from_unix_secs(NOW - 10);
    let rtts = rtts_ms.iter().map(|ms| Rtt::from(Duration::from_millis(*ms)));
    let mut measured = Measured::from_samples(rtts, lost);
    measured.quality.kernel_stamps = rtts_ms.len() as u32;
    measured.address = Some("192.0.2.1".parse().unwrap());
    Round {
        series: series.parse().unwrap(),
        slot: Slot::containing(started, Step::DEFAULT),
        pings: rtts_ms.len() as u32 + lost,
        started,
        result: RoundResult::Measured(measured),
    }
}

/// Answers every series whose name begins with `Storage` or `Console`, and breaks on `Broken.Disk`.
pub(crate) struct Formula;

impl Store for Formula {
    fn append(&self, _: &Round) -> Result<Appended, StoreError> {
        Ok(Appended::Stored)
    }

    fn query(&self, query: &Query) -> Result<Frame, StoreError> {
        let name = query.series.to_string();
        if name == "Broken.Disk" {
            let source = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
            return Err(StoreError::Io { action: "read", path: "/secret/place.rrd".into(), source });
        }
        if !name.starts_with("Storage") && !name.starts_with("Console") {
            return Err(StoreError::NoSuchSeries(query.series.clone()));
        }
        Ok(formula(query))
    }

    fn catalog(&self) -> Result<Vec<SeriesMeta>, StoreError> {
        Ok(Vec::new())
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn formula(query: &Query) -> Frame {
    let mut step = 300;
    while (query.to - query.from) / step > query.max_points as i64 {
        step *= 2;
    }
    let first = query.from.div_euclid(step) + 1;
    let rows = (query.to.div_euclid(step) + 1 - first + 1).clamp(0, query.max_points as i64);
    let noise = |row: i64, ping: i64| {
        let mixed = ((first + row) * 31 + ping * 7).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64);
        (mixed as u64 >> 40) as f64 / (1u64 << 24) as f64
    };
    let lost = |row: i64| match (first + row) % 50 {
        7 => 1,
        8 => 3,
        21 => 12,
        22 | 23 => 20,
        _ => 0,
    };
    let known = |row: i64| (first + row) % 50 < 30 || (first + row) % 50 > 33;
    let column = |ping: i64| {
        let value = |row: i64| {
            let (front, back) = (lost(row) / 2, lost(row) - lost(row) / 2);
            let base = 0.028 + 0.004 * ((first + row) as f64 / 9.0).sin();
            let spread = 0.000_2 * ping as f64 + 0.000_01 * (ping * ping) as f64 * (1.0 + 3.0 * noise(row, 0));
            let there = known(row) && ping >= front && ping < 20 - back;
            if there { base + spread } else { f64::NAN }
        };
        (0..rows).map(value).collect::<Vec<f64>>()
    };
    let samples: Vec<Vec<f64>> = (0..20).map(column).collect();
    Frame {
        start: first * step,
        step: step as u32,
        consolidation: query.consolidation,
        pings: 20,
        loss: (0..rows).map(|row| if known(row) { lost(row) as f64 } else { f64::NAN }).collect(),
        median: (0..rows).map(|row| samples[10][row as usize]).collect(),
        uptime: vec![f64::NAN; rows as usize],
        samples,
    }
}

/// Sections: `Console` (two targets), `Storage` (one with a slave, and a multihost), `Broken.Disk`, `New.Target` (no round yet),
/// `Other.Game` (no such probe), `Other.Evil` (hostile title).
pub(crate) fn plan() -> Plan {
    let icmp = || ProbeOptions::Icmp(IcmpOptions::default());
    let tcp = ProbeOptions::Tcp(TcpOptions { port: 443, ..TcpOptions::default() });
    let mut ningxia = leaf("Storage.NingxiaS3", "宁夏S3", "AWS宁夏区S3", "s3.example.cn", "TCPPing", tcp);
    ningxia.target.as_mut().unwrap().slaves = vec!["tokyo".to_owned()];
    let mut both = section("Both", "Both", "From both places", Vec::new());
    both.path = "Storage.Both".parse().ok();
    both.multihost = ["Storage.NingxiaS3", "Storage.NingxiaS3~tokyo"].map(|series| series.parse().unwrap()).into();
    let game = leaf("Other.Game", "Game", "A game server", "game.example", "Qstat", ProbeOptions::Unsupported);
    let mut other =
        section("Other", "Other", EVIL, vec![game, leaf("Other.Evil", EVIL, EVIL, "192.0.2.9", "FPing", icmp())]);
    other.remark = Some("<img src=x onerror=alert(2)>".to_owned());
    let console = |name: &str, menu: &str, title: &str| leaf(name, menu, title, "192.0.2.7", "FPing", icmp());
    let mut root = section(
        "",
        "Top",
        "AWS China Network Latency",
        vec![
            section(
                "Console",
                "控制台",
                "AWS控制台监控",
                vec![
                    console("Console.BeijingConsole", "北京控制台", "AWS北京区控制台"),
                    console("Console.NingxiaConsole", "宁夏控制台", "AWS宁夏区控制台"),
                ],
            ),
            section("Storage", "存储服务", "AWS存储服务监控", vec![ningxia, both]),
            section("Broken", "Broken", "Broken", vec![console("Broken.Disk", "Disk", "A file that cannot be read")]),
            section("New", "New", "New", vec![console("New.Target", "Target", "Never measured yet")]),
            other,
        ],
    );
    root.path = None;
    root.remark = Some("AWS中国区网络延迟监控".to_owned());
    Plan { root, ..frame_of_plan() }
}

fn frame_of_plan() -> Plan {
    let probe = |module: &str, supported| ProbeInstance {
        name: module.to_owned(),
        module: module.to_owned(),
        step: Step::DEFAULT,
        offset: Offset::Random,
        forks: None,
        supported,
    };
    let probes = [probe("FPing", true), probe("TCPPing", true), probe("Qstat", false)];
    let archive = Archive { consolidation: Consolidation::Average, xff: 0.5, steps: 1, rows: 1008 };
    let tokyo = Slave {
        name: "tokyo".to_owned(),
        display_name: "Tokyo".to_owned(),
        location: None,
        color: "ff0000".to_owned(),
        overrides: Vec::new(),
    };
    Plan {
        alerting: Alerting::default(),
        general: General { owner: Some("Network team".to_owned()), ..General::default() },
        database: Database { step: Step::DEFAULT, pings: 20, archives: vec![archive] },
        presentation: Presentation {
            overview: Overview {
                width: 600,
                height: 50,
                range: 36_000,
                max_rtt: None,
                median_color: None,
                strftime: None,
            },
            detail: Detail {
                width: 600,
                height: 200,
                loss_background: false,
                logarithmic: false,
                unison_tolerance: Some(2.0),
                max_rtt: None,
                strftime: None,
                nodata_color: None,
                palette: Palette::Default,
                ranges: Vec::new(),
                loss_colors: Vec::new(),
                uptime_colors: Vec::new(),
            },
            multihost_colors: Vec::new(),
            charts: BTreeMap::new(),
            charts_title: None,
            hierarchies: BTreeMap::new(),
            literalsearch: false,
            html: false,
        },
        probes: probes.into_iter().map(|probe| (probe.name.clone(), probe)).collect(),
        alerts: BTreeMap::new(),
        slaves: [("tokyo".to_owned(), tokyo)].into(),
        root: section("", "", "", Vec::new()),
        files: vec!["/etc/smokeping/config".into()],
    }
}

pub(crate) fn section(name: &str, menu: &str, title: &str, children: Vec<Node>) -> Node {
    Node {
        name: name.to_owned(),
        path: name.parse().ok(),
        menu: menu.to_owned(),
        title: title.to_owned(),
        remark: None,
        menuextra: None,
        hide: false,
        host: None,
        target: None,
        multihost: Vec::new(),
        parents: Vec::new(),
        children,
    }
}

pub(crate) fn leaf(path: &str, menu: &str, title: &str, host: &str, probe: &str, options: ProbeOptions) -> Node {
    let name = path.rsplit('.').next().unwrap();
    let series: SeriesId = path.parse().unwrap();
    let target = Target {
        depends: None,
        labels: BTreeMap::new(),
        path: series.target.clone(),
        host: TargetHost::Fixed(Host::from(host)),
        probe: probe.to_owned(),
        options,
        step: Step::DEFAULT,
        pings: 20,
        alerts: vec!["someloss".to_owned()],
        alertee: Vec::new(),
        slaves: Vec::new(),
        nomasterpoll: false,
        rawlog: None,
    };
    Node {
        path: Some(series.target),
        host: Some(host.to_owned()),
        target: Some(target),
        ..section(name, menu, title, Vec::new())
    }
}
