//! Alert rules over rounds of latency measurements: SmokePing's pattern language and its matchers.
//!
//! A rule is a pure function of the rounds seen so far, so the same rule gives the same answer live and in a replay
//! over stored history:
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
#[cfg(feature = "test-util")]
pub use state::{MemoryState, conformance as state_conformance};
#[cfg(feature = "sqlite")]
pub use state::{SetAside, SqliteState};
