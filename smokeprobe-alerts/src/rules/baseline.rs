//! `baseline`: the median RTT is far above what it usually is at this hour of the week.

use super::RuleError;
use super::matchers::Args;
use crate::rule::{Held, History, Observation, Verdict};
use crate::season::Season;

/// The least deviation that counts, in seconds: a past that was flat to the microsecond does not make a microsecond
/// remarkable.
const FLOOR: f64 = 0.000_1;

/// A year: what is older is not what is usual.
const MOST_WEEKS: usize = 52;

/// `deviations=>number,above=>milliseconds[,weeks=>weeks][,warmup=>weeks][,for=>rounds]`
///
/// Raised while the median of each of the newest `for` rounds is
///
/// 1. more than `deviations` median absolute deviations (at least [`FLOOR`] each), and
/// 2. at least `above` milliseconds
///
/// above the median of the same hour of the week in the last `weeks` weeks; cleared by the first round that is not. It
/// waits until `warmup` of these weeks are known. A round that lost every ping has no median and says nothing: loss is
/// for other rules.
#[derive(Debug, Clone)]
pub(super) struct Baseline {
    deviations: f64,
    /// In seconds.
    above: f64,
    weeks: u32,
    warmup: u32,
    rounds: usize,
}

impl Baseline {
    pub(super) fn parse(text: &str) -> Result<Self, RuleError> {
        let mut args = Args::bare("baseline", text)?;
        let deviations = args.number("deviations")?;
        let above = args.number("above")? / 1000.0;
        let weeks = args.whole_up_to("weeks", MOST_WEEKS)?.unwrap_or(4);
        let warmup = args.whole_up_to("warmup", weeks)?.unwrap_or(weeks.min(2));
        let rounds = args.optional_whole("for", 1)?.unwrap_or(1);
        args.finish()?;
        Ok(Self { deviations, above, weeks: weeks as u32, warmup: warmup as u32, rounds })
    }

    pub(super) const fn window(&self) -> usize {
        self.rounds
    }

    pub(super) const fn weeks(&self) -> u32 {
        self.weeks
    }

    pub(super) fn judge(&self, history: &History<'_>, held: Held) -> Verdict {
        let Some(season) = history.season().filter(|season| season.weeks >= self.warmup) else {
            return Verdict::Hold;
        };
        // `for` delays raising, not clearing.
        let rounds = if held.is_raised() { 1 } else { self.rounds };
        let newest = history.newest(rounds);
        let Some(median) = newest.last().and_then(median) else {
            return Verdict::Hold;
        };
        if newest.iter().filter_map(self::median).any(|median| !self.is_above(median, season)) {
            return Verdict::Clear;
        }
        let whole = newest.len() == rounds && newest.iter().all(|round| self::median(round).is_some());
        if whole { Verdict::Raise(explain(median, season)) } else { Verdict::Hold }
    }

    fn is_above(&self, median: f64, season: &Season) -> bool {
        let above = median - season.median;
        above > self.deviations * season.deviation.max(FLOOR) && above >= self.above
    }
}

/// The median of a round that says something.
fn median(round: &Observation) -> Option<f64> {
    match round {
        Observation::Measured(round) if !round.suspect => round.median,
        _ => None,
    }
}

