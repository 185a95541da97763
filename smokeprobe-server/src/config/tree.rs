//! Lines → a tree of sections, as written.

use std::collections::HashMap;

use super::diagnostics::Diagnostics;
use super::lexer::Line;
use super::source::{Span, Text};

/// Sections may be nested this deep. A target's path becomes a file path, which could not be longer anyway.
const DEEPEST: usize = 100;

/// A section as written. The root stands for the whole configuration.
#[derive(Debug)]
pub(super) struct Section {
    /// Its name.
    pub(super) name: Text,
    /// Its variables, each once.
    pub(super) variables: Vec<(Text, Text)>,
    /// The rows of its table.
    pub(super) rows: Vec<Text>,
    /// The sections inside it, in the order of the file.
    pub(super) sections: Vec<Self>,
}

impl Section {
    /// The section inside it of this name.
    pub(super) fn section(&self, name: &str) -> Option<&Self> {
        self.sections.iter().find(|section| section.name.text == name)
    }

    /// The value of a variable of its own.
    pub(super) fn value(&self, name: &str) -> Option<&Text> {
        self.variables.iter().find(|(variable, _)| variable.text == name).map(|(_, value)| value)
    }
}

/// Builds the tree line by line.
pub(super) struct Builder {
    /// The sections that are open, the root first.
    open: Vec<Frame>,
    /// The section nesting is already known to be too deep.
    too_deep: bool,
}

struct Frame {
    section: Section,
    /// Names in use, with their place: variables and sections share one space.
    names: HashMap<String, (Kind, Span)>,
    /// The section stands where none may be; it is read for the errors in it, and then forgotten.
    stray: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Variable,
    Section,
}

impl Builder {
    pub(super) fn new() -> Self {
        let nowhere = Text { text: String::new(), span: Span::default(), verbatim: false };
        Self { open: vec![Frame::new(nowhere, false)], too_deep: false }
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, line: Line, problems: &mut Diagnostics) {
        match line {
            Line::Section { level, name } => self.section(level, name, problems),
            Line::Variable { name, value } => self.variable(name, value, problems),
            Line::Row(row) => self.top().section.rows.push(row),
        }
    }

    /// The root.
    pub(super) fn finish(mut self) -> Section {
        self.close_to(1);
        // The root is opened by `new` and `close_to(1)` leaves it.
        self.open.swap_remove(0).section
    }

    fn section(&mut self, level: usize, name: Text, problems: &mut Diagnostics) {
        self.close_to(level.min(DEEPEST));
        let mut stray = false;
        if level > DEEPEST {
            if !self.too_deep {
                problems.error(name.span, format!("sections are nested deeper than {DEEPEST}")).help("use fewer `+`");
            }
            self.too_deep = true;
        } else if level > self.open.len() {
            let deepest = self.open.len() - 1;
            let message = if deepest == 0 {
                format!("section `{}` is outside of any `*** Section ***`", clipped(&name.text))
            } else {
                format!("section `{}` is nested too deep here", clipped(&name.text))
            };
            let help = if deepest == 0 {
                "start with a line such as `*** Targets ***`".to_owned()
            } else {
                format!(
                    "write `{} {}`, or add the section that is missing above it",
                    "+".repeat(deepest),
                    clipped(&name.text)
                )
            };
            problems.error(name.span, message).help(help);
            stray = deepest == 0;
        }
        if !stray {
            self.claim(&name, Kind::Section, problems);
        }
        self.open.push(Frame::new(name, stray));
    }

    fn variable(&mut self, name: Text, value: Text, problems: &mut Diagnostics) {
        if self.claim(&name, Kind::Variable, problems) {
            self.top().section.variables.push((name, value));
        }
    }

    /// Whether the name is free in the section that is open.
    fn claim(&mut self, name: &Text, kind: Kind, problems: &mut Diagnostics) -> bool {
        let level = self.open.len();
        let names = &mut self.top().names;
        let Some((first, place)) = names.get(&name.text) else {
            names.insert(name.text.clone(), (kind, name.span));
            return true;
        };
        let what = |kind| if kind == Kind::Variable { "variable" } else { "section" };
        let shown = clipped(&name.text);
        let message = match (*first, kind) {
            (Kind::Variable, Kind::Variable) => format!("`{shown}` is set twice in this section"),
            (Kind::Section, Kind::Section) => format!("section `{shown}` exists already"),
            (first, _) => format!("there is a {} `{shown}` here already", what(first)),
        };
        let line = place.line;
        let help = match (*first, kind) {
            (Kind::Section, Kind::Section) if level == 1 => {
                format!("it starts at line {line}; write the whole section in one place, with @include inside it")
            }
            (Kind::Section, Kind::Section) => format!("it starts at line {line}; choose another name"),
            (Kind::Variable, Kind::Section) => {
                format!("the variable is at line {line}; choose another name for the section")
            }
            _ => format!("the first one is at line {line}"),
        };
        problems.error(name.span, message).help(help);
        false
    }

    /// Closes sections until `count` are open, so that the next one is opened at level `count`.
    fn close_to(&mut self, count: usize) {
        while self.open.len() > count.max(1) {
            let Some(frame) = self.open.pop() else { return };
            if !frame.stray {
                self.top().section.sections.push(frame.section);
            }
        }
    }

    fn top(&mut self) -> &mut Frame {
        // The root is never closed.
        self.open.last_mut().expect("the root is open")
    }
}

impl Frame {
    fn new(name: Text, stray: bool) -> Self {
        let section = Section { name, variables: Vec::new(), rows: Vec::new(), sections: Vec::new() };
        Self { section, names: HashMap::new(), stray }
    }
}

/// Text for a message: whatever a file holds, the message stays one short line.
pub(super) fn clipped(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut clipped: String = text.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        clipped.push('…');
    }
    clipped
}
