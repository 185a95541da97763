//! Rules: what the variables `type` and `pattern` of an alert mean. SmokePing's, and a few that its users ask for.

mod baseline;
mod difference;
mod matchers;
mod nodata;
mod pattern;
mod registry;

use std::ops::Range;

use thiserror::Error;

use crate::rule::{AlertRule, Held, History, Observation, Verdict};
use baseline::Baseline;
use matchers::Call;
use nodata::NoData;
use pattern::{Pattern, Value};

pub use difference::legacy_difference;
pub use registry::Rules;

/// The longest window a rule may have: a leap year of 5-minute rounds. Every series with the rule keeps that many
/// rounds in memory.
const LONGEST_WINDOW: usize = 366 * 288;

/// What an alert's rule looks at, the variable `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A pattern over loss, in percent.
    Loss,
    /// A pattern over the median RTT, in milliseconds.
    Rtt,
    /// A call of a matcher, such as `CheckLoss(l=>10,x=>3)`.
    Matcher,
    /// A pattern over the spread of a round's answers (population standard deviation), in milliseconds.
    Jitter,
    /// How many rounds in a row could not be measured.
    NoData,
    /// How far the median RTT is above that of the same hour of the week in the past:
    /// `deviations=>4,above=>10,weeks=>4,warmup=>2,for=>1`.
    Baseline,
}

/// Whose meaning a rule has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Semantics {
    /// What SmokePing's manual says.
    #[default]
    Documented,
    /// What the program does, oddities and all, for rules that were tuned to it.
    Legacy,
}

/// A checked rule.
#[derive(Debug, Clone)]
pub struct Rule {
    body: Body,
    semantics: Semantics,
    /// The number that the alert's name begins with, to which the legacy matchers give a meaning.
    name_number: i64,
}

#[derive(Debug, Clone)]
enum Body {
    Pattern { looks_at: Kind, pattern: Pattern },
    Matcher(Call),
    NoData(NoData),
    Baseline(Baseline),
}

/// Why a pattern or a matcher call is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct RuleError {
    /// What is wrong, a lower-case fragment.
    pub message: String,
    /// The bytes of the text that are at fault.
    pub span: Range<usize>,
    /// What to write instead.
    pub help: Option<String>,
}

/// Reads the text of an alert's `pattern`. The rule has [`Semantics::Documented`].
pub fn parse(kind: Kind, text: &str) -> Result<Rule, RuleError> {
    let body = match kind {
        Kind::Loss | Kind::Rtt | Kind::Jitter => Body::Pattern { looks_at: kind, pattern: Pattern::parse(kind, text)? },
        Kind::Matcher => Body::Matcher(Call::parse(text)?),
        Kind::NoData => Body::NoData(NoData::parse(text)?),
        Kind::Baseline => Body::Baseline(Baseline::parse(text)?),
    };
    let rule = Rule { body, semantics: Semantics::Documented, name_number: 0 };
    bounded(&rule, text)?;
    Ok(rule)
}

/// Refuses a rule that would have to keep too many rounds.
fn bounded(rule: &dyn AlertRule, text: &str) -> Result<(), RuleError> {
    if rule.window() <= LONGEST_WINDOW {
        return Ok(());
    }
    let message = format!("the rule looks at {} rounds, more than {LONGEST_WINDOW}", rule.window());
    let help = "every series with this alert would keep that many rounds in memory; use smaller numbers";
    Err(RuleError::new(message, 0..text.len(), help))
}

impl Kind {
    /// All of them, SmokePing's first.
    pub const ALL: [Self; 6] = [Self::Loss, Self::Rtt, Self::Matcher, Self::Jitter, Self::NoData, Self::Baseline];

    /// Its name, as the variable `type` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Rtt => "rtt",
            Self::Matcher => "matcher",
            Self::Jitter => "jitter",
            Self::NoData => "nodata",
            Self::Baseline => "baseline",
        }
    }

    /// SmokePing has alerts of this type too.
    pub const fn is_smokepings(self) -> bool {
        matches!(self, Self::Loss | Self::Rtt | Self::Matcher)
    }
}

