//! A disk without room: nothing is half kept, and all is well once there is room again.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use smokeprobe_alerts::{Change, SqliteState, StateError, StateStore, state_conformance};

use crate::lab::at;

const FOLDER: &str = "SMOKEPROBE_TEST_FULL_DISK";

/// Runs the test below where a small disk of its own is mounted.
#[test]
fn a_full_disk_keeps_nothing_by_halves_and_is_got_over() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-ec"])
        .arg(r#"mount -t tmpfs -o size=1m smokeprobe-test "$0"; exec "$@""#)
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "full_disk::on_a_small_disk", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .expect("this test mounts a disk of its own with unshare: install util-linux");
    let says = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "this test needs user namespaces, or root: {says}");
    assert!(says.contains("1 passed"), "{says}");
}

#[test]
#[ignore = "run by the test above, on a disk of its own"]
fn on_a_small_disk() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = Path::new(&folder);
    let path = folder.join("alerts.sqlite");
    let (mut state, _) = SqliteState::open(&path, at(0)).unwrap();
    state.commit(&state_conformance::example()).unwrap();
    let before = state.load().unwrap();

    let ballast = folder.join("ballast");
    let mut file = File::create(&ballast).unwrap();
    while file.write_all(&[0; 512]).is_ok() {}
    drop(file);
    let mut change = state_conformance::example();
    change.messages[0].dead = Some("x".repeat(50_000));
    for _ in 0..3 {
        let error = state.commit(&change).unwrap_err();
        assert!(matches!(error, StateError::Io { action: "write", .. }), "{error:?}");
        assert_eq!(state.load().unwrap(), before, "what was kept is there, and nothing else");
    }
    let other = folder.join("other.sqlite");
    let error = SqliteState::open(&other, at(0)).unwrap_err();
    assert!(matches!(error, StateError::Io { action: "create", .. }), "{error:?}");

    fs::remove_file(&ballast).unwrap();
    state.commit(&change).unwrap();
    drop(state);
    let (mut state, set_aside) = SqliteState::open(&path, at(0)).unwrap();
    assert_eq!(set_aside, None);
    assert_eq!(state.load().unwrap().messages[1], change.messages[0]);
    state.commit(&Change { finished: vec![change.messages[0].id], ..Change::default() }).unwrap();
    SqliteState::open(&other, at(0)).unwrap();
}
