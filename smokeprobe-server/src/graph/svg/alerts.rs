//! Alerts below the time axis: ▲ raised, ▽ cleared, a thin line between.

use std::fmt::{self, Write};

use super::super::Drawing;
use super::super::marks::{Bracket, brackets};
use super::super::scale::Scale;
use super::Document;
use super::parts::Px;

/// Half the width of a triangle.
const HALF: f64 = 3.5;

/// Height of a triangle.
const HEIGHT: f64 = 6.0;

impl Document {
    pub(super) fn alerts(&mut self, drawing: &Drawing, scale: &Scale) -> fmt::Result {
        let (told, silent): (Vec<Bracket>, Vec<Bracket>) =
            brackets(&drawing.marks, scale, drawing.now).into_iter().partition(|bracket| !bracket.silent);
        let axis = scale.plot.bottom;
        // Those that people were told of lie above the others.
        for (brackets, hollow) in [(silent, true), (told, false)] {
            if brackets.is_empty() {
                continue;
            }
            let mut line = String::new();
            for one in &brackets {
                write!(line, "M{} {}H{}", Px(one.x0), Px(axis + 3.5), Px(one.x1))?;
            }
            let raised = triangles(brackets.iter().filter(|one| one.raised).map(|one| one.x0), axis + HEIGHT, axis);
            let cleared = triangles(brackets.iter().filter(|one| one.cleared).map(|one| one.x1), axis, axis + HEIGHT);
            let (color, ground) = (self.ink.alert, self.ink.ground);
            let dashes = if hollow { " stroke-dasharray=\"2 2\"" } else { "" };
            writeln!(self.text, "<path d=\"{line}\" stroke=\"{color}\" fill=\"none\"{dashes}/>")?;
            let inside = if hollow { ground } else { color };
            for (path, inside) in [(raised, inside), (cleared, ground)] {
                if !path.is_empty() {
                    writeln!(self.text, "<path d=\"{path}\" fill=\"{inside}\" stroke=\"{color}\"/>")?;
                }
            }
        }
        Ok(())
    }
}

/// Triangles with a flat side at `foot` and a tip at `tip`; those nearer than a pixel to the one before are it.
fn triangles(places: impl Iterator<Item = f64>, foot: f64, tip: f64) -> String {
    let mut places: Vec<f64> = places.collect();
    places.sort_unstable_by(f64::total_cmp);
    places.dedup_by(|later, earlier| *later - *earlier < 1.0);
    let mut path = String::new();
    for x in places {
        // Writing to a `String` cannot fail.
        let _ = write!(path, "M{} {}H{}L{} {}Z", Px(x - HALF), Px(foot), Px(x + HALF), Px(x), Px(tip));
    }
    path
}
