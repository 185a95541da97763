//! Whoever sent a request.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::super::error::ApiError;
use super::Arrival;
use super::seal::Session;
use crate::users::{Role, User};

/// Who sent a request, and what they may do.
#[derive(Debug, Clone)]
pub(in crate::web) struct Visitor {
    pub(super) user: Option<Arc<str>>,
    pub(super) role: Option<Role>,
    pub(super) by: By,
    pub(super) arrival: Arrival,
}

/// How we know.
#[derive(Debug, Clone)]
pub(super) enum By {
    /// They sit at the machine.
    Machine,
    Proxy,
    Basic(User),
    Cookie(Session),
    /// We do not, and so there is something that they may not do.
    Nothing(Limit),
}

/// Why somebody whom we do not know may not do more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// There are users to sign in as.
    SignIn,
    /// It came through the proxy that should have named a user.
    Unnamed,
    /// From another machine.
    Elsewhere,
    ThroughProxy,
    /// By a name that is not this machine's for itself.
    OtherName,
    /// By such a name where only this machine can ask: another site pretends to be this server.
    Rebound,
}

impl Limit {
    fn sentence(self) -> &'static str {
        match self {
            Self::SignIn => "sign in first, or send a name and a password (HTTP Basic)",
            Self::Unnamed => "the proxy does not say who you are: sign in there",
            Self::Elsewhere => "only from the machine itself may this be changed: connect to it by 127.0.0.1 or ::1",
            Self::ThroughProxy => "through a proxy nothing may be changed: connect to the server itself",
            Self::Rebound => {
                "this server does not know that name for itself: use localhost, 127.0.0.1 or [::1], or start it with --open"
            }
            Self::OtherName => "nothing may be changed by this name of the server: use localhost, 127.0.0.1 or [::1]",
        }
    }
}

impl Visitor {
    pub(super) fn new(arrival: Arrival, by: By, user: Option<Arc<str>>, role: Option<Role>) -> Self {
        Self { user, role, by, arrival }
    }

    pub(super) fn limited(arrival: Arrival, role: Option<Role>, limit: Limit) -> Self {
        Self { user: None, role, by: By::Nothing(limit), arrival }
    }

    /// Where they are, for counting: as a trusted proxy says it, or else the other end of the connection.
    pub(in crate::web) fn client(&self) -> IpAddr {
        self.arrival.client()
    }

    /// May look at everything.
    pub(in crate::web) fn may_view(&self) -> bool {
        self.role.is_some()
    }

    /// Refused unless they may look.
    pub(in crate::web) fn viewing(&self) -> Result<(), ApiError> {
        match (self.role, &self.by) {
            (Some(_), _) => Ok(()),
            (None, By::Nothing(Limit::SignIn)) => Err(ApiError::unauthorized(Limit::SignIn.sentence())),
            (None, By::Nothing(Limit::Unnamed)) => Err(ApiError::forbidden(Limit::Unnamed.sentence())),
            (None, By::Nothing(Limit::Rebound)) => Err(ApiError::forbidden(Limit::Rebound.sentence())),
            (None, _) => Err(ApiError::forbidden("come through the proxy of this server, which says who you are")),
        }
    }

    /// Refused unless they may acknowledge, silence and the like.
    pub(super) fn operating(&self) -> Result<(), ApiError> {
        match (self.role, &self.by) {
            (Some(Role::Operate), _) => Ok(()),
            (_, By::Nothing(Limit::SignIn)) => Err(ApiError::unauthorized(Limit::SignIn.sentence())),
            (_, By::Nothing(limit)) => Err(ApiError::forbidden(limit.sentence())),
            _ => Err(ApiError::forbidden("you may look, and change nothing: your role is view")),
        }
    }

    /// Who did something: whoever is named, or else whoever is signed in.
    pub(in crate::web) fn author(&self, named: String) -> String {
        match &self.user {
            Some(user) if named.trim().is_empty() => user.to_string(),
            _ => named,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let visitor = parts.extensions.get::<Self>().cloned();
        // Only an address that asks for it and is open to all comes here.
        visitor.ok_or_else(|| ApiError::internal("nobody asked who this is; please report it"))
    }
}
