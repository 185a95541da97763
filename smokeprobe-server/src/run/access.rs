//! Who may look, as the daemon was started: users of a file that is followed, trusted proxies, or everybody.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{RunError, blocking, datadir};
use crate::config::Plan;
use crate::sentence::sentence;
use crate::users::{self, Users, UsersError};
use crate::watch::{Watch, digest};
use crate::web::{Access, AccessOptions, OPEN};

/// Below the data folder, beside the journal.
const SESSIONS: &str = ".smokeprobe/sessions";

/// Decides who may look, and says loudly when that is everybody.
pub(super) async fn open(
    options: AccessOptions,
    file: Option<PathBuf>,
    address: SocketAddr,
    plan: &Plan,
) -> Result<Arc<Access>, RunError> {
    let options = AccessOptions { loopback: address.ip().to_canonical().is_loopback(), ..options };
    let Some(file) = file else {
        let access = Access::new(options);
        if access.is_open_unasked() {
            tracing::warn!("{OPEN}");
        }
        return Ok(Arc::new(access));
    };
    let sessions = datadir(&plan.general.datadir).join(SESSIONS);
    let opened = blocking(move || {
        let seen = digest(std::slice::from_ref(&file));
        let users = users::read(&file).map_err(RunError::Users)?;
        warn_if_nobody(&file, &users);
        let access = with_users(options, users, &sessions)?;
        Ok((Arc::new(access), file, seen))
    });
    let (access, file, seen) = opened.await?;
    tokio::spawn(follow(Arc::clone(&access), file, seen));
    Ok(access)
}

/// Sessions that end with the process are better than no sign-in.
fn with_users(options: AccessOptions, users: Users, sessions: &Path) -> Result<Access, RunError> {
    match Access::with_users(options.clone(), users.clone(), Some(sessions)) {
        Ok(access) => Ok(access),
        Err(error) => {
            let path = sessions.display();
            tracing::error!(%error, "cannot keep {path}: after a restart everybody must sign in again");
            Access::with_users(options, users, None)
                .map_err(|source| RunError::System { action: "get random numbers", source })
        }
    }
}

fn warn_if_nobody(file: &Path, users: &Users) {
    if users.is_empty() {
        tracing::warn!("{} has no users: nobody can sign in; `smokeprobe-server user add` adds one", file.display());
    }
}

/// Takes over every change of the file, as long as the daemon runs. A file with a fault in it changes nothing.
async fn follow(access: Arc<Access>, file: PathBuf, mut seen: u64) {
    let mut watch = Watch::new(vec![file.clone()], seen);
    loop {
        watch.changed().await;
        let path = file.clone();
        let (digest, users) = blocking(move || (digest(std::slice::from_ref(&path)), users::read(&path))).await;
        // Some events later it may be what it was.
        if digest != seen {
            match &users {
                Ok(users) => {
                    tracing::info!(users = users.iter().count(), "the users have changed");
                    warn_if_nobody(&file, users);
                }
                Err(error) => tracing::error!("the users of before go on: {}", sentence(error)),
            }
            access.follow(users.map_err(|error| trouble(&error)));
        }
        seen = digest;
        watch.follow(vec![file.clone()], digest);
    }
}

/// For viewers, who need not know where the file is.
fn trouble(error: &UsersError) -> String {
    match error {
        UsersError::Bad { fault, .. } => format!("the file of users has a fault in {fault}"),
        _ => "the file of users cannot be read; the log says why".to_owned(),
    }
}
