//! The probes and the agents, each with what was counted of its series.

use std::collections::BTreeMap;

use serde::Serialize;
use smokeprobe_core::WallTime;

use super::super::metrics::Counts;
use crate::config::Plan;
use crate::describe::{probe_of, series_of, supported};

/// A probe that targets use, in the order of its name.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Probe {
    name: String,
    /// The SmokePing module, such as `FPing`.
    module: String,
    /// Its targets are measured.
    supported: bool,
    targets: usize,
    series: usize,
    /// Rounds since the start.
    measured: u64,
    unknown: u64,
    suspect: u64,
}

/// A slave.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Agent {
    name: String,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// Series that it measures.
    series: usize,
    measured: u64,
    unknown: u64,
    suspect: u64,
    /// When the newest of its rounds started, in Unix seconds; null when none came since the start.
    last: Option<u64>,
    /// Rounds are due, and none came for the time of two.
    silent: bool,
}

pub(super) fn probes(plan: &Plan, counts: &[Counts]) -> Vec<Probe> {
    let mut probes: BTreeMap<&str, Probe> = BTreeMap::new();
    for target in plan.targets() {
        let probe = probes.entry(&target.probe).or_default();
        probe.supported = supported(plan, target);
        probe.module = probe_of(plan, target).map_or_else(|| target.probe.clone(), |probe| probe.module.clone());
        probe.targets += 1;
        probe.series += series_of(target).count();
    }
    for count in counts {
        let Some(probe) = probes.get_mut(count.probe.as_str()) else { continue };
        probe.measured += count.measured;
        probe.unknown += count.unknown;
        probe.suspect += count.suspect;
    }
    probes.into_iter().map(|(name, probe)| Probe { name: name.to_owned(), ..probe }).collect()
}

pub(super) fn agents(plan: &Plan, counts: &[Counts], now: WallTime) -> Vec<Agent> {
    let agent = |slave: &crate::config::plan::Slave| {
        let own = || counts.iter().filter(|count| count.vantage == slave.name);
        let of_slave =
            || plan.targets().filter(|target| supported(plan, target) && target.slaves.contains(&slave.name));
        let last = own().filter_map(|count| count.last).max();
        let every = of_slave().map(|target| u64::from(target.step.as_secs())).min();
        let age = last.map(|last| now.unix_secs().unsigned_abs().saturating_sub(last));
        Agent {
            name: slave.name.clone(),
            display_name: slave.display_name.clone(),
            location: slave.location.clone(),
            series: of_slave().count(),
            measured: own().map(|count| count.measured).sum(),
            unknown: own().map(|count| count.unknown).sum(),
            suspect: own().map(|count| count.suspect).sum(),
            last,
            silent: every.is_some_and(|every| age.is_none_or(|age| age > 2 * every)),
        }
    };
    plan.slaves.values().map(agent).collect()
}
