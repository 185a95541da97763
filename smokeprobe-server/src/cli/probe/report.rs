//! How a round is printed: for people, as fping does, and as JSON.

use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use smokeprobe_core::{LossReason, Measured, Outcome, Phases, Quality, Rtt, WallTime};

use super::{Done, Format};
use crate::cli::terminal;
use crate::sentence::sentence;

/// Prints one host. What could not be measured goes to standard error: a line without an answer would say "lost".
pub(super) fn print(done: &Done, format: Format, out: &mut impl Write) -> io::Result<()> {
    match (&done.result, format) {
        (_, Format::Json) => {
            serde_json::to_writer(&mut *out, &Report::new(done))?;
            writeln!(out)
        }
        (Err(error), _) => writeln!(io::stderr(), "{}: {}", done.label, sentence(error)),
        (Ok(None), _) => writeln!(io::stderr(), "{}: nothing was measured", done.label),
        (Ok(Some(_)), Format::Fping) => fping_line(&done.label, &done.outcomes, out),
        (Ok(Some(measured)), Format::Text) => people_text(&done.label, measured, out),
    }
}

/// `HOST : 5.1234 - 5.1100`: milliseconds with four decimals, `-` for what has no answer.
fn fping_line(label: &str, outcomes: &[Option<Outcome>], out: &mut impl Write) -> io::Result<()> {
    write!(out, "{label} :")?;
    for outcome in outcomes {
        match rtt_of(outcome.as_ref()) {
            Some(rtt) => write!(out, " {:.4}", rtt.as_millis_f64())?,
            None => write!(out, " -")?,
        }
    }
    writeln!(out)
}

fn people_text(label: &str, measured: &Measured, out: &mut impl Write) -> io::Result<()> {
    let sent = measured.rtts().len() as u32 + measured.lost();
    let loss = f64::from(measured.lost()) * 100.0 / f64::from(sent);
    write!(out, "{label}")?;
    if let Some(address) = measured.address.filter(|address| address.to_string() != label) {
        write!(out, " ({address})")?;
    }
    write!(out, ": {sent} sent, {} lost ({loss:.0} %)", measured.lost())?;
    if let (Some(median), Some(deviation)) = (measured.median(), measured.deviation()) {
        let ms = |rtt: Rtt| rtt.as_millis_f64();
        let (min, max) = (measured.rtts()[0], measured.rtts()[measured.rtts().len() - 1]);
        let deviation = deviation * 1e3;
        write!(out, ", median {:.3} ms, min {:.3}, max {:.3}, sd {deviation:.3}", ms(median), ms(min), ms(max))?;
    }
    writeln!(out)?;
    for (reason, count) in &measured.loss_reasons {
        writeln!(out, "  lost {count}: {}", reason_text(*reason))?;
    }
    if let Some(note) = &measured.note {
        writeln!(out, "  {note}")?;
    }
    for (number, phases) in measured.phases.iter().enumerate() {
        let parts = PhasesMs::from(*phases);
        let parts = [
            ("resolve", parts.resolve),
            ("connect", parts.connect),
            ("TLS", parts.tls),
            ("first byte", parts.first_byte),
            ("transfer", parts.transfer),
        ];
        let known = parts.iter().filter_map(|(name, ms)| ms.map(|ms| format!("{name} {ms:.3}")));
        writeln!(out, "  {:>3}: {} ms", number + 1, known.collect::<Vec<_>>().join(", "))?;
    }
    match measured.certificate_expires {
        Some(expires) => writeln!(out, "  certificate expires {}", terminal::date(expires)),
        None => Ok(()),
    }
}

fn reason_text(reason: LossReason) -> String {
    match reason {
        LossReason::Timeout => "no answer in time".to_owned(),
        LossReason::Unreachable { code } => format!("unreachable (code {code})"),
        LossReason::TtlExceeded => "time to live exceeded on the way".to_owned(),
        LossReason::TooBig => "packet too big for the way".to_owned(),
        LossReason::Refused => "connection refused".to_owned(),
        LossReason::Unexpected => "not the answer that was demanded".to_owned(),
        LossReason::SendFailed => "the system refused to send".to_owned(),
        other => format!("{other:?}"),
    }
}

fn rtt_of(outcome: Option<&Outcome>) -> Option<Rtt> {
    match outcome {
        Some(Outcome::Answered { rtt, .. }) => Some(*rtt),
        _ => None,
    }
}

/// The JSON of one host. Times in milliseconds; a sample without an answer is null.
#[derive(Serialize)]
struct Report<'a> {
    host: &'a str,
    address: Option<IpAddr>,
    sent: usize,
    lost: u32,
    median_ms: Option<f64>,
    min_ms: Option<f64>,
    max_ms: Option<f64>,
    deviation_ms: Option<f64>,
    /// In the order sent.
    rtts_ms: Vec<Option<f64>>,
    losses: Vec<Loss>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    phases_ms: Vec<PhasesMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_expires: Option<i64>,
    quality: Quality,
    stale_address: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Loss {
    reason: LossReason,
    count: u32,
}

#[derive(Serialize)]
struct PhasesMs {
    resolve: Option<f64>,
    connect: Option<f64>,
    tls: Option<f64>,
    first_byte: Option<f64>,
    transfer: Option<f64>,
}

impl<'a> Report<'a> {
    fn new(done: &'a Done) -> Self {
        let (measured, error) = match &done.result {
            Ok(measured) => (measured.clone().unwrap_or_default(), None),
            Err(error) => (Measured::default(), Some(sentence(error))),
        };
        let ms = |rtt: Rtt| rtt.as_millis_f64();
        Self {
            host: &done.label,
            address: measured.address,
            sent: done.outcomes.iter().flatten().count(),
            lost: measured.lost(),
            median_ms: measured.median().map(ms),
            min_ms: measured.rtts().first().copied().map(ms),
            max_ms: measured.rtts().last().copied().map(ms),
            deviation_ms: measured.deviation().map(|seconds| seconds * 1e3),
            rtts_ms: done.outcomes.iter().map(|outcome| rtt_of(outcome.as_ref()).map(ms)).collect(),
            losses: measured.loss_reasons.iter().map(|&(reason, count)| Loss { reason, count }).collect(),
            phases_ms: measured.phases.iter().copied().map(PhasesMs::from).collect(),
            certificate_expires: measured.certificate_expires.map(WallTime::unix_secs),
            quality: measured.quality,
            stale_address: measured.stale_address,
            note: measured.note,
            error,
        }
    }
}

impl From<Phases> for PhasesMs {
    fn from(phases: Phases) -> Self {
        let ms = |part: Option<Duration>| part.map(|part| part.as_secs_f64() * 1e3);
        Self {
            resolve: ms(phases.resolve),
            connect: ms(phases.connect),
            tls: ms(phases.tls),
            first_byte: ms(phases.first_byte),
            transfer: ms(phases.transfer),
        }
    }
}

#[cfg(test)]
mod tests {
    use smokeprobe_core::StampSource;

    use super::*;

    #[test]
    fn fping_line_has_four_decimals_and_a_dash_for_a_loss() {
        let answered = |nanos| Some(Outcome::Answered { rtt: Rtt::from_nanos(nanos), stamp: StampSource::Kernel });
        let outcomes = [answered(5_123_400), Some(Outcome::Lost(LossReason::Timeout)), answered(5_110_000)];
        let mut line = Vec::new();
        fping_line("localhost", &outcomes, &mut line).unwrap();
        assert_eq!(String::from_utf8(line).unwrap(), "localhost : 5.1234 - 5.1100\n");
    }
}
