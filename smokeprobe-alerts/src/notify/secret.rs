//! Secrets: where they are, and never what they are.

use std::fmt;
use std::path::PathBuf;
#[cfg(any(feature = "exec", feature = "http"))]
use std::time::Duration;

use thiserror::Error;

/// Longer files are not secrets, in bytes.
#[cfg(any(feature = "exec", feature = "http"))]
const LONGEST: u64 = 64 << 10;

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

    /// The secret itself. A file that does not come within `patience`, that is longer than 64 KiB, or that is a pipe or
    /// a device is an error. Needs a runtime of tokio with its clock.
    #[cfg(any(feature = "exec", feature = "http"))]
    pub async fn reveal(&self, patience: Duration) -> Result<String, SecretError> {
        match self {
            Self::Plain(secret) => Ok(secret.clone()),
            Self::Env(name) => std::env::var(name).map_err(|_| SecretError::Env(name.clone())),
            Self::File(path) => match super::file::read_text(path, LONGEST, patience).await {
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

#[cfg(all(test, any(feature = "exec", feature = "http")))]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_pipe_a_device_and_a_long_file_are_no_secrets_and_hold_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let long = folder.path().join("long");
        std::fs::write(&long, "x".repeat((64 << 10) + 1)).unwrap();
        for (path, why) in [
            (pipe, "it is not a file"),
            ("/dev/zero".into(), "it is not a file"),
            (folder.path().to_owned(), "it is not a file"),
            (long, "it is longer than 65536 bytes"),
        ] {
            let error = Secret::File(path.clone()).reveal(PATIENCE).await.unwrap_err();
            assert_eq!(error.to_string(), format!("cannot read the secret in {}: {why}", path.display()));
        }
    }

    #[tokio::test]
    async fn the_first_line_of_a_file_is_the_secret() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), " s3cret \nmore\n").unwrap();
        assert_eq!(Secret::File(file.path().into()).reveal(PATIENCE).await, Ok("s3cret".to_owned()));
    }
}
