//! What alerts would have said over the rounds of the past: one replay for the command line and the page.

mod arrange;
mod stored;

use smokeprobe_alerts::{Event, Replay, Season, SeasonOrder, Watched};
use smokeprobe_core::SeriesId;
use smokeprobe_store::{Store, StoreError};
use thiserror::Error;

pub use arrange::{watched, watched_by};
pub use stored::{Stored, read};

/// Why nothing can be said of the past.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HindsightError {
    /// There is no such target, or it is not measured from there: a sentence with what was meant.
    #[error("{0}")]
    NoSuchTarget(String),
    /// There is no such alert: a sentence with what was meant.
    #[error("{0}")]
    NoSuchAlert(String),
    /// Nothing is stored of the series.
    #[error("nothing is stored of {0}")]
    NotStored(SeriesId),
    /// The finest rows are means of several rounds.
    #[error("the file of {0} has no archive of single rounds, only means of several")]
    OnlyMeans(SeriesId),
    /// Somebody put another file in its place.
    #[error("the rows of {0} changed while they were read; try again")]
    Changed(SeriesId),
    /// The rounds cannot be read.
    #[error("cannot read the rounds")]
    Store(#[from] StoreError),
    /// The weeks before, which a rule compares with, cannot be read.
    #[error("cannot read the weeks before")]
    Season(#[source] StoreError),
}

/// How many rounds the rules look at.
pub fn window(watched: &Watched) -> usize {
    watched.alerts.iter().map(|(alert, _)| alert.rule.window()).max().unwrap_or(0)
}

/// Judges stored rounds. `each` is called after every round with its time and what was said of it, and after one before
/// the time asked for without a time; the replay ends early when it answers `false`.
///
/// # Errors
///
/// When a rule compares with the weeks before, and these cannot be read.
pub fn replay(
    mut watched: Watched,
    store: &dyn Store,
    stored: Stored,
    mut each: impl FnMut(Option<i64>, Vec<Event>) -> bool,
) -> Result<Replay, HindsightError> {
    watched.step = stored.step;
    let mut replay = Replay::new(watched);
    let mut unread = None;
    let mut past = |order: &SeasonOrder| {
        stored.medians.season(store, order).unwrap_or_else(|error| {
            unread.get_or_insert(error);
            Season { hour: order.hour, ..Season::default() }
        })
    };
    let mut goes_on = true;
    for (time, round) in stored.before {
        replay.warm_up(time, round, &mut past);
        goes_on = each(None, Vec::new());
        if !goes_on {
            break;
        }
    }
    for (time, round) in stored.rounds {
        if !goes_on {
            break;
        }
        let events = replay.round(time, round, &mut past);
        goes_on = each(Some(time), events);
    }
    match unread {
        Some(error) => Err(HindsightError::Season(error)),
        None => Ok(replay),
    }
}
