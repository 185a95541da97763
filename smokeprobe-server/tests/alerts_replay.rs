//! `alerts replay` as a user types it: over the runs that were recorded from SmokePing, and over stored rounds.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use smokeprobe_core::{Measured, Round, RoundResult, Rtt, SeriesId, Slot, Step, UnknownReason, WallTime};
use smokeprobe_store::{Archive, Consolidation, RrdStore, RrdStoreConfig, Store as _};

/// 2026-11-22 12:00:00 UTC.
const START: i64 = 1_795_348_800;

/// The alerts of the example in SmokePing's manual, and the target that has them.
const ALERTS: &str = "+someloss\ntype = loss\npattern = >0%,*12*,>0%,*12*,>0%\ncomment = loss 3 times in a row\n\
                      +hostdown\ntype = loss\npattern = >60%\nedgetrigger = yes\ncomment = Massive loss\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A configuration with these alerts, of which the target `A.B` has some.
    fn config(&self, name: &str, pings: u64, alerts: &str, own: &str) -> String {
        let datadir = self.0.path().display();
        let text = format!(
            "*** General ***\ndatadir = {datadir}\n*** Database ***\nstep = 300\npings = {pings}\n\
             *** Alerts ***\nto = ops@example.net\nfrom = smoke@example.net\n{alerts}\
             *** Targets ***\nprobe = FPing\nmenu = Top\ntitle = Top\n+ A\nmenu = A\ntitle = A\n\
             ++ B\nmenu = B\ntitle = B\nhost = 192.0.2.1\nslaves = far\nalerts = {own}\n\
             ++ C\nmenu = C\ntitle = C\nhost = 192.0.2.2\n\
             *** Slaves ***\nsecrets = {secrets}\n+ far\ndisplay_name = far\ncolor = 00ff00\n",
            secrets = self.secrets()
        );
        self.write(name, &text)
    }

    fn secrets(&self) -> String {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.write("secrets", "far:secret\n");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }
}

