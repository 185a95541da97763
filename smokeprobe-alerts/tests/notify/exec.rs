//! Programs: what they are given, how they end, what is said of it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use smokeprobe_alerts::notify::exec::Exec;
use smokeprobe_alerts::notify::testing::{TIME, event, message, plain_event};
use smokeprobe_alerts::{DeliveryError, Event, Notifier, What};

use crate::{Place, place};

impl Place {
    /// A FIFO that the program and its children hold open for as long as they live.
    fn fifo(&self) -> PathBuf {
        let path = self.directory.path().join("alive");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }
}

const LONG: Duration = Duration::from_secs(60);

fn run(program: &Path, limit: Duration, event: Event) -> Result<String, DeliveryError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let message = message("|prog", vec![event]);
    runtime.block_on(Exec::new(program, limit).deliver(&message)).map(|delivered| delivered.note)
}

fn permanent(result: Result<String, DeliveryError>) -> String {
    match result {
        Err(DeliveryError::Permanent { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

fn transient(result: Result<String, DeliveryError>) -> String {
    match result {
        Err(DeliveryError::Transient { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

fn raised() -> Event {
    event("Test.Lossy", "someloss", What::Raised)
}

#[test]
fn a_shell_script_is_called_with_smokepings_arguments() {
    let place = place("record.sh");
    let argv = |event| {
        let note = run(&place.program, LONG, event).unwrap();
        note.split_once(" | ").unwrap().1.to_owned()
    };
    let common = "[someloss][Test.Lossy][loss: S, 0%, 20%][rtt: S, 12ms, U][lossy.example]";
    assert_eq!(argv(raised()), format!("{common}[1]"));
    assert_eq!(argv(event("Test.Lossy", "someloss", What::Active)), format!("{common}[1]"));
    assert_eq!(argv(event("Test.Lossy", "someloss", What::Cleared)), format!("{common}[0]"));
    assert_eq!(argv(plain_event("Test.Lossy", "someloss", What::Raised)), common);
    assert_eq!(argv(plain_event("Test.Lossy", "someloss", What::Active)), common);
    assert!(
        argv(event("Test.Lossy~boomer", "a;$(id)`id`", What::Raised))
            .starts_with("[a;$(id)`id`][Test.Lossy [from boomer]]")
    );
    assert_eq!(place.read("input"), "");
}

#[test]
fn more_facts_are_in_the_environment() {
    let place = place("record.sh");
    run(&place.program, LONG, event("Test.Lossy~boomer", "某警报", What::Cleared)).unwrap();
    let environment = place.read("environment");
    let ours: Vec<&str> = environment.lines().filter(|line| line.starts_with("SMOKEPROBE_")).collect();
    for line in [
        "SMOKEPROBE_ALERT=某警报",
        "SMOKEPROBE_TARGET=Test.Lossy",
        "SMOKEPROBE_SLAVE=boomer",
        "SMOKEPROBE_WHAT=cleared",
        &format!("SMOKEPROBE_TIME={TIME}"),
        &format!("SMOKEPROBE_SINCE={}", TIME - 600),
        "SMOKEPROBE_TITLE=北京 <Storage> & \"S3\"",
        "SMOKEPROBE_URL=https://smoke.example/?target=Test.Lossy",
        "SMOKEPROBE_MESSAGE=17",
    ] {
        assert!(ours.contains(&line), "{line} is not in {ours:#?}");
    }
    assert!(!environment.contains("SMOKEPROBE_PRIORITY"), "it has none");
    assert!(environment.lines().any(|line| line.starts_with("PATH=")), "ours goes on to the program");
}

#[test]
fn a_python_script_gets_unicode_and_none_of_our_descriptors() {
    let place = place("alertsns.py");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let secret = place.directory.path().join("secret");
    let file = File::create(&secret).unwrap();
    let note = run(&place.program, LONG, raised()).unwrap();
    drop((listener, socket, file));

    let json = note.split_once("printed: ").unwrap().1;
    let told: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(told["alert"], "someloss");
    assert_eq!(told["losses"], serde_json::json!(["S", "0%", "20%"]));
    assert_eq!(told["edge"], "raised");
    assert_eq!(told["comment"], "连续三次丢包 loss 3 times in a row");
    let links: Vec<&str> = told["links"].as_array().unwrap().iter().map(|link| link.as_str().unwrap()).collect();
    assert!(links.contains(&"/dev/null"), "{links:?}");
    assert!(!links.iter().any(|link| link.starts_with("socket:") || Path::new(link) == secret), "{links:?}");
}

#[test]
fn a_program_that_ended_leaves_no_zombie() {
    let place = place("record.sh");
    let note = run(&place.program, LONG, raised()).unwrap();
    let id = note.split_once("printed: ").unwrap().1.split(' ').next().unwrap();
    assert!(id.parse::<u32>().is_ok() && !Path::new("/proc").join(id).exists(), "{note}");
}

#[test]
fn a_flood_of_output_is_read_and_thrown_away() {
    let reason = permanent(run(&place("flood.sh").program, LONG, raised()));
    assert!(reason.contains("ended with exit status 3"), "{reason}");
    assert!(reason.contains("disk full | try again"), "{reason}");
    assert!(reason.contains("may have done its work"), "{reason}");
    assert!(reason.ends_with(" … (not run again: it may have done its work)"), "{reason}");
    assert!(reason.len() < 5000);
}

#[test]
fn a_signal_is_named() {
    let reason = permanent(run(&place("signalled.sh").program, LONG, raised()));
    assert!(reason.contains("was ended by signal 9"), "{reason}");
}

/// The time limit passes in virtual time, as soon as the program has started. That everybody is dead is seen at the
/// FIFO, which ends when nobody holds it open.
#[test]
fn a_program_that_hangs_is_killed_with_its_children() {
    let place = place("hang.sh");
    let fifo = place.fifo();
    let (started, wait) = mpsc::channel();
    let watcher = std::thread::spawn(move || {
        let mut alive = BufReader::new(File::open(fifo).unwrap());
        let mut line = String::new();
        alive.read_line(&mut line).unwrap();
        started.send(line).unwrap();
        alive.read_to_end(&mut Vec::new()).unwrap();
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let message = message("|prog", vec![raised()]);
    let result = runtime.block_on(async {
        // Virtual time stands still while a blocking task runs.
        let started = tokio::task::spawn_blocking(move || wait.recv().unwrap());
        let result = Exec::new(&place.program, Duration::from_secs(30)).deliver(&message).await;
        assert_eq!(started.await.unwrap(), "started\n");
        result
    });
    watcher.join().unwrap();
    let reason = permanent(result.map(|delivered| delivered.note));
    assert!(reason.contains("did not end within 30 s and was killed; it printed: hanging"), "{reason}");
}

/// In virtual time too. It stands still from when the time limit is over until the program is dead.
#[test]
fn a_program_whose_time_is_over_may_tidy_up() {
    const LIMIT: Duration = Duration::from_secs(30);
    let place = place("tidy.sh");
    let fifo = place.fifo();
    let (started, wait) = mpsc::channel();
    let (ended, end) = mpsc::channel();
    let watcher = std::thread::spawn(move || {
        let mut alive = BufReader::new(File::open(fifo).unwrap());
        alive.read_line(&mut String::new()).unwrap();
        started.send(()).unwrap();
        alive.read_to_end(&mut Vec::new()).unwrap();
        ended.send(()).unwrap();
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let message = message("|prog", vec![raised()]);
    let result = runtime.block_on(async {
        let _started = tokio::task::spawn_blocking(move || wait.recv());
        let dead = tokio::spawn(async move {
            tokio::time::timeout(LIMIT, std::future::pending::<()>()).await.unwrap_err();
            tokio::task::spawn_blocking(move || end.recv()).await
        });
        let result = Exec::new(&place.program, LIMIT).deliver(&message).await;
        dead.await.unwrap().unwrap().unwrap();
        result
    });
    watcher.join().unwrap();
    let reason = permanent(result.map(|delivered| delivered.note));
    assert!(reason.contains("did not end within 30 s and was killed") && reason.contains("tidied"), "{reason}");
}

#[test]
fn a_program_is_killed_when_nobody_waits_for_it_any_more() {
    let place = place("hang.sh");
    let mut alive = None;
    let fifo = place.fifo();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let message = message("|prog", vec![raised()]);
        let exec = Exec::new(&place.program, LONG);
        let started = tokio::task::spawn_blocking(move || {
            let mut alive = BufReader::new(File::open(fifo).unwrap());
            alive.read_line(&mut String::new()).unwrap();
            alive
        });
        tokio::select! {
            _ = exec.deliver(&message) => panic!("it ended"),
            reader = started => alive = Some(reader.unwrap()),
        }
    });
    alive.unwrap().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn what_a_program_leaves_in_the_background_is_not_waited_for() {
    let place = place("background.sh");
    let fifo = place.fifo();
    let watcher = std::thread::spawn(move || File::open(fifo).unwrap().read_to_end(&mut Vec::new()).unwrap());
    let note = run(&place.program, LONG, raised()).unwrap();
    assert!(note.starts_with("ended with exit status 0"), "{note}");
    assert!(note.contains("left it running"), "{note}");
    std::fs::write(place.directory.path().join("enough"), "").unwrap();
    watcher.join().unwrap();
}

#[test]
fn a_script_without_interpreter_line_runs_as_execvp_would_run_it() {
    let note = run(&place("bare.sh").program, LONG, plain_event("Test.Lossy", "someloss", What::Raised)).unwrap();
    assert!(note.ends_with("[someloss][Test.Lossy][loss: S, 0%, 20%][rtt: S, 12ms, U][lossy.example]"), "{note}");
}

#[test]
fn one_that_cannot_be_started_is_tried_again_and_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let cases = [
        (directory.path().join("missing.py"), "missing.py: there is no such program"),
        (directory.path().join("prog -x"), "everything after `|` is the path"),
        (place_path("plain.txt"), "it is not executable: chmod +x "),
        (place_path("interpreter.sh"), "its first line asks for /no/such/interpreter, which is not there"),
        (place_path("windows.sh"), "carriage return"),
        (place_path("binary.bin"), "it is not a program for this machine"),
        (directory.path().to_owned(), "it is a directory"),
    ];
    for (program, expected) in cases {
        let reason = transient(run(&program, LONG, raised()));
        assert!(reason.starts_with("cannot run ") && reason.contains(expected), "{reason}");
    }
}

fn place_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/notify/programs").join(name)
}

#[test]
fn one_that_is_being_written_is_tried_again() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("busy");
    std::fs::copy("/bin/true", &program).unwrap();
    let writer = std::fs::OpenOptions::new().append(true).open(&program).unwrap();
    let reason = transient(run(&program, LONG, raised()));
    drop(writer);
    assert!(reason.contains("somebody is writing it just now"), "{reason}");
}

#[test]
fn texts_that_no_command_line_holds_are_given_up() {
    let mut event = raised();
    let mut facts = (*event.facts).clone();
    facts.comment = "x".repeat(200_000);
    event.facts = facts.into();
    let reason = permanent(run(Path::new("/bin/true"), LONG, event));
    assert!(reason.contains("too long for a command line"), "{reason}");
}
