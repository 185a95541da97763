//! A round as the values of a row.

use smokeprobe_core::{Round, RoundResult};

/// The values of `uptime`, `loss`, `median`, `ping1` … `pingN` for a round, in seconds; NaN is unknown.
///
/// SmokePing's rules:
///
/// 1. The median is the upper one.
/// 2. The answers are in ascending order, after ⌊lost ÷ 2⌋ unknowns and before the rest of them.
/// 3. Without an answer the loss is all pings, and everything else unknown.
///
/// And two of our own: samples that were never taken are unknown, but not lost; a round that could not be measured is
/// unknown in every value, its loss included.
///
/// # Errors
///
/// A sentence when the round has more samples than pings.
pub(crate) fn row_of(round: &Round) -> Result<Vec<f64>, String> {
    let mut row = vec![f64::NAN; 3 + round.pings as usize];
    let RoundResult::Measured(measured) = &round.result else {
        return Ok(row);
    };
    let (answers, lost) = (measured.rtts(), measured.lost());
    if answers.len() as u64 + u64::from(lost) > u64::from(round.pings) {
        return Err(format!(
            "it has {} samples and should have {}",
            answers.len() as u64 + u64::from(lost),
            round.pings
        ));
    }
    row[0] = measured.uptime.map_or(f64::NAN, |uptime| uptime.as_secs() as f64);
    row[1] = f64::from(lost);
    row[2] = measured.median().map_or(f64::NAN, smokeprobe_core::Rtt::as_secs_f64);
    for (ping, rtt) in row[3 + lost as usize / 2..].iter_mut().zip(answers) {
        *ping = rtt.as_secs_f64();
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use smokeprobe_core::{Measured, Rtt, Slot, Step, UnknownReason, WallTime};

    use super::*;

    fn round(pings: u32, result: RoundResult) -> Round {
        let slot = Slot::ending_at(600, Step::DEFAULT);
        Round { series: "A".parse().unwrap(), slot, pings, started: WallTime::EPOCH, result }
    }

    fn measured(pings: u32, millis: &[u64], lost: u32) -> Vec<String> {
        let measured = Measured::from_samples(millis.iter().map(|&ms| Rtt::from_nanos(ms * 1_000_000)), lost);
        let row = row_of(&round(pings, RoundResult::Measured(measured))).unwrap();
        row.iter().map(|value| if value.is_nan() { "U".to_owned() } else { value.to_string() }).collect()
    }

    #[test]
    fn row_is_the_one_that_smokeping_writes() {
        assert_eq!(measured(5, &[10, 12, 11, 13], 1), ["U", "1", "0.012", "0.01", "0.011", "0.012", "0.013", "U"]);
        assert_eq!(measured(5, &[10, 11], 3), ["U", "3", "0.011", "U", "0.01", "0.011", "U", "U"]);
    }

    #[test]
    fn round_without_an_answer_is_lost_and_one_without_a_measurement_is_unknown() {
        assert_eq!(measured(3, &[], 3), ["U", "3", "U", "U", "U", "U"]);
        let row = row_of(&round(3, RoundResult::Unknown(UnknownReason::NotResolved))).unwrap();
        assert!(row.len() == 6 && row.iter().all(|value| value.is_nan()));
    }

    #[test]
    fn age_of_a_dynamic_address_is_kept_in_whole_seconds() {
        let mut measured = Measured::from_samples([Rtt::from_nanos(1)], 0);
        measured.uptime = Some(std::time::Duration::from_millis(90_500));
        assert_eq!(row_of(&round(1, RoundResult::Measured(measured))).unwrap()[..1], [90.0]);
    }

    #[test]
    fn samples_never_taken_are_unknown_but_not_lost() {
        assert_eq!(measured(4, &[10], 1), ["U", "1", "0.01", "0.01", "U", "U", "U"]);
    }

    #[test]
    fn round_of_too_many_samples_is_refused() {
        let measured = Measured::from_samples([Rtt::from_nanos(1); 3], 1);
        assert!(row_of(&round(3, RoundResult::Measured(measured))).is_err());
    }
}
