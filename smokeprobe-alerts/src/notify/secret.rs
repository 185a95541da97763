//! Secrets: where they are, and never what they are.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// A secret, read anew at each use so that one that is replaced is picked up. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// It is written in the configuration.
    Plain(String),
    /// It is in an environment variable: `env:NAME`.
    Env(String),
    /// It is the first line of a file: `file:/path`.
    File(PathBuf),
}

/// A secret cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SecretError {
    /// The variable is not set, or not text.
    #[error("the environment variable {0} is not set: set it where the server is started")]
    Env(String),
    /// The file cannot be read.
    #[error("cannot read the secret in {path}: {reason}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl Secret {
    /// Reads `env:NAME`, `file:/path`, or takes the text itself.
    pub fn parse(text: &str) -> Self {
        match (text.strip_prefix("env:"), text.strip_prefix("file:")) {
            (Some(name), _) => Self::Env(name.to_owned()),
            (_, Some(path)) => Self::File(path.into()),
            _ => Self::Plain(text.to_owned()),
        }
    }

    /// The secret itself.
    pub fn reveal(&self) -> Result<String, SecretError> {
        match self {
            Self::Plain(secret) => Ok(secret.clone()),
            Self::Env(name) => std::env::var(name).map_err(|_| SecretError::Env(name.clone())),
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(text.lines().next().unwrap_or_default().trim().to_owned()),
                Err(error) => Err(SecretError::File { path: path.clone(), reason: error.to_string() }),
            },
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Secret(…)"),
            Self::Env(name) => write!(f, "Secret(env:{name})"),
            Self::File(path) => write!(f, "Secret(file:{})", path.display()),
        }
    }
}
