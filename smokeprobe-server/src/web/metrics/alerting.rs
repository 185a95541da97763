//! What Prometheus is told of the alerts. Labels are those of the configuration, so that their number is, too.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::metrics::MetricType;

use super::super::WebState;
use super::exposition::{Families, counter};
use crate::alerting::Counts;

pub(super) fn write(web: &WebState, out: &mut Families) -> fmt::Result {
    let (view, plan) = (web.live.alerts.view(), web.live.plan.load());
    let mut raised: BTreeMap<&str, usize> = plan.alerts.keys().map(|name| (name.as_str(), 0)).collect();
    for standing in &view.standing {
        *raised.entry(&standing.alert).or_default() += 1;
    }
    let help = "Series of which an alert is raised now";
    let mut family = out.family("smokeprobe_alerts_raised", help, MetricType::Gauge)?;
    for (alert, count) in raised {
        family.encode_family(&[("alert", alert)])?.encode_gauge(&(count as f64))?;
    }
    let help = "What became of alerts, told or not";
    let mut family = out.family("smokeprobe_alert_events", help, MetricType::Counter)?;
    for (alert, counts) in &view.counts.events {
        for (what, count) in Counts::WHAT.into_iter().zip(counts) {
            counter(&mut family, &[("alert", &**alert), ("what", what)], *count)?;
        }
    }
    let recipients = &view.counts.recipients;
    let help = "Attempts to deliver a message, by how they ended";
    let mut family = out.family("smokeprobe_alert_deliveries", help, MetricType::Counter)?;
    for (recipient, counts) in recipients {
        let outcomes = [("delivered", counts.delivered), ("retried", counts.retried), ("given_up", counts.given_up)];
        for (outcome, count) in outcomes {
            counter(&mut family, &[("recipient", recipient.as_str()), ("outcome", outcome)], count)?;
        }
    }
    let help = "Events that found too many messages waiting for their recipient, and are not told one by one";
    let mut family = out.family("smokeprobe_alert_events_dropped", help, MetricType::Counter)?;
    for (recipient, counts) in recipients {
        counter(&mut family, &[("recipient", recipient.as_str())], counts.dropped)?;
    }
    let help = "Messages that are not delivered: those that wait, those under way among them, and those given up";
    let mut family = out.family("smokeprobe_alert_messages", help, MetricType::Gauge)?;
    let counts = &view.counts;
    for (state, count) in [("waiting", counts.waiting), ("under_way", counts.under_way), ("dead", counts.dead)] {
        family.encode_family(&[("state", state)])?.encode_gauge(&(count as f64))?;
    }
    out.gauge("smokeprobe_alert_queue_rounds", "Rounds that wait to be judged", counts.rounds_waiting as f64)?;
    let catching_up = view.catching_up as f64;
    let help = "Series whose stored rounds are still to be judged after the start";
    out.gauge("smokeprobe_alert_series_catching_up", help, catching_up)?;
    let help = "Rounds dropped before they were judged because the queue was full";
    count(out, "smokeprobe_alert_rounds_dropped", help, web.live.alerts.rounds_dropped())?;
    let help = "Times that the state of the alerts could not be written";
    count(out, "smokeprobe_alert_state_failures", help, view.state.failures)?;
    let blocked = f64::from(u8::from(view.state.trouble.is_some()));
    out.gauge("smokeprobe_alert_state_blocked", "1 while the state of the alerts cannot be written", blocked)
}

fn count(out: &mut Families, name: &str, help: &str, value: u64) -> fmt::Result {
    use prometheus_client::encoding::NoLabelSet;

    out.family(name, help, MetricType::Counter)?.encode_counter::<NoLabelSet, u64, u64>(&value, None)
}
