//! What a document is made of: numbers, text and paths.

use std::fmt::{self, Write};

use unicode_width::UnicodeWidthChar;

use super::super::smoke::{Cell, Level};

/// Along the tops from left to right, and back along the bottoms.
pub(super) fn outline(run: &[Cell], grain: f64) -> String {
    let together = |part: &[Cell], first: &Cell, last: &Cell| Cell {
        x0: first.x0,
        x1: last.x1,
        top: mean(part, |cell| cell.top),
        bottom: mean(part, |cell| cell.bottom),
    };
    let run = merged(run, grain, |cell| cell.x0.midpoint(cell.x1), together);
    let mut path = String::new();
    let Some(first) = run.first() else { return path };
    let _ = write!(path, "M{} {}", Px(first.x0), Px(first.bottom));
    for cell in &run {
        let _ = write!(path, "V{}H{}", Px(cell.top), Px(cell.x1));
    }
    for cell in run.iter().rev() {
        let _ = write!(path, "V{}H{}", Px(cell.bottom), Px(cell.x0));
    }
    path.push('Z');
    path
}

/// A line as it is drawn.
pub(super) fn evened(run: &[Level], grain: f64) -> Vec<Level> {
    let together = |part: &[Level], first: &Level, last: &Level| Level {
        x0: first.x0,
        x1: last.x1,
        y: mean(part, |level| level.y),
    };
    merged(run, grain, |level| level.x0.midpoint(level.x1), together)
}

/// The part of a line between two places.
pub(super) fn between(line: &[Level], x0: f64, x1: f64) -> Vec<Level> {
    let first = line.partition_point(|level| level.x1 <= x0);
    let inside = line[first..].iter().take_while(|level| level.x0 < x1);
    inside.map(|level| Level { x0: level.x0.max(x0), x1: level.x1.min(x1), y: level.y }).collect()
}

pub(super) fn stairs(line: &[Level]) -> String {
    let mut path = String::new();
    for (index, level) in line.iter().enumerate() {
        let _ = match index {
            0 => write!(path, "M{} {}H{}", Px(level.x0), Px(level.y), Px(level.x1)),
            _ => write!(path, "V{}H{}", Px(level.y), Px(level.x1)),
        };
    }
    path
}

/// Those whose middles are in the same `grain` pixels as one.
fn merged<T: Copy>(run: &[T], grain: f64, middle: fn(&T) -> f64, together: impl Fn(&[T], &T, &T) -> T) -> Vec<T> {
    let column = |mark: &T| (middle(mark) / grain).floor() as i64;
    let columns = run.chunk_by(|left, right| column(left) == column(right));
    columns
        .filter_map(|part| match part {
            [first, .., last] => Some(together(part, first, last)),
            _ => part.first().copied(),
        })
        .collect()
}

fn mean<T>(part: &[T], value: fn(&T) -> f64) -> f64 {
    part.iter().map(value).sum::<f64>() / part.len() as f64
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
        // A graph has ten thousand of them, and a float takes three times as long to write.
        let tenths = (self.0 * 10.0).round() as i64;
        let (sign, size) = (if tenths < 0 { "-" } else { "" }, tenths.unsigned_abs());
        match size % 10 {
            0 => write!(f, "{sign}{}", size / 10),
            tenth => write!(f, "{sign}{}.{tenth}", size / 10),
        }
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
    fn pixels_are_written_to_a_tenth() {
        for (value, written) in
            [(0.0, "0"), (12.34, "12.3"), (12.96, "13"), (0.05, "0.1"), (-0.04, "0"), (-0.3, "-0.3"), (-12.0, "-12")]
        {
            assert_eq!(Px(value).to_string(), written);
        }
    }

    #[test]
    fn rows_in_one_pixel_are_drawn_as_their_mean() {
        let levels: Vec<Level> = [10.0, 20.0, 60.0, 5.0]
            .iter()
            .enumerate()
            .map(|(row, y)| Level { x0: row as f64 * 0.4, x1: (row + 1) as f64 * 0.4, y: *y })
            .collect();
        assert_eq!(stairs(&evened(&levels, 0.4)), "M0 10H0.4V20H0.8V60H1.2V5H1.6");
        let line = evened(&levels, 1.0);
        assert_eq!(stairs(&line), "M0 15H0.8V32.5H1.6");
        assert_eq!(stairs(&between(&line, 0.4, 1.2)), "M0.4 15H0.8V32.5H1.2");
        assert_eq!(stairs(&between(&line, 0.8, 1.6)), "M0.8 32.5H1.6");
        let cells: Vec<Cell> =
            levels.iter().map(|Level { x0, x1, y }| Cell { x0: *x0, x1: *x1, top: *y, bottom: y + 100.0 }).collect();
        assert_eq!(outline(&cells, 1.0), "M0 115V15H0.8V32.5H1.6V132.5H0.8V115H0Z");
    }

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
