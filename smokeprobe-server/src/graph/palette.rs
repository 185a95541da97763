//! Colours: the two themes, the classes of loss, the greys of the smoke.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark ink on white.
    #[default]
    Light,
    /// Light ink on near-black.
    Dark,
}

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(pub u8, pub u8, pub u8);

impl Color {
    /// This colour, `share` of the way (0 to 1) to `other`.
    #[must_use]
    pub fn mix(self, other: Self, share: f64) -> Self {
        let channel = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Self(channel(self.0, other.0), channel(self.1, other.1), channel(self.2, other.2))
    }

    /// This colour for a line on `theme`: as near to it as has a contrast of 3:1 to the ground. Configured colours were
    /// chosen on white, and some are too pale even there.
    #[must_use]
    pub fn legible(self, theme: Theme) -> Self {
        let ink = theme.ink();
        let steps = (0..=20).map(|step| self.mix(ink.text, f64::from(step) / 20.0));
        steps.into_iter().find(|color| color.contrast(ink.ground) >= 3.0).unwrap_or(ink.text)
    }

    /// The contrast of two colours, from 1 to 21: WCAG 2.2, "contrast ratio".
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

impl FromStr for Color {
    type Err = NotAColor;

    /// Reads `rrggbb`, with or without `#`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotAColor);
        }
        let [_, r, g, b] = u32::from_str_radix(digits, 16).map_err(|_| NotAColor)?.to_be_bytes();
        Ok(Self(r, g, b))
    }
}

/// The text is not `rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a colour of the form rrggbb")]
pub struct NotAColor;

/// What a theme's parts look like. Text has a contrast of at least 4.5:1 to the ground, marks 3:1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ink {
    /// The ground.
    pub ground: Color,
    /// Text.
    pub text: Color,
    /// Text of less weight.
    pub muted: Color,
    /// Grid lines.
    pub grid: Color,
    /// The axes.
    pub axis: Color,
    /// Where nothing is known.
    pub unknown: Color,
    /// The thin line that joins the medians.
    pub joint: Color,
    /// Alerts.
    pub alert: Color,
}

impl Theme {
    /// The theme's parts.
    pub const fn ink(self) -> Ink {
        match self {
            Self::Light => Ink {
                ground: Color(0xff, 0xff, 0xff),
                text: Color(0x1b, 0x1f, 0x24),
                muted: Color(0x5b, 0x65, 0x70),
                grid: Color(0xe8, 0xeb, 0xef),
                axis: Color(0x8a, 0x94, 0x9f),
                unknown: Color(0xee, 0xf1, 0xf5),
                joint: Color(0x20, 0x20, 0x20),
                alert: Color(0xc0, 0x24, 0x1a),
            },
            Self::Dark => Ink {
                ground: Color(0x14, 0x18, 0x1d),
                text: Color(0xe6, 0xe9, 0xed),
                muted: Color(0x9a, 0xa6, 0xb2),
                grid: Color(0x25, 0x2c, 0x34),
                axis: Color(0x6b, 0x76, 0x82),
                unknown: Color(0x1e, 0x25, 0x2d),
                joint: Color(0xf2, 0xf4, 0xf6),
                alert: Color(0xff, 0x6b, 0x5e),
            },
        }
    }

    /// The grey of the smoke of `pings` at a depth, counted from the outermost, 0.
    ///
    /// On white these are SmokePing's greys, `dd` outside to `32` inside for 20 pings; on dark the same steps run
    /// from near the ground to near white.
    pub fn smoke(self, depth: usize, pings: u32) -> Color {
        let half = f64::from(pings) / 2.0;
        let level = (190.0 / half * (half - (depth + 1) as f64)).max(0.0) as u8 + 50;
        match self {
            Self::Light => Color(level, level, level),
            Self::Dark => {
                let near = Color(0x2b, 0x31, 0x38);
                let far = Color(0xdd, 0xe1, 0xe5);
                near.mix(far, (f64::from(240 - level) - 19.0).max(0.0) / 171.0)
            }
        }
    }
}

/// A class of loss: its colour, and up to how many lost pings it goes.
#[derive(Debug, Clone, PartialEq)]
pub struct LossClass {
    /// Up to this many lost pings, from the class before on.
    pub up_to: f64,
    /// The colour on the light theme.
    pub light: Color,
    /// The colour on the dark theme.
    pub dark: Color,
    /// What the legend says.
    pub label: String,
}

impl LossClass {
    /// The class's colour on `theme`.
    pub const fn color(&self, theme: Theme) -> Color {
        match theme {
            Theme::Light => self.light,
            Theme::Dark => self.dark,
        }
    }
}

/// Light and dark colours of the eight built-in classes, told apart by the colour-blind and against grey.
const BUILT_IN: [(Color, Color); 8] = [
    (Color(0x1f, 0x9d, 0x55), Color(0x3d, 0xdc, 0x84)),
    (Color(0x2b, 0x8f, 0xd6), Color(0x59, 0xb6, 0xff)),
    (Color(0x2f, 0x62, 0xd6), Color(0x7d, 0x9b, 0xff)),
    (Color(0x70, 0x48, 0xc9), Color(0xa9, 0x8b, 0xff)),
    (Color(0xb8, 0x3d, 0xb0), Color(0xe0, 0x7b, 0xdb)),
    (Color(0xe0, 0x7a, 0x00), Color(0xff, 0xae, 0x42)),
    (Color(0xd9, 0x2d, 0x20), Color(0xff, 0x6b, 0x5e)),
    (Color(0x7a, 0x0c, 0x0c), Color(0xb3, 0x26, 0x1e)),
];

