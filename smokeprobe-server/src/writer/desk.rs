//! The writer's work without its thread: which round is stored when, and what an error means.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use smokeprobe_core::{MonoTime, Round, SeriesId};
use smokeprobe_store::{Appended, StoreError};

use super::keep::Keep;
use crate::live::Counters;
use crate::sentence::sentence;

/// From one sync to the next: what a power cut may cost.
const SYNC: Duration = Duration::from_secs(1);

/// Bytes of new files a second: five files of SmokePing's usual 12 MB. Other programs use the disk, too.
const NEW_BYTES: f64 = 64e6;

/// What a new file counts for at least: 200 small ones are made a second.
const NEW_FILE: f64 = NEW_BYTES / 200.0;

/// A disk that is nearly full is logged once in this time: free space goes up and down.
const REMIND: Duration = Duration::from_secs(3600);

/// After so many series in a row whose rounds could not be stored, the disk is taken to be the reason, and the others
/// are left for the next look. As many of those that failed before are tried again in a look: series take turns, so
/// that each is tried in time, and the sound ones need not wait for them.
const IN_A_ROW: usize = 16;

/// How much may be written at a look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Allowance {
    /// Rounds.
    pub(super) rounds: usize,
    /// Whether files are made at a bounded rate.
    pub(super) spread: bool,
}

/// Stores rounds, and remembers what went wrong.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// Series whose files are known to be there.
    with_file: HashSet<SeriesId>,
    /// Bytes of files that may be made now; grows with time.
    budget: f64,
    /// Series whose rounds wait since the store failed to take one.
    failing: HashSet<SeriesId>,
    /// Series whose last round the store refused for good: logged once.
    refused: BTreeSet<SeriesId>,
    looked: MonoTime,
    synced: MonoTime,
    unsynced: bool,
    /// Why rounds cannot be stored at present.
    blocked: Option<Blocked>,
    /// Bytes that are free on the disk, once they are few.
    nearly_full: Option<u64>,
    /// When the log had it last.
    reminded: Option<MonoTime>,
}

#[derive(Debug)]
struct Blocked {
    why: String,
    since: MonoTime,
}

/// Where a desk takes rounds from.
pub(super) trait Tray {
    /// The next round.
    fn pop(&mut self) -> Option<Round>;
    /// A round that could not be stored for now.
    fn put_back(&mut self, round: Round);
    /// Series that have rounds.
    fn series(&self) -> usize;
}

impl Desk {
    /// Looks at the tray once.
    pub(super) fn look(
        &mut self,
        now: MonoTime,
        tray: &mut dyn Tray,
        store: &dyn Keep,
        counters: &Counters,
        allowance: Allowance,
    ) {
        let passed = now.saturating_since(self.looked).as_secs_f64();
        self.budget = NEW_BYTES.min(self.budget + passed * NEW_BYTES);
        self.looked = now;
        // Series whose rounds wait for a later look.
        let mut skip: HashSet<SeriesId> = HashSet::new();
        let (mut left, mut in_a_row, mut again, mut idle, mut trouble) = (allowance.rounds, 0, 0, 0, None);
        while left > 0 && in_a_row < IN_A_ROW && idle < tray.series() {
            let Some(round) = tray.pop() else { break };
            idle += 1;
            let failed_before = self.failing.contains(&round.series);
            if skip.contains(&round.series) || (failed_before && again == IN_A_ROW) {
                tray.put_back(round);
                continue;
            }
            match self.store(&round, store, allowance.spread) {
                Outcome::Kept(appended) => {
                    count(appended, counters);
                    self.unsynced = true;
                    (left, in_a_row, idle) = (left - 1, 0, 0);
                    self.failing.remove(&round.series);
                    if self.refused.remove(&round.series) {
                        tracing::info!(series = %round.series, "rounds are stored again");
                    }
                }
                Outcome::PutOff => {
                    skip.insert(round.series.clone());
                    tray.put_back(round);
                }
                Outcome::Failed(error) if error.is_transient() => {
                    if failed_before {
                        again += 1;
                    } else {
                        in_a_row += 1;
                    }
                    self.with_file.remove(&round.series);
                    self.failing.insert(round.series.clone());
                    skip.insert(round.series.clone());
                    trouble.get_or_insert_with(|| sentence(&error));
                    tray.put_back(round);
                }
                Outcome::Failed(error) => {
                    (left, idle) = (left - 1, 0);
                    self.failing.remove(&round.series);
                    counters.rounds_refused.fetch_add(1, Ordering::Relaxed);
                    if self.refused.insert(round.series.clone()) {
                        tracing::error!(series = %round.series, "round not stored: {}", sentence(&error));
                    }
                }
            }
        }
        if trouble.is_none() && !self.failing.is_empty() {
            // Their turn did not come.
            trouble = self.blocked.as_ref().map(|blocked| blocked.why.clone());
        }
        if self.unsynced && now.saturating_since(self.synced) >= SYNC {
            trouble = self.sync(now, store).or(trouble);
        }
        self.note(now, trouble);
    }

