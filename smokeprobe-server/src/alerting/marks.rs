//! From events of alerts to what is marked in a picture. The page has the same in `assets/alerts/bars.js`.

use std::collections::{BTreeMap, HashSet};

use smokeprobe_alerts::{AlertName, Event, HistoryQuery, HistoryReader, Silent, What};
use smokeprobe_core::{SeriesId, TargetPath};

use super::board::{Board, Standing};
use crate::graph::marks::AlertMark;
use crate::timespec::Range;

/// Events that are read at once at most, the newest: of as many alerts as a picture marks, which are told of by two or three
/// each.
const EVENTS: usize = 500;

/// The alerts of these series, all of one target, that were raised in `range` or stood in it. Where their history cannot
/// be read, those that stand now: a picture is drawn all the same. Waits for the disk.
pub(crate) fn read(
    board: &Board,
    target: &TargetPath,
    series: &HashSet<SeriesId>,
    range: Range,
    now: i64,
) -> Vec<AlertMark> {
    let mut events = board.history().map(|history| events(history, target, range, now)).unwrap_or_default();
    events.retain(|event| series.contains(&event.series));
    let view = board.view();
    let standing = view.standing.iter().filter(|one| series.contains(&one.series) && one.standing.since <= range.to);
    marks(&events, standing, range.to)
}

/// What was raised and cleared in a range, and what was cleared after it.
fn events(history: &HistoryReader, target: &TargetPath, range: Range, now: i64) -> Vec<Event> {
    let read = |from, to| -> Vec<Event> {
        let (target, from) = (Some(target.clone()), Some(from));
        let query = HistoryQuery { target, from, to, changes: true, ..HistoryQuery::newest(EVENTS) };
        history.events(&query).unwrap_or_default().into_iter().map(|past| past.event).collect()
    };
    let after = range.to.saturating_add(1);
    let mut found = read(range.from, Some(after));
    // Nothing has happened yet in the future.
    if after <= now {
        let mut later = read(after, None);
        if later.len() >= EVENTS {
            // Too many since: what ended soon after the range is asked for by itself.
            let soon = after.saturating_add(range.to.saturating_sub(range.from));
            later.extend(read(after, Some(soon)));
        }
        found.extend(later.into_iter().filter(|event| event.what == What::Cleared && event.since <= range.to));
    }
    found
}

/// What is known of an alert from its rise to its end.
#[derive(Default)]
struct Bar {
    cleared: Option<i64>,
    stands: bool,
    /// Whether somebody was told of its rise, by the events of that.
    told: Option<bool>,
    /// The same by what came later, for a rise that was not read.
    told_by_then: bool,
}

