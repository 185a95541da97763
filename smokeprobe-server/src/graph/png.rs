//! The PNG of a drawing's SVG document, for mails and for whatever shows no SVG.
//!
//! 1. Text is set in DejaVu Sans Mono, which is in the program: the same document gives the same picture on every host,
//!    also on one without fonts.
//! 2. What that font does not have, such as Chinese, is set in a font of the host. Those are looked for at the first
//!    such character and not again; one that is installed later is seen after a restart.
//! 3. No font has the character: a box stands for it.

use std::sync::{Arc, LazyLock};

use png::{ColorType, Compression, Encoder, EncodingError};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, FaceInfo, ID, Source, Stretch, Style};
use resvg::usvg::{FontResolver, Options, Tree};
use thiserror::Error;

/// Pixels of a picture at most: 32 MiB while it is drawn, and 24 more while it is packed.
pub const MAX_PIXELS: u32 = 8 << 20;

/// How much finer than the document a picture may be.
pub const MAX_SCALE: u32 = 4;

static FONT: &[u8] = include_bytes!("fonts/DejaVuSansMono.ttf");

/// A document reckons with 7 pixels for each Latin character, and this font has 0.602 em.
const STYLE: &str = "text { font-size: 11.6px }";

/// Fonts with many characters, in the order of preference: Chinese of the mainland first, as the pages of the field's
/// users have it, and sans serif as ours is.
const PREFERRED: [&str; 16] = [
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Noto Sans CJK TC",
    "DejaVu Sans",
    "Noto Sans",
];

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PngError {
    /// It would be too large.
    #[error("a PNG has at most {MAX_PIXELS} pixels, and this one would have {width} × {height}")]
    TooLarge {
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
    },
    /// The document is none.
    #[error("cannot read the SVG document: {0}")]
    Unreadable(String),
    /// The picture cannot be packed.
    #[error("cannot write the PNG: {0}")]
    Unwritable(String),
}

/// The PNG of `svg`, with `scale` pixels for each of the document's in both directions, from 1 to [`MAX_SCALE`].
///
/// Draws on the caller's thread: 10 ms or so for a graph of the usual size, and once some more to look for the host's
/// fonts.
pub fn png(svg: &str, scale: u32) -> Result<Vec<u8>, PngError> {
    let tree = Tree::from_str(svg, &options()).map_err(|error| PngError::Unreadable(error.to_string()))?;
    let scale = scale.clamp(1, MAX_SCALE);
    let size = tree.size().to_int_size();
    let (width, height) = (size.width().saturating_mul(scale), size.height().saturating_mul(scale));
    // Before the memory is taken.
    fits(width, height)?;
    let mut pixmap = Pixmap::new(width, height).ok_or(PngError::TooLarge { width, height })?;
    resvg::render(&tree, Transform::from_scale(scale as f32, scale as f32), &mut pixmap.as_mut());
    pack(&pixmap).map_err(|error| PngError::Unwritable(error.to_string()))
}

/// Packed quickly rather than small: half again as many bytes, in a tenth of the time, which is else as long as drawing
/// takes.
fn pack(pixmap: &Pixmap) -> Result<Vec<u8>, EncodingError> {
    // A document paints its ground first, so that no pixel is translucent.
    let opaque: Vec<u8> = pixmap.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
    let mut packed = Vec::with_capacity(opaque.len() / 8);
    let mut encoder = Encoder::new(&mut packed, pixmap.width(), pixmap.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&opaque)?;
    writer.finish()?;
    Ok(packed)
}

/// Finds the host's fonts and draws a character of one, so that the first picture that somebody waits for need not.
/// Blocks for some 10 ms; the disk may take its time, too.
pub fn warm() {
    let document = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><text y=\"8\">时</text></svg>";
    if let Err(error) = png(document, 1) {
        tracing::warn!(error = &error as &dyn std::error::Error, "cannot draw pictures");
    }
}

