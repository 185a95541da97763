//! Axes, grid lines and what is written at them.

use std::fmt::{self, Write};

use super::super::Drawing;
use super::super::scale::{Plot, Scale};
use super::super::ticks;
use super::Document;
use super::parts::{Px, text_width};

impl Document {
    pub(super) fn grid(&mut self, drawing: &Drawing, scale: &Scale, answered: bool) -> fmt::Result {
        let plot = scale.plot;
        let (mut values, unit) = ticks::values(scale);
        if !answered {
            // There is nothing that a scale could be of.
            values.clear();
        }
        let times = ticks::times(scale, drawing.utc_offset);
        let mut lines = String::new();
        for tick in &values {
            write!(lines, "M{} {}H{}", Px(plot.left), Px(tick.at), Px(plot.right))?;
        }
        for tick in &times {
            write!(lines, "M{} {}V{}", Px(tick.at), Px(plot.top), Px(plot.bottom))?;
        }
        writeln!(self.text, "<path d=\"{lines}\" stroke=\"{}\" fill=\"none\"/>", self.ink.grid)?;
        for tick in &values {
            self.label(plot.left - 6.0, tick.at + 4.0, "end", &format!("{} {unit}", tick.label), false)?;
        }
        let is_now = drawing.to >= drawing.now;
        for tick in &times {
            if is_now && tick.at + text_width(&tick.label) / 2.0 > plot.right - 32.0 {
                break;
            }
            // Nor may it run into the number at the foot of the other axis.
            if tick.at < plot.left + 12.0 {
                continue;
            }
            let anchor = if tick.at > plot.right - 16.0 { "end" } else { "middle" };
            self.label(tick.at, plot.bottom + 15.0, anchor, &tick.label, false)?;
        }
        if is_now {
            self.label(plot.right, plot.bottom + 15.0, "end", "now", true)?;
        }
        Ok(())
    }

    pub(super) fn axes(&mut self, plot: &Plot) -> fmt::Result {
        let path = format!("M{} {}V{}H{}", Px(plot.left), Px(plot.top), Px(plot.bottom), Px(plot.right));
        self.stroke(&path, &self.ink.axis.to_string(), 1.0)
    }
}
