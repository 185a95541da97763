//! Query parameters: read strictly, so that a misspelt one is told and not ignored.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use smokeprobe_core::{TargetPath, WallTime};

use super::error::ApiError;
use crate::timespec::{self, Range};

/// The range that is usual, in seconds: SmokePing's three hours.
pub(super) const USUAL: u32 = 3 * 3600;

/// The parameters of a request.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl From<Vec<(String, String)>> for Params {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| ApiError::bad_parameter("", "the part after ? is not made of name=value pairs"))?;
        Ok(Self(pairs))
    }
}

/// The last part of an address.
#[derive(Debug)]
pub(super) struct Name(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(_) => Err(ApiError::not_found("this address is not made of UTF-8, so there is nothing at it")),
        }
    }
}

impl Params {
    /// Checks that every parameter is one of `known` and given once. Names that start with `_` are for the client's
    /// own use.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        for (index, (name, _)) in self.0.iter().enumerate() {
            if name.starts_with('_') {
                continue;
            }
            let shown = || name.chars().take(40).collect::<String>();
            if !known.contains(&name.as_str()) {
                let message = match known {
                    [] => "there are no parameters here".to_owned(),
                    _ => format!("there is no such parameter; there are {}", known.join(", ")),
                };
                return Err(ApiError::bad_parameter(shown(), message));
            }
            if self.0[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(ApiError::bad_parameter(shown(), "is given twice"));
            }
        }
        Ok(())
    }

    /// The parameter's text. An empty one counts as left out.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A whole number from `least` to `most`, if given.
    pub(super) fn number(&self, name: &'static str, least: u32, most: u32) -> Result<Option<u32>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(ApiError::bad_parameter(name, format!("must be a whole number from {least} to {most}"))),
        }
    }

    /// One of `choices`, by its name, if given.
    pub(super) fn choice<T: Copy>(
        &self,
        name: &'static str,
        choices: &[(&'static str, T)],
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if let Some(&(_, value)) = choices.iter().find(|(choice, _)| *choice == text) {
            return Ok(Some(value));
        }
        let names: Vec<&str> = choices.iter().map(|&(choice, _)| choice).collect();
        Err(ApiError::bad_parameter(name, format!("must be {}", names.join(" or "))))
    }

    /// The path of a target or a section, if given. Whether there is one is not looked at.
    pub(super) fn target(&self, name: &'static str) -> Result<Option<TargetPath>, ApiError> {
        let wrong = |_| ApiError::bad_parameter(name, "must be the path of a target, as A.B");
        self.text(name).map(|text| text.parse().map_err(wrong)).transpose()
    }

    /// A time in Unix seconds, if given.
    pub(super) fn time(&self, name: &'static str, now: WallTime) -> Result<Option<i64>, ApiError> {
        match self.text(name) {
            None => Ok(None),
            Some(text) => match timespec::parse(text, now) {
                Ok(at) => Ok(Some(at.unix_secs())),
                Err(err) => Err(ApiError::bad_parameter(name, err.to_string())),
            },
        }
    }

    /// `from` and `to`; by default the last `default_span` seconds. An end in the future means now: `0 ≤ from < to ≤ now`.
    pub(super) fn range(&self, now: WallTime, default_span: u32) -> Result<Range, ApiError> {
        let (from, to) = (self.time("from", now)?, self.time("to", now)?);
        let now = now.unix_secs();
        let to = to.unwrap_or(now);
        let from = from.unwrap_or_else(|| to.min(now).saturating_sub(default_span.into()));
        if from < 0 {
            return Err(ApiError::bad_parameter("from", "lies before 1970, when there was nothing to measure with"));
        }
        if from >= to {
            return Err(ApiError::bad_parameter("from", "must lie before to"));
        }
        if from >= now {
            return Err(ApiError::bad_parameter("from", "lies in the future"));
        }
        Ok(Range { from, to: to.min(now) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime::from_unix_secs(1_795_348_800);

    fn params(pairs: &[(&str, &str)]) -> Params {
        Params(pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn fault(result: Result<Range, ApiError>) -> String {
        format!("{:?}", result.unwrap_err())
    }

    #[test]
    fn a_range_ends_now_at_the_latest() {
        let now = NOW.unix_secs();
        let range = |pairs: &[(&str, &str)]| params(pairs).range(NOW, 10_800).unwrap();
        assert_eq!(range(&[]), Range { from: now - 10_800, to: now });
        assert_eq!(range(&[("from", "-1h"), ("to", "+1y")]), Range { from: now - 3600, to: now });
        assert_eq!(range(&[("to", "-1h")]), Range { from: now - 3600 - 10_800, to: now - 3600 });
        assert_eq!(range(&[("from", ""), ("to", "now")]), Range { from: now - 10_800, to: now });
    }

    #[test]
    fn impossible_ranges_name_the_parameter() {
        let range = |pairs: &[(&str, &str)]| fault(params(pairs).range(NOW, 10_800));
        assert!(range(&[("from", "now"), ("to", "-3h")]).contains("must lie before"));
        assert!(range(&[("from", "+1h"), ("to", "+2h")]).contains("future"));
        assert!(range(&[("from", "-1000y")]).contains("Some(\"from\")"));
        assert!(range(&[("from", "-57y")]).contains("1970"));
        assert!(range(&[("to", "tomorrow")]).contains("Some(\"to\")"));
    }

    #[test]
    fn numbers_and_choices_are_bounded() {
        let points = |text: &str| params(&[("points", text)]).number("points", 1, 1000);
        assert_eq!(points("7").unwrap(), Some(7));
        for text in ["0", "1001", "1e9", "-1", "seven", "99999999999999999999"] {
            assert!(points(text).is_err(), "{text}");
        }
        assert!(params(&[("theme", "blue")]).choice("theme", &[("light", 0), ("dark", 1)]).is_err());
    }

    #[test]
    fn misspelt_and_repeated_parameters_are_told() {
        assert!(params(&[("form", "-3h")]).only(&["from", "to"]).is_err());
        assert!(params(&[("from", "-3h"), ("from", "-4h")]).only(&["from"]).is_err());
        assert!(params(&[("_", "123"), ("from", "-4h")]).only(&["from"]).is_ok());
    }
}
