//! What messages say of an event.

use crate::alert::{Alert, Watched};
use crate::event::Facts;
use crate::rule::Observation;
use crate::rules::Semantics;
use crate::whole::whole;

/// At most so many of the newest rounds are written out. A program is told them in one argument, and Linux takes none
/// above 128 KiB.
const WRITTEN: usize = 2000;

impl Facts {
    /// All that a message may say of an alert of a series. `rounds` is the whole window of the series, oldest first, as in
    /// the program, though the alert's own be shorter; at most 2000 of the newest are written out.
    pub fn new(watched: &Watched, alert: &Alert, rounds: &[Observation], reason: String) -> Self {
        let rounds = &rounds[rounds.len().saturating_sub(WRITTEN)..];
        Self {
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
}

/// `loss: S, 0%, 20%`, rounded half to even.
fn loss(rounds: &[Observation], semantics: Semantics) -> String {
    listed("loss:", rounds, |text, round| match round {
        Observation::Start => text.push('S'),
        // The program takes it for a round without loss, and says so.
        Observation::Unknown if semantics == Semantics::Legacy => text.push_str("0%"),
        Observation::Unknown => text.push('U'),
        Observation::Measured(round) => whole(text, round.loss, "%"),
    })
}

/// `rtt: S, 12ms, U`, rounded half to even.
fn rtt(rounds: &[Observation]) -> String {
    listed("rtt:", rounds, |text, round| match round {
        Observation::Start => text.push('S'),
        Observation::Unknown => text.push('U'),
        Observation::Measured(round) => match round.median {
            Some(median) => whole(text, median * 1000.0, "ms"),
            None => text.push('U'),
        },
    })
}

fn listed(head: &str, rounds: &[Observation], write: impl Fn(&mut String, &Observation)) -> String {
    let mut text = String::with_capacity(head.len() + rounds.len() * 6);
    text.push_str(head);
    for (at, round) in rounds.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push(' ');
        write(&mut text, round);
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
