//! The page as a person uses it: `tests/page` drives Chromium against the program itself, over RRD files that rrdtool made.
//!
//! One of its files alone: `cargo test -p smokeprobe-server --test page -- --nocapture` with `PAGE_TESTS="tree zoom"`.

use std::path::Path;
use std::process::Command;

#[test]
fn does_what_a_person_expects_of_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (node, modules) = (told(&root.join("scripts/node")), told(&root.join("scripts/page-modules")));

    // Pictures of each page, for people to look at.
    let artefacts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    let wanted = std::env::var("PAGE_TESTS").unwrap_or_default();
    let output = Command::new(node)
        .arg("--test-reporter=spec")
        .arg(root.join("smokeprobe-server/tests/page/main.js"))
        .args(wanted.split_whitespace())
        .env("SMOKEPROBE_PAGE_MODULES", modules)
        .env("SMOKEPROBE_SERVER", env!("CARGO_BIN_EXE_smokeprobe-server"))
        .env("SMOKEPROBE_ARTEFACTS", &artefacts)
        .output()
        .expect("Node.js starts");
    let report = String::from_utf8_lossy(&output.stdout);
    println!("{report}\npictures: {}", artefacts.display());
    assert!(
        output.status.success(),
        "the page does not do what a person expects of it; see above, and the pictures in {}\n{}",
        artefacts.display(),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What a script prints: a place where something is that the tests need, and that it installs when it is not there.
fn told(script: &Path) -> String {
    let output = Command::new(script).output().unwrap_or_else(|err| panic!("cannot run {}: {err}", script.display()));
    assert!(output.status.success(), "{}: {}", script.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
