//! `/healthz` and `/readyz`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::watch;

use super::WebState;
use super::access::Visitor;

/// Whether a plan runs. The shell that starts and stops measuring says so here.
#[derive(Debug)]
pub struct Readiness(watch::Sender<Phase>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Starting,
    Measuring,
    Stopping,
}

impl Default for Readiness {
    fn default() -> Self {
        Self(watch::Sender::new(Phase::Starting))
    }
}

impl Readiness {
    /// The first plan runs.
    pub fn measuring(&self) {
        self.0.send_replace(Phase::Measuring);
    }

    /// The server stops.
    pub fn stopping(&self) {
        self.0.send_replace(Phase::Stopping);
    }

    /// Why the server is not ready; `None` when it is.
    pub fn reason(&self) -> Option<&'static str> {
        match *self.0.borrow() {
            Phase::Starting => Some("starting: the first plan does not run yet"),
            Phase::Measuring => None,
            Phase::Stopping => Some("stopping"),
        }
    }

    /// Waits until the server stops.
    pub(super) async fn stopped(&self) {
        // The sender is ours, so that it cannot be gone.
        let _ = self.0.subscribe().wait_for(|phase| *phase == Phase::Stopping).await;
    }
}

#[derive(Serialize)]
struct Report<'a> {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// Errors of the configuration on disk, while the plan before it goes on running.
    config_error: Option<&'a str>,
    /// What keeps rounds from the disk, when something does.
    writer_blocked: Option<&'a str>,
    /// What keeps the state of alerts from the disk, when something does. They are told all the same.
    alerts_blocked: Option<&'a str>,
}

pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

pub(super) async fn readyz(State(web): State<WebState>, visitor: Visitor) -> Response {
    let (reason, may_view) = (web.readiness.reason(), visitor.may_view());
    let reload = web.live.reload.load();
    let writer = web.live.writer.load();
    let alerts = web.live.alerts.view();
    let status = if reason.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = Report {
        ready: reason.is_none(),
        reason,
        config_error: told(may_view, reload.error.as_deref()),
        writer_blocked: told(may_view, writer.blocked.as_deref()),
        alerts_blocked: told(may_view, alerts.state.trouble.as_deref()),
    };
    (status, Json(body)).into_response()
}

/// Names and paths are for those who may look; that there is something wrong is for everybody.
fn told(may_view: bool, why: Option<&str>) -> Option<&str> {
    if may_view { why } else { why.map(|_| "sign in to see what it is") }
}