fn smokeprobe(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smokeprobe-server"));
    command.args(["alerts", "replay"]).args(args).output().expect("the binary starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn events(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

/// Time, alert and what became of it.
fn told(output: &Output) -> Vec<(i64, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    events(output)
        .iter()
        .map(|event| (event["time"].as_i64().unwrap(), text(&event["alert"]), text(&event["what"])))
        .collect()
}

/// Stores rounds of three pings, `lost` of each lost or not measured at all, that end from `START` + 300 on.
fn store(folder: &Path, series: &str, rounds: impl IntoIterator<Item = Option<u32>>) {
    let archive = |steps, rows| Archive { consolidation: Consolidation::Average, xff: 0.5, steps, rows };
    let store = RrdStore::open(RrdStoreConfig::new(folder, vec![archive(1, 300), archive(12, 1000)])).unwrap();
    let series: SeriesId = series.parse().unwrap();
    for (at, lost) in rounds.into_iter().enumerate() {
        let slot = Slot::ending_at(START + 300 * (at as i64 + 1), Step::DEFAULT);
        let result = lost.map_or(RoundResult::Unknown(UnknownReason::Missed), |lost| {
            RoundResult::Measured(Measured::from_samples(vec![Rtt::from_nanos(12_000_000); 3 - lost as usize], lost))
        });
        let started = WallTime::from_unix_secs(slot.start());
        store.append(&Round { series: series.clone(), slot, pings: 3, started, result }).unwrap();
    }
    store.sync().unwrap();
}

#[test]
fn legacy_replay_of_every_recorded_run_tells_what_the_program_told() {
    let folder = Folder::new();
    let recorded = include_str!("../../smokeprobe-alerts/tests/golden/alert_sequences.jsonl");
    for case in recorded.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let (mut alerts, mut names) = ("semantics = legacy\n".to_owned(), Vec::new());
        for alert in case["alerts"].as_array().unwrap() {
            let text = |key: &str| alert[key].as_str().unwrap();
            names.push(text("name"));
            let (name, kind, pattern, edge) = (text("name"), text("type"), text("pattern"), text("edgetrigger"));
            writeln!(alerts, "+{name}\ntype = {kind}\npattern = {pattern}\nedgetrigger = {edge}\ncomment = c").unwrap();
            if let Some(priority) = alert["priority"].as_u64() {
                writeln!(alerts, "priority = {priority}").unwrap();
            }
        }
        let config = folder.config("config", case["pings"].as_u64().unwrap(), &alerts, &names.join(","));
        let mut rounds = String::from("unix_time,lost,median_seconds\n");
        let mut expected = Vec::new();
        for (at, round) in case["seq"].as_array().unwrap().iter().enumerate() {
            let time = START + 300 * at as i64;
            writeln!(rounds, "{time},{},{}", round[0].as_str().unwrap(), round[1].as_str().unwrap()).unwrap();
            for event in case["events"][at].as_array().unwrap() {
                let (name, what) = event.as_str().unwrap().split_once(' ').unwrap();
                expected.push((time, name.to_owned(), what.rsplit_once(' ').unwrap().1.to_owned()));
            }
        }
        let rounds = folder.write("rounds.csv", &rounds);
        let mut told = told(&smokeprobe(&["--config", &config, "--target", "A.B", "--rounds", &rounds, "--json"]));
        told.sort();
        expected.sort();
        assert_eq!(told, expected, "{case}");
    }
}

#[test]
fn documented_gaps_fire_where_the_manual_says() {
    let folder = Folder::new();
    let config = folder.config("config", 20, ALERTS, "someloss,hostdown");
    let mut rounds = String::new();
    for at in 0..60 {
        // Thirteen rounds apart, then alone; the last round is lost.
        let lost = if [5, 18, 31, 50].contains(&at) {
            1
        } else if at == 59 {
            20
        } else {
            0
        };
        let median = if lost == 20 { "U" } else { "0.0123" };
        writeln!(rounds, "{},{lost},{median}", START + 300 * at).unwrap();
    }
    let rounds = folder.write("rounds.csv", &rounds);
    let output = smokeprobe(&["--config", &config, "--target", "A.B", "--rounds", &rounds, "--json"]);
    let at = |round: i64| START + 300 * round;
    let told = told(&output);
    let expected = [(at(31), "someloss", "active"), (at(59), "hostdown", "raised")];
    assert_eq!(told, expected.map(|(time, alert, what)| (time, alert.to_owned(), what.to_owned())), "{told:?}");
    let down = &events(&output)[1];
    assert_eq!(down["target"], "A.B");
    assert!(down["loss"].as_str().unwrap().starts_with("loss: "), "{down}");
    assert!(down["loss"].as_str().unwrap().ends_with("0%, 100%"), "{down}");
    assert!(down["rtt"].as_str().unwrap().ends_with("12ms, U"), "{down}");
    assert_eq!(down["reason"], "loss: 100%");
    let summary = stderr(&output);
    assert!(summary.contains("A.B: 60 rounds"), "{summary}");
    for wanted in
        ["someloss: 1 firing", "hostdown: 1 firing", "all: 2 firings", "longest", "flap", "notifications a week"]
    {
        assert!(summary.contains(wanted), "{wanted}: {summary}");
    }

    let one = ["--config", &config, "--target", "A.B", "--rounds", &rounds, "--alert", "hostdown"];
    let text = stdout(&smokeprobe(&one));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("2026-11-22T16:55:00Z  hostdown was raised  loss: "), "{text}");
    let elsewhere =
        smokeprobe(&["--config", &config, "--target", "A.C", "--rounds", &rounds, "--alert", "hostdown", "--json"]);
    assert_eq!(events(&elsewhere).len(), 1);
}

