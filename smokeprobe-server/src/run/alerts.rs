//! The alerting service as the daemon runs it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use smokeprobe_alerts::Rules;
use smokeprobe_core::Clock;
use smokeprobe_store::Store;

use super::datadir;
use crate::alerting::ways::Ways;
use crate::alerting::{AlertDesk, AlertSink, Alerting, Pictures, STATE_FILE, open_state};
use crate::config::Plan;
use crate::live::Live;

/// The service, what reaches those who are told, and what it draws with.
#[derive(Debug)]
pub(super) struct Alerts {
    service: Alerting,
    pictures: Arc<Pictures>,
    ways: Ways,
    rules: Rules,
}

impl Alerts {
    /// Starts it for the plan that runs. Its state is beside the data.
    pub(super) fn start(live: &Live, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> io::Result<(Self, AlertSink)> {
        let (plan, rules) = (live.plan.load_full(), Rules::standard());
        let file = datadir(&plan.general.datadir).join(STATE_FILE);
        let pictures = Arc::new(Pictures::new(
            Arc::clone(&plan),
            Arc::clone(&store),
            Arc::clone(&live.suspects),
            Arc::clone(&live.alerts),
            Arc::clone(&clock),
        ));
        let ways = Ways::new(Arc::clone(&clock), Arc::clone(&pictures));
        let arrangement = ways.arrange(&plan, &rules);
        let board = Arc::clone(&live.alerts);
        let wall = Arc::clone(&clock);
        let (service, sink) =
            Alerting::start(arrangement, move || open_state(&file, wall.wall()), store, clock, board)?;
        Ok((Self { service, pictures, ways, rules }, sink))
    }

    /// The way in for people.
    pub(super) fn desk(&self) -> AlertDesk {
        self.service.desk()
    }

    /// Follows another plan.
    pub(super) fn follow(&self, plan: &Arc<Plan>) {
        self.pictures.follow(Arc::clone(plan));
        self.service.follow(self.ways.arrange(plan, &self.rules));
    }

    /// Judges and writes what waits, within `time`.
    pub(super) fn stop(self, time: Duration) {
        if !self.service.stop(time) {
            tracing::error!("the alerts did not stop in time: rounds are judged, and messages sent, at the next start");
        }
    }
}
