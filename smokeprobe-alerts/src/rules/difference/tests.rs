//! What is said of the differences is true: where none is said there is none, and each that is said has an example.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::rule::{AlertRule, Held, History, Measurement, Observation, Verdict};
use crate::rules::Rule;
use crate::season::Season;
use crate::{Alert, Replay, Semantics, Watched};

const LOSSES: [f64; 6] = [0.0, 5.0, 10.0, 20.0, 50.0, 100.0];
const RTTS: [f64; 4] = [0.005, 0.015, 0.06, 0.2];

fn measured(loss: f64, rtt: f64) -> Observation {
    Observation::Measured(Measurement { loss, median: (loss < 100.0).then_some(rtt), ..Measurement::default() })
}

/// What an alert tells in the rounds after the first `full`, as many rounds kept.
fn told(rule: &Rule, edgetrigger: bool, rounds: &[Observation], full: usize, kept: usize) -> Vec<(usize, bool)> {
    let mut held = Held::No;
    let mut told = Vec::new();
    for end in full + 1..=rounds.len() {
        let verdict = rule.judge(&History::new(&rounds[end.saturating_sub(kept)..end]), held);
        let now = match verdict {
            Verdict::Raise(_) => Held::Yes,
            Verdict::Clear => Held::No,
            Verdict::Hold => {
                // Nobody is told, of an alert without edge trigger either.
                continue;
            }
        };
        if edgetrigger && now != held || !edgetrigger && now == Held::Yes {
            told.push((end, now.is_raised()));
        }
        held = now;
    }
    told
}

/// About rounds that could not be measured.
fn is_about_unknown(difference: &Difference) -> bool {
    matches!(
        difference,
        Difference::NeverUnknown
            | Difference::UnknownRaises(_)
            | Difference::UnknownClears(_)
            | Difference::UnknownCounts(_)
    )
}

/// About the first rounds alone, or about other alerts.
fn is_about_the_start_or_others(difference: &Difference) -> bool {
    matches!(difference, Difference::Start | Difference::EarlyMedian | Difference::LostRaise)
}

fn rounds(unknown: bool) -> impl Strategy<Value = Vec<Observation>> {
    let known = (proptest::sample::select(LOSSES.to_vec()), proptest::sample::select(RTTS.to_vec()))
        .prop_map(|(loss, rtt)| measured(loss, rtt));
    let round = prop_oneof![9 => known, u32::from(unknown) => Just(Observation::Unknown)];
    prop::collection::vec(round, 24..40)
}

fn pattern(kind: Kind) -> impl Strategy<Value = String> {
    let conditions = if kind == Kind::Loss {
        vec![">0%", ">=20%", "<10%", "==0%", "!=20%", ">5%<60%", ">200%", "==U", "!=U", "==*", "==S"]
    } else {
        vec![">10", ">=60", "<10", "<=200", ">10<100", "!=5", "==U", "!=U", "==*", "==S"]
    };
    let condition = proptest::sample::select(conditions);
    let gap = proptest::sample::select(vec!["*1*", "*2*", "*4*"]);
    prop::collection::vec(prop_oneof![5 => condition, 1 => gap], 1..5).prop_map(|elements| elements.join(","))
}

fn matcher() -> impl Strategy<Value = String> {
    let (n, part) = (1..5_usize, 0..4_usize);
    prop_oneof![
        (n.clone(), 0..60_u32).prop_map(|(x, l)| format!("CheckLoss(l=>{l},x=>{x})")),
        (n.clone(), 0..100_u32).prop_map(|(x, l)| format!("CheckLatency(l=>{l},x=>{x})")),
        (n.clone(), n.clone(), 0..60_u32, 0..60_u32).prop_map(|(raise, clear, high, low)| {
            format!("ConsecutiveLoss(pctlossraise=>{high},stepsraise=>{raise},pctlossclear=>{low},stepsclear=>{clear})")
        }),
        (n, part.clone(), part.clone())
            .prop_map(|(hist, skip, fast)| format!("ExpLoss(hist=>{hist},rising=>20,skip=>{skip},fast=>{fast})")),
        (part.clone(), part.clone()).prop_map(|(old, new)| format!("Median(old=>{old},new=>{new},diff=>0.03)")),
        (part.clone(), part, any::<bool>()).prop_map(|(historic, current, average)| {
            let name = if average { "Avgratio" } else { "Medratio" };
            format!("{name}(historic=>{historic},current=>{current},comparator=>'>',percentage=>150)")
        }),
    ]
}

