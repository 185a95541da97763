//! The text of a scrape.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::super::WebState;
use super::alerting;
use super::stats::{SeriesStats, UNKNOWN_REASONS};
use crate::live::Measuring;

/// Prometheus' text format, version 0.0.4.
pub(super) const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

/// OpenMetrics 1.0.
pub(super) const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics, in OpenMetrics or in the classic format.
pub(super) fn write(web: &WebState, open: bool) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Snapshot(web.clone())));
    let mut text = String::new();
    // Writing to a `String` cannot fail, and no label set here refuses to be written.
    let _ = text::encode(&mut text, &registry);
    if open { text } else { classic(&text) }
}

/// OpenMetrics names a counter without the `_total` that its samples carry; the classic format names it with.
/// `# UNIT` and `# EOF` are not of the classic format.
fn classic(open: &str) -> String {
    let mut text = String::with_capacity(open.len());
    let mut lines = open.lines().peekable();
    while let Some(line) = lines.next() {
        let counter = |type_line: &str| type_line.starts_with("# TYPE ") && type_line.ends_with(" counter");
        let is_counter =
            counter(line) || (line.starts_with("# HELP ") && lines.peek().is_some_and(|next| counter(next)));
        if line.starts_with("# UNIT ") || line == "# EOF" {
            continue;
        }
        match line.splitn(4, ' ').collect::<Vec<_>>()[..] {
            [hash, keyword, name, rest] if is_counter => {
                let _ = writeln!(text, "{hash} {keyword} {name}_total {rest}");
            }
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

/// One reading of everything.
#[derive(Debug)]
struct Snapshot(WebState);

type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut out = Families(&mut encoder);
        self.series(&mut out)?;
        self.totals(&mut out)?;
        self.measuring(&mut out)?;
        self.server(&mut out)?;
        alerting::write(&self.0, &mut out)
    }
}

impl Snapshot {
    fn series(&self, out: &mut Families) -> fmt::Result {
        let all = self.0.metrics.series.load();
        let mut family =
            out.family("smokeprobe_rtt_seconds", "Round-trip times of the answers", MetricType::Histogram)?;
        for series in all.iter() {
            let (sum, count, buckets) = series.rtt.read();
            family.encode_family(&labels(series))?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
        }
        out.per_series("smokeprobe_pings_sent", "Pings sent in measured rounds", &all, |series| &series.sent)?;
        out.per_series("smokeprobe_pings_lost", "Pings without a valid answer in time", &all, |series| &series.lost)?;

        let mut family = out.family("smokeprobe_rounds", "Rounds by how they ended", MetricType::Counter)?;
        for series in all.iter() {
            let [target, vantage, probe] = labels(series);
            for (outcome, count) in [("measured", &series.measured), ("unknown", &series.unknown)] {
                let labels = [target, vantage, probe, ("outcome", outcome)];
                counter(&mut family, &labels, count.load(Ordering::Relaxed))?;
            }
        }
        let name = "smokeprobe_last_round_timestamp_seconds";
        let mut family = out.family(name, "When the last round started, as Unix time", MetricType::Gauge)?;
        for series in all.iter() {
            let last = series.last.load(Ordering::Relaxed);
            if last > 0 {
                family.encode_family(&labels(series))?.encode_gauge(&(last as f64))?;
            }
        }
        Ok(())
    }

    fn totals(&self, out: &mut Families) -> fmt::Result {
        let totals = &self.0.metrics.totals;
        let mut family =
            out.family("smokeprobe_unknown_rounds", "Unknown rounds by their reason", MetricType::Counter)?;
        for (reason, count) in UNKNOWN_REASONS.into_iter().zip(&totals.unknown) {
            counter(&mut family, &[("reason", reason)], count.load(Ordering::Relaxed))?;
        }
        let help = "Answers by whose time stamps their RTT was taken from";
        let mut family = out.family("smokeprobe_answers", help, MetricType::Counter)?;
        for (stamp, count) in [("kernel", &totals.kernel_stamps), ("user", &totals.user_stamps)] {
            counter(&mut family, &[("stamp", stamp)], count.load(Ordering::Relaxed))?;
        }
        out.total("smokeprobe_late_answers", "Answers that came after their time-out", &totals.late_answers)?;
        out.total("smokeprobe_duplicate_answers", "Answers beyond the first to one request", &totals.duplicates)?;
        let help = "Packets that our own receive queue dropped";
        out.total("smokeprobe_receive_overflows", help, &totals.receive_overflows)?;
        let help = "Rounds that our own starvation may have spoilt";
        out.total("smokeprobe_suspect_rounds", help, &totals.suspect_rounds)?;

        let (sum, count, buckets) = totals.timers.read();
        let help = "How late the worst of our own timers was, one value a round";
        let mut family = out.family("smokeprobe_timer_lateness_seconds", help, MetricType::Histogram)?;
        family.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn measuring(&self, out: &mut Families) -> fmt::Result {
        let Measuring { engine, icmp } = self.0.live.measuring();
        out.gauge("smokeprobe_rounds_running", "Rounds that run now", engine.running as f64)?;
        let help = "Rounds that were closed while their probe blocks its thread";
        out.gauge("smokeprobe_rounds_stuck", help, engine.stuck as f64)?;
        let help = "How late the last round started";
        out.gauge("smokeprobe_round_lateness_seconds", help, engine.lateness.as_secs_f64())?;
        let help = "How late a round started at worst since the start";
        out.gauge("smokeprobe_round_worst_lateness_seconds", help, engine.worst_lateness.as_secs_f64())?;
        for (name, help, count) in [
            ("smokeprobe_slots_missed", "Slots that went by without a round", engine.missed),
            ("smokeprobe_probes_panicked", "Rounds whose probe panicked", engine.panicked),
            ("smokeprobe_probes_cut_off", "Rounds that were cut off at their deadline", engine.cut_off),
            ("smokeprobe_icmp_sent", "ICMP requests handed to the kernel", icmp.sent),
            ("smokeprobe_icmp_send_waits", "Times that a full send buffer made us wait", icmp.send_waits),
            ("smokeprobe_icmp_send_failed", "ICMP requests that the system refused to send", icmp.send_failed),
            ("smokeprobe_icmp_clock_steps", "Steps of the wall clock seen between stamps", icmp.clock_steps),
        ] {
            out.family(name, help, MetricType::Counter)?.encode_counter::<NoLabelSet, u64, u64>(&count, None)?;
        }
        let help = "ICMP packets received that gave no RTT, by what they were";
        let mut family = out.family("smokeprobe_icmp_ignored", help, MetricType::Counter)?;
        for (what, count) in [
            ("after_close", icmp.after_close),
            ("forged", icmp.forged),
            ("truncated", icmp.truncated),
            ("damaged", icmp.damaged),
            ("unexpected", icmp.unexpected),
            ("foreign_error", icmp.foreign_errors),
        ] {
            counter(&mut family, &[("what", what)], count)?;
        }
        Ok(())
    }

    fn server(&self, out: &mut Families) -> fmt::Result {
        let web = &self.0;
        let (writer, reload) = (web.live.writer.load(), web.live.reload.load());
        let counters = &web.live.counters;
        out.total("smokeprobe_rounds_stored", "Rounds kept by the store", &counters.rounds_stored)?;
        let help = "Rounds dropped because the writer's queue was full";
        out.total("smokeprobe_rounds_dropped", help, &counters.rounds_dropped)?;
        let help = "Rounds whose slot the store had already";
        out.total("smokeprobe_rounds_duplicate", help, &counters.rounds_duplicate)?;
        let help = "Rounds older than the last one stored: the clock was set back";
        out.total("smokeprobe_rounds_too_old", help, &counters.rounds_too_old)?;
        let help = "Rounds that the store refused for good";
        out.total("smokeprobe_rounds_refused", help, &counters.rounds_refused)?;
        let updates = &web.updates;
        let outcomes = [
            ("changed", &updates.changed),
            ("unchanged", &updates.unchanged),
            ("refused", &updates.refused),
            ("failed", &updates.failed),
        ];
        let help = "Requests by which dynamic hosts tell their address, by how they ended";
        let mut family = out.family("smokeprobe_dynamic_updates", help, MetricType::Counter)?;
        for (outcome, count) in outcomes {
            counter(&mut family, &[("outcome", outcome)], count.load(Ordering::Relaxed))?;
        }
        out.gauge("smokeprobe_writer_queue_rounds", "Rounds that wait to be written", writer.queued as f64)?;
        let blocked = f64::from(u8::from(writer.blocked.is_some()));
        out.gauge("smokeprobe_writer_blocked", "1 while rounds cannot be written", blocked)?;
        let nearly_full = f64::from(u8::from(writer.nearly_full.is_some()));
        let help = "1 while the disk has less room than the journal may come to take";
        out.gauge("smokeprobe_disk_nearly_full", help, nearly_full)?;
        let set_aside = writer.set_aside.len() as f64;
        out.gauge("smokeprobe_files_set_aside", "Files set aside as damaged since the start", set_aside)?;
        let current = f64::from(u8::from(reload.error.is_none()));
        let help = "0 while the configuration on disk has errors and the plan before it runs";
        out.gauge("smokeprobe_config_last_reload_successful", help, current)?;
        let help = "When the configuration was last read, as Unix time";
        out.gauge("smokeprobe_config_last_reload_timestamp_seconds", help, reload.at.as_unix_secs_f64())?;
        let ready = f64::from(u8::from(web.readiness.reason().is_none()));
        out.gauge("smokeprobe_ready", "1 while a plan runs", ready)?;
        let started = web.started.as_unix_secs_f64();
        out.gauge("smokeprobe_start_time_seconds", "When the server started, as Unix time", started)?;
        let mut family = out.family("smokeprobe_build_info", "Always 1; the version is a label", MetricType::Gauge)?;
        family.encode_family(&[("version", env!("CARGO_PKG_VERSION"))])?.encode_gauge(&1.0_f64)
    }
}

/// `vantage` is empty for this machine, as an absent label is to Prometheus.
fn labels(series: &SeriesStats) -> Labels<'_, 3> {
    [("target", &series.target), ("vantage", &series.vantage), ("probe", &series.probe)]
}

pub(super) fn counter(family: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, count: u64) -> fmt::Result {
    family.encode_family(labels)?.encode_counter::<NoLabelSet, u64, u64>(&count, None)
}

pub(super) struct Families<'a, 'b>(&'a mut DescriptorEncoder<'b>);

impl Families<'_, '_> {
    pub(super) fn family<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, kind)
    }

    fn per_series(
        &mut self,
        name: &str,
        help: &str,
        all: &[std::sync::Arc<SeriesStats>],
        count: impl Fn(&SeriesStats) -> &AtomicU64,
    ) -> fmt::Result {
        let mut family = self.family(name, help, MetricType::Counter)?;
        for series in all {
            counter(&mut family, &labels(series), count(series).load(Ordering::Relaxed))?;
        }
        Ok(())
    }

    fn total(&mut self, name: &str, help: &str, count: &AtomicU64) -> fmt::Result {
        let mut family = self.family(name, help, MetricType::Counter)?;
        family.encode_counter::<NoLabelSet, u64, u64>(&count.load(Ordering::Relaxed), None)
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        self.family(name, help, MetricType::Gauge)?.encode_gauge(&value)
    }
}
