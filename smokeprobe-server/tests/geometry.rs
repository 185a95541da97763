//! What graphs come to in numbers, written to `tests/geometry/*.json`, so that the page's drawing, which is another program,
//! can be held to the same: its tests read the files and compare what they compute.
//!
//! `UPDATE_GEOMETRY=1 cargo test -p smokeprobe-server --test geometry` writes the files anew.

#[path = "geometry/frames.rs"]
mod frames;
#[path = "geometry/tables.rs"]
mod tables;
#[path = "geometry/written.rs"]
mod written;

use std::path::PathBuf;

use serde_json::Value;

/// Fails unless the file called `name` says `what`; writes it when told to.
fn check(name: &str, what: &Value) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/geometry").join(format!("{name}.json"));
    let text = written::text(what);
    if std::env::var_os("UPDATE_GEOMETRY").is_some_and(|value| value == "1") {
        std::fs::write(&file, &text).unwrap();
    }
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    let line = known.lines().zip(text.lines()).position(|(known, now)| known != now);
    assert!(
        known == text,
        "{} is not what the code computes now, from line {} on. If that is meant, write it anew with UPDATE_GEOMETRY=1, and \
         make the page's drawing follow.",
        file.display(),
        line.unwrap_or_else(|| known.lines().count().min(text.lines().count())) + 1,
    );
}

#[test]
fn frames_are_drawn_as_the_page_draws_them() {
    for case in frames::cases() {
        check(&case.name, &case.to_json());
    }
}

#[test]
fn numbers_scales_and_colors_are_the_pages() {
    for (name, table) in tables::all() {
        check(name, &table);
    }
}
