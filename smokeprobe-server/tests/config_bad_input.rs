//! Input that nobody should have written: an answer with a place, in bounded time and memory.

use std::ops::RangeInclusive;
use std::path::Path;

use proptest::prelude::*;
use smokeprobe_server::config::{Disk, Files, InMemory, Loaded, SHOWN, Severity, load, load_from};

fn read(text: impl Into<Vec<u8>>) -> Loaded {
    load_from(&InMemory::default().with("config", text), Path::new("config"))
}

fn lines(numbers: RangeInclusive<usize>, line: impl Fn(usize) -> String) -> String {
    numbers.map(line).collect::<Vec<_>>().concat()
}

/// The only error, with its place.
fn error(loaded: &Loaded) -> (String, u32, u32) {
    assert!(loaded.plan.is_none());
    let errors: Vec<_> =
        loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    (errors[0].message.clone(), errors[0].line, errors[0].column)
}

#[test]
fn a_missing_file_is_an_error_at_its_first_line() {
    let (message, line, column) = error(&load(Path::new("/nowhere/at/all")));
    assert_eq!(message, "cannot read /nowhere/at/all: No such file or directory");
    assert_eq!((line, column), (1, 1));
}

#[test]
fn a_file_of_a_hundred_megabytes_is_refused_unread() {
    struct Endless;
    impl Files for Endless {
        fn read(&self, _: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
            assert!(limit <= (16 << 20) + 1, "{limit} bytes are asked for");
            Ok(vec![b'x'; usize::try_from(limit.min(100_000_000)).unwrap()])
        }

        fn kind(&self, _: &Path) -> smokeprobe_server::config::FileKind {
            smokeprobe_server::config::FileKind::Missing
        }
    }
    let (message, ..) = error(&load_from(&Endless, Path::new("config")));
    assert_eq!(message, "the configuration is larger than 16 MiB with config");
}

#[test]
fn a_file_that_includes_itself_is_an_error_that_shows_the_way() {
    let files = InMemory::default()
        .with("etc/config", "*** General ***\n  @include more/a # here\n")
        .with("etc/more/a", "@include \"../config\"\n")
        .with("etc/more/../config", "@include more/../more/a\n")
        .with("etc/more/../more/../more/a", "@include /etc/config\n");
    let loaded = load_from(&files, Path::new("etc/config"));
    assert!(loaded.plan.is_none());
    let files = InMemory::default().with("/a", "@include /b\n").with("/b", "\n\n@include '/a'\n");
    let loaded = load_from(&files, Path::new("/a"));
    let first = &loaded.diagnostics[0];
    assert_eq!(first.message, "this file includes itself: /a → /b → /a");
    assert_eq!((first.file.as_path(), first.line, first.column), (Path::new("/b"), 3, 11));
}

#[test]
fn includes_nested_too_deep_are_an_error_that_shows_the_end_of_the_way() {
    let mut files = InMemory::default();
    for number in 0..100 {
        files = files.with(format!("f{number}"), format!("@include f{}\n", number + 1));
    }
    let loaded = load_from(&files, Path::new("f0"));
    let error = &loaded.diagnostics[0];
    assert!(error.message.starts_with("includes are nested deeper than 32: … → f30 → f31"), "{}", error.message);
}

#[test]
fn includes_that_multiply_stop_at_the_bound() {
    let mut files = InMemory::default().with("f6", "\n");
    for number in 0..6 {
        files = files.with(format!("f{number}"), format!("@include f{}\n", number + 1).repeat(100));
    }
    assert_eq!(error(&load_from(&files, Path::new("f0"))).0, "more than 10000 files are included");
}

#[test]
fn pipes_and_devices_are_not_read() {
    let loaded = load_from(&Disk, Path::new("/dev/zero"));
    assert_eq!(error(&loaded).0, "cannot read /dev/zero: not a regular file");
}

#[test]
fn ten_thousand_levels_are_one_error() {
    // The first ones as they must be, the others as deep as they get: the file stays small.
    let levels = lines(1..=10_000, |level| format!("{} a{level}\n", "+".repeat(level.min(200))));
    assert_eq!(
        error(&read(format!("*** Targets ***\nprobe = FPing\n{levels}"))),
        ("sections are nested deeper than 100".to_owned(), 102, 102)
    );
    assert_eq!(error(&read(format!("*** Targets ***\n{} a\n", "+".repeat(10_000)))).1, 2);
}

#[test]
fn a_hundred_errors_are_shown_and_the_others_are_counted() {
    let loaded = read("*** Targets ***\n".to_owned() + &"nothing\n".repeat(5000));
    assert_eq!(loaded.diagnostics.len(), SHOWN + 1);
    assert_eq!(loaded.diagnostics[SHOWN].message, "4900 more errors, not shown");
    let lines: Vec<_> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.line).collect();
    assert_eq!(lines, (2..=SHOWN as u32 + 2).collect::<Vec<_>>());
}

#[test]
fn more_lines_than_memory_should_hold_are_refused() {
    let (message, line, _) = error(&read("a\n".repeat(510_000)));
    assert_eq!((message.as_str(), line), ("the configuration has more than 500000 lines", 500_001));
}

#[test]
fn a_line_of_a_mebibyte_is_refused_whole_or_in_pieces() {
    for text in ["a".repeat(1_100_000), "a\\\n".repeat(600_000)] {
        let (message, line, _) = error(&read(format!("*** General ***\nowner = {text}\n")));
        assert_eq!((message.as_str(), line), ("this line is longer than 1 MiB", 2));
    }
}

