//! `/api/v1/session`: signing in and out, and who one is.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::super::WebState;
use super::super::answer::json;
use super::super::error::ApiError;
use super::super::params::Params;
use super::change::{self, of_own_page};
use super::seal::{IDLE, Session};
use super::visitor::{By, Visitor};
use super::{Access, SignIns};
use crate::users::{Password, Role};

/// Who somebody is here.
#[derive(Serialize)]
struct SessionBody<'a> {
    user: Option<&'a str>,
    role: &'static str,
    can_sign_in: bool,
    can_sign_out: bool,
}

impl Access {
    fn body<'a>(&self, visitor: &'a Visitor) -> SessionBody<'a> {
        let signed_in = matches!(visitor.by, By::Cookie(_));
        SessionBody {
            user: visitor.user.as_deref(),
            role: visitor.role.map_or("none", Role::as_str),
            can_sign_in: self.users.is_some() && visitor.user.is_none(),
            can_sign_out: signed_in,
        }
    }

    fn sign_ins(&self) -> Result<&SignIns, ApiError> {
        self.users.as_ref().ok_or_else(|| ApiError::not_found("this server has no users to sign in as"))
    }
}

pub(in crate::web) async fn show(
    State(web): State<WebState>,
    visitor: Visitor,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&[])?;
    json(&web.access.body(&visitor))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    user: String,
    password: String,
}

pub(in crate::web) async fn sign_in(
    State(web): State<WebState>,
    visitor: Visitor,
    request: Request,
) -> Result<Response, ApiError> {
    let sign_ins = web.access.sign_ins()?;
    of_own_page(&visitor, request.method(), request.headers())?;
    let SignIn { user, password } = change::json(request.into_body()).await?;
    let (from, now) = (visitor.arrival.client(), web.clock.mono());
    let known = sign_ins.known.load_full();
    let user = sign_ins.passwords.user(known, user, Password::typed(password), from, now).await?;
    let session = Session::begin(user, web.clock.wall())
        .map_err(|error| ApiError::internal(format!("cannot sign anybody in: {error}")))?;
    tracing::info!(user = %session.user.name, %from, "signed in");
    let cookie = sign_ins.cookie(&sign_ins.seals.seal(&session), IDLE, visitor.arrival.https);
    let (name, role) = (session.user.name.as_str().into(), session.user.role);
    let visitor = Visitor::new(visitor.arrival, By::Cookie(session), Some(name), Some(role));
    with_cookie(json(&web.access.body(&visitor))?, &cookie)
}

pub(in crate::web) async fn sign_out(
    State(web): State<WebState>,
    visitor: Visitor,
    request: Request,
) -> Result<Response, ApiError> {
    let sign_ins = web.access.sign_ins()?;
    of_own_page(&visitor, request.method(), request.headers())?;
    if let By::Cookie(session) = &visitor.by {
        sign_ins.seals.end(session, web.clock.wall());
        web.access.changed.send_replace(());
        let keep = {
            let web = web.clone();
            move || Ok(web.access.sign_ins()?.seals.keep())
        };
        if let Err(error) = web.workers.run(keep).await? {
            tracing::warn!(%error, "a sign-out is not on the disk: a copy of its cookie could serve again after a restart");
        }
    }
    let https = visitor.arrival.https;
    let after = web.access.anonymous(visitor.arrival, request.headers());
    with_cookie(json(&web.access.body(&after))?, &sign_ins.cookie("", 0, https))
}

impl SignIns {
    /// A cookie that scripts cannot read, and that other sites' forms and frames do not send.
    pub(super) fn cookie(&self, value: &str, lifetime: i64, https: bool) -> String {
        let secure = if https { "; Secure" } else { "" };
        format!("{}={value}; Path=/; Max-Age={lifetime}; HttpOnly; SameSite=Lax{secure}", self.seals.cookie)
    }
}

pub(super) fn with_cookie(mut response: Response, cookie: &str) -> Result<Response, ApiError> {
    // It is made of letters, digits and signs of ours.
    let cookie = HeaderValue::from_str(cookie).map_err(|_| ApiError::internal("cannot write the cookie"))?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}
