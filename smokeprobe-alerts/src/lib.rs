//! Alerts over rounds of latency measurements: deciding, remembering and telling.
//!
//! - An [`AlertRule`] judges the newest rounds of a series. [`Rules`] reads SmokePing's patterns and matchers, a few kinds
//!   more, and rules of your own by name.
//! - The [`Engine`] takes rounds and answers with [`Event`]s: what was raised, what was cleared, and who is told. [`Replay`]
//!   is the same over stored rounds.
//! - The [`Outbox`] makes messages of events and keeps each until it is delivered or given up.
//! - A [`StateStore`] keeps what the two must remember; with the feature `sqlite`, in one file.
//! - A [`Notifier`] delivers. Those of [`notify`] are behind the features `exec`, `smtp`, `http` and `aws`.
//!
//! Engine and outbox are sans-IO: they read no clock, open nothing, and run in virtual time in tests.
//!
//! A rule is a pure function of the rounds seen so far, so that it gives the same answer live and in a replay over
//! stored history:
//!
//! ```
//! use smokeprobe_alerts::{AlertRule, Held, History, Kind, Measurement, Observation, Verdict};
//!
//! let rule = smokeprobe_alerts::parse(Kind::Loss, ">0%,*12*,>0%,*12*,>0%")?;
//! let round = |loss| Observation::Measured(Measurement { loss, ..Measurement::default() });
//! let rounds = [Observation::Start, round(5.0), round(0.0), round(10.0), round(5.0)];
//! assert!(matches!(rule.judge(&History::new(&rounds), Held::No), Verdict::Raise(_)));
//! # Ok::<(), smokeprobe_alerts::RuleError>(())
//! ```

#![warn(missing_docs)]
#![forbid(unsafe_code)]

mod alert;
mod engine;
mod event;
pub mod notify;
mod outbox;
mod replay;
mod rule;
mod rules;
mod season;
mod silence;
mod state;
mod whole;

pub use alert::{Alert, AlertPlan, Watched};
pub use engine::{Engine, EngineError};
pub use event::{AlertName, Event, Facts, RecipientId, Silent, What};
pub use notify::{Delivered, DeliveryError, Illustrator, Notifier};
pub use outbox::{Attempt, AttemptOutcome, Counts, Message, MessageId, Outbox, OutboxError, Terms};
pub use replay::{FLAP_ROUNDS, Figures, Past, Replay, Summary};
pub use rule::{AlertRule, Held, History, Measurement, Observation, Verdict};
pub use rules::{Kind, Rule, RuleError, Rules, Semantics, legacy_difference, parse};
pub use season::{HOUR, Season, SeasonOrder, WEEK};
pub use silence::{Scope, Silence, SilenceError, Weekly, When};
pub use state::{
    Acknowledgement, AlertState, Change, HistoryQuery, Pace, PastAttempt, PastEvent, Saved, SeriesState, Standing,
    StateError, StateStore,
};
#[cfg(feature = "sqlite")]
pub use state::{HistoryReader, SetAside, SqliteState};
#[cfg(feature = "test-util")]
pub use state::{MemoryState, conformance as state_conformance};