fn explain(median: f64, season: &Season) -> String {
    let ms = 1000.0;
    let deviation = season.deviation.max(FLOOR);
    let usual = if season.deviation < FLOOR { "< 0.1".to_owned() } else { format!("{:.1}", deviation * ms) };
    let weeks = if season.weeks == 1 { "week" } else { "weeks" };
    let rounds = if season.rounds == 1 { "round" } else { "rounds" };
    format!(
        "median {:.1} ms, usually {:.1} ms ± {usual} ms at this hour of the week ({} {weeks}, {} {rounds}): \
         {:.0} deviations above",
        median * ms,
        season.median * ms,
        season.weeks,
        season.rounds,
        // As many as there are whole: what is said is not more than what is.
        ((median - season.median) / deviation).floor(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{AlertRule as _, Measurement};
    use crate::rules::{Kind, parse};

    const TEXT: &str = "deviations=>4,above=>10,weeks=>4,warmup=>2";

    fn round(median_ms: f64) -> Observation {
        Observation::Measured(Measurement { median: Some(median_ms / 1000.0), ..Measurement::default() })
    }

    fn lost() -> Observation {
        Observation::Measured(Measurement { loss: 100.0, ..Measurement::default() })
    }

    fn season(weeks: u32, median_ms: f64, deviation_ms: f64) -> Season {
        let (median, deviation) = (median_ms / 1000.0, deviation_ms / 1000.0);
        Season { hour: 0, weeks, rounds: 12 * weeks as usize, median, deviation }
    }

    fn judge(text: &str, rounds: &[Observation], season: &Season, held: Held) -> Verdict {
        parse(Kind::Baseline, text).unwrap().judge(&History::new(rounds).with_season(Some(season)), held)
    }

    #[test]
    fn raise_explains_itself_with_its_numbers() {
        let verdict = judge(TEXT, &[round(84.2)], &season(4, 21.0, 1.3), Held::No);
        let expected = "median 84.2 ms, usually 21.0 ms ± 1.3 ms at this hour of the week (4 weeks, 48 rounds): \
                        48 deviations above";
        assert_eq!(verdict, Verdict::Raise(expected.into()));
    }

    #[test]
    fn both_thresholds_must_be_passed() {
        let usual = season(4, 20.0, 1.0);
        for (median, raises) in [(20.0, false), (24.5, false), (29.9, false), (30.1, true), (5.0, false)] {
            let verdict = judge(TEXT, &[round(median)], &usual, Held::No);
            assert_eq!(matches!(verdict, Verdict::Raise(_)), raises, "{median}");
            assert_eq!(verdict == Verdict::Clear, !raises, "{median}");
        }
        let noisy = season(4, 20.0, 5.0);
        assert_eq!(judge(TEXT, &[round(39.0)], &noisy, Held::No), Verdict::Clear);
        assert!(matches!(judge(TEXT, &[round(41.0)], &noisy, Held::No), Verdict::Raise(_)));
    }

    #[test]
    fn flat_past_makes_no_microsecond_remarkable() {
        let flat = season(4, 20.0, 0.0);
        let text = "deviations=>4,above=>0";
        assert_eq!(judge(text, &[round(20.001)], &flat, Held::No), Verdict::Clear);
        let Verdict::Raise(why) = judge(text, &[round(20.5)], &flat, Held::No) else { panic!("0.5 ms is five") };
        assert!(why.contains("± < 0.1 ms"), "{why}");
    }

    #[test]
    fn it_waits_until_enough_weeks_are_known() {
        for held in [Held::No, Held::Yes] {
            assert_eq!(judge(TEXT, &[round(500.0)], &season(1, 20.0, 1.0), held), Verdict::Hold);
            let rule = parse(Kind::Baseline, TEXT).unwrap();
            assert_eq!(rule.judge(&History::new(&[round(500.0)]), held), Verdict::Hold);
        }
        assert!(matches!(judge(TEXT, &[round(500.0)], &season(2, 20.0, 1.0), Held::No), Verdict::Raise(_)));
        assert_eq!(parse(Kind::Baseline, TEXT).unwrap().weeks(), 4);
    }

    #[test]
    fn for_wants_so_many_rounds_to_raise_and_one_to_clear() {
        let (text, usual) = ("deviations=>4,above=>10,for=>3", season(4, 20.0, 1.0));
        let (high, low) = (round(50.0), round(20.0));
        assert_eq!(judge(text, &[high, high], &usual, Held::No), Verdict::Hold);
        assert_eq!(judge(text, &[high, low, high, high], &usual, Held::No), Verdict::Clear);
        assert!(matches!(judge(text, &[low, high, high, high], &usual, Held::No), Verdict::Raise(_)));
        assert!(matches!(judge(text, &[low, low, high], &usual, Held::Yes), Verdict::Raise(_)));
        assert_eq!(judge(text, &[high, high, low], &usual, Held::Yes), Verdict::Clear);
    }

    #[test]
    fn rounds_without_an_answer_unmeasured_and_suspect_ones_say_nothing() {
        let usual = season(4, 20.0, 1.0);
        let suspect = Observation::Measured(Measurement { median: Some(0.5), suspect: true, ..Measurement::default() });
        for held in [Held::No, Held::Yes] {
            for newest in [lost(), suspect, Observation::Unknown, Observation::Start] {
                assert_eq!(judge(TEXT, &[newest], &usual, held), Verdict::Hold, "{newest:?}");
                let rounds = [round(50.0), newest];
                assert_eq!(judge("deviations=>4,above=>10,for=>2", &rounds, &usual, held), Verdict::Hold);
            }
        }
        let rounds = [round(50.0), lost(), round(50.0)];
        assert_eq!(judge("deviations=>4,above=>10,for=>3", &rounds, &usual, Held::No), Verdict::Hold);
    }

    #[test]
    fn fault_is_where_it_is() {
        for (text, wrong) in [
            ("deviations=>4", "deviations=>4"),
            ("deviations=>x,above=>10", "x"),
            ("deviations=>-1,above=>10", "-1"),
            ("deviations=>4,above=>10,weeks=>0", "0"),
            ("deviations=>4,above=>10,weeks=>53", "53"),
            ("deviations=>4,above=>10,weeks=>2,warmup=>3", "3"),
            ("deviations=>4,above=>10,for=>0", "0"),
            ("deviations=>4,above=>10,week=>2", "week"),
            ("deviations=>4 above=>10", "above=>10"),
            ("deviations=>4,above", "above"),
            ("deviations=>4,above=>", ""),
            ("", ""),
        ] {
            let error = parse(Kind::Baseline, text).unwrap_err();
            assert_eq!(&text[error.span], wrong, "{text}: {}", error.message);
        }
    }
}
