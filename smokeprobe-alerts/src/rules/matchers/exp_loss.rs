//! ExpLoss: an exponentially weighted average of loss with two thresholds.

use super::{Args, Difference, Kind, Matcher, RuleError, Semantics, Value, known};

/// `ExpLoss(hist=>rounds,rising=>percent[,falling=>percent][,skip=>rounds][,fast=>rounds])`
#[derive(Debug)]
pub(super) struct ExpLoss {
    hist: usize,
    rising: f64,
    falling: Option<f64>,
    skip: usize,
    fast: usize,
}

impl ExpLoss {
    pub(super) fn new(args: &mut Args<'_>) -> Result<Self, RuleError> {
        Ok(Self {
            hist: args.whole("hist", 1)?,
            rising: args.number("rising")?,
            falling: args.optional_number("falling")?,
            skip: args.optional_whole("skip", 0)?.unwrap_or(0),
            fast: args.optional_whole("fast", 0)?.unwrap_or(0),
        })
    }

    /// The average of the losses, the weight of a round falling to 1 % over `hist` rounds. It starts as if the past
    /// before the first round had been the plain average of what is there.
    fn average(&self, losses: &[f64]) -> f64 {
        let alpha = 1.0 - 0.01_f64.powf(1.0 / self.hist as f64);
        let weighted = losses.iter().fold(0.0, |average, loss| (1.0 - alpha) * average + alpha * loss);
        let plain = losses.iter().sum::<f64>() / losses.len() as f64;
        weighted + plain * (1.0 - alpha).powf(losses.len() as f64)
    }

    /// How many of the newest losses in a row satisfy `wanted`.
    fn in_a_row(losses: &[f64], wanted: impl Fn(f64) -> bool) -> usize {
        losses.iter().rev().take_while(|loss| wanted(**loss)).count()
    }
}

impl Matcher for ExpLoss {
    fn looks_at(&self) -> Kind {
        Kind::Loss
    }

    fn window(&self) -> usize {
        self.hist.max(self.skip + 1).max(self.fast)
    }

    fn legacy_window(&self) -> usize {
        self.hist
    }

    fn differences(&self) -> Vec<Difference> {
        // The start marker falls out of a full history, so that `skip` is one round more than it says.
        let needed = (self.skip + 2).max(self.fast);
        if needed > self.hist {
            vec![Difference::TooFewKept { kept: self.hist, needed }]
        } else {
            vec![Difference::WholeHistory]
        }
    }

    fn needs(&self) -> usize {
        // The manual: with less history than `hist`, what there is counts as the history.
        self.skip + 1
    }

    fn decide(&self, values: &[Value], raised: bool, semantics: Semantics) -> bool {
        // Here the start marker counts as a round.
        if semantics == Semantics::Legacy && values.len() <= self.skip + 1 {
            return false;
        }
        let falling = self.falling.unwrap_or(self.rising);
        let losses: Vec<f64> = known(values).collect();
        if losses.is_empty() {
            return false;
        }
        if self.fast > 0 {
            if Self::in_a_row(&losses, |loss| loss >= self.rising) >= self.fast {
                return true;
            }
            if Self::in_a_row(&losses, |loss| loss <= falling) >= self.fast {
                return false;
            }
        }
        let average = self.average(&losses);
        average >= self.rising || (raised && average >= falling)
    }
}
