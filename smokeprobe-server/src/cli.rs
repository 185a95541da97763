//! The command line.

mod access;
mod alerts;
mod dynamic;
mod export;
mod probe;
mod prompt;
mod terminal;
mod users;

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config;
use crate::run::{self, RunOptions};

/// Measures network latency by a SmokePing configuration, keeps the rounds in its RRD files, and shows them as smoke.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure, keep and serve: what is done without a command, too.
    Run(RunArgs),
    /// Read a configuration and report every error in it at once. Exit code 0 when there is none, 1 otherwise.
    Check(CheckArgs),
    /// Take one round now, without a configuration.
    Probe(probe::ProbeArgs),
    /// Print the stored rounds of one target.
    Export(export::ExportArgs),
    /// Make a secret by which a host with a changing address tells it: `host = DYNAMIC`.
    Dynamic(dynamic::DynamicArgs),
    /// Alerts: what they would have said, and what they say; tests, acknowledgements, silences.
    #[command(subcommand)]
    Alerts(alerts::AlertsCommand),
    /// Who may sign in: add, remove and list users, their passwords and roles.
    #[command(subcommand)]
    User(users::UserCommand),
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
struct ConfigArg {
    /// The main file of a SmokePing configuration.
    #[arg(long, value_name = "FILE", env = "SMOKEPROBE_CONFIG", default_value = "/etc/smokeping/config")]
    config: PathBuf,
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Where to serve the page and the API.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8888")]
    listen: SocketAddr,
    #[command(flatten)]
    access: access::AccessArgs,
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
            None => terminal::report(run(self.run)),
            Some(Command::Run(args)) => terminal::report(run(args)),
            Some(Command::Check(args)) => terminal::report(check(&args)),
            Some(Command::Probe(args)) => terminal::report(probe::execute(args)),
            Some(Command::Export(args)) => terminal::report(export::execute(&args)),
            Some(Command::Dynamic(args)) => terminal::report(dynamic::execute(&args)),
            Some(Command::Alerts(command)) => terminal::report(alerts::execute(&command)),
            Some(Command::User(command)) => terminal::report(users::execute(command)),
        }
    }
}

/// Runs until it is told to stop. The log goes to standard error; `RUST_LOG` chooses what is in it.
fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    let ansi = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).init();
    let (users, access) = args.access.options();
    run::run(RunOptions { config: args.config.config, listen: args.listen, users, access })?;
    Ok(ExitCode::SUCCESS)
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
