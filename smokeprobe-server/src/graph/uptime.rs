//! How long a dynamic host had been up, behind the smoke.

use smokeprobe_store::Frame;

use super::palette::Color;
use super::scale::Scale;
use super::smoke::touches;

/// A class of uptime: its colour, and up to how many seconds it goes.
#[derive(Debug, Clone, PartialEq)]
pub struct UptimeClass {
    /// Up to this many seconds, from the class before on.
    pub up_to: f64,
    /// The colour on white; on dark it is mixed with the ground.
    pub color: Color,
    /// What the legend says.
    pub label: String,
}

/// A stretch of time in which the uptime has one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UpExtent {
    /// The index of the class.
    pub class: usize,
    /// Its left edge.
    pub x0: f64,
    /// Its right edge.
    pub x1: f64,
}

/// SmokePing's classes of uptime. Its manual speaks of days where its program, and everybody's configuration, has seconds.
pub fn built_in_uptime() -> Vec<UptimeClass> {
    [
        (3600.0, Color(0xff, 0xd3, 0xd3), "<1h"),
        (7200.0, Color(0xff, 0xe4, 0xc7), "<2h"),
        (21_600.0, Color(0xff, 0xf9, 0xba), "<6h"),
        (43_200.0, Color(0xf3, 0xff, 0xc0), "<12h"),
        (86_400.0, Color(0xe1, 0xff, 0xcc), "<1d"),
        (604_800.0, Color(0xbb, 0xff, 0xcb), "<1w"),
        (2_592_000.0, Color(0xba, 0xff, 0xf5), "<1m"),
        (1e100, Color(0xda, 0xec, 0xff), ">1m"),
    ]
    .map(|(up_to, color, label)| UptimeClass { up_to, color, label: label.to_owned() })
    .to_vec()
}

/// How long the host had been up, in classes.
pub fn uptime(frame: &Frame, scale: &Scale, classes: &[UptimeClass]) -> Vec<UpExtent> {
    let mut extents: Vec<UpExtent> = Vec::new();
    for (row, &seconds) in frame.uptime.iter().enumerate() {
        let Some(class) = classes.iter().position(|class| seconds >= 0.0 && seconds <= class.up_to) else { continue };
        let (x0, x1) = scale.row(frame, row);
        if x1 <= x0 {
            continue;
        }
        match extents.last_mut() {
            Some(last) if last.class == class && touches(last.x1, x0) => last.x1 = x1,
            _ => extents.push(UpExtent { class, x0, x1 }),
        }
    }
    extents
}

#[cfg(test)]
mod tests {
    use smokeprobe_store::Consolidation;

    use super::super::scale::{Plot, Spread};
    use super::*;

    fn scale() -> Scale {
        let plot = Plot { left: 0.0, top: 0.0, right: 60.0, bottom: 100.0 };
        Scale { plot, from: 0, to: 60, ceiling: 0.1, spread: Spread::Linear }
    }

    /// Six rows of 10 s.
    fn frame(uptime: [f64; 6]) -> Frame {
        Frame {
            start: 10,
            step: 10,
            consolidation: Consolidation::Average,
            pings: 1,
            loss: vec![0.0; 6],
            median: vec![0.01; 6],
            uptime: uptime.to_vec(),
            samples: vec![vec![0.01; 6]],
        }
    }

    #[test]
    fn uptime_goes_in_stretches_of_one_class() {
        let extents = uptime(&frame([f64::NAN, 0.0, 3600.0, 3601.0, 1e9, -1.0]), &scale(), &built_in_uptime());
        let of = |class, x0, x1| UpExtent { class, x0, x1 };
        assert_eq!(extents, [of(0, 10.0, 30.0), of(1, 30.0, 40.0), of(7, 40.0, 50.0)]);
    }
}
