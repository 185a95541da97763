//! The end, in order and in time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::BoxFuture;
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
    /// Ends with the thread, however that ends.
    alive: oneshot::Receiver<()>,
}

impl Web {
    pub(super) fn start(listener: TcpListener, router: Router) -> io::Result<Self> {
        let listener = listener.into_std()?;
        // Its thread is not waited for: open requests may go on while rounds are stored, and end with the process.
        Self::on(|shutdown| web::serve_on_thread(listener, router, shutdown).map(drop))
    }

    /// On the thread that `start` makes, which keeps the future that it is handed until it ends.
    fn on(start: impl FnOnce(BoxFuture<'static, ()>) -> io::Result<()>) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (life, alive) = oneshot::channel::<()>();
        let shutdown = async move {
            // A panic of the thread drops it too.
            let _life = life;
            // A sender that is gone means the same.
            let _: Result<(), _> = stopped.await;
        };
        start(Box::pin(shutdown))?;
        Ok(Self { stop, alive })
    }

    /// Its thread has ended, which it does not while nobody stops it.
    pub(super) async fn ended(&mut self) {
        let _ = (&mut self.alive).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_of_the_web_that_dies_is_noticed() {
        let mut web = Web::on(|shutdown| {
            std::thread::Builder::new().name("web".to_owned()).spawn(move || {
                let _served = shutdown;
                panic!("expected by the test");
            })?;
            Ok(())
        })
        .unwrap();
        web.ended().await;
    }

    #[tokio::test]
    async fn a_web_that_serves_has_not_ended() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut web = Web::start(listener, Router::new()).unwrap();
        assert!(futures_util::poll!(std::pin::pin!(web.ended())).is_pending());
        let (other, _) = oneshot::channel();
        web.stop = other;
        web.ended().await;
    }
}
