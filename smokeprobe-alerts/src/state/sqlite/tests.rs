//! The file: that it keeps what it was given, and what becomes of it when it is damaged.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::outbox::MessageId;
use crate::state::conformance;

const NOW: WallTime = WallTime::from_unix_secs(1_700_000_000);

fn open(path: &Path) -> SqliteState {
    let (state, set_aside) = SqliteState::open(path, NOW).unwrap();
    assert_eq!(set_aside, None);
    state
}

/// A folder in memory where there is one: thousands of syncs of a real disk would test the disk, and take minutes.
fn folder_in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Leaves the file as a kill would: what is in the write-ahead log stays there.
fn kill(state: SqliteState) {
    std::mem::forget(state);
}

fn reason(path: &Path) -> String {
    let (mut state, set_aside) = SqliteState::open(path, NOW).unwrap();
    assert_eq!(state.load().unwrap(), Saved::default(), "a new one is begun");
    state.commit(&conformance::example()).unwrap();
    set_aside.unwrap().reason
}

/// A state with some commits in its file and some in its log: the bytes of both, and what was saved after each commit.
fn written(folder: &Path) -> (Vec<u8>, Vec<u8>, Vec<Saved>) {
    let path = folder.join("written.sqlite");
    let mut state = open(&path);
    let mut saved = vec![state.load().unwrap()];
    for number in 0..6 {
        let mut change = conformance::example();
        for message in &mut change.messages {
            message.id = MessageId(message.id.0 + number * 10);
        }
        change.series[1].last = Some(number as i64);
        state.commit(&change).unwrap();
        saved.push(state.load().unwrap());
        if number == 3 {
            state.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        }
    }
    kill(state);
    let log = fs::read(folder.join("written.sqlite-wal")).unwrap();
    (fs::read(path).unwrap(), log, saved)
}

#[test]
fn the_state_in_a_file_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let number = Cell::new(0);
    let fresh = || {
        number.set(number.get() + 1);
        open(&folder.path().join(format!("{}.sqlite", number.get())))
    };
    let reopened = |state: SqliteState, end: fn(SqliteState)| {
        let path = state.path.clone();
        end(state);
        open(&path)
    };
    conformance::check(fresh, |state| reopened(state, drop));
    conformance::check(fresh, |state| reopened(state, kill));
}

#[test]
fn a_file_that_is_cut_anywhere_is_whole_or_set_aside() {
    let folder = folder_in_memory();
    let (file, log, saved) = written(folder.path());
    let path = folder.path().join("cut.sqlite");
    let wal = folder.path().join("cut.sqlite-wal");
    let (mut aside, mut opened) = (0, 0);
    let mut check = |file: &[u8], log: Option<&[u8]>, what: &str| {
        for entry in fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_string_lossy().starts_with("cut.") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        fs::write(&path, file).unwrap();
        if let Some(log) = log {
            fs::write(&wal, log).unwrap();
        }
        let (mut state, set_aside) = SqliteState::open(&path, NOW).unwrap();
        let loaded = state.load().unwrap();
        match set_aside {
            None => {
                opened += 1;
                assert!(saved[1..].contains(&loaded), "{what}: what is there was never committed: {loaded:?}");
            }
            Some(set_aside) => {
                aside += 1;
                assert_eq!(loaded, Saved::default(), "{what}");
                assert_eq!(set_aside.to, folder.path().join("cut.sqlite.damaged-1700000000"));
                assert!(set_aside.to.exists() && !set_aside.reason.is_empty(), "{what}");
            }
        }
        // Whatever was there, it works from now on.
        state.commit(&conformance::example()).unwrap();
        state.events(&HistoryQuery::newest(10)).unwrap();
        state.attempts(&HistoryQuery::newest(10)).unwrap();
    };
    // A prime step meets every place of a page, and the bounds of pages are met on purpose.
    let cuts = |len: usize, step: usize| {
        let pages = (0..=len).step_by(4096).flat_map(|page| [page.saturating_sub(1), page, page + 1]);
        (0..len).step_by(step).chain(pages).filter(move |cut| *cut < len).chain([0, 1, 99, 100])
    };
    for cut in cuts(file.len(), 331) {
        check(&file[..cut], None, &format!("file cut at {cut}"));
    }
    for cut in cuts(file.len(), 1741) {
        check(&file[..cut], Some(&log), &format!("file cut at {cut}, log whole"));
    }
    for cut in cuts(log.len(), 331) {
        check(&file, Some(&log[..cut]), &format!("log cut at {cut}"));
    }
    // A disk that lost a page, and one that gives garbage for it.
    for page in (0..file.len()).step_by(4096) {
        for byte in [0, 0xa5] {
            let mut spoilt = file.clone();
            spoilt[page..page + 4096].fill(byte);
            check(&spoilt, None, &format!("page at {page} is all {byte}"));
        }
    }
    assert!(aside > 200 && opened > 200, "{aside} set aside, {opened} opened");
}

