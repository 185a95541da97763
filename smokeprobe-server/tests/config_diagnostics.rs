//! What people and programs are told about a configuration with many mistakes.

use std::path::Path;

use smokeprobe_server::config::{Format, InMemory, check_from, load_from};

fn mistakes() -> InMemory {
    InMemory::default().with("etc/config", include_str!("config/mistakes.conf"))
}

#[test]
fn every_mistake_is_shown_with_its_place_and_a_likely_fix() {
    let (report, good) = check_from(&mistakes(), Path::new("etc/config"), Format::Human);
    assert!(!good);
    insta::assert_snapshot!(report);
}

#[test]
fn programs_are_told_the_same() {
    let (report, good) = check_from(&mistakes(), Path::new("etc/config"), Format::Json);
    assert!(!good);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["targets"], serde_json::json!([]));
    let told: Vec<_> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|diagnostic| {
            let keys: Vec<_> = diagnostic.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(keys, ["column", "file", "help", "line", "message", "severity"]);
            (diagnostic["line"].as_u64().unwrap() as u32, diagnostic["message"].as_str().unwrap().to_owned())
        })
        .collect();
    let loaded = load_from(&mistakes(), Path::new("etc/config"));
    let shown: Vec<_> =
        loaded.diagnostics.into_iter().map(|diagnostic| (diagnostic.line, diagnostic.message)).collect();
    assert_eq!(told, shown);
}

#[test]
fn mistakes_come_in_the_order_of_reading_through_includes() {
    let files = InMemory::default()
        .with("config", "*** General ***\nfirst = 1\n@include more\nfourth = 4\n*** Targets ***\n@include more2\n")
        .with("more", "second = 2\nthird = 3\n")
        .with("more2", "fifth = 5\n");
    let loaded = load_from(&files, Path::new("config"));
    let messages: Vec<_> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect();
    let names = ["first", "second", "third", "fourth", "fifth"];
    assert_eq!(messages.len(), names.len(), "{messages:?}");
    for (message, name) in messages.iter().zip(names) {
        assert!(message.contains(name), "{message} is in the place of {name}");
    }
}

#[test]
fn columns_count_characters_also_where_a_line_goes_on() {
    let text = "*** Targets ***\nprobe = FPing\n+ 上海\n+ A\nalerts = 北京, \\\n   二,\\\n三\n";
    let loaded = load_from(&InMemory::default().with("config", text), Path::new("config"));
    let places: Vec<_> = loaded
        .diagnostics
        .iter()
        .map(|diagnostic| (diagnostic.line, diagnostic.column, diagnostic.end_column))
        .collect();
    assert_eq!(places[0], (3, 3, 5));
    // The parts of a value on several lines share its first place.
    assert!(places[1..].iter().all(|place| (place.0, place.1) == (5, 10)), "{places:?}");
}

#[test]
fn a_place_that_a_definition_made_is_the_line() {
    let text = "@define NAME foo\n*** General ***\n   NAME = bar\n*** Targets ***\n";
    let loaded = load_from(&InMemory::default().with("config", text), Path::new("config"));
    assert_eq!(loaded.diagnostics.len(), 1);
    assert_eq!((loaded.diagnostics[0].line, loaded.diagnostics[0].column), (3, 4));
}

/// Alerts that SmokePing evaluates in another way than its manual says.
#[test]
fn alerts_that_behave_differently_in_smokeping_are_told_and_are_no_warning() {
    let text = "*** Alerts ***\nto = |prog\n+ gaps\ntype = loss\npattern = >10%,*10*,>10%\ncomment = x\n\
                + plain\ntype = loss\npattern = >60%\ncomment = x\n\
                + tuned\ntype = loss\npattern = >10%,*10*,>10%\ncomment = x\nsemantics = legacy\n\
                *** Targets ***\nprobe = FPing\n";
    let files = InMemory::default().with("config", text);
    let (report, good) = check_from(&files, Path::new("config"), Format::Human);
    assert!(good);
    insta::assert_snapshot!(report, @r"
    config: no errors; 0 targets

    note: 1 alert behaves differently here, as SmokePing's manual has it:
      gaps: in SmokePing the gap `*10*` takes at most 5 rounds
      `semantics = legacy` in an alert, or in `*** Alerts ***` for all, gives what SmokePing does
    ");
    let (report, _) = check_from(&files, Path::new("config"), Format::Json);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let told = ["gaps", "plain", "tuned"].map(|name| {
        let alert = &report["alerts"][name];
        (alert["semantics"].as_str().unwrap().to_owned(), alert["legacy_difference"].as_str().map(str::to_owned))
    });
    let difference = "in SmokePing the gap `*10*` takes at most 5 rounds".to_owned();
    let documented = "documented".to_owned();
    assert_eq!(told, [(documented.clone(), Some(difference)), (documented, None), ("legacy".to_owned(), None)]);
    assert_eq!(report["diagnostics"], serde_json::json!([]));
}
