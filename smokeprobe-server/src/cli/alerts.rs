//! `alerts`: what alerts would have said, and what they say.

mod replay;

use std::process::ExitCode;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum AlertsCommand {
    /// Judge the rounds of the past by the rules of a configuration: what would have been told, and how often.
    Replay(replay::ReplayArgs),
}

pub(super) fn execute(command: &AlertsCommand) -> anyhow::Result<ExitCode> {
    match command {
        AlertsCommand::Replay(args) => replay::execute(args),
    }
}
