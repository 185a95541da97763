//! Python's own libraries as the judge of ours.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a Python program prints, given lines of input.
pub(crate) fn python(program: &str, input: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/python");
    let found = Command::new(&script).output().unwrap();
    assert!(
        found.status.success(),
        "{} cannot make its environment, run scripts/setup test: {}",
        script.display(),
        String::from_utf8_lossy(&found.stderr)
    );
    let mut child = Command::new(String::from_utf8(found.stdout).unwrap().trim())
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "python failed");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
