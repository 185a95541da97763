//! From a plan to what the engine measures.

mod broken;
mod dynamic;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use smokeprobe_core::probes::dns::DnsProbe;
use smokeprobe_core::probes::http::HttpProbe;
use smokeprobe_core::probes::icmp::{IcmpProbe, Pinger};
use smokeprobe_core::probes::tcp::TcpProbe;
use smokeprobe_core::{Host, Offset, Probe, ProbeError, RoundLimit, SeriesId, SeriesSpec, Slot};
use smokeprobe_store::SeriesMeta;

use crate::config::Plan;
use crate::config::plan::{self, ProbeInstance, ProbeOptions, Target, TargetHost};
use crate::dynamic::address_file;
use broken::BrokenProbe;
use dynamic::DynamicHost;

/// The probes in use. On a reload, those whose options are the same go on being used, which is how the engine knows that
/// a series did not change.
#[derive(Debug, Default)]
pub struct Shelf {
    pinger: Pinger,
    probes: HashMap<Key, Arc<dyn Probe>>,
    /// The first ICMP probe of each section and gap: the packets of all others keep their gap from its own.
    groups: HashMap<(String, Duration), IcmpProbe>,
    /// How many rounds of a section run at once.
    limits: HashMap<(String, u32), RoundLimit>,
}

/// What makes two targets use the same probe.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    section: String,
    options: ProbeOptions,
    forks: Option<u32>,
    /// The file with the address of a dynamic host.
    address: Option<PathBuf>,
}

impl Shelf {
    /// The pinger of all ICMP probes.
    pub const fn pinger(&self) -> &Pinger {
        &self.pinger
    }

    /// The series of a plan that this machine measures, in the plan's order. `stored` is what the store has.
    pub fn specs(&mut self, plan: &Plan, stored: &[SeriesMeta]) -> Vec<SeriesSpec> {
        let last: HashMap<&SeriesId, Slot> =
            stored.iter().filter_map(|meta| Some((&meta.series, Slot::ending_at(meta.last?, meta.step)))).collect();
        let mut former = std::mem::take(&mut self.probes);
        let mut specs = Vec::new();
        for target in plan.targets().filter(|target| !target.nomasterpoll) {
            let Some(section) = plan.probes.get(&target.probe).filter(|section| section.supported) else { continue };
            let (host, address) = match &target.host {
                TargetHost::Fixed(host) => (host.clone(), None),
                // The probe finds the address; this is what people see.
                TargetHost::Dynamic { .. } => (Host::Name("DYNAMIC".into()), Some(address_file(plan, target))),
            };
            let key =
                Key { section: section.name.clone(), options: target.options.clone(), forks: section.forks, address };
            let probe = match self.probes.get(&key).cloned().or_else(|| former.remove(&key)) {
                Some(probe) => probe,
                None => match self.make(section, &key) {
                    Some(probe) => probe,
                    None => continue,
                },
            };
            self.probes.insert(key, Arc::clone(&probe));
            let series = SeriesId::local(target.path.clone());
            let last = last.get(&series).copied();
            let offset = offset(section, target);
            specs.push(SeriesSpec { series, host, probe, step: target.step, pings: target.pings, offset, last });
        }
        specs
    }

    /// A new probe. `None` when we have none of its kind.
    fn make(&mut self, section: &ProbeInstance, key: &Key) -> Option<Arc<dyn Probe>> {
        let made: Result<Arc<dyn Probe>, ProbeError> = match &key.options {
            ProbeOptions::Icmp(options) => {
                let group = (section.name.clone(), options.gap);
                let mut probe = IcmpProbe::new(&self.pinger, options.clone()).named(section.name.clone());
                if let Some(first) = self.groups.get(&group) {
                    probe = probe.in_group_of(first);
                } else {
                    self.groups.insert(group, probe.clone());
                }
                if let Err(error) = probe.open() {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(probe = section.name, error, "cannot ping; it is tried again with each round");
                }
                Ok(Arc::new(probe))
            }
            ProbeOptions::Tcp(options) => Ok(Arc::new(TcpProbe::new(options.clone()))),
            ProbeOptions::Dns(options) => DnsProbe::new(options.clone()).map(|probe| Arc::new(probe) as _),
            ProbeOptions::Http(options) => HttpProbe::new(options.clone()).map(|probe| Arc::new(probe) as _),
            ProbeOptions::Unsupported => return None,
        };
        let mut probe = made.unwrap_or_else(|error| {
            tracing::error!(probe = section.name, error = &error as &dyn std::error::Error, "cannot measure");
            Arc::new(BrokenProbe::new(&section.name, &error))
        });
        if let Some(file) = &key.address {
            probe = Arc::new(DynamicHost::new(probe, file.clone()));
        }
        if let Some(forks) = key.forks {
            let limit = self.limits.entry((section.name.clone(), forks)).or_insert_with(|| RoundLimit::new(forks));
            probe = Arc::new(limit.over(probe));
        }
        Some(probe)
    }
}

fn offset(section: &ProbeInstance, target: &Target) -> Offset {
    match section.offset {
        plan::Offset::Random => Offset::Spread,
        plan::Offset::Percent(percent) => Offset::At(target.step.as_duration() * percent / 100),
    }
}
