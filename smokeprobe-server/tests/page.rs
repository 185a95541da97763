//! The page as a person uses it: `tests/page` drives Chromium against the program itself, over RRD files that rrdtool made.
//!
//! One of its files alone: `cargo test -p smokeprobe-server --test page -- --nocapture` with `PAGE_TESTS="tree zoom"`.

use std::path::Path;
use std::process::Command;

#[test]
fn does_what_a_person_expects_of_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let modules = Command::new(root.join("scripts/page-modules")).output().unwrap();
    let said = String::from_utf8_lossy(&modules.stderr);
    assert!(modules.status.success(), "what the tests of the page need from npm: {said}");
    let modules = String::from_utf8(modules.stdout).unwrap();

    // Pictures of each page, for people to look at.
    let artefacts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    let wanted = std::env::var("PAGE_TESTS").unwrap_or_default();
    let output = Command::new("node")
        .arg("--test-reporter=spec")
        .arg(root.join("smokeprobe-server/tests/page/main.js"))
        .args(wanted.split_whitespace())
        .env("SMOKEPROBE_PAGE_MODULES", modules.trim_end())
        .env("SMOKEPROBE_SERVER", env!("CARGO_BIN_EXE_smokeprobe-server"))
        .env("SMOKEPROBE_ARTEFACTS", &artefacts)
        .output()
        .expect("cannot run node; install it with: apt-get install nodejs");
    let report = String::from_utf8_lossy(&output.stdout);
    println!("{report}\npictures: {}", artefacts.display());
    assert!(
        output.status.success(),
        "the page does not do what a person expects of it; see above, and the pictures in {}\n{}",
        artefacts.display(),
        String::from_utf8_lossy(&output.stderr)
    );
}
