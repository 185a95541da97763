//! The command line as a user types it, with the real programs beside it.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use serde_json::Value;

fn smokeprobe(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smokeprobe-server")).args(args).output().expect("the binary starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// `host` → its values as printed, from lines such as `127.0.0.1 : 0.05 - 0.04`.
fn fping_lines(text: &str) -> BTreeMap<String, Vec<String>> {
    let line = |line: &str| {
        let (host, values) = line.split_once(" : ").expect("a line of fping's form");
        (host.trim().to_owned(), values.split(' ').map(str::to_owned).collect())
    };
    text.lines().map(line).collect()
}

#[test]
fn fping_format_is_what_fping_prints_for_the_same_hosts() {
    let hosts = ["127.0.0.1", "localhost", "127.0.0.77"];
    let fping = Command::new("fping")
        .args(["-C", "5", "-q", "-B1", "-r1", "-i1", "-p20"])
        .args(hosts)
        .output()
        .expect("fping is installed (apt-get install fping)");
    let mut args = vec!["probe", "icmp", "--count", "5", "--interval", "20ms", "--gap", "1ms", "--format", "fping"];
    args.extend(hosts);
    let ours = smokeprobe(&args);
    assert_eq!(ours.status.code(), Some(0), "{}", stderr(&ours));
    let (ours, theirs) = (fping_lines(&stdout(&ours)), fping_lines(&stderr(&fping)));
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (host, values) in &ours {
        assert_eq!(values.len(), theirs[host].len(), "{host}");
        for value in values {
            let (_, decimals) = value.split_once('.').expect("milliseconds with decimals");
            assert_eq!(decimals.len(), 4, "{value}");
            assert!(value.parse::<f64>().unwrap() > 0.0);
        }
    }
}

#[test]
fn host_that_does_not_resolve_is_said_and_is_not_loss() {
    let output =
        smokeprobe(&["probe", "icmp", "--count", "1", "--format", "fping", "no-such-host.invalid", "127.0.0.1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no-such-host.invalid: cannot resolve"), "{}", stderr(&output));
    assert_eq!(fping_lines(&stdout(&output)).len(), 1);
}

#[test]
fn json_of_an_icmp_round_says_how_it_was_stamped() {
    let output = smokeprobe(&["probe", "icmp", "--count", "4", "--interval", "10ms", "--format", "json", "127.0.0.1"]);
    let report: Value = serde_json::from_str(&stdout(&output)).expect("one JSON object");
    assert_eq!((report["sent"].as_u64(), report["lost"].as_u64()), (Some(4), Some(0)));
    assert_eq!(report["rtts_ms"].as_array().map(Vec::len), Some(4));
    let stamps = ["kernel_stamps", "user_stamps"].map(|source| report["quality"][source].as_u64().unwrap());
    assert_eq!(stamps.iter().sum::<u64>(), 4);
}

#[test]
fn tcp_reset_is_an_answer_unless_a_connection_is_demanded() {
    // Bound, so that nobody else gets it, and closed.
    let bound = tokio::net::TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let target = bound.local_addr().unwrap().to_string();
    let plain = ["probe", "tcp", "--count", "2", "--interval", "1ms", "--format", "fping", &target];
    let output = smokeprobe(&plain);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let strict = smokeprobe(&[&plain[..], &["--require-accept"]].concat());
    assert_eq!(strict.status.code(), Some(1));
    assert_eq!(stdout(&strict), format!("{target} : - -\n"));
}

/// Runs Debian's rrdtool in `folder`.
fn rrdtool(folder: &std::path::Path, args: &[&str]) -> String {
    let output =
        Command::new("rrdtool").args(args).current_dir(folder).output().expect("rrdtool is installed (apt-get)");
    assert!(output.status.success(), "rrdtool {args:?}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn export_prints_the_rows_that_rrdtool_fetches() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("Storage")).unwrap();
    let file = "Storage/BeijingS3.rrd";
    let start = 1_000_000_200_i64;
    let mut create = vec!["create".to_owned(), file.to_owned(), "--start".to_owned(), start.to_string()];
    create.extend(
        ["--step", "300", "DS:uptime:GAUGE:600:0:U", "DS:loss:GAUGE:600:0:3", "DS:median:GAUGE:600:0:U"]
            .map(str::to_owned),
    );
    create.extend((1..=3).map(|ping| format!("DS:ping{ping}:GAUGE:600:0:U")));
    create.push("RRA:AVERAGE:0.5:1:100".to_owned());
    rrdtool(folder.path(), &create.iter().map(String::as_str).collect::<Vec<_>>());
    for (row, values) in
        ["U:0:0.0123:0.0121:0.0123:0.0131", "U:1:0.5:0.5:0.6:U", "U:U:U:U:U:U", "U:3:U:U:U:U"].iter().enumerate()
    {
        let at = start + 300 * (row as i64 + 1);
        rrdtool(folder.path(), &["update", file, &format!("{at}:{values}")]);
    }

    let (from, to) = (start.to_string(), (start + 1200).to_string());
    let fetched = rrdtool(folder.path(), &["fetch", file, "AVERAGE", "-s", &from, "-e", &(start + 1199).to_string()]);
    let theirs: Vec<(String, Vec<f64>)> = fetched
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(time, values)| {
            let values = values.split(' ').map(|value| value.parse().unwrap_or(f64::NAN));
            // The first column is uptime, which is not exported.
            (time.to_owned(), values.skip(1).collect())
        })
        .collect();
    assert_eq!(theirs.len(), 4);

    let datadir = folder.path().to_str().unwrap();
    let args = ["export", "Storage.BeijingS3", "--datadir", datadir, "--from", &from, "--to", &to];
    let csv = smokeprobe(&args);
    assert!(csv.status.success(), "{}", stderr(&csv));
    let csv = stdout(&csv);
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("time,loss,median,ping1,ping2,ping3"));
    for (line, (time, values)) in lines.by_ref().zip(&theirs) {
        let (our_time, ours) = line.split_once(',').unwrap();
        assert_eq!(our_time, time);
        for (ours, theirs) in ours.split(',').zip(values) {
            let ours = if ours.is_empty() { f64::NAN } else { ours.parse().unwrap() };
            let same = match (ours.is_nan(), theirs.is_nan()) {
                (false, false) => (ours - theirs).abs() < 1e-10,
                unknown => unknown == (true, true),
            };
            // rrdtool prints ten decimals.
            assert!(same, "{line}: rrdtool has {theirs}");
        }
    }
    assert_eq!(lines.next(), None);

    let json = smokeprobe(&[&args[..], &["--format", "json"]].concat());
    let json: Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(json["columns"]["time"].as_array().unwrap().len(), 4);
    assert_eq!(json["columns"]["loss"][1], 1.0);
    assert_eq!(json["columns"]["loss"][2], Value::Null);
    assert_eq!((json["step"].as_u64(), json["pings"].as_u64()), (Some(300), Some(3)));
}