#[test]
fn names_that_no_file_could_have_are_refused() {
    let (message, line, _) = error(&read(format!("*** Targets ***\nprobe = FPing\n+ {}\nhost = a\n", "a".repeat(300))));
    assert!(message.ends_with("for the path of a file"), "{message}");
    assert_eq!(line, 3);
    // Each name is short enough; the paths of all together would fill the memory.
    let deep = lines(1..=90, |level| format!("{} {}\n", "+".repeat(level), "a".repeat(150)));
    let loaded = read(format!("*** Targets ***\nprobe = FPing\n{deep}"));
    assert_eq!((loaded.plan, loaded.diagnostics[0].line), (None, 9));
}

#[test]
fn long_lines_are_shown_in_part() {
    let text = format!("*** Targets ***\nprobe = FPing\n+ A\nalerts = {}\n", "lossy,".repeat(100_000));
    let loaded = read(text);
    let report = smokeprobe_server::config::human(&loaded.diagnostics, false);
    assert!(report.lines().all(|line| line.chars().count() < 200), "{report}");
}

#[test]
fn definitions_that_take_too_long_are_refused() {
    let defines = lines(0..=999, |number| format!("@define name{number} x\n"));
    let (message, ..) = error(&read(defines + &"nothing\n".repeat(100_000)));
    assert_eq!(message, "replacing what @define defined takes too long or makes a line too long");
}

#[test]
fn many_names_that_are_nobodys_do_not_take_long_to_look_up() {
    // Each unknown name is compared with known ones for a suggestion: that must not be done for all with all.
    let alerts = lines(1..=5000, |number| format!("+ alert{number}\ntype = loss\npattern = >0%\ncomment = x\n"));
    let names: Vec<_> = (0..50_000).map(|number| format!("alrt{number}x")).collect();
    let text = format!(
        "*** Alerts ***\nto = a@b\n{alerts}*** Targets ***\nprobe = FPing\n+ A\nhost = a\nalerts = {}\n++ M\nhost = /{}\n",
        names.join(","),
        names.join(" /"),
    );
    assert!(read(text).plan.is_none());
}

#[test]
fn ten_thousand_targets_are_read() {
    let targets = |section| {
        lines(0..=99, |target| format!("++ T{target}\nmenu = t\ntitle = target\nhost = 10.0.{section}.{target}\n"))
    };
    let sections = lines(0..=99, |section| format!("+ S{section}\nmenu = s\ntitle = t\n{}", targets(section)));
    let text = format!("*** Targets ***\nprobe = FPing\n{sections}");
    let loaded = read(text);
    assert_eq!(loaded.plan.unwrap().targets().count(), 10_000);
}

/// Lines that look like a configuration's, so that random text gets further than the first rule.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,20}",
        "(\\*\\*\\* )?(General|Database|Presentation|Probes|Targets|Alerts|Slaves|InfluxDB|Recipients|Maintenance)( \\*\\*\\*)?",
        "\\+{1,5} ?[a-zA-Z%.]{0,5}",
        "(host|probe|port|alerts|slaves|pattern|type|to|step|pings|parents|urlformat|extraargs|extrare|offset|rawlog) ?= ?\\PC{0,20}",
        "@(include|define) [a-c(*]{0,3} ?\\PC{0,5}",
        "[\"'a-z0-9\\\\ .%]{0,20}",
        "(alertee|depends|labels|targets|from|until|weekly|zone|repeat|remind|rate|group|secret|mailhost|mailpass) ?= ?\\PC{0,20}",
        "(to|alertee) = ((sns|lambda|dingtalk|telegram|webhook|slack|alertmanager|xmpp)?:?(https?://)?[-a:/,.@<>|\"=é ]{0,12},? ?){1,4}",
        "weekly = [SMT][a-z]{1,3}(-[A-Z][a-z]{2})? [0-9]{1,2}:[0-9]{2}-[0-9]{1,2}:[0-9]{2}",
        "(from|until) = [0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}[T ]?([0-9]{1,2}:[0-9]{2})?(Z|[+]08:00)?",
        "(type = (nodata|jitter|baseline|loss)|semantics = legacy|depends = /[a-c](/[a-c])?)",
        "probe = (FPing|TCPPing|Curl|AnotherDNS|EchoPingHttp|LDAP)",
        Just("a\\".to_owned()),
    ]
}

proptest! {
    #[test]
    fn random_bytes_have_errors_with_places_and_nothing_worse(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let loaded = read(bytes.clone());
        prop_assert!(loaded.plan.is_none());
        prop_assert!(!loaded.diagnostics.is_empty());
        let lines = bytes.split(|byte| *byte == b'\n').count() as u32;
        for diagnostic in &loaded.diagnostics {
            prop_assert!((1..=lines).contains(&diagnostic.line), "{diagnostic:?}");
            prop_assert!(1 <= diagnostic.column && diagnostic.column <= diagnostic.end_column, "{diagnostic:?}");
        }
        smokeprobe_server::config::human(&loaded.diagnostics, false);
    }

    #[test]
    fn random_lines_have_a_plan_or_errors_in_order(lines in prop::collection::vec(line(), 0..30)) {
        let text = lines.join("\n");
        let files = InMemory::default().with("config", text.clone()).with("a", text.clone()).with("b", "+ x\n");
        let loaded = load_from(&files, Path::new("config"));
        let errors = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
        prop_assert_eq!(loaded.plan.is_some(), errors == 0);
        if !text.contains("@include") {
            prop_assert!(loaded.diagnostics.is_sorted_by_key(|diagnostic| diagnostic.line));
        }
        for format in [smokeprobe_server::config::Format::Colour, smokeprobe_server::config::Format::Json] {
            smokeprobe_server::config::check_from(&files, Path::new("config"), format);
        }
    }
}
