//! An alert rule of one's own: registered under a name, given to an alert by it, and replayed over a few rounds.

use std::sync::Arc;

use smokeprobe_alerts::{
    Alert, AlertRule, Held, History, Measurement, Observation, Replay, RuleError, Rules, Season, SeasonOrder,
    Semantics, Verdict, Watched,
};
use smokeprobe_core::Step;

/// Raised by a round whose median RTT is so many times that of the round before.
struct Jump(f64);

impl AlertRule for Jump {
    fn window(&self) -> usize {
        2
    }

    fn judge(&self, history: &History<'_>, _: Held) -> Verdict {
        let [Observation::Measured(before), Observation::Measured(now)] = history.newest(2) else {
            return Verdict::Hold; // Nothing is known of one of them.
        };
        match (before.median, now.median) {
            (Some(before), Some(now)) if before > 0.0 && now >= self.0 * before => {
                Verdict::Raise(format!("median {:.1} times that of the round before", now / before))
            }
            _ => Verdict::Clear,
        }
    }
}

/// The variable `pattern` of an alert with `type = jump`.
fn jump(text: &str) -> Result<Arc<dyn AlertRule>, RuleError> {
    match text.trim().parse() {
        Ok(factor) if factor > 1.0 => Ok(Arc::new(Jump(factor))),
        _ => {
            Err(RuleError::new(format!("`{text}` is no factor"), 0..text.len(), "write a number above 1, such as `3`"))
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rules = Rules::standard().with("jump", jump);
    let alert = Alert {
        name: "jumped".into(),
        rule: rules.parse("jump", "3", Semantics::Documented, "jumped")?,
        meaning: "jump 3".into(),
        semantics: Semantics::Documented,
        edgetrigger: true,
        priority: None,
        again: None,
        pattern: "3".into(),
        comment: "another way, perhaps".into(),
        mail_template: None,
    };
    let mut replay = Replay::new(Watched {
        series: "Example.Link".parse()?,
        step: Step::DEFAULT,
        host: "192.0.2.1".into(),
        title: "A link".into(),
        url: None,
        labels: Arc::default(),
        depends: None,
        alerts: vec![(Arc::new(alert), Arc::from([]))],
    });
    // This rule does not ask what is usual at an hour of the week.
    let mut past = |order: &SeasonOrder| Season { hour: order.hour, ..Season::default() };
    for (time, milliseconds) in [(300, 20.0), (600, 21.0), (900, 84.0), (1200, 85.0)] {
        let median = Some(milliseconds / 1000.0);
        let round = Observation::Measured(Measurement { median, ..Measurement::default() });
        for event in replay.round(time, round, &mut past) {
            println!("{time}: {} {} on {}, {}", event.alert, event.what_in_words(), event.line(), event.facts.reason);
        }
    }
    Ok(())
}
