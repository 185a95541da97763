//! `alerts ack`: somebody has taken notice.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use smokeprobe_core::SeriesId;

use super::remote::{ServerArg, author};

#[derive(Debug, Args)]
pub(in crate::cli) struct AckArgs {
    /// The target, as A.B, or A.B~slave for what a slave measured.
    #[arg(value_name = "TARGET")]
    series: SeriesId,
    /// The name of the alert.
    alert: String,
    /// What others should know.
    #[arg(long, default_value = "")]
    comment: String,
    /// Who has taken notice, instead of whoever is logged in.
    #[arg(long)]
    author: Option<String>,
    #[command(flatten)]
    server: ServerArg,
}

pub(super) fn execute(args: &AckArgs) -> anyhow::Result<ExitCode> {
    let body = json!({
        "target": args.series,
        "alert": args.alert,
        "author": author(args.author.as_deref()),
        "comment": args.comment,
    });
    args.server.post("/api/v1/alerts/acknowledge", &body)?;
    println!("{} of {} is acknowledged", args.alert, args.series);
    Ok(ExitCode::SUCCESS)
}