    /// Makes everything kept so far safe from a power cut.
    pub(super) fn sync(&mut self, now: MonoTime, store: &dyn Keep) -> Option<String> {
        self.synced = now;
        self.nearly_full = store.nearly_full();
        if let Some(free) = self.nearly_full
            && self.reminded.is_none_or(|last| now.saturating_since(last) >= REMIND)
        {
            self.reminded = Some(now);
            tracing::warn!(
                "the disk is nearly full, {} MB are free: soon rounds cannot be stored and wait in memory",
                free / 1_000_000
            );
        }
        match store.sync() {
            Ok(()) => {
                self.unsynced = false;
                None
            }
            Err(error) => Some(sentence(&error)),
        }
    }

    /// Whether something kept is not yet safe from a power cut.
    pub(super) const fn is_unsynced(&self) -> bool {
        self.unsynced
    }

    /// Why rounds cannot be stored at present.
    pub(super) fn blocked(&self) -> Option<&str> {
        self.blocked.as_ref().map(|blocked| blocked.why.as_str())
    }

    /// Bytes that are free on the disk, once they are few.
    pub(super) const fn nearly_full(&self) -> Option<u64> {
        self.nearly_full
    }

    fn store(&mut self, round: &Round, store: &dyn Keep, spread: bool) -> Outcome {
        // Not made ahead: a file begins with its first round, and takes none from before.
        let is_new = !self.with_file.contains(&round.series) && store.size(&round.series).is_none();
        if is_new && spread && self.budget <= 0.0 {
            return Outcome::PutOff;
        }
        match store.append(round) {
            Ok(appended) => {
                if is_new {
                    let bytes = store.size(&round.series).unwrap_or_default();
                    self.budget -= (bytes as f64).max(NEW_FILE);
                }
                self.with_file.insert(round.series.clone());
                Outcome::Kept(appended)
            }
            Err(error) => Outcome::Failed(error),
        }
    }

    /// Says once that rounds cannot be stored, and once that they can again.
    fn note(&mut self, now: MonoTime, trouble: Option<String>) {
        match (trouble, self.blocked.take()) {
            (Some(why), None) => {
                tracing::error!("rounds cannot be stored and wait in memory: {why}");
                self.blocked = Some(Blocked { why, since: now });
            }
            (Some(why), Some(blocked)) => self.blocked = Some(Blocked { why, ..blocked }),
            (None, Some(blocked)) => {
                let secs = now.saturating_since(blocked.since).as_secs();
                tracing::info!("rounds are stored again, after {secs} s");
            }
            (None, None) => {}
        }
    }
}

enum Outcome {
    Kept(Appended),
    /// Its file is made later.
    PutOff,
    Failed(StoreError),
}

fn count(appended: Appended, counters: &Counters) {
    let counter: &AtomicU64 = match appended {
        Appended::Stored => &counters.rounds_stored,
        Appended::Duplicate => &counters.rounds_duplicate,
        Appended::TooOld => &counters.rounds_too_old,
    };
    counter.fetch_add(1, Ordering::Relaxed);
}