impl Rule {
    /// The same rule as the program SmokePing takes it. One of a kind that SmokePing does not have stays as it is.
    ///
    /// `alert` is the alert's name: CheckLoss, CheckLatency and ConsecutiveLoss use the number that it begins with as an
    /// offset into the history, so that an alert called `3loss` looks at the wrong rounds.
    #[must_use]
    pub fn legacy(mut self, alert: &str) -> Self {
        if !self.kind().is_smokepings() {
            return self;
        }
        self.semantics = Semantics::Legacy;
        let digits = alert.len() - alert.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        self.name_number = if digits == 0 { 0 } else { alert[..digits].parse().unwrap_or(i64::MAX) };
        self
    }

    /// Whose meaning the rule has.
    pub const fn semantics(&self) -> Semantics {
        self.semantics
    }

    /// What the rule looks at.
    pub const fn kind(&self) -> Kind {
        match &self.body {
            Body::Pattern { looks_at, .. } => *looks_at,
            Body::Matcher(_) => Kind::Matcher,
            Body::NoData(_) => Kind::NoData,
            Body::Baseline(_) => Kind::Baseline,
        }
    }

    /// `nodata`, or a pattern with `==U`: nothing else may be raised by a round that could not be measured.
    fn asks_for_unknown(&self) -> bool {
        match &self.body {
            Body::Pattern { pattern, .. } => pattern.asks_for_unknown(),
            Body::NoData(_) => true,
            Body::Matcher(_) | Body::Baseline(_) => false,
        }
    }

    /// The rule's verdict as the manual has it, newest round measured or asked for.
    fn judge_documented(&self, history: &History<'_>, held: Held) -> Verdict {
        match &self.body {
            Body::Pattern { looks_at, pattern } => {
                let window = history.newest(pattern.window());
                let values: Vec<Value> = window.iter().map(|round| Value::documented(*looks_at, round)).collect();
                if values.len() < pattern.shortest() {
                    return Verdict::Hold;
                }
                match pattern.matches(&values) {
                    Some(true) => Verdict::Raise(pattern::describe(*looks_at, &values)),
                    Some(false) => Verdict::Clear,
                    None => Verdict::Hold,
                }
            }
            Body::Matcher(call) => call.judge_documented(history, held),
            Body::NoData(rule) => rule.judge(history),
            Body::Baseline(rule) => rule.judge(history, held),
        }
    }

    fn judge_legacy(&self, history: &History<'_>, held: Held) -> Verdict {
        match &self.body {
            Body::Pattern { looks_at, pattern } => {
                let values: Vec<Value> = history.rounds().iter().map(|round| Value::legacy(*looks_at, round)).collect();
                if pattern.matches_legacy(&values) {
                    Verdict::Raise(pattern::describe(*looks_at, &values))
                } else {
                    Verdict::Clear
                }
            }
            Body::Matcher(call) => call.judge_legacy(history, held, self.name_number),
            // There is no legacy of these.
            Body::NoData(_) | Body::Baseline(_) => self.judge_documented(history, held),
        }
    }
}

impl AlertRule for Rule {
    fn window(&self) -> usize {
        match &self.body {
            Body::Pattern { pattern, .. } => pattern.window(),
            Body::Matcher(call) => call.window(self.semantics),
            Body::NoData(rule) => rule.window(),
            Body::Baseline(rule) => rule.window(),
        }
    }

    fn weeks(&self) -> u32 {
        match &self.body {
            Body::Baseline(rule) => rule.weeks(),
            _ => 0,
        }
    }

    fn judge(&self, history: &History<'_>, held: Held) -> Verdict {
        let newest = history.rounds().last();
        let verdict = match self.semantics {
            Semantics::Legacy => self.judge_legacy(history, held),
            Semantics::Documented => match newest {
                None | Some(Observation::Start) => Verdict::Hold,
                Some(Observation::Unknown) if !self.asks_for_unknown() => Verdict::Hold,
                Some(_) => self.judge_documented(history, held),
            },
        };
        match newest {
            // Our own starvation is nobody's outage. The reference has no such rounds, so legacy is not bent by this.
            Some(Observation::Measured(round)) if round.suspect && matches!(verdict, Verdict::Raise(_)) => {
                Verdict::Hold
            }
            _ => verdict,
        }
    }
}