/// An event says since when, so that a bar is whole where its other end is not among the events.
fn marks<'a>(events: &[Event], standing: impl Iterator<Item = &'a Standing>, until: i64) -> Vec<AlertMark> {
    let mut bars: BTreeMap<(i64, &SeriesId, &AlertName), Bar> = BTreeMap::new();
    for event in events {
        let bar = bars.entry((event.since, &event.series, &event.alert)).or_default();
        match event.what {
            What::Cleared => {
                bar.cleared = Some(event.time);
                bar.told_by_then |= event.silent != Some(Silent::NeverTold);
            }
            // What was raised silently and is told later is told.
            What::Raised | What::Active => bar.told = Some(bar.told.unwrap_or(false) || event.is_told()),
        }
    }
    for one in standing {
        let bar = bars.entry((one.standing.since, &one.series, &one.alert)).or_default();
        bar.stands = true;
        bar.told_by_then |= one.standing.told.is_some();
    }
    let mark = |((raised, ..), bar): ((i64, &SeriesId, &AlertName), Bar)| {
        // What is neither cleared nor raised now was forgotten, as by a state that was lost: it ends where it began. But what
        // was raised last of all may only be newer than what we know to stand.
        let forgotten = !bar.stands && raised < until;
        let cleared = bar.cleared.or_else(|| forgotten.then_some(raised));
        AlertMark { raised, cleared, silent: !bar.told.unwrap_or(bar.told_by_then) }
    };
    bars.into_iter().map(mark).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use smokeprobe_alerts::{Change, Facts, SqliteState, StateStore as _};
    use smokeprobe_core::WallTime;

    use super::super::board::View;
    use super::*;

    fn series() -> SeriesId {
        "A.B".parse().unwrap()
    }

    pub(in crate::alerting) fn event(what: What, time: i64, since: i64, silent: Option<Silent>) -> Event {
        Event {
            series: series(),
            alert: "loss".into(),
            what,
            time,
            since,
            silent,
            recipients: Arc::from([]),
            facts: Arc::new(Facts::default()),
        }
    }

    fn stands(alert: &str, since: i64, told: Option<i64>) -> Standing {
        let standing = smokeprobe_alerts::Standing {
            since,
            reason: String::new(),
            told,
            acknowledged: None,
            to: Arc::from([]),
            edgetrigger: true,
        };
        Standing { series: series(), alert: alert.into(), standing, silent: None }
    }

    fn mark(raised: i64, cleared: Option<i64>, silent: bool) -> AlertMark {
        AlertMark { raised, cleared, silent }
    }

    fn silenced() -> Silent {
        Silent::Silenced("s".into())
    }

    #[test]
    fn an_alert_goes_from_its_rise_to_its_end() {
        let events = [
            event(What::Raised, 400, 400, None),
            event(What::Cleared, 300, 200, Some(Silent::NeverTold)),
            event(What::Raised, 200, 200, Some(silenced())),
            event(What::Cleared, 100, 50, None),
            event(What::Cleared, 40, 30, Some(Silent::NeverTold)),
        ];
        let wanted =
            [mark(30, Some(40), true), mark(50, Some(100), false), mark(200, Some(300), true), mark(400, None, false)];
        assert_eq!(marks(&events, [stands("loss", 400, Some(400))].iter(), 1000), wanted);
    }

    #[test]
    fn a_rise_that_is_told_later_is_one_alert_that_people_were_told_of() {
        let events = [event(What::Raised, 250, 200, None), event(What::Raised, 200, 200, Some(silenced()))];
        assert_eq!(marks(&events, [stands("loss", 200, Some(250))].iter(), 1000), [mark(200, None, false)]);
    }

    #[test]
    fn what_is_known_to_stand_may_be_older_than_the_newest_events() {
        let cleared = [event(What::Cleared, 900, 200, None)];
        assert_eq!(marks(&cleared, [stands("loss", 200, Some(200))].iter(), 900), [mark(200, Some(900), false)]);
        let raised = [event(What::Raised, 900, 900, None)];
        assert_eq!(marks(&raised, [].iter(), 900), [mark(900, None, false)]);
        assert_eq!(marks(&raised, [].iter(), 901), [mark(900, Some(900), false)], "it was forgotten");
        assert_eq!(marks(&[], [stands("rtt", 10, None)].iter(), 900), [mark(10, None, true)]);
    }

    /// A board that has this history.
    pub(in crate::alerting) fn board(folder: &Path, events: Vec<Event>) -> Board {
        let file = folder.join("state.sqlite");
        let (mut state, _) = SqliteState::open(&file, WallTime::from_unix_secs(0)).unwrap();
        state.commit(&Change { events, ..Change::default() }).unwrap();
        let board = Board::default();
        board.offer_history(state.history());
        board
    }

    /// The marks of a series from and to some times.
    fn of(board: &Board, from: i64, to: i64) -> Vec<AlertMark> {
        read(board, &series().target, &HashSet::from([series()]), Range { from, to }, 90_000)
    }

    #[test]
    fn an_alert_is_marked_in_every_range_that_it_touches() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = Event { series: "A.B~tokyo".parse().unwrap(), ..event(What::Raised, 3000, 3000, None) };
        let events = vec![event(What::Raised, 1000, 1000, None), event(What::Cleared, 5000, 1000, None), elsewhere];
        let board = board(folder.path(), events);
        let whole = [mark(1000, Some(5000), false)];
        for (from, to) in [(500, 9000), (500, 3000), (2000, 3000), (4000, 9000), (4000, 90_000)] {
            assert_eq!(of(&board, from, to), whole, "{from} to {to}");
        }
        board.publish(View { standing: vec![stands("loss", 8000, Some(8000))], ..View::default() });
        for (from, to) in [(100, 900), (5100, 7900)] {
            assert_eq!(of(&board, from, to), [], "{from} to {to}");
        }
        assert_eq!(of(&board, 5100, 8000), [mark(8000, None, false)]);
    }

    #[test]
    fn of_very_many_events_the_newest_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut events = vec![event(What::Raised, 1000, 1000, None), event(What::Cleared, 5000, 1000, None)];
        for at in (0..EVENTS as i64).map(|number| 10_000 + 10 * number) {
            events.extend([event(What::Raised, at, at, None), event(What::Cleared, at + 5, at, None)]);
        }
        let board = board(folder.path(), events);
        let newest = of(&board, 0, 90_000);
        assert_eq!(newest.len(), EVENTS / 2);
        let last = 10_000 + 10 * (EVENTS as i64 - 1);
        assert_eq!(newest.last(), Some(&mark(last, Some(last + 5), false)));
        assert_eq!(of(&board, 500, 3000), [mark(1000, Some(5000), false)], "its end is not among the newest");
    }
}
