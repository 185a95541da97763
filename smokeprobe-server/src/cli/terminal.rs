//! What the subcommands share in talking to a person.

use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use smokeprobe_core::WallTime;

/// Prints an error with its causes, and turns the outcome into an exit code: 3 for "could not do it".
pub(super) fn report(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(3)
    })
}

/// Prints what is wrong with an argument, and gives the exit code that other wrong usage has.
pub(super) fn wrong_usage(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(2)
}

/// Reads a duration with its unit: `1s`, `1.5ms`, `250us`, `0`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    humantime::parse_duration(text).map_err(|error| format!("{error}; write it with its unit, as in 20ms or 1.5s"))
}

/// Returns when the user interrupts or the system asks to stop.
pub(super) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => if interrupted.is_err() { std::future::pending().await },
        _ = terminated => {}
    }
}

/// A time as `2026-11-22T10:28:28Z`.
pub(super) fn date(at: WallTime) -> String {
    DateTime::<Utc>::from_timestamp_nanos(at.unix_nanos()).to_rfc3339_opts(SecondsFormat::Secs, true)
}
