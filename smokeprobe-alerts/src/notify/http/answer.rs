//! An answer, and what it means for a message.

use std::fmt;
use std::time::Duration;

use chrono::NaiveDateTime;
use smokeprobe_core::WallTime;
use url::Url;

use super::scrub::Scrub;
use super::shown;
use crate::notify::DeliveryError;

/// A service that asks for more than this would be asking us to forget the message.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// What the other side answered. `Debug` shows the status alone.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The first 64 KiB of the body.
    pub body: Vec<u8>,
    /// Why there may be more of the body than that.
    pub(super) cut: Option<String>,
    pub(super) came: WallTime,
    pub(super) url: Url,
    pub(super) scrub: Scrub,
}

impl Answer {
    /// The value of a header; the name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Why the body is not whole, when it is not: it was too long, or broke off.
    pub fn cut(&self) -> Option<&str> {
        self.cut.as_deref()
    }

    /// The address that was asked, without what can be secret of it.
    pub fn place(&self) -> String {
        shown(&self.url)
    }

    /// The beginning of the body in one line, without secrets: for notes.
    pub fn excerpt(&self) -> String {
        self.scrub.excerpt(&self.body, self.cut.is_none())
    }

    /// A text of the other side's without secrets.
    pub fn clean(&self, text: &str) -> String {
        self.scrub.excerpt(text.as_bytes(), true)
    }

    /// How long the other side wants us to wait: seconds or a date (RFC 9110, 10.2.3); at most a day.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.header("retry-after")?.trim();
        let wait = match value.parse::<u64>() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => WallTime::from_unix_secs(http_date(value)?).saturating_since(self.came),
        };
        Some(wait.min(LONGEST_WAIT))
    }

    /// What the status means for a message: `None` when it was taken.
    ///
    /// 1. 2xx: it was taken.
    /// 2. 408, 425, 429 and 5xx: trying again may help, after the time that the other side asks for.
    /// 3. Everything else: it cannot, until somebody changes something.
    pub fn refusal(&self) -> Option<DeliveryError> {
        if (200..300).contains(&self.status) {
            return None;
        }
        let place = self.place();
        let mut reason = format!("{place} answered {}{}", self.status, meaning(self.status));
        if (300..400).contains(&self.status) {
            let target = self.header("location").and_then(|location| self.url.join(location).ok());
            let target = target.map_or_else(|| "no address".to_owned(), |url| shown(&url));
            reason = format!(
                "{place} answered {}: it points at {target}; redirects are not followed, configure the address that takes \
                 messages",
                self.status
            );
            return Some(DeliveryError::permanent(reason));
        }
        let said = self.excerpt();
        if !said.is_empty() {
            reason = format!("{reason}; it said: {said}");
        }
        Some(match self.status {
            408 | 425 | 429 | 500..=599 => DeliveryError::Transient { reason, retry_after: self.retry_after() },
            _ => DeliveryError::permanent(reason),
        })
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// What to check.
fn meaning(status: u16) -> &'static str {
    match status {
        400 | 415 | 422 => ": it does not understand the message, check that the address is for messages of this kind",
        401 | 403 => ": it does not let us, check token, secret and headers",
        404 | 410 => ": there is nothing that takes messages, check the address",
        405 => ": it takes no POST, check the address",
        407 => ": the proxy wants a user and a password, check the address of the proxy",
        408 => ": it waited too long for us",
        413 => ": the message is too long for it",
        429 => ": we send too much",
        500..=599 => ": it is in trouble",
        _ => "",
    }
}

/// Unix seconds of a date in any of the three forms of RFC 9110, 5.6.7.
fn http_date(text: &str) -> Option<i64> {
    ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|date| date.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_all_forms_of_the_standard() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(http_date(text), Some(784_111_777), "{text}");
        }
        assert_eq!(http_date("soon"), None);
    }

    #[test]
    fn a_wait_is_bounded_whatever_is_asked_for() {
        let url = Url::parse("https://h.example/").unwrap();
        let waits = |value: &str| {
            Answer {
                status: 429,
                headers: vec![("retry-after".into(), value.into())],
                body: Vec::new(),
                cut: None,
                came: WallTime::from_unix_secs(784_111_747),
                scrub: Scrub::new(&url, &[]),
                url: url.clone(),
            }
            .retry_after()
        };
        assert_eq!(waits("7"), Some(Duration::from_secs(7)));
        assert_eq!(waits("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(waits("Tue, 06 Nov 1984 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(waits("18446744073709551615"), Some(LONGEST_WAIT));
        assert_eq!(waits("-1"), None);
    }
}
