//! Configurations of any bytes, in two files that may include each other: a plan without errors or errors without a
//! plan, a bounded number of diagnostics, each with a place, and no panic when they are printed.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use smokeprobe_server::config::{Format, InMemory, Severity, check_from, load_from};

/// Between the two files.
const SEPARATOR: &[u8] = b"\n====\n";

fuzz_target!(|data: &[u8]| {
    let at = data.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
    let (main, part) = match at {
        Some(at) => (&data[..at], &data[at + SEPARATOR.len()..]),
        None => (data, &[][..]),
    };
    let files = InMemory::default().with("config", main).with("part", part).with("data/file", "");
    let path = Path::new("config");
    let loaded = load_from(&files, path);
    let faulty = loaded.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    assert_eq!(loaded.plan.is_none(), faulty, "{:?}", loaded.diagnostics);
    for format in [Format::Human, Format::Json] {
        let (_, sound) = check_from(&files, path, format);
        assert_eq!(sound, !faulty);
    }
});
