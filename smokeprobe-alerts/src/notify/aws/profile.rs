//! A profile of the shared files: `~/.aws/config` and `~/.aws/credentials`, as the reference guide of Amazon's SDKs has
//! them ("Shared config and credentials files").

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::super::{DeliveryError, file};
use super::Env;
use super::credentials::Keys;

/// What we want of a profile.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) region: Option<String>,
    pub(super) keys: Option<Keys>,
}

/// Longer files are not looked into, in bytes.
const LONGEST: u64 = 1 << 20;

/// Ways to credentials that profiles can have and we do not go.
const UNSUPPORTED: [&str; 5] =
    ["role_arn", "credential_process", "sso_session", "sso_start_url", "web_identity_token_file"];

/// Reads the profile; `None` when there is none and nobody asked for one by name. Read anew at each use, so that keys
/// that are replaced are picked up.
pub(super) async fn read(env: &Env) -> Result<Option<Profile>, DeliveryError> {
    let asked = env.read("AWS_PROFILE");
    let config = env.file("AWS_CONFIG_FILE", ".aws/config");
    let credentials = env.file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
    of_files(asked.as_deref(), config.as_ref(), credentials.as_ref()).await
}

async fn of_files(
    asked: Option<&str>,
    config: Option<&PathBuf>,
    credentials: Option<&PathBuf>,
) -> Result<Option<Profile>, DeliveryError> {
    let name = asked.unwrap_or("default");
    let in_config = text(config).await?.and_then(|text| section(&text, name, true));
    let in_credentials = text(credentials).await?.and_then(|text| section(&text, name, false));
    if in_config.is_none() && in_credentials.is_none() {
        return match asked {
            None => Ok(None),
            Some(name) => Err(DeliveryError::permanent(format!(
                "there is no profile {name} in {}: check AWS_PROFILE and the file",
                [config, credentials]
                    .into_iter()
                    .flatten()
                    .map(|path| path.display().to_string())
                    .collect::<Vec<_>>()
                    .join(" or ")
            ))),
        };
    }
    // The file of credentials goes first where both have a key.
    let mut entries = in_config.unwrap_or_default();
    entries.extend(in_credentials.unwrap_or_default());
    let mut take = |key: &str| entries.remove(key).filter(|value| !value.is_empty());
    let region = take("region");
    let keys = match (take("aws_access_key_id"), take("aws_secret_access_key")) {
        (Some(id), Some(secret)) => {
            let token = take("aws_session_token");
            Some(Keys { id, secret, token, expires: None, source: "the shared credentials file" })
        }
        (None, None) => {
            if let Some(way) = UNSUPPORTED.into_iter().find(|way| take(way).is_some()) {
                return Err(DeliveryError::permanent(format!(
                    "the profile {name} gets its credentials by {way}, which is not supported: give it \
                     aws_access_key_id and aws_secret_access_key, or take the role of the instance or container"
                )));
            }
            None
        }
        _ => {
            return Err(DeliveryError::permanent(format!(
                "the profile {name} has only one of aws_access_key_id and aws_secret_access_key: add the other"
            )));
        }
    };
    Ok(Some(Profile { region, keys }))
}

async fn text(path: Option<&PathBuf>) -> Result<Option<String>, DeliveryError> {
    let Some(path) = path else { return Ok(None) };
    match file::read(path, LONGEST, file::PATIENCE).await {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(DeliveryError::transient(format!(
            "cannot read {}: {error}; check its owner and mode, or set AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE",
            path.display()
        ))),
    }
}

/// The entries of a profile. In the file of settings all profiles but the default are called `[profile NAME]`.
fn section(text: &str, wanted: &str, is_config: bool) -> Option<BTreeMap<String, String>> {
    let mut found: Option<BTreeMap<String, String>> = None;
    let mut inside = false;
    let text = text.trim_start_matches('\u{feff}');
    for line in text.lines() {
        // What is indented belongs to the entry before it: settings of single services.
        if line.starts_with([' ', '\t', '#', ';']) {
            continue;
        }
        if let Some(rest) = line.strip_prefix('[') {
            let title = rest.split(']').next().unwrap_or_default().trim();
            let name = match title.split_once([' ', '\t']) {
                Some(("profile", name)) if is_config => Some(name.trim()),
                Some(_) => None,
                None if is_config && title != "default" => None,
                None => Some(title),
            };
            inside = name.is_some_and(|name| name.trim_matches(['"', '\'']) == wanted);
            if inside {
                found.get_or_insert_default();
            }
        } else if let (true, Some((key, value))) = (inside, line.split_once('=')) {
            let value =
                [" #", " ;", "\t#", "\t;"].iter().fold(value, |value, mark| value.split(mark).next().unwrap_or(""));
            found.get_or_insert_default().insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}
