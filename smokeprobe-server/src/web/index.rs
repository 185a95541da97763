//! What is worked out of a plan once, and then only looked up: the order of its series, and its outline.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use smokeprobe_core::{SeriesId, TargetPath};

use super::WebState;
use super::outline::Outline;
use crate::config::Plan;
use crate::config::plan::Target;
use crate::describe;

/// A plan with what is worked out of it.
#[derive(Debug)]
pub(super) struct Index {
    plan: Arc<Plan>,
    series: Vec<Entry>,
    positions: HashMap<SeriesId, usize>,
    outline: Outline,
}

/// A series of the plan.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: SeriesId,
    /// Somebody measures it: we have such a probe.
    pub(super) supported: bool,
    /// Left out wherever nobody named it: by `hide`, here or around it.
    pub(super) hidden: bool,
    /// The target's labels. Silences look at them, which must not search the plan for each alert.
    pub(super) labels: BTreeMap<String, String>,
}

/// The index of the plan that was last looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Indexed(Arc<ArcSwapOption<Index>>);

impl Index {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let hidden = hidden(&plan);
        let entry = |(id, target): (SeriesId, &Target)| Entry {
            supported: describe::supported(&plan, target),
            hidden: hidden.contains(&target.path),
            labels: target.labels.clone(),
            id,
        };
        let series: Vec<Entry> = describe::all_series(&plan).map(entry).collect();
        let positions = series.iter().enumerate().map(|(position, entry)| (entry.id.clone(), position)).collect();
        let outline = Outline::new(&plan);
        Self { plan, series, positions, outline }
    }

    /// The plan.
    pub(super) const fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The series in the order of [`describe::all_series`], by whose places the page knows them.
    pub(super) fn series(&self) -> &[Entry] {
        &self.series
    }

    /// The place of a series.
    pub(super) fn position(&self, series: &SeriesId) -> Option<usize> {
        self.positions.get(series).copied()
    }

    /// What the page is told of the plan. Its id is the plan's.
    pub(super) const fn outline(&self) -> &Outline {
        &self.outline
    }
}

/// The targets that `hide` leaves out, with everything below a section that is left out.
fn hidden(plan: &Plan) -> HashSet<TargetPath> {
    let mut pending = vec![(&plan.root, false)];
    let mut hidden = HashSet::new();
    while let Some((node, around)) = pending.pop() {
        let hide = around || node.hide;
        if let Some(target) = node.target.as_ref().filter(|_| hide) {
            hidden.insert(target.path.clone());
        }
        pending.extend(node.children.iter().map(|child| (child, hide)));
    }
    hidden
}

impl WebState {
    /// The index of the plan that runs. Some tens of milliseconds for the first who asks after a reload of ten thousand
    /// targets.
    pub(super) fn index(&self) -> Arc<Index> {
        if let Some(index) = self.kept_index() {
            return index;
        }
        let index = Arc::new(Index::new(self.live.plan.load_full()));
        self.indexed.0.store(Some(Arc::clone(&index)));
        index
    }

    /// The same, if somebody has asked for it before.
    pub(super) fn kept_index(&self) -> Option<Arc<Index>> {
        self.indexed.0.load_full().filter(|index| Arc::ptr_eq(index.plan(), &self.live.plan.load()))
    }
}
