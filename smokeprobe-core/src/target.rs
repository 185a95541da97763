//! Who is measured, and from where: the identity of a series.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

/// The dotted path of a target, such as `Storage.BeijingS3`: one or more names of `[-_0-9a-zA-Z]+`.
///
/// Cheap to clone. Such a path is safe to use as a file path (dots become folders) and in an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct TargetPath(Arc<str>);

impl TargetPath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names from the outermost section to the target itself.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// The path of `name` inside this one.
    pub fn child(&self, name: &str) -> Result<Self, TargetPathError> {
        format!("{self}.{name}").parse()
    }
}

impl FromStr for TargetPath {
    type Err = TargetPathError;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        let valid =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        match path.split('.').find(|name| !valid(name)) {
            None => Ok(Self(path.into())),
            Some(name) => Err(TargetPathError { name: name.to_owned() }),
        }
    }
}

impl fmt::Display for TargetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name in a target path that is empty or has a character other than ASCII letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("target name {name:?} is not made of ASCII letters, digits, '-' and '_'")]
pub struct TargetPathError {
    /// The name at fault.
    pub name: String,
}

/// What a probe is pointed at: an address, or a name to resolve.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A literal address.
    Address(IpAddr),
    /// A name, resolved by its TTL, at most once a round.
    Name(Arc<str>),
}

impl From<&str> for Host {
    fn from(host: &str) -> Self {
        host.parse().map_or_else(|_| Self::Name(host.into()), Self::Address)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// From where a target is measured: this machine, or a named slave.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Vantage {
    /// This machine.
    #[default]
    Local,
    /// A slave (agent) of this name, `[-_0-9a-zA-Z.]+`.
    Slave(Arc<str>),
}

/// What a history belongs to: a target seen from a vantage point.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId {
    /// The target.
    pub target: TargetPath,
    /// From where.
    pub vantage: Vantage,
}

impl SeriesId {
    /// The series of a target measured from this machine.
    pub const fn local(target: TargetPath) -> Self {
        Self { target, vantage: Vantage::Local }
    }
}

impl FromStr for SeriesId {
    type Err = TargetPathError;

    /// Reads what [`Display`](fmt::Display) writes: `A.B`, or `A.B~slave`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (target, vantage) = match text.split_once('~') {
            None => (text, Vantage::Local),
            Some((target, slave)) => {
                let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
                // A slave's name becomes part of a file name, so dots alone must not pass.
                if slave.is_empty() || !slave.bytes().all(allowed) || slave.bytes().all(|b| b == b'.') {
                    return Err(TargetPathError { name: slave.to_owned() });
                }
                (target, Vantage::Slave(slave.into()))
            }
        };
        Ok(Self { target: target.parse()?, vantage })
    }
}

impl fmt::Display for SeriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.vantage {
            Vantage::Local => self.target.fmt(f),
            Vantage::Slave(slave) => write!(f, "{}~{slave}", self.target),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for SeriesId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for SeriesId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for TargetPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_reads_back_what_it_prints() {
        for text in ["A", "Storage.BeijingS3", "A.b-c_1~slave.example"] {
            assert_eq!(text.parse::<SeriesId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn paths_that_would_leave_the_data_folder_are_refused() {
        for text in ["", ".", "..", "A..B", "A/B", "A.~x", "A~", "A~..", "A~b/c", "北京"] {
            assert!(text.parse::<SeriesId>().is_err(), "{text:?}");
        }
    }
}