fn rule_text() -> impl Strategy<Value = (Kind, String)> {
    prop_oneof![
        3 => pattern(Kind::Loss).prop_map(|text| (Kind::Loss, text)),
        3 => pattern(Kind::Rtt).prop_map(|text| (Kind::Rtt, text)),
        2 => matcher().prop_map(|text| (Kind::Matcher, text)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn without_a_difference_in_measured_rounds_both_tell_the_same_of_them(
        (kind, text) in rule_text(), rounds in rounds(false), edgetrigger: bool, more in 0..4_usize,
    ) {
        let found = differences(kind, &text, "a", None, edgetrigger);
        if found.iter().all(|found| is_about_unknown(found) || is_about_the_start_or_others(found)) {
            let rule = parse(kind, &text).unwrap();
            let full = rule.window();
            let documented = told(&rule, edgetrigger, &rounds, full, full + more);
            prop_assert_eq!(documented, told(&rule.legacy("a"), edgetrigger, &rounds, full, full + more), "{}", text);
        }
    }

    #[test]
    fn without_any_difference_both_tell_the_same_of_rounds_that_could_not_be_measured_too(
        (kind, text) in rule_text(), rounds in rounds(true), edgetrigger: bool, more in 0..4_usize,
    ) {
        let found = differences(kind, &text, "a", None, edgetrigger);
        let open = kind == Kind::Rtt && text.contains("==U");
        if !open && found.iter().all(is_about_the_start_or_others) {
            let rule = parse(kind, &text).unwrap();
            let full = rule.window();
            let documented = told(&rule, edgetrigger, &rounds, full, full + more);
            prop_assert_eq!(documented, told(&rule.legacy("a"), edgetrigger, &rounds, full, full + more), "{}", text);
        }
    }

    #[test]
    fn any_alert_is_one_sentence_or_none((kind, text) in rule_text(), name in "[0-9]{0,2}[a-z]{1,3}", edgetrigger: bool) {
        let sentence = legacy_difference(kind.name(), &text, &name, Some(1), edgetrigger);
        prop_assert!(sentence.is_none_or(|text| !text.contains(['\n', '.']) && text.starts_with("in SmokePing ")));
    }
}

/// Deterministic numbers, as the search must not find one time what it does not find another.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn rounds(&mut self, count: usize, unknown: bool) -> Vec<Observation> {
        let round = |_| {
            if unknown && self.below(4) == 0 {
                return Observation::Unknown;
            }
            measured(LOSSES[self.below(LOSSES.len())], RTTS[self.below(RTTS.len())])
        };
        (0..count).map(round).collect()
    }
}

/// Where to look for an example.
#[derive(Clone, Copy)]
enum Among {
    /// Measured rounds, as many kept as each semantics asks for.
    Measured,
    /// Measured rounds, more kept than the rule asks for.
    MeasuredAndMoreKept,
    /// Rounds that were measured and rounds that could not be.
    Unknown,
    /// The first rounds.
    FirstRounds,
    /// The first rounds after a restart: the program has forgotten all that was.
    AfterRestart,
}

/// Looks for rounds of which the two semantics tell differently.
fn example(kind: Kind, text: &str, alert: &str, edgetrigger: bool, among: Among) -> Option<Vec<Observation>> {
    let rule = parse(kind, text).unwrap();
    let legacy = rule.clone().legacy(alert);
    let mut numbers = Numbers(1);
    (0..20_000).find_map(|_| {
        let full = rule.window();
        let mut rounds = numbers.rounds(full + 8, matches!(among, Among::Unknown));
        let (one, other) = match among {
            Among::Measured | Among::Unknown => (
                told(&rule, edgetrigger, &rounds, full, full),
                told(&legacy, edgetrigger, &rounds, full, legacy.window()),
            ),
            Among::MeasuredAndMoreKept => (
                told(&rule, edgetrigger, &rounds, full + 3, full + 3),
                told(&legacy, edgetrigger, &rounds, full + 3, full + 3),
            ),
            Among::FirstRounds => {
                rounds.insert(0, Observation::Start);
                (told(&rule, edgetrigger, &rounds, 1, full), told(&legacy, edgetrigger, &rounds, 1, legacy.window()))
            }
            Among::AfterRestart => {
                let ours = told(&rule, edgetrigger, &rounds, full, full);
                rounds[full - 1] = Observation::Start;
                let theirs = told(&legacy, edgetrigger, &rounds[full - 1..], 1, legacy.window());
                (ours, theirs.into_iter().map(|(end, raised)| (end + full - 1, raised)).collect())
            }
        };
        (one != other).then_some(rounds)
    })
}