#[test]
fn a_file_that_is_none_is_set_aside_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.sqlite");
    for (bytes, expected) in [
        (Vec::new(), "it is empty"),
        (b"SQLite format 3\0".to_vec(), "it is cut in its first bytes"),
        (vec![0x42; 10_000], "it is not an SQLite file"),
    ] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(reason(&path), expected);
    }
    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE mine (precious TEXT)").unwrap();
    assert_eq!(reason(&path), "it is an SQLite file of another program");
    // Four within a second of the clock: each is there.
    let kept = |name: &str| fs::metadata(folder.path().join(name)).unwrap().len();
    assert_eq!((kept("alerts.sqlite.damaged-1700000000"), kept("alerts.sqlite.damaged-1700000000.3")), (0, 10_000));
    fs::remove_file(&path).unwrap();
    fs::write(folder.path().join("alerts.sqlite-wal"), "left over").unwrap();
    assert_eq!(reason(&path), "the file itself is gone, but what belongs to it is there");
}

#[test]
fn rows_that_make_no_sense_are_damage() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (spoil, expected)) in [
        ("UPDATE series SET window = '[\"no round\"]'", "a row has window that are none"),
        ("UPDATE series SET series = 'A..B' WHERE series = 'A'", "\"A..B\" names no series"),
        ("DELETE FROM series", "is raised, but no such series is watched"),
        ("UPDATE standing SET alert = 'other'", "is raised, but no alert of it"),
        ("UPDATE messages SET events = '{}'", "a row has events that are none"),
        ("UPDATE messages SET attempts = -1", "out of range"),
        ("UPDATE meta SET value = 'x' WHERE name = 'last_message'", "the last number of a message is not known"),
        ("DROP TABLE silences", "its table or view silences is not as it should be"),
        ("DROP INDEX told_by_alert", "its table or view told_by_alert is not as it should be"),
        ("PRAGMA user_version = 0", "its layout has a number that never was"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("{number}.sqlite"));
        let mut state = open(&path);
        state.commit(&conformance::example()).unwrap();
        state.connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let _ = state.connection.execute_batch("DELETE FROM standing WHERE alert = 'bigloss'");
        state.connection.execute_batch(spoil).unwrap();
        drop(state);
        let found = reason(&path);
        assert!(found.contains(expected), "{spoil}: {found}");
    }
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.sqlite");
    drop(open(&path));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    let before = fs::read(&path).unwrap();
    let error = SqliteState::open(&path, NOW).unwrap_err();
    assert!(matches!(error, StateError::Newer { found: 2, known: 1, .. }), "{error:?}");
    let says = "was written by a newer smokeprobe (layout 2, known here up to 1): run that one, or move the file away";
    assert!(error.to_string().ends_with(says), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_place_where_nothing_can_be_written_is_an_error_and_nothing_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("not/there/alerts.sqlite");
    let error = SqliteState::open(&missing, NOW).unwrap_err();
    assert!(matches!(error, StateError::Io { action: "create", .. }), "{error:?}");
    let error = SqliteState::open(folder.path(), NOW).unwrap_err();
    assert!(matches!(error, StateError::Io { action: "read", .. }), "{error:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_full_disk_loses_nothing_and_is_got_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.sqlite");
    let mut state = open(&path);
    state.commit(&conformance::example()).unwrap();
    let before = state.load().unwrap();
    let pages: i64 = state.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    state.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    let mut change = conformance::example();
    change.messages[0].dead = Some("x".repeat(100_000));
    let error = state.commit(&change).unwrap_err();
    assert!(error.to_string().ends_with("database or disk is full"), "{error}");
    assert!(matches!(error, StateError::Io { action: "write", .. }), "{error:?}");
    assert_eq!(state.load().unwrap(), before, "half a change is none");
    state.connection.query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(())).unwrap();
    state.commit(&change).unwrap();
    drop(state);
    assert_eq!(open(&path).load().unwrap().messages[1].dead, change.messages[0].dead);
}

