//! The example does what it says.

use std::process::Command;

#[test]
fn three_rounds_of_five_pings_come_out() {
    let output = Command::new(env!("CARGO_BIN_EXE_smokeprobe-example-embed")).output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{errors}");
    let rounds: Vec<&str> = text.lines().collect();
    assert_eq!(rounds.len(), 3, "{text}");
    assert!(rounds.iter().all(|round| round.starts_with("Example.Loopback, 5 pings: Measured")), "{text}");
}
