//! `check` over the configurations that real installations have.

use std::path::{Path, PathBuf};

use serde_json::Value;
use smokeprobe_server::config::{Format, InMemory, check, check_from, load};

fn aws_china() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/aws-china/config")
}

fn report(path: &Path) -> (Value, bool) {
    let (json, good) = check(path, Format::Json);
    (serde_json::from_str(&json).unwrap(), good)
}

#[test]
fn aws_china_is_accepted_with_a_word_about_the_two_ports_that_fping_does_not_have() {
    let (report, good) = report(&aws_china());
    assert!(good, "{report:#}");
    let found: Vec<_> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|diagnostic| {
            assert_eq!(diagnostic["severity"], "warning");
            assert!(diagnostic["message"].as_str().unwrap().contains("`port`"), "{diagnostic}");
            assert!(diagnostic["file"].as_str().unwrap().ends_with("aws-china/Targets"), "{diagnostic}");
            (diagnostic["line"].as_u64().unwrap(), diagnostic["column"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(found, [(41, 1), (46, 1)]);
}

#[test]
fn aws_china_means_what_it_says() {
    let (report, _) = report(&aws_china());
    let targets = report["targets"].as_array().unwrap();
    let paths: Vec<_> = targets.iter().map(|target| target["path"].as_str().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "Console.BeijingConsole",
            "Console.NingxiaConsole",
            "Storage.BeijingS3",
            "Storage.NingxiaS3",
            "DNS.DNS_115",
            "DNS.DNS_1457"
        ]
    );
    assert_eq!(
        targets[2],
        serde_json::json!({
            "path": "Storage.BeijingS3",
            "host": "s3.cn-north-1.amazonaws.com.cn",
            "probe": "TCPPing",
            "step": 300,
            "pings": 20,
            "title": "AWS北京区S3",
            "menu": "北京S3",
            "alerts": [],
            "slaves": [],
            "rrd": "Storage/BeijingS3.rrd",
        })
    );
    assert_eq!(report["alerts"].as_object().unwrap().keys().collect::<Vec<_>>(), ["highlatency", "someloss"]);
    assert_eq!(load(&aws_china()).plan.unwrap().root.title, "AWS China Network Latency");
}

#[test]
fn the_configuration_of_debians_package_is_accepted_without_a_word() {
    let path = Path::new("/etc/smokeping/config");
    assert!(path.exists(), "{} is missing: install Debian's package smokeping", path.display());
    let (report, good) = report(path);
    assert!(good, "{report:#}");
    assert_eq!(report["diagnostics"], serde_json::json!([]));
    assert_eq!(report["targets"][0]["path"], "Local.LocalMachine");
}

#[test]
fn demo_is_accepted_without_a_word() {
    let (report, good) = report(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/demo/config"));
    assert!(good, "{report:#}");
    assert_eq!(report["diagnostics"], serde_json::json!([]));
    assert!(report["targets"].as_array().unwrap().iter().all(|target| target["step"] == 10));
}

/// The layout of the usual container: a main file that includes everything by absolute paths, and several probes.
#[test]
fn the_configuration_of_a_container_is_accepted_without_a_word() {
    let main = "@include /config/General\n@include /config/Alerts\n@include /config/Database\n\
                @include /config/Presentation\n@include /config/Probes\n@include /config/Slaves\n@include /config/Targets\n";
    let files = InMemory::default()
        .with("/etc/smokeping/config", main)
        .with("/etc/smokeping/smokeping_secrets", "boomer:x\n")
        .with("/data/Local/Machine.rrd", "")
        .with(
            "/config/General",
            "*** General ***\n\nowner    = Ann\ncontact  = ann@example.net\nmailhost = mail.example.net\n\
             cgiurl   = http://example.net/smokeping.cgi\nsyslogfacility = local0\n# concurrentprobes = no\n\n@include /config/pathnames\n",
        )
        .with(
            "/config/pathnames",
            "sendmail = /usr/sbin/ssmtp\nimgcache = /var/cache/smokeping\nimgurl   = cache\ndatadir  = /data\n\
             piddir  = /var/run/smokeping\nsmokemail = /etc/smokeping/smokemail\ntmail = /etc/smokeping/tmail\n",
        )
        .with(
            "/config/Alerts",
            "*** Alerts ***\nto = a@example.net\nfrom = b@example.net\n\n+someloss\ntype = loss\n# in percent\n\
             pattern = >0%,*12*,>0%,*12*,>0%\ncomment = loss 3 times  in a row\n",
        )
        .with("/config/Database", "*** Database ***\nstep     = 300\npings    = 20\nAVERAGE  0.5   1  1008\n    MIN  0.5  12  4320\n")
        .with(
            "/config/Presentation",
            "*** Presentation ***\ntemplate = /etc/smokeping/basepage.html\nhtmltitle = yes\ngraphborders = no\n+ charts\n\
             menu = Charts\ntitle = Most\n++ stddev\nsorter = StdDev(entries=>4)\ntitle = Top\nmenu = Std\nformat = %f\n\
             + overview\nwidth = 600\nheight = 50\nrange = 10h\n+ detail\nwidth = 600\nheight = 200\n\
             unison_tolerance = 2\n\"Last 3 Hours\"    3h\n",
        )
        .with(
            "/config/Probes",
            "*** Probes ***\n+ FPing\nbinary = /usr/sbin/fping\n+ FPing6\nbinary = /usr/sbin/fping\nprotocol = 6\n\
             + DNS\nbinary = /usr/bin/dig\nlookup = google.com\npings = 5\nstep = 300\n+ TCPPing\n\
             binary = /usr/bin/tcpping\nforks = 10\noffset = random\npings = 5\nport = 80\n+ Curl\n\
             binary = /usr/bin/curl\nforks = 5\noffset = 50%\nstep = 300\nurlformat = http://%host%/\npings = 5\n",
        )
        .with("/config/Slaves", "*** Slaves ***\nsecrets=/etc/smokeping/smokeping_secrets\n#+boomer\n")
        .with(
            "/config/Targets",
            "*** Targets ***\nprobe = FPing\nmenu = Top\ntitle = Latency\nremark = Welcome. \\\n         Here.\n\
             + Local\nmenu = Local\ntitle = Local\n++ Machine\nhost = localhost\n#alerts = someloss\n\
             + DNS\nprobe = DNS\n++ Google\nhost = 8.8.8.8\n+ Web\nprobe = Curl\n++ Site\nhost = example.net\nalerts = someloss\n\
             ++ Both\nhost = /Local/Machine /Web/Site\n",
        );
    let (report, good) = check_from(&files, Path::new("/etc/smokeping/config"), Format::Json);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(good, "{report:#}");
    assert_eq!(report["diagnostics"], serde_json::json!([]));
    let targets = report["targets"].as_array().unwrap();
    let pings: Vec<_> =
        targets.iter().map(|target| (target["path"].as_str().unwrap(), target["pings"].as_u64().unwrap())).collect();
    assert_eq!(pings, [("Local.Machine", 20), ("DNS.Google", 5), ("Web.Site", 5)]);
    assert_eq!(targets[2]["alerts"], serde_json::json!(["someloss"]));
}

/// Whoever starts with the repository looks at these first.
#[test]
fn the_demo_is_accepted_without_a_word() {
    let (report, good) = report(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/demo/config"));
    assert!(good, "{report:#}");
    assert_eq!(report["diagnostics"], serde_json::json!([]));
}

/// The readme's example of alerts is a whole configuration.
#[test]
fn what_the_readme_says_of_alerts_is_accepted() {
    let readme = include_str!("../../README.md");
    let example = readme.split("```").find(|block| block.contains("*** Recipients ***")).unwrap();
    let files = InMemory::default().with("config", example).with("dingtalk.secret", "x");
    let (report, good) = check_from(&files, Path::new("config"), Format::Json);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(good, "{report:#}");
    let found = report["diagnostics"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{report:#}");
    assert_eq!(found[0]["message"], "the environment variable `DINGTALK_TOKEN` is not set");
}
