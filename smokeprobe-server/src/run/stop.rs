//! The end, in order and in time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Daemon, blocking, systemd};
use crate::web;

/// Rounds in flight may go on for this long: some are nearly done.
const GRACE: Duration = Duration::from_millis(200);

/// The engine has this long to close all rounds, its grace included.
const ENGINE: Duration = Duration::from_millis(600);

/// By then the writer must have stored, and the alerts judged, what waits: two seconds, less what the runtime and the process take to end.
const WRITER: Duration = Duration::from_millis(1600);

/// The web server, on a thread of its own: viewers take no turn of the runtime that measures.
#[derive(Debug)]
pub(super) struct Web {
    stop: oneshot::Sender<()>,
}

impl Web {
    pub(super) fn start(listener: TcpListener, router: Router) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move {
            // A sender that is gone means the same.
            let _: Result<(), _> = stopped.await;
        };
        // Its thread is not waited for: open requests may go on while rounds are stored, and end with the process.
        web::serve_on_thread(listener.into_std()?, router, shutdown)?;
        Ok(Self { stop })
    }
}

impl Daemon {
    /// Stops everything within two seconds.
    pub(super) async fn stop(self) {
        let begun = self.clock.mono();
        self.readiness.stopping();
        systemd::stopping();
        let _ = self.web.stop.send(());
        if timeout(ENGINE, self.engine.shutdown(GRACE)).await.is_err() {
            tracing::error!("the engine did not stop in time: rounds in flight may be lost");
        }
        let (writer, alerts, suspects, clock) = (self.writer, self.alerts, self.suspects, Arc::clone(&self.clock));
        let time = WRITER.saturating_sub(clock.mono().saturating_since(begun));
        let (left, (), ()) = tokio::join!(
            blocking(move || writer.stop(&*clock, time)),
            blocking(move || alerts.stop(time)),
            blocking(move || suspects.stop(time)),
        );
        if left > 0 {
            let why = self.live.writer.load().blocked.clone().unwrap_or_else(|| "there was no time".to_owned());
            tracing::error!("{left} rounds could not be stored and are lost: {why}");
        }
        tracing::info!("stopped");
    }
}
