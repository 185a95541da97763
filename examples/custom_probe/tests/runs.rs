//! The example does what it says.

use std::process::Command;

#[test]
fn round_against_a_server_of_its_own_loses_nothing() {
    let output = Command::new(env!("CARGO_BIN_EXE_smokeprobe-example-custom-probe")).output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{errors}");
    assert_eq!(text.lines().last(), Some("0 of 10 lost"), "{text}");
}
