//! The smokeprobe daemon and its tools.

use std::process::ExitCode;

use clap::Parser as _;
use smokeprobe_server::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().execute()
}
