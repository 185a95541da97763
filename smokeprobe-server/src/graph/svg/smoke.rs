//! The smoke of one series, and what lies behind it.

use std::fmt::{self, Write};

use smokeprobe_store::Frame;

use super::super::Drawing;
use super::super::palette::{Color, LossClass, Theme};
use super::super::scale::{Plot, Scale};
use super::super::smoke::{Extent, Level, RugTick, Smoke};
use super::super::{suspect, uptime};
use super::Document;
use super::parts::{between, evened, outline, rectangle, stairs};

impl Document {
    pub(super) fn unknown(&mut self, drawing: &Drawing, plot: &Plot, extents: &[Extent]) -> fmt::Result {
        let color = drawing.nodata_color.unwrap_or(self.ink.unknown);
        let boxes: String = extents.iter().map(|part| rectangle(part.x0, part.x1, plot.top, plot.bottom)).collect();
        self.fill(&boxes, &color.to_string())
    }

    /// How long a dynamic host had been up. As with SmokePing, loss in the background leaves no room for it.
    pub(super) fn uptime(&mut self, drawing: &Drawing, scale: &Scale, frame: &Frame) -> fmt::Result {
        if !drawing.shows_uptime(Some(frame)) {
            return Ok(());
        }
        let (plot, extents) = (scale.plot, uptime::uptime(frame, scale, &drawing.uptime_classes));
        for (index, class) in drawing.uptime_classes.iter().enumerate() {
            let parts = extents.iter().filter(|part| part.class == index);
            let boxes: String = parts.map(|part| rectangle(part.x0, part.x1, plot.top, plot.bottom)).collect();
            self.fill(&boxes, &self.uptime_color(class.color).to_string())?;
        }
        Ok(())
    }

    /// The colours are made for white.
    pub(super) fn uptime_color(&self, color: Color) -> Color {
        if self.theme == Theme::Dark { color.mix(self.ink.ground, 0.8) } else { color }
    }

    /// SmokePing's `loss_background`: the class's colour, two thirds of the way to the ground.
    pub(super) fn loss_background(&mut self, drawing: &Drawing, plot: &Plot, smoke: &Smoke) -> fmt::Result {
        if !drawing.loss_background {
            return Ok(());
        }
        for (index, class) in self.classes.clone().iter().enumerate() {
            let ticks = smoke.rug.iter().filter(|tick| tick.class == index);
            let boxes: String = ticks.map(|tick| rectangle(tick.x0, tick.x1, plot.top, plot.bottom)).collect();
            let color = class.color(self.theme).mix(self.ink.ground, 2.0 / 3.0);
            self.fill(&boxes, &color.to_string())?;
        }
        Ok(())
    }

    pub(super) fn bands(&mut self, drawing: &Drawing, pings: u32, smoke: &Smoke) -> fmt::Result {
        for band in &smoke.bands {
            let outline: String = band.runs.iter().map(|run| outline(run, drawing.grain)).collect();
            self.fill(&outline, &drawing.theme.smoke(band.depth, pings).to_string())?;
        }
        Ok(())
    }

    pub(super) fn medians(&mut self, drawing: &Drawing, smoke: &Smoke) -> fmt::Result {
        let line: Vec<Vec<Level>> = smoke.joint.iter().map(|run| evened(run, drawing.grain)).collect();
        let joint: String = line.iter().map(|run| stairs(run)).collect();
        if self.theme == Theme::Dark {
            // The smoke is near white where the median is; a rim of the ground sets the coloured line off from it.
            self.stroke(&joint, &self.ink.ground.to_string(), 4.0)?;
        }
        self.stroke(&joint, &self.ink.joint.to_string(), 0.75)?;
        let line = line.concat();
        for (index, class) in self.classes.clone().iter().enumerate() {
            self.stroke(&of_class(smoke, index, &line), &class.color(self.theme).to_string(), 2.0)?;
        }
        Ok(())
    }

    /// Rounds that are not to be trusted, hatched over what they measured. Whether there are any.
    pub(super) fn suspect(&mut self, drawing: &Drawing, scale: &Scale, frame: &Frame) -> Result<bool, fmt::Error> {
        let (plot, extents) = (scale.plot, suspect::suspect(frame, scale, &drawing.suspect));
        if extents.is_empty() {
            return Ok(false);
        }
        // The other way than that of lost rounds, thinner, and in no colour of loss.
        let color = self.ink.muted;
        writeln!(
            self.text,
            "<pattern id=\"suspect\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate(-45)\"><path d=\"M1 0V5\" stroke=\"{color}\" stroke-opacity=\"0.8\"/></pattern>",
        )?;
        let boxes: String = extents
            .iter()
            .map(|part| {
                // As wide as it takes to be seen as hatched.
                let widen = (3.0 - (part.x1 - part.x0)).max(0.0) / 2.0;
                rectangle(part.x0 - widen, part.x1 + widen, plot.top, plot.bottom)
            })
            .collect();
        self.fill(&boxes, "url(#suspect)")?;
        Ok(true)
    }

    pub(super) fn losses(&mut self, plot: &Plot, smoke: &Smoke) -> fmt::Result {
        self.all_lost(plot, smoke, &self.classes.clone())?;
        self.rug(plot, &smoke.rug, 9.0)
    }

    pub(super) fn all_lost(&mut self, plot: &Plot, smoke: &Smoke, classes: &[LossClass]) -> fmt::Result {
        let (false, Some(worst)) = (smoke.all_lost.is_empty(), classes.last()) else { return Ok(()) };
        let color = worst.color(self.theme);
        writeln!(
            self.text,
            "<pattern id=\"lost\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate(45)\"><path d=\"M1.5 0V6\" stroke=\"{color}\" stroke-width=\"2\" \
             stroke-opacity=\"0.75\"/></pattern>",
        )?;
        let boxes: String =
            smoke.all_lost.iter().map(|part| rectangle(part.x0, part.x1, plot.top, plot.bottom)).collect();
        self.fill(&boxes, "url(#lost)")
    }

    /// Ticks of loss along the top; one of a lost round is `height` pixels higher than that of nearly no loss.
    pub(super) fn rug(&mut self, plot: &Plot, rug: &[RugTick], height: f64) -> fmt::Result {
        for (index, class) in self.classes.clone().iter().enumerate() {
            let boxes: String =
                rug.iter().filter(|tick| tick.class == index).map(|tick| rug_tick(plot, tick, height)).collect();
            self.fill(&boxes, &class.color(self.theme).to_string())?;
        }
        Ok(())
    }
}

/// The pieces of a class of loss, on the line of all. A pixel may have rows of several classes, and the line is at the mean
/// of them: pieces at the means of their own would lie beside it.
pub(super) fn of_class(smoke: &Smoke, class: usize, line: &[Level]) -> String {
    let pieces = smoke.median.iter().filter(|piece| piece.class == class);
    pieces.filter_map(|piece| Some(stairs(&between(line, piece.levels.first()?.x0, piece.levels.last()?.x1)))).collect()
}

/// A tick of a rug: wide enough to be seen, tall enough that a single loss shows.
pub(super) fn rug_tick(plot: &Plot, tick: &RugTick, height: f64) -> String {
    let widen = (1.0 - (tick.x1 - tick.x0)).max(0.0) / 2.0;
    rectangle(tick.x0 - widen, tick.x1 + widen, plot.top, plot.top + 3.0 + height * tick.share)
}
