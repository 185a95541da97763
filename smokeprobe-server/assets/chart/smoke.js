// Rows → what is drawn of them, in pixels. The same marks as in the server's pictures (src/graph/smoke.rs).

import { answers, endOf, rowTop } from "./frame.js";
import { classOf } from "./palette.js";
import { x, y } from "./scale.js";

/**
 * @typedef {{x0: number, x1: number, top: number, bottom: number}} Cell
 * @typedef {{x0: number, x1: number, y: number}} Level
 * @typedef {{x0: number, x1: number}} Extent
 * @typedef {{class: number, x0: number, x1: number, share: number}} RugTick
 * `bands`: the outermost first, each painted over the one before; `depth` counts from 0 outside and says how dark.
 * @typedef {{bands: {depth: number, runs: Cell[][]}[], joint: Level[][], median: {class: number, levels: Level[]}[],
 *   rug: RugTick[], all_lost: Extent[], unknown: Extent[], measured: boolean}} Smoke
 * @typedef {import("./frame.js").Frame} Frame @typedef {import("./scale.js").Scale} Scale
 */

/** More bands than this look the same. */
const MAX_BANDS = 16;

/** @param {number} end @param {number} start */
const touches = (end, start) => Math.abs(end - start) < 1e-6;

/** Puts a mark behind the last run, or begins one. @template {Extent} T @param {T[][]} runs @param {T} mark */
function append(runs, mark) {
  const last = runs[runs.length - 1];
  if (last && touches(last[last.length - 1].x1, mark.x0)) last.push(mark);
  else runs.push([mark]);
}

/** @param {Extent[]} extents @param {number} x0 @param {number} x1 */
function join(extents, x0, x1) {
  const last = extents[extents.length - 1];
  if (last && touches(last.x1, x0)) last.x1 = x1;
  else extents.push({ x0, x1 });
}

/**
 * The marks of `frame`, which holds all rows that there are of the time it tells of. Rows that end later than one step
 * before `now` are not called unknown: their round may still be under way.
 * @param {Frame} frame @param {Scale} scale @param {import("./palette.js").LossClass[]} classes @param {number} now @returns {Smoke}
 */
export function smoke(frame, scale, classes, now) {
  const half = Math.floor(frame.samples.length / 2);
  const count = Math.min(half, MAX_BANDS);
  /** @type {Smoke} */
  const marks = { bands: [], joint: [], median: [], rug: [], all_lost: [], unknown: [], measured: false };
  for (let band = 0; band < count; band += 1) marks.bands.push({ depth: Math.floor(band * half / count), runs: [] });
  const [before, after] = beyond(frame, scale, now);
  if (before) join(marks.unknown, before.x0, before.x1);
  for (let row = 0; row < frame.median.length; row += 1) {
    const end = endOf(frame, row);
    const [x0, x1] = [x(scale, end - frame.step), x(scale, end)];
    if (x1 <= x0) continue;
    const [loss, median] = [frame.loss[row], frame.median[row]];
    if (Number.isNaN(loss) && Number.isNaN(median)) {
      if (end <= now - frame.step) join(marks.unknown, x0, x1);
      continue;
    }
    marks.measured = true;
    const kind = classOf(classes, Number.isNaN(loss) ? 0 : loss);
    if (loss > 0) {
      const share = Math.min(loss / Math.max(frame.pings, 1), 1);
      marks.rug.push({ class: kind, x0, x1, share });
      if (share >= 1) join(marks.all_lost, x0, x1);
    }
    if (Number.isFinite(median)) addMedian(marks, { x0, x1, y: y(scale, median) }, kind);
    if (half > 0) addSmoke(marks, scale, answers(frame, row), half, x0, x1);
  }
  if (after) join(marks.unknown, after.x0, after.x1);
  return marks;
}

/**
 * Where no row is any more: before the first, and after the last as many as should have come by `now`; everywhere when there are
 * none. Of a time that nobody asked for yet, that is not known.
 * @param {Frame} frame @param {Scale} scale @param {number} now @returns {(Extent | null)[]}
 */
function beyond(frame, scale, now) {
  const { step, since = scale.from, until = Infinity } = frame;
  const extent = (/** @type {number} */ from, /** @type {number} */ to) => {
    const [x0, x1] = [x(scale, from), x(scale, to)];
    return x1 > x0 ? { x0, x1 } : null;
  };
  if (frame.median.length === 0) return [extent(since, until), null];
  const [first, last] = [endOf(frame, 0) - step, endOf(frame, frame.median.length - 1)];
  const due = last + Math.floor(Math.max(now - step - last, 0) / step) * step;
  return [extent(since, first), extent(last, Math.min(due, until))];
}

/** @param {Smoke} marks @param {Level} level @param {number} kind */
function addMedian(marks, level, kind) {
  append(marks.joint, level);
  const last = marks.median[marks.median.length - 1];
  if (last?.class === kind && touches(last.levels[last.levels.length - 1].x1, level.x0)) last.levels.push(level);
  else marks.median.push({ class: kind, levels: [level] });
}

/**
 * Fewer answers make fewer bands, the inner ones: a band's grey says how near the median it is.
 * @param {Smoke} marks @param {Scale} scale @param {number[]} rtts @param {number} half @param {number} x0 @param {number} x1
 */
function addSmoke(marks, scale, rtts, half, x0, x1) {
  const missing = half - Math.min(Math.floor(rtts.length / 2), half);
  for (const band of marks.bands) {
    const index = band.depth - missing;
    if (index < 0) continue;
    append(band.runs, { x0, x1, top: y(scale, rtts[rtts.length - 1 - index]), bottom: y(scale, rtts[index]) });
  }
}

/** Where rows are suspect: our own starvation may have made them look as they do. @param {Frame} frame @param {Scale} scale */
export function suspects(frame, scale) {
  /** @type {Extent[]} */
  const extents = [];
  for (const row of [...frame.suspect].sort((a, b) => a - b)) {
    const end = endOf(frame, row);
    const [x0, x1] = [x(scale, end - frame.step), x(scale, end)];
    if (x1 > x0) join(extents, x0, x1);
  }
  return extents;
}

/**
 * A series as one line among others: its median, and the area from the lowest answer to the highest.
 * @param {Frame} frame @param {Scale} scale @returns {{area: Cell[][], median: Level[][], lost: {x0: number, x1: number, share: number}[]}}
 */
export function line(frame, scale) {
  /** @type {ReturnType<typeof line>} */
  const marks = { area: [], median: [], lost: [] };
  for (let row = 0; row < frame.median.length; row += 1) {
    const end = endOf(frame, row);
    const [x0, x1] = [x(scale, end - frame.step), x(scale, end)];
    if (x1 <= x0) continue;
    const [loss, median] = [frame.loss[row], frame.median[row]];
    if (loss > 0) marks.lost.push({ x0, x1, share: Math.min(loss / Math.max(frame.pings, 1), 1) });
    if (!Number.isFinite(median)) continue;
    append(marks.median, { x0, x1, y: y(scale, median) });
    const high = rowTop(frame, row);
    if (Number.isNaN(high)) continue;
    append(marks.area, { x0, x1, top: y(scale, high), bottom: y(scale, lowest(frame, row)) });
  }
  return marks;
}

/** The lowest answer of a row. @param {Frame} frame @param {number} row */
export function lowest({ samples }, row) {
  let low = NaN;
  for (const column of samples) if (!(column[row] >= low) && column[row] === column[row]) low = column[row];
  return low;
}
