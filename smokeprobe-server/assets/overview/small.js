// A small graph: medians with their spread, loss in colour and as a rug along the top.

import { INK, classOf, classesFor, hex, legible } from "../chart/palette.js";
import { timeAt, x, y } from "../chart/scale.js";
import { times, values } from "../chart/ticks.js";
import { utcOffset } from "../format.js";
import { rowAt } from "./values.js";

/**
 * @typedef {import("../chart/palette.js").Theme} Theme
 * @typedef {import("./values.js").Rows} Rows
 * @typedef {import("../chart/scale.js").Scale} Scale
 * @typedef {{rows: Rows | undefined, colour: import("./entries.js").Colour}} Line
 * @typedef {{lines: Line[], span: {from: number, to: number}, ceiling: number, theme: Theme, hover: number | null,
 *   detail: Parameters<typeof classesFor>[0]}} Small
 */

/** Pixels for the rug, for the labels of time, and for those of RTT: the same in all, so that times stand under each other. */
const RUG = 7;
const FOOT = 16;
const LEFT = 46;

const LOCAL = { light: "#0b62c4", dark: "#6cb2ff" };

/** The RTT at the top: all medians, and usual spreads. @param {(Rows | undefined)[]} all @param {{from: number}} span @param {number | null} maxRtt */
export function ceilingOf(all, { from }, maxRtt) {
  let highest = 0;
  let spread = 0;
  for (const rows of all) {
    rows?.median.forEach((median, row) => {
      if (median === null || rows.start + row * rows.step < from) return;
      highest = Math.max(highest, median);
      spread = Math.max(spread, median + (rows.deviation[row] ?? 0) / 2);
    });
  }
  const wanted = Math.max(highest * 1.15, Math.min(spread * 1.05, highest * 1.6), 1e-6);
  if (highest === 0) return 0;
  return maxRtt !== null && maxRtt > 0 ? Math.min(wanted, maxRtt) : wanted;
}

/** @param {number} width @param {number} height @param {Small} small @returns {Scale} */
function scaleOf(width, height, { span, ceiling }) {
  const plot = { left: LEFT, top: RUG + 2, right: width, bottom: height - FOOT };
  return { plot, ...span, ceiling: ceiling || 1e-3, floor: null };
}

/** The time at a place in a graph. @param {number} at @param {number} width @param {{from: number, to: number}} span */
export const timeOf = (at, width, span) => timeAt({ plot: { left: LEFT, top: 0, right: width, bottom: 1 }, ...span, ceiling: 1, floor: null }, at);

/** @param {CanvasRenderingContext2D} ink @param {number} width @param {number} height @param {Small} small */
export function draw(ink, width, height, small) {
  const { lines, theme } = small;
  const scale = scaleOf(width, height, small);
  const paints = INK[theme];
  ink.clearRect(0, 0, width, height);
  ink.lineJoin = "round";
  const known = lines.filter(({ rows }) => rows && rows.loss.length > 0);
  if (known.length === 1) gaps(ink, scale, /** @type {Rows} */ (known[0].rows), paints.unknown);

  ink.lineWidth = 1;
  ink.strokeStyle = paints.grid;
  const ticks = small.ceiling > 0 ? values(scale) : { ticks: [], unit: "" };
  const labelled = ticks.ticks.filter(({ at }) => at < scale.plot.bottom - 8);
  for (const { at } of labelled) rule(ink, LEFT, Math.round(at) + 0.5, width);
  known.forEach(({ rows, colour }) => spread(ink, scale, /** @type {Rows} */ (rows), colourOf(colour, theme)));
  known.forEach(({ rows, colour }) => {
    if (colour === "own") byLoss(ink, scale, /** @type {Rows} */ (rows), small);
    else steps(ink, scale, /** @type {Rows} */ (rows), colourOf(colour, theme));
  });
  known.forEach(({ rows }) => rug(ink, scale, /** @type {Rows} */ (rows), small));

  ink.strokeStyle = paints.axis;
  ink.lineWidth = 1;
  rule(ink, LEFT, Math.round(scale.plot.bottom) + 0.5, width);
  ink.font = "11px system-ui, sans-serif";
  ink.fillStyle = paints.muted;
  timeLabels(ink, scale, height, paints);
  ink.textAlign = "right";
  for (const { at, label } of labelled) ink.fillText(`${label} ${ticks.unit}`, LEFT - 6, Math.round(at) + 4);
  ink.textAlign = "left";
  if (small.hover !== null) cross(ink, scale, small, known);
}