/// Whether a document of this size can be drawn with this scale: to be asked before anything is read for it.
pub fn png_fits(width: u32, height: u32, scale: u32) -> Result<(), PngError> {
    let scale = scale.clamp(1, MAX_SCALE);
    fits(width.saturating_mul(scale), height.saturating_mul(scale))
}

fn fits(width: u32, height: u32) -> Result<(), PngError> {
    let fits = u64::from(width) * u64::from(height) <= u64::from(MAX_PIXELS);
    if fits { Ok(()) } else { Err(PngError::TooLarge { width, height }) }
}

fn options() -> Options<'static> {
    let fallback = FontResolver::default_fallback_selector();
    let font_resolver = FontResolver {
        select_font: Box::new(|_, _| OWN.id),
        // The default takes the first font that has the character, and the host's are in the order of preference.
        select_fallback: Box::new(move |character, used, fonts| {
            *fonts = Arc::clone(&HOST);
            fallback(character, used, fonts)
        }),
    };
    Options { font_resolver, fontdb: Arc::clone(&OWN.fonts), style_sheet: Some(STYLE.to_owned()), ..Options::default() }
}

/// The font in the program.
struct Own {
    fonts: Arc<Database>,
    id: Option<ID>,
}

static OWN: LazyLock<Own> = LazyLock::new(|| {
    let mut fonts = Database::new();
    let id = fonts.load_font_source(Source::Binary(Arc::new(FONT))).first().copied();
    Own { fonts: Arc::new(fonts), id }
});

/// Ours, which keeps its number, and all of the host's.
static HOST: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut found = Database::new();
    found.load_system_fonts();
    let mut faces: Vec<&FaceInfo> = found.faces().filter(|face| is_upright(face)).collect();
    faces.sort_by_cached_key(|face| rank(face));
    let mut fonts = (*OWN.fonts).clone();
    for face in faces {
        fonts.push_face_info(face.clone());
    }
    Arc::new(fonts)
});

fn is_upright(face: &FaceInfo) -> bool {
    face.style == Style::Normal && face.stretch == Stretch::Normal
}

