//! What messages say of an event.

use std::fmt::Write as _;

use crate::alert::{Alert, Watched};
use crate::event::Facts;
use crate::rule::Observation;
use crate::rules::Semantics;

/// At most so many of the newest rounds are written out. A program is told them in one argument, and Linux takes none
/// above 128 KiB.
const WRITTEN: usize = 2000;

/// All that a message may say. `rounds` is the whole window of the series, as in the program, though the alert's own be
/// shorter.
pub(super) fn facts(watched: &Watched, alert: &Alert, rounds: &[Observation], reason: String) -> Facts {
    let rounds = &rounds[rounds.len().saturating_sub(WRITTEN)..];
    Facts {
        host: watched.host.clone(),
        title: watched.title.clone(),
        loss: loss(rounds, alert.semantics),
        rtt: rtt(rounds),
        pattern: alert.pattern.clone(),
        comment: alert.comment.clone(),
        reason,
        edgetrigger: alert.edgetrigger,
        priority: alert.priority,
        url: watched.url.clone(),
        mail_template: alert.mail_template.clone(),
    }
}

/// `loss: S, 0%, 20%`, rounded half to even.
fn loss(rounds: &[Observation], semantics: Semantics) -> String {
    listed("loss:", rounds, |text, round| match round {
        Observation::Start => text.write_str("S"),
        // The program takes it for a round without loss, and says so.
        Observation::Unknown if semantics == Semantics::Legacy => text.write_str("0%"),
        Observation::Unknown => text.write_str("U"),
        Observation::Measured(round) => whole(text, round.loss, "%"),
    })
}

/// `rtt: S, 12ms, U`, rounded half to even.
fn rtt(rounds: &[Observation]) -> String {
    listed("rtt:", rounds, |text, round| match round {
        Observation::Start => text.write_str("S"),
        Observation::Unknown => text.write_str("U"),
        Observation::Measured(round) => match round.median {
            Some(median) => whole(text, median * 1000.0, "ms"),
            None => text.write_str("U"),
        },
    })
}

/// A number rounded half to even. In the usual range as an integer, which is several times as fast.
fn whole(text: &mut String, number: f64, unit: &str) -> std::fmt::Result {
    if (0.0..1e15).contains(&number) {
        write!(text, "{}{unit}", number.round_ties_even() as u64)
    } else {
        write!(text, "{number:.0}{unit}")
    }
}

fn listed(head: &str, rounds: &[Observation], write: impl Fn(&mut String, &Observation) -> std::fmt::Result) -> String {
    let mut text = String::with_capacity(head.len() + rounds.len() * 6);
    text.push_str(head);
    for (at, round) in rounds.iter().enumerate() {
        text.push_str(if at == 0 { " " } else { ", " });
        // Writing to a String cannot fail.
        let _ = write(&mut text, round);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Measurement;

    fn round(loss: f64, median: Option<f64>) -> Observation {
        Observation::Measured(Measurement { loss, median, ..Measurement::default() })
    }

    #[test]
    fn numbers_round_as_when_printed_without_decimals() {
        let numbers = (0..4000).map(|n| f64::from(n) / 8.0);
        for number in numbers.chain([99.499_999_999_999_99, 1e15, 3e20, 999_999_999_999_999.5, f64::INFINITY]) {
            let mut text = String::new();
            whole(&mut text, number, "ms").unwrap();
            assert_eq!(text, format!("{number:.0}ms"));
        }
    }

    #[test]
    fn rounds_read_as_in_the_program() {
        // Halves to the even neighbour, as C's printf does.
        let rounds = [
            Observation::Start,
            round(0.5, Some(0.0125)),
            round(1.5, Some(0.0135)),
            round(2.5, Some(0.0005)),
            round(100.0 / 3.0, Some(0.000_4)),
            Observation::Unknown,
            round(100.0, None),
        ];
        assert_eq!(loss(&rounds, Semantics::Documented), "loss: S, 0%, 2%, 2%, 33%, U, 100%");
        assert_eq!(loss(&rounds, Semantics::Legacy), "loss: S, 0%, 2%, 2%, 33%, 0%, 100%");
        assert_eq!(rtt(&rounds), "rtt: S, 12ms, 14ms, 0ms, 0ms, U, U");
    }
}
