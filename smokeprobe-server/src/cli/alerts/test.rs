//! `alerts test`: one real message, sent from this process.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use smokeprobe_alerts::{RecipientId, Rules};
use smokeprobe_core::{Clock as _, SeriesId, SystemClock};
use smokeprobe_store::{RrdStore, Store};

use crate::alerting::Pictures;
use crate::alerting::trial::{self, Trial};
use crate::alerting::ways::Ways;
use crate::cli::{ConfigArg, terminal};
use crate::config::{self, Plan};
use crate::suspects::{self, Suspects};

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["to", "alert"]))]
pub(in crate::cli) struct TestArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Send a message about nothing to this recipient, written as in a configuration, or as `alerts list --json` names
    /// it.
    #[arg(long, value_name = "RECIPIENT", allow_hyphen_values = true)]
    to: Option<String>,
    /// Send the message of this alert to all whom it would be told.
    #[arg(long, value_name = "NAME", requires = "target")]
    alert: Option<String>,
    /// The target whose alert it is.
    #[arg(long, value_name = "A.B", requires = "alert")]
    target: Option<SeriesId>,
}

pub(super) fn execute(args: &TestArgs) -> anyhow::Result<ExitCode> {
    let path = &args.config.config;
    let rules = Rules::standard();
    let Some(mut plan) = config::load_with(path, &rules).plan else {
        bail!("{} has errors; `check` shows them", path.display());
    };
    let trial = match (&args.to, &args.alert, &args.target) {
        (Some(to), ..) => match recipient(&mut plan, to) {
            Ok(to) => Trial::To(vec![to]),
            Err(why) => return Ok(terminal::wrong_usage(&anyhow::anyhow!("--to {why}"))),
        },
        (None, Some(alert), Some(series)) => Trial::Alert { alert: alert.clone(), series: series.clone() },
        _ => bail!("say with --to or --alert what to send"),
    };
    let store: Arc<dyn Store> = Arc::new(RrdStore::read_only(plan.general.datadir.clone()));
    let plan = Arc::new(plan);
    let suspects = Suspects::read(&plan.general.datadir.join(suspects::FILE)).unwrap_or_else(|error| {
        eprintln!("suspect rounds are not marked, they cannot be read: {error}");
        Suspects::default()
    });
    // Without marks: what is raised is known to the server that runs.
    let (board, clock) = (Arc::default(), Arc::new(SystemClock));
    let pictures = Arc::new(Pictures::new(Arc::clone(&plan), Arc::clone(&store), Arc::new(suspects), board, clock));
    let arrangement = Ways::new(Arc::new(SystemClock), pictures).arrange(&plan, &rules);
    let messages = match trial::messages(&arrangement.plan, Some(&*store), SystemClock.wall(), &trial) {
        Ok(messages) => messages,
        Err(refusal) => return Ok(terminal::wrong_usage(&anyhow::anyhow!("{refusal}"))),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let results = runtime.block_on(trial::deliver(&arrangement.notifiers, messages));
    // What blocks a thread still must not keep the process.
    runtime.shutdown_background();
    let mut all = true;
    for tested in results {
        match tested.result {
            Ok(note) if note.is_empty() => println!("{}: delivered", tested.recipient),
            Ok(note) => println!("{}: delivered: {note}", tested.recipient),
            Err(why) => {
                all = false;
                println!("{}: not delivered: {why}", tested.recipient);
            }
        }
    }
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A recipient of the configuration; or another one, which is then part of the plan, on the usual terms.
fn recipient(plan: &mut Plan, text: &str) -> Result<RecipientId, String> {
    let recipients = &mut plan.alerting.recipients;
    let named = RecipientId::new(text);
    if recipients.contains_key(&named) {
        return Ok(named);
    }
    let (id, recipient) = config::recipient(text)?;
    recipients.entry(id.clone()).or_insert(recipient);
    Ok(id)
}