/// SmokePing's colours of the same classes. On dark those that would be lost there are lighter.
const CLASSIC: [(Color, Color); 8] = [
    (Color(0x26, 0xff, 0x00), Color(0x26, 0xff, 0x00)),
    (Color(0x00, 0xb8, 0xff), Color(0x00, 0xb8, 0xff)),
    (Color(0x00, 0x59, 0xff), Color(0x4d, 0x8b, 0xff)),
    (Color(0x7e, 0x00, 0xff), Color(0xa8, 0x55, 0xff)),
    (Color(0xff, 0x00, 0xff), Color(0xff, 0x3d, 0xff)),
    (Color(0xff, 0x55, 0x00), Color(0xff, 0x6a, 0x1f)),
    (Color(0xff, 0x00, 0x00), Color(0xff, 0x33, 0x33)),
    (Color(0xa0, 0x00, 0x00), Color(0xc4, 0x2b, 0x2b)),
];

/// Which colours loss has where none are configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Palette {
    /// Ours, told apart by the colour-blind.
    #[default]
    Default,
    /// SmokePing's, for eyes that are used to them.
    Classic,
}

/// The built-in classes for rounds of `pings`: none, one lost, two, 10 %, 25 %, 50 %, all but one, all.
///
/// The bounds are SmokePing's; where few pings make two bounds equal, the worse class has them.
pub fn built_in(pings: u32, palette: Palette) -> Vec<LossClass> {
    let colors = match palette {
        Palette::Default => BUILT_IN,
        Palette::Classic => CLASSIC,
    };
    let share = |percent: u32, least: u32| (u64::from(pings) * u64::from(percent) / 100).max(least.into()) as u32;
    let bounds =
        [0, share(1, 1), share(5, 2), share(10, 3), share(25, 4), share(50, 5), pings.saturating_sub(1), pings];
    let classes: BTreeMap<u32, (Color, Color)> =
        bounds.into_iter().zip(colors).filter(|&(bound, _)| bound <= pings).collect();
    let mut from = 0;
    classes
        .into_iter()
        .map(|(bound, (light, dark))| {
            let label = match bound {
                0 => "0".to_owned(),
                _ if bound == pings => format!("{pings}/{pings}"),
                _ if bound == from => bound.to_string(),
                _ => format!("{from}–{bound}"),
            };
            from = bound + 1;
            LossClass { up_to: f64::from(bound), light, dark, label }
        })
        .collect()
}

/// The index of the class that `loss` lost pings fall in. Beyond the last class, the last.
pub fn class_of(classes: &[LossClass], loss: f64) -> usize {
    classes.iter().position(|class| loss <= class.up_to).unwrap_or(classes.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pings: u32) -> Vec<String> {
        built_in(pings, Palette::Default).into_iter().map(|class| class.label).collect()
    }

    #[test]
    fn smoke_of_20_pings_has_smokepings_greys() {
        let greys: Vec<String> =
            (0..10).map(|band| Theme::Light.smoke(band, 20).to_string()[1..3].to_owned()).collect();
        assert_eq!(greys, ["dd", "ca", "b7", "a4", "91", "7e", "6b", "58", "45", "32"]);
        assert_eq!(Theme::Light.smoke(0, 3), Color(0x71, 0x71, 0x71));
        assert_eq!(Theme::Light.smoke(1, 5), Color(0x58, 0x58, 0x58));
    }

    #[test]
    fn dark_smoke_runs_from_near_the_ground_to_near_white() {
        assert_eq!(Theme::Dark.smoke(0, 20), Color(0x2b, 0x31, 0x38));
        assert_eq!(Theme::Dark.smoke(9, 20), Color(0xdd, 0xe1, 0xe5));
    }

    #[test]
    fn lines_can_be_seen_on_both_themes() {
        // SmokePing's colours of several hosts.
        let colors =
            "004586 ff420e ffde20 579d1c 7e0021 83caff 314004 aecf00 4b1f6f ff950e c5000b 0084d1 ffffff 000000";
        for color in colors.split(' ').map(|color| color.parse::<Color>().unwrap()) {
            for theme in [Theme::Light, Theme::Dark] {
                let (shown, ground) = (color.legible(theme), theme.ink().ground);
                assert!(shown.contrast(ground) >= 3.0, "{color} on {theme:?} is {shown}");
                assert!(shown == color || color.contrast(ground) < 3.0, "{color} needed no change");
            }
        }
        assert!((Color(0, 0, 0).contrast(Color(255, 255, 255)) - 21.0).abs() < 1e-9);
    }

    #[test]
    fn marks_can_be_seen_on_both_themes() {
        for theme in [Theme::Light, Theme::Dark] {
            assert!(theme.ink().alert.contrast(theme.ink().ground) >= 4.5, "{theme:?}");
        }
        for (_, dark) in CLASSIC {
            assert!(dark.contrast(Theme::Dark.ink().ground) >= 3.0, "{dark}");
        }
    }

    #[test]
    fn classes_have_smokepings_bounds() {
        assert_eq!(labels(20), ["0", "1", "2", "3", "4–5", "6–10", "11–19", "20/20"]);
        assert_eq!(labels(5), ["0", "1", "2", "3", "4", "5/5"]);
        assert_eq!(labels(10), ["0", "1", "2", "3", "4", "5", "6–9", "10/10"]);
        assert_eq!(labels(1), ["0", "1/1"]);
        assert_eq!(built_in(5, Palette::Default)[4].light, BUILT_IN[6].0, "all but one is worse than a quarter");
    }

    #[test]
    fn fractions_of_a_ping_fall_in_the_class_above() {
        let classes = built_in(20, Palette::Default);
        assert_eq!(class_of(&classes, 0.0), 0);
        assert_eq!(class_of(&classes, 0.01), 1);
        assert_eq!(class_of(&classes, 5.0), 4);
        assert_eq!(class_of(&classes, 99.0), 7);
    }
}
