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
    // A port that was just ours and is closed now.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    drop(listener);
    let plain = ["probe", "tcp", "--count", "2", "--interval", "1ms", "--format", "fping", &target];
    let output = smokeprobe(&plain);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let strict = smokeprobe(&[&plain[..], &["--require-accept"]].concat());
    assert_eq!(strict.status.code(), Some(1));
    assert_eq!(stdout(&strict), format!("{target} : - -\n"));
}

#[test]
fn bad_arguments_are_named() {
    for (args, wanted) in [
        (&["probe", "icmp"][..], "<HOST>"),
        (&["probe", "icmp", "--interval", "20", "127.0.0.1"], "unit"),
        (&["probe", "icmp", "--count", "0", "127.0.0.1"], "0 is not in"),
        (&["probe", "tcp", "127.0.0.1"], "port"),
        (&["probe", "dns", "@127.0.0.1"], "name to ask for"),
        (&["frobnicate"], "unrecognized"),
    ] {
        let output = smokeprobe(args);
        assert!(!output.status.success(), "{args:?}");
        assert!(stderr(&output).contains(wanted), "{args:?}: {}", stderr(&output));
    }
}
