//! Who may look at a server, as options of `run`.

use std::path::PathBuf;

use axum::http::HeaderName;
use clap::Args;

use crate::users::Role;
use crate::web::{AccessOptions, Network, ProxyUsers};

/// Without any of these, everybody who reaches the server may look, and whoever is on its machine may change something.
#[derive(Debug, Args)]
#[command(next_help_heading = "Who may look")]
pub(super) struct AccessArgs {
    /// The file of those who may sign in; `smokeprobe-server user add` makes it. Followed while the server runs.
    #[arg(long, value_name = "FILE", env = "SMOKEPROBE_USERS")]
    users: Option<PathBuf>,
    /// A proxy whose X-Forwarded-For, -Proto and -Host are believed, and its header with the user. Repeatable.
    #[arg(long, value_name = "ADDRESS[/LENGTH]")]
    trusted_proxy: Vec<Network>,
    /// The header in which a trusted proxy names the user, such as X-Forwarded-User. It must remove what clients send by that name.
    #[arg(long, value_name = "HEADER", requires = "trusted_proxy")]
    proxy_user_header: Option<HeaderName>,
    /// The header in which it names the user's role, alone or among others.
    #[arg(long, value_name = "HEADER", requires = "proxy_user_header")]
    proxy_role_header: Option<HeaderName>,
    /// The role of its users of whom that header names none: view or operate.
    #[arg(long, value_name = "ROLE", default_value = "view", requires = "proxy_user_header")]
    proxy_role: Role,
    /// Everybody may look without signing in.
    #[arg(long)]
    open: bool,
    /// Everybody may read /metrics.
    #[arg(long)]
    open_metrics: bool,
}

impl AccessArgs {
    /// The file of users, and everything else.
    pub(super) fn options(self) -> (Option<PathBuf>, AccessOptions) {
        let Self { users, trusted_proxy, proxy_user_header, proxy_role_header, proxy_role, open, open_metrics } = self;
        let proxy = proxy_user_header.map(|user| ProxyUsers { user, role: proxy_role_header, usual: proxy_role });
        (users, AccessOptions { trusted: trusted_proxy, proxy, open, open_metrics, loopback: false })
    }
}
