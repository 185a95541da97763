//! `@define`: text that stands for other text on every line that follows.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};

/// A longer line is an error, also after substitution: definitions that use each other grow without bound.
pub(super) const LONGEST_LINE: usize = 1 << 20;

/// So much text may be searched for definitions in one configuration: many definitions times many lines.
const SEARCHED: u64 = 1 << 28;

/// At most this many definitions.
const MOST: usize = 1000;

/// The definitions so far, applied to each line in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Defines {
    all: Vec<Define>,
    searched: u64,
}

#[derive(Debug)]
struct Define {
    name: String,
    pattern: Option<Regex>,
    value: String,
}

/// What came of a definition.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Defined {
    /// Its name is a regular expression, as plain names are.
    Regex,
    /// Its name is none that we can run in bounded time, and is taken literally.
    Literal,
    /// There are too many.
    TooMany,
}

impl Defines {
    /// Adds a definition; one of the same name replaces it.
    pub(super) fn add(&mut self, name: &str, value: &str) -> Defined {
        let pattern = RegexBuilder::new(name).size_limit(1 << 18).nest_limit(50).build().ok();
        let defined = if pattern.is_some() { Defined::Regex } else { Defined::Literal };
        let define = Define { name: name.to_owned(), pattern, value: value.to_owned() };
        match self.all.iter().position(|known| known.name == name) {
            Some(known) => self.all[known] = define,
            None if self.all.len() == MOST => return Defined::TooMany,
            None => self.all.push(define),
        }
        defined
    }

    /// `line` with every definition replaced; `None` when that would take more than the stated bounds.
    pub(super) fn apply<'a>(&mut self, line: &'a str) -> Option<Cow<'a, str>> {
        let mut text = Cow::Borrowed(line);
        for define in &self.all {
            self.searched += text.len() as u64 + 64;
            if self.searched > SEARCHED {
                return None;
            }
            match define.replace(&text) {
                Replaced::Nothing => {}
                Replaced::By(replaced) => text = Cow::Owned(replaced),
                Replaced::TooLong => return None,
            }
        }
        Some(text)
    }
}

impl Define {
    fn replace(&self, text: &str) -> Replaced {
        let found: Box<dyn Iterator<Item = (usize, usize)>> = match &self.pattern {
            Some(pattern) => Box::new(pattern.find_iter(text).map(|found| (found.start(), found.end()))),
            None => Box::new(text.match_indices(&self.name).map(|(at, part)| (at, at + part.len()))),
        };
        let mut result = String::new();
        let mut done = None;
        for (start, end) in found {
            result.push_str(&text[done.unwrap_or(0)..start]);
            result.push_str(&self.value);
            done = Some(end);
            if result.len() > LONGEST_LINE {
                return Replaced::TooLong;
            }
        }
        let Some(done) = done else { return Replaced::Nothing };
        result.push_str(&text[done..]);
        if result.len() > LONGEST_LINE { Replaced::TooLong } else { Replaced::By(result) }
    }
}

/// What came of a line.
enum Replaced {
    Nothing,
    By(String),
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_regular_expression_and_a_value_is_plain_text() {
        let mut defines = Defines::default();
        assert_eq!(defines.add("Ow.er", "$1 Joe"), Defined::Regex);
        assert_eq!(defines.apply("Owner X Oweer").unwrap(), "$1 Joe X $1 Joe");
    }

    #[test]
    fn a_name_that_is_no_regular_expression_is_taken_literally() {
        let mut defines = Defines::default();
        assert_eq!(defines.add("a(b", "c"), Defined::Literal);
        assert_eq!(defines.apply("xa(by a(b").unwrap(), "xcy c");
    }

    #[test]
    fn definitions_that_multiply_each_other_stop_at_the_bound() {
        let mut defines = Defines::default();
        for letter in 'a'..'y' {
            let next = char::from(letter as u8 + 1).to_string();
            defines.add(&letter.to_string(), &next.repeat(10));
        }
        assert_eq!(defines.apply("a"), None);
    }
}