/// The better, the smaller. The names make it a total order, so that it does not matter how a folder is sorted.
fn rank(face: &FaceInfo) -> (usize, u16, String) {
    let preferred = PREFERRED.iter().position(|name| face.families.iter().any(|(family, _)| family == name));
    (preferred.unwrap_or(PREFERRED.len()), face.weight.0.abs_diff(400), face.post_script_name.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use resvg::tiny_skia::PremultipliedColorU8;

    use super::super::palette::{Color, Palette, built_in};
    use super::*;

    const DOCUMENT: &str =
        include_str!("svg/snapshots/smokeprobe_server__graph__svg__tests__a_graph_with_smoke_loss_and_gaps.snap");

    /// A real graph with this title.
    fn graph(title: &str) -> String {
        let (_, svg) = DOCUMENT.split_once("\n---\n").unwrap();
        assert!(svg.contains(">AWS北京区S3<"));
        svg.replace(">AWS北京区S3<", &format!(">{title}<"))
    }

    fn pixels(png: &[u8]) -> Pixmap {
        Pixmap::decode_png(png).unwrap()
    }

    /// How many pixels of the two pictures differ.
    fn differing(one: &[u8], other: &[u8]) -> usize {
        pixels(one).pixels().iter().zip(pixels(other).pixels()).filter(|(one, other)| one != other).count()
    }

    /// Width and height as the header has them: PNG specification, section 11.2.1.
    fn size(png: &[u8]) -> (u32, u32) {
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(&png[12..16], b"IHDR");
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        (number(16), number(20))
    }

    #[test]
    fn a_picture_has_the_size_of_its_document_times_the_scale() {
        let graph = graph("A host");
        assert_eq!(size(&png(&graph, 1).unwrap()), (697, 297));
        assert_eq!(size(&png(&graph, 2).unwrap()), (1394, 594));
        assert_eq!(size(&png(&graph, 0).unwrap()), (697, 297));
        assert_eq!(size(&png(&graph, u32::MAX).unwrap()), (697 * MAX_SCALE, 297 * MAX_SCALE));
    }

    #[test]
    fn a_picture_has_ground_smoke_loss_and_text() {
        let png = png(&graph("A host"), 1).unwrap();
        let pixels = pixels(&png);
        let colors: HashSet<_> =
            pixels.pixels().iter().map(|pixel| (pixel.red(), pixel.green(), pixel.blue())).collect();
        let corners = [(0, 0), (696, 0), (0, 296), (696, 296)].map(|(x, y)| pixels.pixel(x, y).unwrap());
        let white = |pixel: &PremultipliedColorU8| (pixel.red(), pixel.green(), pixel.blue()) == (255, 255, 255);
        assert!(corners.iter().all(white), "the ground covers everything: {corners:?}");
        for class in built_in(20, Palette::Default) {
            let Color(red, green, blue) = class.light;
            assert!(colors.contains(&(red, green, blue)), "{} is not in the legend", class.label);
        }
        assert!(colors.len() > 50, "{} colours", colors.len());
    }

    #[test]
    fn latin_text_is_drawn_without_fonts_of_the_host() {
        let options = options();
        let only_ours = Options {
            font_resolver: FontResolver {
                select_font: Box::new(|_, _| OWN.id),
                select_fallback: Box::new(|character, _, _| panic!("{character:?} is not in our font")),
            },
            ..options
        };
        let tree = Tree::from_str(&graph("Frankfurt – Zürich µs § Ελλάδα Москва …"), &only_ours).unwrap();
        assert!(tree.has_text_nodes());
        assert!(differing(&png(&graph("A host"), 1).unwrap(), &png(&graph(""), 1).unwrap()) > 100);
    }

    #[test]
    fn chinese_text_is_drawn_in_a_font_of_the_host() {
        // Boxes for missing characters would look alike.
        let (beijing, shanghai) = (png(&graph("北京"), 1).unwrap(), png(&graph("上海"), 1).unwrap());
        let hint = "no font of this host has Chinese characters: install one, such as fonts-droid-fallback";
        assert!(differing(&beijing, &shanghai) > 30, "{hint}");
    }

    #[test]
    fn the_same_document_gives_the_same_bytes() {
        for title in ["A host", "AWS北京区S3"] {
            assert_eq!(png(&graph(title), 1).unwrap(), png(&graph(title), 1).unwrap());
        }
    }

    #[test]
    fn characters_that_no_font_has_do_no_harm() {
        let title: String =
            (0xe000..0xe100).filter_map(char::from_u32).chain(['北', '\u{fffd}', '\u{10fffd}']).collect();
        assert_eq!(size(&png(&graph(&title), 1).unwrap()), (697, 297));
    }

    #[test]
    fn what_cannot_be_drawn_is_told() {
        let document = |width: u64, height: u64| {
            format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\"/>")
        };
        assert_eq!(size(&png(&document(4000, 2000), 1).unwrap()), (4000, 2000));
        for (width, height, scale) in
            [(4000, 4000, 1), (4000, 2000, 2), (1, u64::from(MAX_PIXELS) + 1, 1), (1 << 40, 1 << 40, 4)]
        {
            let fault = png(&document(width, height), scale).unwrap_err();
            let known = |side: u64| u32::try_from(side).unwrap_or(u32::MAX);
            assert!(png_fits(known(width), known(height), scale).is_err(), "{width} × {height}");
            assert!(matches!(fault, PngError::TooLarge { .. }), "{width} × {height}: {fault}");
        }
        for text in ["", "<html/>", "<svg", &document(0, 0)] {
            assert!(matches!(png(text, 1), Err(PngError::Unreadable(_))), "{text}");
        }
    }
}
