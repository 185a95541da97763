//! `*** Slaves ***`.

use std::collections::BTreeMap;

use super::super::check::Check;
use super::super::diagnostics::Diagnostics;
use super::super::grammar::{Rules, Sections, examine, must, no_table, rule};
use super::super::plan::{Node, Slave};
use super::super::source::FileKind;
use super::super::tree::Section;
use super::Context;

const RULES: Rules = Rules {
    variables: &[rule("secrets", Check::Any), rule("timeout", Check::Any)],
    table: None,
    sections: Sections::Keyed(slave_name, "ASCII letters, digits, `-`, `_` and `.`"),
};

const SLAVE: Rules = Rules {
    variables: &[must("display_name", Check::Any), rule("location", Check::Any), must("color", Check::Colour)],
    table: None,
    sections: Sections::Named(&["override"]),
};

/// A slave's name becomes part of file names, so dots alone do not pass.
fn slave_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) && name.bytes().any(|b| b != b'.')
}

pub(super) fn read(section: Option<&Section>, cx: &mut Context<'_>) -> BTreeMap<String, Slave> {
    let Some(section) = section else { return BTreeMap::new() };
    let values = examine(section, &RULES, cx.problems);
    values.sections.into_iter().map(|inner| (inner.name.text.clone(), slave(inner, cx.problems))).collect()
}

fn slave(section: &Section, problems: &mut Diagnostics) -> Slave {
    let values = examine(section, &SLAVE, problems);
    let mut overrides = Vec::new();
    for inner in &values.sections {
        no_table(&inner.rows, problems);
        for deeper in &inner.sections {
            problems.error(deeper.name.span, "no section may stand here").help("write `Probes.FPing.pings = 5`");
        }
        overrides.extend(inner.variables.iter().map(|(name, value)| (name.text.clone(), value.text.clone())));
    }
    Slave {
        name: section.name.text.clone(),
        display_name: values.string("display_name").unwrap_or_default(),
        location: values.string("location"),
        color: values.string("color").unwrap_or_default(),
        overrides,
    }
}

/// The file of secrets must be there when a target has slaves, and must never be open to everybody.
pub(super) fn check_secrets(section: Option<&Section>, root: &Node, cx: &mut Context<'_>) {
    let Some(section) = section else { return };
    let used = {
        let mut pending = vec![root];
        std::iter::from_fn(move || {
            let node = pending.pop()?;
            pending.extend(&node.children);
            Some(node)
        })
        .any(|node| node.target.as_ref().is_some_and(|target| !target.slaves.is_empty()))
    };
    let Some(secrets) = section.value("secrets") else {
        if used {
            super::super::grammar::missing(section.name.span, "Slaves", "secrets", cx.problems);
        }
        return;
    };
    match cx.files.kind(&cx.path(secrets)) {
        FileKind::File { mode } if mode & 0o006 != 0 => cx
            .problems
            .error(secrets.span, format!("everybody may read or write `{}`", secrets.text))
            .help(format!("chmod o-rwx {}", secrets.text)),
        FileKind::Missing | FileKind::Folder if used => cx
            .problems
            .error(secrets.span, format!("there is no file `{}`, and targets have slaves", secrets.text))
            .help("make it: a line `slave:secret` for each slave, readable to the daemon only"),
        _ => {}
    }
}