#[test]
fn every_difference_has_an_example() {
    use Among::{AfterRestart, FirstRounds, Measured, MeasuredAndMoreKept, Unknown};
    let avgratio = "Avgratio(historic=>2,current=>1,comparator=>'>',percentage=>150)";
    let exp_loss = "ExpLoss(hist=>3,rising=>20)";
    let consecutive = "ConsecutiveLoss(pctlossraise=>20,stepsraise=>2,pctlossclear=>10,stepsclear=>2)";
    let medratio = "Medratio(historic=>3,current=>1,comparator=>'>',percentage=>150)";
    for (kind, text, alert, edgetrigger, difference, among) in [
        (Kind::Loss, ">10%,*3*,>10%", "a", false, Difference::Gap { rounds: 3, most: 2 }, Measured),
        (Kind::Loss, ">10%,*1*,>10%", "a", true, Difference::Gap { rounds: 1, most: 0 }, Measured),
        (Kind::Loss, ">10%,*3*", "a", false, Difference::Gap { rounds: 3, most: 1 }, Measured),
        (Kind::Rtt, "==U,*2*,>100", "a", false, Difference::Gap { rounds: 2, most: 1 }, Measured),
        (Kind::Loss, ">0%,*2*,>0%,*2*,>0%", "a", false, Difference::Gaps, Measured),
        (Kind::Loss, "*2*,>0%,*2*,>0%", "a", true, Difference::Gaps, Measured),
        (Kind::Loss, "==S,>20%", "a", true, Difference::Start, AfterRestart),
        (Kind::Loss, "==U", "a", false, Difference::NeverUnknown, Unknown),
        (Kind::Loss, ">0%,==U", "a", false, Difference::NeverUnknown, Unknown),
        (Kind::Loss, "==0%,==0%", "a", false, Difference::UnknownRaises(Kind::Loss), Unknown),
        (Kind::Loss, "<10%,>20%", "a", true, Difference::UnknownRaises(Kind::Loss), Unknown),
        (Kind::Loss, ">20%,!=U,>20%", "a", false, Difference::UnknownRaises(Kind::Loss), Unknown),
        (Kind::Rtt, ">10,==*", "a", false, Difference::UnknownRaises(Kind::Rtt), Unknown),
        (Kind::Loss, ">40%", "a", true, Difference::UnknownClears(Kind::Loss), Unknown),
        (Kind::Rtt, ">100", "a", true, Difference::UnknownClears(Kind::Rtt), Unknown),
        (Kind::Matcher, "CheckLoss(l=>20,x=>2)", "a", false, Difference::UnknownCounts(Kind::Loss), Unknown),
        (Kind::Matcher, consecutive, "a", true, Difference::UnknownCounts(Kind::Loss), Unknown),
        (Kind::Matcher, exp_loss, "a", true, Difference::UnknownCounts(Kind::Loss), Unknown),
        (Kind::Matcher, avgratio, "a", false, Difference::UnknownCounts(Kind::Rtt), Unknown),
        (Kind::Matcher, medratio, "a", false, Difference::UnknownCounts(Kind::Rtt), Unknown),
        (Kind::Matcher, "Median(old=>3,new=>1,diff=>0.05)", "a", false, Difference::EarlyMedian, FirstRounds),
        (Kind::Matcher, "CheckLatency(l=>50,x=>2)", "a", true, Difference::LostIsFast, Measured),
        (Kind::Matcher, medratio, "a", true, Difference::LostIsSorted, Measured),
        (Kind::Matcher, exp_loss, "a", true, Difference::WholeHistory, MeasuredAndMoreKept),
        (
            Kind::Matcher,
            "ExpLoss(hist=>2,rising=>20,skip=>3)",
            "a",
            true,
            Difference::TooFewKept { kept: 2, needed: 5 },
            Measured,
        ),
        (
            Kind::Matcher,
            "ExpLoss(hist=>2,rising=>20,fast=>3)",
            "a",
            true,
            Difference::TooFewKept { kept: 2, needed: 3 },
            Measured,
        ),
        (Kind::Matcher, "CheckLoss(l=>20,x=>2)", "3loss", true, Difference::NameIsNumber, MeasuredAndMoreKept),
        (Kind::Matcher, "CheckLatency(l=>50,x=>2)", "1", true, Difference::NameIsNumber, MeasuredAndMoreKept),
        (Kind::Matcher, consecutive, "12c", false, Difference::NameIsNumber, MeasuredAndMoreKept),
    ] {
        let found = differences(kind, text, alert, None, edgetrigger);
        assert!(found.contains(&difference), "{text}: {found:?}");
        assert!(example(kind, text, alert, edgetrigger, among).is_some(), "{text}: no example of {difference:?}");
    }
}