impl RuleError {
    /// What is wrong, where, and what to write instead.
    pub fn new(message: impl Into<String>, span: Range<usize>, help: impl Into<String>) -> Self {
        Self { message: message.into(), span, help: Some(help.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Measurement;
    use proptest::prelude::*;

    const GOOD: Observation = measured(0.0, Some(0.010), false);
    const LOSSY: Observation = measured(30.0, Some(0.010), false);
    const SLOW: Observation = measured(0.0, Some(0.200), false);
    const DEAD: Observation = measured(100.0, None, false);
    const SPOILT: Observation = measured(30.0, Some(0.200), true);

    const fn measured(loss: f64, median: Option<f64>, suspect: bool) -> Observation {
        Observation::Measured(Measurement { loss, median, deviation: None, suspect })
    }

    fn judge(kind: Kind, text: &str, rounds: &[Observation], held: Held) -> &'static str {
        match parse(kind, text).unwrap().judge(&History::new(rounds), held) {
            Verdict::Clear => "clear",
            Verdict::Raise(_) => "raise",
            Verdict::Hold => "hold",
        }
    }

    #[test]
    fn unmeasured_round_raises_and_clears_nothing_but_what_asks_for_it() {
        let unknown = Observation::Unknown;
        for held in [Held::No, Held::Yes] {
            assert_eq!(judge(Kind::Loss, ">20%", &[LOSSY, unknown], held), "hold");
            assert_eq!(judge(Kind::Loss, "==0%", &[LOSSY, unknown], held), "hold");
            assert_eq!(judge(Kind::Loss, ">20%,*2*", &[LOSSY, unknown], held), "hold");
            assert_eq!(judge(Kind::Loss, ">20%,>20%", &[LOSSY, unknown, LOSSY], held), "hold");
            assert_eq!(judge(Kind::Loss, ">20%,>20%", &[LOSSY, unknown, GOOD], held), "clear");
            assert_eq!(judge(Kind::Matcher, "CheckLoss(l=>20,x=>1)", &[LOSSY, unknown], held), "hold");
            assert_eq!(judge(Kind::Loss, "==U,==U", &[unknown, unknown], held), "raise");
            assert_eq!(judge(Kind::Loss, "==U,==U", &[GOOD, unknown], held), "clear");
        }
        let rounds = [LOSSY, unknown, LOSSY];
        assert_eq!(judge(Kind::Matcher, "CheckLoss(l=>20,x=>2)", &rounds, Held::No), "raise");
    }

    #[test]
    fn round_that_lost_everything_was_measured_and_has_no_rtt() {
        assert_eq!(judge(Kind::Rtt, "==U", &[DEAD], Held::No), "raise");
        assert_eq!(judge(Kind::Rtt, ">10", &[DEAD], Held::Yes), "clear");
        assert_eq!(judge(Kind::Loss, "==U", &[DEAD], Held::Yes), "clear");
    }

    #[test]
    fn jitter_is_the_spread_of_the_answers_and_a_round_without_any_has_none() {
        let spread =
            |ms: f64| Observation::Measured(Measurement { deviation: Some(ms / 1000.0), ..Measurement::default() });
        assert_eq!(judge(Kind::Jitter, ">5,*2*,>5", &[spread(6.0), spread(1.0), spread(7.5)], Held::No), "raise");
        assert_eq!(judge(Kind::Jitter, ">5", &[spread(5.0)], Held::Yes), "clear");
        assert_eq!(judge(Kind::Jitter, ">5", &[DEAD], Held::Yes), "clear");
        assert_eq!(judge(Kind::Jitter, "==U", &[DEAD], Held::No), "raise");
        assert_eq!(judge(Kind::Jitter, ">5", &[spread(9.0), Observation::Unknown], Held::Yes), "hold");
        let rule = parse(Kind::Jitter, ">0.5").unwrap();
        let verdict = rule.judge(&History::new(&[spread(0.75)]), Held::No);
        assert_eq!(verdict, Verdict::Raise("jitter: 0.8ms".into()));
        let error = parse(Kind::Jitter, ">10%").unwrap_err();
        assert_eq!(&">10%"[error.span], "%");
    }

    #[test]
    fn kinds_that_smokeping_does_not_have_mean_the_same_in_legacy() {
        let rounds = [GOOD, GOOD];
        for (kind, text) in
            [(Kind::Jitter, "==U,*1*,==U"), (Kind::NoData, "2"), (Kind::Baseline, "deviations=>1,above=>1")]
        {
            let rule = parse(kind, text).unwrap();
            let legacy = rule.clone().legacy("3a");
            assert_eq!(legacy.semantics(), Semantics::Documented);
            assert_eq!(legacy.judge(&History::new(&rounds), Held::No), rule.judge(&History::new(&rounds), Held::No));
        }
    }

    #[test]
    fn suspect_round_never_raises() {
        for (kind, text) in [(Kind::Loss, ">20%"), (Kind::Rtt, ">100"), (Kind::Loss, "==*"), (Kind::Rtt, "!=U")] {
            assert_eq!(judge(kind, text, &[GOOD, SPOILT], Held::No), "hold", "{text}");
            let legacy = parse(kind, text).unwrap().legacy("a");
            assert_eq!(legacy.judge(&History::new(&[GOOD, SPOILT]), Held::No), Verdict::Hold, "{text}");
        }
        assert_eq!(judge(Kind::Loss, ">20%,>20%", &[SPOILT, LOSSY], Held::No), "hold");
        assert_eq!(judge(Kind::Matcher, "CheckLoss(l=>20,x=>2)", &[SPOILT, LOSSY], Held::No), "hold");
    }

    #[test]
    fn gap_is_what_the_manual_says_and_in_legacy_what_the_program_does() {
        let after = |gap: usize| [vec![GOOD; 20], vec![LOSSY], vec![GOOD; gap], vec![LOSSY]].concat();
        let rule = parse(Kind::Loss, ">10%,*10*,>10%").unwrap();
        let legacy = rule.clone().legacy("a");
        for gap in 0..=12 {
            let rounds = after(gap);
            let raised = |rule: &Rule| {
                let window = &rounds[rounds.len() - rule.window()..];
                matches!(rule.judge(&History::new(window), Held::No), Verdict::Raise(_))
            };
            assert_eq!(raised(&rule), gap <= 10, "gap {gap}");
            assert_eq!(raised(&legacy), gap <= 5, "gap {gap}");
        }
    }

    #[test]
    fn median_waits_for_its_window_and_in_legacy_fires_at_the_start() {
        let rule = parse(Kind::Matcher, "Median(old=>10,new=>2,diff=>0.01)").unwrap();
        let legacy = rule.clone().legacy("a");
        let start = [Observation::Start, SLOW];
        assert_eq!(rule.judge(&History::new(&start), Held::No), Verdict::Hold);
        assert!(matches!(legacy.judge(&History::new(&start), Held::No), Verdict::Raise(_)));
        let risen = [vec![GOOD; 10], vec![SLOW; 2]].concat();
        assert!(matches!(rule.judge(&History::new(&risen), Held::No), Verdict::Raise(_)));
    }

    #[test]
    fn name_that_begins_with_a_digit_misleads_only_the_legacy_matchers() {
        let rounds = [LOSSY, LOSSY];
        assert_eq!(judge(Kind::Matcher, "CheckLoss(l=>20,x=>2)", &rounds, Held::No), "raise");
        let rule = parse(Kind::Matcher, "CheckLoss(l=>20,x=>2)").unwrap();
        assert!(matches!(rule.clone().legacy("loss3").judge(&History::new(&rounds), Held::No), Verdict::Raise(_)));
        assert_eq!(rule.legacy("3loss").judge(&History::new(&rounds), Held::No), Verdict::Clear);
    }

    #[test]
    fn raise_says_the_figures() {
        let rule = parse(Kind::Loss, ">20%,*3*,>20%").unwrap();
        let verdict = rule.judge(&History::new(&[LOSSY, GOOD, LOSSY]), Held::No);
        assert_eq!(verdict, Verdict::Raise("loss: 30%, 0%, 30%".into()));
    }

    #[test]
    fn window_that_no_memory_should_hold_is_refused() {
        assert!(parse(Kind::Loss, ">0%,*99999999999999999999*,>0%").is_err());
        assert!(parse(Kind::Loss, ">0%,*100000*,>0%,*100000*").is_err());
        assert!(parse(Kind::Matcher, "Median(old=>99999999999999999999,new=>1,diff=>1)").is_err());
        assert!(parse(Kind::Matcher, "Median(old=>100000,new=>100000,diff=>1)").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_rule_or_an_error_with_a_place(
            text in prop_oneof![".{0,60}", "[-=<>!*%US0-9., é]{0,40}", "(deviations=>|above=>|weeks=>|for=>|[0-9., '\"]){0,12}", "(CheckLoss|Median|Avgratio)[(][-a-z=>,'\"0-9 ().é]{0,40}[)]?;?"],
        ) {
            for kind in Kind::ALL {
                if let Err(error) = parse(kind, &text) {
                    prop_assert!(text.get(error.span.clone()).is_some(), "{:?} in {:?}", error, text);
                }
            }
        }
    }
}
