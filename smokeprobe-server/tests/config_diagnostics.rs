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
