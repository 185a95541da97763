//! The text of any rule, and any rounds under it: a rule or an error with a place, a bounded window, and a verdict that
//! keeps the promises that hold for every rule.
//!
//! The first byte chooses the kind; then the text up to a line feed; then a byte a round.

#![no_main]

use libfuzzer_sys::fuzz_target;
use smokeprobe_alerts::{
    AlertRule, Held, History, Kind, Measurement, Observation, Season, Semantics, Verdict, legacy_difference, parse,
};

fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else { return };
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let Ok(text) = std::str::from_utf8(&data[..at]) else { return };
    let kind = Kind::ALL[usize::from(*first) % Kind::ALL.len()];
    let rule = match parse(kind, text) {
        Ok(rule) => rule,
        Err(error) => {
            assert!(text.get(error.span.clone()).is_some(), "{error:?} in {text:?}");
            return;
        }
    };
    assert!(rule.window() <= 366 * 288);
    let difference = legacy_difference(kind.name(), text, "3loss", Some(1), true);
    assert!(difference.is_none_or(|text| text.starts_with("in SmokePing ")));
    let rounds: Vec<Observation> = data.get(at + 1..).unwrap_or_default().iter().map(|byte| round(*byte)).collect();
    let season = Season { hour: 0, weeks: 4, rounds: 48, median: 0.02, deviation: 0.001 };
    for rule in [rule.clone(), rule.legacy("3loss")] {
        for held in [Held::No, Held::Yes] {
            let history = History::new(&rounds).with_season(Some(&season));
            let raised = matches!(rule.judge(&history, held), Verdict::Raise(_));
            let documented = rule.semantics() == Semantics::Documented;
            match rounds.last() {
                Some(Observation::Measured(round)) => assert!(!(raised && round.suspect), "{text}"),
                Some(Observation::Unknown) if documented && kind != Kind::NoData => {
                    assert!(!raised || text.contains("==U"), "{text}");
                }
                None | Some(Observation::Start) => assert!(!(raised && documented), "{text}"),
                Some(Observation::Unknown) => {}
            }
        }
    }
});

fn round(byte: u8) -> Observation {
    match byte {
        0 => Observation::Start,
        1 => Observation::Unknown,
        _ => {
            let loss = f64::from(byte % 21) * 5.0;
            let median = (loss < 100.0).then(|| f64::from(byte) / 1000.0);
            Observation::Measured(Measurement { loss, median, deviation: median, suspect: byte % 16 == 2 })
        }
    }
}
