//! The example does what it says.

use std::process::Command;

#[test]
fn custom_rule_raises_and_clears_in_a_replay() {
    let output = Command::new(env!("CARGO_BIN_EXE_smokeprobe-example-custom-rule")).output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{errors}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0], "900: jumped was raised on Example.Link, median 4.0 times that of the round before");
    assert!(lines[1].starts_with("1200: jumped was cleared on Example.Link"), "{text}");
}