#[test]
fn another_program_reads_meanwhile_and_one_that_writes_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.sqlite");
    let mut state = open(&path);
    state.commit(&conformance::example()).unwrap();
    let sqlite3 = |sql: &str| {
        let output = Command::new("sqlite3").arg("-readonly").arg(&path).arg(sql).output();
        let output = output.expect("this test reads the file with sqlite3: apt-get install sqlite3");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let raised = sqlite3("SELECT * FROM raised ORDER BY alert");
    assert!(raised.contains("Storage.BeijingS3~slave.example|hostdown|2023-11-14 22:15:00|loss 66.7 % is"), "{raised}");
    assert_eq!(sqlite3("SELECT id, dead, events FROM dead_letters"), "3|no such robot|2\n");
    assert_eq!(sqlite3("SELECT id, recipient, events FROM waiting"), "7|ops@company.xy|1\n");
    assert!(sqlite3("SELECT * FROM history").contains("|hostdown|raised|"));
    assert!(sqlite3("SELECT * FROM deliveries").contains("|retried|421 too busy"));
    assert_eq!(sqlite3("PRAGMA integrity_check"), "ok\n");

    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN; SELECT * FROM series").unwrap();
    state.commit(&conformance::example()).expect("a reader does not hinder us");
    other.execute_batch("COMMIT; BEGIN IMMEDIATE").unwrap();
    state.connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    let error = state.commit(&conformance::example()).unwrap_err();
    assert!(error.to_string().ends_with("another program keeps it locked"), "{error}");
    other.execute_batch("COMMIT").unwrap();
    state.commit(&conformance::example()).unwrap();
}

#[test]
fn a_half_made_file_of_a_crash_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    for left in ["alerts.sqlite.new", "alerts.sqlite.new-journal"] {
        fs::write(folder.path().join(left), "half").unwrap();
    }
    drop(open(&folder.path().join("alerts.sqlite")));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn queries_of_the_history_are_answered_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(&folder.path().join("alerts.sqlite"));
    for (sql, index) in [
        ("SELECT id FROM events WHERE time >= 1 ORDER BY time DESC, id DESC LIMIT 1", "events_by_time"),
        (
            "SELECT id FROM events WHERE target > 'a.' AND target < 'a/' AND time >= 1 ORDER BY time DESC, id DESC LIMIT 1",
            "events_by_target",
        ),
        (
            "SELECT id FROM events WHERE target = 'a' AND time >= 1 ORDER BY time DESC, id DESC LIMIT 1",
            "events_by_target",
        ),
        ("SELECT id FROM events WHERE alert = 'a' ORDER BY time DESC, id DESC LIMIT 1", "events_by_alert"),
        ("SELECT id FROM attempts ORDER BY time_ns DESC, id DESC LIMIT 1", "attempts_by_time"),
        ("SELECT attempt FROM told WHERE (target = 'a' OR (target > 'a.' AND target < 'a/'))", "told_by_target"),
        ("SELECT attempt FROM told WHERE alert = 'a'", "told_by_alert"),
    ] {
        let mut plan = state.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan: Vec<String> = plan.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        assert!(plan.iter().any(|step| step.contains(index)), "{sql}: {plan:?}");
    }
}

