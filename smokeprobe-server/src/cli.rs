//! The command line.

mod export;
mod probe;
mod terminal;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::config;

/// Measures network latency by a SmokePing configuration, keeps the rounds in its RRD files, and shows them as smoke.
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read a configuration and report every error in it at once. Exit code 0 when there is none, 1 otherwise.
    Check(CheckArgs),
    /// Take one round now, without a configuration.
    Probe(probe::ProbeArgs),
    /// Print the stored rounds of one target.
    Export(export::ExportArgs),
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
struct ConfigArg {
    /// The main file of a SmokePing configuration.
    #[arg(long, value_name = "FILE", env = "SMOKEPROBE_CONFIG", default_value = "/etc/smokeping/config")]
    config: PathBuf,
}

#[derive(Debug, Args)]
struct CheckArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Print one JSON object with targets, alerts and diagnostics.
    #[arg(long)]
    json: bool,
}

impl Cli {
    /// Does what was asked, and says by the exit code how it went.
    pub fn execute(self) -> ExitCode {
        match self.command {
            Command::Check(args) => terminal::report(check(&args)),
            Command::Probe(args) => terminal::report(probe::execute(args)),
            Command::Export(args) => terminal::report(export::execute(&args)),
        }
    }
}

/// Prints to standard output, which other programs read; the exit code says whether there is an error.
fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let format = match args.json {
        true => config::Format::Json,
        false if std::io::stdout().is_terminal() => config::Format::Colour,
        false => config::Format::Human,
    };
    let (text, sound) = config::check(&args.config.config, format);
    std::io::stdout().write_all(text.as_bytes()).context("cannot write")?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
