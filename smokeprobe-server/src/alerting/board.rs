//! What everybody may know of the alerts: read without waiting for those who decide them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use smokeprobe_alerts::{AlertName, Event, HistoryReader, Message, RecipientId, Silence, Silent, What};
use smokeprobe_core::SeriesId;
use tokio::sync::broadcast;

/// Events that a subscriber may be behind. Then it loses the oldest.
const FEED: usize = 1024;

/// Messages of each kind that a view lists; their numbers count all.
pub(super) const LISTED: usize = 500;

/// Events of a message that a view lists.
const TOLD: usize = 10;

/// Shared between the alerts' thread, its sink and the web.
#[derive(Debug)]
pub struct Board {
    view: ArcSwap<View>,
    feed: broadcast::Sender<Arc<Event>>,
    rounds_dropped: AtomicU64,
    /// Once the state is open.
    history: OnceLock<HistoryReader>,
}

/// How the alerts are, as of a moment ago.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// What is raised, by series and alert.
    pub standing: Vec<Standing>,
    /// Silences and maintenance windows, with whether each holds now.
    pub silences: Vec<(Silence, bool)>,
    /// Messages that are not delivered yet, the oldest first, and no more than five hundred.
    pub waiting: Vec<Listed>,
    /// Messages that were given up, in the same way.
    pub dead: Vec<Listed>,
    /// What was counted.
    pub counts: Counts,
    /// The state file.
    pub state: StateView,
    /// Series that are watched.
    pub watched: usize,
    /// Series whose stored rounds are still to be judged after the start.
    pub catching_up: usize,
}

/// A message as it is listed: a view is made often, and some messages tell of hundreds of events.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The message, with the first ten of its events.
    pub message: Message,
    /// How many events it tells.
    pub events: usize,
}

/// A raised alert.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Whose.
    pub series: SeriesId,
    /// Which.
    pub alert: AlertName,
    /// How it stands.
    pub standing: smokeprobe_alerts::Standing,
    /// Why nobody was told of its newest event, where that is known.
    pub silent: Option<Silent>,
}

/// Counts since the start, and how many messages there are.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Events of each alert, by what became of it.
    pub events: BTreeMap<AlertName, [u64; 3]>,
    /// What became of the messages to each recipient.
    pub recipients: BTreeMap<RecipientId, smokeprobe_alerts::Counts>,
    /// Messages that are not delivered yet.
    pub waiting: usize,
    /// Messages that are being delivered.
    pub under_way: usize,
    /// Messages that were given up, and nobody has looked at.
    pub dead: usize,
    /// Rounds that wait to be judged.
    pub rounds_waiting: usize,
}

/// How the state file is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateView {
    /// Why it is not written, when it is not.
    pub trouble: Option<String>,
    /// Writes that failed since the start.
    pub failures: u64,
    /// What became of the file that was there at the start, when it was damaged.
    pub set_aside: Option<String>,
}

impl Listed {
    pub(super) fn new(message: &Message) -> Self {
        let Message { id, recipient, events, created, due, attempts, dead } = message;
        let first = events.iter().take(TOLD).cloned().collect();
        let (recipient, dead) = (recipient.clone(), dead.clone());
        let (id, created, due, attempts) = (*id, *created, *due, *attempts);
        Self { events: events.len(), message: Message { id, recipient, events: first, created, due, attempts, dead } }
    }
}

impl Default for Board {
    fn default() -> Self {
        Self {
            view: ArcSwap::default(),
            feed: broadcast::channel(FEED).0,
            rounds_dropped: AtomicU64::new(0),
            history: OnceLock::new(),
        }
    }
}

impl Board {
    /// How the alerts are.
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Every event from now on, silent ones too.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.feed.subscribe()
    }

    /// Rounds that were dropped before they were judged.
    pub fn rounds_dropped(&self) -> u64 {
        self.rounds_dropped.load(Ordering::Relaxed)
    }

    /// Reads the history, once the state is open.
    pub fn history(&self) -> Option<&HistoryReader> {
        self.history.get()
    }

    /// The state is open, and this reads its history.
    pub(super) fn offer_history(&self, reader: HistoryReader) {
        // Once is all that a start opens one.
        let _ = self.history.set(reader);
    }

    /// Shows a view from now on.
    pub(crate) fn publish(&self, view: View) {
        self.view.store(Arc::new(view));
    }

    /// The thread that decides has ended by a fault.
    pub(super) fn has_failed(&self) {
        let mut view = (*self.view()).clone();
        view.state.trouble = Some("the alerts hit a fault and stand still until the server is restarted".to_owned());
        self.publish(view);
    }

    /// Tells of an event.
    pub(super) fn tell(&self, event: Event) {
        // Nobody may be listening.
        let _ = self.feed.send(Arc::new(event));
    }

    pub(super) fn drop_rounds(&self, count: u64) {
        self.rounds_dropped.fetch_add(count, Ordering::Relaxed);
    }
}

impl Counts {
    /// The order of [`events`](Self::events).
    pub const WHAT: [&'static str; 3] = ["raised", "active", "cleared"];

    pub(super) fn event(&mut self, event: &Event) {
        let index = match event.what {
            What::Raised => 0,
            What::Active => 1,
            What::Cleared => 2,
        };
        self.events.entry(AlertName::clone(&event.alert)).or_default()[index] += 1;
    }
}

#[cfg(test)]
mod tests {
    use smokeprobe_alerts::MessageId;
    use smokeprobe_core::WallTime;

    use super::*;

    #[test]
    fn message_of_many_events_is_listed_by_its_first() {
        let event = |time| Event {
            series: "A.B".parse().unwrap(),
            alert: "hostdown".into(),
            what: What::Raised,
            time,
            since: time,
            silent: None,
            recipients: Arc::from([]),
            facts: Arc::default(),
        };
        let now = WallTime::from_unix_secs(1_795_348_830);
        let message = |events: i64| Message {
            id: MessageId(7),
            recipient: RecipientId::new("ops@example.net"),
            events: (0..events).map(event).collect(),
            created: now,
            due: now,
            attempts: 2,
            dead: Some("refused".to_owned()),
        };
        let listed = Listed::new(&message(500));
        assert_eq!((listed.events, listed.message), (500, message(10)));
        let listed = Listed::new(&message(3));
        assert_eq!((listed.events, listed.message), (3, message(3)));
    }
}
