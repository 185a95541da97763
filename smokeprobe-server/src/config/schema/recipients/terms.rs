//! How recipients want to be told unless their section says otherwise.

use std::time::Duration;

use smokeprobe_alerts::Terms;

use super::super::super::check::{Check, DURATION, Verdict, digits};
use super::super::super::duration;
use super::super::super::grammar::{Rule, Values, rule};
use super::super::super::plan::Way;

/// Events within this time become one message.
const GROUP: Duration = Duration::from_secs(5);

/// Messages a minute to a mail box or a chat: more is noise, and most chat services refuse it.
const RATE_OF_PEOPLE: u32 = 20;

/// Messages a minute to a program at the other end of a line.
const RATE_OF_MACHINES: u32 = 60;

/// Older messages say nothing that is still of use.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// One try ends after this time: programs may take theirs, mail has several hosts to try, the net may not.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(30);
const MAIL_TIMEOUT: Duration = Duration::from_secs(60);
const NET_TIMEOUT: Duration = Duration::from_secs(10);

/// Messages a minute.
pub(in super::super) const RATE: Check = Check::With(|value| {
    Verdict::good_if(Rate::parse(value).is_some(), "messages a minute, at least 1, or `unlimited`")
});

/// How long one try may take.
pub(in super::super) const TIMEOUT: Check = Check::With(|value| {
    let bounds = Duration::from_secs(1)..=Duration::from_secs(600);
    let good = duration::parse(value).is_some_and(|timeout| bounds.contains(&timeout));
    Verdict::good_if(good, "a time from `1s` to `10m`")
});

/// The variables that set them, for all in `*** Alerts ***` and for one in its own section.
pub(in super::super) const DEFAULTS: [Rule; 4] =
    [rule("group", DURATION), rule("rate", RATE), rule("expire", DURATION), rule("timeout", TIMEOUT)];

/// What a configuration says; `None` where it does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Defaults {
    group: Option<Duration>,
    rate: Option<Rate>,
    expire: Option<Duration>,
    timeout: Option<Duration>,
}

/// How many messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rate {
    /// At most so many a minute.
    AMinute(u32),
    /// As many as there are.
    Unlimited,
}

impl Defaults {
    /// What a section says.
    pub(in super::super) fn read(values: &Values<'_>) -> Self {
        Self {
            group: values.duration("group"),
            rate: values.text("rate").and_then(|text| Rate::parse(&text.text)),
            expire: values.duration("expire"),
            timeout: values.duration("timeout"),
        }
    }

    /// What `self` says, else what `other` says.
    pub(super) fn or(&self, other: &Self) -> Self {
        Self {
            group: self.group.or(other.group),
            rate: self.rate.or(other.rate),
            expire: self.expire.or(other.expire),
            timeout: self.timeout.or(other.timeout),
        }
    }

    /// Events are to become one message.
    pub(super) fn groups(&self) -> bool {
        self.group.is_some_and(|group| !group.is_zero())
    }

    /// The terms of somebody who is reached in this way.
    pub(super) fn terms(&self, way: &Way) -> Terms {
        let (group, rate) = match way {
            // The arguments of a program have room for one event.
            Way::Exec(_) => (Duration::ZERO, None),
            Way::Sns(_) | Way::Lambda(_) | Way::Webhook(_) | Way::Alertmanager(_) => (GROUP, Some(RATE_OF_MACHINES)),
            _ => (GROUP, Some(RATE_OF_PEOPLE)),
        };
        let group = if matches!(way, Way::Exec(_)) { group } else { self.group.unwrap_or(group) };
        let rate = match self.rate {
            None => rate,
            Some(Rate::Unlimited) => None,
            Some(Rate::AMinute(messages)) => Some(messages),
        };
        Terms { group, rate, max_age: self.expire.unwrap_or(MAX_AGE) }
    }

    /// How long one try may take.
    pub(super) fn timeout(&self, way: &Way) -> Duration {
        self.timeout.unwrap_or(match way {
            Way::Exec(_) | Way::Xmpp(_) => PROGRAM_TIMEOUT,
            Way::Mail(_) | Way::Snpp(_) => MAIL_TIMEOUT,
            _ => NET_TIMEOUT,
        })
    }
}

impl Rate {
    fn parse(text: &str) -> Option<Self> {
        if text == "unlimited" {
            return Some(Self::Unlimited);
        }
        digits(text).then(|| text.parse().ok()).flatten().filter(|messages| *messages > 0).map(Self::AMinute)
    }
}
