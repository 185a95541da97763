//! `nodata`: nothing measured for some rounds. Our own blindness, not the network's loss: a round that lost every ping
//! was measured.

use super::RuleError;
use crate::rule::{History, Observation, Verdict};

/// Raised by the last of `rounds` rounds in a row that could not be measured, cleared by the first that was.
#[derive(Debug, Clone)]
pub(super) struct NoData {
    rounds: usize,
}

impl NoData {
    pub(super) fn parse(text: &str) -> Result<Self, RuleError> {
        let number = text.trim();
        let start = text.len() - text.trim_start().len();
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        // A number too long for a machine word is too long for a window as well, which is said elsewhere.
        let rounds = if digits { number.parse().unwrap_or(usize::MAX) } else { 0 };
        if rounds == 0 {
            let message = format!("`{number}` is not a number of rounds");
            let help = "write after how many rounds in a row without a measurement to raise, such as `3`";
            return Err(RuleError::new(message, start..start + number.len(), help));
        }
        Ok(Self { rounds })
    }

    pub(super) const fn window(&self) -> usize {
        self.rounds
    }

    pub(super) fn judge(&self, history: &History<'_>) -> Verdict {
        let newest = history.newest(self.rounds);
        if matches!(newest.last(), Some(Observation::Measured(_))) {
            return Verdict::Clear;
        }
        let unknown = newest.iter().filter(|round| matches!(round, Observation::Unknown)).count();
        match (unknown == self.rounds, self.rounds) {
            (true, 1) => Verdict::Raise("the round could not be measured".to_owned()),
            (true, rounds) => Verdict::Raise(format!("nothing was measured in {rounds} rounds")),
            (false, _) => Verdict::Hold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{AlertRule as _, Held, Measurement};
    use crate::rules::{Kind, parse};

    const UNKNOWN: Observation = Observation::Unknown;
    const LOST: Observation =
        Observation::Measured(Measurement { loss: 100.0, median: None, deviation: None, suspect: false });

    fn judge(text: &str, rounds: &[Observation], held: Held) -> Verdict {
        parse(Kind::NoData, text).unwrap().judge(&History::new(rounds), held)
    }

    #[test]
    fn as_many_rounds_in_a_row_raise_and_the_first_measured_one_clears() {
        let raised = Verdict::Raise("nothing was measured in 3 rounds".into());
        assert_eq!(judge("3", &[LOST, UNKNOWN, UNKNOWN, UNKNOWN], Held::No), raised);
        assert_eq!(judge(" 3 ", &[UNKNOWN; 9], Held::Yes), raised);
        assert_eq!(judge("3", &[LOST, UNKNOWN, UNKNOWN], Held::No), Verdict::Hold);
        assert_eq!(judge("3", &[UNKNOWN, LOST, UNKNOWN, UNKNOWN], Held::No), Verdict::Hold);
        assert_eq!(judge("3", &[UNKNOWN, UNKNOWN, UNKNOWN, LOST], Held::Yes), Verdict::Clear);
        assert!(matches!(judge("1", &[UNKNOWN], Held::No), Verdict::Raise(_)));
    }

    #[test]
    fn place_before_the_first_round_does_not_count() {
        assert_eq!(judge("3", &[Observation::Start, UNKNOWN, UNKNOWN], Held::No), Verdict::Hold);
        assert_eq!(judge("3", &[UNKNOWN, UNKNOWN], Held::No), Verdict::Hold);
        assert_eq!(judge("1", &[Observation::Start], Held::No), Verdict::Hold);
    }

    #[test]
    fn suspect_round_was_measured() {
        let suspect = Observation::Measured(Measurement { suspect: true, ..Measurement::default() });
        assert_eq!(judge("2", &[UNKNOWN, UNKNOWN, suspect], Held::Yes), Verdict::Clear);
    }

    #[test]
    fn what_is_no_number_of_rounds_is_refused_where_it_stands() {
        for (text, wrong) in
            [(" 0", "0"), ("x ", "x"), ("", ""), ("3 rounds", "3 rounds"), ("-1", "-1"), ("1.5", "1.5")]
        {
            let error = parse(Kind::NoData, text).unwrap_err();
            assert_eq!(&text[error.span], wrong, "{}", error.message);
        }
        assert!(parse(Kind::NoData, "999999999999999999999").unwrap_err().message.contains("looks at"));
    }
}
