//! The environment, as something that is handed in.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Reads environment variables.
#[derive(Clone)]
pub struct Env(Arc<Read>);

/// What a variable holds, if it is set.
type Read = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Env {
    /// That of the process.
    pub fn of_process() -> Self {
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    /// These variables and no others.
    pub fn of<K: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        let variables: BTreeMap<String, String> =
            variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self(Arc::new(move |name| variables.get(name).cloned()))
    }

    /// A variable's value. An empty one counts as not set, as with Amazon's own programs.
    pub(super) fn read(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The variable says yes.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.read(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A file that a variable names, or that is at `usual` below the home folder. `None` without a home.
    pub(super) fn file(&self, name: &str, usual: &str) -> Option<PathBuf> {
        let home = || self.read("HOME").map(PathBuf::from);
        match self.read(name) {
            Some(path) => match path.strip_prefix("~/") {
                Some(below) => Some(home()?.join(below)),
                None => Some(path.into()),
            },
            None => Some(home()?.join(usual)),
        }
    }
}

/// Without values: some are secrets.
impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Env")
    }
}
