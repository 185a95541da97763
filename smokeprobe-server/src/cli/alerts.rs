//! `alerts`: what alerts would have said, and what they say.

mod ack;
mod list;
mod remote;
mod replay;
mod silence;
mod test;

use std::process::ExitCode;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum AlertsCommand {
    /// Send one real message now, from this process, and say what happened.
    Test(test::TestArgs),
    /// What is raised on a running server, silences, messages that wait.
    List(list::ListArgs),
    /// Take notice of a raised alert: it tells no more before it is cleared.
    Ack(ack::AckArgs),
    /// Let alerts raise without telling for a time.
    Silence(silence::SilenceArgs),
    /// Take a silence back.
    Unsilence(silence::UnsilenceArgs),
    /// Judge the rounds of the past by the rules of a configuration: what would have been told, and how often.
    Replay(replay::ReplayArgs),
}

pub(super) fn execute(command: &AlertsCommand) -> anyhow::Result<ExitCode> {
    match command {
        AlertsCommand::Test(args) => test::execute(args),
        AlertsCommand::List(args) => list::execute(args),
        AlertsCommand::Ack(args) => ack::execute(args),
        AlertsCommand::Silence(args) => silence::execute(args),
        AlertsCommand::Unsilence(args) => silence::execute_unsilence(args),
        AlertsCommand::Replay(args) => replay::execute(args),
    }
}
