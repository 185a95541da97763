//! What a document is made of: numbers, text and paths.

use std::fmt::{self, Write};

use unicode_width::UnicodeWidthChar;

use super::super::smoke::{Cell, Level};

/// Along the tops from left to right, and back along the bottoms.
pub(super) fn outline(run: &[Cell]) -> String {
    let mut path = String::new();
    let Some(first) = run.first() else { return path };
    let _ = write!(path, "M{} {}", Px(first.x0), Px(first.bottom));
    for cell in run {
        let _ = write!(path, "V{}H{}", Px(cell.top), Px(cell.x1));
    }
    for cell in run.iter().rev() {
        let _ = write!(path, "V{}H{}", Px(cell.bottom), Px(cell.x0));
    }
    path.push('Z');
    path
}

pub(super) fn stairs(run: &[Level]) -> String {
    let mut path = String::new();
    for (index, level) in run.iter().enumerate() {
        let _ = match index {
            0 => write!(path, "M{} {}H{}", Px(level.x0), Px(level.y), Px(level.x1)),
            _ => write!(path, "V{}H{}", Px(level.y), Px(level.x1)),
        };
    }
    path
}

pub(super) fn rectangle(x0: f64, x1: f64, top: f64, bottom: f64) -> String {
    format!("M{} {}H{}V{}H{}Z", Px(x0), Px(top), Px(x1), Px(bottom), Px(x0))
}

/// About how wide a text is: half an em for Latin, a full one for CJK, nothing for what combines with another character.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().map(width_of).sum()
}

fn width_of(c: char) -> f64 {
    match c.width() {
        Some(0) => 0.0,
        Some(2) => 13.0,
        _ => 7.0,
    }
}

/// As much of `text` as fits in `width` pixels, with an ellipsis when something is left out. What people see as one
/// character is kept whole or left out.
pub(super) fn fitting(text: &str, width: f64) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    let room = width - width_of('…');
    let (mut used, mut end) = (0.0, 0);
    let mut before = None;
    for (at, c) in text.char_indices() {
        // Accents, variants, skin colours and what a joiner joins belong to the character before.
        let joined = width_of(c) == 0.0 || before == Some('\u{200d}') || ('\u{1f3fb}'..='\u{1f3ff}').contains(&c);
        if !joined {
            end = at;
            if used + width_of(c) > room {
                break;
            }
            used += width_of(c);
        }
        before = Some(c);
    }
    format!("{}…", text[..end].trim_end())
}

/// A number of pixels, to a tenth.
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() as i64;
        if tenths % 10 == 0 { write!(f, "{}", tenths / 10) } else { write!(f, "{}", tenths as f64 / 10.0) }
    }
}

/// Text as XML 1.0 has it (section 2.2 and 2.4): markup escaped, characters that no document may hold replaced.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\t' | '\n' | '\r' => f.write_char(' ')?,
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_ends_with_an_ellipsis() {
        assert_eq!(fitting("Frankfurt", 63.0), "Frankfurt");
        assert_eq!(fitting("Frankfurt", 62.0), "Frankfu…");
        assert_eq!(fitting("北京区存储", 65.0), "北京区存储");
        assert_eq!(fitting("北京区存储", 64.0), "北京区存…");
        assert_eq!(fitting("A host", 20.0), "A…", "no space before it");
        assert_eq!(fitting("A host", -5.0), "…");
        assert_eq!(fitting("", -5.0), "…");
    }

    #[test]
    fn what_people_see_as_one_character_is_not_cut() {
        let accents = "e\u{301}".repeat(10);
        assert_eq!(fitting(&accents, 28.0), "e\u{301}e\u{301}e\u{301}…");
        let family = "👩\u{200d}👩\u{200d}👧";
        assert_eq!(fitting(&format!("{family}{family}{family}"), 34.0), format!("{family}{family}…"));
    }
}