#[test]
fn history_is_read_while_a_change_is_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = open(&folder.path().join("alerts.sqlite"));
    state.commit(&conformance::example()).unwrap();
    let (reader, everything) = (state.history(), HistoryQuery::newest(100));
    let (events, attempts) = (state.events(&everything).unwrap(), state.attempts(&everything).unwrap());
    assert!(!events.is_empty() && !attempts.is_empty());
    state.connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM events; DELETE FROM attempts").unwrap();
    assert_eq!(reader.events(&everything).unwrap(), events);
    assert_eq!(reader.attempts(&everything).unwrap(), attempts);
    state.connection.execute_batch("COMMIT").unwrap();
    assert_eq!((reader.events(&everything).unwrap(), reader.attempts(&everything).unwrap()), (vec![], vec![]));
    // Its own end takes nothing from the writer.
    state.commit(&conformance::example()).unwrap();
    assert_eq!(reader.events(&everything).unwrap(), state.events(&everything).unwrap());
}

#[test]
fn history_of_a_file_that_is_gone_is_an_error_and_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.sqlite");
    let reader = open(&path).history();
    fs::remove_file(&path).unwrap();
    assert!(matches!(reader.events(&HistoryQuery::newest(1)), Err(StateError::Io { action: "read", .. })));
    assert!(!path.exists());
}

#[test]
fn history_is_cut_to_its_newest_rows() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = open(&folder.path().join("alerts.sqlite"));
    for _ in 0..3 {
        state.commit(&conformance::example()).unwrap();
    }
    let everything = HistoryQuery::newest(100);
    let mut ids = [Vec::new(), Vec::new()];
    ids[0].extend(state.events(&everything).unwrap().iter().map(|past| past.id));
    ids[1].extend(state.attempts(&everything).unwrap().iter().map(|past| past.id));
    state.transaction(|connection| history::prune(connection, WallTime::from_unix_secs(0), 2)).unwrap();
    let mut left = [Vec::new(), Vec::new()];
    left[0].extend(state.events(&everything).unwrap().iter().map(|past| past.id));
    left[1].extend(state.attempts(&everything).unwrap().iter().map(|past| past.id));
    for (before, mut left) in ids.into_iter().zip(left) {
        let newest = *before.iter().max().unwrap();
        left.sort_unstable();
        assert!(before.len() > 2, "{before:?}");
        assert_eq!(left, [newest - 1, newest]);
    }
    let told: i64 =
        state.connection.query_row("SELECT count(DISTINCT attempt) FROM told", [], |row| row.get(0)).unwrap();
    assert!(told <= 2, "what an attempt told of goes with it");
}

#[test]
fn a_file_that_does_not_say_who_heard_of_what_stands_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.sqlite");
    let mut state = open(&path);
    state.commit(&conformance::example()).unwrap();
    let without = "(SELECT json_group_array(json_remove(value, '$.raised')) FROM json_each(series.alerts))";
    state.connection.execute(&format!("UPDATE series SET alerts = {without}"), []).unwrap();
    drop(state);
    let saved = open(&path).load().unwrap();
    let standing = saved.series.iter().flat_map(|series| &series.alerts).filter_map(|alert| alert.standing.as_ref());
    let heard: Vec<_> = standing.map(|standing| (standing.to.len(), standing.edgetrigger)).collect();
    assert_eq!(heard, [(0, true), (0, true)]);
}

#[test]
fn the_history_says_of_an_alert_without_edge_trigger_that_it_is_active() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = open(&folder.path().join("alerts.sqlite"));
    let mut change = conformance::example();
    change.events.truncate(1);
    for edgetrigger in [true, false] {
        let event = &mut change.events[0];
        event.facts = std::sync::Arc::new(crate::event::Facts { edgetrigger, ..(*event.facts).clone() });
        state.commit(&change).unwrap();
    }
    let mut said = state.connection.prepare("SELECT what FROM events ORDER BY id").unwrap();
    let said: Vec<String> = said.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(said, ["raised", "active"]);
}
