// A picture of rows → ink on a canvas, in CSS pixels. Knows nothing of the page around it.

import { INK, hex, legible, mix, smokeColor } from "./palette.js";
import { x } from "./scale.js";
import { line, smoke, suspects } from "./smoke.js";
import { times, values } from "./ticks.js";

/**
 * A line of a chart; `color` where several are overlaid.
 * @typedef {{frame: import("./frame.js").Frame, color: string | null}} PictureLine
 * An alert's time, from raised to cleared; null beyond what is known. `silent`: nobody was told.
 * @typedef {{alert: string, series: string, raised: number | null, cleared: number | null, reason: string, silent: boolean}} AlertSpan
 * `lane`: there is room for marks of alerts. `shades`: when a rule that is tried out would have been raised.
 * @typedef {{lines: PictureLine[], scale: import("./scale.js").Scale, theme: import("./palette.js").Theme,
 *   classes: import("./palette.js").LossClass[], lossBackground: boolean, nodataColor: string | null, now: number,
 *   alerts: AlertSpan[], lane: boolean, shades: {from: number, to: number | null}[], utcOffset: (unixSeconds: number) => number, nowLabel: string, font: string}} Picture
 */

/** Height of the lane below the axis that alert marks are in. */
export const LANE = 12;

/** @param {CanvasRenderingContext2D} ctx @param {Picture} picture @param {number} ratio device pixels a CSS pixel */
export function paint(ctx, picture, ratio) {
  const { lines, scale, theme, classes, now } = picture;
  const ink = INK[theme];
  const answered = lines.some(({ frame }) => frame.median.some(Number.isFinite));
  ctx.font = picture.font;
  if (lines.length === 1 && lines[0].color === null) {
    const { frame } = lines[0];
    const marks = smoke(frame, scale, classes, now);
    boxes(ctx, marks.unknown, scale.plot.top, scale.plot.bottom, picture.nodataColor ? hex(picture.nodataColor) : ink.unknown, ratio);
    if (picture.lossBackground) {
      for (const tick of marks.rug) {
        boxes(ctx, [tick], scale.plot.top, scale.plot.bottom, mix(classes[tick.class][theme], ink.ground, 2 / 3), ratio);
      }
    }
    grid(ctx, picture, answered, ratio);
    for (const { depth, runs } of marks.bands) {
      ctx.fillStyle = smokeColor(theme, depth, frame.pings);
      fillRuns(ctx, runs, ratio);
    }
    medians(ctx, marks, theme, classes, ratio);
    hatch(ctx, scale, marks.all_lost, classes[classes.length - 1][theme], 0.75, 1);
    for (const { x0, x1, share, class: kind } of marks.rug) {
      // Wide enough to be seen, tall enough that a single loss shows.
      const widen = Math.max(1 - (x1 - x0), 0) / 2;
      boxes(ctx, [{ x0: x0 - widen, x1: x1 + widen }], scale.plot.top, scale.plot.top + 3 + 9 * share, classes[kind][theme], ratio);
    }
    hatch(ctx, scale, suspects(frame, scale), ink.muted, 0.7, -1);
  } else {
    grid(ctx, picture, answered, ratio);
    overlay(ctx, picture, ratio);
  }
  shade(ctx, picture);
  axes(ctx, scale.plot, ink.axis, ratio);
  for (const span of picture.alerts) bracket(ctx, scale, span, theme);
}

/** @param {CanvasRenderingContext2D} ctx @param {import("./smoke.js").Extent[]} extents @param {number} top @param {number} bottom @param {string} color @param {number} ratio */
function boxes(ctx, extents, top, bottom, color, ratio) {
  ctx.fillStyle = color;
  for (const { x0, x1 } of extents) {
    const left = Math.round(x0 * ratio);
    ctx.fillRect(left / ratio, top, Math.max(Math.round(x1 * ratio) - left, 1) / ratio, bottom - top);
  }
}

/**
 * Cells as boxes from device pixel to device pixel: what touches leaves no seam. Boxes are many times quicker than outlines of
 * a thousand corners.
 * @param {CanvasRenderingContext2D} ctx @param {import("./smoke.js").Cell[][]} runs @param {number} ratio
 * @param {number} [least] width in device pixels: 0 where ink shines through, and must not lie twice
 */
function fillRuns(ctx, runs, ratio, least = 1) {
  for (const run of runs) {
    for (const { x0, x1, top, bottom } of run) {
      const left = Math.round(x0 * ratio);
      ctx.fillRect(left / ratio, top, Math.max(Math.round(x1 * ratio) - left, least) / ratio, bottom - top);
    }
  }
}

