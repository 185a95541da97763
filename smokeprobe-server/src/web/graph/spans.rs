//! From events of alerts to what is marked in a picture.

use std::collections::{HashMap, HashSet};

use smokeprobe_alerts::{Event, HistoryQuery, Silent, What};
use smokeprobe_core::{SeriesId, TargetPath};

use super::super::WebState;
use crate::graph::marks::AlertMark;
use crate::timespec::Range;

/// Events that are read for a picture at most, the newest.
const EVENTS: usize = 1000;

/// The alerts of these series, all of one target, in `range`. None where they cannot be read: the picture is drawn all the
/// same. Waits for the disk.
pub(super) fn read(web: &WebState, target: &TargetPath, series: &HashSet<SeriesId>, range: Range) -> Vec<AlertMark> {
    let view = web.live.alerts.view();
    let standing =
        view.standing.iter().filter(|one| series.contains(&one.series) && one.standing.since <= range.to).map(|one| {
            (one.series.clone(), one.alert.to_string(), one.standing.since, one.silent.as_ref().is_some_and(hides))
        });
    let standing: Vec<_> = standing.collect();
    let events = web.alerts.as_ref().and_then(|desk| desk.history().ok()).and_then(|history| {
        let (from, to) = (Some(range.from), Some(range.to.saturating_add(1)));
        let query = HistoryQuery { below: Some(target.clone()), alert: None, from, to, changes: true, limit: EVENTS };
        history.events(&query).ok()
    });
    let mut events: Vec<Event> = events.into_iter().flatten().map(|past| past.event).collect();
    events.retain(|event| series.contains(&event.series));
    // They come newest first.
    events.reverse();
    spans(&events, &standing)
}

/// The alert, since when it stands, and whether nobody was told.
type Standing = (SeriesId, String, i64, bool);

fn spans(events: &[Event], standing: &[Standing]) -> Vec<AlertMark> {
    struct Open {
        raised: i64,
        last: i64,
        silent: bool,
    }

    let mut open: HashMap<(&SeriesId, &str), Open> = HashMap::new();
    let mut spans = Vec::new();
    for event in events {
        let key = (&event.series, &*event.alert);
        let silent = event.silent.as_ref().is_some_and(hides);
        match event.what {
            What::Raised => {
                let fresh = Open { raised: event.time, last: event.time, silent };
                if let Some(Open { raised, last, silent }) = open.insert(key, fresh) {
                    spans.push(AlertMark { raised: Some(raised), cleared: Some(last), silent });
                }
            }
            What::Active => {
                let known = open.entry(key).or_insert(Open { raised: event.since, last: event.time, silent });
                known.last = event.time;
            }
            What::Cleared => {
                let known = open.remove(&key);
                let (raised, silent) = known.map_or((event.since, silent), |known| (known.raised, known.silent));
                spans.push(AlertMark { raised: Some(raised), cleared: Some(event.time), silent });
            }
        }
    }
    for (series, alert, since, silent) in standing {
        let known = open.remove(&(series, alert.as_str()));
        let (raised, silent) = known.map_or((*since, *silent), |known| (known.raised, known.silent));
        spans.push(AlertMark { raised: Some(raised), cleared: None, silent });
    }
    // Raised, never cleared, and not raised now: its rule is gone, or the range ends before it was cleared.
    spans.extend(open.into_values().map(|Open { raised, last, silent }| AlertMark {
        raised: Some(raised),
        cleared: Some(last),
        silent,
    }));
    spans
}

/// Somebody would have been told but for a silence or the like. An alert whose event is told only at its edges is not
/// hidden.
fn hides(silent: &Silent) -> bool {
    !matches!(silent, Silent::Repeat | Silent::NotEdge)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smokeprobe_alerts::Facts;

    use super::*;

    fn event(what: What, time: i64, since: i64, silent: Option<Silent>) -> Event {
        Event {
            series: "A.B".parse().unwrap(),
            alert: "loss".into(),
            what,
            time,
            since,
            silent,
            recipients: Arc::from([]),
            facts: Arc::new(Facts::default()),
        }
    }

    fn mark(raised: i64, cleared: Option<i64>, silent: bool) -> AlertMark {
        AlertMark { raised: Some(raised), cleared, silent }
    }

    #[test]
    fn an_alert_goes_from_its_rise_to_its_end() {
        let events = [
            event(What::Cleared, 100, 50, None),
            event(What::Raised, 200, 200, Some(Silent::Silenced("s".into()))),
            event(What::Active, 210, 200, Some(Silent::Repeat)),
            event(What::Cleared, 300, 200, Some(Silent::NeverTold)),
            event(What::Raised, 400, 400, None),
        ];
        let standing = [("A.B".parse().unwrap(), "loss".to_owned(), 400, false)];
        let wanted = [mark(50, Some(100), false), mark(200, Some(300), true), mark(400, None, false)];
        assert_eq!(spans(&events, &standing), wanted);
    }

    #[test]
    fn an_alert_without_an_end_is_seen_as_long_as_it_was_told_of() {
        let events = [event(What::Active, 110, 50, None), event(What::Active, 120, 50, None)];
        assert_eq!(spans(&events, &[]), [mark(50, Some(120), false)]);
        let other = [("A.B".parse().unwrap(), "rtt".to_owned(), 10, true)];
        assert_eq!(spans(&[], &other), [mark(10, None, true)]);
    }
}
