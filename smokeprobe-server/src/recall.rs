//! The last stored rounds, shown from the start on: a restart is no reason to show nothing for a step.

use std::collections::HashSet;

use smokeprobe_core::{Measured, Round, RoundResult, Rtt, SeriesId, Slot, WallTime};
use smokeprobe_store::{Consolidation, Query, SeriesMeta, Store, StoreError};

use crate::live::Live;

/// A last round older than this many steps says nothing of now; nor does one that is older than [`RECENT`].
const STEPS: i64 = 3;

/// Seconds that a last round is worth showing, however short its step is.
const RECENT: i64 = 900;

/// Shows the last stored round of each series that the plan has and that no round has ended of yet.
///
/// What cannot be read is left out: whoever looks at the series is told why then.
pub(crate) fn recall(live: &Live, store: &dyn Store, stored: &[SeriesMeta], now: WallTime) {
    let plan = live.plan.load_full();
    let targets: HashSet<_> = plan.targets().map(|target| &target.path).collect();
    for meta in stored.iter().filter(|meta| targets.contains(&meta.series.target)) {
        let Some(last) = meta.last else { continue };
        let step = i64::from(meta.step.as_secs());
        if now.unix_secs() - last > (STEPS * step).max(RECENT) || live.last_round(&meta.series).is_some() {
            continue;
        }
        match read(store, &meta.series, last, meta) {
            Ok(Some(round)) => live.recall(round),
            Ok(None) => {}
            Err(error) => tracing::debug!(series = %meta.series, "cannot read the last round: {error}"),
        }
    }
}

/// The round of the row that ends at `last`; none when the row is unknown, as nobody kept why.
fn read(store: &dyn Store, series: &SeriesId, last: i64, meta: &SeriesMeta) -> Result<Option<Round>, StoreError> {
    let from = last - i64::from(meta.step.as_secs());
    let query = Query { series: series.clone(), from, to: last, consolidation: Consolidation::Average, max_points: 2 };
    let frame = store.query(&query)?;
    let row = (0..frame.rows()).find(|&row| frame.step == meta.step.as_secs() && frame.end_of(row) == last);
    let Some(row) = row.filter(|&row| !frame.loss[row].is_nan()) else { return Ok(None) };
    let answers = frame.samples.iter().map(|column| column[row]).filter(|rtt| rtt.is_finite() && *rtt >= 0.0);
    // RRD files keep seconds with seven digits.
    let rtts = answers.map(|seconds| Rtt::from_nanos((seconds * 1e9).round() as u64));
    let measured = Measured::from_samples(rtts, frame.loss[row].round() as u32);
    let slot = Slot::ending_at(last, meta.step);
    let started = WallTime::from_unix_secs(slot.start());
    let result = RoundResult::Measured(measured);
    Ok(Some(Round { series: series.clone(), slot, pings: frame.pings, started, result }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smokeprobe_core::{RoundSink, Step};
    use smokeprobe_store::{MemoryStore, Store as _};

    use super::*;
    use crate::config::{InMemory, load_from};
    use crate::live::LiveSink;

    const NOW: i64 = 1_795_348_800;

    fn live() -> Arc<Live> {
        let text = "*** Targets ***\nprobe = FPing\n+ A\nhost = 192.0.2.1\n+ B\nhost = 192.0.2.2\n";
        Arc::new(Live::new(Arc::new(
            load_from(&InMemory::default().with("config", text), "config".as_ref()).plan.unwrap(),
        )))
    }

    fn round(series: &str, end: i64, rtt_ms: u64, lost: u32) -> Round {
        let slot = Slot::ending_at(end, Step::DEFAULT);
        let result = RoundResult::Measured(Measured::from_samples([Rtt::from_nanos(rtt_ms * 1_000_000)], lost));
        let started = WallTime::from_unix_secs(slot.start());
        Round { series: series.parse().unwrap(), slot, pings: 1 + lost, started, result }
    }

    fn recalled(live: &Live, rounds: &[Round]) {
        let store = MemoryStore::new(10);
        for round in rounds {
            store.append(round).unwrap();
        }
        recall(live, &store, &store.catalog().unwrap(), WallTime::from_unix_secs(NOW));
    }

    #[test]
    fn the_last_stored_round_is_shown_until_the_next_has_ended() {
        let live = live();
        recalled(&live, &[round("A", NOW - 600, 7, 1), round("A", NOW - 300, 9, 1)]);
        let series: SeriesId = "A".parse().unwrap();
        assert_eq!(*live.last_round(&series).unwrap(), round("A", NOW - 300, 9, 1));
        assert!(live.recent_rounds(&series).is_empty(), "not all is known of a round of before the start");
    }

    #[test]
    fn what_is_old_unknown_or_not_in_the_plan_is_not_shown() {
        let live = live();
        recalled(&live, &[round("A", NOW - 1200, 7, 0), round("Gone", NOW - 300, 7, 0)]);
        for series in ["A", "B", "Gone"] {
            assert_eq!(live.last_round(&series.parse().unwrap()), None, "{series}");
        }
    }

    #[test]
    fn a_round_that_ended_meanwhile_stays() {
        let live = live();
        let fresh = round("A", NOW, 3, 0);
        LiveSink(Arc::clone(&live)).accept(&fresh).unwrap();
        recalled(&live, &[round("A", NOW - 300, 9, 0)]);
        live.recall(round("A", NOW - 300, 9, 0));
        assert_eq!(*live.last_round(&fresh.series).unwrap(), fresh);
    }
}
