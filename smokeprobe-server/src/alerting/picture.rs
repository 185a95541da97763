//! Smoke graphs for mails.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use smokeprobe_alerts::Illustrator;
use smokeprobe_core::{Clock, SeriesId, WallTime};
use smokeprobe_store::{Consolidation, Store};
use tokio::sync::Semaphore;

use super::board::Board;
use super::marks;
use crate::config::Plan;
use crate::graph::png;
use crate::suspects::Suspects;
use crate::timespec::Range;
use crate::{describe, picture, rows};

/// Pictures that are drawn at once: mails can wait, and measuring wants the processor.
const AT_ONCE: usize = 1;

/// Seconds that a picture shows.
const SHOWN: i64 = 3 * 3600;

/// Draws series of the plan that runs.
pub struct Pictures {
    plan: ArcSwap<Plan>,
    past: Arc<Past>,
    clock: Arc<dyn Clock>,
    turns: Arc<Semaphore>,
}

/// What is drawn.
struct Past {
    store: Arc<dyn Store>,
    suspects: Arc<Suspects>,
    board: Arc<Board>,
}

impl Pictures {
    /// Draws from a store, with the rounds hatched that are not to be trusted, and the alerts marked that the board knows.
    /// `plan` says what the targets are called, and how large pictures are.
    pub fn new(
        plan: Arc<Plan>,
        store: Arc<dyn Store>,
        suspects: Arc<Suspects>,
        board: Arc<Board>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let past = Arc::new(Past { store, suspects, board });
        Self { plan: ArcSwap::new(plan), past, clock, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Draws the series of another plan from now on.
    pub fn follow(&self, plan: Arc<Plan>) {
        self.plan.store(plan);
    }
}

#[async_trait]
impl Illustrator for Pictures {
    async fn png(&self, series: &SeriesId, until: i64) -> Option<Vec<u8>> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let (plan, past) = (self.plan.load_full(), Arc::clone(&self.past));
        let (series, now) = (series.clone(), self.clock.wall());
        let drawing = tokio::task::spawn_blocking(move || {
            // Until it is drawn, also when nobody waits for it any more: a disk that hangs keeps one thread, not one a mail.
            let _turn = turn;
            past.draw(&plan, &series, until, now)
        });
        drawing.await.ok().flatten()
    }
}

impl Past {
    /// A series over some hours before `until` (Unix seconds), as large as the configuration's graphs. None of a series that
    /// there is not, or that cannot be read.
    fn draw(&self, plan: &Plan, series: &SeriesId, until: i64, now: WallTime) -> Option<Vec<u8>> {
        let node = describe::find(plan, &series.target)?;
        let target = node.target.as_ref()?;
        if !describe::series_of(target).any(|known| known == *series) {
            return None;
        }
        let range = Range { from: until - SHOWN, to: until };
        let mut drawing = picture::drawing(plan, node, target, &series.vantage, range, now);
        let most = picture::rows(drawing.width);
        let frame = rows::read(&*self.store, series, range, Consolidation::Average, most).ok().flatten()?;
        drawing.suspect = picture::suspect(&self.suspects, series, target, range);
        let alone = HashSet::from([series.clone()]);
        drawing.marks = marks::read(&self.board, &series.target, &alone, range, drawing.now);
        picture::NO_DATA.clone_into(&mut drawing.message);
        drawing.subtitle = picture::describe_dates(range);
        drawing.grain = 1.0;
        match png(&drawing.svg(Some(&frame)), 1) {
            Ok(picture) => Some(picture),
            Err(error) => {
                tracing::warn!(%series, error = &error as &dyn Error, "cannot draw the picture of a mail");
                None
            }
        }
    }
}

/// By hand, as a store has no `Debug`.
impl fmt::Debug for Pictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pictures").field("clock", &self.clock).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use resvg::tiny_skia::Pixmap;
    use smokeprobe_alerts::What;
    use smokeprobe_core::sim::ManualClock;
    use smokeprobe_core::{Measured, Round, RoundResult, Rtt, Slot, Step};
    use smokeprobe_store::MemoryStore;

    use super::super::marks::tests::{board, event};
    use super::*;
    use crate::config::{InMemory, load_from};

    const UNTIL: i64 = 1_795_348_800;

    fn series() -> SeriesId {
        "A.B".parse().unwrap()
    }

    /// Of a target that always answered.
    fn pictures(suspects: &Arc<Suspects>, board: &Arc<Board>) -> Pictures {
        let text = "*** Targets ***\nprobe = FPing\n+ A\n++ B\nhost = 192.0.2.1\n";
        let plan = load_from(&InMemory::default().with("config", text), "config".as_ref()).plan.unwrap();
        let store = MemoryStore::new(100);
        for end in (UNTIL - 9000..=UNTIL).step_by(300) {
            let slot = Slot::ending_at(end, Step::DEFAULT);
            let result = RoundResult::Measured(Measured::from_samples([Rtt::from_nanos(5_000_000); 20], 0));
            let started = WallTime::from_unix_secs(slot.start());
            store.append(&Round { series: series(), slot, pings: 20, started, result }).unwrap();
        }
        let clock = Arc::new(ManualClock::new(WallTime::from_unix_secs(UNTIL)));
        Pictures::new(plan.into(), Arc::new(store), Arc::clone(suspects), Arc::clone(board), clock)
    }

    #[tokio::test]
    async fn rounds_that_are_not_to_be_trusted_are_hatched() {
        let (series, suspects) = (series(), Arc::new(Suspects::default()));
        let pictures = pictures(&suspects, &Arc::default());
        let clean = pictures.png(&series, UNTIL).await.unwrap();
        assert_eq!(clean, pictures.png(&series, UNTIL).await.unwrap(), "the same rounds are the same picture");
        suspects.note(&series, UNTIL - 3000);
        assert_ne!(clean, pictures.png(&series, UNTIL).await.unwrap());
        for unknown in ["A.C", "A.B~tokyo"] {
            assert_eq!(pictures.png(&unknown.parse().unwrap(), UNTIL).await, None, "{unknown}");
        }
    }

    #[tokio::test]
    async fn alerts_are_marked_from_their_rise_to_their_end() {
        let raised = UNTIL - 7200;
        let whole = vec![event(What::Raised, raised, raised, None), event(What::Cleared, UNTIL - 3600, raised, None)];
        let newest = vec![event(What::Raised, UNTIL, UNTIL, None)];
        let (alert, ground) = ([0xc0, 0x24, 0x1a], [0xff; 3]);
        for (events, wanted) in [(whole, [alert, alert, ground, ground]), (newest, [ground, ground, ground, alert])] {
            let folder = tempfile::tempdir().unwrap();
            let pictures = pictures(&Arc::default(), &Arc::new(board(folder.path(), events)));
            let picture = Pixmap::decode_png(&pictures.png(&series(), UNTIL).await.unwrap()).unwrap();
            // Within the triangles, and on the line between; three hours are 621 pixels from the 58th on.
            let found = [(265, 205), (300, 204), (472, 203), (679, 205)].map(|(x, y)| {
                let pixel = picture.pixel(x, y).unwrap();
                [pixel.red(), pixel.green(), pixel.blue()]
            });
            assert_eq!(found, wanted);
        }
    }
}
