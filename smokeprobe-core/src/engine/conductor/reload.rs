//! From the series that are measured to those that shall be.

use std::collections::HashSet;
use std::time::Duration;

use super::{Conductor, Entry};
use crate::engine::{Offset, Reloaded, SeriesSpec};
use crate::schedule::spread;

impl Conductor {
    pub(super) fn reload(&mut self, specs: Vec<SeriesSpec>) -> Reloaded {
        let now = self.config.clock.wall();
        let mut outcome = Reloaded::default();
        let mut given = HashSet::with_capacity(specs.len());
        for spec in specs {
            let id = spec.series.clone();
            if !given.insert(id.clone()) {
                tracing::error!(series = %id, "series given twice; the first one counts");
                outcome.duplicates += 1;
                continue;
            }
            let former = self.series.get(&id).map(|entry| &entry.spec);
            if former.is_some_and(|former| former.same_measurement(&spec)) {
                outcome.kept += 1;
                continue;
            }
            let same_timing = former.is_some_and(|former| former.same_timing(&spec));
            match former {
                Some(_) => outcome.changed += 1,
                None => outcome.added += 1,
            }
            self.stop_series(&id);
            if !same_timing {
                self.schedule.remove(&id);
                self.schedule.insert(now, id.clone(), spec.step, offset(&spec), spec.last);
            }
            self.series.insert(id, Entry { spec, running: None, waiting: None });
        }
        let gone: Vec<_> = self.series.keys().filter(|id| !given.contains(id)).cloned().collect();
        outcome.removed = gone.len();
        for id in gone {
            self.stop_series(&id);
            self.schedule.remove(&id);
            self.series.remove(&id);
        }
        outcome
    }
}

fn offset(spec: &SeriesSpec) -> Duration {
    match spec.offset {
        Offset::Spread => spread(&spec.series, spec.step),
        Offset::At(offset) => {
            let step = u64::from(spec.step.as_secs());
            Duration::new(offset.as_secs() % step, offset.subsec_nanos())
        }
    }
}
