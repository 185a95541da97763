//! What a document is made of: numbers, text and paths.

use std::fmt::{self, Write};

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

/// About how wide a text is: half an em for Latin, a full one for CJK.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().map(|c| if (c as u32) < 0x1100 { 7.0 } else { 13.0 }).sum()
}

/// As much of `text` as fits in `width` pixels, with an ellipsis when something is left out.
pub(super) fn fitting(text: &str, width: f64) -> String {
    let mut used = 0.0;
    let mut cut = String::new();
    for c in text.chars() {
        used += text_width(c.encode_utf8(&mut [0; 4]));
        if used > width {
            cut.push('…');
            return cut;
        }
        cut.push(c);
    }
    cut
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
