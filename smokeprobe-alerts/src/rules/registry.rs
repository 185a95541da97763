//! The kinds of rules that a configuration may name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{Kind, RuleError, Semantics, bounded, parse};
use crate::rule::AlertRule;

/// Makes a rule of its text.
type Factory = Arc<dyn Fn(&str) -> Result<Arc<dyn AlertRule>, RuleError> + Send + Sync>;

/// Kinds of rules by name: the values of the variable `type`. Those of [`Kind`], and more from Rust:
///
/// ```
/// use std::sync::Arc;
/// use smokeprobe_alerts::{AlertRule, Held, History, Observation, Rules, Semantics, Verdict};
///
/// /// Raised by every round with an answer.
/// struct Answered;
///
/// impl AlertRule for Answered {
///     fn window(&self) -> usize {
///         1
///     }
///
///     fn judge(&self, history: &History<'_>, _: Held) -> Verdict {
///         match history.rounds().last() {
///             Some(Observation::Measured(round)) if round.median.is_some() => Verdict::Raise("it lives".into()),
///             _ => Verdict::Clear,
///         }
///     }
/// }
///
/// let rules = Rules::standard().with("answered", |_text| Ok(Arc::new(Answered)));
/// assert!(rules.parse("answered", "", Semantics::Documented, "alive").is_ok());
/// let error = rules.parse("answerd", "", Semantics::Documented, "alive").err().unwrap();
/// assert_eq!(error.help.as_deref(), Some("did you mean `answered`?"));
/// ```
#[derive(Clone)]
pub struct Rules {
    custom: BTreeMap<String, Factory>,
}

impl Rules {
    /// The built-in kinds: `loss`, `rtt`, `matcher`, `jitter`, `nodata` and `baseline`.
    pub fn standard() -> Self {
        Self { custom: BTreeMap::new() }
    }

    /// With one more, whose rules `factory` makes of the variable `pattern`. Takes the place of another of that name,
    /// a built-in one too.
    #[must_use]
    pub fn with<F>(mut self, name: impl Into<String>, factory: F) -> Self
    where
        F: Fn(&str) -> Result<Arc<dyn AlertRule>, RuleError> + Send + Sync + 'static,
    {
        self.custom.insert(name.into(), Arc::new(factory));
        self
    }

    /// The names, SmokePing's kinds first.
    pub fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = Kind::ALL.into_iter().map(Kind::name).collect();
        kinds.extend(self.custom.keys().map(String::as_str).filter(|name| named(name).is_none()));
        kinds
    }

    /// Makes the rule of an alert. `semantics` mean nothing to kinds that SmokePing does not have.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, and where in it; of a kind that does not exist, the place is empty.
    pub fn parse(
        &self,
        kind: &str,
        text: &str,
        semantics: Semantics,
        alert: &str,
    ) -> Result<Arc<dyn AlertRule>, RuleError> {
        if let Some(factory) = self.custom.get(kind) {
            let rule = factory(text)?;
            bounded(&*rule, text)?;
            return Ok(rule);
        }
        let Some(known) = named(kind) else {
            let kinds = self.kinds();
            let help = nearest(kind, &kinds).unwrap_or_else(|| format!("the types are {}", kinds.join(", ")));
            let shown: String = kind.chars().take(40).collect();
            return Err(RuleError::new(format!("there is no alert type `{shown}`"), 0..0, help));
        };
        let rule = parse(known, text)?;
        Ok(match semantics {
            Semantics::Documented => Arc::new(rule),
            Semantics::Legacy => {
                let rule = rule.legacy(alert);
                bounded(&rule, text)?;
                Arc::new(rule)
            }
        })
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::standard()
    }
}

/// By hand, as a factory has no `Debug`.
impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rules").field(&self.kinds()).finish()
    }
}

fn named(name: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.name() == name)
}

/// "did you mean …?", when something near is known.
pub(super) fn nearest(word: &str, known: &[&str]) -> Option<String> {
    // The distance costs the product of the lengths, so it is not asked for text that is no name.
    if word.len() > 64 {
        return None;
    }
    let distance = |name: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase());
    let near = known.iter().map(|name| (distance(name), *name)).min_by_key(|(distance, _)| *distance);
    near.filter(|(distance, name)| *distance <= 1 + name.len().min(word.len()) / 4)
        .map(|(_, name)| format!("did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{Held, History, Verdict};

    struct Long(usize);

    impl AlertRule for Long {
        fn window(&self) -> usize {
            self.0
        }

        fn judge(&self, _: &History<'_>, _: Held) -> Verdict {
            Verdict::Raise("custom".into())
        }
    }

    fn fault(rules: &Rules, kind: &str, text: &str) -> RuleError {
        rules.parse(kind, text, Semantics::Documented, "a").err().unwrap()
    }

    #[test]
    fn every_built_in_kind_is_made_by_its_name() {
        let rules = Rules::standard();
        let texts = [">0%", ">10", "CheckLoss(l=>1,x=>2)", ">1.5", "3", "deviations=>4,above=>10"];
        for (kind, text) in rules.kinds().into_iter().zip(texts) {
            for semantics in [Semantics::Documented, Semantics::Legacy] {
                assert!(rules.parse(kind, text, semantics, "a").is_ok(), "{kind} {text}");
            }
        }
        assert_eq!(rules.kinds().len(), texts.len());
    }

    #[test]
    fn custom_rule_is_made_by_its_name_and_may_take_the_place_of_a_built_in_one() {
        let rules = Rules::standard().with("mine", |_| Ok(Arc::new(Long(1)))).with("loss", |_| Ok(Arc::new(Long(2))));
        assert_eq!(rules.kinds(), ["loss", "rtt", "matcher", "jitter", "nodata", "baseline", "mine"]);
        for kind in ["mine", "loss"] {
            let rule = rules.parse(kind, "whatever", Semantics::Documented, "a").unwrap();
            assert_eq!(rule.judge(&History::new(&[]), Held::No), Verdict::Raise("custom".into()));
        }
    }

    #[test]
    fn unknown_kind_is_refused_with_what_was_meant() {
        let rules = Rules::standard().with("mine", |_| Ok(Arc::new(Long(1))));
        assert_eq!(fault(&rules, "los", "").help.unwrap(), "did you mean `loss`?");
        assert_eq!(fault(&rules, "Nodata", "").help.unwrap(), "did you mean `nodata`?");
        assert!(fault(&rules, "frobnicate", "").help.unwrap().ends_with("baseline, mine"));
        assert!(fault(&rules, &"x".repeat(1000), "").message.len() < 100);
    }

    #[test]
    fn custom_window_that_no_memory_should_hold_is_refused() {
        let rules = Rules::standard().with("mine", |text| Ok(Arc::new(Long(text.len() * 1_000_000))));
        assert_eq!(fault(&rules, "mine", "x").span, 0..1);
        assert!(rules.parse("mine", "", Semantics::Documented, "a").is_ok());
    }
}