/// A higher alert is raised in the same round and ends before.
#[test]
fn muted_raise_is_told_later_here_and_never_in_the_program() {
    let alert = |name: &str, text: &str, priority, semantics| {
        let found = differences(Kind::Loss, text, name, Some(priority), true);
        assert!(found.contains(&Difference::LostRaise));
        let rule = parse(Kind::Loss, text).unwrap();
        let rule = if semantics == Semantics::Legacy { rule.legacy(name) } else { rule };
        let alert = Alert {
            name: name.into(),
            rule: Arc::new(rule),
            meaning: text.into(),
            semantics,
            edgetrigger: true,
            priority: Some(priority),
            again: None,
            pattern: text.into(),
            comment: String::new(),
            mail_template: None,
        };
        (Arc::new(alert), Arc::from([]))
    };
    let told = |semantics| {
        let watched = Watched {
            series: "A.B".parse().unwrap(),
            step: smokeprobe_core::Step::DEFAULT,
            host: String::new(),
            title: String::new(),
            url: None,
            labels: Arc::default(),
            depends: None,
            alerts: vec![alert("down", ">60%", 1, semantics), alert("lossy", ">10%", 2, semantics)],
        };
        let mut replay = Replay::new(watched);
        let mut told = Vec::new();
        for (at, loss) in [0.0, 100.0, 20.0, 20.0, 0.0].into_iter().enumerate() {
            let time = 300 * (at as i64 + 1);
            let past = &mut |order: &crate::SeasonOrder| Season { hour: order.hour, ..Season::default() };
            let events = replay.round(time, measured(loss, 0.01), past);
            let lossy = events.iter().filter(|event| event.is_told() && &*event.alert == "lossy");
            told.extend(lossy.map(|event| format!("{at} {}", event.what_in_words())));
        }
        told
    };
    assert!(told(Semantics::Documented).iter().any(|told| told.ends_with("was raised")));
    assert_eq!(told(Semantics::Legacy), ["4 was cleared"]);
}

#[test]
fn difference_is_said_in_words() {
    let said = |kind: &str, text: &str, alert: &str, edge| legacy_difference(kind, text, alert, None, edge);
    let someloss = said("loss", ">0%,*12*,>0%,*12*,>0%", "someloss", false).unwrap();
    assert_eq!(
        someloss,
        "in SmokePing gaps take fewer rounds than they say, and not every combination of them is tried"
    );
    let several = said("matcher", "CheckLoss(l=>10,x=>3)", "3loss", true).unwrap();
    assert_eq!(several.matches("; ").count(), 1, "{several}");
    for (kind, text) in [("jitter", ">10"), ("nodata", "3"), ("mine", "x"), ("loss", "nonsense"), ("rtt", ">100,>100")]
    {
        assert_eq!(said(kind, text, "a", false), None, "{kind} {text}");
    }
    assert_eq!(said("loss", "*3*,>0%", "a", false), None, "a gap before everything is as long as it says");
    assert_eq!(said("loss", ">200%", "a", true), None, "what never matches is the same in both");
}
