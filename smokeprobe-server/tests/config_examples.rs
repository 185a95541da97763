//! `check` over the configurations that real installations have.

use std::path::{Path, PathBuf};

use serde_json::Value;
use smokeprobe_server::config::{Format, check, load};

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