#[test]
fn bad_arguments_are_named() {
    for (args, wanted) in [
        (&["probe", "icmp"][..], "<HOST>"),
        (&["probe", "icmp", "--interval", "20", "127.0.0.1"], "unit"),
        (&["probe", "icmp", "--count", "0", "127.0.0.1"], "0 is not in"),
        (&["probe", "tcp", "127.0.0.1"], "port"),
        (&["probe", "dns", "@127.0.0.1"], "name to ask for"),
        (&["export", "../etc/passwd"], "is not made of"),
        (&["export", "A", "--datadir", ".", "--from", "yesterdayish"], "is not a time"),
        (&["export", "A", "--datadir", ".", "--from", "now", "--to", "-1h"], "is later than"),
        (&["frobnicate"], "unrecognized"),
    ] {
        let output = smokeprobe(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(wanted), "{args:?}: {}", stderr(&output));
    }
}

/// A configuration with a dynamic host and another.
fn homes(folder: &std::path::Path, host: &str) -> String {
    let text = format!(
        "*** General ***\ncgiurl = http://noc.example.net/smokeping.cgi\ndatadir = {data}\n\
         *** Database ***\nstep = 300\npings = 20\nAVERAGE 0.5 1 1008\n\
         *** Probes ***\n+ FPing\nbinary = /usr/bin/fping\n\
         *** Targets ***\nprobe = FPing\nmenu = Top\ntitle = Top\n\
         + Homes\nmenu = Homes\ntitle = Homes\n\
         ++ Ann\nmenu = Ann\ntitle = Ann\nhost = {host}\n\
         ++ Fixed\nmenu = Fixed\ntitle = Fixed\nhost = 192.0.2.1\n",
        data = folder.display()
    );
    let file = folder.join("config");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn dynamic_prints_a_secret_whose_hash_is_the_configurations() {
    let folder = tempfile::tempdir().unwrap();
    let config = homes(folder.path(), "DYNAMIC");
    let output = smokeprobe(&["dynamic", "Homes.Ann", "--config", &config]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    let after = |mark: &str| text.split_once(mark).unwrap().1.split_whitespace().next().unwrap().to_owned();
    let (hash, secret) = (after("host = DYNAMIC/"), after("secret="));
    let perl = Command::new("perl")
        .args(["-MDigest::MD5=md5_base64", "-e", "print md5_base64($ARGV[0])", &secret])
        .output()
        .expect("perl is installed (apt-get install perl)");
    assert_eq!(hash, stdout(&perl), "as SmokePing's program computes it");
    assert!(text.contains("--data target=Homes.Ann "), "{text}");
    assert!(text.contains(" http://noc.example.net/smokeping.cgi\n"), "{text}");
    let kept = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(kept.collect::<Vec<_>>(), [folder.path().join("config")], "the secret is kept nowhere");

    // The line works, and a new secret says that it takes the place of the one before.
    let config = homes(folder.path(), &format!("DYNAMIC/{hash}"));
    assert_eq!(smokeprobe(&["check", "--config", &config]).status.code(), Some(0));
    let url = "http://noc.example.net:8888/smokeping.cgi?a='b'";
    let again = stdout(&smokeprobe(&["dynamic", "Homes.Ann", "--config", &config, "--url", url]));
    assert!(again.contains("the secret before it is then void"), "{again}");
    assert!(again.contains(r"'http://noc.example.net:8888/smokeping.cgi?a='\''b'\'''"), "{again}");
    assert!(!again.contains(&secret));
}

#[test]
fn dynamic_says_what_has_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let config = homes(folder.path(), "DYNAMIC");
    for (target, words) in [
        ("Homes.Eve", "there is no target Homes.Eve"),
        ("Homes.Fixed", "only `host = DYNAMIC`"),
        ("Homes", "there is no target"),
        ("../Ann", "target name"),
    ] {
        let output = smokeprobe(&["dynamic", target, "--config", &config]);
        assert_eq!(output.status.code(), Some(2), "{target}");
        assert!(stderr(&output).contains(words), "{target}: {}", stderr(&output));
    }
    let output = smokeprobe(&["dynamic", "Homes.Ann", "--config", &config, "--url", "ftp://server/"]);
    assert_eq!(output.status.code(), Some(2));
}
