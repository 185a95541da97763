//! The server that runs, asked over HTTP.

use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::Value;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body, RequestBuilder};

use crate::cli::prompt;
use crate::users::UserName;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Bytes of an answer at most.
const MAX_ANSWER: u64 = 64 << 20;

/// Which server.
#[derive(Debug, Clone, Args)]
pub(super) struct ServerArg {
    /// The server that runs. Without users it takes what changes something from its own machine alone.
    #[arg(long, value_name = "ADDRESS", default_value = "http://127.0.0.1:8888")]
    server: String,
    /// Who asks, where the server has users. Their password is in SMOKEPROBE_PASSWORD, or is asked for.
    #[arg(long, value_name = "NAME", env = "SMOKEPROBE_USER")]
    user: Option<UserName>,
}

impl ServerArg {
    /// What an address answers.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.answer(self.known(agent().get(self.url(path)))?.call())
    }

    /// Asks for a change.
    pub(super) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = agent().post(self.url(path)).header("Content-Type", "application/json");
        self.answer(self.known(request)?.send(body.to_string()))
    }

    /// Takes something back.
    pub(super) fn delete(&self, path: &str) -> anyhow::Result<Value> {
        self.answer(self.known(agent().delete(self.url(path)))?.call())
    }

    /// The request with who sends it.
    fn known<T>(&self, request: RequestBuilder<T>) -> anyhow::Result<RequestBuilder<T>> {
        let Some(name) = &self.user else { return Ok(request) };
        let password = match std::env::var("SMOKEPROBE_PASSWORD") {
            Ok(password) => password,
            Err(_) => prompt::password(name)?,
        };
        Ok(request.header("Authorization", format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.trim_end_matches('/'))
    }

    fn answer(&self, outcome: Result<Response<Body>, ureq::Error>) -> anyhow::Result<Value> {
        let server = &self.server;
        let mut response = match outcome {
            Ok(response) => response,
            Err(ureq::Error::ConnectionFailed | ureq::Error::Io(_)) => {
                bail!("no server answers at {server}: start one, or say with --server where it is")
            }
            Err(error) => return Err(error).with_context(|| format!("cannot ask the server at {server}")),
        };
        let text = response.body_mut().with_config().limit(MAX_ANSWER).read_to_string();
        let text = text.with_context(|| format!("the server at {server} broke off its answer"))?;
        let answer: Option<Value> = serde_json::from_str(&text).ok();
        match answer {
            Some(answer) if response.status().is_success() => {
                if let Some(warning) = answer["warning"].as_str() {
                    eprintln!("warning: it is in force, but cannot be written and ends with the server: {warning}");
                }
                Ok(answer)
            }
            Some(answer) if answer["error"]["message"].is_string() => {
                let parameter =
                    answer["error"]["parameter"].as_str().map_or_else(String::new, |name| name.to_owned() + " ");
                let unknown = response.status() == StatusCode::UNAUTHORIZED && self.user.is_none();
                let how = if unknown { ": --user says who asks" } else { "" };
                bail!("{parameter}{}{how}", answer["error"]["message"].as_str().unwrap_or_default())
            }
            _ => bail!("what answers at {server} is no smokeprobe server: it says {}", response.status()),
        }
    }
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        // The server takes changes from its own machine alone, and not through others.
        .proxy(None)
        .max_redirects(0)
        .build()
        .into()
}

/// Who asks, as the system calls them.
pub(super) fn author(given: Option<&str>) -> String {
    given.map_or_else(|| login(|name| std::env::var(name).ok()), str::to_owned)
}

/// Who is logged in: with sudo whoever called it, since "root" says nothing to others.
fn login(variable: impl Fn(&str) -> Option<String>) -> String {
    let names = ["SUDO_USER", "USER", "LOGNAME"].into_iter().filter_map(variable);
    names.map(|name| name.trim().to_owned()).find(|name| !name.is_empty()).unwrap_or_else(|| "somebody".to_owned())
}

/// A part of an address, with what has a meaning there escaped.
pub(super) fn escape(part: &str) -> String {
    part.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn author_is_who_called_sudo_or_who_is_logged_in() {
        let with = |set: &[(&str, &str)]| {
            login(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(with(&[("SUDO_USER", "ann"), ("USER", "root"), ("LOGNAME", "root")]), "ann");
        assert_eq!(with(&[("SUDO_USER", ""), ("USER", "bob")]), "bob");
        assert_eq!(with(&[("LOGNAME", "cron")]), "cron");
        assert_eq!(with(&[]), "somebody");
        assert_eq!(author(Some("Eve")), "Eve");
    }
}
