//! The example does what it says.

use std::process::Command;

#[test]
fn three_rounds_of_five_pings_come_out() {
    let output = Command::new(env!("CARGO_BIN_EXE_smokeprobe-example-embed")).output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{errors}");
    let rounds: Vec<&str> = text.lines().collect();
    assert_eq!(rounds.len(), 3, "{text}");
    // A machine that is too busy for a round a second misses some.
    let results = rounds.iter().map(|round| round.strip_prefix("Example.Loopback, 5 pings: ").expect(&text));
    let (measured, others): (Vec<_>, Vec<_>) = results.partition(|result| result.starts_with("Measured"));
    assert!(!measured.is_empty() && others.iter().all(|result| *result == "Unknown(Missed)"), "{text}");
}
