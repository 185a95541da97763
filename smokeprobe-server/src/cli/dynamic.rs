//! `dynamic`: a secret for a host that tells its own address.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use smokeprobe_core::TargetPath;

use super::{ConfigArg, terminal};
use crate::config::plan::{Target, TargetHost};
use crate::config::{self, Plan};
use crate::dynamic;

#[derive(Debug, Args)]
pub(super) struct DynamicArgs {
    /// The target, which has `host = DYNAMIC`.
    #[arg(value_name = "TARGET")]
    target: TargetPath,
    #[command(flatten)]
    config: ConfigArg,
    /// Where the host reaches this server, when not at the `cgiurl` of the configuration.
    #[arg(long, value_name = "URL", value_parser = address)]
    url: Option<String>,
}

/// Prints the secret once, in the command for the host. It is kept nowhere.
pub(super) fn execute(args: &DynamicArgs) -> anyhow::Result<ExitCode> {
    let (path, file) = (&args.target, args.config.config.display());
    let Some(plan) = config::load(&args.config.config).plan else { bail!("{file} has errors; `check` shows them") };
    let target = match dynamic_target(&plan, path) {
        Ok(target) => target,
        Err(why) => return Ok(terminal::wrong_usage(&why.context(file.to_string()))),
    };
    let secret = dynamic::new_secret().context("the system gives no random numbers")?;
    let url = args.url.as_deref().or(plan.general.cgiurl.as_deref()).unwrap_or("http://SERVER:8888/smokeping.cgi");
    let former = match &target.host {
        TargetHost::Dynamic { secret_hash: Some(_) } => "; the secret before it is then void",
        _ => "",
    };
    let hash = dynamic::hash(&secret);
    let text = format!(
        "In {file}, at {path}{former}:\n\n    host = DYNAMIC/{hash}\n\n\
         On the host, whenever its address may have changed; straight to the server, through no proxy:\n\n    \
         curl --fail --silent --show-error --data target={path} --data secret={secret} {}\n\n\
         The secret is kept nowhere.\n",
        quoted(url),
    );
    std::io::stdout().write_all(text.as_bytes()).context("cannot write")?;
    Ok(ExitCode::SUCCESS)
}

fn dynamic_target<'a>(plan: &'a Plan, path: &TargetPath) -> anyhow::Result<&'a Target> {
    let mut targets = plan.targets();
    let target = targets.find(|target| target.path == *path).ok_or_else(|| anyhow!("there is no target {path}"))?;
    match &target.host {
        TargetHost::Dynamic { .. } => Ok(target),
        TargetHost::Fixed(host) => Err(anyhow!("{path} has `host = {host}`; only `host = DYNAMIC` needs a secret")),
    }
}

fn address(text: &str) -> Result<String, String> {
    let url =
        url::Url::parse(text).map_err(|error| format!("{error}; write it as http://server:8888/smokeping.cgi"))?;
    match url.scheme() {
        "http" | "https" => Ok(text.to_owned()),
        _ => Err("only http and https lead to this server".to_owned()),
    }
}

/// For a shell.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/:.-_~%".contains(&byte);
    if text.bytes().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