/** What a line is drawn in. A configured colour may be too near the ground. @param {import("./entries.js").Colour} colour @param {Theme} theme */
export function colourOf(colour, theme) {
  if (colour === "own") return theme === "dark" ? "#3ddc84" : "#1f9d55";
  if (colour === "local" || !/^#?[0-9a-f]{6}$/i.test(colour)) return LOCAL[theme];
  return readable(hex(colour), theme);
}

/** What was found, as it is wanted with each frame. @type {Map<string, string>} */
const readables = new Map();

/** @param {string} colour @param {Theme} theme */
function readable(colour, theme) {
  const key = colour + theme;
  const found = readables.get(key) ?? legible(colour, theme);
  readables.set(key, found);
  return found;
}

/** @param {Scale} scale @param {Rows} rows @param {number} row @returns {[number, number] | null} */
function sides(scale, { start, step }, row) {
  const end = start + row * step;
  return end <= scale.from || end - step >= scale.to ? null : [x(scale, end - step), x(scale, end)];
}

/** @param {CanvasRenderingContext2D} ink @param {number} from @param {number} at @param {number} to */
function rule(ink, from, at, to) {
  ink.beginPath();
  ink.moveTo(from, at);
  ink.lineTo(to, at);
  ink.stroke();
}

/** Where nothing is known. @param {CanvasRenderingContext2D} ink @param {Scale} scale @param {Rows} rows @param {string} colour */
function gaps(ink, scale, rows, colour) {
  ink.fillStyle = colour;
  rows.loss.forEach((loss, row) => {
    const at = loss === null && rows.median[row] === null ? sides(scale, rows, row) : null;
    if (at) ink.fillRect(Math.round(at[0]), scale.plot.top, Math.round(at[1]) - Math.round(at[0]), scale.plot.bottom - scale.plot.top);
  });
}

/** Half a deviation to either side. @param {CanvasRenderingContext2D} ink @param {Scale} scale @param {Rows} rows @param {string} colour */
function spread(ink, scale, rows, colour) {
  ink.globalAlpha = 0.2;
  ink.fillStyle = colour;
  ink.beginPath();
  rows.median.forEach((median, row) => {
    const deviation = rows.deviation[row];
    const at = median === null || !deviation ? null : sides(scale, rows, row);
    if (!at || median === null || !deviation) return;
    const top = y(scale, median + deviation / 2);
    ink.rect(at[0], top, at[1] - at[0], y(scale, Math.max(0, median - deviation / 2)) - top);
  });
  ink.fill();
  ink.globalAlpha = 1;
}

/** A stepped line in one colour. @param {CanvasRenderingContext2D} ink @param {Scale} scale @param {Rows} rows @param {string} colour */
function steps(ink, scale, rows, colour) {
  ink.strokeStyle = colour;
  ink.lineWidth = 1.5;
  ink.beginPath();
  let last = -2;
  rows.median.forEach((median, row) => {
    const at = median === null ? null : sides(scale, rows, row);
    if (!at || median === null) return;
    const level = y(scale, median);
    if (last === row - 1) ink.lineTo(at[0], level);
    else ink.moveTo(at[0], level);
    ink.lineTo(at[1], level);
    last = row;
  });
  ink.stroke();
}

/** A stepped line in the colours of its loss. @param {CanvasRenderingContext2D} ink @param {Scale} scale @param {Rows} rows @param {Small} small */
function byLoss(ink, scale, rows, { detail, theme }) {
  const classes = classesFor(detail, rows.pings);
  const paths = classes.map(() => new Path2D());
  let last = -2;
  let level = 0;
  rows.median.forEach((median, row) => {
    const at = median === null ? null : sides(scale, rows, row);
    if (!at || median === null) return;
    const path = paths[classOf(classes, rows.loss[row] ?? 0)];
    const before = level;
    level = y(scale, median);
    path?.moveTo(at[0], last === row - 1 ? before : level);
    path?.lineTo(at[0], level);
    path?.lineTo(at[1], level);
    last = row;
  });
  ink.lineWidth = 2;
  paths.forEach((path, i) => {
    ink.strokeStyle = classes[i][theme];
    ink.stroke(path);
  });
}

/** Loss along the top; where nothing answered, down to the bottom. @param {CanvasRenderingContext2D} ink @param {Scale} scale @param {Rows} rows @param {Small} small */
function rug(ink, scale, rows, { detail, theme, lines }) {
  const classes = classesFor(detail, rows.pings);
  rows.loss.forEach((loss, row) => {
    const at = loss ? sides(scale, rows, row) : null;
    if (!at || !loss) return;
    const share = Math.min(1, loss / rows.pings);
    // From pixel to pixel, or seams show between rows.
    const left = Math.round(at[0]);
    const width = Math.max(2, Math.round(at[1]) - left);
    ink.fillStyle = classes[classOf(classes, loss)]?.[theme] ?? "#d92d20";
    ink.fillRect(left, 0, width, 2 + share * (RUG - 2));
    if (share < 1 || lines.length > 1) return;
    ink.globalAlpha = 0.25;
    ink.fillRect(left, scale.plot.top, Math.round(at[1]) - left, scale.plot.bottom - scale.plot.top);
    ink.globalAlpha = 1;
  });
}

/** @param {CanvasRenderingContext2D} ink @param {Scale} scale @param {number} height @param {typeof INK["light"]} paints */
function timeLabels(ink, scale, height, paints) {
  for (const { at, label } of times(scale, utcOffset)) {
    const half = ink.measureText(label).width / 2;
    ink.fillStyle = paints.axis;
    ink.fillRect(Math.round(at), scale.plot.bottom + 1, 1, 3);
    ink.fillStyle = paints.muted;
    if (at > LEFT - 6 + half && at < scale.plot.right - half) ink.fillText(label, at - half, height - 2);
  }
}

/** @param {CanvasRenderingContext2D} ink @param {Scale} scale @param {Small} small @param {Line[]} lines */
function cross(ink, scale, { hover, theme }, lines) {
  const at = Math.round(x(scale, hover ?? 0)) + 0.5;
  ink.strokeStyle = INK[theme].axis;
  ink.lineWidth = 1;
  ink.beginPath();
  ink.moveTo(at, 0);
  ink.lineTo(at, scale.plot.bottom);
  ink.stroke();
  for (const { rows, colour } of lines) {
    const row = rows ? rowAt(rows, hover ?? 0) : null;
    const median = rows && row !== null ? rows.median[row] : null;
    if (median === null) continue;
    ink.beginPath();
    ink.arc(at, y(scale, median), 3.5, 0, 7);
    ink.fillStyle = INK[theme].ground;
    ink.fill();
    ink.lineWidth = 2;
    ink.strokeStyle = colourOf(colour, theme);
    ink.stroke();
  }
}
