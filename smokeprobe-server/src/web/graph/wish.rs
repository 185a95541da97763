//! What may be asked of a picture.

use super::super::error::ApiError;
use super::super::params::Params;
use crate::graph::palette::{Palette, Theme};
use crate::timespec::Range;

/// What is asked of a picture.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) struct Wish<'a> {
    pub(super) range: Range,
    /// As configured unless given.
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) theme: Theme,
    /// Instead of the target's.
    pub(super) title: Option<&'a str>,
    /// Whose measurements: `local`, a slave, `all`.
    pub(super) vantage: Option<&'a str>,
    /// The scale's top.
    pub(super) ceiling: Option<f64>,
    /// As configured unless given.
    pub(super) palette: Option<Palette>,
    /// Alerts and suspect rounds are marked.
    pub(super) marks: bool,
    /// The form for one among many.
    pub(super) small: bool,
    /// Pixels for each one of the size in a PNG; `None` asks for SVG.
    pub(super) scale: Option<u32>,
}

/// The parameters of a picture, `scale` aside.
pub(super) const PARAMETERS: [&str; 11] =
    ["from", "to", "width", "height", "theme", "title", "vantage", "ceiling", "palette", "marks", "small"];

impl<'a> Wish<'a> {
    /// What the parameters say, of `range`.
    pub(in crate::web) fn of(params: &'a Params, range: Range) -> Result<Self, ApiError> {
        let yes_no = [("0", false), ("1", true)];
        let small = params.choice("small", &yes_no)?.unwrap_or(false);
        let palettes = [("default", Palette::Default), ("classic", Palette::Classic)];
        Ok(Self {
            range,
            width: params.number("width", 100, 4000)?,
            height: params.number("height", 60, 4000)?,
            theme: params.choice("theme", &[("light", Theme::Light), ("dark", Theme::Dark)])?.unwrap_or_default(),
            title: params.text("title"),
            vantage: params.text("vantage"),
            ceiling: ceiling(params)?,
            palette: params.choice("palette", &palettes)?,
            marks: params.choice("marks", &yes_no)?.unwrap_or(!small),
            small,
            scale: None,
        })
    }

    /// The same as a PNG.
    pub(in crate::web) fn as_png(self, scale: u32) -> Self {
        Self { scale: Some(scale), ..self }
    }
}

/// From a microsecond to more than a day: whatever lies outside is no scale of RTTs.
fn ceiling(params: &Params) -> Result<Option<f64>, ApiError> {
    let Some(text) = params.text("ceiling") else { return Ok(None) };
    match text.parse::<f64>() {
        Ok(seconds) if (1e-6..=1e5).contains(&seconds) => Ok(Some(seconds)),
        _ => Err(ApiError::bad_parameter("ceiling", "must be a number of seconds, from 0.000001 to 100000")),
    }
}
