//! A SmokePing configuration: text → raw (as written, with its place) → [`Plan`].
//!
//! [`load`] reads a file with everything it includes and answers a [`Plan`], or everything that is wrong with it, in one
//! go. Nothing in a configuration is run while it is read, and no name is looked up.
//!
//! ```
//! use smokeprobe_server::config::{InMemory, load_from};
//!
//! let files = InMemory::default().with("config", "*** Targets ***\nprobe = FPing\n+ Router\nhost = 192.0.2.1\n");
//! let loaded = load_from(&files, "config".as_ref());
//! let plan = loaded.plan.unwrap();
//! assert_eq!(plan.targets().next().unwrap().path.as_str(), "Router");
//! ```

mod check;
mod define;
mod diagnostics;
mod duration;
mod grammar;
pub mod html;
mod lexer;
pub mod plan;
mod redact;
mod report;
mod schema;
mod source;
mod tree;

use std::path::{Path, PathBuf};

use smokeprobe_alerts::{RecipientId, Rules};

pub(crate) use diagnostics::did_you_mean;
pub use diagnostics::{Diagnostic, SHOWN, Severity};
pub use plan::Plan;
pub use report::{Format, check, check_from, human};
pub(crate) use schema::empty_element;
pub use source::{Disk, FileKind, Files, InMemory};

use diagnostics::Diagnostics;
use plan::Recipient;
use tree::Builder;

/// What came of reading a configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What it means; `None` when there is an error in it.
    pub plan: Option<Plan>,
    /// Errors and warnings, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
    /// Every file that was read or was to be read, the main one first: what to watch for changes, with a plan or without.
    pub files: Vec<PathBuf>,
}

/// Reads the configuration in the file `path`.
pub fn load(path: &Path) -> Loaded {
    load_with(path, &Rules::standard())
}

/// Reads the configuration in the file `path`, whose alerts may have these kinds of rules.
pub fn load_with(path: &Path, rules: &Rules) -> Loaded {
    load_from_with(&Disk, path, rules)
}

/// Reads the configuration in the file `path` of `files`.
pub fn load_from(files: &dyn Files, path: &Path) -> Loaded {
    load_from_with(files, path, &Rules::standard())
}

/// Reads the configuration in the file `path` of `files`, whose alerts may have these kinds of rules.
pub fn load_from_with(files: &dyn Files, path: &Path, rules: &Rules) -> Loaded {
    let mut problems = Diagnostics::default();
    let mut builder = Builder::new();
    let sources = lexer::read(files, path, &mut problems, &mut |line, problems| builder.line(line, problems));
    let root = builder.finish();
    // What could not be read to its end is not judged by what is missing in it.
    let plan = if sources.complete() { schema::read(&root, &sources, files, rules, &mut problems) } else { None };
    let plan = plan.filter(|_| !problems.has_errors());
    Loaded { plan, diagnostics: problems.finish(&sources), files: sources.paths() }
}

/// One recipient as the lists of a configuration write it, on the terms that hold unless it says otherwise.
///
/// # Errors
///
/// What is wrong with it, and what to write instead. Nothing that may be secret is in it.
pub fn recipient(text: &str) -> Result<(RecipientId, Recipient), String> {
    schema::recipient(text)
}
