//! The web server: pages, JSON, graphs, `/metrics`, health.
//!
//! It sees the store, the live state and a clock, and nothing that measures. Whatever reads files or draws runs on
//! the runtime's blocking threads, a few at a time, so that a crowd of viewers waits for one another and not
//! measuring for them.
//!
//! docs/http.md has the parameters and the answers.
//!
//! | address | what it answers |
//! |---|---|
//! | `/`, `/embed` | the page; as frames of other sites show it |
//! | `/api/v1/session` | who one is; signing in and out |
//! | `/api/v1/tree` | the sections with the state of each series |
//! | `/api/v1/outline` | what the configuration says, for the page |
//! | `/api/v1/states` | how every series is now, for the page |
//! | `/api/v1/overview` | the small graphs of many series |
//! | `/api/v1/charts` | the series ranked by their last rounds |
//! | `/api/v1/series/A.B[~slave]` | rounds of a series |
//! | `/api/v1/rounds/A.B[~slave]` | its recent rounds with all that is known of them |
//! | `/api/v1/status` | the server itself |
//! | `/api/v1/alerts` | what is raised, silences, messages that wait; below it the history, and what people change |
//! | `/api/v1/live` | rounds and alerts as they happen |
//! | `/graph/A.B[~slave].svg`, `.png` | a smoke graph |
//! | `/smokeping.cgi`, `/smokeping/…` | SmokePing's own addresses, which go on working |
//! | `/metrics` | for Prometheus |
//! | `/healthz` | 200 while the process answers |
//! | `/readyz` | 200 while a plan runs, else 503. A faulty configuration on disk does not change that, as the plan before it still runs; the body and `/metrics` tell of it |

mod access;
mod alerts;
mod answer;
mod assets;
mod body;
mod charts;
mod error;
mod graph;
mod guesses;
mod health;
mod hierarchy;
mod index;
mod legacy;
mod live;
mod lookup;
mod mark;
pub mod metrics;
mod notices;
mod outline;
mod overview;
mod packed;
mod params;
mod rounds;
mod series;
mod serve;
mod state;
mod states;
mod status;
mod tree;
mod work;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware;
use axum::routing::{delete, get, post};
use smokeprobe_core::{Clock, WallTime};
use smokeprobe_store::Store;
use tokio::sync::Semaphore;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::set_header::SetResponseHeaderLayer;

pub use access::{Access, AccessOptions, Network, OPEN, ProxyUsers};
pub use error::ApiError;
pub use health::Readiness;
pub use metrics::{Metrics, MetricsSink};
pub use serve::{Limits, Peer, serve, serve_on_thread, serve_within};

use crate::alerting::AlertDesk;
use crate::live::Live;
use index::Indexed;
use legacy::update::Updates;
use live::Streams;
use work::Workers;

/// What the web knows of the rest of the server.
#[derive(Clone)]
pub struct WebState {
    live: Arc<Live>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    readiness: Arc<Readiness>,
    started: WallTime,
    workers: Workers,
    streams: Streams,
    /// A replay keeps a processor busy: one does, and the others wait.
    replays: Arc<Semaphore>,
    updates: Arc<Updates>,
    indexed: Indexed,
    access: Arc<Access>,
    /// Who may be asked about alerts, where there are any.
    alerts: Option<AlertDesk>,
}

impl WebState {
    /// The state of a server that starts now.
    pub fn new(
        live: Arc<Live>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        readiness: Arc<Readiness>,
    ) -> Self {
        let started = clock.wall();
        let (workers, streams, updates) = (Workers::default(), Streams::default(), Arc::default());
        let (indexed, access) = (Indexed::default(), Arc::default());
        Self {
            live,
            store,
            clock,
            metrics,
            readiness,
            started,
            workers,
            streams,
            replays: Arc::new(Semaphore::new(1)),
            updates,
            indexed,
            access,
            alerts: None,
        }
    }

    /// The same with alerts that can be asked.
    #[must_use]
    pub fn with_alerts(self, alerts: AlertDesk) -> Self {
        Self { alerts: Some(alerts), ..self }
    }

    /// The same for those alone whom `access` lets in.
    #[must_use]
    pub fn with_access(self, access: Arc<Access>) -> Self {
        Self { access, ..self }
    }
}

/// Hand-written because a store has no `Debug`.
impl std::fmt::Debug for WebState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebState").field("started", &self.started).finish_non_exhaustive()
    }
}

/// All addresses of the server.
pub fn router(state: WebState) -> Router {
    let header = |name: HeaderName, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    Router::new()
        .route("/", get(assets::page))
        .route(access::FRAME, get(assets::page))
        .route("/assets/{*path}", get(assets::asset))
        .route("/api/v1/session", get(access::show).post(access::sign_in).delete(access::sign_out))
        .route("/api/v1/tree", get(tree::tree))
        .route("/api/v1/outline", get(outline::outline))
        .route("/api/v1/overview", get(overview::overview))
        .route("/api/v1/charts", get(charts::charts))
        .route("/api/v1/states", get(states::states))
        .route("/api/v1/series/{series}", get(series::series))
        .route("/api/v1/rounds/{series}", get(rounds::rounds))
        .route("/api/v1/status", get(status::status))
        .route("/api/v1/alerts", get(alerts::now))
        .route("/api/v1/alerts/events", get(alerts::events))
        .route("/api/v1/alerts/deliveries", get(alerts::deliveries))
        .route("/api/v1/alerts/replay", get(alerts::replay))
        .route("/api/v1/alerts/acknowledge", post(alerts::acknowledge))
        .route("/api/v1/alerts/silences", post(alerts::silence))
        .route("/api/v1/alerts/silences/{id}", delete(alerts::unsilence))
        .route("/api/v1/alerts/messages/{id}/{action}", post(alerts::message))
        .route("/api/v1/alerts/test", post(alerts::test))
        .route("/api/v1/live", get(live::live))
        .route("/graph/{file}", get(graph::graph))
        .route("/metrics", get(metrics::scrape))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .merge(legacy::routes())
        .fallback(unknown_address)
        .method_not_allowed_fallback(unknown_method)
        .with_state(state.clone())
        .layer(middleware::from_fn_with_state(state, access::guard))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(middleware::from_fn(access::policy))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "same-origin"))
}

async fn unknown_address(uri: Uri) -> ApiError {
    let shown = error::shown(uri.path());
    ApiError::not_found(format!("there is nothing at {shown}; the page is at /, the tree of targets at /api/v1/tree"))
}

async fn unknown_method(method: Method) -> ApiError {
    ApiError::method_not_allowed(&method)
}
