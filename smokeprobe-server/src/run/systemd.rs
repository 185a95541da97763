//! What systemd is told, where it started us. See sd_notify(3).

use std::time::Duration;

use sd_notify::NotifyState;
use smokeprobe_core::{Clock, EngineStatus, MonoTime};

use crate::timer::timer;

/// The service manager's end.
#[derive(Debug)]
pub(super) struct Systemd {
    /// How often it wants a sign of life, halved.
    interval: Option<Duration>,
    next: MonoTime,
    /// The engine's turns at the last sign.
    turns: u64,
}

impl Systemd {
    /// Tells that the daemon is up.
    pub(super) fn ready(clock: &dyn Clock) -> Self {
        tell(&[NotifyState::Ready]);
        let interval = sd_notify::watchdog_enabled().map(|time| time / 2);
        Self { interval, next: clock.mono(), turns: 0 }
    }

    /// Waits until it wants a sign of life.
    pub(super) async fn due(&self, clock: &dyn Clock) {
        match self.interval {
            Some(_) => timer(self.next.saturating_since(clock.mono())).await,
            None => std::future::pending().await,
        }
    }

    /// Gives a sign of life, if the engine has any.
    pub(super) fn watchdog(&mut self, clock: &dyn Clock, engine: EngineStatus) {
        self.next = clock.mono() + self.interval.unwrap_or_default();
        if engine.turns == self.turns {
            tracing::error!("the engine stands still");
            return;
        }
        self.turns = engine.turns;
        tell(&[NotifyState::Watchdog]);
    }
}

/// Tells that the configuration is being read.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// Tells that the configuration was read, whether or not it was taken over.
pub(super) fn reloaded() {
    tell(&[NotifyState::Ready]);
}

/// Tells that the daemon stops.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Does nothing where there is no service manager.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(error = &error as &dyn std::error::Error, "cannot notify the service manager");
    }
}