/**
 * A line in steps, of boxes too.
 * @param {CanvasRenderingContext2D} ctx @param {import("./smoke.js").Level[][]} runs @param {string} color @param {number} width @param {number} ratio
 */
function stairs(ctx, runs, color, width, ratio) {
  ctx.fillStyle = color;
  const half = width / 2;
  for (const run of runs) {
    let before = NaN;
    for (const { x0, x1, y } of run) {
      const left = Math.round(x0 * ratio) / ratio;
      const right = Math.max(Math.round(x1 * ratio) / ratio, left + 1 / ratio);
      ctx.fillRect(left, y - half, right - left, width);
      // Where rows are as narrow as pixels, thick risers would make a wall of a line.
      const riser = Math.max(Math.min(width, right - left), 1 / ratio);
      if (Math.abs(before - y) > width) ctx.fillRect(left - riser / 2, Math.min(before, y) - half, riser, Math.abs(before - y) + width);
      before = y;
    }
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {import("./smoke.js").Smoke} marks @param {import("./palette.js").Theme} theme @param {import("./palette.js").LossClass[]} classes @param {number} ratio */
function medians(ctx, marks, theme, classes, ratio) {
  // The smoke is near white where the median is on dark; a rim of the ground sets the coloured line off from it.
  if (theme === "dark") stairs(ctx, marks.joint, INK.dark.ground, 4, ratio);
  stairs(ctx, marks.joint, INK[theme].joint, 0.75, ratio);
  classes.forEach((kind, index) => {
    const pieces = marks.median.filter((piece) => piece.class === index).map((piece) => piece.levels);
    if (pieces.length) stairs(ctx, pieces, kind[theme], 2, ratio);
  });
}

/**
 * Diagonal lines over stretches of time.
 * @param {CanvasRenderingContext2D} ctx @param {import("./scale.js").Scale} scale @param {import("./smoke.js").Extent[]} extents
 * @param {string} color @param {number} alpha @param {1 | -1} lean
 */
function hatch(ctx, { plot }, extents, color, alpha, lean) {
  if (extents.length === 0) return;
  ctx.save();
  ctx.beginPath();
  for (const { x0, x1 } of extents) ctx.rect(x0, plot.top, Math.max(x1 - x0, 1), plot.bottom - plot.top);
  ctx.clip();
  ctx.beginPath();
  const height = plot.bottom - plot.top;
  for (let at = plot.left - height; at < plot.right + height; at += 8.5) {
    ctx.moveTo(at, lean > 0 ? plot.bottom : plot.top);
    ctx.lineTo(at + height, lean > 0 ? plot.top : plot.bottom);
  }
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = color;
  ctx.lineWidth = lean > 0 ? 2 : 1;
  ctx.stroke();
  ctx.restore();
}

/** Medians of several series over the areas of their answers. @param {CanvasRenderingContext2D} ctx @param {Picture} picture @param {number} ratio */
function overlay(ctx, { lines, scale, theme }, ratio) {
  const all = lines.map(({ frame, color }) => ({ color: legible(color ?? "#888888", theme), marks: line(frame, scale) }));
  ctx.globalAlpha = 0.16;
  for (const { color, marks } of all) {
    ctx.fillStyle = color;
    fillRuns(ctx, marks.area, ratio, 0);
  }
  ctx.globalAlpha = 1;
  for (const { color, marks } of all) stairs(ctx, marks.median, color, 1.75, ratio);
  // A row of ticks each, so that losses of one do not hide those of another.
  const height = Math.min(8, Math.max(3, 24 / all.length));
  all.forEach(({ color, marks }, index) => {
    ctx.fillStyle = color;
    const top = scale.plot.top + index * (height + 1);
    for (const { x0, x1, share } of marks.lost) ctx.fillRect(x0, top, Math.max(x1 - x0, 1), Math.max(2, height * share));
  });
}

/** When a rule that is tried out would have been raised. @param {CanvasRenderingContext2D} ctx @param {Picture} picture */
function shade(ctx, { scale, theme, shades }) {
  ctx.fillStyle = INK[theme].alert;
  for (const { from, to } of shades) {
    const [left, right] = [x(scale, from), x(scale, to ?? scale.to)];
    if (from > scale.to || (to ?? scale.to) < scale.from) continue;
    const width = Math.max(right - left, 1);
    ctx.globalAlpha = 0.1;
    ctx.fillRect(left, scale.plot.top, width, scale.plot.bottom - scale.plot.top);
    ctx.globalAlpha = 1;
    ctx.fillRect(left, scale.plot.bottom - 4, width, 4);
  }
}

/** The middle of a thin line so that it fills whole device pixels. @param {number} at @param {number} ratio */
const crisp = (at, ratio) => (Math.round(at * ratio - 0.5) + (Math.round(ratio) % 2 ? 0.5 : 0)) / ratio;

/** @param {CanvasRenderingContext2D} ctx @param {Picture} picture @param {boolean} answered @param {number} ratio */
function grid(ctx, { scale, theme, utcOffset, now, nowLabel, lane }, answered, ratio) {
  const { plot } = scale;
  const ink = INK[theme];
  // Where nothing answered there is nothing that a scale could be of.
  const { ticks: rtts, unit } = answered ? values(scale) : { ticks: [], unit: "" };
  const clocks = times(scale, utcOffset);
  ctx.beginPath();
  for (const { at } of rtts) {
    ctx.moveTo(plot.left, crisp(at, ratio));
    ctx.lineTo(plot.right, crisp(at, ratio));
  }
  for (const { at } of clocks) {
    ctx.moveTo(crisp(at, ratio), plot.top);
    ctx.lineTo(crisp(at, ratio), plot.bottom);
  }
  ctx.strokeStyle = ink.grid;
  ctx.lineWidth = 1;
  ctx.stroke();
  ctx.fillStyle = ink.muted;
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  for (const { at, label } of rtts) ctx.fillText(`${label} ${unit}`, plot.left - 6, at);
  ctx.textBaseline = "alphabetic";
  const base = plot.bottom + 15 + (lane ? LANE : 0);
  const isNow = scale.to >= now - (scale.to - scale.from) / 200;
  const room = isNow ? ctx.measureText(nowLabel).width + 8 : 0;
  for (const { at, label } of clocks) {
    const width = ctx.measureText(label).width;
    // Not into the word at the right end, nor into the number at the foot of the other axis.
    if (at + width / 2 > plot.right - room + (isNow ? 0 : 12) || at < plot.left + 12) continue;
    ctx.textAlign = "center";
    ctx.fillText(label, at, base);
  }
  if (isNow) {
    ctx.fillStyle = ink.text;
    ctx.textAlign = "right";
    ctx.fillText(nowLabel, plot.right, base);
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {import("./scale.js").Plot} plot @param {string} color @param {number} ratio */
function axes(ctx, plot, color, ratio) {
  ctx.beginPath();
  ctx.moveTo(crisp(plot.left, ratio), plot.top);
  ctx.lineTo(crisp(plot.left, ratio), crisp(plot.bottom, ratio));
  ctx.lineTo(plot.right, crisp(plot.bottom, ratio));
  ctx.strokeStyle = color;
  ctx.lineWidth = 1;
  ctx.stroke();
}

/** An alert's time on the axis. @param {CanvasRenderingContext2D} ctx @param {import("./scale.js").Scale} scale @param {AlertSpan} span @param {import("./palette.js").Theme} theme */
function bracket(ctx, scale, { raised, cleared, silent }, theme) {
  const [from, to] = [x(scale, raised ?? scale.from), x(scale, cleared ?? scale.to)];
  if ((raised ?? scale.from) > scale.to || (cleared ?? scale.to) < scale.from) return;
  const [top, middle] = [scale.plot.bottom + 2, scale.plot.bottom + 6];
  ctx.strokeStyle = ctx.fillStyle = INK[theme].alert;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  ctx.moveTo(from, middle);
  ctx.lineTo(to, middle);
  ctx.stroke();
  const hollow = INK[theme].ground;
  if (silent) ctx.fillStyle = hollow;
  if (raised !== null && raised >= scale.from) triangle(ctx, from, top, 1);
  ctx.fillStyle = hollow;
  if (cleared !== null && cleared <= scale.to) triangle(ctx, to, top, -1);
}

/** @param {CanvasRenderingContext2D} ctx @param {number} at @param {number} top @param {1 | -1} way 1: ▲, -1: ▽ */
function triangle(ctx, at, top, way) {
  const [tip, foot] = way > 0 ? [top, top + 8] : [top + 8, top];
  ctx.beginPath();
  ctx.moveTo(at, tip);
  ctx.lineTo(at + 4.5, foot);
  ctx.lineTo(at - 4.5, foot);
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
}