#[test]
fn lines_are_consecutive_rounds_and_may_come_through_a_pipe() {
    let folder = Folder::new();
    let alerts = "+down\ntype = loss\npattern = >60%,>60%\nedgetrigger = yes\ncomment = c\n";
    let config = folder.config("config", 20, alerts, "down");
    let mut child = Command::new(env!("CARGO_BIN_EXE_smokeprobe-server"))
        .args(["alerts", "replay", "--config", &config, "--target", "A.B", "--rounds", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Hours between the lines; a round that was not measured neither clears nor raises.
    child.stdin.take().unwrap().write_all(b"\r\n1000,20,U\r\n99000,20,U\r\n99001,U,U\r\n200000,0,0.01\r\n").unwrap();
    let told = told(&child.wait_with_output().unwrap());
    let expected = [(99_000, "down", "raised"), (200_000, "down", "cleared")];
    assert_eq!(told, expected.map(|(time, alert, what)| (time, alert.to_owned(), what.to_owned())));
}

#[test]
fn stored_rounds_are_replayed_with_the_windows_that_were_full() {
    let folder = Folder::new();
    let alerts = "+twice\ntype = loss\npattern = >50%,>50%\nedgetrigger = yes\ncomment = c\n\
                  +blind\ntype = nodata\npattern = 2\nedgetrigger = yes\ncomment = c\n";
    let config = folder.config("config", 3, alerts, "twice,blind");
    let rounds = [vec![Some(0); 10], vec![Some(3); 3], vec![Some(0)], vec![None; 3], vec![Some(1); 5]].concat();
    store(folder.0.path(), "A.B", rounds.clone());
    store(folder.0.path(), "A.B~far", rounds);
    let at = |round: i64| START + 300 * round;
    let replay = |target: &str, from: i64| {
        let (from, to) = (from.to_string(), at(100).to_string());
        told(&smokeprobe(&["--config", &config, "--target", target, "--from", &from, "--to", &to, "--json"]))
    };
    let all = [(12, "twice", "raised"), (14, "twice", "cleared"), (16, "blind", "raised"), (18, "blind", "cleared")];
    let all: Vec<_> =
        all.iter().map(|(round, alert, what)| (at(*round), (*alert).to_owned(), (*what).to_owned())).collect();
    assert_eq!(replay("A.B", at(0)), all);
    assert_eq!(replay("A.B~far", at(0)), all);
    // The first of the two lossy rounds lies before the time asked for.
    assert_eq!(replay("A.B", at(11)), all);
    // What was raised before is cleared in it.
    assert_eq!(replay("A.B", at(12)), all[1..]);
    assert_eq!(replay("A.B", at(17)), all[3..]);
}

#[test]
fn time_that_single_rounds_do_not_reach_is_said() {
    let folder = Folder::new();
    let config = folder.config("config", 3, ALERTS, "hostdown");
    store(folder.0.path(), "A.B", vec![Some(0); 400]);
    let (from, to) = (START.to_string(), (START + 300 * 400).to_string());
    let output = smokeprobe(&["--config", &config, "--target", "A.B", "--from", &from, "--to", &to]);
    assert_eq!(stdout(&output), "");
    let said = stderr(&output);
    assert!(said.contains("kept for 300 rounds of 300 s only: the replay begins 2026-11-22T20:20:00Z"), "{said}");
    assert!(said.contains("A.B: 300 rounds"), "{said}");
}

#[test]
fn comparing_shows_what_only_one_configuration_tells() {
    let folder = Folder::new();
    let first = folder.config("first", 20, ALERTS, "someloss,hostdown");
    let stricter = ALERTS.replace(">60%", ">30%");
    let second = folder.config("second", 20, &stricter, "someloss,hostdown");
    let mut rounds = String::new();
    for (at, lost) in [0, 8, 0, 0, 20, 0].iter().enumerate() {
        writeln!(rounds, "{},{lost},0.01", START + 300 * at as i64).unwrap();
    }
    let rounds = folder.write("rounds.csv", &rounds);
    let args = ["--config", &first, "--target", "A.B", "--rounds", &rounds, "--against", &second];
    let output = smokeprobe(&[&args[..], &["--json"]].concat());
    let only: Vec<_> = events(&output).iter().map(|event| (event["only"].clone(), event["what"].clone())).collect();
    assert_eq!(only, [("second".into(), "raised".into()), ("second".into(), "cleared".into())]);
    let summary = stderr(&output);
    assert!(summary.contains(&format!("A.B by {first}: 6 rounds")), "{summary}");
    assert!(summary.contains(&format!("A.B by {second}: 6 rounds")), "{summary}");
    let text = stdout(&smokeprobe(&args));
    assert!(text.lines().all(|line| line.starts_with("only the second: 2026-")), "{text}");
    let same = ["--config", &first, "--target", "A.B", "--rounds", &rounds, "--against", &first];
    assert_eq!(stdout(&smokeprobe(&same)), "");
}

#[test]
fn baseline_in_a_file_compares_with_earlier_weeks_of_it() {
    let folder = Folder::new();
    let alerts = "+slow\ntype = baseline\npattern = deviations=>4,above=>10,weeks=>4,warmup=>2\nedgetrigger = yes\ncomment = c\n";
    let config = folder.config("config", 20, alerts, "slow");
    let (week, mut rounds) = (7 * 24 * 3600, String::new());
    for (number, median) in [0.020, 0.022, 0.021, 0.084, 0.021].iter().enumerate() {
        for minute in [10, 20] {
            writeln!(rounds, "{},0,{median}", START + week * number as i64 + 60 * minute).unwrap();
        }
    }
    let rounds = folder.write("rounds.csv", &rounds);
    let output = smokeprobe(&["--config", &config, "--target", "A.B", "--rounds", &rounds, "--json"]);
    let events = events(&output);
    assert_eq!(events.iter().map(|event| event["what"].as_str().unwrap()).collect::<Vec<_>>(), ["raised", "cleared"]);
    let expected =
        "median 84.0 ms, usually 21.0 ms ± 1.0 ms at this hour of the week (3 weeks, 6 rounds): 63 deviations above";
    assert_eq!(events[0]["reason"], expected);
}

#[test]
fn what_cannot_be_replayed_is_said_with_what_was_meant() {
    let folder = Folder::new();
    let config = folder.config("config", 20, ALERTS, "someloss,hostdown");
    let rounds = folder.write("rounds.csv", "300,0,0.01\n600,21,0.01\n");
    let bad = folder.write("bad.csv", "300,0,0.01\n600;0;0.01\n");
    for (args, wanted) in [
        (&["--target", "A.D"][..], "did you mean `A.B`?"),
        (&["--target", "A"], "a section without a host"),
        (&["--target", "A.B~fat"], "did you mean `far`?"),
        (&["--target", "A.B", "--alert", "hostdwn"], "did you mean `hostdown`?"),
        (&["--target", "A.C"], "A.C has no alerts"),
        (&["--target", "A.B", "--rounds", &bad], "line 2: a column is missing in `600;0;0.01`; expected"),
        (&["--target", "A.B", "--rounds", &rounds], "line 2: 21 pings are lost, and a round of the target has 20"),
        (&["--target", "A.B", "--rounds", "/nonexistent/rounds.csv"], "cannot read /nonexistent/rounds.csv"),
        (&["--target", "A.B", "--rounds", &rounds, "--from", "-1d"], "cannot be used with"),
        (&["--target", "A.B", "--from", "yesterdayish"], "is not a time"),
        (&["--target", "A.B", "--from", "now", "--to", "-1h"], "is later than"),
        (&["--target", "A.B"], "nothing is stored of A.B"),
        (&["--target", "A.B", "--against", "/nonexistent"], "/nonexistent has errors"),
    ] {
        let output = smokeprobe(&[&["--config", &config], args].concat());
        assert!(matches!(output.status.code(), Some(2 | 3)), "{args:?}");
        assert!(stderr(&output).contains(wanted), "{args:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}
