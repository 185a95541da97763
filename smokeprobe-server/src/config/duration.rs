//! How long something lasts, as a configuration writes it: `90`, `90s`, `5m`, `1h30m`.

use std::time::Duration;

/// Longer is a typing error: nothing here waits for ten years.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Reads seconds without a unit, or numbers with units.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let duration = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => humantime::parse_duration(text).ok()?,
    };
    (duration <= LONGEST).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_may_go_without_a_unit() {
        for (text, seconds) in [
            ("90", Some(90)),
            ("90s", Some(90)),
            ("5m", Some(300)),
            ("1h30m", Some(5400)),
            ("1h 30m", Some(5400)),
            ("2days", Some(172_800)),
            ("0", Some(0)),
            ("", None),
            ("m", None),
            ("-5m", None),
            ("5x", None),
            ("1.5h", Some(5400)),
            ("99999999999", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(parse(text), seconds.map(Duration::from_secs), "{text:?}");
        }
    }
}
